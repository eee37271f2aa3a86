"""The pure rules of publishing, by the thousand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.publishing import (
    FIRST_DELAY,
    FOLLOW_DELAYS,
    LONGEST_DELAY,
    LONGEST_LOOK_DELAY,
    AfterLook,
    Seen,
    after_absent,
    backoff,
    follow_delay,
    is_missed,
    is_over,
    look_delay,
    match,
    normalised,
    percentile,
    text_fingerprint,
)

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
unit = st.floats(0, 1)


@given(st.integers(1, 10_000), unit)
def test_waiting_grows_and_stays_bounded(failures: int, jitter: float) -> None:
    delay = backoff(failures, jitter=jitter)
    assert FIRST_DELAY <= delay <= LONGEST_DELAY * 1.25
    assert backoff(failures + 1, jitter=jitter) >= delay


@given(st.integers(1, 50), unit, st.floats(0, 100_000))
def test_a_platform_that_names_a_time_is_never_asked_sooner(failures: int, jitter: float, wish: float) -> None:
    assert backoff(failures, retry_after=wish, jitter=jitter) >= wish


def test_backoff_needs_a_failure() -> None:
    with pytest.raises(ValueError, match="not 0"):
        backoff(0)


@given(st.floats(0, 10**7))
def test_a_processing_post_is_read_again_within_an_hour(age: float) -> None:
    assert follow_delay(age) in FOLLOW_DELAYS


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Cold pipes?\n\nCall us.", "Cold pipes? Call us."),
        ("  Spring is here  ", "Spring is here"),
        ("Thanks @anna!", "Thanks anna!"),
        ("Zero\u200bwidth", "Zerowidth"),
        ("e\u0301tage", "\u00e9tage"),
        ("a\u00a0b", "a b"),
        ("line\r\nbreak", "line\nbreak"),
    ],
)
def test_a_text_that_a_platform_trimmed_is_still_the_same(ours: str, theirs: str) -> None:
    assert text_fingerprint(ours) == text_fingerprint(theirs)


@pytest.mark.parametrize(("a", "b"), [("10 tips", "11 tips"), ("Warm", "warm"), ("Leak?", "Leak!")])
def test_different_texts_stay_different(a: str, b: str) -> None:
    assert text_fingerprint(a) != text_fingerprint(b)


def _seen(number: int, *, text: str = "Hello", minutes: float = 0, ours: bool | None = True) -> Seen:
    return Seen(f"id{number}", text, NOW + timedelta(minutes=minutes), ours)


def test_the_post_is_found_among_others() -> None:
    others = [_seen(1, text="Other"), _seen(2, ours=False), _seen(3, minutes=-10)]
    assert match("Hello", NOW, [*others, _seen(4, minutes=1)], set()) == _seen(4, minutes=1)
    assert match("Hello", NOW, others, set()) is None


def test_an_id_that_belongs_to_another_post_is_not_adopted() -> None:
    assert match("Hello", NOW, [_seen(1), _seen(2, minutes=1)], {"id1"}) == _seen(2, minutes=1)
    assert match("Hello", NOW, [_seen(1)], {"id1"}) is None


@given(st.lists(st.integers(0, 50), unique=True, min_size=1), st.randoms())
def test_two_attempts_with_one_text_adopt_two_different_posts(numbers: list[int], chance: object) -> None:
    sightings = [_seen(n, minutes=n / 100) for n in numbers]
    taken: set[str] = set()
    for _ in numbers:
        found = match("Hello", NOW, sightings, taken)
        assert found is not None
        assert found.platform_post_id not in taken
        taken.add(found.platform_post_id)
    assert match("Hello", NOW, sightings, taken) is None


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_absence_needs_two_looks_far_enough_apart(between: int, settle: int) -> None:
    first = NOW - timedelta(seconds=between)
    decision = after_absent(first, NOW, timedelta(seconds=settle))
    assert (decision is AfterLook.SEND_AGAIN) == (between >= settle)
    assert after_absent(None, NOW, timedelta(0)) is AfterLook.LOOK_AGAIN


def test_missed_counts_from_the_later_of_time_and_approval() -> None:
    day = timedelta(hours=24)
    assert not is_missed(NOW - timedelta(hours=23), None, NOW, day)
    assert is_missed(NOW - timedelta(hours=25), None, NOW, day)
    assert not is_missed(NOW - timedelta(hours=60), NOW - timedelta(minutes=1), NOW, day)
    assert is_missed(NOW - timedelta(hours=60), NOW - timedelta(hours=25), NOW, day)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), unit)
def test_a_percentile_is_one_of_the_values(values: list[float], share: float) -> None:
    assert percentile(values, share) in values
    assert percentile(values, 1.0) == max(values)


def test_the_percentile_of_nothing_is_nothing() -> None:
    assert percentile([], 0.5) == 0.0
    assert percentile(list(range(1, 101)), 0.99) == 99


@pytest.mark.parametrize(("minutes", "over"), [(-1, True), (0, True), (1, False)])
def test_an_event_is_over_at_its_end(minutes: int, over: bool) -> None:
    assert is_over(NOW + timedelta(minutes=minutes), NOW) is over


def test_a_post_without_an_event_is_never_over() -> None:
    assert is_over(None, NOW) is False


@given(st.floats(0, 1e7), st.floats(0, 1))
def test_a_platform_that_cannot_tell_is_asked_more_seldom_and_never_forgotten(seconds: float, jitter: float) -> None:
    delay = look_delay(seconds, jitter=jitter)
    assert FIRST_DELAY <= delay <= LONGEST_LOOK_DELAY * 1.25
    assert delay <= look_delay(seconds + 60, jitter=jitter)
