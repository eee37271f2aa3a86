"""Everything that is an owner's, as one ZIP: each table as JSON and as CSV, and a list of their pictures.

Read as the dashboard's role with the owner as its tenant, in one snapshot of the database. So row-level security keeps
other tenants out, and the role's privileges keep secrets out, whatever is written here; a new table comes in by itself
as soon as owners may read it. The file is made while it is sent: memory does not grow with what is in it.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from models.csv_cells import harmless_cell
from models.database import Role, connect, session
from models.queries import query
from models.settings import Settings
from tasks.media.storage import Storages

ROWS_AT_ONCE = 500
LONGEST_PAUSE = "2min"
CHUNK = 256 * 1024

# What has an owner and is not in it, and why.
NOT_EXPORTED: Mapping[str, str] = {
    "ai_calls": "what writing costs us",
    "ai_batch_requests": "orders for weeks that are being written; the posts come into the queue",
    "connect_attempts": "ways to a platform and back, open for minutes; sealed",
    "mails": "that we wrote to you about your login and your posts; forgotten after a month",
    "mail_links": "what the links in these mails are checked with",
    "publish_handles": "ids of what exists unseen on a platform until it is published",
    "publish_discards": "ids of what exists unseen on a platform until it is deleted",
}
# How our own machines take turns tells nothing about the owner.
_INNER_COLUMNS = frozenset({"lease_owner", "lease_token", "lease_expires_at", "worker"})

_README = """Your data at PostAgentPro
{email}, {now:%Y-%m-%d %H:%M} UTC

json/       each kind of data as JSON
csv/        the same for spreadsheets; a text that a spreadsheet would run as a formula has a ' before it
pictures.csv, pictures.json
            your pictures, and where each can be downloaded as long as you have an account

All times are UTC. {zone}
What is what:
{contents}
Passwords and the keys to your Google, Facebook and Instagram accounts are not in here.
"""
_MEANINGS: Mapping[str, str] = {
    "users": "you: e-mail, plan",
    "businesses": "your business",
    "business_facts": "what posts may say about it, and reviews that you gave",
    "user_preferences": "when and about what posts are written, and which mails you get",
    "connected_accounts": "your connected accounts",
    "post_queue": "your posts, with their times and states",
    "post_events": "what happened to each post, and who did it",
    "publish_attempts": "each try to publish one",
    "analytics": "numbers of each post, as they were read",
    "analytics_daily": "the same by day",
    "location_metrics": "numbers of your Google locations by day",
    "content_generations": "the weeks that were written for you",
    "media_library": "your pictures: names, sizes, descriptions",
    "picture_uses": "which post shows which picture, and who took it",
    "stored_objects": "the files of your pictures",
    "publishing_quotas": "how many posts a platform allows in a day",
    "owner_notices": "what you were told about your connections",
    "sessions": "where you are logged in",
}

Connection = psycopg.Connection[dict[str, Any]]
Batch = list[dict[str, Any]]


def export(config: Settings, user_id: UUID, *, now: datetime) -> Generator[bytes]:
    """The ZIP, piece by piece; without rows for a user that does not exist. Blocks. `now` is UTC."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for _ in _fill(archive, config, user_id, now):
            if sink.size >= CHUNK:
                yield sink.take()
    yield sink.take()


class _Sink(io.RawIOBase):
    """What was written and not taken yet. It cannot be gone back in, so zipfile writes sizes behind each entry."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self.size += len(part)
        return len(part)

    def take(self) -> bytes:
        """All of it, once."""
        taken = b"".join(self._parts)
        self._parts, self.size = [], 0
        return taken


def _fill(archive: zipfile.ZipFile, config: Settings, user_id: UUID, now: datetime) -> Iterator[None]:
    """Write the entries, pausing often so that what is there can be sent."""
    sessions = _sessions(user_id, now)
    with connect(Role.DASHBOARD) as plain:
        db: Connection = plain  # rows as dictionaries
        db.row_factory = dict_row
        db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        db.read_only = True
        with db.transaction():
            db.execute("SELECT set_config('request.jwt.claim.sub', %s, true)", (str(user_id),))
            # A receiver that stops taking must not hold the snapshot for hours.
            db.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{LONGEST_PAUSE}'".encode())
            tables = {row["name"]: row for row in db.execute(query("exported_columns").encode()).fetchall()}
            archive.writestr("README.txt", _readme(db, [*tables, "sessions"], now))
            for name, table in tables.items():
                yield from _both(archive, name, lambda table=table: _rows(db, table))  # type: ignore[misc]
            yield from _both(archive, "sessions", lambda: iter([sessions]))
            storages = Storages.from_settings(config)
            yield from _both(archive, "pictures", lambda: _pictures(db, storages), folders=False)


def _readme(db: Connection, names: Sequence[str], now: datetime) -> str:
    owner = db.execute(query("dashboard_owner").encode()).fetchone() or {"email": "-", "zone": "UTC"}
    contents = "\n".join(f"  {name:<21}{_MEANINGS.get(name, '')}".rstrip() for name in sorted(names))
    zone = f"Your own zone is {owner['zone']}."
    return _README.format(email=owner["email"], now=now, zone=zone, contents=contents)


def _sessions(user_id: UUID, now: datetime) -> Batch:
    with session(Role.ACCESS) as db:
        rows = db.connection().exec_driver_sql(query("sessions_of"), {"user_id": user_id, "now": now}).mappings()
        return [dict(row) for row in rows]


def _rows(db: Connection, table: Mapping[str, Any]) -> Iterator[Batch]:
    columns = [name for name in table["columns"] if name not in _INNER_COLUMNS]
    statement = sql.SQL("SELECT {} FROM {}").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table["name"])
    )
    with db.cursor("exported") as cursor:
        cursor.execute(statement)
        while batch := cursor.fetchmany(ROWS_AT_ONCE):
            yield batch


def _pictures(db: Connection, storages: Storages) -> Iterator[Batch]:
    batch = []
    for row in db.execute(query("pictures_of").encode()).fetchall():  # a plan has room for a few thousand
        key, place, url = row.pop("storage_key"), row.pop("place"), row.pop("url")
        batch.append({**row, "address": storages.url(place, key, otherwise=url) if key else url})
    yield batch


def _both(
    archive: zipfile.ZipFile, name: str, batches: Callable[[], Iterator[Batch]], *, folders: bool = True
) -> Iterator[None]:
    with archive.open(f"json/{name}.json" if folders else f"{name}.json", "w", force_zip64=True) as entry:
        before = b"[\n"
        for batch in filter(None, batches()):
            entry.write(before + b",\n".join(orjson.dumps(row, default=str) for row in batch))
            before = b",\n"
            yield
        entry.write(b"\n]\n" if before == b",\n" else b"[]\n")
    with archive.open(f"csv/{name}.csv" if folders else f"{name}.csv", "w", force_zip64=True) as entry:
        encoding = "utf-8-sig"  # the mark that spreadsheets look for, once
        for batch in filter(None, batches()):
            text = io.StringIO()
            writer = csv.writer(text)
            if encoding == "utf-8-sig":
                writer.writerow(batch[0])
            writer.writerows([_cell(value) for value in row.values()] for row in batch)
            entry.write(text.getvalue().encode(encoding))
            encoding = "utf-8"
            yield


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return harmless_cell(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | dict):
        return orjson.dumps(value, default=str).decode()
    return value
