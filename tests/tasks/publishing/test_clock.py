"""The database's clock as a worker estimates it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.publishing.clock import GOOD_FOR, KEPT, DatabaseClock


def test_the_quickest_answer_is_believed() -> None:
    clock = DatabaseClock(lambda: 20.0)
    clock.observe(10.0, 1_000_010.9, 11.0)  # a slow one: the truth is somewhere in a whole second
    clock.observe(12.0, 1_000_012.001, 12.002)
    clock.observe(13.0, 1_000_013.4, 13.5)
    assert clock.now() == pytest.approx(1_000_020.0, abs=0.0011)


def test_what_is_old_counts_no_more() -> None:
    ours = 0.0
    clock = DatabaseClock(lambda: ours)
    clock.observe(0.0, 500.0, 0.0)
    ours = GOOD_FOR + 1
    assert clock.now() == 500.0 + ours  # better an old one than none
    clock.observe(ours, 600.0 + ours, ours)
    assert clock.now() == 600.0 + ours


def test_nobody_guesses_before_it_was_asked() -> None:
    with pytest.raises(LookupError):
        DatabaseClock().now()
    assert not DatabaseClock().is_set


def test_the_seconds_until_a_moment_are_the_databases() -> None:
    clock = DatabaseClock(lambda: 5.0)
    clock.observe(5.0, datetime(2026, 11, 22, 10, 0, tzinfo=UTC).timestamp(), 5.0)
    assert clock.seconds_until(datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC)) == 30.0
    assert clock.seconds_until(datetime(2026, 11, 22, 9, 59, 59, tzinfo=UTC)) == -1.0


@given(st.lists(st.tuples(st.floats(0, 2), st.floats(0, 1)), min_size=1, max_size=KEPT), st.floats(-1e6, 1e6))
def test_the_error_is_never_more_than_half_the_quickest_round_trip(
    trips: list[tuple[float, float]], offset: float
) -> None:
    """`trips` = (how long it took, where on the way the database read its clock)."""
    ours = 100.0
    clock = DatabaseClock(lambda: ours)
    for long, share in trips:
        clock.observe(ours - long, ours - long + share * long + offset, ours)
    assert abs(clock.now() - (ours + offset)) <= min(long for long, _ in trips) / 2 + 1e-6
