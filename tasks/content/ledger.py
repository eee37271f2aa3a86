"""The ledger of what writing costs: reserved before a call, settled after it, within a cap per owner and month.

A reservation is the most that its call can cost, so that the cap holds whatever comes back. Reservations of one owner
wait for each other (a lock in the database), those of different owners do not.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection

from models.ai_prices import Price, PriceList, Tokens, UnknownPrice, cost, most
from models.base import utc_now
from models.database import Role, session
from models.queries import query
from platforms.openai_forms import Usage

HOLD = timedelta(minutes=30)  # a call is over long before; who died after reserving frees it then
HOLD_BATCH = timedelta(hours=48)


class BudgetSpent(Exception):
    """The owner's month has no room for another call; the text says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Room for one call."""

    call_id: UUID
    price: Price | None  # None = we do not know it any more
    batch: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A call that is about to be made: `prompt_bytes` and `output_tokens` bound what it can use."""

    user_id: UUID
    model: str
    prompt_bytes: int
    output_tokens: int
    batch: bool = False


class Ledger:
    """The ledger that all workers share."""

    def __init__(self, prices: PriceList, budget_usd: Decimal) -> None:
        """`budget_usd` caps each owner's month."""
        self._prices = prices
        self._budget = budget_usd

    def check(self, model: str) -> None:
        """Raises UnknownPrice when there is no price for a model today."""
        self._prices.price(model, utc_now().date())

    def price(self, model: str, on: date) -> Price | None:
        """What a model cost on a day; None when we do not know it (any more)."""
        try:
            return self._prices.price(model, on)
        except UnknownPrice:
            return None

    async def reserve(self, wish: Wish) -> Reservation:
        """Room for a call, until it is settled or its time is over. Raises BudgetSpent, UnknownPrice."""
        return await asyncio.to_thread(self._reserve, wish)

    def _reserve(self, wish: Wish) -> Reservation:
        with session(Role.WORKER) as db:
            reservation = self.reserve_on(db.connection(), wish)
        if reservation is None:
            raise BudgetSpent(f"this month's budget for writing (${self._budget.normalize():f}) is used up")
        return reservation

    def reserve_on(self, connection: Connection, wish: Wish) -> Reservation | None:
        """The same inside a transaction of the caller; None when the month has no room."""
        price = self._prices.price(wish.model, utc_now().date())
        amount = most(price, prompt_bytes=wish.prompt_bytes, output_tokens=wish.output_tokens, batch=wish.batch)
        connection.exec_driver_sql(query("lock_ai_budget"), {"user_id": wish.user_id})
        reserved = connection.exec_driver_sql(
            query("reserve_ai_call"),
            {
                "id": uuid4(),
                "user_id": wish.user_id,
                "model": wish.model,
                "batch": wish.batch,
                "price_date": price.since,
                "amount": amount,
                "hold": HOLD_BATCH if wish.batch else HOLD,
                "budget": self._budget,
            },
        ).scalar()
        return None if reserved is None else Reservation(call_id=reserved, price=price, batch=wish.batch)

    def free_on(self, connection: Connection, reservation: Reservation) -> None:
        """Give a reservation back that no call will be made for, inside a transaction of the caller."""
        connection.exec_driver_sql(query("settle_ai_call"), _values(reservation, Usage(), outcome="not_billed", cost=0))

    async def settle(
        self, reservation: Reservation, usage: Usage | None, model: str | None, *, billed: bool
    ) -> Decimal:
        """Note what a call cost, and return it in US dollars.

        Without `usage` it has failed: one that may have been billed costs all that was reserved, another nothing.
        `model` is the one that answered, whose price counts; that of the one that was asked where we know no other.
        """
        return await asyncio.to_thread(self._settle, reservation, usage, model, billed)

    def _settle(self, reservation: Reservation, usage: Usage | None, model: str | None, billed: bool) -> Decimal:
        price = (model and self.price(model, utc_now().date())) or reservation.price
        if usage is not None and price is not None:
            used = Tokens(
                input=usage.input_tokens,
                cached=usage.cached_tokens,
                cache_write=usage.cache_write_tokens,
                output=usage.output_tokens,
            )
            values = _values(
                reservation,
                usage,
                outcome="answered",
                cost=cost(price, used, batch=reservation.batch),
                model=model,
                price_date=price.since,
            )
        elif billed:
            values = _values(reservation, usage or Usage(), outcome="unknown", cost=None)
        else:
            values = _values(reservation, Usage(), outcome="not_billed", cost=0)
        with session(Role.WORKER) as db:
            settled = db.connection().exec_driver_sql(query("settle_ai_call"), values).scalar()
        return Decimal(settled or 0)


def _values(
    reservation: Reservation,
    usage: Usage,
    *,
    outcome: str,
    cost: Decimal | int | None,
    model: str | None = None,
    price_date: date | None = None,
) -> dict[str, Any]:
    """The parameters of settle_ai_call; no cost = all that was reserved."""
    names = ("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens")
    counted = {name: getattr(usage, name) for name in names}
    told = {"outcome": outcome, "cost": cost, "model": model, "price_date": price_date}
    return {"id": reservation.call_id, **told, **counted}
