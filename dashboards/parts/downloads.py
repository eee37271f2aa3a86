"""Numbers to take along: a CSV that a spreadsheet does not run, made when somebody asks for it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from dashboards.parts.owner import Owner, session_check
from dashboards.parts.times import today
from models.csv_cells import harmless_cell

Rows = Sequence[Mapping[str, Any]]


def csv_button(owner: Owner, name: str, rows: Callable[[], Rows]) -> None:
    """A button that gives `rows` as a file; they are asked for at the click, while the session still stands.

    `name` says what they are: on the button and in the file's name.
    """
    alive = session_check()

    def made() -> bytes:
        if not alive():
            raise PermissionError("the session of this page has ended")
        return to_csv(rows())

    st.download_button(
        f"Download {name} as CSV",
        made,
        file_name=f"{name}-{today(owner.clock_zone, owner.now)}.csv",
        mime="text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        key=f"csv-{name}",
    )


def to_csv(rows: Rows) -> bytes:
    """UTF-8 with the mark that spreadsheets look for. Texts that they would run as a formula stay texts."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else [])
    writer.writeheader()
    for row in rows:
        writer.writerow({k: harmless_cell(v) if isinstance(v, str) else v for k, v in row.items()})
    return text.getvalue().encode("utf-8-sig")
