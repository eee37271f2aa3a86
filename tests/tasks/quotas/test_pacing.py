"""Budgets in the real database: one statement, any number of workers, never more than the limit."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from models.queries import query
from models.quota_rules import Budget, Ledger, Purpose
from platforms.errors import Paced
from tasks.quotas import pacing
from tasks.quotas.pacing import Pacer
from tasks.quotas.rows import LazyRows

LIMIT = 40
WIDE = Budget(name="google", limit=LIMIT, window=600)


def take(db: psycopg.Connection[Any], budget: Budget, want: int, purpose: Purpose) -> dict[str, Any]:
    """One statement of the product."""
    asked = {
        "quota": budget.name,
        "want": want,
        "limit": budget.limit_for(purpose),
        "window": budget.window,
        "step": budget.slot_seconds,
    }
    row = db.cursor(row_factory=dict_row).execute(query("take_quota").encode(), asked).fetchone()
    assert row is not None
    return row


def test_the_statement_reckons_as_the_rule_does(owner: psycopg.Connection[Any]) -> None:
    dice = random.Random(5)
    budget = Budget(name="b", limit=25, window=0.3)
    owner.execute(query("open_quota").encode(), {"quota": "b"})
    ledger = Ledger()
    ends = set()
    for step in range(150):
        fresh = step % 50 == 0  # nothing of the window before is left
        time.sleep(0.35 if fresh else dice.choice((0, 0, 0.002, 0.02)))
        want, purpose = 8 if fresh else dice.randint(1, 8), dice.choice(tuple(Purpose))
        row = take(owner, budget, want, purpose)
        granted, ledger = ledger.take(budget, row["at"], want, purpose)
        ends.add(granted)
        assert row["granted"] == granted
        assert (row["slots"] is None) == (granted == want)
        stored = owner.execute("SELECT slots, counts FROM shared_quotas").fetchone()
        assert stored is not None
        assert (list(ledger.slots), list(ledger.counts)) == (stored[0], stored[1])
    assert {0, 8} <= ends, "both plenty and nothing were met"


def test_many_workers_at_once_never_exceed_a_window_that_moves(database_url: str, owner: Any) -> None:
    budget = Budget(name="b", limit=30, window=0.4)
    owner.execute(query("open_quota").encode(), {"quota": "b"})
    granted: list[tuple[float, int]] = []
    end = time.monotonic() + 2.0

    def greedy(seed: int) -> None:
        dice = random.Random(seed)
        with psycopg.connect(database_url, autocommit=True) as db:
            while time.monotonic() < end:
                row = take(db, budget, dice.randint(1, 7), Purpose.PUBLISHING)
                granted.append((row["at"], row["granted"]))

    workers = [threading.Thread(target=greedy, args=(seed,)) for seed in range(5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for at, _ in granted:
        assert sum(n for other, n in granted if at - budget.window <= other <= at) <= budget.limit
    first, last = min(granted)[0], max(granted)[0]
    windows = int((last - first) / (budget.window + budget.slot_seconds))
    assert sum(n for _, n in granted) >= budget.limit * max(1, windows - 1), "what is free is given"


@pytest.fixture
async def rows(database_url: str) -> AsyncIterator[LazyRows]:
    opened = LazyRows(lambda: database_url)
    yield opened
    await opened.close()


async def test_calls_of_one_moment_share_a_statement_and_are_refused_one_by_one(
    rows: LazyRows, owner: psycopg.Connection[Any]
) -> None:
    asked: list[str] = []

    async def counting(name: str, **params: Any) -> list[dict[str, Any]]:
        asked.append(name)
        return await rows(name, **params)

    pacer = Pacer(counting, {"google": WIDE})
    ends = await asyncio.gather(
        *(pacer.take("google", Purpose.PUBLISHING) for _ in range(LIMIT + 10)), return_exceptions=True
    )
    refused = [end for end in ends if isinstance(end, Paced)]
    assert ends.count(None) == LIMIT
    assert len(refused) == 10
    assert all(0 < (error.retry_after or 0) <= 600 + 10 and error.http_status is None for error in refused)
    assert len(asked) <= 5, "the first one alone, then all the others together"


async def test_a_reserved_place_is_the_calls_place(rows: LazyRows, owner: psycopg.Connection[Any]) -> None:
    pacer = Pacer(rows, {"google": WIDE})
    pace = pacer.pace_of("google")
    assert pace is not None

    async def one() -> None:
        await pacer.reserve("google")
        await pace("publishing")

    await asyncio.gather(*(one() for _ in range(LIMIT)))
    assert (await pacer.room("google"))[0] == 0
    with pytest.raises(Paced):
        await pace("publishing")


async def test_a_place_that_was_reserved_too_long_ago_is_not_called_with(
    rows: LazyRows, owner: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.quota_rules.LAG", 0.0)
    pacer = Pacer(rows, {"google": WIDE})
    pace = pacer.pace_of("google")
    assert pace is not None
    await pacer.reserve("google")
    await pace("publishing")
    assert (await pacer.room("google"))[0] == LIMIT - 2


async def test_a_reservation_serves_one_call_only(rows: LazyRows, owner: psycopg.Connection[Any]) -> None:
    pacer = Pacer(rows, {"google": WIDE})
    pace = pacer.pace_of("google")
    assert pace is not None
    await pacer.reserve("google")
    await pace("publishing")
    await pace("publishing")
    assert (await pacer.room("google"))[0] == LIMIT - 2


async def test_numbers_wait_for_room_and_leave_a_fifth_for_posts(
    rows: LazyRows, owner: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "PATIENCE", {Purpose.PUBLISHING: 0.0, Purpose.ANALYTICS: 30.0})
    pacer = Pacer(rows, {"google": Budget(name="google", limit=10, window=1.0)})
    began = time.monotonic()
    await asyncio.gather(*(pacer.take("google", Purpose.ANALYTICS) for _ in range(8)))
    await pacer.take("google", Purpose.PUBLISHING)
    await pacer.take("google", Purpose.ANALYTICS)
    assert time.monotonic() - began > 0.9


async def test_impatient_numbers_give_up(rows: LazyRows, owner: psycopg.Connection[Any]) -> None:
    pacer = Pacer(rows, {"google": Budget(name="google", limit=10, window=3600.0)})
    await asyncio.gather(*(pacer.take("google", Purpose.ANALYTICS) for _ in range(8)))
    with pytest.raises(Paced, match="used up"):
        await pacer.take("google", Purpose.ANALYTICS)


async def test_without_the_database_nothing_is_called() -> None:
    async def away(name: str, **params: Any) -> list[dict[str, Any]]:
        raise psycopg.OperationalError("gone")

    with pytest.raises(Paced) as raised:
        await Pacer(away, {"google": WIDE}).take("google", Purpose.PUBLISHING)
    assert (raised.value.code, raised.value.http_status) == ("quota_unknown", None)


async def test_platforms_without_a_budget_ask_nobody() -> None:
    async def never(name: str, **params: Any) -> list[dict[str, Any]]:
        raise AssertionError(name)

    pacer = Pacer(never, {})
    assert pacer.pace_of("google") is None
    await pacer.reserve("facebook")
