"""When a mail that could not be sent is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from models.mails import LEASE, LINK_LIFE, MailKind, next_try

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@given(attempts=st.integers(1, 10_000), age=st.integers(0, 200_000))
def test_it_is_tried_later_while_somebody_waits_for_it(attempts: int, age: int) -> None:
    now = NOON + timedelta(seconds=age)
    at = next_try(attempts, NOON, now)
    if at is None:
        assert now + timedelta(hours=2) >= NOON + timedelta(days=1)
    else:
        assert now + timedelta(minutes=2) <= at <= now + timedelta(hours=2)
        assert at < NOON + timedelta(days=1)


def test_the_waits_become_longer_and_end() -> None:
    now, waits = NOON, []
    for attempt in range(1, 100):
        at = next_try(attempt, NOON, now)
        if at is None:
            break
        waits.append((at - now) // timedelta(minutes=1))
        now = at
    assert waits[:8] == [2, 4, 8, 16, 32, 64, 120, 120]
    assert len(waits) == 16


def test_a_link_outlives_a_few_tries_to_send_another() -> None:
    assert {MailKind.VERIFY_EMAIL: timedelta(hours=24), MailKind.RESET_PASSWORD: timedelta(hours=1)} == LINK_LIFE
    assert min(LINK_LIFE.values()) > LEASE
