"""Themes: which ones are usable, and that they take turns."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.seasons import part_of_season, season
from models.themes import DEFAULT_THEMES, THEMES, rotation, usable


def test_testimonial_rests_while_another_theme_is_enabled() -> None:
    found = usable(["tip", "testimonial", "fun_fact"])
    assert found.themes == ("tip", "fun_fact")
    assert found.notes == ("testimonial rests: it needs a real review",)


def test_testimonial_alone_stays() -> None:
    assert usable(["testimonial"]).themes == ("testimonial",)
    assert usable(["testimonial"]).notes == ()


def test_unknown_themes_are_left_out_by_name() -> None:
    found = usable(["tip", "gossip"])
    assert found.themes == ("tip",)
    assert found.notes == ("there is no theme 'gossip'",)


@pytest.mark.parametrize("enabled", [[], ["gossip"]])
def test_without_a_usable_theme_the_usual_ones_serve(enabled: list[str]) -> None:
    found = usable(enabled)
    assert found.themes == DEFAULT_THEMES
    assert "no theme is enabled" in found.notes[-1]


@given(
    st.lists(st.sampled_from(THEMES), min_size=2, unique=True),
    st.integers(0, 30),
    st.sampled_from([*THEMES, None]),
    st.text(),
)
def test_no_theme_comes_twice_in_a_row(themes: list[str], count: int, previous: str | None, seed: str) -> None:
    turn = rotation(themes, count, previous=previous, seed=seed)
    chain = [previous, *turn]
    assert len(turn) == count
    assert all(one != other for one, other in pairwise(chain))
    assert rotation(themes, count, previous=previous, seed=seed) == turn


@given(st.lists(st.sampled_from(THEMES), min_size=1, unique=True), st.text())
def test_every_theme_gets_the_same_share(themes: list[str], seed: str) -> None:
    turn = rotation(themes, 4 * len(themes), previous=None, seed=seed)
    assert all(turn.count(theme) == 4 for theme in themes)


@pytest.mark.parametrize(
    ("day", "part"),
    [
        (date(2026, 1, 15), "mid winter"),
        (date(2026, 2, 28), "late winter"),
        (date(2026, 3, 1), "early spring"),
        (date(2026, 7, 4), "mid summer"),
        (date(2026, 8, 31), "late summer"),
        (date(2026, 11, 22), "late autumn"),
        (date(2026, 12, 1), "early winter"),
    ],
)
def test_the_season_is_told_as_people_say_it(day: date, part: str) -> None:
    assert part_of_season(day) == part
    assert part.endswith(season(day))
