"""A publishing window: claims what is due, sleeps until the next second that matters, wakes when something changes.

Any number of windows may run on any number of machines; correctness rests on the database alone.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import psycopg

from models.database import Role, connection_options
from models.publish_control import CHANNEL, DRAIN, DUE_CHANNEL
from tasks.publishing.claim import Claim
from tasks.publishing.preparations import DiscardReport
from tasks.publishing.steps import Result, Steps
from tasks.publishing.store import DATABASE_ERRORS, Store

Tidy = Callable[[], Awaitable[DiscardReport]]

logger = logging.getLogger(__name__)

CLAIM_AHEAD = 0.5  # seconds before its time that a post is taken, so that the call starts on the second
INTENT_AHEAD = 0.1  # seconds before its time that a post takes its place and its intent is written
POLL = 5.0  # seconds; the longest sleep, for changes that notify nobody
EXTRAS_AT_ONCE = 4
TIDY_EVERY = 10.0  # seconds between two looks for what has to be deleted
KEPT_RESULTS = 500  # rows of the run's table


@dataclass(slots=True)
class WindowReport:
    """What a window did."""

    counts: Counter[str] = field(default_factory=Counter)
    latenesses: list[float] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    database_outages: int = 0
    discarded: int = 0  # preparations that nobody wanted any more
    live_by_mistake: list[str] = field(default_factory=list)

    def add(self, result: Result) -> None:
        """Count one result; the table keeps the newest."""
        self.counts[result.outcome] += 1
        if result.lateness is not None:
            self.latenesses.append(result.lateness)
        if result.outcome not in ("prepared", "paced"):
            self.results.append(result)
            del self.results[:-KEPT_RESULTS]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSettings:
    """How one window works; times in seconds. `window` 0 = what is due now, settle what is open, end."""

    window: float
    concurrency: int
    prepare_ahead: float
    settle: float
    missed_after: float
    prepares: tuple[str, ...]
    platforms: frozenset[str]
    alive: float  # for so long a preparation is not made anew
    longest_settling: float = 300.0


class Publisher:
    """Runs one window."""

    def __init__(self, url: str, store: Store, steps: Steps, settings: WindowSettings, tidy: Tidy) -> None:
        """`url` is used for the connection that listens; `tidy` deletes some of what was prepared in vain."""
        self._url = url
        self._store = store
        self._steps = steps
        self._settings = settings
        self._tidy = tidy
        self._held: dict[asyncio.Task[None], Claim] = {}
        self._extras: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(settings.concurrency)
        self._few = asyncio.Semaphore(EXTRAS_AT_ONCE)
        self._wake = asyncio.Event()
        self._draining = False
        self.report = WindowReport()

    async def run(self) -> WindowReport:
        """Work until the window is over or a drain is asked for; calls under way are always finished."""
        helpers = [asyncio.create_task(work) for work in (self._listen(), self._keep_leases(), self._keep_tidy())]
        try:
            if self._settings.window > 0:
                await self._watch(time.monotonic() + self._settings.window)
            else:
                await self._settle_now()
            await self._finish()
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
        return self.report

    def drain(self) -> None:
        """Take no new post, finish the calls under way, then end."""
        self._draining = True
        self._wake.set()

    async def _watch(self, end: float) -> None:
        while not self._draining and time.monotonic() < end:
            self._wake.clear()
            pause = POLL  # when every place is taken, the first free ones wake us
            try:
                while self._has_room() and await self._take():
                    pass
                if self._has_room():
                    upcoming = await self._store.seconds_until_next(ahead=CLAIM_AHEAD)
                    pause = min(POLL, POLL if upcoming is None else upcoming, self._steps.gate.seconds_until_look)
            except DATABASE_ERRORS as error:
                self._outage(error)
                pause = 1.0
            await self._sleep(min(pause, end - time.monotonic()))

    async def _settle_now(self) -> None:
        end = time.monotonic() + self._settings.longest_settling
        while not self._draining and time.monotonic() < end:
            self._wake.clear()
            if self._has_room():
                await self._take(ahead=0.0)
            if not self._held:
                due, unsettled = await self._store.work_left(settle=self._settings.settle + 10)
                if not due and not unsettled:
                    return
            await self._sleep(0.1)

    async def _take(self, *, ahead: float = CLAIM_AHEAD) -> int:
        """Claim as much as there are free places for; preparations only use what due posts leave."""
        share = max(2, self._settings.concurrency // 8)
        places = Counter(claim.account_id for claim in self._held.values())
        full = [account for account, taken in places.items() if taken >= share]
        gate = self._steps.gate
        rooms = await gate.rooms() if gate.tight else {}
        claim = partial(self._store.claim, ahead=ahead, share=share, missed=self._settings.missed_after, full=full)
        claims = await claim(batch=self._free(), without=gate.tight)
        for platform, room in rooms.items():
            others = self._settings.platforms - {platform}
            batch = min(room, self._free() - len(claims))
            claims += await claim(batch=max(0, batch), without=others)
        for taken in claims:
            self._start(taken, self._on_time(taken))
        room = min(self._free(), self._settings.concurrency // 2)
        if self._settings.prepares and room > 0 and ahead > 0:
            for taken in await self._store.claim_preparations(
                batch=room,
                margin=CLAIM_AHEAD + 1,
                ahead=self._settings.prepare_ahead,
                platforms=self._settings.prepares,
                alive=self._settings.alive,
            ):
                self._start(taken, self._ahead_of_time(taken))
        return len(claims)

    def _free(self) -> int:
        """A store of claimed posts beside those under way keeps every place busy."""
        return 2 * self._settings.concurrency - len(self._held)

    def _has_room(self) -> bool:
        """Claims are made in large bites, not post by post."""
        return self._free() > self._settings.concurrency // 2 and not self._draining

    async def _on_time(self, claim: Claim) -> Result:
        early = claim.seconds_left - INTENT_AHEAD
        if early > 0:
            await asyncio.sleep(early)
        await self._places.acquire()
        place = [self._places.release]  # given back once: when the platform has answered, or at the end

        def leave() -> None:
            if place:
                place.pop()()

        try:
            return await self._steps.handle(claim, leave)
        finally:
            leave()

    async def _ahead_of_time(self, claim: Claim) -> Result:
        async with self._places:
            return await self._steps.prepare(claim)

    def _start(self, claim: Claim, work: Coroutine[Any, Any, Result]) -> None:
        async def run() -> None:
            result = await work
            self.report.add(result)
            if result.platform_post_id is not None and result.link is None:
                self._extras.add(extra := asyncio.create_task(self._complete(claim, result.platform_post_id)))
                extra.add_done_callback(self._extras.discard)

        task = asyncio.create_task(run())
        self._held[task] = claim

        def done(finished: asyncio.Task[None]) -> None:
            self._held.pop(finished, None)
            if self._has_room():
                self._wake.set()

        task.add_done_callback(done)

    async def _complete(self, claim: Claim, platform_post_id: str) -> None:
        """What can wait: it never takes the place of a post that is due."""
        async with self._few:
            await self._steps.complete(claim, platform_post_id)

    async def _finish(self) -> None:
        while pending := [*self._held, *self._extras]:
            await asyncio.wait(pending)

    async def _sleep(self, seconds: float) -> None:
        """Until the time is over, a place is free, or a notification comes."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _keep_leases(self) -> None:
        """Renew what we hold, well before it runs out. A lease that is lost is not called on: the step checks."""
        while True:
            await asyncio.sleep(self._store.lease_seconds / 4)
            held = list(self._held.values())
            try:
                await self._store.ask_the_time()
                if held:
                    await self._store.renew(held)
            except DATABASE_ERRORS as error:
                self._outage(error)

    async def _keep_tidy(self) -> None:
        """Nothing waits for this: nobody sees what is to be deleted."""
        while True:
            self._extras.add(round_ := asyncio.create_task(self._tidy_up()))
            round_.add_done_callback(self._extras.discard)
            await asyncio.wait([round_])  # a window that ends lets it finish: it may be renewing a token
            await asyncio.sleep(TIDY_EVERY)

    async def _tidy_up(self) -> None:
        try:
            done = await self._tidy()
        except DATABASE_ERRORS as error:
            return self._outage(error)
        except Exception as error:  # SQLAlchemy's too, from renewing a token
            logger.exception(
                "unexpected %s while deleting what is unseen; the next round tries again", type(error).__name__
            )
            return
        self.report.discarded += done.deleted
        self.report.live_by_mistake += (post for post in done.live if post not in self.report.live_by_mistake)

    async def _listen(self) -> None:
        """Wake the window on notifications; a lost connection is made again."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._url, autocommit=True, options=connection_options(Role.WORKER)
                ) as connection:
                    await connection.execute(f"LISTEN {DUE_CHANNEL}".encode())
                    await connection.execute(f"LISTEN {CHANNEL}".encode())
                    self._wake.set()  # what was told while nobody listened
                    async for notification in connection.notifies():
                        if notification.channel == CHANNEL and notification.payload == DRAIN:
                            self.drain()
                        self._wake.set()
            except DATABASE_ERRORS as error:
                self._outage(error)
                await asyncio.sleep(1)

    def _outage(self, error: Exception) -> None:
        self.report.database_outages += 1
        logger.warning("the database cannot be reached (%s); trying again", type(error).__name__)
