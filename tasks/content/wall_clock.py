"""Posts keep their wall-clock time when an owner moves to another zone or a zone changes its rules.

A slot is a time on the owner's wall; its instant was found with the zone and the rules of the day on which it was
planned. Whatever waits is looked at again by every run that writes and once a day: nine o'clock stays nine o'clock. A
post that somebody gave another time stays at that instant, and so does one whose old or new instant is so near that
its owner could be surprised.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prefect import task
from prefect.cache_policies import NO_CACHE

from models.base import utc_now
from models.calendar_slots import UnknownZone, placed, zone
from models.database import Role, session
from models.queries import query
from tasks.content.plan import DEFAULT_ZONE, LEAD

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class _Move:
    """A post whose wall-clock time is another instant now."""

    post_id: UUID
    old: datetime
    new: datetime
    reason: str


@task(name="keep wall-clock times", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=30)
async def keep_wall_clock_times(user_id: UUID | None = None) -> int:
    """Move what waits, of one owner or of everybody, to where its wall-clock time is now; returns how many posts moved.

    Safe to repeat: what is right already is left alone.
    """
    return await asyncio.to_thread(follow_slots, user_id, utc_now())


def follow_slots(user_id: UUID | None, now: datetime) -> int:
    """The same for a given `now` (UTC)."""
    moves = _moves(user_id, now)
    return sum(_moved(moves[start : start + _AT_ONCE]) for start in range(0, len(moves), _AT_ONCE))


def _moves(user_id: UUID | None, now: datetime) -> list[_Move]:
    earliest = now + LEAD
    found: list[_Move] = []
    with session(Role.WORKER) as db:
        rows = (
            db.connection()
            .execution_options(stream_results=True)
            .exec_driver_sql(query("posts_that_follow_their_slot"), {"user_id": user_id, "after": earliest})
        )
        for post_id, account_id, slot, old, zone_name in rows:
            try:
                tz = zone(zone_name or DEFAULT_ZONE)
            except UnknownZone:
                continue  # the run that writes for this owner says so
            new = placed(datetime.fromisoformat(slot), tz, seed=str(account_id)).at
            if new != old and new > earliest:
                found.append(_Move(post_id, old, new, f"stays at {slot[11:]} in {tz.key}"))
    return found


def _moved(moves: list[_Move]) -> int:
    with session(Role.WORKER) as db:
        moved = db.connection().exec_driver_sql(
            query("move_posts_with_their_slot"),
            {
                "ids": [move.post_id for move in moves],
                "old": [move.old for move in moves],
                "new": [move.new for move in moves],
                "reasons": [move.reason for move in moves],
                "actor": "keep-wall-clock-times",
            },
        )
        return len(moved.all())
