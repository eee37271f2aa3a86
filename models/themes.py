"""What posts are about: the themes, and who gets which one next."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

THEMES = ("tip", "promotion", "seasonal", "testimonial", "fun_fact")
DEFAULT_THEMES = ("tip", "promotion", "seasonal")


@dataclass(frozen=True, slots=True)
class UsableThemes:
    """The themes to write about, and in words why any enabled one is left out."""

    themes: tuple[str, ...]
    notes: tuple[str, ...] = ()


def usable(enabled: Sequence[str]) -> UsableThemes:
    """Which of an owner's enabled themes can be written now.

    `testimonial` needs a real customer review, which owners cannot give us yet, so it rests while another theme is
    enabled; alone, its posts only ask customers for a review and quote nobody.
    """
    known = tuple(dict.fromkeys(theme for theme in enabled if theme in THEMES))
    notes = [f"there is no theme {theme!r}" for theme in dict.fromkeys(enabled) if theme not in THEMES]
    if not known:
        notes.append("no theme is enabled, so the usual ones are used")
        return UsableThemes(DEFAULT_THEMES, tuple(notes))
    others = tuple(theme for theme in known if theme != "testimonial")
    if others and others != known:
        notes.append("testimonial rests: it needs a real review")
    return UsableThemes(others or known, tuple(notes))


def rotation(themes: Sequence[str], count: int, *, previous: str | None, seed: str) -> list[str]:
    """`count` themes in turn for one account, after its `previous` one; never the same twice in a row.

    Each account starts at a place of its own (by `seed`), so that one day's posts are not all about the same.
    With a single theme there is nothing to alternate with.
    """
    start = hashlib.sha256(seed.encode()).digest()[1] % len(themes)
    if previous in themes:
        start = themes.index(previous) + 1
    return [themes[(start + number) % len(themes)] for number in range(count)]
