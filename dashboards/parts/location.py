"""Google's numbers of a location, which stand by themselves: it tells none of a single post. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

from dashboards.parts.numbers import Period
from dashboards.parts.times import one_line
from dashboards.parts.wording import plain

# Google's names, in its own order of what an owner would ask first.
NAMES = {
    "BUSINESS_IMPRESSIONS": "Seen on Search and Maps",
    "CALL_CLICKS": "Calls",
    "WEBSITE_CLICKS": "Website visits",
    "BUSINESS_DIRECTION_REQUESTS": "Directions asked for",
    "MESSAGING_CLICKS": "Messages",
    "BUSINESS_CONVERSATIONS": "Messages",
    "BUSINESS_BOOKINGS": "Bookings",
    "BUSINESS_FOOD_ORDERS": "Food orders",
    "BUSINESS_FOOD_MENU_CLICKS": "Menu views",
}
SEEN = NAMES["BUSINESS_IMPRESSIONS"]
# Google tells a day two to four days later; who is further behind has lost the connection.
LONGEST_DELAY = timedelta(days=7)


class MetricRow(Protocol):
    """A row of `dashboard_location_metrics`."""

    day: date
    metric: str
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationNumbers:
    """Sums of each number over `period` and over the days before; None where those cannot be compared with."""

    period: Period
    sums: dict[str, tuple[int, int | None]]
    seen: Sequence[dict[str, Any]]  # how often it was seen, by day and where


def told_period(wanted: Period, last: date | None) -> Period:
    """As many days as wanted, up to the `last` day that Google has told: days that it has not told yet are not zero."""
    if last is None or not wanted.last - LONGEST_DELAY <= last < wanted.last:
        return wanted
    return Period.ending(last, wanted.length)


def location_numbers(rows: Iterable[MetricRow], period: Period, first: date | None) -> LocationNumbers:
    """The numbers of a period, what an owner would ask for first first. `first`: the first day that was ever told."""
    inside: dict[str, int] = {}
    before: dict[str, int] = {}
    seen: list[dict[str, Any]] = []
    for row in rows:
        name = _name(row.metric)
        if period.first <= row.day <= period.last:
            inside[name] = inside.get(name, 0) + row.value
            if name == SEEN:
                seen.append({"day": row.day, "where": _where(row.metric), "value": row.value})
        elif period.before.first <= row.day < period.first:
            before[name] = before.get(name, 0) + row.value
    known = list(dict.fromkeys(NAMES.values()))
    ordered = sorted(inside, key=lambda name: known.index(name) if name in known else len(known))
    compared = period.has_before(first)
    return LocationNumbers(
        period=period,
        sums={name: (inside[name], before.get(name, 0) if compared else None) for name in ordered},
        seen=seen,
    )


def seen_rows(numbers: LocationNumbers) -> list[dict[str, Any]]:
    """How often it was seen, a line for each bar of a chart, the newest first."""
    period = numbers.period
    found = {step: {"Search": 0, "Maps": 0} for step in period.steps}
    for row in numbers.seen:
        found[period.step_of(row["day"])][row["where"]] += row["value"]
    name = "Week from" if period.by_week else "Day"
    return [{name: one_line(step), **seen} for step, seen in reversed(found.items())]


def _name(metric: str) -> str:
    if metric.startswith("BUSINESS_IMPRESSIONS"):
        return SEEN
    return NAMES.get(metric) or plain(metric.replace("_", " ").capitalize())  # one that Google began to tell


def _where(metric: str) -> str:
    return "Maps" if metric.endswith("MAPS") else "Search"
