"""Tokens are renewed when their platform allows it, before they end; the SQL and the rule say the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.token_schedule import (
    LONGEST_OBEYED,
    LONGEST_WAIT,
    RULES,
    SHORTEST_WAIT,
    TELL_AHEAD,
    check_due,
    is_over,
    kind_of,
    needed_before_call,
    next_try,
    refresh_due,
    to_be_told,
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
    st.one_of(st.none(), st.floats(0, 86_400), st.floats(0, allow_infinity=False)),
    st.floats(0, 1),
)
def test_a_failed_refresh_is_tried_again_within_bounds(
    kind: str, left: timedelta | None, retry_after: float | None, spread: float
) -> None:
    expires = None if left is None else NOW + left
    wait = next_try(RULES[kind], expires, NOW, retry_after=retry_after, spread=spread) - NOW
    asked = timedelta(seconds=min(retry_after or 0, LONGEST_OBEYED.total_seconds()))
    assert wait >= SHORTEST_WAIT
    assert wait >= asked
    assert wait <= max(LONGEST_WAIT, asked) * 1.25
    if RULES[kind].ends and left is not None and left > SHORTEST_WAIT * 4 and not retry_after:
        assert wait < left, "tried again before the token is over"


def test_the_nearer_the_end_the_sooner_the_next_try() -> None:
    waits = [
        next_try(RULES["google"], NOW + left, NOW, retry_after=None, spread=0)
        for left in (timedelta(0), timedelta(minutes=19), 2 * HOUR, 30 * DAY)
    ]
    assert waits == sorted(waits)


MINUTES = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("kind", "post_in", "proven", "checked", "due"),
    [
        ("google", 59 * MINUTES, None, None, True),
        ("google", 61 * MINUTES, None, None, False),
        ("google", None, None, None, False),
        ("google", -MINUTES, None, None, False),  # it is being published: that tells more than a look
        ("google", 40 * MINUTES, 29 * MINUTES, None, False),
        ("google", 40 * MINUTES, 30 * MINUTES, None, True),
        ("instagram", 10 * MINUTES, HOUR, HOUR, True),
        ("instagram", None, None, 40 * DAY, False),
        ("facebook", None, None, None, True),
        ("facebook", None, MINUTES, None, True),  # a success tells nothing of what is about to end
        ("facebook", None, MINUTES, 25 * HOUR, True),
        ("facebook", None, None, 23 * HOUR, False),
        ("facebook", 40 * MINUTES, MINUTES, 23 * HOUR, False),
        ("facebook", 40 * MINUTES, HOUR, 23 * HOUR, True),
    ],
)
def test_when_access_is_looked_at(
    kind: str, post_in: timedelta | None, proven: timedelta | None, checked: timedelta | None, due: bool
) -> None:
    told = check_due(
        RULES[kind],
        next_post_at=None if post_in is None else NOW + post_in,
        proven_at=None if proven is None else NOW - proven,
        checked_at=None if checked is None else NOW - checked,
        now=NOW,
    )
    assert told is due


@given(st.integers(0, 899), st.integers(0, 7_200), st.booleans())
def test_a_quarter_hourly_look_finds_trouble_half_an_hour_before_a_post(
    offset: int, lasts: int, one_run_is_missing: bool
) -> None:
    """A post two hours ahead; the access works for `lasts` seconds more, and is looked at when a run says so."""
    post, dies = NOW + 2 * HOUR, NOW + timedelta(seconds=lasts)
    checked: datetime | None = None
    looks = 0
    for step in range(9):
        run = NOW + timedelta(seconds=offset) + step * 15 * MINUTES
        if one_run_is_missing and step == 4:
            continue
        if run < post and check_due(RULES["google"], next_post_at=post, proven_at=checked, checked_at=checked, now=run):
            looks += 1
            if run >= dies:
                break
            checked = run
    assert 1 <= looks <= 2, "few calls"
    if dies <= post - HOUR:
        assert run <= post - 30 * MINUTES, "known half an hour before"


def test_an_end_is_told_a_fortnight_ahead() -> None:
    assert to_be_told(NOW + TELL_AHEAD, NOW)
    assert to_be_told(NOW - DAY, NOW)
    assert not to_be_told(NOW + TELL_AHEAD + MINUTES, NOW)
    assert not to_be_told(None, NOW)
