"""Charts with units and a zero line, readable on a phone; and a CSV that a spreadsheet does not run.

Rows are plain dicts; for a few hundred numbers a data frame is only another form.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from dashboards.parts.numbers import Period
from models.csv_cells import harmless_cell

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
    rows: Sequence[Mapping[str, Any]], period: Period, *, value: str, unit: str, group: str, colours: dict[str, str]
) -> alt.Chart:
    values = [{**row, "day": row["day"].isoformat()} for row in rows]
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
                alt.Tooltip("day:O", title="Day"),
                alt.Tooltip(f"{group}:N", title=group.capitalize()),
                alt.Tooltip(f"sum({value}):Q", title=unit, format=","),
            ],
        )
    )
    return chart


def per_day(rows: Sequence[Mapping[str, Any]], value: str, unit: str, period: Period) -> alt.Chart:
    """A bar a day, stacked by platform. Rows have day, platform and the value."""
    shown = {row["platform"] for row in rows}
    colours = {name: colour for name, colour in _PLATFORM_COLOURS.items() if name in shown}
    return _stacked(rows, period, value=value, unit=unit, group="platform", colours=colours)


def location(rows: Sequence[Mapping[str, Any]], period: Period) -> alt.Chart:
    """How often a location was seen each day, on Search and on Maps. Rows have day, where and value."""
    return _stacked(rows, period, value="value", unit="Times seen", group="where", colours=_WHERE_COLOURS)


def to_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """UTF-8 with the mark that spreadsheets look for. Texts that they would run as a formula stay texts."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    for row in rows:
        writer.writerow({k: harmless_cell(v) if isinstance(v, str) else v for k, v in row.items()})
    return text.getvalue().encode("utf-8-sig")
