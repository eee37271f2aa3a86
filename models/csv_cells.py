"""CSV files that open in a spreadsheet as what they are: text."""

from __future__ import annotations

# A cell that begins with one of these is a formula to some spreadsheet (OWASP, CSV injection), also behind blanks.
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless_cell(text: str) -> str:
    """A CSV cell that a spreadsheet takes as text."""
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) or text.lstrip().startswith(_FORMULA_SIGNS) else text
