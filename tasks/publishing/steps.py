"""What is done with one claimed post: prepare it, publish it, look for it, or follow it.

Every step ends in exactly one write that carries the fencing token. Whatever goes wrong after the intent was committed
counts as in doubt; nothing here repeats a call.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from models import publishing as rules
from models.publishing import AfterLook, Seen
from platforms.base import Account, Certainty, Look, Published, Sighting
from platforms.base import Platform as PlatformClient
from platforms.errors import (
    Blocked,
    InDoubt,
    OperatorNeeded,
    Paced,
    PlatformError,
    ReconnectNeeded,
    Refused,
    TryLater,
)
from tasks.publishing.access import Access
from tasks.publishing.claim import Claim
from tasks.publishing.store import LeaseLost, Store, window_start
from tasks.quotas.gate import Gate
from tasks.tokens import is_token_rejected

logger = logging.getLogger(__name__)

OVER = "Not sent: what it invites to was over before it could go out."
MISSED = "Missed: its time was over for too long when it could have gone out. Publish it again if it still fits."


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one claim, for the run's table."""

    post_id: str
    platform: str
    account: str
    # published, processing, refused, missed, later, paced, in_doubt, absent, reconnect, operator, prepared, lost
    outcome: str
    message: str = ""
    link: str | None = None
    platform_post_id: str | None = None
    lateness: float | None = None  # seconds from the moment it was due to the start of the call


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times in seconds, from the settings."""

    timeout: float
    settle: float
    missed_after: timedelta


class Steps:
    """The four things that can be done with a claim."""

    def __init__(
        self,
        store: Store,
        platforms: Mapping[str, PlatformClient],
        access: Access,
        limits: Limits,
        gate: Gate,
    ) -> None:
        """`access` gives the accounts to call as, `gate` keeps the quotas."""
        self._store = store
        self._platforms = platforms
        self._access = access
        self._limits = limits
        self.gate = gate

    async def handle(self, claim: Claim, answered: Callable[[], None] = lambda: None) -> Result:
        """Do with a due claim what its state asks for. Never raises but for cancellation.

        `answered` is called when the platform's part is over: what is left needs no place among the calls.
        """
        try:
            if claim.platform_state == "PROCESSING" and claim.platform_post_id:
                return await self._follow(claim, claim.platform_post_id)
            if claim.doubtful_since is not None:
                return await self._look(claim, claim.doubtful_since)
            return await self._publish(claim, answered)
        except LeaseLost:
            return self._result(claim, "lost", "another worker took it over")
        except Exception as error:
            # Whatever it was: the lease runs out, and the next worker looks before it does anything.
            logger.exception("post %s: unexpected %s", claim.id, type(error).__name__)
            return self._result(claim, "lost", f"unexpected {type(error).__name__}")

    async def prepare(self, claim: Claim) -> Result:
        """Make the unseen part ahead of time. Never raises but for cancellation."""
        try:
            try:
                await self._prepare(claim)
            except Refused as error:
                await self._store.failed(claim, error.message, outcome="refused", error=error)
                return self._result(claim, "refused", error.message)
            except ReconnectNeeded as error:
                words = await self._access.hold(claim, error)
                await self._store.prepare_failed(claim, delay=rules.FIRST_DELAY)
                return self._result(claim, "reconnect", words or error.message)
            except Blocked as error:
                return await self._not_published(claim, error, None)
            except (PlatformError, TimeoutError) as error:
                retry_after = error.retry_after if isinstance(error, PlatformError) else None
                await self._store.prepare_failed(claim, delay=rules.backoff(1, retry_after=retry_after))
                return self._result(claim, "later", f"preparing: {error}")
            await self._store.prepared(claim)
            return self._result(claim, "prepared")
        except LeaseLost:
            return self._result(claim, "lost", "another worker took it over")
        except Exception as error:
            logger.exception("post %s: unexpected %s while preparing", claim.id, type(error).__name__)
            return self._result(claim, "lost", f"unexpected {type(error).__name__}")

    async def _prepare(self, claim: Claim) -> None:
        platform = self._platforms[claim.platform]

        async def remember(kind: str, handle: str) -> None:
            await self._store.remember(claim, kind, handle)

        async def make(account: Account) -> Account:
            async with asyncio.timeout(self._limits.timeout):
                await platform.prepare(account, claim.final_content(), dict(claim.handles), remember)
            return account

        await self.gate.prepared(claim, await self._access.calling(claim, make))

    async def _publish(self, claim: Claim, answered: Callable[[], None]) -> Result:
        now = datetime.now(UTC)
        if rules.is_missed(claim.scheduled_for, claim.approved_at, now, self._limits.missed_after):
            await self._store.failed(claim, MISSED, outcome="refused")
            return self._result(claim, "missed", MISSED)
        if rules.is_over(claim.event_ends_at, now):
            await self._store.failed(claim, OVER, outcome="refused")
            return self._result(claim, "missed", OVER)
        platform = self._platforms[claim.platform]
        intent_written = False
        account: Account | None = None
        lateness: float | None = None
        try:
            content = claim.final_content()
            account = await self._access.account_of(claim)
            if platform.capabilities.prepares and (claim.retry_count or not self._is_prepared(claim, now)):
                # Not made ahead (approved late), vanished (the account was away for days), or an earlier try failed and
                # its handles have to be checked again.
                await self._prepare(claim)
            await self.gate.begin(claim, account, margin=self._limits.timeout)
            intent_written = True
            await self._until(claim)
            if time.monotonic() > claim.lease_until - self._limits.timeout:
                raise TryLater("this machine was too slow to keep its lease; nothing was sent")
            lateness = self._lateness(claim)
            async with asyncio.timeout(self._limits.timeout):
                result = await platform.publish(account, content, dict(claim.handles))
        except PlatformError as error:
            if account is not None and is_token_rejected(error):
                return await self._with_another_token(claim, account, error, lateness)
            return await self._not_published(claim, error, lateness)
        except LeaseLost:
            raise
        except Exception as error:
            what = "no answer in time" if isinstance(error, TimeoutError) else f"unexpected {type(error).__name__}"
            if not intent_written:
                return await self._not_published(claim, TryLater(f"before the call: {what}"), None)
            if not isinstance(error, TimeoutError):
                logger.exception("post %s: unexpected error after the intent", claim.id)
            return await self._not_published(claim, InDoubt(what), lateness)
        answered()
        return await self._accept(claim, result, lateness, "published")

    def _is_prepared(self, claim: Claim, now: datetime) -> bool:
        lives = self._platforms[claim.platform].capabilities.handles_live_seconds
        return claim.prepared_hash == claim.content_hash and rules.is_alive(claim.prepared_at, lives, now)

    async def _with_another_token(
        self, claim: Claim, refused: Account, error: PlatformError, lateness: float | None
    ) -> Result:
        """The platform refused the token, so nothing was published: make another one and try again at once."""
        try:
            await self._access.replace(claim, refused, error)
        except PlatformError as failure:
            return await self._not_published(claim, failure, lateness)
        await self._store.later(claim, error, delay=0, outcome="try_later", counts=True)
        return self._result(claim, "later", "the access was renewed", lateness=lateness)

    async def complete(self, claim: Claim, platform_post_id: str) -> None:
        """Fetch the public address of a post that was just published; unimportant enough to fail quietly."""
        try:
            account = await self._access.account_of(claim)
            async with asyncio.timeout(self._limits.timeout):
                seen = await self._platforms[claim.platform].follow(account, platform_post_id)
            if seen.permalink:
                await self._store.permalink(claim, seen.permalink)
        except Exception as error:
            logger.info("post %s: no public address yet (%s)", claim.id, type(error).__name__)

    async def _not_published(self, claim: Claim, error: PlatformError, lateness: float | None) -> Result:
        store = self._store
        if isinstance(error, Paced):
            return await self._paced(claim, error)
        if isinstance(error, Blocked):
            delay = error.retry_after or rules.LONGEST_DELAY
            await store.later(claim, error, delay=delay, outcome="try_later", counts=False)
            await self.gate.heard(claim, error)
            return self._result(claim, "later", error.message)
        if isinstance(error, InDoubt):
            await store.in_doubt(claim, error.message, delay=rules.FIRST_LOOK_DELAY, error=error)
            return self._result(claim, "in_doubt", error.message, lateness=lateness)
        if isinstance(error, Refused):
            await store.failed(claim, error.message, outcome="refused", error=error)
            return self._result(claim, "refused", error.message, lateness=lateness)
        if isinstance(error, ReconnectNeeded):
            words = await self._access.hold(claim, error)
            # Held, it keeps its place in the order of the account's posts.
            again = rules.FIRST_DELAY if words is None else None
            await store.later(claim, error, delay=again, outcome="reconnect", counts=False, words=words)
            return self._result(claim, "reconnect", words or error.message)
        if isinstance(error, OperatorNeeded):
            await store.later(claim, error, delay=rules.OPERATOR_DELAY, outcome="operator", counts=False)
            return self._result(claim, "operator", error.message)
        failures = claim.retry_count + 1
        if failures >= rules.MAX_ATTEMPTS:
            message = f"Given up after {failures} attempts; the last answer was: {error.message}"
            await store.failed(claim, message, outcome="try_later", error=error)
            return self._result(claim, "refused", message, lateness=lateness)
        delay = rules.backoff(failures, retry_after=error.retry_after)
        await store.later(claim, error, delay=delay, outcome="try_later", counts=True)
        return self._result(claim, "later", error.message, lateness=lateness)

    async def _paced(self, claim: Claim, error: Paced) -> Result:
        await self._store.paced(claim, error, delay=error.retry_after or rules.FIRST_DELAY)
        await self.gate.heard(claim, error)
        return self._result(claim, "paced", error.message)

    async def _accept(self, claim: Claim, result: Published, lateness: float | None, reason: str) -> Result:
        if result.state == "PROCESSING":
            delay = rules.FOLLOW_DELAYS[0]
            await self._store.processing(
                claim, result, delay=delay, reason="taken by the platform, not shown yet", first=True
            )
            return self._result(claim, "processing", link=result.permalink, lateness=lateness)
        await self._store.published(claim, result, reason=reason)
        live = self._result(claim, "published", reason, link=result.permalink, lateness=lateness)
        return replace(live, platform_post_id=result.platform_post_id)

    async def _look(self, claim: Claim, since: datetime) -> Result:
        platform = self._platforms[claim.platform]
        again = rules.look_delay((datetime.now(UTC) - since).total_seconds())

        async def see(account: Account) -> Look:
            async with asyncio.timeout(self._limits.timeout):
                return await platform.look(account, claim.final_content(), dict(claim.handles), window_start(since))

        try:
            look = await self._access.calling(claim, see)
        except ReconnectNeeded as error:
            words = await self._access.hold(claim, error) or error.message
            message = f"{words} Whether this post went out is found out once you have reconnected."
            await self._store.in_doubt(claim, message, delay=rules.FIRST_DELAY, since=since)
            return self._result(claim, "in_doubt", message)
        except Paced as error:
            return await self._paced(claim, error)
        except (PlatformError, TimeoutError) as error:
            await self.gate.heard(claim, error)
            message = f"the platform cannot be asked yet: {error or 'no answer in time'}"
            asked = error.retry_after if isinstance(error, PlatformError) else None
            await self._store.in_doubt(claim, message, delay=max(again, asked or 0.0), since=since)
            return self._result(claim, "in_doubt", message)

        if look.certainty is Certainty.ABSENT:
            await self._store.absent(claim, reason="the platform says that it was not published: sent again")
            return self._result(claim, "absent")
        found = await self._ours(claim, look, since)
        if found is not None:
            return await self._adopt(claim, found, since)
        if look.certainty is Certainty.PUBLISHED:
            # It is there for certain, but which one it is does not show yet: nothing may be sent again.
            message = "it was published, but the platform does not list it yet"
            await self._store.in_doubt(claim, message, delay=again, since=since)
            return self._result(claim, "in_doubt", message)

        settle = timedelta(seconds=self._limits.settle)
        if rules.after_absent(claim.seen_absent_at, datetime.now(UTC), settle) is AfterLook.SEND_AGAIN:
            reason = f"not on the platform at two looks {self._limits.settle:g} s apart: sent again"
            await self._store.absent(claim, reason=reason)
            return self._result(claim, "absent", reason)
        message = "not seen on the platform yet; it is looked for once more"
        await self._store.in_doubt(claim, message, delay=self._limits.settle, since=since, seen_absent=True)
        return self._result(claim, "in_doubt", message)

    async def _ours(self, claim: Claim, look: Look, since: datetime) -> Sighting | None:
        """The post among those seen that is this one, and no other post's."""
        taken = await self._store.taken_ids(claim, [s.platform_post_id for s in look.sightings])
        if look.certainty is Certainty.PUBLISHED:
            return next((s for s in look.sightings if s.platform_post_id not in taken), None)
        match = rules.match(
            claim.final_content().text,
            since,
            [Seen(s.platform_post_id, s.text, s.created_at, s.ours) for s in look.sightings],
            taken,
        )
        return next((s for s in look.sightings if match and s.platform_post_id == match.platform_post_id), None)

    async def _adopt(self, claim: Claim, seen: Sighting, since: datetime) -> Result:
        adopted = Published(
            platform_post_id=seen.platform_post_id,
            permalink=seen.permalink,
            state=seen.state,
            # A prepared post may carry the time at which it was made, unseen.
            published_at=max(seen.created_at, since),
        )
        if seen.state not in ("LIVE", "PROCESSING"):
            # Taken and then rejected: reading it tells why.
            await self._store.processing(
                claim, replace(adopted, state="PROCESSING"), delay=0, reason=f"found as {seen.state}", first=True
            )
            return self._result(claim, "processing", f"found as {seen.state}")
        return await self._accept(claim, adopted, None, "found on the platform after a lost answer")

    async def _follow(self, claim: Claim, platform_post_id: str) -> Result:
        platform = self._platforms[claim.platform]
        age = (datetime.now(UTC) - (claim.first_attempt_at or claim.scheduled_for)).total_seconds()
        still = Published(platform_post_id=platform_post_id, state="PROCESSING")
        delay = rules.follow_delay(age)

        async def read(account: Account) -> Published:
            async with asyncio.timeout(self._limits.timeout):
                return await platform.follow(account, platform_post_id)

        try:
            result = await self._access.calling(claim, read)
        except Refused as error:
            await self._store.failed(claim, error.message, outcome="refused", error=error)
            return self._result(claim, "refused", error.message)
        except ReconnectNeeded as error:
            words = await self._access.hold(claim, error) or error.message
            await self._store.processing(claim, still, delay=delay, reason=words, first=False)
            return self._result(claim, "reconnect", words)
        except Paced as error:
            return await self._paced(claim, error)
        except (PlatformError, TimeoutError) as error:
            later = max(delay, rules.FOLLOW_AFTER_TROUBLE)
            await self._store.processing(claim, still, delay=later, reason=str(error), first=False)
            await self.gate.heard(claim, error)
            return self._result(claim, "processing", str(error))
        if result.state == "PROCESSING":
            await self._store.processing(claim, result, delay=delay, reason="still processing", first=False)
            return self._result(claim, "processing", link=result.permalink)
        await self._store.published(claim, result, reason="shown by the platform")
        return self._result(claim, "published", link=result.permalink)

    @staticmethod
    async def _until(claim: Claim) -> None:
        """Sleep until the post's second, by the database's clock."""
        for _ in range(2):  # a timer may fire a little early
            if (wait := claim.seconds_left) > 0:
                await asyncio.sleep(wait)

    @staticmethod
    def _lateness(claim: Claim) -> float | None:
        """Seconds after its time; None for a repeated try and for one that was approved after its time."""
        if claim.retry_count or (claim.approved_at is not None and claim.approved_at > claim.scheduled_for):
            return None
        return -claim.seconds_left

    @staticmethod
    def _result(
        claim: Claim, outcome: str, message: str = "", *, link: str | None = None, lateness: float | None = None
    ) -> Result:
        return Result(
            post_id=str(claim.id),
            platform=claim.platform,
            account=claim.platform_account_id,
            outcome=outcome,
            message=message,
            link=link,
            lateness=lateness,
        )
