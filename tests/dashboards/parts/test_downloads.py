"""Files that an owner takes along."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.parts.downloads import to_csv
from models.csv_cells import harmless_cell


def lines(file: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "＝1+1", "＋1", "－1", "＠SUM"]
)
def test_a_spreadsheet_runs_nothing_from_the_download(cell: str) -> None:
    assert lines(to_csv([{"text": cell, "likes": 3}])) == [["text", "likes"], ["'" + cell, "3"]]


@given(st.text(max_size=40))
def test_no_cell_begins_as_a_formula_and_no_word_is_lost(text: str) -> None:
    safe = harmless_cell(text)
    assert safe.removeprefix("'") == text.removeprefix("'")
    assert not safe.strip().startswith(("=", "+", "-", "@"))


def test_the_download_keeps_ordinary_texts_and_numbers_as_they_are() -> None:
    text = 'Said "1+1", twice\nand with Ümlaut'
    rows = [{"text": text, "change": -3.5, "rate": Decimal("1.25"), "told": None}]
    assert lines(to_csv(rows))[1] == [text, "-3.5", "1.25", ""]


def test_nothing_is_an_empty_file() -> None:
    assert lines(to_csv([])) in ([], [[]])
