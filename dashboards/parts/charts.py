"""Charts with units and a zero line, readable on a phone.

Rows are plain dicts; for a few hundred numbers a data frame is only another form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from dashboards.parts.numbers import Period

_HEIGHT = 300
# Told apart by colour-blind eyes, three to one against a light and a dark page.
_PLATFORM_COLOURS = {"Facebook": "#3b7ae0", "Google": "#1f9d78", "Instagram": "#d0559a"}
_WHERE_COLOURS = {"Search": "#1f9d78", "Maps": "#b9770f"}


def _days(period: Period) -> alt.X:
    """The owner's calendar days or weeks, told as text so that no browser shifts them into its own zone."""
    steps = [day.isoformat() for day in period.steps]
    return alt.X(
        "day:O",
        title=None,
        scale=alt.Scale(domain=steps),
        axis=alt.Axis(
            labelExpr="timeFormat(toDate(datum.value + 'T12:00:00'), '%b %-d')",
            values=steps[:: max(1, len(steps) // 6)],
            labelAngle=0,
            grid=False,
            domain=True,  # the zero line
            domainWidth=1,
        ),
    )


def _stacked(
    rows: Sequence[Mapping[str, Any]], period: Period, *, value: str, unit: str, group: str, colours: dict[str, str]
) -> alt.Chart:
    values = [{**row, "day": period.step_of(row["day"]).isoformat()} for row in rows]
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=values), height=_HEIGHT)
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            x=_days(period),
            y=alt.Y(
                f"sum({value}):Q",
                title=unit,
                scale=alt.Scale(zero=True, nice=True),
                axis=alt.Axis(tickMinStep=1, format="~s", tickCount=5),
            ),
            color=alt.Color(
                f"{group}:N",
                title=None,
                scale=alt.Scale(domain=list(colours), range=list(colours.values())),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=[
                alt.Tooltip("day:O", title="Week from" if period.by_week else "Day"),
                alt.Tooltip(f"{group}:N", title=group.capitalize()),
                alt.Tooltip(f"sum({value}):Q", title=unit, format=","),
            ],
        )
    )
    return chart


def per_day(rows: Sequence[Mapping[str, Any]], value: str, unit: str, period: Period) -> alt.Chart:
    """A bar a day (or week), stacked by platform. Rows have day, platform and the value."""
    shown = {row["platform"] for row in rows}
    colours = {name: colour for name, colour in _PLATFORM_COLOURS.items() if name in shown}
    return _stacked(rows, period, value=value, unit=unit, group="platform", colours=colours)


def location(rows: Sequence[Mapping[str, Any]], period: Period) -> alt.Chart:
    """How often a location was seen each day (or week), on Search and on Maps. Rows have day, where and value."""
    return _stacked(rows, period, value="value", unit="Times seen", group="where", colours=_WHERE_COLOURS)
