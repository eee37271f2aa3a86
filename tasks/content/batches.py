"""Weeks that are written by a batch: which posts wait for one, which go into one, and how one is sent.

Posts due within `COMPLETION` are never given to a batch. One that is waited for too long is written by a direct call,
`NEAR` before it is due. A business's week is given to a batch once; what that leaves open is written directly. All that
a sender intends is committed before anything is sent, so that nothing is paid for twice when it dies (see
sql/migrations/028_ai_batches.sql).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson

from models.calendar_slots import zone
from models.database import Role, session
from models.queries import query
from platforms.errors import PlatformError
from platforms.openai_batches import BatchDesk, BatchLine
from tasks.content.arrived import Arrived
from tasks.content.ledger import Ledger
from tasks.content.paying import wish_for
from tasks.content.plan import OwnerFacts, PlannedPost, WeekPlan
from tasks.content.prompt import INSTRUCTIONS, request
from tasks.content.writing import MOST_SLOTS_PER_CALL, evenly

logger = logging.getLogger(__name__)

COMPLETION = timedelta(hours=26)  # a batch may take a day, and is looked at every hour
NEAR = timedelta(hours=4)
LEASE = timedelta(minutes=75)  # longer than a run may take
MOST_LINES = 500  # a file; bounds what a run keeps in memory

Place = tuple[UUID, str]  # an account and a wall-clock slot of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A request on its way into a batch."""

    id: UUID
    user_id: UUID
    week_start: date
    part: int
    document: dict[str, Any]
    posts: tuple[PlannedPost, ...]


@dataclass(slots=True)
class BatchWork:
    """What one run has to do with batches. `desk` None = no new ones are begun.

    `arrived` holds what batches have written, per owner and week.
    """

    ledger: Ledger
    model: str
    desk: BatchDesk | None = None
    arrived: dict[tuple[UUID, date], Arrived] = field(default_factory=dict)
    undone: set[UUID] = field(default_factory=set)  # owners whose weeks a batch did not take after all
    problem: PlatformError | None = None  # why
    _lines: list[Line] = field(default_factory=list)
    _given: dict[tuple[UUID, date], set[Place]] = field(default_factory=dict)  # by this run
    _any_asked: bool | None = None

    async def take(self, owner: OwnerFacts, week: WeekPlan, now: datetime) -> tuple[WeekPlan, int]:
        """What is to be written now of a week, and how many posts of it wait for a batch."""
        asked = await self._asked(owner.user_id, week.week_start)
        waiting = {place for row in asked for place in _places(row["slots"]) if row["state"] == "waiting"}
        arrived = self.arrived.get((owner.user_id, week.week_start))
        waiting -= set(arrived.posts) if arrived is not None else set()
        given = self._given.get((owner.user_id, week.week_start), set())
        may_give = self.desk is not None and not asked and not given and owner.user_id not in self.undone
        direct: list[PlannedPost] = []
        later: list[PlannedPost] = []
        held = 0
        for post in week.posts:
            if _place(post) in given or (_place(post) in waiting and post.slot.at > now + NEAR):
                held += 1
            elif may_give and post.slot.at > now + COMPLETION:
                later.append(post)
            else:
                direct.append(post)
        if later:
            await self._give(owner, week.week_start, later, now)
            held += len(later)
        return replace(week, posts=tuple(direct)), held

    async def _asked(self, user_id: UUID, week_start: date) -> list[dict[str, Any]]:
        """What batches were asked for this week ever."""
        if self._any_asked is None:
            rows = await asyncio.to_thread(
                read_rows, "any_ai_batch_requests", first_week=week_start - timedelta(weeks=1)
            )
            self._any_asked = bool(rows[0]["exists"])
        if not self._any_asked:
            return []
        rows = await asyncio.to_thread(read_rows, "ai_batch_requests_of_owner", user_id=user_id, first_week=week_start)
        return [row for row in rows if row["week_start"] == week_start]

    async def _give(self, owner: OwnerFacts, week_start: date, posts: Sequence[PlannedPost], now: datetime) -> None:
        today = now.astimezone(zone(owner.zone_name)).date()
        self._given[owner.user_id, week_start] = {_place(post) for post in posts}
        for part, some in enumerate(evenly(posts, MOST_SLOTS_PER_CALL)):
            document = request(owner, week_start, some, recent=owner.recent_texts, today=today)
            self._lines.append(
                Line(
                    id=uuid4(),
                    user_id=owner.user_id,
                    week_start=week_start,
                    part=part,
                    document=document,
                    posts=tuple(some),
                )
            )
        if len(self._lines) >= MOST_LINES:
            await self.send()

    async def send(self) -> None:
        """Send what was gathered. Owners whose posts are not on their way afterwards are in `undone`."""
        lines, self._lines = self._lines, []
        if self.desk is None:
            self._take_back(lines)
        if not lines or self.desk is None:
            return
        batch_id = uuid4()
        taken, refused = await asyncio.to_thread(_store, self.ledger, batch_id, self.model, lines)
        self._any_asked = True
        self._take_back(refused)
        if not taken:
            await asyncio.to_thread(drop, batch_id, "no week was left for it")
            return
        name, begun = str(batch_id), False
        wanted = [BatchLine(custom_id=str(x.id), instructions=INSTRUCTIONS, request=x.document) for x in taken]
        try:
            file_id = await self.desk.upload(name, wanted, self.model)
            begun = True
            state = await self.desk.create(name, file_id)
        except PlatformError as error:
            if begun and (error.http_status is None or error.http_status >= 500):
                logger.warning("batch %s may have been begun, a later run will see: %s", batch_id, error.message)
                return
            self.problem, self.desk = error, None  # no further ones
            await asyncio.to_thread(drop, batch_id, error.message)
            self._take_back(taken)
            return
        await asyncio.to_thread(
            execute, "ai_batch_was_submitted", id=batch_id, provider_id=state.provider_id, input_file_id=file_id
        )

    def _take_back(self, lines: Sequence[Line]) -> None:
        for line in lines:
            self._given.pop((line.user_id, line.week_start), None)
            self.undone.add(line.user_id)


