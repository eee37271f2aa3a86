"""A round over many accounts' access: a few at once, in bounded time, a platform in trouble left alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from models.account_status import PLATFORM_NAMES, TESTING
from models.token_schedule import kind_of
from tasks.batches import Breaker, Problems, Rows, work_through
from tasks.tokens.renewal import End, Renewal
from tasks.tokens.stored import StoredAccount

AT_ONCE = 20
MOST_ACCOUNTS = 10_000  # one round reads no more of them; the next run goes on
FAILURES_IN_A_ROW = 20  # so many without an answer, and a platform is left alone until the next run

_WORDS = {
    End.REFRESHED: "refreshed",
    End.CHECKED: "checked",
    End.LATER: "to be tried again later",
    End.RECONNECT: "waiting for their owner to connect again",
    End.OPERATOR: "waiting for the operator",
    End.ELSEWHERE: "done by another worker",
}


@dataclass(slots=True)
class Report:
    """What a round did."""

    idle: str  # its line when there was nothing to do
    ends: Counter[End] = field(default_factory=Counter)
    left: int = 0
    problems: Problems = field(default_factory=Problems)
    table: Rows = field(default_factory=Rows)

    def add(self, account: StoredAccount, renewal: Renewal) -> None:
        """Count one account."""
        self.ends[renewal.end] += 1
        self.table.add(_row(account, renewal), trouble=renewal.error is not None)
        if renewal.error is None:
            return
        if renewal.end is End.OPERATOR:
            self.problems.add(f"{_name(account)}: {renewal.error.message}")
        if renewal.error.code == TESTING:
            self.problems.add(
                "Google: connections end after seven days: the OAuth consent screen seems to be in testing, publish it"
            )

    @property
    def rows(self) -> list[dict[str, Any]]:
        """For the run's table; never a token in it."""
        return self.table.told()

    @property
    def summary(self) -> str:
        """One line."""
        parts = [f"{self.ends[end]} {text}" for end, text in _WORDS.items() if self.ends[end]]
        if self.left:
            parts.append(f"{self.left} left for the next run")
        return ", ".join(parts) or self.idle

    @property
    def problem(self) -> str | None:
        """Why a person has to act on our own set-up, in one line; None when nobody has to."""
        return self.problems.line


class Round:
    """Does the same with each of a list of accounts."""

    def __init__(self, work: Callable[[StoredAccount], Awaitable[Renewal]], *, idle: str, seconds: float) -> None:
        """`work` handles its own errors; `seconds` is how long new ones are begun."""
        self._work = work
        self._seconds = seconds
        self._breaker = Breaker(FAILURES_IN_A_ROW)
        self.report = Report(idle=idle)

    async def run(self, accounts: list[StoredAccount], *, at_once: int = AT_ONCE) -> Report:
        """Go through them, the first ones first."""
        left = await work_through(accounts, self._one, at_once=at_once, seconds=self._seconds)
        self.report.left += left
        return self.report

    async def _one(self, account: StoredAccount) -> None:
        kind = kind_of(account.platform, account.login_provider)
        if self._breaker.is_open(kind):
            self.report.left += 1
            return
        renewal = await self._work(account)
        self.report.add(account, renewal)
        self._breaker.heard(kind, renewal.error)


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
