"""What numbers say, in sentences an owner can read beside a chart instead of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from dashboards.parts.hours import between, percent
from dashboards.parts.numbers import Period
from dashboards.parts.times import day_name
from dashboards.parts.wording import plain, theme_name
from models.comparing import Standing


def days_told(rows: Sequence[Mapping[str, Any]], period: Period, *, value: str, unit: str, group: str) -> str:
    """What a chart of bars shows: the sum, the highest bar, and which group made most of it.

    `unit` in the plural: "people". Rows have day, the value and the group's name.
    """
    total = sum(row[value] for row in rows)
    if not total:
        return f"No {unit} in these {period.length} days."
    bars: dict[date, int] = {}
    groups: dict[str, int] = {}
    for row in rows:
        step = period.step_of(row["day"])
        bars[step] = bars.get(step, 0) + row[value]
        groups[row[group]] = groups.get(row[group], 0) + row[value]
    top = max(bars, key=lambda step: (bars[step], step))
    when = f"in the week from {day_name(top)}" if period.by_week else f"on {day_name(top)}"
    told = f"{total:,} {unit} in {period.length} days, the most {when} ({bars[top]:,})."
    if len(groups) > 1:
        first = max(groups, key=lambda name: groups[name])
        told += f" {first} brought {round(100 * groups[first] / total)}%."
    return told


def nothing_before(period: Period, first_day: date | None) -> str | None:
    """Why a period is not compared with the days before; None when it is."""
    if first_day is None or period.has_before(first_day):
        return None
    first = f"your first post went out on {day_name(first_day)}"
    if first_day >= period.first:
        return f"Nothing to compare with yet: {first}."
    return f"Not compared with the {period.length} days before: {first}, in the middle of them."


def themes_told(standings: Sequence[Standing[str | None]]) -> str:
    """In a sentence, how themes did against each other and how sure that is, as Markdown."""
    compared = sorted((s for s in standings if s.limits is not None), key=lambda s: -s.difference)
    if len(compared) < 2:
        return "Too few posts to tell themes apart."
    sure = [s for s in compared if s.verdict in ("better", "worse")]
    told = " ".join(f"**{plain(theme_name(s.group))}** did {s.verdict} than the average." for s in sure)
    each = ", ".join(
        f"{plain(theme_name(s.group))} {percent(s.difference)} (likely {between(s.limits)})"
        for s in compared
        if s.limits is not None
    )
    return f"{told or 'No theme stands out: the differences may be chance.'} Against the average: {each}."


MEANING = """\
- **People reached**: people who saw a post at least once, as the platform counts them. Who saw two posts counts twice.
- **Reactions**: likes, comments and shares together. **Clicks** are counted apart.
- **Engagement rate**: reactions for each 100 people reached. Where nobody was reached there is none.
- A post counts on the day it went out, with its latest numbers. They grow for about four weeks, so that young posts
  look smaller than they will be.
- **Against the average**: posts are held against the average of their own platform, because platforms differ more than
  hours and themes do. Where nothing differs, one such table in twenty would still show something that stands out.
- **Google** tells nothing about single posts, so its numbers stand by themselves.
"""
