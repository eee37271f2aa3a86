"""Themes: which ones are usable, and that they take turns."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.seasons import part_of_season, season
from models.themes import DEFAULT_THEMES, THEMES, ThemeResult, next_theme, rotation, usable, why


def _result(mean: float, posts: int, spread: float = 1.0) -> ThemeResult:
    return ThemeResult(posts=posts, mean=mean, variance=spread**2)


def test_testimonial_rests_while_another_theme_is_enabled_and_no_review_is_free() -> None:
    found = usable(["tip", "testimonial", "fun_fact"], reviews=False)
    assert found.themes == ("tip", "fun_fact")
    assert found.notes == ("testimonial rests: it needs a real review that was not used for 90 days",)


def test_testimonial_runs_on_a_real_review() -> None:
    found = usable(["tip", "testimonial"], reviews=True)
    assert found.themes == ("tip", "testimonial")
    assert found.notes == ()


@pytest.mark.parametrize("reviews", [True, False])
def test_testimonial_alone_stays(reviews: bool) -> None:
    assert usable(["testimonial"], reviews=reviews).themes == ("testimonial",)
    assert usable(["testimonial"], reviews=reviews).notes == ()


def test_unknown_themes_are_left_out_by_name() -> None:
    found = usable(["tip", "gossip"], reviews=False)
    assert found.themes == ("tip",)
    assert found.notes == ("there is no theme 'gossip'",)


@pytest.mark.parametrize("enabled", [[], ["gossip"]])
def test_without_a_usable_theme_the_usual_ones_serve(enabled: list[str]) -> None:
    found = usable(enabled, reviews=True)
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


results_ = st.dictionaries(
    st.sampled_from(THEMES),
    st.builds(ThemeResult, posts=st.integers(1, 40), mean=st.floats(0, 30), variance=st.floats(0, 100)),
)


@given(
    st.lists(st.sampled_from(THEMES), min_size=1, unique=True),
    st.lists(st.sampled_from([*THEMES, None]), max_size=30),
    st.sampled_from([*THEMES, None]),
    results_,
    st.text(max_size=5),
)
def test_a_slot_never_has_the_theme_of_a_neighbour_while_there_is_another(
    themes: list[str], before: list[str | None], after: str | None, results: dict[str, ThemeResult], seed: str
) -> None:
    chosen = next_theme(themes, before=before, after=after, results=results, seed=seed, slot="2026-11-24T09:00")
    again = next_theme(themes, before=before, after=after, results=results, seed=seed, slot="2026-11-24T09:00")
    assert chosen == again
    assert chosen in themes
    previous = before[-1] if before else None
    if len(themes) > 1:
        assert chosen != previous
    if len(set(themes) - {previous, after}) > 0:
        assert chosen != after


def _shares(results: dict[str, ThemeResult], count: int = 2_000) -> dict[str, float]:
    turn: list[str | None] = []
    for number in range(count):
        turn.append(next_theme(THEMES, before=turn, results=results, seed="an account", slot=str(number)))
    return {theme: turn.count(theme) / count for theme in THEMES}


def test_what_worked_comes_more_often_and_nothing_is_forgotten() -> None:
    shares = _shares(
        {
            "tip": _result(5.0, 30),
            "promotion": _result(1.0, 30),
            "seasonal": _result(3.0, 30),
            "testimonial": _result(3.0, 30),
            "fun_fact": _result(3.0, 30),
        }
    )
    assert shares["tip"] > 0.45  # every other post would be a half
    assert shares["promotion"] == min(shares.values())
    assert shares["promotion"] >= 1 / 20  # after three rounds of five without one


def test_few_posts_that_lie_far_apart_decide_little() -> None:
    few = {"tip": _result(5.0, 4, 4.0), **{theme: _result(3.0, 4, 4.0) for theme in THEMES if theme != "tip"}}
    many = {theme: _result(r.mean, 60, 4.0) for theme, r in few.items()}
    assert _shares(few)["tip"] < 0.37 < 0.45 < _shares(many)["tip"]


def test_a_theme_that_nobody_has_seen_yet_is_tried() -> None:
    shares = _shares({theme: _result(3.0, 12, 2.0) for theme in THEMES if theme != "fun_fact"})
    assert shares["fun_fact"] > 0.2


@pytest.mark.parametrize(
    "results",
    [
        {},
        {"tip": _result(9.0, 50)},
        {"tip": _result(9.0, 50), "promotion": _result(1.0, 3)},
        {"tip": _result(9.0, 50), "gossip": _result(1.0, 50)},
    ],
)
def test_without_two_measured_themes_they_take_turns(results: dict[str, ThemeResult]) -> None:
    turn: list[str | None] = []
    for number in range(12):
        turn.append(next_theme(DEFAULT_THEMES, before=turn, results=results, seed="x", slot=str(number)))
    assert turn == rotation(DEFAULT_THEMES, 12, previous=None, seed="x")
    assert why(results, DEFAULT_THEMES) == "in turn, because there are not enough numbers yet"


def test_equal_numbers_of_a_few_posts_are_not_certainty() -> None:
    shares = _shares({theme: _result(2.0 + 0.01 * n, 4, 0.0) for n, theme in enumerate(THEMES)})
    assert max(shares.values()) < 0.3


def test_the_reason_is_told_in_words() -> None:
    results = {"tip": _result(3.14, 14), "promotion": _result(1.2, 9), "fun_fact": _result(9.0, 20)}
    assert why(results, ("tip", "promotion")) == "tips got 3.1 % over 14 posts, promotions 1.2 % over 9"
    assert why(results, ("tip", "promotion", "seasonal")).endswith("; not known yet: seasonal posts")


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
