"""Places for posts where the platform limits an account's posts in a moving window (Instagram).

The intent is the place: it is committed under the lock of the account's quota row, only while what the platform told
plus our own posts that it cannot have counted stay below the limit.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from uuid import UUID

from models import quota_rules as rules
from platforms.base import Account, Platform
from platforms.errors import Blocked, OperatorNeeded, Paced, PlatformError, ReconnectNeeded
from tasks.publishing.claim import Claim
from tasks.publishing.store import LeaseLost, Store

logger = logging.getLogger(__name__)

UNKNOWN_TOTAL = 25  # while the platform cannot be asked: the least that Meta's pages ever named
FOREVER = float("inf")


class Places:
    """Takes places for one worker."""

    def __init__(self, store: Store, timeout: float) -> None:
        """`timeout` in seconds bounds the question for an account's limit."""
        self._store = store
        self._timeout = timeout

    async def begin(self, claim: Claim, account: Account, platform: Platform, *, margin: float) -> None:
        """Commit the claim's intent in one of the account's places, having asked for its limit where that is due.

        Raises Paced when none is left, LeaseLost when the claim is not ours for `margin` seconds more, and what keeps
        us from asking for good (ReconnectNeeded, OperatorNeeded, Blocked).
        """
        asked = False
        while True:
            rows = await self._store.rows_behind(
                "lock_publishing_quota",
                "write_intent_in_quota",
                account_id=claim.account_id,
                post_id=claim.id,
                token=claim.lease_token,
                content_hash=claim.content_hash,
                worker=self._store.worker,
                margin=margin,
                few=rules.FEW_LEFT,
                read_again=FOREVER if asked else rules.READ_AGAIN,
                read_again_few=FOREVER if asked else rules.READ_AGAIN_FEW,
            )
            if not rows:
                raise LeaseLost(claim.id)
            row = rows[0]
            if row["attempt"] is not None:
                return
            if not asked and rules.must_read(row["left_over"], row["age"], preparing=False):
                await self._ask(claim.account_id, account, platform)
                asked = True
                continue
            wait = rules.full_seconds(row["oldest"], row["window_seconds"] or rules.DAY)
            await self._store.rows("fill_account", account_id=claim.account_id, seconds=wait, distrust=False)
            raise Paced(
                "the posts that the platform allows this account in 24 hours are used up",
                code="publishing_quota",
                retry_after=wait,
            )

    async def look_ahead(self, claim: Claim, account: Account, platform: Platform) -> None:
        """While a post is prepared: ask for the account's limit, so that nobody has to at the post's second."""
        found = await self._store.rows("publishing_quota", account_id=claim.account_id)
        left, age = (found[0]["left_over"], found[0]["age"]) if found else (None, None)
        if rules.must_read(left, age, preparing=True):
            await self._ask(claim.account_id, account, platform)

    async def refused(self, claim: Claim, error: Paced) -> None:
        """The platform itself said that the posts are used up: what we know is wrong, and is asked for next time."""
        wait = min(max(error.retry_after or 0.0, rules.SHORTEST_FULL), rules.LONGEST_FULL)
        await self._store.rows("fill_account", account_id=claim.account_id, seconds=wait, distrust=True)

    async def _ask(self, account_id: UUID, account: Account, platform: Platform) -> None:
        asked_at: datetime = (await self._store.rows("database_clock"))[0]["at"]
        try:
            async with asyncio.timeout(self._timeout):
                quota = await platform.quota(account)
        except (ReconnectNeeded, OperatorNeeded, Blocked):
            raise
        except (PlatformError, TimeoutError) as error:
            # What is known stays; where nothing is, all of our own posts of the window count against a low limit.
            logger.warning("account %s: its publishing limit cannot be read (%s)", account_id, type(error).__name__)
            await self._store.rows("guess_publishing_quota", account_id=account_id, total=UNKNOWN_TOTAL)
            return
        is_told = quota.used is not None and quota.total is not None
        await self._store.rows(
            "save_publishing_quota",
            account_id=account_id,
            used=quota.used if is_told else 0,
            total=quota.total if is_told else None,
            window_seconds=quota.window_seconds or int(rules.DAY),
            asked_at=asked_at,
        )
