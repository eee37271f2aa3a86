"""Charts with units and a zero line, readable on a phone; and cells that a spreadsheet does not run."""

from __future__ import annotations

import altair as alt
import pandas as pd

from dashboards.parts.numbers import Period

_HEIGHT = 300
# Told apart by colour-blind eyes, three to one against a light and a dark page.
_PLATFORM_COLOURS = {"Facebook": "#3b7ae0", "Google": "#1f9d78", "Instagram": "#d0559a"}
_WHERE_COLOURS = {"Search": "#1f9d78", "Maps": "#b9770f"}


def _days(period: Period) -> alt.X:
    """The owner's calendar days, told as text so that no browser shifts them into its own zone."""
    return alt.X(
        "day:O",
        title=None,
        scale=alt.Scale(domain=[day.isoformat() for day in period.days]),
        axis=alt.Axis(
            labelExpr="timeFormat(toDate(datum.value + 'T12:00:00'), '%b %-d')",
            values=[day.isoformat() for day in period.days[:: max(1, len(period.days) // 6)]],
            labelAngle=0,
            grid=False,
            domain=True,  # the zero line
            domainWidth=1,
        ),
    )


def _stacked(
    frame: pd.DataFrame, period: Period, *, value: str, unit: str, group: str, colours: dict[str, str]
) -> alt.Chart:
    frame = frame.assign(day=[day.isoformat() for day in frame["day"]])
    chart: alt.Chart = (
        alt.Chart(frame, height=_HEIGHT)
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
                alt.Tooltip("day:O", title="Day"),
                alt.Tooltip(f"{group}:N", title=group.capitalize()),
                alt.Tooltip(f"sum({value}):Q", title=unit, format=","),
            ],
        )
    )
    return chart


def per_day(frame: pd.DataFrame, value: str, unit: str, period: Period) -> alt.Chart:
    """A bar a day, stacked by platform. `frame` has day, platform and the value."""
    shown = set(frame["platform"])
    colours = {name: colour for name, colour in _PLATFORM_COLOURS.items() if name in shown}
    return _stacked(frame, period, value=value, unit=unit, group="platform", colours=colours)


def location(frame: pd.DataFrame, period: Period) -> alt.Chart:
    """How often a location was seen each day, on Search and on Maps."""
    return _stacked(frame, period, value="value", unit="Times seen", group="where", colours=_WHERE_COLOURS)


def harmless_cell(text: str) -> str:
    """A CSV cell that a spreadsheet takes as text: formulas begin with one of these signs (OWASP, CSV injection)."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
