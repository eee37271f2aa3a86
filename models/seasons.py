"""The season of a day, in words that a person would use (northern hemisphere: our owners are in the United States)."""

from __future__ import annotations

from datetime import date

_SEASONS = {12: "winter", 3: "spring", 6: "summer", 9: "autumn"}


def season(day: date) -> str:
    """The meteorological season: winter, spring, summer or autumn."""
    return _SEASONS[(day.month // 3 * 3) or 12]


def part_of_season(day: date) -> str:
    """The season with its part: "early winter" in December, "late autumn" in November."""
    return f"{('early', 'mid', 'late')[day.month % 3]} {season(day)}"
