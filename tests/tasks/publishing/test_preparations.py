"""What is made ahead unseen: ready before its time, thrown away when nobody wants it, made again when it vanished."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy.exc

from models import post_status
from models.base import utc_now
from models.database import Role, database_url, session
from models.settings import settings
from tasks import wiring
from tasks.publishing.preparations import DiscardReport, SweepReport, discard, sweep
from tasks.publishing.store import LeaseLost, Store
from tasks.tokens import account_for_call
from tests.tasks.publishing.conftest import Publish, Town

DAY = 86_400.0


def unseen(town: Town) -> list[str]:
    """Texts of the Page's posts that exist and that nobody sees."""
    truth = town.sandbox.control("GET", "truth")["accounts"][town.accounts["facebook"].account_id]
    return [post["text"] for post in truth["unpublished"] if post["state"] != "DELETED"]


def handles(town: Town, post: UUID) -> dict[str, str]:
    rows = town.db.execute("SELECT kind, handle FROM publish_handles WHERE post_id = %s", (post,)).fetchall()
    return dict(rows)


def discards(town: Town) -> list[str]:
    return [row[0] for row in town.db.execute("SELECT reason FROM publish_discards ORDER BY created_at").fetchall()]


def edit(town: Town, post: UUID, **changes: Any) -> None:
    with session(Role.DASHBOARD, tenant=town.owner.user_id) as db:
        seen = town.row(post)["content_hash"]
        post_status.edit(db, post, seen_hash=seen, actor="owner", now=utc_now(), **changes)


async def tidy(town: Town) -> DiscardReport:
    async with wiring.open_platforms(settings()) as platforms, store(town) as rows:
        return await discard(rows.rows, platforms, timeout_seconds=5)


async def swept(town: Town, **changes: Any) -> SweepReport:
    async with wiring.open_platforms(settings()) as platforms, store(town) as rows:
        return await sweep(rows.rows, platforms, now=utc_now(), timeout_seconds=5, **changes)


def store(town: Town) -> Any:
    return Store.open(database_url(settings()), worker="tidier", lease_seconds=5)


async def test_both_that_can_are_ready_before_their_time_and_nobody_sees_them(town: Town, publish: Publish) -> None:
    facebook, instagram = town.post("facebook", due=300, content="Soon."), town.post("instagram", due=300)
    google = town.post("google", due=300)
    await publish(1.0)
    assert set(handles(town, facebook)) == {"unpublished_post"}
    assert set(handles(town, instagram)) == {"container"}
    assert handles(town, google) == {}
    assert unseen(town) == ["Soon."]
    assert town.live("facebook") == town.live("instagram") == town.live("google") == []
    for post in (facebook, instagram):
        row = town.row(post)
        assert row["prepared_hash"] == row["content_hash"]
        assert row["lease_owner"] is None


async def test_what_was_prepared_is_published_by_one_call(town: Town, publish: Publish) -> None:
    post = town.post("facebook", due=2.0, content="On the second.")
    await publish(1.0, prepare_ahead_seconds=600)
    prepared = handles(town, post)["unpublished_post"]
    town.sandbox.control("DELETE", "calls")
    await publish(2.5)
    assert town.row(post)["platform_post_id"] == prepared
    calls = town.sandbox.control("GET", "calls")["facebook"]
    assert calls["publish"]["requests"] == 1
    assert "prepare" not in calls


@pytest.mark.parametrize("how", ["edited", "rejected", "postponed"])
async def test_what_is_no_longer_wanted_is_deleted(town: Town, publish: Publish, how: str) -> None:
    post = town.post("facebook", due=300, content="The old words.")
    await publish(1.0)
    assert unseen(town) == ["The old words."]
    if how == "edited":
        edit(town, post, content="The new words.")
    elif how == "postponed":
        edit(town, post, scheduled_for=utc_now() + timedelta(days=2))
    else:
        with session(Role.DASHBOARD, tenant=town.owner.user_id) as db:
            post_status.reject(db, post, reason="no", actor="owner", now=utc_now())
    assert discards(town) == [how]
    assert handles(town, post) == {}
    assert town.row(post)["prepared_hash"] is None
    assert (await tidy(town)).deleted == 1
    assert unseen(town) == []
    assert discards(town) == []


async def test_a_window_deletes_it_by_itself_and_prepares_the_new_words(town: Town, publish: Publish) -> None:
    post = town.post("facebook", due=300, content="The old words.")
    await publish(1.0)
    edit(town, post, content="The new words.")
    report = await publish(1.5)
    assert unseen(town) == ["The new words."]
    assert report.discarded == 1


