"""Nine o'clock stays nine o'clock: after the owner moved, after a zone changed its rules, for what waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from models.base import utc_now
from models.calendar_slots import instant, placed, zone
from models.database import Role, session
from models.post_status import approve, edit
from models.queries import query
from tasks.content.plan import LEAD
from tasks.content.wall_clock import follow_slots, keep_wall_clock_times
from tests.factories import Connected, Owner, make_account, make_owner, make_post

Connection = psycopg.Connection[Any]
NOW = utc_now()
DAY = (NOW + timedelta(days=3)).date()
CHICAGO, DENVER = zone("America/Chicago"), zone("America/Denver")


def _waiting(
    connection: Connection, owner: Owner, account: Connected, local: str = f"{DAY}T09:00", **columns: Any
) -> UUID:
    """A post as the weekly run queues it."""
    at = placed(datetime.fromisoformat(local), zone(owner.zone), seed=str(account.id)).at
    planned: dict[str, Any] = {"slot": local, "slot_at": at, "scheduled_for": at}
    return make_post(connection, owner, account, **planned | columns)


def _post(connection: Connection, post_id: UUID) -> dict[str, Any]:
    row = (
        connection.cursor(row_factory=dict_row).execute("SELECT * FROM post_queue WHERE id = %s", (post_id,)).fetchone()
    )
    assert row is not None
    return row


def _moves_to(connection: Connection, zone_name: str) -> None:
    connection.execute("UPDATE user_preferences SET timezone = %s", (zone_name,))


def test_who_moves_to_another_zone_keeps_their_wall_clock_times(owner: Connection) -> None:
    someone = make_owner(owner)
    account = make_account(owner, someone)
    posts = [_waiting(owner, someone, account), _waiting(owner, someone, account, f"{DAY}T17:30", status="approved")]
    before = [_post(owner, post)["scheduled_for"] for post in posts]
    _moves_to(owner, "America/Denver")
    assert follow_slots(None, NOW) == 2
    for post, old in zip(posts, before, strict=True):
        row = _post(owner, post)
        assert row["scheduled_for"] == row["slot_at"] == old + timedelta(hours=1)
        assert f"{row['scheduled_for'].astimezone(DENVER):%Y-%m-%dT%H:}" == row["slot"][:14]
    assert _post(owner, posts[1])["status"] == "approved"  # it is the same post at the same time of day
    assert follow_slots(None, NOW) == 0


def test_the_move_is_told_in_the_posts_story(owner: Connection) -> None:
    someone = make_owner(owner)
    post = _waiting(owner, someone, make_account(owner, someone))
    _moves_to(owner, "America/Denver")
    follow_slots(someone.user_id, NOW)
    story = owner.execute(
        "SELECT from_status, to_status, actor, reason FROM post_events WHERE post_id = %s ORDER BY seq DESC LIMIT 1",
        (post,),
    ).fetchone()
    assert story == ("pending", "pending", "keep-wall-clock-times", "stays at 09:00 in America/Denver")
    assert owner.execute(query("broken_stories").encode()).fetchall() == []


def test_a_change_of_a_zones_rules_moves_what_waits(owner: Connection) -> None:
    """Planned when the zone still had other rules: the instants that were stored are an hour off by the new ones."""
    someone = make_owner(owner)
    account = make_account(owner, someone)
    by_todays_rules = placed(datetime.fromisoformat(f"{DAY}T09:00"), CHICAGO, seed=str(account.id)).at
    by_old_rules = by_todays_rules - timedelta(hours=1)
    post = _waiting(owner, someone, account, scheduled_for=by_old_rules, slot_at=by_old_rules)
    assert follow_slots(None, NOW) == 1
    assert _post(owner, post)["scheduled_for"] == by_todays_rules


def test_a_time_that_the_new_zone_skips_moves_forward_by_the_gap(owner: Connection) -> None:
    someone = make_owner(owner, zone="Pacific/Honolulu")  # without daylight saving time
    account = make_account(owner, someone)
    gap = "2027-03-14T02:30" if datetime(2027, 3, 1, tzinfo=UTC) > NOW else "2028-03-12T02:30"
    post = _waiting(owner, someone, account, gap)
    _moves_to(owner, "America/Denver")
    assert follow_slots(None, NOW) == 1
    local = _post(owner, post)["scheduled_for"].astimezone(DENVER)
    assert (
        timedelta(0) <= local.replace(tzinfo=None) - datetime.fromisoformat(f"{gap[:11]}03:30") <= timedelta(minutes=9)
    )


def test_a_post_that_somebody_gave_another_time_stays_there(owner: Connection) -> None:
    someone = make_owner(owner)
    post = _waiting(owner, someone, make_account(owner, someone))
    chosen = instant(datetime.fromisoformat(f"{DAY}T15:00"), CHICAGO)
    with session(Role.DASHBOARD, tenant=someone.user_id) as db:
        seen = _post(owner, post)["content_hash"]
        edit(db, post, seen_hash=seen, actor=someone.email, now=NOW, scheduled_for=chosen)
    _moves_to(owner, "America/Denver")
    assert follow_slots(None, NOW) == 0
    assert _post(owner, post)["scheduled_for"] == chosen


def test_only_what_waits_is_moved(owner: Connection) -> None:
    someone = make_owner(owner)
    account = make_account(owner, someone)
    kept = [
        _waiting(owner, someone, account, f"{DAY}T{hour:02}:00", status=status)
        for hour, status in enumerate(("published", "rejected", "failed"), 8)
    ]
    kept.append(make_post(owner, someone, account, scheduled_for=NOW + timedelta(days=3)))  # of no slot
    leased = {"lease_owner": "w", "lease_expires_at": NOW + timedelta(days=1)}
    kept.append(_waiting(owner, someone, account, f"{DAY}T12:00", **leased))
    before = [_post(owner, post)["scheduled_for"] for post in kept]
    _moves_to(owner, "America/Denver")
    assert follow_slots(None, NOW) == 0
    assert [_post(owner, post)["scheduled_for"] for post in kept] == before


@pytest.mark.parametrize("minutes", [5, 29])
def test_what_is_about_to_go_out_goes_out_as_it_stands(owner: Connection, minutes: int) -> None:
    someone = make_owner(owner, zone="America/Denver")
    account = make_account(owner, someone)
    local = f"{(NOW + timedelta(minutes=minutes + 20)).astimezone(DENVER):%Y-%m-%dT%H:%M}"
    soon = NOW + timedelta(minutes=minutes)
    post = _waiting(owner, someone, account, local, scheduled_for=soon, slot_at=soon)
    _moves_to(owner, "America/New_York")
    assert follow_slots(None, NOW) == 0
    assert _post(owner, post)["scheduled_for"] == soon


def test_nothing_is_pulled_into_the_past(owner: Connection) -> None:
    someone = make_owner(owner)
    account = make_account(owner, someone)
    local = f"{(NOW + timedelta(minutes=50)).astimezone(CHICAGO):%Y-%m-%dT%H:%M}"
    post = _waiting(owner, someone, account, local)
    before = _post(owner, post)["scheduled_for"]
    _moves_to(owner, "America/New_York")  # where that time was ten minutes ago
    assert before > NOW + LEAD
    assert follow_slots(None, NOW) == 0
    assert _post(owner, post)["scheduled_for"] == before


def test_one_owners_move_leaves_the_others_alone(owner: Connection) -> None:
    mover, other = make_owner(owner), make_owner(owner)
    posts = [_waiting(owner, person, make_account(owner, person)) for person in (mover, other)]
    _moves_to(owner, "America/Denver")
    assert follow_slots(mover.user_id, NOW) == 1
    assert _post(owner, posts[1])["slot_at"] == _post(owner, posts[0])["slot_at"] - timedelta(
        hours=1
    ) + _jitter_between(owner, posts)


def _jitter_between(connection: Connection, posts: list[UUID]) -> timedelta:
    first, second = (
        placed(datetime.fromisoformat(f"{DAY}T09:00"), CHICAGO, seed=str(_post(connection, post)["account_id"])).at
        for post in posts
    )
    return second - first


def test_an_unknown_zone_moves_nothing(owner: Connection) -> None:
    someone = make_owner(owner)
    _waiting(owner, someone, make_account(owner, someone))
    _moves_to(owner, "Amerika/Chicago")
    assert follow_slots(None, NOW) == 0


def test_an_approval_given_meanwhile_stands(owner: Connection) -> None:
    someone = make_owner(owner, plan="pro")
    post = _waiting(owner, someone, make_account(owner, someone), requires_approval=True)
    _moves_to(owner, "America/Denver")
    with session(Role.DASHBOARD, tenant=someone.user_id) as db:
        approve(db, post, seen_hash=_post(owner, post)["content_hash"], actor=someone.email, now=NOW)
    assert follow_slots(None, NOW) == 1
    assert _post(owner, post)["approved_hash"] == _post(owner, post)["content_hash"]


async def test_more_than_one_batch_is_moved_in_one_run(owner: Connection) -> None:
    someone = make_owner(owner)
    account = make_account(owner, someone)
    owner.execute(
        "INSERT INTO post_queue (user_id, account_id, platform, content, scheduled_for, slot, slot_at)"
        " SELECT %s, %s, 'facebook', 'x', s.at,"
        "        to_char(s.at AT TIME ZONE 'America/Chicago', 'YYYY-MM-DD\"T\"HH24:MI'), s.at"
        " FROM (SELECT date_trunc('minute', now()) + interval '4 days' + n * interval '7 minutes' AS at"
        "       FROM generate_series(1, 1200) n) s",
        (someone.user_id, account.id),
    )
    _moves_to(owner, "America/Denver")
    assert await keep_wall_clock_times.fn(None) == 1200
    assert await keep_wall_clock_times.fn(None) == 0
