"""Asking platforms for numbers, account by account; one account's trouble never stops the others."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from models.account_status import PLATFORM_NAMES
from platforms.base import Account, LocationDay, Platform, PostMetrics
from platforms.errors import OperatorNeeded, PlatformError, ReconnectNeeded, Refused, TryLater
from tasks import tokens
from tasks.analytics import store
from tasks.analytics.store import Measured
from tasks.batches import Breaker, Problems, Rows, counted, work_through

logger = logging.getLogger(__name__)

AT_ONCE = 10
FAILURES_IN_A_ROW = 10
CALL_SECONDS = 120.0  # for one batch of posts, or one location
BATCHES_AN_ACCOUNT = 20  # what is more waits for the next run
POSTS_WITHOUT_CALL = 500
FIRST_DAYS = 30
DAYS_AGAIN = 10  # the platform corrects its last days


@dataclass(slots=True)
class Collected:
    """What a run did, and for whom it could not."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: Problems = field(default_factory=Problems)
    table: Rows = field(default_factory=Rows)

    def tell(self, measured: Measured, result: str, what: str, note: str = "") -> None:
        """Count an account and keep its row."""
        account = measured.account
        self.counts[result] += 1
        row = {
            "platform": PLATFORM_NAMES.get(account.platform, account.platform),
            "account": account.account_name or account.account_id,
            "result": result,
            "what": what,
            "note": note,
        }
        self.table.add(row, trouble=result != "read")

    def trouble(self) -> list[str]:
        """The parts of a one-line result that tell what did not work."""
        words = {"later": "to be tried again", "not told": "without access to numbers", "skipped": "not connected",
                 "operator": "waiting for the operator", "failed": "failed"}  # fmt: skip
        parts = [
            f"{counted(self.counts[result], 'account')} {text}" for result, text in words.items() if self.counts[result]
        ]
        return parts + ([f"{self.counts['left']} left for the next run"] if self.counts["left"] else [])


class Collector:
    """Goes through accounts; `seconds` is how long a run begins new ones, `now` is UTC."""

    def __init__(self, platforms: Mapping[str, Platform], now: datetime, *, seconds: float) -> None:
        self._platforms = platforms
        self._now = now
        self._seconds = seconds
        self._breaker = Breaker(FAILURES_IN_A_ROW)
        self.report = Collected()

    async def snapshots(self, accounts: list[Measured]) -> Collected:
        """Snapshots of all due posts of these accounts."""
        return await self._each(accounts, self._take_snapshots)

    async def locations(self, accounts: list[Measured]) -> Collected:
        """The last days of these locations."""
        return await self._each(accounts, self._read_location)

    async def _each(self, accounts: list[Measured], work: Callable[[Measured], Awaitable[None]]) -> Collected:
        async def one(measured: Measured) -> None:
            account = measured.account
            if account.status != "active":
                self.report.tell(measured, "skipped", "", account.status_reason or f"the account is {account.status}")
            elif self._breaker.is_open(account.platform):
                self.report.counts["left"] += 1
            else:
                await self._guarded(measured, work)

        left = await work_through(accounts, one, at_once=AT_ONCE, seconds=self._seconds)
        self.report.counts["left"] += left
        return self.report

    async def _guarded(self, measured: Measured, work: Callable[[Measured], Awaitable[None]]) -> None:
        platform = measured.account.platform
        failure: PlatformError | None = None
        try:
            await work(measured)
        except OperatorNeeded as error:
            failure = error
            self.report.problems.add(f"{PLATFORM_NAMES.get(platform, platform)}: {error.message}")
            self.report.tell(measured, "operator", "", error.message)
        except (ReconnectNeeded, Refused) as error:
            failure = error
            self.report.tell(measured, "not told", "", error.message)
        except (PlatformError, TimeoutError) as error:
            failure = error if isinstance(error, PlatformError) else TryLater("the platform did not answer in time")
            self.report.tell(measured, "later", "", failure.message)
        except Exception as error:
            logger.exception("account %s: unexpected %s", measured.account.id, type(error).__name__)
            self.report.problems.add(f"account {measured.account.id}: unexpected {type(error).__name__}")
            self.report.tell(measured, "failed", "", f"unexpected {type(error).__name__}")
            return
        self._breaker.heard(platform, failure)

    async def _take_snapshots(self, measured: Measured) -> None:
        account, platform = measured.account, self._platforms[measured.account.platform]
        per_post = platform.capabilities.per_post_metrics
        size = platform.capabilities.metrics_batch if per_post else POSTS_WITHOUT_CALL
        posts = taken = 0
        for _ in range(BATCHES_AN_ACCOUNT):
            due = await asyncio.to_thread(store.claim, account.id, self._now, size)
            if not due:
                break
            numbers: Mapping[str, PostMetrics] = {}
            try:
                if per_post:
                    ids = [post.platform_post_id for post in due]
                    numbers = await self._ask(measured, lambda who, ids=ids: platform.metrics(who, ids))  # type: ignore[misc]
            except (ReconnectNeeded, Refused):
                # Asking again every hour does not help: these posts wait for their next age.
                await asyncio.to_thread(store.record, measured, due, {}, self._now)
                raise
            told = {post_id: asdict(metrics) for post_id, metrics in numbers.items()}
            taken += await asyncio.to_thread(store.record, measured, due, told, self._now)
            posts += len(due)
            if len(due) < size:
                break
        if not posts:
            return  # another run was faster
        self.report.counts["posts"] += posts
        self.report.counts["snapshots"] += taken
        missing = posts - taken if per_post else 0
        self.report.counts["missing"] += missing
        note = f"{counted(missing, 'post')} without numbers (too young, or gone from the platform)" if missing else ""
        what = counted(taken, "snapshot") if per_post else f"{counted(posts, 'post')} counted; numbers come by location"
        self.report.tell(measured, "read", what, note)

    async def _read_location(self, measured: Measured) -> None:
        platform = self._platforms[measured.account.platform]
        last = self._now.astimezone(measured.zone).date()
        first = last - timedelta(days=(DAYS_AGAIN if measured.last_day else FIRST_DAYS) - 1)
        days = await self._ask(measured, lambda who: platform.location_metrics(who, first, last))
        numbers = {(day.day, day.metric): day.value for day in days if isinstance(day, LocationDay)}
        await asyncio.to_thread(store.save_location, measured.account.id, numbers, self._now)
        self.report.counts["locations"] += 1
        self.report.tell(measured, "read", f"{len({day for day, _ in numbers})} days from {first}")

    async def _ask(self, measured: Measured, call: Callable[[Account], Awaitable[Any]]) -> Any:
        async with asyncio.timeout(CALL_SECONDS):
            return await tokens.calling(measured.account, call, platforms=self._platforms, now=self._now)
