"""Just in time: an account whose token is good for a call that begins now."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from models.base import utc_now
from models.token_schedule import is_over, needed_before_call
from platforms.base import Account, Platform
from platforms.errors import OperatorNeeded, PlatformError, ReconnectNeeded, TokenExpired, TryLater
from tasks.tokens.renewal import LEASE, End, renew
from tasks.tokens.stored import StoredAccount, account_from_row, hold_account, same_token, stored_account

T = TypeVar("T")

_POLL_SECONDS = (0.05, 0.1, 0.2, 0.4)


async def account_for_call(
    account_row_id: UUID, *, platforms: Mapping[str, Platform] | None = None, now: datetime | None = None
) -> Account:
    """The account of a row of connected_accounts, good for a call that begins now. See the top of the module."""
    return account_from_row(await _usable(await stored_account(account_row_id), platforms, now or utc_now()))


async def fresh_account(
    stored: StoredAccount, *, platforms: Mapping[str, Platform] | None = None, now: datetime | None = None
) -> Account:
    """The same for a row that was already read, without a query as long as its token is far from its end."""
    now = now or utc_now()
    if stored.status != "active" or needed_before_call(stored.rule, stored.token_expires_at, now):
        stored = await _usable(await stored_account(stored.id), platforms, now)
    return account_from_row(stored)


async def replace_rejected(
    account_row_id: UUID,
    rejected: Account,
    *,
    platforms: Mapping[str, Platform] | None = None,
    now: datetime | None = None,
) -> Account:
    """Another token than the `rejected` one: somebody's newer one, else it is renewed.

    When that one is rejected too the connection is lost: `hold_account`.
    """
    stored = await stored_account(account_row_id)
    fresh = account_from_row(stored)
    if fresh.access_token.get_secret_value() != rejected.access_token.get_secret_value():
        return await fresh_account(stored, platforms=platforms, now=now)
    return account_from_row(await _usable(stored, platforms, now or utc_now(), is_rejected=True))


async def calling(
    stored: StoredAccount,
    call: Callable[[Account], Awaitable[T]],
    *,
    platforms: Mapping[str, Platform] | None = None,
    now: datetime | None = None,
) -> T:
    """Make a call as the account. A token that the platform rejects is renewed and the call made once more; only for
    calls that are harmless to repeat, or certainly not done when the token is rejected.

    Raises what `call` raises. A connection that turns out to be lost is held.
    """
    account = await fresh_account(stored, platforms=platforms, now=now)
    try:
        return await call(account)
    except PlatformError as error:
        if not is_token_rejected(error):
            raise
    renewed = await replace_rejected(stored.id, account, platforms=platforms, now=now)
    try:
        return await call(renewed)
    except PlatformError as error:
        if not is_token_rejected(error):
            raise
        current = await stored_account(stored.id)
        if account_from_row(current).access_token == renewed.access_token:  # else it was connected anew meanwhile
            await hold_account(current, error)
        raise ReconnectNeeded(error.message, http_status=error.http_status, code=error.code) from None


def is_token_rejected(error: PlatformError) -> bool:
    """Whether the platform refused the token itself, not what was asked with it (Graph code 190, Google 401)."""
    code = error.code or ""
    if isinstance(error, OperatorNeeded):
        return False  # it was our app's own token
    return isinstance(error, TokenExpired) or code == "190" or code.startswith("190/")


async def _usable(
    stored: StoredAccount, platforms: Mapping[str, Platform] | None, now: datetime, *, is_rejected: bool = False
) -> StoredAccount:
    """`stored`, or its row with a renewed token. With `is_rejected` its own token will not do."""
    seen, deadline = stored, time.monotonic() + LEASE.total_seconds()
    pauses = iter(_POLL_SECONDS)
    while True:
        if seen.status != "active":
            raise ReconnectNeeded(seen.status_reason or "the account has to be connected again", code=seen.status)
        rejected = is_rejected and same_token(seen, stored)
        if not rejected and not needed_before_call(seen.rule, seen.token_expires_at, now):
            return seen
        good_for_now = not rejected and not is_over(seen.rule, seen.token_expires_at, now)
        # Who was rejected is not kept waiting: it is asked at once whether the connection is lost.
        if not rejected and seen.refresh_after is not None and seen.refresh_after > now:
            if good_for_now:
                return seen
            wait = (seen.refresh_after - now).total_seconds()
            raise TryLater("the access could not be renewed a moment ago", code="refresh_waits", retry_after=wait)
        renewal = await renew(seen, platforms, now)
        if renewal.end in (End.REFRESHED, End.CHECKED):
            return renewal.account
        if good_for_now and renewal.end is not End.RECONNECT:
            return seen
        if renewal.error is not None:
            raise renewal.error
        if time.monotonic() >= deadline:
            raise TryLater("another worker has been renewing the access for too long", code="refresh_waits")
        await asyncio.sleep(next(pauses, _POLL_SECONDS[-1]))
        seen = await stored_account(stored.id)
