"""What people type, made fit to be kept: no signs that nobody sees, no blanks that nobody meant. Pure."""

from __future__ import annotations

import re

# Control signs, zero-width blanks and what turns the reading direction. Joiners stay: emojis are made of them.
INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]")


def one_line(text: str) -> str:
    """The text in one line."""
    return " ".join(INVISIBLE.sub(" ", text).split())


def paragraphs(text: str) -> str:
    """The text with its line breaks, at most one empty line in a row."""
    lines = [one_line(line) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
