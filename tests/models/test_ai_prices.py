"""What calls cost, to the last digit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.ai_prices import PriceList, Tokens, UnknownPrice, cost, most, own_prices, shipped
from models.settings import Settings

TODAY = date(2026, 11, 28)
LUNA = PriceList().price("gpt-6-luna", TODAY)


def test_the_default_model_has_a_price() -> None:
    assert PriceList().price(Settings.model_fields["openai_model"].default, TODAY) == LUNA


def test_the_table_is_sane() -> None:
    assert len({(price.model, price.since) for price in shipped()}) == len(shipped())
    for price in shipped():
        assert 0 < price.cached <= price.input <= price.cache_write < price.output, price.model


@pytest.mark.parametrize("name", ["gpt-6-luna-2026-09-22", "gpt-6-luna"])
def test_a_dated_name_costs_what_its_model_costs(name: str) -> None:
    assert PriceList().price(name, TODAY) == LUNA


def test_an_alias_is_the_model_that_it_stands_for() -> None:
    assert PriceList().price("gpt-5.6", TODAY).model == "gpt-5.6-sol"


@pytest.mark.parametrize(("day", "output"), [(date(2026, 11, 21), "20"), (date(2026, 11, 22), "30")])
def test_the_price_is_that_of_the_day(day: date, output: str) -> None:
    assert PriceList().price("gpt-5.6-sol", day).output == Decimal(output)


@pytest.mark.parametrize("model", ["gpt-7", "llama3:8b", "", "gpt-6-luna-mini"])
def test_a_model_without_a_price_is_an_error_that_says_what_to_do(model: str) -> None:
    with pytest.raises(UnknownPrice, match=f"{model!r}.*POSTAGENT_AI_PRICES"):
        PriceList().price(model, TODAY)


def test_a_price_does_not_hold_before_its_day() -> None:
    with pytest.raises(UnknownPrice):
        PriceList().price("gpt-6-luna", date(2026, 9, 21))


def test_ones_own_prices_come_first_and_may_be_zero() -> None:
    prices = PriceList(own_prices(" llama3:8b=0/0/0/0, gpt-6-luna = 1/0.1/1.25/5 "))
    assert prices.price("llama3:8b", TODAY).output == 0
    assert prices.price("gpt-6-luna-2026-09-22", TODAY).output == 5
    assert prices.price("gpt-6-sol", TODAY) == PriceList().price("gpt-6-sol", TODAY)


@pytest.mark.parametrize("text", ["gpt-7", "gpt-7=1/2/3", "gpt-7=1/2/3/x", "=1/1/1/1", "a=1/1/1/-1", "a=1/1/1/nan"])
def test_a_price_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="cannot be read; write model=input"):
        own_prices(f"x=1/1/1/1,{text}")


def test_a_call_costs_each_kind_of_token_at_its_own_price() -> None:
    used = Tokens(input=4000, cached=2048, cache_write=1792, output=1000)
    assert cost(LUNA, used) == Decimal("0.0007604800")  # 160 x 0.10 + 2048 x 0.01 + 1792 x 0.125 + 1000 x 0.50
    assert cost(LUNA, used, batch=True) == Decimal("0.0003802400")


@given(
    st.integers(0, 300_000), st.floats(0, 1), st.floats(0, 1), st.integers(0, 50_000), st.booleans(),
    st.sampled_from(shipped()),
)  # fmt: skip
def test_no_call_costs_more_than_what_is_reserved_for_it(
    tokens: int, cached: float, written: float, output: int, batch: bool, price: object
) -> None:
    read = int(tokens * cached)
    used = Tokens(input=tokens, cached=read, cache_write=int((tokens - read) * written), output=output)
    reserved = most(price, prompt_bytes=tokens, output_tokens=output, batch=batch)  # type: ignore[arg-type]
    assert Decimal(0) <= cost(price, used, batch=batch) <= reserved  # type: ignore[arg-type]
