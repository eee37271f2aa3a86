"""The deployment's first work: renew every token whose end is near."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from models.base import utc_now
from models.database import Role, session
from models.queries import query
from models.settings import settings
from models.token_schedule import RULES
from platforms.base import Platform
from tasks.tokens.renewal import renew
from tasks.tokens.rounds import MOST_ACCOUNTS, Report, Round
from tasks.tokens.stored import StoredAccount
from tasks.wiring import open_platforms

# After that nothing new is begun: the next run comes after 15 minutes, and the accounts of posts are looked at before.
RUN_SECONDS = 540.0


def refreshing(platforms: Mapping[str, Platform], now: datetime, *, seconds: float = RUN_SECONDS) -> Round:
    """A round that renews. `now` is UTC; `seconds` is how long new renewals are begun."""
    return Round(lambda account: renew(account, platforms, now), idle="no token was near its end", seconds=seconds)


def accounts_due(now: datetime, limit: int = MOST_ACCOUNTS) -> list[StoredAccount]:
    """Active accounts whose token is to be renewed now, the most urgent first."""
    return accounts(
        "accounts_to_refresh",
        kinds=list(RULES),
        ahead=[rule.ahead for rule in RULES.values()],
        oldest=[rule.oldest or timedelta(days=36_500) for rule in RULES.values()],
        youngest=[rule.youngest for rule in RULES.values()],
        by_refresh_token=[rule.by_refresh_token for rule in RULES.values()],
        now=now,
        limit=limit,
    )


def accounts(name: str, **values: Any) -> list[StoredAccount]:
    """The accounts that a named query finds."""
    with session(Role.WORKER) as db:
        found = db.connection().exec_driver_sql(query(name), values)
        return [StoredAccount.of(dict(row)) for row in found.mappings()]


@task(name="refresh due tokens", cache_policy=NO_CACHE, retries=0)
async def refresh_due_tokens() -> Report:
    """Renew what is due now. Not retried by Prefect: what did not work waits in the database for its time."""
    now = utc_now()
    due = await asyncio.to_thread(accounts_due, now)
    async with open_platforms(settings()) as platforms:
        return await refreshing(platforms, now).run(due)
