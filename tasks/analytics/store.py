"""What the collectors read and write, one short transaction each; none is open during a call to a platform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session

from models.calendar_slots import UnknownZone
from models.calendar_slots import zone as zone_named
from models.database import Role, session
from models.queries import query
from models.snapshot_schedule import next_due
from models.snapshots import Counts, merged
from tasks.tokens import StoredAccount

# A claim that nobody finished comes due again after this; longer than the calls for one batch can take.
CLAIM = timedelta(minutes=15)
DEFAULT_ZONE = "America/New_York"  # the column's default, also where an adopted database holds no real zone

Told = Mapping[str, Mapping[str, int | None]]
"""Numbers by the platform's post id, then by column; None = not told this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """An account and the zone in which its owner's days are counted."""

    account: StoredAccount
    zone: ZoneInfo
    last_day: date | None = None  # of a location: the last one that is known

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Measured:
        """From a row with the account's columns and `timezone`."""
        return cls(account=StoredAccount.of(row), zone=zone_of(row["timezone"]), last_day=row.get("last_day"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePost:
    """A published post whose numbers are due."""

    id: UUID
    platform_post_id: str
    published_at: datetime


def zone_of(name: str | None) -> ZoneInfo:
    """The owner's zone, the default where there is none or none that exists."""
    try:
        return zone_named(name or DEFAULT_ZONE)
    except UnknownZone:
        return zone_named(DEFAULT_ZONE)


def accounts_due(now: datetime, limit: int) -> list[Measured]:
    """Accounts with posts whose numbers are due, connected ones first."""
    with session(Role.WORKER) as db:
        return [Measured.of(row) for row in _rows(db, "accounts_with_due_snapshots", now=now, limit=limit)]


def claim(account_id: UUID, now: datetime, limit: int) -> list[DuePost]:
    """Take up to `limit` of the account's due posts; nobody else gets them until `now` + CLAIM."""
    with session(Role.WORKER) as db:
        rows = _rows(db, "claim_due_snapshots", account_id=account_id, now=now, until=now + CLAIM, limit=limit)
    return [DuePost(**row) for row in rows]


def record(measured: Measured, posts: Sequence[DuePost], told: Told, now: datetime) -> int:
    """Write the snapshots of claimed posts, when they are due next, and their days' rollup: all or nothing.

    A post that the platform told nothing of gets no snapshot, and is asked for again by the schedule, which ends.
    Returns the number of snapshots.
    """
    account_id = measured.account.id
    with session(Role.WORKER) as db:
        _rows(db, "lock_account_numbers", account_id=account_id)
        before = {row.pop("post_id"): Counts(**row) for row in _rows(db, "latest_snapshots", post_ids=_ids(posts))}
        counts = {
            post.id: merged(told[post.platform_post_id], before.get(post.id))
            for post in posts
            if post.platform_post_id in told
        }
        _insert(db, counts, now)
        due = [next_due(post.published_at, now) for post in posts]
        _run(db, "set_next_snapshots", post_ids=_ids(posts), due_at=due, claimed_until=now + CLAIM)
        days = {post.published_at.astimezone(measured.zone).date() for post in posts}
        _roll_up(db, account_id, days, measured.zone)
    return len(counts)


def locations_due(platforms: Sequence[str], read_before: datetime, limit: int) -> list[Measured]:
    """Active locations that were not read since `read_before`, those never read first."""
    with session(Role.WORKER) as db:
        rows = _rows(db, "locations_to_read", platforms=list(platforms), read_before=read_before, limit=limit)
        return [Measured.of(row) for row in rows]


def save_location(account_id: UUID, numbers: Mapping[tuple[date, str], int], now: datetime) -> None:
    """Write a location's numbers by (day, metric) over what was known."""
    with session(Role.WORKER) as db:
        _run(
            db,
            "save_location_days",
            account_id=account_id,
            days=[day for day, _ in numbers],
            metrics=[metric for _, metric in numbers],
            counts=[max(value, 0) for value in numbers.values()],
            now=now,
        )


def roll_up_moved_days(now: datetime, limit: int) -> int:
    """Make the days anew of accounts whose owner may have moved to another zone; how many accounts."""
    with session(Role.WORKER) as db:
        moved = _rows(db, "accounts_with_old_days", now=now, limit=limit)
    for row in moved:
        account_id, zone = row["account_id"], zone_of(row["timezone"])
        with session(Role.WORKER) as db:
            _rows(db, "lock_account_numbers", account_id=account_id)
            days = {found["day"] for found in _rows(db, "days_of_account", account_id=account_id, zone=zone.key)}
            _roll_up(db, account_id, days, zone)
    return len(moved)


def _insert(db: Session, counts: Mapping[UUID, Counts], now: datetime) -> None:
    if not counts:
        return
    names = ("reach", "impressions", "clicks", "likes", "comments", "shares")
    columns = {name: [getattr(count, name) for count in counts.values()] for name in names}
    rates = [count.engagement_rate for count in counts.values()]
    _run(db, "insert_snapshots", post_ids=list(counts), rates=rates, now=now, **columns)


def _roll_up(db: Session, account_id: UUID, days: set[date], zone: ZoneInfo) -> None:
    if days:
        _run(db, "roll_up_days", account_id=account_id, days=sorted(days), zone=zone.key)


def _ids(posts: Sequence[DuePost]) -> list[UUID]:
    return [post.id for post in posts]


def _rows(db: Session, name: str, **values: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in db.connection().exec_driver_sql(query(name), values).mappings()]


def _run(db: Session, name: str, **values: Any) -> None:
    db.connection().exec_driver_sql(query(name), values)
