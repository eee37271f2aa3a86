"""Which groups stand out: real differences are found, chance is not sold as one, and platforms are not mixed up."""

from __future__ import annotations

import random
from collections.abc import Callable
from statistics import mean, variance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.comparing import FEWEST_POSTS, Sample, Standing, compare, student_t

# A rate as posts really have it: most are small, a few run away.
Draw = Callable[[random.Random], float]


def usual(dice: random.Random) -> float:
    return dice.lognormvariate(0.7, 0.5)


def sample(group: int, rates: list[float], platform: str = "facebook") -> Sample[int]:
    spread = variance(rates) if len(rates) > 1 else 0.0
    return Sample(group=group, platform=platform, posts=len(rates), mean=mean(rates), variance=spread)


def drawn(dice: random.Random, group: int, posts: int, draw: Draw = usual, platform: str = "facebook") -> Sample[int]:
    return sample(group, [draw(dice) for _ in range(posts)], platform)


def by_group(standings: list[Standing[int]]) -> dict[int, Standing[int]]:
    return {standing.group: standing for standing in standings}


@pytest.mark.parametrize(
    ("probability", "freedom", "value"),
    [(0.975, 10, 2.2281), (0.975, 30, 2.0423), (0.999, 8, 4.5008), (0.9995, 8, 5.0413), (0.9995, 120, 3.3735)],
)
def test_quantiles_are_those_of_the_tables(probability: float, freedom: int, value: float) -> None:
    assert student_t(probability, freedom) == pytest.approx(value, abs=0.01)


@pytest.mark.parametrize("posts", [FEWEST_POSTS, 12, 30])
def test_where_nothing_differs_hardly_a_week_shows_something(posts: int) -> None:
    alarms = 0
    for number in range(300):
        dice = random.Random(f"{posts} {number}")
        standings = compare([drawn(dice, group, posts) for group in range(12)])
        alarms += any(standing.verdict in ("better", "worse") for standing in standings)
    assert alarms / 300 <= 0.08, "promised are 5 of 100; skewed rates may cost a little"


def test_an_hour_that_is_really_better_is_found_and_by_how_much() -> None:
    found = 0
    for number in range(50):
        dice = random.Random(number)
        groups = [drawn(dice, group, 25) for group in range(8)]
        better = by_group(compare([*groups, drawn(dice, 99, 25, lambda d: 2 * usual(d))]))[99]
        found += better.verdict == "better"
        assert better.limits is not None
        assert better.limits[0] < better.difference < better.limits[1]
    assert found >= 45


def test_an_hour_does_not_win_by_its_platform() -> None:
    dice = random.Random(1)
    pages = [drawn(dice, group, 20) for group in range(5)]
    pictures = [
        drawn(dice, 5, 20, lambda d: 4 * usual(d), "instagram"),
        drawn(dice, 6, 20, lambda d: 4 * usual(d), "instagram"),
    ]
    standings = by_group(compare(pages + pictures))
    assert standings[5].rate > 3 * standings[0].rate
    assert {standings[5].verdict, standings[6].verdict} == {"alike"}
    assert abs(standings[5].difference) < 0.3


def test_few_posts_say_nothing_whatever_they_reached() -> None:
    dice = random.Random(2)
    standings = by_group(compare([drawn(dice, 1, 40), sample(2, [40.0] * (FEWEST_POSTS - 1))]))
    assert (standings[2].verdict, standings[2].limits) == ("few", None)
    alone = compare([drawn(dice, 1, 40)])
    assert [standing.verdict for standing in alone] == ["few"], "nothing to compare it with"
    tiny = compare([sample(1, [1.0, 9.0, 1.0, 9.0]), sample(2, [2.0, 2.0, 2.0, 2.0])])
    assert {standing.verdict for standing in tiny} == {"few"}, "eight posts do not tell how far posts lie apart"


def test_equal_numbers_of_a_few_posts_are_chance_and_no_certainty() -> None:
    standings = compare([sample(1, [2.0] * 6), sample(2, [2.1] * 6)])
    assert {standing.verdict for standing in standings} == {"alike"}


def test_nobody_reacted_to_anything() -> None:
    assert {s.verdict for s in compare([sample(1, [0.0] * 20), sample(2, [0.0] * 20)])} == {"few"}
    assert compare([]) == []


_samples = st.lists(
    st.builds(
        Sample,
        group=st.integers(0, 6),
        platform=st.sampled_from(["facebook", "instagram"]),
        posts=st.integers(0, 50),
        mean=st.integers(0, 10_000).map(lambda hundredths: hundredths / 100),
        variance=st.integers(0, 400).map(float),
    ),
    max_size=14,
    unique_by=lambda sample: (sample.group, sample.platform),
)


@given(samples=_samples, turned=st.randoms(use_true_random=False))
def test_no_post_is_lost_and_doubt_draws_towards_the_average(samples: list[Sample[int]], turned: random.Random) -> None:
    standings = by_group(compare(samples))
    assert sum(standing.posts for standing in standings.values()) == sum(sample.posts for sample in samples)
    for standing in standings.values():
        if standing.limits is not None:
            low, high = standing.limits
            measured = (low + high) / 2
            assert -1 <= low <= high
            assert low == -1 or abs(standing.difference) <= abs(measured) + 1e-6 * max(1.0, high - low)
            assert standing.verdict == ("better" if low > 0 else "worse" if high < 0 else "alike")
        else:
            assert standing.verdict == "few"
    other = list(samples)
    turned.shuffle(other)
    for group, standing in by_group(compare(other)).items():
        assert standing.verdict == standings[group].verdict
        assert standing.rate == pytest.approx(standings[group].rate)
