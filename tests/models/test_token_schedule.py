"""Tokens are renewed when their platform allows it, before they end; the SQL and the rule say the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.token_schedule import (
    LONGEST_WAIT,
    RULES,
    SHORTEST_WAIT,
    is_over,
    kind_of,
    needed_before_call,
    next_try,
    refresh_due,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _due(kind: str, *, left: timedelta | None, age: timedelta, has_refresh_token: bool = True) -> bool:
    return refresh_due(
        RULES[kind],
        has_refresh_token=has_refresh_token,
        token_expires_at=None if left is None else NOW + left,
        refreshed_at=NOW - age,
        now=NOW,
    )


@pytest.mark.parametrize(
    ("kind", "left", "age", "due"),
    [
        ("google", timedelta(minutes=59), timedelta(minutes=1), False),
        ("google", timedelta(minutes=20), timedelta(minutes=40), False),
        ("google", timedelta(minutes=19), timedelta(minutes=41), True),
        ("google", -HOUR, 2 * HOUR, True),
        ("google", None, DAY, True),
        ("instagram", 60 * DAY, 23 * HOUR, False),
        ("instagram", 5 * DAY, 23 * HOUR, False),
        ("instagram", 5 * DAY, 25 * HOUR, True),
        ("instagram", 58 * DAY, 2 * DAY, False),
        ("instagram", 53 * DAY, 7 * DAY, True),
        ("instagram", None, 23 * HOUR, False),
        ("instagram", None, 25 * HOUR, True),
        ("instagram", -HOUR, HOUR, True),  # to hear from the platform that it is over
        ("facebook", 50 * DAY, 10 * DAY, False),
        ("facebook", 19 * DAY, DAY, True),
        ("facebook", 30 * DAY, 30 * DAY, True),
        ("facebook", None, timedelta(0), True),
    ],
)
def test_when_a_token_is_renewed(kind: str, left: timedelta | None, age: timedelta, due: bool) -> None:
    assert _due(kind, left=left, age=age) is due


def test_google_without_a_refresh_token_is_left_alone_until_it_is_over() -> None:
    assert not _due("google", left=timedelta(minutes=1), age=HOUR, has_refresh_token=False)
    assert not _due("google", left=None, age=HOUR, has_refresh_token=False)
    assert _due("google", left=timedelta(0), age=HOUR, has_refresh_token=False)


@given(st.integers(0, 899), st.integers(0, 14))
def test_a_quarter_hourly_run_keeps_a_google_token_alive(offset: int, late: int) -> None:
    """Whatever second it was made at, some run renews it while at least some minutes are left."""
    made = NOW + timedelta(seconds=offset)
    ends = made + HOUR
    runs = [NOW + timedelta(minutes=15 * step) for step in range(1, 6)]
    first = next(
        run
        for run in runs
        if refresh_due(RULES["google"], has_refresh_token=True, token_expires_at=ends, refreshed_at=made, now=run)
    )
    assert ends - first > timedelta(minutes=5) - timedelta(seconds=1)


def test_facebooks_access_outlives_its_known_end() -> None:
    assert is_over(RULES["google"], NOW, NOW)
    assert needed_before_call(RULES["google"], NOW + timedelta(minutes=1), NOW)
    assert not needed_before_call(RULES["google"], NOW + timedelta(minutes=3), NOW)
    assert not is_over(RULES["facebook"], NOW - DAY, NOW)
    assert not needed_before_call(RULES["facebook"], NOW - DAY, NOW)
    assert not needed_before_call(RULES["instagram"], None, NOW)


def test_instagram_through_facebook_login_follows_facebooks_rules() -> None:
    assert kind_of("instagram", "facebook") == "facebook"
    assert kind_of("instagram", "instagram") == kind_of("instagram", None) == "instagram"
    assert kind_of("google", None) == "google"


@given(
    st.sampled_from(sorted(RULES)),
    st.one_of(st.none(), st.timedeltas(-90 * DAY, 90 * DAY)),
    st.one_of(st.none(), st.floats(0, 86_400)),
    st.floats(0, 1),
)
def test_a_failed_refresh_is_tried_again_within_bounds(
    kind: str, left: timedelta | None, retry_after: float | None, spread: float
) -> None:
    expires = None if left is None else NOW + left
    wait = next_try(RULES[kind], expires, NOW, retry_after=retry_after, spread=spread) - NOW
    assert wait >= SHORTEST_WAIT
    assert wait >= timedelta(seconds=retry_after or 0)
    assert wait <= max(LONGEST_WAIT, timedelta(seconds=retry_after or 0)) * 1.25
    if RULES[kind].ends and left is not None and left > SHORTEST_WAIT * 4 and not retry_after:
        assert wait < left, "tried again before the token is over"


def test_the_nearer_the_end_the_sooner_the_next_try() -> None:
    waits = [
        next_try(RULES["google"], NOW + left, NOW, retry_after=None, spread=0)
        for left in (timedelta(0), timedelta(minutes=19), 2 * HOUR, 30 * DAY)
    ]
    assert waits == sorted(waits)
