"""CSV files that open in a spreadsheet as what they are: text."""

from __future__ import annotations


def harmless_cell(text: str) -> str:
    """A CSV cell that a spreadsheet takes as text: formulas begin with one of these signs (OWASP, CSV injection)."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
