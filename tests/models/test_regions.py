"""States: their weather, what a trade is asked for, and their holidays; also where there is no state, or an odd one."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from holidays import country_holidays

from models.public_holidays import Holiday, holidays_between, holidays_of_week
from models.regions import ANYWHERE, TRAITS, _by_state, region, state_code, typical_jobs, weather_words
from models.seasons import part_of_season, season
from models.trades import trades

JANUARY, APRIL, JULY, AUGUST, OCTOBER = (date(2027, month, 15) for month in (1, 4, 7, 8, 10))
EVERY_STATE = sorted(set(country_holidays("US").subdivisions) - {"UM"})  # nobody lives on the outlying islands


def test_every_state_district_and_territory_lies_somewhere() -> None:
    assert sorted(_by_state()) == EVERY_STATE
    assert len(EVERY_STATE) == 50 + 1 + 5
    assert ANYWHERE not in _by_state().values()


@pytest.mark.parametrize("state", EVERY_STATE)
def test_every_month_of_a_state_has_its_own_weather_but_for_a_quiet_one(state: str) -> None:
    quiet = [month for month in range(1, 13) if not weather_words(region(state), date(2027, month, 1))]
    assert len(quiet) <= 3, quiet
    assert region(state).traits <= set(TRAITS)


@pytest.mark.parametrize("state", EVERY_STATE)
def test_a_plumber_and_a_roofer_are_asked_for_something_all_over_the_country(state: str) -> None:
    for trade in ("plumber", "roofer"):
        months = [month for month in range(1, 13) if typical_jobs(region(state), date(2027, month, 1), trade)]
        assert len(months) >= 5, trade


def test_jobs_are_of_trades_that_exist() -> None:
    named = {trade for place in _by_state().values() for weather, _, _ in place.calendar for trade in weather.jobs}
    assert named <= set(trades())


@pytest.mark.parametrize(
    ("state", "day", "trade", "words", "job"),
    [
        ("MN", JANUARY, "plumber", "freezes", "frozen pipes"),
        ("FL", AUGUST, "roofer", "hurricane season", "before the wind"),
        ("AZ", AUGUST, "roofer", "monsoon", "scuppers"),
        ("CA", OCTOBER, "landscaper", "fire weather", "defensible space"),
        ("TX", APRIL, "roofer", "hail", "shingles"),
        ("PR", AUGUST, "plumber", "hurricane season", "backflow"),
        ("DC", JULY, "hvac", "sticky", "drain lines"),
        ("AK", JULY, "painter", "long light", "dry weeks"),
        ("AS", JANUARY, "handyman", "typhoon", "shutters"),
    ],
)
def test_the_weather_is_the_states_own(state: str, day: date, trade: str, words: str, job: str) -> None:
    assert words in weather_words(region(state), day)
    assert any(job in jobs for jobs in typical_jobs(region(state), day, trade))


@pytest.mark.parametrize("state", ["FL", "HI", "PR", "VI", "GU", "MP", "AS", "AZ", "CA", None, "", "Bavaria"])
def test_no_frost_where_there_is_none_or_nobody_knows(state: str | None) -> None:
    assert not {"frost", "snow", "leaves"} & region(state).traits
    assert "frozen" not in " ".join(typical_jobs(region(state), JANUARY, "plumber"))


def test_the_weather_may_run_over_new_year() -> None:
    assert weather_words(region("MN"), date(2026, 12, 31)) == weather_words(region("MN"), date(2027, 1, 1))
    assert "hurricane" not in weather_words(region("FL"), date(2027, 12, 1))


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("TX", "TX"),
        (" tx ", "TX"),
        ("Texas", "TX"),
        ("New  York", "NY"),
        ("D.C.", "DC"),
        ("Washington, D.C.", "DC"),
        ("Washington", "WA"),
        ("U.S. Virgin Islands", "VI"),
        ("puerto rico", "PR"),
        ("ZZ", ""),
        ("Ontario", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_state_is_known_by_its_letters_and_its_name(told: str | None, code: str) -> None:
    assert state_code(told) == code


def test_without_a_state_only_the_season_is_known() -> None:
    assert region(None) is ANYWHERE
    assert weather_words(ANYWHERE, JANUARY) == ""
    assert typical_jobs(ANYWHERE, JANUARY, "plumber") == []


def test_south_of_the_equator_the_seasons_are_turned_round() -> None:
    assert region("AS").southern
    assert {place.name for place in _by_state().values() if place.southern} == {"samoa"}
    assert (season(JULY), season(JULY, southern=True)) == ("summer", "winter")
    assert part_of_season(date(2026, 12, 1), southern=True) == "early summer"


class TestHolidays:
    def test_of_a_week_are_named_in_order(self) -> None:
        assert holidays_of_week("TX", date(2026, 11, 23)) == [
            Holiday(date(2026, 11, 26), "Thanksgiving Day", True),
            Holiday(date(2026, 11, 27), "Friday After Thanksgiving", True),
        ]

    @pytest.mark.parametrize(
        ("state", "week", "name"),
        [
            ("MA", date(2027, 4, 19), "Patriots' Day"),
            ("Hawaii", date(2027, 6, 7), "Kamehameha Day"),
            ("DC", date(2027, 4, 12), "Emancipation Day"),
            ("PR", date(2027, 7, 19), "Puerto Rico Constitution Day"),
            ("GU", date(2027, 7, 19), "Liberation Day (Guam)"),
            ("AS", date(2027, 10, 4), "White Sunday"),
            ("LA", date(2027, 2, 8), "Mardi Gras"),
            ("", date(2027, 7, 5), "Independence Day"),
        ],
    )
    def test_are_the_states_own(self, state: str, week: date, name: str) -> None:
        named = [
            holiday.name for holiday in holidays_between(state, week - timedelta(days=1), week + timedelta(days=6))
        ]
        assert name in named

    def test_without_a_state_are_the_nations(self) -> None:
        nation = {h.name for h in holidays_between(None, date(2027, 1, 1), date(2027, 12, 31)) if h.public}
        assert {"New Year's Day", "Memorial Day", "Labor Day", "Thanksgiving Day", "Christmas Day"} <= nation
        assert "Patriots' Day" not in nation

    def test_days_that_people_keep_without_a_day_off_are_told_as_such(self) -> None:
        assert Holiday(date(2027, 5, 9), "Mother's Day", False) in holidays_of_week("OH", date(2027, 5, 3))

    def test_a_week_over_new_year_knows_both_years(self) -> None:
        named = [holiday.name for holiday in holidays_of_week("NY", date(2026, 12, 28))]
        assert named == ["New Year's Eve", "New Year's Day"]

    @pytest.mark.parametrize("state", EVERY_STATE)
    def test_what_is_no_matter_of_a_business_is_not_told(self, state: str) -> None:
        found = holidays_between(state, date(2027, 1, 1), date(2028, 12, 31))
        told = " ".join(holiday.name for holiday in found)
        assert not any(word in told for word in ("Confederate", "Lee", "Davis", "Election", "Inauguration", "observed"))
        assert sum("Martin Luther King" in holiday.name for holiday in found) == 2
        assert len(found) >= 20