def drop(batch_id: UUID, reason: str) -> list[UUID]:
    """Forget a batch that the service certainly does not have; returns whose weeks were in it."""
    return [row["user_id"] for row in read_rows("drop_ai_batch", id=batch_id, reason=reason)]


def _store(ledger: Ledger, batch_id: UUID, model: str, lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """Commit what is going to be sent: the batch, its lines, room in each owner's budget.

    Returns the lines that are ours to send, and those that a budget has no room for. A week that another run has given
    to a batch meanwhile is neither.
    """
    taken: list[Line] = []
    refused: list[Line] = []
    with session(Role.WORKER) as db:
        connection = db.connection()
        connection.exec_driver_sql(query("begin_ai_batch"), {"id": batch_id, "model": model, "lease": LEASE})
        # One order for all runs, so that two of them cannot wait for each other's budgets.
        for line in sorted(lines, key=lambda line: (line.user_id, line.week_start, line.part)):
            wish = wish_for(line.user_id, INSTRUCTIONS, line.document, model, batch=True)
            room = ledger.reserve_on(connection, wish)
            if room is None:
                refused.append(line)
                continue
            values = {
                "id": line.id,
                "batch_id": batch_id,
                "user_id": line.user_id,
                "call_id": room.call_id,
                "week_start": line.week_start,
                "part": line.part,
                "slots": orjson.dumps([_slot(post) for post in line.posts]).decode(),
                "first_at": min(post.slot.at for post in line.posts),
            }
            if connection.exec_driver_sql(query("add_ai_batch_request"), values).scalar() is not None:
                taken.append(line)
            else:
                ledger.free_on(connection, room)
    return taken, refused


def _slot(post: PlannedPost) -> dict[str, str]:
    asked = {"key": post.key, "account_id": str(post.account_id), "slot": post.slot.local, "theme": post.theme}
    return asked | ({"review": str(post.review.id)} if post.review else {})


def _place(post: PlannedPost) -> Place:
    return post.account_id, post.slot.local


def _places(slots: Sequence[dict[str, str]]) -> list[Place]:
    return [(UUID(slot["account_id"]), slot["slot"]) for slot in slots]


def read_rows(name: str, **values: Any) -> list[dict[str, Any]]:
    """The rows of a named query, in a transaction of its own."""
    with session(Role.WORKER) as db:
        return [dict(row) for row in db.connection().exec_driver_sql(query(name), values).mappings()]


def execute(name: str, **values: Any) -> None:
    """A named query without rows, in a transaction of its own."""
    with session(Role.WORKER) as db:
        db.connection().exec_driver_sql(query(name), values)
