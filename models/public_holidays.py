"""The days that everybody knows: public holidays of a state, and the days that people keep without a day off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from holidays import country_holidays

from models.regions import state_code

_CATEGORIES = ("public", "unofficial")
# Not for a business's post, whoever else keeps them: elections, and days of one side only.
_UNTOLD = ("Confederate", "Jefferson Davis", "Election Day", "Inauguration Day", "State Holiday")
# One state's name for a day that has a name of its own.
_RENAMED = {
    "Martin Luther King, Jr & Robert E. Lee's Birthday": "Martin Luther King Jr. Day",
    "Dr. Martin Luther King Jr. and Robert E. Lee's Birthdays": "Martin Luther King Jr. Day",
}


@dataclass(frozen=True, slots=True, order=True)
class Holiday:
    """A day with a name; `public` when it is a public holiday there."""

    day: date
    name: str
    public: bool


def holidays_between(state: str | None, first: date, last: date) -> list[Holiday]:
    """The holidays of a state (or its name; the nation's when we do not know it) from `first` to `last`, in order.

    Days off in place of a holiday on a weekend are not named a second time.
    """
    code = state_code(state)
    years = range(first.year, last.year + 1)
    return [holiday for year in years for holiday in _year(code, year) if first <= holiday.day <= last]


def holidays_of_week(state: str | None, week_start: date) -> list[Holiday]:
    """The holidays from a Monday to its Sunday."""
    return holidays_between(state, week_start, week_start + timedelta(days=6))


@lru_cache(maxsize=512)
def _year(code: str, year: int) -> tuple[Holiday, ...]:
    found: dict[tuple[date, str], Holiday] = {}
    for category in _CATEGORIES:
        named = country_holidays("US", subdiv=code or None, years=year, observed=False, categories=(category,))
        for day, names in named.items():
            for name in names.split("; "):
                told = _RENAMED.get(name, name)
                if day.year == year and not any(word in told for word in _UNTOLD):
                    found.setdefault((day, told), Holiday(day, told, category == "public"))
    return tuple(sorted(found.values()))
