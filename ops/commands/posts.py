"""`postagent posts show | retry | verify`: a post's whole story, another chance, and whether a story was rewritten."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlmodel import Session

from dashboards.parts.times import span, zone_of
from models import post_status
from models.base import utc_now
from models.database import Role, session
from models.post_status import PostError
from models.queries import query
from ops.errors import OpsError


def parse_id(value: str) -> UUID:
    """Raises OpsError naming the value."""
    try:
        return UUID(value)
    except ValueError:
        raise OpsError(f"{value!r} is no post id: copy it from a run's table or from the dashboard's address") from None


def _rows(db: Session, name: str, **values: Any) -> list[Mapping[str, Any]]:
    return [dict(row._mapping) for row in db.connection().exec_driver_sql(query(name), values)]


def show(post_id: UUID, console: Console | None = None) -> bool:
    """Print all that is known of a post. Returns whether its story is intact. Raises OpsError when there is no post."""
    with session(Role.WORKER) as db:
        found = _rows(db, "tell_post", post_id=post_id)
        if not found:
            raise OpsError(f"There is no post {post_id}")
        attempts = _rows(db, "tell_attempts", post_id=post_id)
        story = _rows(db, "post_story", post_id=post_id)
    out = console or Console()
    _print(out, "Post", _with_wall_clock(found[0]))
    for attempt in attempts:
        _print(out, f"Attempt {attempt['attempt_number']}", attempt)
    for line in story:
        change = " -> ".join(filter(None, (line["from_status"], line["to_status"])))
        mark = "" if line["intact"] else "  [NOT INTACT]"
        out.print(Text(f"{line['seq']:>3}  {_told(line['at'])}  {change}  {line['reason']}  ({line['actor']}){mark}"))
    intact = all(line["intact"] for line in story) and bool(story)
    out.print("The story is intact." if intact else "The story was tampered with: see the lines that are not intact.")
    return intact


def _print(out: Console, title: str, facts: Mapping[str, Any]) -> None:
    table = Table(show_header=False, title=title, title_justify="left")
    for name, value in facts.items():
        if value not in (None, [], ""):
            table.add_row(name.replace("_", " "), Text(_told(value)))
    out.print(table)


def _with_wall_clock(post: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a post, an event's times as people will read them: on the owner's wall clock, its zone named."""
    facts = dict(post)
    zone, starts, ends = (facts.pop(name) for name in ("owner_zone", "event_starts_at", "event_ends_at"))
    if starts is not None and ends is not None:
        facts["event_time"] = span(starts, ends, zone_of(zone))
    return facts


def _told(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S.%f}"[:-3] + "Z"
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, list):
        return "\n".join(str(item or "-") for item in value)
    return "" if value is None else str(value)


def retry(post_id: UUID) -> str:
    """Give a failed post another chance. Raises OpsError in the words of the refusal."""
    try:
        with session(Role.WORKER) as db:
            post_status.retry(db, post_id, actor=f"operator {getpass.getuser()}", now=utc_now())
    except PostError as error:
        raise OpsError(f"{post_id}: {error}") from None
    return f"{post_id} gets another chance"


def verify() -> tuple[bool, str]:
    """Check every story's chain. Returns (nothing was rewritten, what was found)."""
    with session(Role.OWNER) as db:
        broken = _rows(db, "broken_stories")
        total = _rows(db, "count_posts")[0]["count"]
    if not broken:
        return True, f"{total:,} stories are intact"
    lines = [
        f"{row['post_id']}: "
        + (f"broken at line {row['first_broken']}" if row["first_broken"] else "its end does not fit the post")
        for row in broken
    ]
    return False, "\n".join([f"{len(broken):,} of {total:,} stories were tampered with:", *lines])
