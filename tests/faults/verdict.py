"""The sandbox's truth beside what our database says."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from models.publishing import normalised, percentile
from models.queries import query
from tests.faults.scenery import Town, Wanted

KEY = re.compile(r"\d+-\d{5}(?!\d)")
VIOLATIONS = (
    "duplicates",
    "lost",
    "live but reported failed",
    "dead but reported published",
    "on the wrong account",
    "altered",
    "refused content live",
    "stuck without an owner",
    "histories broken",
    "attempts left open",
    "orphans left",
)


@dataclass(slots=True)
class Verdict:
    """What came out. `violations` are all 0 when the promises were kept."""

    violations: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VIOLATIONS, 0))
    figures: dict[str, Any] = field(default_factory=dict)
    stories: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether every promise was kept."""
        return not any(self.violations.values())


def judge(url: str, truth: dict[str, Any], town: Town, with_a_person: set[UUID]) -> Verdict:
    """Compare. `with_a_person` are posts whose doubt ended only after an owner had connected the account again."""
    verdict = Verdict()
    offenders: dict[UUID, list[str]] = defaultdict(list)

    def blame(what: str, posts: Sequence[Wanted], number: int = 1) -> None:
        verdict.violations[what] += number
        for post in posts:
            offenders[post.id].append(what)

    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as db:
        rows = {row["id"]: row for row in db.execute("SELECT * FROM post_queue").fetchall()}
        attempts = db.execute("SELECT * FROM publish_attempts ORDER BY post_id, attempt_number").fetchall()
        live = _live(truth, town.foreign)
        groups: dict[tuple[str, str], list[Wanted]] = defaultdict(list)
        for post in town.wanted:
            groups[post.account_id, post.key].append(post)
        for (account_id, key), posts in groups.items():
            _judge_group(posts, rows, live.pop((account_id, key), []), blame)
        for (account_id, key), strays in live.items():
            blame("on the wrong account", [p for p in town.wanted if p.key == key], len(strays))
            verdict.stories.append(f"on {account_id}, where nobody wanted it: {strays}")
        by_id = {post.id: post for post in town.wanted}
        for row in rows.values():
            if row["status"] not in ("published", "failed") or row["lease_owner"] or row["in_doubt_since"]:
                blame("stuck without an owner", [by_id[row["id"]]])
        for attempt in attempts:
            if attempt["finished_at"] is None or attempt["outcome"] is None:
                blame("attempts left open", [by_id[attempt["post_id"]]])
        stories = {p.id: db.execute(query("post_story").encode(), {"post_id": p.id}).fetchall() for p in town.wanted}
        for post_id, story in stories.items():
            statuses = [line["to_status"] for line in story]
            if not story or not all(line["intact"] for line in story) or statuses[-1] != rows[post_id]["status"]:
                blame("histories broken", [by_id[post_id]])
    for place in truth["accounts"].values():
        # All posts have ended and housekeeping was here: nothing unseen is wanted any more.
        verdict.violations["orphans left"] += sum(post["state"] != "DELETED" for post in place["unpublished"])
    _measure(verdict, rows, attempts, stories, town, with_a_person)
    for post_id, blames in offenders.items():
        verdict.stories.append(_told(by_id[post_id], blames, rows[post_id], stories[post_id], attempts, truth))
    return verdict


