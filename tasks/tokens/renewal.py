"""Renewing one account's token: a lease in the row, the platform asked, the answer written by compare-and-set.

One refresher per account, on all machines: the lease is taken where the row still holds the token that was seen. No
transaction is open during a call. The result is written only over the very token that was renewed.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from pydantic import SecretStr

from models.account_tokens import seal_tokens
from models.crypto import key_ring
from models.settings import settings
from models.token_schedule import CHECK_AGAIN, RefreshRule, next_try
from platforms.base import Account, Platform, Tokens
from platforms.errors import OperatorNeeded, PlatformError, ReconnectNeeded, TryLater
from tasks.tokens.stored import StoredAccount, account_from_row, change, hold_account, refresh_token_of
from tasks.wiring import open_platforms

REFRESH_SECONDS = 60.0  # the longest a whole refresh may take
LEASE = timedelta(seconds=75)  # longer than that, so that a live refresher is never overtaken


class End(StrEnum):
    """How an attempt to renew a token ended."""

    REFRESHED = "refreshed"
    CHECKED = "checked"  # it cannot be renewed, but it works
    ELSEWHERE = "elsewhere"  # somebody else is at it, or was
    LATER = "later"
    RECONNECT = "reconnect"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """What came of it: the row as it is now, and the error where there was one."""

    end: End
    account: StoredAccount
    error: PlatformError | None = None


_under_way: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[UUID, asyncio.Task[Renewal]]] = WeakKeyDictionary()


async def renew(stored: StoredAccount, platforms: Mapping[str, Platform] | None, now: datetime) -> Renewal:
    """Renew the token of `stored` unless somebody else does; callers in one event loop share one attempt."""
    under_way = _under_way.setdefault(asyncio.get_running_loop(), {})
    running = under_way.get(stored.id)
    if running is None:
        running = asyncio.create_task(_renew_leased(stored, platforms, now), name=f"refresh {stored.id}")
        under_way[stored.id] = running
        running.add_done_callback(lambda _: under_way.pop(stored.id, None))
    return await asyncio.shield(running)


async def _renew_leased(stored: StoredAccount, platforms: Mapping[str, Platform] | None, now: datetime) -> Renewal:
    leasing = asyncio.ensure_future(change("lease_token_refresh", stored, lease=LEASE))
    ended = False
    try:
        if await asyncio.shield(leasing) is None:
            return Renewal(end=End.ELSEWHERE, account=stored)
        async with _given_or_opened(platforms) as clients:
            renewal = await _renew(stored, clients, now)
        ended = renewal.end is not End.ELSEWHERE
        return renewal
    finally:
        if not ended:  # the row changed, a cancellation, a bug: nobody shall wait for the lease to run out
            with suppress(Exception):
                await asyncio.shield(_give_back(stored, leasing))


async def _give_back(stored: StoredAccount, leasing: asyncio.Future[Mapping[str, Any] | None]) -> None:
    lease = await leasing
    if lease is not None:
        await change("release_token_refresh", stored, **lease)


@asynccontextmanager
async def _given_or_opened(platforms: Mapping[str, Platform] | None) -> AsyncIterator[Mapping[str, Platform]]:
    if platforms is not None:
        yield platforms
        return
    async with open_platforms(settings()) as opened:
        yield opened


async def _renew(stored: StoredAccount, platforms: Mapping[str, Platform], now: datetime) -> Renewal:
    """Ask the platform, and write what it said in one statement. The lease is held."""
    try:
        account = account_from_row(stored)
        refresh_token = refresh_token_of(stored)
        async with asyncio.timeout(REFRESH_SECONDS):
            tokens = await _ask(platforms[stored.platform], stored.rule, account, refresh_token, now)
    except ReconnectNeeded as error:
        return await hold(stored, error)
    except OperatorNeeded as error:
        await change("put_off_token_refresh", stored, refresh_after=None)
        return Renewal(end=End.OPERATOR, account=stored, error=error)
    except (PlatformError, TimeoutError) as error:
        # A refusal is no proof that the access is gone: it is asked again, and a real call will tell.
        reason = error if isinstance(error, PlatformError) else TryLater("the platform did not answer in time")
        again = next_try(
            stored.rule, stored.token_expires_at, now, retry_after=reason.retry_after, spread=random.random()
        )
        await change("put_off_token_refresh", stored, refresh_after=again)
        later = reason if isinstance(reason, TryLater) else TryLater(reason.message, code=reason.code)
        return Renewal(end=End.LATER, account=replace(stored, refresh_after=again), error=later)
    return await asyncio.shield(_save(stored, account, tokens, now))


async def hold(stored: StoredAccount, error: ReconnectNeeded) -> Renewal:
    """The owner has to connect again; the error says why as far as it is known."""
    why = await hold_account(stored, error)
    if why is None:
        return Renewal(end=End.ELSEWHERE, account=stored)  # connected anew meanwhile: that one counts
    known = ReconnectNeeded(error.message, http_status=error.http_status, code=why.code, trace_id=error.trace_id)
    return Renewal(end=End.RECONNECT, account=stored, error=known)


async def _ask(
    platform: Platform, rule: RefreshRule, account: Account, refresh_token: SecretStr | None, now: datetime
) -> Tokens:
    """Renew; where that needs the owner although the access itself may still work (a Page outlives the user token
    behind it), see whether it does."""
    try:
        return await platform.refresh(account, refresh_token, now)
    except ReconnectNeeded:
        if rule.ends:
            raise
    await platform.check(account)
    return Tokens(access_token=account.access_token)


async def _save(stored: StoredAccount, account: Account, tokens: Tokens, now: datetime) -> Renewal:
    is_new = tokens.access_token.get_secret_value() != account.access_token.get_secret_value()
    is_renewed = is_new or tokens.expires_at is not None
    expires_at = tokens.expires_at
    if not is_renewed and stored.token_expires_at is not None and stored.token_expires_at > now:
        expires_at = stored.token_expires_at  # only looked at: the end we know of stands
    sealed = seal_tokens(
        key_ring(),
        row_id=stored.id,
        user_id=stored.user_id,
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
    )
    changes = {
        "token_expires_at": expires_at,
        "last_refreshed_at": now if is_renewed else None,
        "refresh_after": None if is_renewed else now + CHECK_AGAIN,
    }
    saved = await change(
        "save_refreshed_token",
        stored,
        new_access=sealed.access_token_encrypted,
        new_refresh=sealed.refresh_token_encrypted,
        **changes,
    )
    if saved is None:  # connected anew meanwhile: that one counts
        return Renewal(end=End.ELSEWHERE, account=stored)
    account_now = replace(
        stored,
        access_token_encrypted=sealed.access_token_encrypted,
        refresh_token_encrypted=sealed.refresh_token_encrypted or stored.refresh_token_encrypted,
        token_expires_at=expires_at,
        refresh_after=changes["refresh_after"],
    )
    return Renewal(end=End.REFRESHED if is_renewed else End.CHECKED, account=account_now)
