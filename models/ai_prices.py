"""What a call to a language model costs: a dated price table (ai_prices.toml), and exact arithmetic on it. No I/O
beyond that file.

A model without a price is an error, never a silent zero: nobody could keep to a budget that is not counted. Prices hold
for prompts below 272,000 tokens, which ours never reach.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache
from importlib.resources import files

_MILLION = Decimal(1_000_000)
_BATCH = Decimal("0.5")
_GRAIN = Decimal("0.0000000001")  # what the ledger's columns hold
_ALIASES = {"gpt-5.6": "gpt-5.6-sol"}
_DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")  # servers answer with "gpt-6-luna-2026-09-22"
_EXAMPLE = "model=input/cached/cache write/output in dollars per million tokens, such as gpt-7=1/0.1/1.25/5"


class UnknownPrice(ValueError):
    """We do not know what a model costs; the message names it and the setting to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars per million tokens of a model from the day `since` on."""

    model: str
    since: date
    input: Decimal
    cached: Decimal
    cache_write: Decimal
    output: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What one call used. Cached and cache-write tokens are part of the input."""

    input: int = 0
    cached: int = 0
    cache_write: int = 0
    output: int = 0


class PriceList:
    """Finds prices; the operator's own come before the shipped ones."""

    def __init__(self, own: Iterable[Price] = ()) -> None:
        self._own = {price.model: price for price in own}

    def price(self, model: str, on: date) -> Price:
        """The model's price on a day, also for its dated name or an alias. Raises UnknownPrice."""
        plain = _DATED.sub("", model)
        names = (model, plain, _ALIASES.get(plain, plain))
        for name in names:
            if name in self._own:
                return self._own[name]
        for name in names:
            if found := [price for price in shipped() if price.model == name and price.since <= on]:
                return max(found, key=lambda price: price.since)
        raise UnknownPrice(
            f"no price is known for the model {model!r}, so no budget can be kept: set POSTAGENT_AI_PRICES to "
            f"{_EXAMPLE} (0/0/0/0 for a model of your own)"
        )


@cache
def shipped() -> tuple[Price, ...]:
    """The rows of ai_prices.toml."""
    rows = tomllib.loads(files("models").joinpath("ai_prices.toml").read_text(encoding="utf-8"))["price"]
    return tuple(
        Price(
            model=row["model"],
            since=row["since"],
            input=Decimal(row["input"]),
            cached=Decimal(row.get("cached", row["input"])),
            cache_write=Decimal(row.get("cache_write", row["input"])),
            output=Decimal(row["output"]),
        )
        for row in rows
    )


def own_prices(text: str | None) -> list[Price]:
    """The setting AI_PRICES: entries separated by commas. Raises ValueError naming the first that cannot be read."""
    found: list[Price] = []
    for entry in filter(None, (part.strip() for part in (text or "").split(","))):
        model, equals, amounts = entry.rpartition("=")
        try:
            values = [Decimal(amount.strip()) for amount in amounts.split("/")]
        except InvalidOperation:
            values = []
        good = equals and model.strip() and len(values) == 4
        if not good or not all(value.is_finite() and value >= 0 for value in values):
            raise ValueError(f"{entry!r} cannot be read; write {_EXAMPLE}, several separated by commas")
        given, cached, written, told = values
        found.append(
            Price(model=model.strip(), since=date.min, input=given, cached=cached, cache_write=written, output=told)
        )
    return found


def cost(price: Price, used: Tokens, *, batch: bool = False) -> Decimal:
    """What a call cost, in US dollars."""
    plain = max(used.input - used.cached - used.cache_write, 0)
    whole = (
        plain * price.input
        + used.cached * price.cached
        + used.cache_write * price.cache_write
        + used.output * price.output
    )
    return (whole / _MILLION * (_BATCH if batch else 1)).quantize(_GRAIN, ROUND_HALF_UP)


def most(price: Price, *, prompt_bytes: int, output_tokens: int, batch: bool = False) -> Decimal:
    """What a call can cost at most: a token is at least one byte, and every one of them may be written to the cache."""
    dearest = max(price.input, price.cached, price.cache_write)
    whole = prompt_bytes * dearest + output_tokens * price.output
    return (whole / _MILLION * (_BATCH if batch else 1)).quantize(_GRAIN, ROUND_HALF_UP)