def _live(truth: dict[str, Any], foreign: set[str]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """What anybody can see and no stranger made, by account and key."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for account_id, place in truth["accounts"].items():
        for post in place["posts"]:
            if post["state"] in ("LIVE", "PROCESSING") and post["deleted_time"] is None and post["id"] not in foreign:
                found[account_id, _key(post["text"])].append(post)
    return found


def _key(text: str) -> str:
    found = KEY.search(text)
    return found.group() if found else text


def _judge_group(posts: list[Wanted], rows: dict[UUID, dict[str, Any]], live: list[dict[str, Any]], blame: Any) -> None:
    """One text on one account: usually one post, sometimes two on purpose."""
    published = [post for post in posts if rows[post.id]["status"] == "published"]
    failed = [post for post in posts if rows[post.id]["status"] == "failed"]
    if not posts[0].acceptable:
        if live:
            blame("refused content live", posts, len(live))
        if published:
            blame("dead but reported published", published, len(published))
        return
    if len(live) > len(posts):
        blame("duplicates", posts, len(live) - len(posts))
    if len(live) < len(posts):
        blame("lost", posts, len(posts) - len(live))
    if failed and len(live) > len(published):
        blame("live but reported failed", failed, min(len(failed), len(live) - len(published)))
    visible = {post["id"] for post in live}
    for post in published:
        if rows[post.id]["platform_post_id"] not in visible:
            blame("dead but reported published", [post])
    wanted = normalised(posts[0].text)
    for seen in live:
        if normalised(seen["text"]) != wanted:
            blame("altered", posts)


def _measure(
    verdict: Verdict,
    rows: dict[UUID, dict[str, Any]],
    attempts: list[dict[str, Any]],
    stories: dict[UUID, list[dict[str, Any]]],
    town: Town,
    with_a_person: set[UUID],
) -> None:
    doubted = {
        post_id
        for post_id, story in stories.items()
        if any(
            line["reason"].startswith(("in doubt", "found on the platform", "not on the platform", "the platform says"))
            for line in story
        )
    }
    adopted = sum(any("found on the platform" in line["reason"] for line in story) for story in stories.values())
    resent = sum(attempt["outcome"] == "absent" for attempt in attempts)
    open_ones = {i for i in doubted if rows[i]["status"] not in ("published", "failed")}
    alone = doubted - with_a_person - open_ones
    late = [
        (row["published_at"] - row["scheduled_for"]).total_seconds()
        for row in rows.values()
        if isinstance(row["published_at"], datetime)
    ]
    verdict.figures |= {
        "posts": len(town.wanted),
        "published": sum(row["status"] == "published" for row in rows.values()),
        "refused, as they had to be": sum(
            not post.acceptable and rows[post.id]["status"] == "failed" for post in town.wanted
        ),
        "attempts": len(attempts),
        "attempts by outcome": dict(Counter(attempt["outcome"] for attempt in attempts)),
        "in doubt": len(doubted),
        "found live after a lost answer": adopted,
        "proved absent and sent again": resent,
        "in doubt settled without a person": f"{len(alone) / len(doubted):.2%}" if doubted else "-",
        "late p50 / p99 / max (s)": " / ".join(
            f"{seconds:.2f}" for seconds in (percentile(late, 0.5), percentile(late, 0.99), max(late, default=0.0))
        ),
    }


def _told(
    post: Wanted,
    blames: list[str],
    row: dict[str, Any],
    story: list[dict[str, Any]],
    attempts: list[dict[str, Any]],
    truth: dict[str, Any],
) -> str:
    """One offending post's whole story."""
    lines = [f"{', '.join(blames)}: {post.platform} {post.account_id} {post.key} ({post.id})"]
    shown = ("status", "platform_post_id", "platform_state", "scheduled_for", "retry_count", "error_message")
    lines.append("  row      " + ", ".join(f"{name}={row[name]!s}" for name in shown))
    lines += [
        f"  event    {line['at']:%H:%M:%S.%f} {line['from_status']} -> {line['to_status']} "
        f"{line['actor']}: {line['reason']}"
        for line in story
    ]
    lines += [
        f"  attempt  {a['started_at']:%H:%M:%S.%f} - {a['finished_at']} #{a['attempt_number']} {a['outcome']} "
        f"{a['platform_post_id']} {a['error_message']} by {a['worker']}"
        for a in attempts
        if a["post_id"] == post.id
    ]
    lines += [
        f"  platform {datetime.fromtimestamp(p['created_time'], UTC):%H:%M:%S.%f} {p['id']} {p['state']} "
        f"visible={p['visible']}"
        for p in truth["accounts"][post.account_id]["posts"]
        if _key(p["text"]) == post.key
    ]
    return "\n".join(lines)
