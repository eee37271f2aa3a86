"""The words about business and plan: what comes out of a wish is what the planner makes of it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dashboards.parts.profile import (
    accounts_used,
    review_told,
    time_choices,
    trade_choice,
    trade_names,
    trade_told,
    week_told,
    zone_choice,
    zone_names,
)
from models.calendar_slots import slots, zone
from models.plan_rights import PLANS
from models.profile_rules import time_of_day, time_words

NOW = datetime(2026, 11, 28, 16, tzinfo=UTC)
CHICAGO = zone("America/Chicago")
times = st.lists(st.times().map(lambda t: t.replace(second=0, microsecond=0)), max_size=4)


def test_a_week_is_told_in_one_sentence() -> None:
    usual = [time(9), time(13), time(17)]
    assert (
        week_told(3, usual, CHICAGO, NOW)
        == "Tuesday 9:00 AM; Thursday 1:00 PM; Saturday 5:00 PM, on each connected account."
    )
    assert week_told(21, usual, CHICAGO, NOW).startswith("Every day at 9:00 AM, 1:00 PM and 5:00 PM, ")
    assert week_told(7, [time(8)], CHICAGO, NOW).startswith("Every day at 8:00 AM, ")
    assert week_told(0, usual, CHICAGO, NOW).startswith("No new posts are written.")


@given(st.integers(1, 21), times, st.sampled_from(["America/Chicago", "Pacific/Auckland", "UTC"]))
def test_every_slot_of_next_week_is_told(frequency: int, preferred: list[time], name: str) -> None:
    tz = zone(name)
    today = NOW.astimezone(tz).date()
    told = week_told(frequency, preferred, tz, NOW)
    for slot in slots(today + timedelta(days=7 - today.weekday()), frequency, preferred, tz, seed="any"):
        assert time_words(datetime.fromisoformat(slot.local).time()) in told
        assert f"{slot.day:%A}" in told or told.startswith("Every day")


def test_lists_hold_what_is_known_and_what_was_chosen() -> None:
    assert zone_choice(zone_names()[1]) == "Central time (Chicago)"
    assert len(zone_names()) == len(set(zone_names()))
    assert all(zone(name) for name in zone_names())
    choices = time_choices(["7:45 AM", "9:00 AM", "nonsense"])
    assert choices[0] == "6:00 AM"
    assert choices[-2:] == ["7:45 AM", "nonsense"]
    assert all(time_of_day(choice) for choice in choices[:-1])
    assert "local_business" not in trade_names()
    assert [trade_choice(name) for name in ("hvac", "mobile_welding")] == [
        "Heating and cooling company",
        "Mobile welding",
    ]


def test_a_trade_that_we_have_no_words_for_is_told() -> None:
    assert trade_told("plumber") == ""
    assert trade_told(" ") == ""
    assert trade_told("Heating & Cooling") == "Posts are written as for a heating and cooling company."
    assert trade_told("Mobile welding").startswith("We have no tips of our own for this trade")


def test_a_review_tells_when_it_may_be_quoted_again() -> None:
    def told(days: int) -> str:
        return review_told(NOW + timedelta(days=days), zone=CHICAGO, now=NOW)

    assert review_told(None, zone=CHICAGO, now=NOW) == "Not quoted yet"
    assert told(3) == "Quoted in a post for Dec 1, 2026, rests until Mar 1, 2027"
    assert told(-10) == "Quoted Nov 18, 2026, rests until Feb 16, 2027"
    assert told(-100) == "Quoted Aug 20, 2026"


def test_accounts_beyond_the_plan_are_told() -> None:
    assert accounts_used(["google"] * 4, PLANS["pro"]) == [
        ("Facebook", "0 of 3"),
        ("Google", "4 of 3, more than the plan has room for: only the first 3 that work get new posts"),
        ("Instagram", "0 of 3"),
    ]
