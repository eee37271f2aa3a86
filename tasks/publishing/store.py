"""The publisher's side of the database: named queries, each its own transaction, as the worker's role."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Hashable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from models.database import Role, connection_options
from models.publishing import CATCH_UP_AFTER, CATCH_UP_SPACING, CLOCK_SKEW
from models.queries import query
from platforms.base import Published
from platforms.errors import PlatformError
from tasks.publishing.batcher import Batcher
from tasks.publishing.claim import Claim
from tasks.publishing.clock import DatabaseClock

T = TypeVar("T")
DATABASE_ERRORS = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)
SCAN = 1000  # due posts looked at for one fair batch


class _Success(NamedTuple):
    claim: Claim
    result: Published
    reason: str


class LeaseLost(Exception):
    """Another worker holds the post by now; whatever we know of it must not be written."""


class Store:
    """Reads and writes of one publishing worker."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[DictRow]], worker: str, lease_seconds: float) -> None:
        """`worker` names this process in leases, attempts and stories."""
        self._pool = pool
        self.worker = worker
        self.lease_seconds = lease_seconds
        self.clock = DatabaseClock()
        self._intents: Batcher[tuple[Claim, float], UUID] = Batcher(lambda item: item[0].id, self._write_intents)
        self._successes: Batcher[_Success, bool] = Batcher(lambda item: item.claim.id, self._write_successes)

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, worker: str, lease_seconds: float, connections: int = 6) -> AsyncIterator[Store]:
        """A store with its own small pool."""
        pool: AsyncConnectionPool[AsyncConnection[DictRow]] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=connections,
            open=False,
            timeout=10,
            kwargs={"autocommit": True, "row_factory": dict_row, "options": connection_options(Role.WORKER)},
        )
        async with pool:
            yield cls(pool, worker, lease_seconds)

    async def rows(self, name: str, **params: Any) -> list[DictRow]:
        """Run one named query in its own transaction."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(query(name).encode(), params)
            return await cursor.fetchall() if cursor.description is not None else []

    async def rows_behind(self, lock: str, name: str, **params: Any) -> list[DictRow]:
        """Run a named query in one transaction with `lock`, another one that takes the row locks it relies on."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(query(lock).encode(), params)
            cursor = await connection.execute(query(name).encode(), params)
            return await cursor.fetchall()

    async def ask_the_time(self, times: int = 1) -> None:
        """Compare our clock with the database's; more often is more exact."""
        for _ in range(times):
            began = time.monotonic()
            (row,) = await self.rows("database_clock")
            self.clock.observe(began, row["at"].timestamp(), time.monotonic())

    async def claim(
        self,
        *,
        batch: int,
        ahead: float,
        share: int,
        missed: float,
        full: Sequence[UUID] = (),
        without: Collection[str] = (),
    ) -> list[Claim]:
        """Take up to `batch` posts due within `ahead` seconds, at most `share` an account, none of `full` accounts and
        none of the platforms `without`. Nobody queues behind posts `missed` seconds late: they are not sent."""
        if not self.clock.is_set:
            await self.ask_the_time(times=5)
        began = time.monotonic()
        rows = await self.rows(
            "claim_posts",
            batch=batch,
            ahead=ahead,
            share=share,
            full=list(full),
            without=list(without),
            late=CATCH_UP_AFTER,
            spacing=CATCH_UP_SPACING,
            missed=missed,
            scan=SCAN,
            worker=self.worker,
            lease=self.lease_seconds,
        )
        return [Claim.of(row, clock=self.clock, lease_until=began + self.lease_seconds) for row in rows]

    async def claim_preparations(
        self, *, batch: int, margin: float, ahead: float, platforms: Sequence[str], alive: float
    ) -> list[Claim]:
        """Take up to `batch` posts whose unseen part is to be made: due in `margin` to `ahead` seconds, and not made in
        the last `alive` seconds."""
        if not self.clock.is_set:
            await self.ask_the_time(times=5)
        began = time.monotonic()
        rows = await self.rows(
            "claim_preparations",
            batch=batch,
            margin=margin,
            ahead=ahead,
            platforms=list(platforms),
            alive=alive,
            worker=self.worker,
            lease=self.lease_seconds,
        )
        return [Claim.of(row, clock=self.clock, lease_until=began + self.lease_seconds) for row in rows]

    async def write_intent(self, claim: Claim, *, margin: float) -> UUID:
        """Commit that a call is about to be made.

        Raises LeaseLost when the lease is not ours for at least `margin` seconds more.
        """
        attempt = await self._intents.submit((claim, margin))
        if attempt is None:
            raise LeaseLost(claim.id)
        return attempt

    async def _write_intents(self, items: Sequence[tuple[Claim, float]]) -> dict[Hashable, UUID]:
        rows = await self.rows(
            "write_intents",
            ids=[claim.id for claim, _ in items],
            tokens=[claim.lease_token for claim, _ in items],
            hashes=[claim.content_hash for claim, _ in items],
            worker=self.worker,
            margin=max(margin for _, margin in items),
        )
        return {row["post_id"]: row["id"] for row in rows}

    async def remember(self, claim: Claim, kind: str, handle: str) -> None:
        """Commit an id of something unseen. Raises LeaseLost when another worker holds the post by now."""
        written = await self.rows(
            "remember_handle",
            post_id=claim.id,
            token=claim.lease_token,
            content_hash=claim.content_hash,
            kind=kind,
            handle=handle,
        )
        if not written:
            raise LeaseLost(claim.id)
        claim.handles[kind] = handle

    async def prepared(self, claim: Claim) -> None:
        """The unseen part stands."""
        await self._write("record_prepared", claim)

    async def prepare_failed(self, claim: Claim, *, delay: float) -> None:
        """The unseen part could not be made; again in `delay` seconds."""
        await self._write("record_prepare_failed", claim, delay=delay)

    async def published(self, claim: Claim, result: Published, *, reason: str) -> None:
        """It is live."""
        if not await self._persist(lambda: self._successes.submit(_Success(claim, result, reason))):
            raise LeaseLost(claim.id)

    async def _write_successes(self, items: Sequence[_Success]) -> dict[Hashable, bool]:
        try:
            return await self._write_success_batch(items)
        except psycopg.IntegrityError:
            # One of them claims an id that is another post's: only that one may suffer for it.
            if len(items) == 1:
                return {}
        alone = [await self._write_successes([item]) for item in items]
        return {key: value for answers in alone for key, value in answers.items()}

    async def _write_success_batch(self, items: Sequence[_Success]) -> dict[Hashable, bool]:
        rows = await self.rows(
            "record_published",
            ids=[item.claim.id for item in items],
            tokens=[item.claim.lease_token for item in items],
            froms=[item.claim.status for item in items],
            platform_post_ids=[item.result.platform_post_id for item in items],
            permalinks=[item.result.permalink for item in items],
            states=[item.result.state for item in items],
            times=[item.result.published_at for item in items],
            reasons=[item.reason for item in items],
            hashes=[item.claim.content_hash for item in items],
            worker=self.worker,
        )
        return {row["post_id"]: True for row in rows}

    async def processing(self, claim: Claim, result: Published, *, delay: float, reason: str, first: bool) -> None:
        """Taken, not shown yet; read again in `delay` seconds."""
        await self._write(
            "record_processing",
            claim,
            platform_post_id=result.platform_post_id,
            permalink=result.permalink,
            state=result.state,
            delay=delay,
            reason=reason,
            first=first,
            worker=self.worker,
        )

    async def failed(self, claim: Claim, message: str, *, outcome: str, error: PlatformError | None = None) -> None:
        """Final until somebody retries; `message` is in the owner's words."""
        await self._write(
            "record_failed",
            claim,
            message=message,
            outcome=outcome,
            counts=int(error is not None),
            worker=self.worker,
            **{"from": claim.status},
            **_of(error),
        )

    async def later(
        self,
        claim: Claim,
        error: PlatformError,
        *,
        delay: float | None,
        outcome: str,
        counts: bool,
        words: str | None = None,
    ) -> None:
        """Certainly not published; due again in `delay` seconds, None = at its own time, once the account is active.

        `words` are the owner's, where there are better ones than the platform's.
        """
        await self._write(
            "record_later",
            claim,
            message=words or error.message,
            delay=delay,
            outcome=outcome,
            counts=int(counts),
            worker=self.worker,
            **_of(error),
        )

    async def paced(self, claim: Claim, error: PlatformError, *, delay: float) -> None:
        """Certainly not sent for want of room in a quota; due again in `delay` seconds, and not a word about it."""
        await self._write("record_paced", claim, message=error.message, delay=delay, **_of(error))

    async def in_doubt(
        self,
        claim: Claim,
        message: str,
        *,
        delay: float,
        since: datetime | None = None,
        seen_absent: bool = False,
        error: PlatformError | None = None,
    ) -> None:
        """Only looking is allowed from now on; the next look comes in `delay` seconds."""
        await self._write(
            "record_in_doubt",
            claim,
            message=message,
            delay=delay,
            since=since,
            seen_absent=seen_absent,
            worker=self.worker,
            **_of(error),
        )

    async def absent(self, claim: Claim, *, reason: str) -> None:
        """Proved absent; due again at once."""
        await self._write("record_absent", claim, reason=reason, worker=self.worker)

    async def taken_ids(self, claim: Claim, ids: Collection[str]) -> set[str]:
        """Which of the platform's ids belong to another post of this account already."""
        rows = await self.rows("taken_ids", account_id=claim.account_id, ids=list(ids))
        return {row["platform_post_id"] for row in rows}

    async def permalink(self, claim: Claim, permalink: str) -> None:
        """The public address of a post that is live already."""
        await self.rows("record_permalink", post_id=claim.id, permalink=permalink)

    async def renew(self, claims: Sequence[Claim]) -> set[UUID]:
        """Keep the leases of `claims`; returns the ids that are still ours."""
        began = time.monotonic()
        rows = await self.rows(
            "renew_leases",
            ids=[c.id for c in claims],
            tokens=[c.lease_token for c in claims],
            lease=self.lease_seconds,
        )
        kept = {row["id"] for row in rows}
        for claim in claims:
            claim.lease_until = began + self.lease_seconds if claim.id in kept else 0.0
        return kept

    async def release(self, claims: Sequence[Claim]) -> None:
        """Give posts back untouched."""
        if claims:
            await self.rows("release_leases", ids=[c.id for c in claims], tokens=[c.lease_token for c in claims])

    async def seconds_until_next(self, *, ahead: float) -> float | None:
        """Seconds until the next post comes within `ahead` seconds of its time; None = nothing in sight."""
        due: float | None = (await self.rows("seconds_until_next", ahead=ahead, scan=SCAN))[0]["due"]
        return None if due is None else max(0.0, due - ahead)

    async def work_left(self, *, settle: float) -> tuple[int, int]:
        """(posts due now, posts whose fate is open and comes up within `settle` seconds)."""
        row = (await self.rows("work_left", settle=settle))[0]
        return row["due"], row["unsettled"]

    async def _write(self, name: str, claim: Claim, **params: Any) -> None:
        held = {"post_id": claim.id, "token": claim.lease_token, "content_hash": claim.content_hash}
        if not await self._persist(lambda: self.rows(name, **held, **params)):
            raise LeaseLost(claim.id)

    async def _persist(self, write: Callable[[], Awaitable[T]]) -> T:
        """Record an outcome. While the database is away it is tried again: the fencing token makes that safe."""
        give_up = time.monotonic() + 2 * self.lease_seconds
        while True:
            try:
                return await write()
            except DATABASE_ERRORS:
                if time.monotonic() > give_up:
                    raise
                await asyncio.sleep(0.5)


def _of(error: PlatformError | None) -> dict[str, Any]:
    return {"http_status": error.http_status if error else None, "code": error.code if error else None}


def window_start(since: datetime) -> datetime:
    """From when on posts are looked at for an attempt that began at `since`."""
    return since - CLOCK_SKEW
