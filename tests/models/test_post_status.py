"""The life of a post, in Python and in the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from models import post_status
from models.base import utc_now
from models.calendar_slots import slots, still_open, zone
from models.database import Role, session
from models.post import Post
from models.post_status import (
    ImpossibleChange,
    PostBusy,
    PostChanged,
    PostNotFound,
    Status,
    can_change,
)
from models.queries import query
from tests.factories import Owner, make_account, make_owner, make_post, next_monday

Db = psycopg.Connection[Any]


def _value(db: Db, column: str, post_id: UUID) -> Any:
    row = db.execute(f"SELECT {column} FROM post_queue WHERE id = %s".encode(), (post_id,)).fetchone()
    assert row is not None
    return row[0]


def _story(db: Db, post_id: UUID) -> list[tuple[str | None, str, str, str]]:
    rows = db.execute(
        "SELECT from_status, to_status, actor, reason FROM post_events WHERE post_id = %s ORDER BY seq", (post_id,)
    ).fetchall()
    return [tuple(row) for row in rows]


@pytest.fixture
def person(owner: Db) -> Owner:
    return make_owner(owner, plan="pro")


@pytest.fixture
def new_post(owner: Db, person: Owner) -> Callable[..., UUID]:
    account = make_account(owner, person, "facebook")

    def make(**values: Any) -> UUID:
        return UUID(str(make_post(owner, person, account, **values)))

    return make


@pytest.mark.parametrize(("current", "to", "asked"), list(product(Status, Status, (True, False))))
def test_python_and_the_database_allow_the_same_changes(owner: Db, current: Status, to: Status, asked: bool) -> None:
    row = owner.execute("SELECT post_transition_allowed(%s, %s, %s)", (current, to, asked)).fetchone()
    if current is not to:
        assert row == (can_change(current, to, requires_approval=asked),)


def test_an_impossible_change_is_refused_by_the_database_too(owner: Db, new_post: Callable[..., UUID]) -> None:
    post = new_post(status="pending", requires_approval=True)
    with pytest.raises(psycopg.errors.CheckViolation, match="from pending to published is impossible"):
        owner.execute("UPDATE post_queue SET status = 'published' WHERE id = %s", (post,))
    assert _value(owner, "status", post) == "pending"


def test_approval_is_written_with_who_when_and_for_what(
    owner: Db, person: Owner, new_post: Callable[..., UUID]
) -> None:
    post = new_post(status="pending", requires_approval=True)
    seen = _value(owner, "content_hash", post)
    now = utc_now()
    with session(Role.DASHBOARD, tenant=person.user_id) as db:
        post_status.approve(db, post, seen_hash=seen, actor="anna@example.com", now=now)
    assert _value(owner, "status", post) == "approved"
    assert _value(owner, "approved_at", post) == now
    assert _value(owner, "approved_by", post) == "anna@example.com"
    assert _value(owner, "approved_hash", post) == seen
    assert _story(owner, post)[-1] == ("pending", "approved", "anna@example.com", "approved")


def test_approval_of_a_text_that_changed_meanwhile_is_refused(
    owner: Db, person: Owner, new_post: Callable[..., UUID]
) -> None:
    post = new_post(status="pending", requires_approval=True)
    seen = _value(owner, "content_hash", post)
    owner.execute("UPDATE post_queue SET content = 'Another text' WHERE id = %s", (post,))
    with (
        pytest.raises(PostChanged, match="changed in the meantime"),
        session(Role.DASHBOARD, tenant=person.user_id) as db,
    ):
        post_status.approve(db, post, seen_hash=seen, actor="anna", now=utc_now())
    assert _value(owner, "status", post) == "pending"


@pytest.mark.parametrize(
    "change",
    [
        {"content": "New words"},
        {"hashtags": ["new"]},
        {"media_url": "https://example.com/new.jpg"},
        {"media_url": None},
        {"hashtags": None},
    ],
)
def test_an_edit_takes_the_approval_away(owner: Db, new_post: Callable[..., UUID], change: dict[str, Any]) -> None:
    post = new_post(status="approved", requires_approval=True, media_url="https://example.com/a.jpg", hashtags=["old"])
    with session(Role.WORKER) as db:
        post_status.edit(db, post, seen_hash=_value(owner, "content_hash", post), actor="anna", now=utc_now(), **change)
    assert _value(owner, "status", post) == "pending"
    assert _value(owner, "approved_at", post) is None
    assert _value(owner, "approved_hash", post) is None
    assert _story(owner, post)[-1] == ("approved", "pending", "anna", "edited: the approval is void")


def test_another_time_keeps_the_approval(owner: Db, new_post: Callable[..., UUID]) -> None:
    post = new_post(status="approved", requires_approval=True)
    when = utc_now() + timedelta(days=2)
    with session(Role.WORKER) as db:
        post_status.edit(
            db, post, seen_hash=_value(owner, "content_hash", post), actor="anna", now=utc_now(), scheduled_for=when
        )
    assert _value(owner, "status", post) == "approved"
    assert _value(owner, "scheduled_for", post) == when
    assert _story(owner, post)[-1] == ("approved", "approved", "anna", "rescheduled")


def test_an_edit_behind_our_back_takes_the_approval_away_too(owner: Db, new_post: Callable[..., UUID]) -> None:
    post = new_post(status="approved", requires_approval=True)
    owner.execute("UPDATE post_queue SET content = 'By hand' WHERE id = %s", (post,))
    assert _value(owner, "status", post) == "pending"
    assert _story(owner, post)[-1][3] == "changed without PostAgent"


def test_a_leased_post_can_be_neither_edited_nor_rejected(owner: Db, new_post: Callable[..., UUID]) -> None:
    post = new_post(status="approved")
    owner.execute("UPDATE post_queue SET lease_expires_at = now() + interval '1 minute' WHERE id = %s", (post,))
    seen = _value(owner, "content_hash", post)
    with pytest.raises(PostBusy), session(Role.WORKER) as db:
        post_status.edit(db, post, seen_hash=seen, actor="anna", now=utc_now(), content="Late idea")
    with pytest.raises(PostBusy), session(Role.WORKER) as db:
        post_status.reject(db, post, reason="no", actor="anna", now=utc_now())
    with pytest.raises(psycopg.errors.LockNotAvailable, match="being published right now"):
        owner.execute("UPDATE post_queue SET content = 'By hand' WHERE id = %s", (post,))


def test_a_post_in_doubt_cannot_be_edited_or_retried(owner: Db, new_post: Callable[..., UUID]) -> None:
    post = new_post(status="approved")
    owner.execute("UPDATE post_queue SET in_doubt_since = now() WHERE id = %s", (post,))
    with pytest.raises(PostBusy), session(Role.WORKER) as db:
        post_status.retry(db, post, actor="anna", now=utc_now())
    with pytest.raises(psycopg.errors.LockNotAvailable):
        owner.execute("UPDATE post_queue SET content = 'By hand' WHERE id = %s", (post,))


def test_a_published_post_stays_as_it_is(owner: Db, new_post: Callable[..., UUID]) -> None:
    post = new_post(status="published")
    with pytest.raises(ImpossibleChange, match="can no longer be edited"), session(Role.WORKER) as db:
        post_status.edit(
            db, post, seen_hash=_value(owner, "content_hash", post), actor="anna", now=utc_now(), content="x"
        )
    with pytest.raises(psycopg.errors.CheckViolation, match="published posts cannot be edited"):
        owner.execute("UPDATE post_queue SET content = 'By hand' WHERE id = %s", (post,))


def test_an_approved_post_can_still_be_rejected(owner: Db, new_post: Callable[..., UUID]) -> None:
    post = new_post(status="approved", requires_approval=True)
    with session(Role.WORKER) as db:
        post_status.reject(db, post, reason="wrong day", actor="anna", now=utc_now())
    assert [line[1] for line in _story(owner, post)][-2:] == ["pending", "rejected"]
    assert _story(owner, post)[-1][3] == "rejected: wrong day"


def test_publish_now_is_an_approval_and_makes_it_due(owner: Db, new_post: Callable[..., UUID]) -> None:
    later = utc_now() + timedelta(days=3)
    post = new_post(status="pending", requires_approval=True, scheduled_for=later)
    now = utc_now()
    with session(Role.WORKER) as db:
        post_status.publish_now(db, post, seen_hash=_value(owner, "content_hash", post), actor="anna", now=now)
    assert _value(owner, "status", post) == "approved"
    assert _value(owner, "scheduled_for", post) == now
    free = new_post(status="pending", requires_approval=False, scheduled_for=later)
    with session(Role.WORKER) as db:
        post_status.publish_now(db, free, seen_hash=_value(owner, "content_hash", free), actor="anna", now=now)
    assert _value(owner, "due_at", free) == now


def test_a_failed_post_gets_another_chance_and_keeps_its_approval(owner: Db, new_post: Callable[..., UUID]) -> None:
    post = new_post(status="approved", requires_approval=True, scheduled_for=utc_now() - timedelta(days=2))
    owner.execute("UPDATE post_queue SET status = 'failed', retry_count = 8 WHERE id = %s", (post,))
    now = utc_now()
    with session(Role.WORKER) as db:
        post_status.retry(db, post, actor="operator", now=now)
    assert _value(owner, "status", post) == "approved"
    assert _value(owner, "retry_count", post) == 0
    assert _value(owner, "scheduled_for", post) == now


def test_a_failed_post_that_was_edited_needs_a_new_approval(owner: Db, new_post: Callable[..., UUID]) -> None:
    post = new_post(status="approved", requires_approval=True)
    owner.execute("UPDATE post_queue SET status = 'failed' WHERE id = %s", (post,))
    with session(Role.WORKER) as db:
        post_status.edit(
            db, post, seen_hash=_value(owner, "content_hash", post), actor="anna", now=utc_now(), content="Mended"
        )
        post_status.retry(db, post, actor="anna", now=utc_now())
    assert _value(owner, "status", post) == "pending"


def test_somebody_elses_post_is_not_there(owner: Db, new_post: Callable[..., UUID]) -> None:
    post = new_post(status="pending", requires_approval=True)
    stranger = make_owner(owner)
    with pytest.raises(PostNotFound), session(Role.DASHBOARD, tenant=stranger.user_id) as db:
        post_status.approve(db, post, seen_hash=_value(owner, "content_hash", post), actor="x", now=utc_now())
    with pytest.raises(PostNotFound), session(Role.DASHBOARD) as db:
        post_status.approve(db, uuid4(), seen_hash="", actor="x", now=utc_now())


def test_a_new_post_says_who_made_it(owner: Db, person: Owner) -> None:
    account = make_account(owner, person, "google")
    post = Post(
        user_id=person.user_id, account_id=account.id, platform="google", content="Hello", scheduled_for=utc_now()
    )
    with session(Role.WORKER) as db:
        post_status.created(db, [post], actor="generator", reason="week of 2026-11-23")
    assert _story(owner, post.id) == [(None, "pending", "generator", "week of 2026-11-23")]


class TestStory:
    """post_events is append-only and every row is hashed over the one before it."""

    def _intact(self, db: Db, post: UUID) -> list[bool]:
        return [row[-1] for row in db.execute(query("post_story").encode(), {"post_id": post}).fetchall()]

    @pytest.fixture
    def told(self, owner: Db, new_post: Callable[..., UUID]) -> UUID:
        post = new_post(status="pending", requires_approval=True)
        for text in ("one", "two", "three"):
            with session(Role.WORKER) as db:
                seen = _value(owner, "content_hash", post)
                post_status.edit(db, post, seen_hash=seen, actor="anna", now=utc_now(), content=text)
        return post

    def test_an_untouched_story_is_intact(self, owner: Db, told: UUID) -> None:
        assert self._intact(owner, told) == [True] * 4

    @pytest.mark.parametrize(
        "statement", ["UPDATE post_events SET actor = 'x'", "DELETE FROM post_events", "TRUNCATE post_events"]
    )
    def test_it_cannot_be_rewritten(self, owner: Db, told: UUID, statement: str) -> None:
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            owner.execute(statement.encode())

    @pytest.mark.parametrize(
        "tampering",
        [
            "UPDATE post_events SET actor = 'somebody else' WHERE post_id = %s AND seq = 2",
            "UPDATE post_events SET at = at + interval '1 second' WHERE post_id = %s AND seq = 2",
            "UPDATE post_events SET details = '{}' WHERE post_id = %s AND seq = 2",
            "DELETE FROM post_events WHERE post_id = %s AND seq = 2",
            "UPDATE post_events SET actor = 'x', hash = 'made up' WHERE post_id = %s AND seq = 2",
        ],
    )
    def test_who_goes_around_the_trigger_is_detected(self, owner: Db, told: UUID, tampering: str) -> None:
        owner.execute("ALTER TABLE post_events DISABLE TRIGGER post_events_append_only")
        owner.execute(tampering.encode(), (told,))
        assert False in self._intact(owner, told)

    def test_it_goes_with_its_owner(self, owner: Db, person: Owner, told: UUID) -> None:
        owner.execute("DELETE FROM users WHERE id = %s", (person.user_id,))
        assert owner.execute("SELECT count(*) FROM post_events WHERE post_id = %s", (told,)).fetchone() == (0,)


def test_a_dead_workers_open_attempt_keeps_the_owners_hands_off(
    owner: Db, person: Owner, new_post: Callable[..., UUID]
) -> None:
    """Its lease ran out, but what it sent may be live: edited now, the old text would stay beside the new one."""
    post = new_post()
    owner.execute(
        "UPDATE post_queue SET lease_owner = 'dead', lease_token = 1, lease_expires_at = now() - interval '1 minute'"
    )
    owner.execute(
        "INSERT INTO publish_attempts (post_id, user_id, attempt_number, fingerprint, worker, lease_token) "
        "SELECT id, user_id, 1, content_hash, 'dead', 1 FROM post_queue"
    )
    seen = _value(owner, "content_hash", post)
    with pytest.raises(PostBusy), session(Role.DASHBOARD, tenant=person.user_id) as db:
        post_status.edit(db, post, seen_hash=seen, actor="owner", now=utc_now(), content="Another text.")
    with pytest.raises(PostBusy), session(Role.DASHBOARD, tenant=person.user_id) as db:
        post_status.reject(db, post, reason="no", actor="owner", now=utc_now())
    assert _value(owner, "content_hash", post) == seen


@pytest.mark.parametrize("status", ["pending", "approved", "failed"])
@pytest.mark.parametrize("asked", [True, False])
def test_a_skipped_post_keeps_its_place_empty(
    owner: Db, person: Owner, new_post: Callable[..., UUID], status: str, asked: bool
) -> None:
    monday = next_monday()
    week = slots(monday, 3, [time(9)], zone(person.zone), seed="x")
    post = new_post(status=status, requires_approval=asked, slot=week[0].local, scheduled_for=week[0].at)
    with session(Role.DASHBOARD, tenant=person.user_id) as db:
        post_status.skip(db, post, actor="anna", now=utc_now())
    assert _value(owner, "status", post) == "rejected"
    assert _story(owner, post)[-1] == ("pending", "rejected", "anna", post_status.SKIPPED)
    values = {"user_id": person.user_id, "first_day": str(monday)}
    taken = [row[1] for row in owner.execute(query("slots_taken").encode(), values).fetchall()]
    assert still_open(week, taken, 3, earliest=utc_now()) == week[1:], "the next run fills only the other places"


@pytest.mark.parametrize("status", ["published", "rejected"])
def test_what_is_over_cannot_be_skipped_or_moved(
    owner: Db, person: Owner, new_post: Callable[..., UUID], status: str
) -> None:
    post, now = new_post(status=status), utc_now()
    seen = _value(owner, "content_hash", post)
    with session(Role.DASHBOARD, tenant=person.user_id) as db:
        with pytest.raises(ImpossibleChange):
            post_status.skip(db, post, actor="anna", now=now)
        with pytest.raises(ImpossibleChange):
            post_status.reschedule(db, post, seen_hash=seen, at=now + timedelta(days=1), actor="anna", now=now)


def test_another_time_leaves_an_approval_standing(owner: Db, person: Owner, new_post: Callable[..., UUID]) -> None:
    post, now = new_post(status="approved", requires_approval=True), utc_now()
    later, seen = now + timedelta(days=3), _value(owner, "content_hash", post)
    with session(Role.DASHBOARD, tenant=person.user_id) as db:
        post_status.reschedule(db, post, seen_hash=seen, at=later, actor="anna", now=now)
    assert (_value(owner, "status", post), _value(owner, "scheduled_for", post)) == ("approved", later)
    assert _story(owner, post)[-1] == ("approved", "approved", "anna", "rescheduled")
    with session(Role.DASHBOARD, tenant=person.user_id) as db, pytest.raises(ImpossibleChange, match="time is over"):
        post_status.reschedule(db, post, seen_hash=seen, at=now, actor="anna", now=now)


def test_a_failed_post_is_tried_again_at_its_new_time(owner: Db, person: Owner, new_post: Callable[..., UUID]) -> None:
    now = utc_now()
    post = new_post(status="failed", scheduled_for=now - timedelta(days=2), retry_count=5, error_message="busy")
    later, seen = now + timedelta(hours=3), _value(owner, "content_hash", post)
    with session(Role.DASHBOARD, tenant=person.user_id) as db:
        post_status.reschedule(db, post, seen_hash=seen, at=later, actor="anna", now=now)
    assert (_value(owner, "status", post), _value(owner, "due_at", post)) == ("pending", later)
    assert (_value(owner, "retry_count", post), _value(owner, "error_message", post)) == (0, None)


def test_an_edit_tells_the_hash_that_an_approval_can_be_bound_to(
    owner: Db, person: Owner, new_post: Callable[..., UUID]
) -> None:
    post, now = new_post(requires_approval=True), utc_now()
    seen = _value(owner, "content_hash", post)
    with session(Role.DASHBOARD, tenant=person.user_id) as db:
        new = post_status.edit(db, post, seen_hash=seen, actor="anna", now=now, content="New words.")
        post_status.approve(db, post, seen_hash=new, actor="anna", now=now)
    assert new == _value(owner, "content_hash", post) == _value(owner, "approved_hash", post) != seen


def test_a_picture_that_is_given_anew_does_not_keep_the_old_ones_words(
    owner: Db, person: Owner, new_post: Callable[..., UUID]
) -> None:
    post = new_post(media_url="https://example.com/1.jpg", alt_text="A van")
    with session(Role.DASHBOARD, tenant=person.user_id) as db:
        seen = _value(owner, "content_hash", post)
        seen = post_status.edit(db, post, seen_hash=seen, actor="anna", now=utc_now(), content="Other words.")
        post_status.edit(db, post, seen_hash=seen, actor="anna", now=utc_now(), media_url="https://example.com/2.jpg")
    assert _value(owner, "alt_text", post) is None


def test_two_who_approve_at_once_are_told_kindly(owner: Db, person: Owner, new_post: Callable[..., UUID]) -> None:
    post, now = new_post(requires_approval=True), utc_now()
    seen = _value(owner, "content_hash", post)
    for told in (None, "This post is approved already."):
        with session(Role.DASHBOARD, tenant=person.user_id) as db:
            if told is None:
                post_status.approve(db, post, seen_hash=seen, actor="anna", now=now)
            else:
                with pytest.raises(ImpossibleChange, match=told):
                    post_status.approve(db, post, seen_hash=seen, actor="ben", now=now)
    assert _value(owner, "approved_by", post) == "anna"
