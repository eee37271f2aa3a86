"""The deployment's second work: see whether access still works, before posts are due and where tokens die untold.

One cheap read an account, and none where something else worked a short while ago. What it finds out is told in the same
words, and holds the account in the same way, as when a post meets it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime

from prefect import task
from prefect.cache_policies import NO_CACHE

from models.account_status import access_ends
from models.base import utc_now
from models.settings import settings
from models.token_schedule import CHECK_AGAIN, PREFLIGHT_AHEAD, PROOF_LASTS, RULES, to_be_told
from platforms.base import Platform
from platforms.errors import OperatorNeeded, PlatformError, ReconnectNeeded, TryLater
from tasks.tokens.access import calling
from tasks.tokens.batch import accounts
from tasks.tokens.renewal import End, Renewal, hold
from tasks.tokens.rounds import MOST_ACCOUNTS, Report, Round
from tasks.tokens.stored import StoredAccount, change, stored_account
from tasks.wiring import open_platforms

RUN_SECONDS = 240.0  # together with the renewals less than the 15 minutes until the next run
CHECK_SECONDS = 120.0  # the longest one look may take, a renewal and a wait for room in a quota included


def checking(platforms: Mapping[str, Platform], now: datetime, *, seconds: float = RUN_SECONDS) -> Round:
    """A round of looks. `now` is UTC; `seconds` is how long new ones are begun."""
    return Round(lambda account: check(account, platforms, now), idle="no account had to be checked", seconds=seconds)


def accounts_to_check(now: datetime, limit: int = MOST_ACCOUNTS) -> list[StoredAccount]:
    """Accounts whose access is to be looked at now, those with the next post first."""
    return accounts(
        "accounts_to_check",
        kinds=list(RULES),
        untold=[rule.dies_untold for rule in RULES.values()],
        ahead=PREFLIGHT_AHEAD,
        proof=PROOF_LASTS,
        again=CHECK_AGAIN,
        now=now,
        limit=limit,
    )


async def check(stored: StoredAccount, platforms: Mapping[str, Platform], now: datetime) -> Renewal:
    """Look at one account's access; a token that is refused is renewed first. Lost access is held, trouble for the
    moment changes nothing."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            standing = await calling(stored, platforms[stored.platform].check, platforms=platforms, now=now)
    except ReconnectNeeded as error:
        held = await hold(stored, error)
        return held if held.end is End.RECONNECT else await _as_it_is(stored, error)
    except OperatorNeeded as error:
        return Renewal(end=End.OPERATOR, account=stored, error=error)
    except (PlatformError, TimeoutError) as error:
        known = error if isinstance(error, TryLater) else TryLater(str(error) or "the platform did not answer in time")
        return Renewal(end=End.LATER, account=stored, error=known)
    message = access_ends(stored.platform) if to_be_told(standing.ends_at, now) else None
    noted = {"checked_at": now, "access_ends_at": standing.ends_at, "message": message}
    await change("record_account_check", stored, **noted)
    return Renewal(end=End.CHECKED, account=stored)


async def _as_it_is(stored: StoredAccount, error: ReconnectNeeded) -> Renewal:
    """What it was not for us to hold: renewing it found out and held it, or it was connected anew, or is gone."""
    try:
        row = await stored_account(stored.id)
    except ReconnectNeeded:
        return Renewal(end=End.ELSEWHERE, account=stored)
    if row.status == "active":
        return Renewal(end=End.ELSEWHERE, account=row)
    return Renewal(end=End.RECONNECT, account=row, error=error)


@task(name="check accounts ahead", cache_policy=NO_CACHE, retries=0)
async def check_accounts_ahead() -> Report:
    """Look at what is due for it now. Not retried by Prefect: the next run looks again."""
    now = utc_now()
    due = await asyncio.to_thread(accounts_to_check, now)
    async with open_platforms(settings()) as platforms:
        return await checking(platforms, now).run(due)
