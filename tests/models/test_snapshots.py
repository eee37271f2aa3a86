"""Numbers are read ever more seldom; a snapshot is never worse than what was known, and its rate always fits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.snapshot_schedule import AGES, next_due
from models.snapshots import LARGEST_COUNT, Counts, merged

PUBLISHED = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COUNT = st.integers(0, LARGEST_COUNT)


@pytest.mark.parametrize(
    ("age", "next_age"),
    [
        (timedelta(seconds=-5), timedelta(0)),  # the platform's clock was ahead
        (timedelta(0), HOUR),
        (timedelta(minutes=1), HOUR),
        (HOUR, 6 * HOUR),
        (5 * HOUR, 6 * HOUR),
        (6 * HOUR, DAY),
        (2 * DAY, 3 * DAY),
        (3 * DAY, 7 * DAY),
        (8 * DAY, 28 * DAY),
        (28 * DAY, None),
        (400 * DAY, None),
    ],
)
def test_the_next_snapshot_thins_with_age(age: timedelta, next_age: timedelta | None) -> None:
    expected = None if next_age is None else PUBLISHED + next_age
    assert next_due(PUBLISHED, PUBLISHED + age) == expected


@given(st.timedeltas(timedelta(0), 40 * DAY))
def test_whenever_runs_come_they_end_after_at_most_seven_snapshots(late: timedelta) -> None:
    due: datetime | None = PUBLISHED
    taken = 0
    while due is not None:
        taken += 1
        following = next_due(PUBLISHED, due + late)
        assert following is None or following > due
        due = following
    assert 1 <= taken <= len(AGES)


@pytest.mark.parametrize(
    ("counts", "rate"),
    [
        (Counts(reach=0, likes=5), None),
        (Counts(reach=1000), Decimal("0.00")),
        (Counts(reach=1000, likes=40, comments=3, shares=2), Decimal("4.50")),
        (Counts(reach=8, likes=1), Decimal("12.50")),
        (Counts(reach=16_000, likes=1), Decimal("0.01")),  # 0.00625 rounds half up
        (Counts(reach=1, likes=9), Decimal("900.00")),
        (Counts(reach=1, likes=10), Decimal("999.99")),
        (Counts(reach=1, likes=LARGEST_COUNT, comments=LARGEST_COUNT, shares=LARGEST_COUNT), Decimal("999.99")),
    ],
)
def test_the_engagement_rate(counts: Counts, rate: Decimal | None) -> None:
    assert counts.engagement_rate == rate


@given(COUNT, COUNT, COUNT, COUNT)
def test_every_rate_fits_its_column(reach: int, likes: int, comments: int, shares: int) -> None:
    rate = Counts(reach=reach, likes=likes, comments=comments, shares=shares).engagement_rate
    assert (rate is None) == (reach == 0)
    assert rate is None or (0 <= rate <= Decimal("999.99") and rate == rate.quantize(Decimal("0.01")))


def test_what_is_not_told_stays_as_it_was() -> None:
    before = Counts(reach=120, impressions=200, likes=9)
    now = merged({"reach": None, "impressions": None, "clicks": None, "likes": 8, "comments": 1, "shares": 0}, before)
    assert now == Counts(reach=120, impressions=200, likes=8, comments=1)
    assert merged({"reach": None, "likes": 3}, None) == Counts(likes=3)


def test_numbers_outside_of_their_column_are_cut() -> None:
    assert merged({"reach": 10**12, "likes": -4}, None) == Counts(reach=LARGEST_COUNT, likes=0)
