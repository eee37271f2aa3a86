"""What was prepared and is not wanted any more is deleted from the platform; what nobody knows of is found and deleted.

The database moves the ids of an edited, rejected or postponed post into `publish_discards` (migration 019); from there
they are worked off like an outbox: a worker that dies loses nothing, and deleting twice does no harm.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from platforms.base import Account, Platform, Unseen
from platforms.errors import InDoubt, PlatformError, ReconnectNeeded
from tasks import tokens
from tasks.batches import work_through
from tasks.tokens import StoredAccount

logger = logging.getLogger(__name__)

Rows = Callable[..., Awaitable[list[dict[str, Any]]]]
"""Runs a named query in its own transaction: `Store.rows`."""

AT_ONCE = 4
ORPHAN_AGE = timedelta(hours=24)
"""So old is an unseen post that no worker, of this or another installation, can still be about to publish it."""
SWEEP_BACK = timedelta(days=3)
SWEEP_SECONDS = 1800.0


@dataclass(slots=True)
class DiscardReport:
    """What became of the ids that were taken."""

    taken: int = 0
    deleted: int = 0
    later: int = 0
    live: list[str] = field(default_factory=list)  # never deleted: they are visible, which nobody here knew

    def add(self, other: DiscardReport) -> None:
        """Count another batch."""
        self.taken += other.taken
        self.deleted += other.deleted
        self.later += other.later
        self.live += other.live

    @property
    def problem(self) -> str | None:
        """What a person has to look at; None when there is nothing."""
        if not self.live:
            return None
        return f"{len(self.live)} posts that should not have gone out are visible: {'; '.join(self.live[:3])}"


async def discard(
    rows: Rows,
    platforms: Mapping[str, Platform],
    *,
    timeout_seconds: float,
    batch: int = 20,
    owner: UUID | None = None,
) -> DiscardReport:
    """Delete up to `batch` preparations that nobody wants, of everybody or of one `owner`.

    What cannot be deleted now is tried again later.
    """
    report = DiscardReport()

    async def one(row: Mapping[str, Any]) -> None:
        stored, handles = StoredAccount.of(row), row["handles"]

        async def delete(account: Account) -> None:
            async with asyncio.timeout(timeout_seconds):
                await platforms[stored.platform].discard(account, handles)

        try:
            await tokens.calling(stored, delete, platforms=platforms)
        except InDoubt as error:
            report.live.append(f"{stored.platform} {', '.join(handles.values())}")
            logger.error("post %s: %s", row["post_id"], error.message)
            await rows("note_discard_failed", id=row["discard_id"], message=error.message)
        except (PlatformError, TimeoutError) as error:
            report.later += 1
            await rows("note_discard_failed", id=row["discard_id"], message=str(error) or "no answer in time")
        else:
            report.deleted += 1
            await rows("forget_discard", id=row["discard_id"])

    taken = await rows("claim_discards", batch=batch, owner=owner)
    report.taken = len(taken)
    await work_through(taken, one, at_once=AT_ONCE, seconds=timeout_seconds)
    return report


@dataclass(slots=True)
class SweepReport:
    """What a sweep found."""

    accounts: int = 0
    orphans: int = 0
    failed: int = 0
    left: int = 0


async def sweep(
    rows: Rows,
    platforms: Mapping[str, Platform],
    *,
    now: datetime,
    timeout_seconds: float,
    older_than: timedelta = ORPHAN_AGE,
) -> SweepReport:
    """Find what our app made unseen, at least `older_than` ago (UTC `now`), and no post knows: the answer that told its
    id was lost, or the worker died on it. Found ones are handed to `discard`."""
    report = SweepReport()

    async def one(row: Mapping[str, Any]) -> None:
        stored = StoredAccount.of(row)

        async def read(account: Account) -> Sequence[Unseen]:
            async with asyncio.timeout(timeout_seconds):
                return await platforms[stored.platform].unseen(account)

        try:
            found = await tokens.calling(stored, read, platforms=platforms)
        except (PlatformError, TimeoutError) as error:
            report.failed += 1
            level = logging.INFO if isinstance(error, ReconnectNeeded) else logging.WARNING
            logger.log(level, "account %s cannot be swept: %s", stored.id, error)
            return
        report.accounts += 1
        old = [unseen for unseen in found if now - unseen.created_at >= older_than]
        known = await _known(rows, stored.id, [handle for unseen in old for handle in unseen.handles.values()])
        for unseen in old:
            if not known.intersection(unseen.handles.values()):
                report.orphans += 1
                handles = orjson.dumps(dict(unseen.handles)).decode()
                await rows("discard_orphan", handles=handles, account_id=stored.id)

    sweeping = [name for name, platform in platforms.items() if platform.capabilities.leaves_orphans]
    accounts = await rows("accounts_to_sweep", platforms=sweeping, lately=SWEEP_BACK.total_seconds())
    report.left = await work_through(accounts, one, at_once=AT_ONCE, seconds=SWEEP_SECONDS)
    return report


async def _known(rows: Rows, account_id: UUID, ids: Sequence[str]) -> set[str]:
    if not ids:
        return set()
    return {row["handle"] for row in await rows("known_handles", account_id=account_id, ids=list(ids))}