async def test_a_round_that_fails_is_not_the_windows_last(
    town: Town, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database goes away while a token is read: the next round deletes what this one could not."""
    post = town.post("facebook", due=300, content="The old words.")
    await publish(1.0)
    edit(town, post, content="The new words.", scheduled_for=utc_now() + timedelta(days=1))
    rounds: list[int] = []

    async def unlucky(*given: Any, **named: Any) -> DiscardReport:
        rounds.append(1)
        if len(rounds) == 1:
            raise ExceptionGroup("a batch", [sqlalchemy.exc.OperationalError("SELECT 1", {}, Exception("gone"))])
        return await discard(*given, **named)

    monkeypatch.setattr("tasks.publishing.window.discard", unlucky)
    monkeypatch.setattr("tasks.publishing.publisher.TIDY_EVERY", 0.1)
    report = await publish(2.0)
    assert report.discarded == 1
    assert unseen(town) == []


async def test_publish_now_uses_what_is_prepared(town: Town, publish: Publish) -> None:
    post = town.post("facebook", due=300, content="Now.")
    await publish(1.0)
    prepared = handles(town, post)["unpublished_post"]
    with session(Role.DASHBOARD, tenant=town.owner.user_id) as db:
        seen = town.row(post)["content_hash"]
        post_status.publish_now(db, post, seen_hash=seen, actor="owner", now=utc_now())
    await publish()
    assert town.row(post)["platform_post_id"] == prepared
    assert town.live("facebook") == ["Now."]


async def test_an_id_that_is_about_to_be_deleted_is_not_used_when_the_old_words_come_back(
    town: Town, publish: Publish
) -> None:
    post = town.post("facebook", due=300, content="First.")
    await publish(1.0)
    first = handles(town, post)["unpublished_post"]
    edit(town, post, content="Second.")
    edit(town, post, content="First.", scheduled_for=utc_now())
    await publish()
    assert town.live("facebook") == ["First."]
    assert town.row(post)["platform_post_id"] != first
    await tidy(town)
    assert town.live("facebook") == ["First."]
    assert unseen(town) == []


async def test_a_live_post_is_never_deleted_and_a_person_is_told(town: Town, publish: Publish) -> None:
    post = town.post("facebook", content="Live.")
    await publish()
    account = town.row(post)["account_id"]
    town.db.execute(
        "INSERT INTO publish_discards (user_id, account_id, platform, handles, reason)"
        " VALUES (%s, %s, 'facebook', %s, 'edited')",
        (
            town.owner.user_id,
            account,
            psycopg.types.json.Jsonb({"unpublished_post": town.row(post)["platform_post_id"]}),
        ),
    )
    report = await tidy(town)
    assert (report.deleted, len(report.live)) == (0, 1)
    assert report.problem is not None
    assert town.live("facebook") == ["Live."]
    assert discards(town) == ["edited"]


async def test_what_cannot_be_deleted_now_is_tried_again_later(town: Town, publish: Publish) -> None:
    post = town.post("facebook", due=300, content="Old.")
    await publish(1.0)
    edit(town, post, content="New.", scheduled_for=utc_now() + timedelta(days=1))
    town.sandbox.control("POST", "faults", {"service": "facebook", "operation": "delete", "kind": "500", "times": 1})
    assert (await tidy(town)).later == 1
    assert unseen(town) == ["Old."]
    assert (await tidy(town)).taken == 0  # booked for later: nobody is hammered
    town.db.execute("UPDATE publish_discards SET next_attempt_at = now()")
    assert (await tidy(town)).deleted == 1
    assert unseen(town) == []


async def test_deleting_what_is_gone_is_no_error(town: Town, publish: Publish) -> None:
    post = town.post("facebook", due=300, content="Old.")
    await publish(1.0)
    edit(town, post, content="New.", scheduled_for=utc_now() + timedelta(days=1))
    town.sandbox.control("POST", "faults", {"service": "facebook", "operation": "delete", "kind": "accept_then_500"})
    await tidy(town)
    town.sandbox.control("DELETE", "faults")
    town.db.execute("UPDATE publish_discards SET next_attempt_at = now()")
    assert (await tidy(town)).deleted == 1
    assert discards(town) == []


async def test_a_lost_answer_leaves_an_orphan_that_a_sweep_finds(town: Town, publish: Publish) -> None:
    town.sandbox.control(
        "POST", "faults", {"service": "facebook", "operation": "prepare", "kind": "accept_then_drop", "times": 1}
    )
    town.post("facebook", due=300, content="Twice unseen.")
    await publish(1.0)
    await publish(1.0)  # the answer was lost: made once more
    assert unseen(town) == ["Twice unseen."] * 2
    assert (await swept(town)).orphans == 0  # too young: another worker may be about to note it
    report = await swept(town, older_than=timedelta(0))
    assert (report.accounts, report.orphans) == (1, 1)
    assert discards(town) == ["orphan"]
    assert (await swept(town, older_than=timedelta(0))).orphans == 0  # known by now
    assert (await tidy(town)).deleted == 1
    assert unseen(town) == ["Twice unseen."]


async def test_a_sweep_leaves_what_others_made_and_what_was_published(town: Town, publish: Publish) -> None:
    page = town.accounts["facebook"].account_id
    town.sandbox.control("POST", "posts", {"account_id": page, "text": "By somebody else."})
    town.post("facebook", content="Ours, live.")
    await publish()
    assert (await swept(town, older_than=timedelta(0))).orphans == 0
    assert sorted(town.live("facebook")) == ["By somebody else.", "Ours, live."]


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
async def test_a_preparation_that_vanished_is_made_again_before_the_call(
    town: Town, publish: Publish, platform: str
) -> None:
    post = town.post(platform, due=300, content="Away for days.")
    await publish(1.0)
    if platform == "instagram":
        town.sandbox.control("POST", "clock", {"advance_seconds": 2 * DAY})  # containers live for a day
    else:
        await _delete(town, handles(town, post))
    town.db.execute("UPDATE connected_accounts SET status = 'expired'")
    town.db.execute(
        "UPDATE post_queue SET prepared_at = now() - interval '2 days', scheduled_for = now() - interval '1 second'"
    )
    town.db.execute("UPDATE connected_accounts SET status = 'active', token_expires_at = now() + interval '50 days'")
    await publish()
    if platform == "facebook":
        # What cannot be read may be live and not shown yet: only publishing it by its id proves that it is gone.
        assert town.attempts(post) == ["try_later"]
        await asyncio.sleep(0.5)
        await publish()
    assert town.row(post)["status"] == "published"
    assert town.attempts(post)[-1] == "published"
    assert town.live(platform) == ["Away for days."]


async def test_an_old_preparation_is_made_again_ahead_of_its_time(town: Town, publish: Publish) -> None:
    post = town.post("instagram", due=300)
    await publish(1.0)
    first = handles(town, post)["container"]
    town.sandbox.control("POST", "clock", {"advance_seconds": 2 * DAY})
    town.db.execute("UPDATE post_queue SET prepared_at = now() - interval '2 days'")
    town.db.execute("UPDATE connected_accounts SET token_expires_at = now() + interval '50 days'")
    await publish(1.0)
    assert handles(town, post)["container"] != first
    assert town.row(post)["prepared_at"] > utc_now() - timedelta(minutes=5)


async def _delete(town: Town, made: dict[str, str]) -> None:
    async with wiring.open_platforms(settings()) as platforms:
        account = await account_for_call(town.accounts["facebook"].id, platforms=platforms)
        await platforms["facebook"].discard(account, made)


@pytest.mark.parametrize("change", ["content = 'Other words.'", "scheduled_for = now()", "status = 'rejected'"])
async def test_nothing_changes_while_a_dead_workers_call_is_open(town: Town, change: str) -> None:
    post = town.post("facebook", due=-60)
    town.db.execute(
        "INSERT INTO publish_attempts (post_id, user_id, attempt_number, fingerprint, worker, lease_token)"
        " SELECT id, user_id, 1, content_hash, 'dead', 1 FROM post_queue WHERE id = %s",
        (post,),
    )
    with pytest.raises(psycopg.errors.LockNotAvailable, match="being published right now"):
        town.db.execute(f"UPDATE post_queue SET {change} WHERE id = %s", (post,))


async def test_a_slow_worker_that_comes_back_cannot_put_its_id_over_anothers(town: Town) -> None:
    """Else a lost answer would be looked for by the wrong id, found "not published", and sent again."""
    post = town.post("facebook")
    async with store(town) as slow, store(town) as other:
        (old,) = await slow.claim(batch=1, ahead=0.5, share=1, missed=86_400)
        town.db.execute("UPDATE post_queue SET lease_expires_at = now() - interval '1 second' WHERE id = %s", (post,))
        (new,) = await other.claim(batch=1, ahead=0.5, share=1, missed=86_400)
        await other.remember(new, "unpublished_post", "1_2")
        with pytest.raises(LeaseLost):
            await slow.remember(old, "unpublished_post", "3_4")
    assert handles(town, post) == {"unpublished_post": "1_2"}
