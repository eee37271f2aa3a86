"""The ledger on a real database: the cap holds under concurrency, dead reservations fall away, late ones count."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from models.ai_prices import PriceList, UnknownPrice, own_prices
from models.database import Role, make_engine
from platforms.errors import OperatorNeeded, TryLater
from platforms.openai_forms import Usage
from tasks.content.ledger import BudgetSpent, Ledger, Reservation, Wish
from tasks.content.paying import PaidWriter
from tests.factories import make_owner
from tests.tasks.content.fakes import FakeWriter

Connection = psycopg.Connection[Any]
MODEL = "gpt-6-luna"
# Whole cents: $1 a million bytes in and a million tokens out.
PRICES = PriceList(own_prices(f"{MODEL}=1/1/1/1,dear=2/2/2/2"))
USAGE = Usage(input_tokens=6000, cached_tokens=2000, cache_write_tokens=1000, output_tokens=1000)


def ledger(budget: str = "1") -> Ledger:
    return Ledger(PRICES, Decimal(budget))


def wish(user_id: UUID, *, model: str = MODEL, batch: bool = False) -> Wish:
    """A call for a cent."""
    return Wish(user_id=user_id, model=model, prompt_bytes=9000, output_tokens=1000, batch=batch)


@pytest.fixture
def user_id(owner: Connection) -> UUID:
    """An owner of whom nothing was written yet."""
    return make_owner(owner).user_id


@pytest.fixture
def rows(owner: Connection) -> Callable[[], list[dict[str, Any]]]:
    """The ledger's rows, oldest first."""

    def read() -> list[dict[str, Any]]:
        return owner.cursor(row_factory=dict_row).execute("SELECT * FROM ai_calls ORDER BY created_at, id").fetchall()

    return read


Rows = Callable[[], list[dict[str, Any]]]


async def test_a_call_is_reserved_at_its_most_and_settled_at_what_it_used(user_id: UUID, rows: Rows) -> None:
    books = ledger()
    room = await books.reserve(wish(user_id))
    (row,) = rows()
    assert (row["reserved"], row["cost"], row["outcome"]) == (Decimal("0.01"), None, None)
    assert (row["user_id"], row["model"], row["batch"]) == (user_id, MODEL, False)
    assert row["month"].day == 1
    assert await books.settle(room, USAGE, f"{MODEL}-2026-09-22", billed=True) == Decimal("0.007")
    (row,) = rows()
    assert (row["cost"], row["outcome"], row["model"]) == (Decimal("0.007"), "answered", f"{MODEL}-2026-09-22")
    counted = (row["input_tokens"], row["cached_tokens"], row["cache_write_tokens"], row["output_tokens"])
    assert counted == (6000, 2000, 1000, 1000)


async def test_a_batch_costs_half(user_id: UUID, rows: Rows) -> None:
    books = ledger()
    room = await books.reserve(wish(user_id, batch=True))
    assert await books.settle(room, USAGE, MODEL, billed=True) == Decimal("0.0035")
    assert rows()[0]["reserved"] == Decimal("0.005")


async def test_the_model_that_answered_sets_the_price(user_id: UUID) -> None:
    books = ledger()
    assert await books.settle(await books.reserve(wish(user_id)), USAGE, "dear", billed=True) == Decimal("0.014")
    assert await books.settle(await books.reserve(wish(user_id)), USAGE, "unheard-of", billed=True) == Decimal("0.007")


@pytest.mark.parametrize(("billed", "cost", "outcome"), [(True, "0.01", "unknown"), (False, "0", "not_billed")])
async def test_a_failed_call_costs_nothing_unless_it_may_have_been_billed(
    user_id: UUID, rows: Rows, billed: bool, cost: str, outcome: str
) -> None:
    books = ledger()
    assert await books.settle(await books.reserve(wish(user_id)), None, None, billed=billed) == Decimal(cost)
    assert (rows()[0]["cost"], rows()[0]["outcome"]) == (Decimal(cost), outcome)


async def test_a_call_is_settled_once(user_id: UUID, rows: Rows) -> None:
    books = ledger()
    room = await books.reserve(wish(user_id))
    await books.settle(room, USAGE, MODEL, billed=True)
    await books.settle(room, None, None, billed=False)
    assert rows()[0]["cost"] == Decimal("0.007")


async def test_beyond_the_cap_nothing_is_reserved(user_id: UUID, rows: Rows) -> None:
    books = ledger("0.025")
    rooms = [await books.reserve(wish(user_id)) for _ in range(2)]
    with pytest.raises(BudgetSpent, match=r"^this month's budget for writing \(\$0.025\) is used up$"):
        await books.reserve(wish(user_id))
    await books.settle(rooms[0], Usage(), MODEL, billed=True)  # it cost nothing: there is room again
    await books.reserve(wish(user_id))
    assert len(rows()) == 3


async def test_owners_and_months_do_not_share_a_cap(owner: Connection, user_id: UUID) -> None:
    books = ledger("0.01")
    await books.reserve(wish(user_id))
    await books.reserve(wish(make_owner(owner).user_id))
    owner.execute("UPDATE ai_calls SET month = month - interval '1 month'")
    await books.reserve(wish(user_id))


