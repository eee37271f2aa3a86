"""The deployment's work: renew every token whose end is near, a few at once, within bounded time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from models.account_status import PLATFORM_NAMES
from models.base import utc_now
from models.database import Role, session
from models.queries import query
from models.settings import settings
from models.token_schedule import RULES, kind_of
from platforms.base import Platform
from tasks.batches import Breaker, Problems, Rows, work_through
from tasks.tokens.renewal import End, Renewal, renew
from tasks.tokens.stored import StoredAccount
from tasks.wiring import open_platforms

AT_ONCE = 20
MOST_ACCOUNTS = 10_000  # one run reads no more of them; the next run goes on
RUN_SECONDS = 600.0  # after that nothing new is begun: the next run comes after 15 minutes
FAILURES_IN_A_ROW = 20  # so many without an answer, and a platform is left alone until the next run


@dataclass(slots=True)
class RefreshReport:
    """What a run did."""

    ends: Counter[End] = field(default_factory=Counter)
    left: int = 0
    problems: Problems = field(default_factory=Problems)
    table: Rows = field(default_factory=Rows)

    def add(self, account: StoredAccount, renewal: Renewal) -> None:
        """Count one account."""
        self.ends[renewal.end] += 1
        self.table.add(_row(account, renewal), trouble=renewal.error is not None)
        if renewal.end is End.OPERATOR and renewal.error is not None:
            self.problems.add(f"{_name(account)}: {renewal.error.message}")

    @property
    def rows(self) -> list[dict[str, Any]]:
        """For the run's table; never a token in it."""
        return self.table.told()

    @property
    def summary(self) -> str:
        """One line."""
        words = {
            End.REFRESHED: "refreshed",
            End.CHECKED: "checked",
            End.LATER: "to be tried again later",
            End.RECONNECT: "waiting for their owner to connect again",
            End.OPERATOR: "waiting for the operator",
            End.ELSEWHERE: "done by another worker",
        }
        parts = [f"{self.ends[end]} {text}" for end, text in words.items() if self.ends[end]]
        if self.left:
            parts.append(f"{self.left} left for the next run")
        return ", ".join(parts) or "no token was near its end"

    @property
    def problem(self) -> str | None:
        """Why a person has to act on our own set-up, in one line; None when nobody has to."""
        return self.problems.line


class Refresher:
    """Renews a list of accounts."""

    def __init__(self, platforms: Mapping[str, Platform], now: datetime, *, run_seconds: float = RUN_SECONDS) -> None:
        """`now` is UTC; `run_seconds` is how long new renewals are begun."""
        self._platforms = platforms
        self._now = now
        self._run_seconds = run_seconds
        self._breaker = Breaker(FAILURES_IN_A_ROW)
        self.report = RefreshReport()

    async def run(self, accounts: list[StoredAccount], *, at_once: int = AT_ONCE) -> RefreshReport:
        """Renew them, the first ones first."""
        left = await work_through(accounts, self._one, at_once=at_once, seconds=self._run_seconds)
        self.report.left += left
        return self.report

    async def _one(self, account: StoredAccount) -> None:
        kind = kind_of(account.platform, account.login_provider)
        if self._breaker.is_open(kind):
            self.report.left += 1
            return
        renewal = await renew(account, self._platforms, self._now)
        self.report.add(account, renewal)
        self._breaker.heard(kind, renewal.error)


def accounts_due(now: datetime, limit: int = MOST_ACCOUNTS) -> list[StoredAccount]:
    """Active accounts whose token is to be renewed now, the most urgent first."""
    rules = {
        "kinds": list(RULES),
        "ahead": [rule.ahead for rule in RULES.values()],
        "oldest": [rule.oldest or timedelta(days=36_500) for rule in RULES.values()],
        "youngest": [rule.youngest for rule in RULES.values()],
        "by_refresh_token": [rule.by_refresh_token for rule in RULES.values()],
    }
    with session(Role.WORKER) as db:
        found = db.connection().exec_driver_sql(query("accounts_to_refresh"), {**rules, "now": now, "limit": limit})
        return [StoredAccount.of(dict(row)) for row in found.mappings()]


@task(name="refresh due tokens", cache_policy=NO_CACHE, retries=0)
async def refresh_due_tokens() -> RefreshReport:
    """Renew what is due now. Not retried by Prefect: what did not work waits in the database for its time."""
    now = utc_now()
    due = await asyncio.to_thread(accounts_due, now)
    async with open_platforms(settings()) as platforms:
        return await Refresher(platforms, now).run(due)


def _name(account: StoredAccount) -> str:
    return PLATFORM_NAMES.get(account.platform, account.platform)


def _row(account: StoredAccount, renewal: Renewal) -> dict[str, Any]:
    ends = renewal.account.token_expires_at
    again = renewal.account.refresh_after if renewal.end is End.LATER else None
    note = renewal.error.message if renewal.error is not None else ""
    return {
        "platform": _name(account),
        "account": account.account_name or account.account_id,
        "result": renewal.end.value,
        "good until": f"{ends:%Y-%m-%d %H:%MZ}" if ends is not None else "",
        "note": f"{note} (again after {again:%H:%MZ})" if again is not None else note,
    }
