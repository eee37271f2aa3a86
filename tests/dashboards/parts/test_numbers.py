"""The arithmetic of the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.parts.numbers import Period, Totals, change, per_day, totals
from dashboards.parts.tables import table


@dataclass
class Day:
    """A row of the rollup."""

    day: date
    platform: str = "facebook"
    posts: int = 1
    reach: int = 100
    clicks: int = 3
    likes: int = 5
    comments: int = 2
    shares: int = 1


TODAY = date(2026, 11, 22)


def test_thirty_days_end_today_and_are_compared_with_the_thirty_before() -> None:
    period = Period.ending(TODAY, 30)
    assert (period.first, period.last, len(period.days)) == (date(2026, 10, 24), TODAY, 30)
    assert (period.before.first, period.before.last) == (date(2026, 9, 24), date(2026, 10, 23))


@given(days=st.lists(st.integers(-100, 5), max_size=30), length=st.integers(1, 90))
def test_no_day_is_counted_twice_or_lost(days: list[int], length: int) -> None:
    rows = [Day(TODAY + timedelta(days=n)) for n in days]
    period = Period.ending(TODAY, length)
    inside, before = period.of(rows), period.before.of(rows)
    assert len(inside) == sum(-length < n <= 0 for n in days)
    assert len(before) == sum(-2 * length < n <= -length for n in days)
    assert sum(per_day(period, rows)["reach"]) == totals(inside).reach


def test_engagement_is_likes_comments_and_shares_for_each_hundred_reached() -> None:
    sums = totals([Day(TODAY), Day(TODAY, reach=300, likes=0, comments=0, shares=0)])
    assert sums == Totals(posts=2, reach=400, clicks=6, engagement=8)
    assert sums.rate == 2.0
    assert Totals(posts=1).rate is None, "nobody was reached"


def test_days_without_posts_are_zero_and_not_left_out() -> None:
    days = per_day(Period.ending(TODAY, 3), [Day(TODAY - timedelta(days=2))])
    assert days == {"reach": [100, 0, 0], "engagement": [8, 0, 0], "posts": [1, 0, 0]}


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [
        (150, 100, "50%"),
        (50, 100, "-50%"),
        (100, 100, "0%"),
        (120_000, 100, "119,900%"),
        (5, 0, None),
        (5, None, None),
        (None, 5, None),
    ],
)
def test_a_change_needs_something_to_compare_with(now: float | None, before: float | None, words: str | None) -> None:
    assert change(now, before) == words


def test_what_a_platform_does_not_tell_stays_empty_in_a_table() -> None:
    html = table("Platforms", [{"Platform": "Google", "Posts": 1204, "Reached": None, "Rate": 6.94, "Each": 1.5}])
    assert "<td>1,204</td><td>-</td><td>6.9%</td><td>1.5</td>" in html
    assert table("Platforms", []) == ""
