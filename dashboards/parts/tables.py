"""Numbers on a page: one big number against the time before, and small tables that fit a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from dashboards.parts.numbers import change

Cell = str | int | float | None


def metric(
    label: str,
    now: float | None,
    before: float | None,
    days: int,
    *,
    chart: Sequence[int] | None = None,
    explained: str | None = None,
    unit: str = "",
) -> None:
    """A number and how it differs from as many `days` before; a small line of its days where given."""
    difference = change(now, before)
    same = difference == "0%"
    fell = difference is not None and difference.startswith("-")
    st.metric(
        label,
        "-" if now is None else f"{now:,.1f}{unit}" if isinstance(now, float) else f"{now:,}{unit}",
        difference,
        delta_color="off" if same or fell else "normal",  # red is for what needs somebody
        delta_arrow="off" if same else "auto",
        delta_description=None if difference is None else f"vs the {days} days before",
        chart_data=list(chart) if chart and any(chart) else None,
        chart_type="bar",
        border=True,
        height="stretch",
        help=explained,
    )


def table(caption: str, rows: Sequence[Mapping[str, Cell]], *, percent: frozenset[str] = frozenset({"Rate"})) -> str:
    """A table as HTML. The first column names the row; an empty cell is something the platform does not tell."""
    if not rows:
        return ""
    names = list(rows[0])
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = ""
    for row in rows:
        first, *rest = names
        cells = "".join(f"<td>{escape(_shown(row[name], name in percent))}</td>" for name in rest)
        body += f'<tr><th scope="row">{escape(str(row[first]))}</th>{cells}</tr>'
    return (
        f'<div class="pa-wide"><table class="pa-table"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _shown(value: Cell, percent: bool) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.1f}%" if percent else f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else value
