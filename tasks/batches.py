"""Working through many rows in one run: a few at once, in bounded time, telling a bounded number of them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from platforms.errors import OperatorNeeded, Paced, PlatformError, TryLater

T = TypeVar("T")


async def work_through(
    items: Iterable[T], work: Callable[[T], Awaitable[None]], *, at_once: int, seconds: float
) -> int:
    """Do `work` for each item, the first ones first; how many were left because `seconds` had passed.

    What is under way is finished. An exception of `work` ends everything: it has to handle its own.
    """
    waiting, deadline = deque(items), time.monotonic() + seconds

    async def worker() -> None:
        while waiting and time.monotonic() < deadline:
            await work(waiting.popleft())

    async with asyncio.TaskGroup() as group:
        for _ in range(min(at_once, len(waiting))):
            group.create_task(worker())
    return len(waiting)


def counted(number: int, noun: str) -> str:
    """ "1 account", "2 accounts"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


class Breaker:
    """Leaves a platform alone for the rest of a run when it does not answer, or does not take our own credentials."""

    def __init__(self, failures_in_a_row: int) -> None:
        self._limit = failures_in_a_row
        self._failures: Counter[str] = Counter()
        self._open: set[str] = set()

    def is_open(self, platform: str) -> bool:
        """Whether the platform is to be left alone."""
        return platform in self._open

    def heard(self, platform: str, error: PlatformError | None) -> None:
        """Note how a call ended. What concerns one account only (its permissions, its content) says nothing."""
        if isinstance(error, OperatorNeeded) and error.code != "encryption":
            self._open.add(platform)
        silent = (
            isinstance(error, TryLater)
            and not isinstance(error, Paced)
            and (error.http_status is None or error.http_status == 429 or error.http_status >= 500)
        )
        self._failures[platform] = self._failures[platform] + 1 if silent else 0
        if self._failures[platform] >= self._limit:
            self._open.add(platform)


class Rows:
    """A run's table, rows with trouble first; no more than `limit` of them."""

    def __init__(self, limit: int = 200) -> None:
        self._limit = limit
        self._trouble: list[dict[str, Any]] = []
        self._quiet: list[dict[str, Any]] = []

    def add(self, row: dict[str, Any], *, trouble: bool) -> None:
        """Keep a row while there is room."""
        rows = self._trouble if trouble else self._quiet
        if len(rows) < self._limit:
            rows.append(row)

    def told(self) -> list[dict[str, Any]]:
        """What the table shows."""
        return (self._trouble + self._quiet)[: self._limit]


class Problems:
    """What a person has to mend in our own set-up, each told once."""

    def __init__(self) -> None:
        self._texts: dict[str, None] = {}

    def add(self, text: str) -> None:
        """Note one."""
        self._texts[text] = None

    @property
    def line(self) -> str | None:
        """All of them in one line; None when there is nothing to mend."""
        texts = list(self._texts)
        more = len(texts) - 3
        return "; ".join(texts[:3]) + (f"; and {more} more" if more > 0 else "") if texts else None
