"""The season of a day, in words that a person would use. `southern` turns it: American Samoa's winter is in July."""

from __future__ import annotations

from datetime import date

_SEASONS = {12: "winter", 3: "spring", 6: "summer", 9: "autumn"}
_HALF_A_YEAR = 6


def season(day: date, *, southern: bool = False) -> str:
    """The meteorological season: winter, spring, summer or autumn."""
    month = (day.month + _HALF_A_YEAR - 1) % 12 + 1 if southern else day.month
    return _SEASONS[(month // 3 * 3) or 12]


def part_of_season(day: date, *, southern: bool = False) -> str:
    """The season with its part: "early winter" in December, "late autumn" in November."""
    return f"{('early', 'mid', 'late')[day.month % 3]} {season(day, southern=southern)}"
