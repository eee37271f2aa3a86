"""States: what their weather usually brings, month by month, and what a trade is asked for then (`regions.toml`).

`seasonal` posts are written from it, and evergreen posts about frost or falling leaves stay away where there are none.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

TRAITS = ("cold", "frost", "snow", "leaves")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """Something that the weather does every year: in words, and what each trade is then asked for."""

    words: str
    jobs: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """States with the same weather. `traits` say what their winter and autumn have; `southern` turns the seasons."""

    name: str
    traits: frozenset[str] = frozenset()
    southern: bool = False
    calendar: tuple[tuple[Weather, int, int], ...] = ()

    def weather(self, day: date) -> list[Weather]:
        """What is usual on a day, the shortest-lived first: that is what people talk about."""
        due = [
            ((last - first) % 12, weather)
            for weather, first, last in self.calendar
            if (day.month - first) % 12 <= (last - first) % 12
        ]
        return [weather for _, weather in sorted(due, key=lambda entry: entry[0])]


# Without a state nothing is known but that most of the country heats in winter.
ANYWHERE = Region(name="anywhere", traits=frozenset({"cold"}))


def state_code(state: str | None) -> str:
    """The two letters of a state, district or territory, from these or its name; "" when it is none that we know."""
    plain = " ".join(re.findall(r"[a-z]+", (state or "").replace(".", "").casefold()))
    code = plain.upper()
    return code if code in _by_state() else _names().get(plain, "")


@cache
def states() -> dict[str, str]:
    """Every state, district and territory: its two letters and its full name, in the order of names."""
    full: dict[str, str] = {}
    for name, code in sorted(_names().items(), key=lambda entry: len(entry[0])):
        full[code] = " ".join({"of": "of", "us": "US"}.get(word, word.capitalize()) for word in name.split())
    return dict(sorted(full.items(), key=lambda entry: entry[1]))


def state_words(state: str | None) -> list[str]:
    """Every way, in lower case, in which the same state may have been written; [""] when there is none."""
    code = state_code(state)
    if not code:
        return [(state or "").strip().casefold()]
    return [code.lower(), *(name for name, known in _names().items() if known == code)]


def region(state: str | None) -> Region:
    """Where a state lies; `ANYWHERE` when there is none or we do not know it."""
    return _by_state().get(state_code(state), ANYWHERE)


def weather_words(where: Region, day: date) -> str:
    """What is usual on a day, in words for a sentence; "" when we know of nothing."""
    return " and ".join(weather.words for weather in where.weather(day)[:2])


def typical_jobs(where: Region, day: date, trade: str) -> list[str]:
    """What a trade (`models.trades`) is typically asked for on such a day there."""
    return [weather.jobs[trade] for weather in where.weather(day) if trade in weather.jobs]


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("models").joinpath("regions.toml").read_text(encoding="utf-8"))


@cache
def _names() -> dict[str, str]:
    return dict(_data()["names"])


@cache
def _by_state() -> dict[str, Region]:
    weather = {name: Weather(words=entry["words"], jobs=entry["jobs"]) for name, entry in _data()["weather"].items()}
    found: dict[str, Region] = {}
    for name, entry in _data()["regions"].items():
        place = Region(
            name=name,
            traits=frozenset(entry["traits"]),
            southern=entry.get("southern", False),
            calendar=tuple((weather[what], first, last) for what, first, last in entry["calendar"]),
        )
        found |= dict.fromkeys(entry["states"], place)
    return found
