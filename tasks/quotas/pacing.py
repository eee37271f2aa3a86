"""Calls out of a budget that all workers share, taken before they are made.

Calls of one process that ask at the same moment take their places with one statement. A place may be reserved a moment
ahead (the publisher does so before it writes an intent): then the call itself takes none.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field

from models import quota_rules as rules
from models.quota_rules import Budget, Ledger, Purpose
from platforms.base import Pace
from platforms.errors import Paced
from tasks.publishing.batcher import Batcher
from tasks.quotas.rows import DATABASE_ERRORS, Rows

PATIENCE: Mapping[Purpose, float] = {Purpose.PUBLISHING: 0.0, Purpose.ANALYTICS: 90.0}  # seconds to wait for room
SHORTEST = 0.02  # seconds; 0 would mean that the place was given
UNREACHABLE = 1.0  # seconds until a budget is asked again after the database did not answer


@dataclass(slots=True, eq=False)
class _Wish:
    """One call that wants its place."""

    purpose: Purpose


@dataclass(slots=True)
class _Reservation:
    """A place that was taken for the next call of this asyncio task."""

    name: str
    taken_at: float = field(default_factory=time.monotonic)

    def is_good(self, name: str) -> bool:
        """Whether the call still arrives within the lag that the budget allows for."""
        return self.name == name and time.monotonic() - self.taken_at < rules.LAG / 2


_reserved: ContextVar[_Reservation | None] = ContextVar("tasks_quotas_reserved", default=None)


class Pacer:
    """The budgets of one process's calls, by platform."""

    def __init__(self, rows: Rows, budgets: Mapping[str, Budget]) -> None:
        """`rows` reaches the database; platforms that are not in `budgets` are never asked for."""
        self.budgets = budgets
        self._rows = rows
        self._counters: dict[tuple[str, Purpose], Batcher[_Wish, float]] = {
            (platform, purpose): Batcher(id, self._taker(budget, purpose))
            for platform, budget in budgets.items()
            for purpose in Purpose
        }

    def pace_of(self, platform: str) -> Pace | None:
        """What the platform's client asks before each call; None = nothing is counted."""
        if platform not in self.budgets:
            return None

        async def pace(purpose: str) -> None:
            reservation = _reserved.get()
            if reservation is not None and reservation.is_good(platform):
                _reserved.set(None)
                return
            await self.take(platform, Purpose(purpose))

        return pace

    async def reserve(self, platform: str) -> None:
        """Take the place of the one call that this asyncio task makes next, for publishing. Raises Paced."""
        if platform in self.budgets:
            await self.take(platform, Purpose.PUBLISHING)
            _reserved.set(_Reservation(platform))

    async def take(self, platform: str, purpose: Purpose) -> None:
        """One place. What is not urgent waits for it a while. Raises Paced when there is none."""
        give_up = time.monotonic() + PATIENCE[purpose]
        while True:
            try:
                wait = await self._counters[platform, purpose].submit(_Wish(purpose))
            except DATABASE_ERRORS as error:
                raise Paced(
                    f"the shared quota cannot be asked for ({type(error).__name__})",
                    code="quota_unknown",
                    retry_after=UNREACHABLE,
                ) from None
            if not wait:
                return
            if time.monotonic() + wait > give_up:
                raise Paced(
                    "the calls that the platform allows our application in a minute are used up",
                    code="shared_quota",
                    retry_after=wait,
                )
            await asyncio.sleep(wait)

    async def room(self, platform: str) -> tuple[int, float]:
        """Calls that may be made for publishing now, and the seconds until there is one more."""
        budget = self.budgets[platform]
        found = await self._rows("read_quota", quota=budget.name)
        if not found:
            return budget.limit, 0.0
        row = found[0]
        ledger = Ledger(row["slots"], row["counts"])
        room = ledger.room(budget, row["at"], Purpose.PUBLISHING)
        return room, ledger.wait(budget, row["at"], Purpose.PUBLISHING, room + 1)

    def _taker(self, budget: Budget, purpose: Purpose) -> Callable[[Sequence[_Wish]], Awaitable[dict[Hashable, float]]]:
        async def take(wishes: Sequence[_Wish]) -> dict[Hashable, float]:
            asked = {
                "quota": budget.name,
                "want": len(wishes),
                "limit": budget.limit_for(purpose),
                "window": budget.window,
                "step": budget.slot_seconds,
            }
            found = await self._rows("take_quota", **asked)
            if not found:
                await self._rows("open_quota", quota=budget.name)
                found = await self._rows("take_quota", **asked)
            row = found[0]
            waits = [0.0] * row["granted"]
            if row["slots"] is not None:
                ledger = Ledger(row["slots"], row["counts"])
                refused = len(wishes) - row["granted"]
                # Who is refused comes back one after the other, as places become free.
                waits += [
                    max(ledger.wait(budget, row["at"], purpose, calls), SHORTEST) for calls in range(1, refused + 1)
                ]
            return {id(wish): wait for wish, wait in zip(wishes, waits, strict=True)}

        return take
