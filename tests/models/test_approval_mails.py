"""When the mail about waiting posts leaves, over zones and changes of the clock; and for whom one is wanted."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.approval_mails import LINK_LIFE, leaves_at, link_ends_at, next_morning, want_approval_mail
from models.base import utc_now
from models.database import Role, session
from models.mails import next_try
from tests.factories import Owner, insert, make_owner

Connection = psycopg.Connection[Any]
ZONES = [
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
    "America/Anchorage", "Pacific/Honolulu", "America/St_Johns", "Europe/Berlin", "Asia/Kolkata", "Pacific/Apia",
    "Australia/Lord_Howe", "UTC",
]  # fmt: skip
zones = st.sampled_from(ZONES).map(ZoneInfo)
moments = st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
ahead = st.timedeltas(timedelta(minutes=30), timedelta(days=14))


@given(now=moments, tz=zones)
def test_the_next_morning_is_the_first_eight_oclock_that_is_not_over(now: datetime, tz: ZoneInfo) -> None:
    at = next_morning(now, tz)
    assert at.astimezone(tz).time() == time(8)
    assert now <= at <= now + timedelta(hours=25), "a day has 25 hours at most"
    quarter = timedelta(minutes=15)  # every zone's clock strikes the hour with a quarter of UTC's
    first = now + (-(now - datetime.min.replace(tzinfo=UTC)) % quarter)
    steps = (first + number * quarter for number in range((at - first) // quarter))
    assert all(step.astimezone(tz).time() != time(8) for step in steps)


@given(now=moments, tz=zones, until_first=ahead, is_first=st.booleans())
def test_it_is_there_before_the_first_post_leaves_and_never_at_night_without_need(
    now: datetime, tz: ZoneInfo, until_first: timedelta, is_first: bool
) -> None:
    first = now + until_first
    at = leaves_at(now, first, tz, is_first_week=is_first)
    assert now <= at < first
    if is_first:
        assert at == now
    elif at.astimezone(tz).time() != time(8):
        assert at == now
        assert next_morning(now, tz) >= first, "only where the morning would have been too late"


@pytest.mark.parametrize(
    ("zone", "now", "at"),
    [
        # The clocks go forward at 2:00 in this night, back in the other one.
        ("America/Chicago", "2026-03-07T20:00-06:00", "2026-03-08T08:00-05:00"),
        ("America/Chicago", "2026-10-31T20:00-05:00", "2026-11-01T08:00-06:00"),
        ("America/Phoenix", "2026-03-07T20:00-07:00", "2026-03-08T08:00-07:00"),
        ("America/Chicago", "2026-11-23T08:00-06:00", "2026-11-23T08:00-06:00"),
        ("America/Chicago", "2026-11-23T08:00:01-06:00", "2026-11-24T08:00-06:00"),
    ],
)
def test_a_change_of_the_clock_does_not_move_the_morning(zone: str, now: str, at: str) -> None:
    assert next_morning(datetime.fromisoformat(now), ZoneInfo(zone)) == datetime.fromisoformat(at)


@given(now=moments, until_post=ahead)
def test_a_link_ends_with_its_posts_time_or_after_a_week(now: datetime, until_post: timedelta) -> None:
    ends = link_ends_at(now, now + until_post)
    assert now < ends <= now + until_post
    assert ends == now + min(until_post, LINK_LIFE)


@given(now=moments, wait=st.timedeltas(timedelta(0), timedelta(hours=24)))
def test_a_mail_that_waited_for_the_morning_is_tried_as_long_as_another(now: datetime, wait: timedelta) -> None:
    assert next_try(1, now + wait, now + wait) == now + wait + timedelta(minutes=2)


MONDAY = date(2026, 11, 30)
SUNDAY_EVENING = datetime(2026, 11, 29, 18, tzinfo=UTC)  # noon in Chicago
MONDAY_MORNING = datetime(2026, 11, 30, 14, tzinfo=UTC)  # 8:00 in Chicago
TUESDAY = datetime(2026, 12, 1, 15, tzinfo=UTC)


class TestWanted:
    """Against the database, as the worker that queues a week."""

    def want(self, bob: Owner, first: datetime = TUESDAY, week: date = MONDAY, now: datetime = SUNDAY_EVENING) -> None:
        with session(Role.WORKER) as db:
            want_approval_mail(db, bob.user_id, week, first_post_at=first, zone_name=bob.zone, now=now)

    def rows(self, owner: Connection) -> list[tuple[Any, ...]]:
        return owner.execute(
            "SELECT address, week_start, due_at, next_attempt_at FROM mails ORDER BY week_start, created_at"
        ).fetchall()

    @pytest.fixture
    def bob(self, owner: Connection) -> Owner:
        """An owner for whom an earlier week was written."""
        bob = make_owner(owner, email="bob@example.com")
        self.generated(owner, bob, MONDAY - timedelta(weeks=1))
        return bob

    def generated(self, owner: Connection, bob: Owner, week: date, made: int = 3) -> None:
        insert(owner, "content_generations", user_id=bob.user_id, business_id=bob.business_id, week_start=week,
               model="m", prompt_version="1", slots_wanted=3, posts_made=made)  # fmt: skip

    def test_one_for_a_week_however_often_it_is_asked_for(self, owner: Connection, bob: Owner) -> None:
        for _ in range(3):
            self.want(bob)
        self.want(bob, week=MONDAY + timedelta(weeks=1))
        assert self.rows(owner) == [
            ("bob@example.com", MONDAY, MONDAY_MORNING, MONDAY_MORNING),
            ("bob@example.com", MONDAY + timedelta(weeks=1), MONDAY_MORNING, MONDAY_MORNING),
        ]

    def test_a_post_that_leaves_earlier_brings_it_forward_and_a_later_one_does_not_hold_it_up(
        self, owner: Connection, bob: Owner
    ) -> None:
        self.want(bob)
        early = MONDAY_MORNING - timedelta(hours=1)
        self.want(bob, first=early, now=SUNDAY_EVENING + timedelta(hours=1))
        self.want(bob)
        assert self.rows(owner)[0][2:] == (SUNDAY_EVENING + timedelta(hours=1),) * 2

    def test_while_it_is_being_sent_its_time_stays(self, owner: Connection, bob: Owner) -> None:
        self.want(bob)
        owner.execute("UPDATE mails SET attempts = 1, next_attempt_at = now() + interval '1 hour'")
        before = self.rows(owner)
        self.want(bob, first=SUNDAY_EVENING + timedelta(hours=1))
        assert self.rows(owner) == before

    def test_after_it_was_sent_new_posts_of_the_week_are_told_by_another(self, owner: Connection, bob: Owner) -> None:
        self.want(bob)
        owner.execute("UPDATE mails SET status = 'sent', finished_at = now()")
        self.want(bob)
        assert len(self.rows(owner)) == 2

    def test_the_very_first_week_is_told_at_once_and_the_one_after_it_in_the_morning(self, owner: Connection) -> None:
        dana = make_owner(owner)
        self.generated(owner, dana, MONDAY - timedelta(weeks=1), made=0)  # nothing came of that one
        self.generated(owner, dana, MONDAY)
        self.want(dana)
        self.generated(owner, dana, MONDAY + timedelta(weeks=1))
        self.want(dana, week=MONDAY + timedelta(weeks=1))
        assert [row[2] for row in self.rows(owner)] == [SUNDAY_EVENING, MONDAY_MORNING]

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE user_preferences SET push_approval_needed = false",
            "UPDATE users SET status = 'paused'",
            "UPDATE users SET status = 'canceled'",
            "UPDATE users SET unverified_since = now()",
        ],
    )
    def test_who_is_not_served_or_does_not_want_it_gets_none(self, owner: Connection, bob: Owner, change: str) -> None:
        owner.execute(change.encode())
        self.want(bob)
        assert self.rows(owner) == []

    def test_who_has_no_preferences_is_told(self, owner: Connection, bob: Owner) -> None:
        owner.execute("DELETE FROM user_preferences")
        self.want(bob)
        assert len(self.rows(owner)) == 1

    def test_the_worker_sees_no_other_mail_and_wants_no_other_kind(self, owner: Connection, bob: Owner) -> None:
        insert(owner, "mails", user_id=bob.user_id, kind="reset_password", address=bob.email, next_attempt_at=utc_now())
        with session(Role.WORKER) as db:
            assert db.connection().exec_driver_sql("SELECT count(user_id) FROM mails").scalar_one() == 0
        with pytest.raises(Exception, match="row-level security"), session(Role.WORKER) as db:
            db.connection().exec_driver_sql(
                "INSERT INTO mails (user_id, kind, address, next_attempt_at) "
                f"VALUES ('{bob.user_id}', 'verify_email', 'a@b.c', now())"
            )
