"""What stands between a claimed post and its call: room in every quota, before the intent is written."""

from __future__ import annotations

import time
from collections.abc import Mapping

from models.quota_rules import DAY, blocked_words
from platforms.base import Account, Platform
from platforms.errors import Blocked, Paced, PlatformError
from tasks.publishing.claim import Claim
from tasks.publishing.store import Store
from tasks.quotas.pacing import Pacer
from tasks.quotas.places import Places

LOOK_AGAIN = 0.5  # seconds between two looks at a budget that has a little room
AMPLE = 2  # a budget with at least 1/AMPLE of its calls left is not watched any more


class Gate:
    """One publishing worker's way to the quotas. Platforms and accounts without any cost nothing here."""

    def __init__(self, store: Store, platforms: Mapping[str, Platform], pacer: Pacer, *, timeout: float) -> None:
        """`timeout` in seconds bounds a question for an account's limit."""
        self._store = store
        self._platforms = platforms
        self._pacer = pacer
        self._places = Places(store, timeout)
        self._tight: dict[str, float] = {}  # platform -> when its budget is looked at again (monotonic)

    async def begin(self, claim: Claim, account: Account, *, margin: float) -> None:
        """Take what the call of `claim` needs, then commit its intent. Raises Paced when there is no room, LeaseLost
        when the lease is not ours for `margin` seconds more; in both cases nothing may be called."""
        await self._pacer.reserve(claim.platform)
        platform = self._platforms[claim.platform]
        if platform.capabilities.publishing_quota:
            await self._places.begin(claim, account, platform, margin=margin)
        else:
            await self._store.write_intent(claim, margin=margin)

    async def prepared(self, claim: Claim, account: Account) -> None:
        """The unseen part stands: have at hand what `begin` will need. Raises PlatformError."""
        platform = self._platforms[claim.platform]
        if platform.capabilities.publishing_quota:
            await self._places.look_ahead(claim, account, platform)

    async def heard(self, claim: Claim, error: PlatformError | TimeoutError) -> None:
        """Note what an error says about quotas, for this worker or for all of them."""
        if isinstance(error, Blocked):
            await self._store.rows(
                "slow_account",
                account_id=claim.account_id,
                seconds=min(error.retry_after or 0.0, DAY),
                reason=blocked_words(claim.platform),
            )
        elif isinstance(error, Paced) and error.http_status is not None:
            await self._places.refused(claim, error)
        elif isinstance(error, Paced) and claim.platform in self._pacer.budgets:
            self._tight[claim.platform] = time.monotonic() + (error.retry_after or 0.0)

    @property
    def tight(self) -> frozenset[str]:
        """Platforms whose budget was used up: of these no more posts are claimed than `rooms` says."""
        return frozenset(self._tight)

    async def rooms(self) -> dict[str, int]:
        """How many posts of the tight platforms can be published now; empty until it is time to look again."""
        found: dict[str, int] = {}
        now = time.monotonic()
        for platform in [name for name, at in self._tight.items() if at <= now]:
            room, wait = await self._pacer.room(platform)
            if room * AMPLE >= self._pacer.budgets[platform].limit:
                del self._tight[platform]
                continue
            self._tight[platform] = now + (LOOK_AGAIN if room else wait)
            if room:
                found[platform] = room
        return found

    @property
    def seconds_until_look(self) -> float:
        """Until a tight budget may have room again; infinite when none is tight."""
        return max(0.0, min(self._tight.values(), default=float("inf")) - time.monotonic())
