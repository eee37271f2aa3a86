"""Shared quotas are never exceeded, whatever the workers do and whenever they do it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.quota_rules import (
    LAG,
    LONGEST_FULL,
    SHORTEST_FULL,
    Budget,
    Ledger,
    Purpose,
    full_seconds,
    google_budget,
    must_read,
    slow_down,
)

LIMITS = st.integers(1, 400)
WINDOWS = st.floats(0.5, 90)
# What greedy workers do: they wait a little or long, then want some calls for this or that.
STEPS = st.lists(
    st.tuples(
        st.one_of(st.floats(0, 0.2), st.floats(0, 10), st.floats(0, 200)),
        st.integers(1, 200),
        st.sampled_from(Purpose),
    ),
    min_size=1,
    max_size=80,
)
STARTS = st.floats(1.7e9, 1.9e9)


def played(budget: Budget, start: float, steps: list[tuple[float, int, Purpose]]) -> list[tuple[float, int, Purpose]]:
    """What was granted when, and for what."""
    ledger, now = Ledger(), start
    granted: list[tuple[float, int, Purpose]] = []
    for pause, want, purpose in steps:
        now += pause
        got, ledger = ledger.take(budget, now, want, purpose)
        granted.append((now, got, purpose))
    return granted


@given(LIMITS, WINDOWS, STARTS, STEPS)
def test_no_interval_of_a_window_ever_holds_more_than_the_limit(
    limit: int, window: float, start: float, steps: list[tuple[float, int, Purpose]]
) -> None:
    """Every interval that could hold the most ends with a grant."""
    granted = played(Budget(name="b", limit=limit, window=window), start, steps)
    for end, _, _ in granted:
        assert sum(n for at, n, _ in granted if end - window <= at <= end) <= limit


@given(LIMITS, STARTS, STEPS)
def test_calls_that_arrive_late_are_no_more_than_google_allows_in_a_minute(
    limit: int, start: float, steps: list[tuple[float, int, Purpose]]
) -> None:
    """The worst lag: a call arrives up to LAG seconds after it was granted, and those after it at once."""
    budget = google_budget(limit)
    assert budget is not None
    granted = played(budget, start, steps)
    for end, _, _ in granted:
        arrived = sum(n for at, n, _ in granted if end - 60 - LAG <= at <= end)
        assert arrived <= limit


def _after(budget: Budget, start: float, steps: list[tuple[float, int, Purpose]]) -> tuple[Ledger, float]:
    """The ledger after these steps, and the time then."""
    ledger, now = Ledger(), start
    for pause, want, purpose in steps:
        now += pause
        _, ledger = ledger.take(budget, now, want, purpose)
    return ledger, now


@given(LIMITS, WINDOWS, STARTS, STEPS)
def test_what_is_granted_is_all_that_there_is(
    limit: int, window: float, start: float, steps: list[tuple[float, int, Purpose]]
) -> None:
    """Nothing is wasted: with no grant in the last window and a slot, everything is free again."""
    budget = Budget(name="b", limit=limit, window=window)
    ledger, now = _after(budget, start, steps)
    later = now + window + 2 * budget.slot_seconds
    assert ledger.room(budget, later, Purpose.PUBLISHING) == limit


@given(LIMITS, WINDOWS, STARTS, STEPS, st.integers(1, 50))
def test_after_the_wait_there_is_room_and_not_sooner(
    limit: int, window: float, start: float, steps: list[tuple[float, int, Purpose]], calls: int
) -> None:
    budget = Budget(name="b", limit=limit, window=window)
    ledger, now = _after(budget, start, steps)
    wait = ledger.wait(budget, now, Purpose.PUBLISHING, calls)
    assert 0 <= wait <= window + budget.slot_seconds
    tick = 1e-4  # floats of seconds since 1970 are good for about a microsecond
    if calls <= limit:
        assert ledger.room(budget, now + wait + tick, Purpose.PUBLISHING) >= calls
    if wait > tick:
        assert ledger.room(budget, now + wait - tick, Purpose.PUBLISHING) < calls


@given(st.integers(5, 400), WINDOWS, STARTS, STEPS)
def test_numbers_never_take_the_last_fifth(
    limit: int, window: float, start: float, steps: list[tuple[float, int, Purpose]]
) -> None:
    budget = Budget(name="b", limit=limit, window=window)
    granted = played(budget, start, [(pause, want, Purpose.ANALYTICS) for pause, want, _ in steps])
    for end, _, _ in granted:
        used = sum(n for at, n, _ in granted if end - window <= at <= end)
        assert used <= 0.8 * limit


def test_a_clock_that_steps_back_gives_nothing_twice() -> None:
    budget = Budget(name="b", limit=10, window=60)
    _, ledger = Ledger().take(budget, 1_000_000.0, 10, Purpose.PUBLISHING)
    assert ledger.take(budget, 999_000.0, 1, Purpose.PUBLISHING)[0] == 0


def test_no_number_means_no_count() -> None:
    assert google_budget(0) is None


@pytest.mark.parametrize(
    ("percent", "regain", "seconds"),
    [(0, None, 0), (74.9, None, 0), (100, None, 3600), (130, None, 3600), (100, 1140, 1140), (60, 300, 300),
     (100, 1e9, 86_400)],
)  # fmt: skip
def test_usage_headers_slow_us_down(percent: float, regain: float | None, seconds: float) -> None:
    assert slow_down(percent, regain) == seconds


@given(st.floats(75, 99.9), st.floats(75, 99.9))
def test_the_fuller_a_budget_the_longer_the_pause(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 10 <= slow_down(low, None) <= slow_down(high, None) <= 600


@pytest.mark.parametrize(
    ("left", "age", "preparing", "read"),
    [
        (None, None, False, True),
        (40, 60.0, False, False),
        (40, 3600.0, False, True),
        (40, 2000.0, False, False),
        (40, 2000.0, True, True),
        (4, 20.0, False, False),
        (4, 30.0, False, True),
        (0, 31.0, True, True),
        (None, 60.0, False, False),
    ],
)
def test_an_accounts_limit_is_read_again_when_it_is_old_or_nearly_reached(
    left: int | None, age: float | None, preparing: bool, read: bool
) -> None:
    assert must_read(left, age, preparing=preparing) is read


@pytest.mark.parametrize(
    ("oldest", "seconds"),
    [(None, LONGEST_FULL), (0.0, LONGEST_FULL), (86_400 - 1800.0, 1800.0), (86_399.0, SHORTEST_FULL)],
)
def test_a_full_account_waits_for_its_oldest_post_to_leave_the_window(oldest: Any, seconds: float) -> None:
    assert full_seconds(oldest) == seconds