async def test_who_died_after_reserving_frees_it_after_a_time(owner: Connection, user_id: UUID) -> None:
    books = ledger("0.01")
    await books.reserve(wish(user_id))
    with pytest.raises(BudgetSpent):
        await books.reserve(wish(user_id))
    owner.execute("UPDATE ai_calls SET reserved_until = clock_timestamp()")
    await books.reserve(wish(user_id))


async def test_a_settlement_that_comes_late_still_counts(owner: Connection, user_id: UUID) -> None:
    books = ledger("0.016")
    room = await books.reserve(wish(user_id))
    owner.execute("UPDATE ai_calls SET reserved_until = clock_timestamp()")
    assert await books.settle(room, USAGE, MODEL, billed=True) == Decimal("0.007")
    with pytest.raises(BudgetSpent):
        await books.reserve(wish(user_id))  # 0.007 + 0.01 > 0.016


async def test_a_model_without_a_price_is_never_called(user_id: UUID, rows: Rows) -> None:
    with pytest.raises(UnknownPrice, match="'unheard-of'"):
        await ledger().reserve(wish(user_id, model="unheard-of"))
    with pytest.raises(UnknownPrice):
        ledger().check("unheard-of")
    assert rows() == []


def test_fifty_at_once_never_go_beyond_the_cap(
    owner: Connection, user_id: UUID, rows: Rows, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    engine = make_engine(database_url, Role.WORKER, pool_size=50)
    monkeypatch.setattr("models.database.engine", lambda role: engine)
    books, start = ledger("0.17"), Barrier(50)

    def one(_number: int) -> Reservation | None:
        start.wait(60)
        try:
            return books._reserve(wish(user_id))
        except BudgetSpent:
            return None

    try:
        with ThreadPoolExecutor(50) as pool:
            taken = [room for room in pool.map(one, range(50)) if room is not None]
            assert len(taken) == 17
            assert sum(row["reserved"] for row in rows()) == Decimal("0.17")
            # Every settlement frees some of it; again all want it at once.
            list(pool.map(lambda room: books._settle(room, USAGE, MODEL, True), taken))
            more = [room for room in pool.map(one, range(50)) if room is not None]
    finally:
        engine.dispose()
    assert len(more) == 5  # 17 x 0.007 = 0.119; 0.17 - 0.119 has room for five cents
    spent = owner.execute("SELECT sum(coalesce(cost, reserved)) FROM ai_calls").fetchone()
    assert spent == (Decimal("0.169"),)


class TestPaidWriter:
    """Every call of a writer is reserved before and settled after."""

    REQUEST: dict[str, Any] = {"slots": [{"slot": "a", "weekday": "Monday"}]}  # noqa: RUF012 - never changed

    async def _ask(self, writer: PaidWriter) -> Any:
        return await writer.write_week("REPAIR", self.REQUEST, MODEL, "k")

    async def test_knows_what_it_cost(self, user_id: UUID, rows: Rows) -> None:
        writer = PaidWriter(FakeWriter(), ledger(), user_id)
        await self._ask(writer)
        await self._ask(writer)
        assert writer.cost_usd == sum(row["cost"] for row in rows()) == Decimal("0.0021")  # 2 x (1000 + 50) tokens
        assert set(writer.call_ids) == {row["id"] for row in rows()}
        assert all(row["cost"] <= row["reserved"] for row in rows())

    @pytest.mark.parametrize(
        ("error", "outcome"),
        [
            (TryLater("busy", http_status=503), "not_billed"),
            (OperatorNeeded("no money", http_status=429, code="insufficient_quota"), "not_billed"),
            (TryLater("not reached", code="not_sent"), "not_billed"),
            (TryLater("no answer", code="no_answer"), "unknown"),
            (TryLater("dropped", code="connection_lost"), "unknown"),
            (TryLater("half an answer", code="unreadable"), "unknown"),
        ],
    )
    async def test_a_failure_is_settled_by_whether_it_may_be_on_the_bill(
        self, user_id: UUID, rows: Rows, error: Any, outcome: str
    ) -> None:
        writer = PaidWriter(FakeWriter(error), ledger(), user_id)
        with pytest.raises(type(error)):
            await self._ask(writer)
        (row,) = rows()
        assert row["outcome"] == outcome
        assert row["cost"] == writer.cost_usd == (row["reserved"] if outcome == "unknown" else 0)

    async def test_asks_nobody_when_the_budget_is_spent(self, user_id: UUID) -> None:
        fake = FakeWriter()
        with pytest.raises(BudgetSpent):
            await self._ask(PaidWriter(fake, ledger("0.0001"), user_id))
        assert fake.requests == []

    async def test_who_is_cancelled_leaves_only_a_reservation(self, user_id: UUID, rows: Rows) -> None:
        pause = asyncio.Barrier(2)
        asking = asyncio.create_task(self._ask(PaidWriter(FakeWriter(pause=pause), ledger(), user_id)))
        while not pause.n_waiting:
            await asyncio.sleep(0.001)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        (row,) = rows()
        assert row["settled_at"] is None
        assert row["reserved_until"] - row["created_at"] <= timedelta(minutes=30)
