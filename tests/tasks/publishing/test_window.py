"""Publishing to the sandbox: once, on time, and the truth in the database."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from models import post_status
from models.base import utc_now
from models.database import Role, session
from models.publish_control import request_drain
from tasks.publishing.window import rows, summary
from tests.factories import make_owner, make_post
from tests.tasks.publishing.conftest import Publish, Town, settle

PLATFORMS = ("google", "facebook", "instagram")


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_due_post_appears_once_and_is_recorded(town: Town, publish: Publish, platform: str) -> None:
    post = town.post(
        platform, content="Check your shut-off valve today.", hashtags=["plumbing"] if platform == "instagram" else None
    )
    report = await publish()
    row = town.row(post)
    assert row["status"] == "published"
    assert len(town.live(platform)) == 1
    assert "shut-off valve" in town.live(platform)[0]
    assert row["platform_post_id"]
    assert row["permalink"].startswith("http")
    assert row["lease_owner"] is None
    assert town.attempts(post) == ["published"]
    assert report.counts["published"] == 1
    assert "1 published" in summary(report)
    assert any(str(post) == r["post"] for r in rows(report))
    await publish()
    assert len(town.live(platform)) == 1


async def test_hashtags_are_part_of_instagrams_caption(town: Town, publish: Publish) -> None:
    town.post("instagram", content="Warm pipes.", hashtags=["austin", "#plumber"])
    await publish()
    assert town.live("instagram") == ["Warm pipes.\n\n#austin #plumber"]


@pytest.mark.parametrize("platform", ["google", "facebook"])
async def test_what_is_not_due_not_approved_or_not_wanted_stays(town: Town, publish: Publish, platform: str) -> None:
    town.post(platform, due=3600)
    town.post(platform, requires_approval=True)
    rejected = town.post(platform, requires_approval=True, status="rejected")
    town.post(platform, status="failed")
    await publish()
    assert town.live(platform) == []
    assert town.row(rejected)["status"] == "rejected"


@pytest.mark.parametrize("status", ["paused", "canceled"])
async def test_a_paused_owner_is_silent(town: Town, publish: Publish, status: str) -> None:
    town.post("facebook")
    town.db.execute("UPDATE users SET status = %s", (status,))
    await publish()
    assert town.live("facebook") == []


@pytest.mark.parametrize("platform", ["google", "facebook", "instagram"])
async def test_nothing_goes_out_before_the_owner_has_confirmed_their_address(
    town: Town, publish: Publish, platform: str
) -> None:
    post = town.post(platform)
    town.db.execute("UPDATE users SET status = 'trial', unverified_since = now()")
    await publish()
    assert town.live(platform) == []
    assert town.row(post)["status"] == "pending"
    town.db.execute("UPDATE users SET unverified_since = NULL")
    await publish()
    assert town.row(post)["status"] == "published"


@pytest.mark.parametrize("status", ["expired", "revoked"])
async def test_a_lost_account_holds_its_posts(town: Town, publish: Publish, status: str) -> None:
    post = town.post("facebook")
    town.db.execute("UPDATE connected_accounts SET status = %s", (status,))
    await publish()
    assert town.row(post)["status"] == "pending"
    town.db.execute("UPDATE connected_accounts SET status = 'active'")
    await publish()
    assert town.row(post)["status"] == "published"


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("fault", ["accept_then_500", "accept_then_drop", "accept_then_hang", "accept_then_malformed"])
async def test_a_lost_answer_neither_doubles_nor_loses_the_post(
    town: Town, publish: Publish, platform: str, fault: str
) -> None:
    operation = "publish" if platform != "google" else "create"
    town.sandbox.fault(service=platform, operation=operation, kind=fault, seconds=10)
    post = town.post(platform)
    await publish()
    assert len(town.live(platform)) == 1
    assert town.row(post)["status"] == "published"
    assert town.row(post)["in_doubt_since"] is None
    assert town.attempts(post) == ["published"]
    assert any(reason.startswith("in doubt") for reason in town.story(post))


@pytest.mark.parametrize("fault", ["accept_then_500", "accept_then_drop"])
async def test_facebook_posted_directly_is_found_after_a_lost_answer(town: Town, publish: Publish, fault: str) -> None:
    town.sandbox.fault(service="facebook", operation="create", kind=fault)
    post = town.post("facebook")
    await publish(facebook_publish_mode="direct")
    assert len(town.live("facebook")) == 1
    assert town.row(post)["status"] == "published"


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("fault", ["5xx", "drop_before"])
async def test_a_call_that_did_nothing_is_proved_absent_and_made_again(
    town: Town, publish: Publish, platform: str, fault: str
) -> None:
    operation = "publish" if platform != "google" else "create"
    town.sandbox.fault(service=platform, operation=operation, kind=fault)
    post = town.post(platform)
    await publish()
    assert len(town.live(platform)) == 1
    assert town.attempts(post) == ["absent", "published"]


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_rate_limit_is_waited_for(town: Town, publish: Publish, platform: str) -> None:
    operation = "publish" if platform != "google" else "create"
    town.sandbox.fault(service=platform, operation=operation, kind="429", retry_after=1)
    post = town.post(platform)
    report = await publish()
    assert report.counts["later"] == 1
    assert town.row(post)["status"] == "pending"
    assert town.row(post)["next_attempt_at"] > utc_now()
    assert town.attempts(post) == ["try_later"]
    town.db.execute("UPDATE post_queue SET next_attempt_at = NULL")
    town.db.execute("UPDATE connected_accounts SET slowed_until = NULL")  # what Meta's usage header asked for
    await publish()
    assert town.row(post)["status"] == "published"
    assert len(town.live(platform)) == 1


async def test_what_a_platform_refuses_fails_with_its_reason(town: Town, publish: Publish) -> None:
    post = town.post("instagram", media_url="https://example.com/picture.png")
    report = await publish()
    row = town.row(post)
    assert row["status"] == "failed"
    assert row["error_message"]
    assert report.counts["refused"] == 1
    assert town.live("instagram") == []


async def test_google_is_followed_until_it_is_live(town: Town, publish: Publish) -> None:
    town.sandbox.configure(google_processing_seconds=0.5)
    post = town.post("google")
    await settle(town, publish, post)
    assert town.row(post)["status"] == "published"
    assert any("not shown yet" in reason for reason in town.story(post))


async def test_google_rejecting_later_is_a_failure_told_with_its_cause(town: Town, publish: Publish) -> None:
    town.sandbox.configure(google_processing_seconds=0.5)
    town.sandbox.fault(service="google", operation="create", kind="reject")
    post = town.post("google")
    await settle(town, publish, post)
    assert town.row(post)["status"] == "failed"
    assert town.live("google") == []


async def test_too_late_is_missed_and_told(town: Town, publish: Publish) -> None:
    post = town.post("facebook", due=-25 * 3600)
    await publish()
    assert town.row(post)["status"] == "failed"
    assert town.row(post)["error_message"].startswith("Missed")
    assert town.live("facebook") == []


async def test_two_windows_at_once_publish_each_post_once(town: Town, publish: Publish) -> None:
    for _ in range(30):
        town.post("google")
        town.post("facebook")
    reports = await asyncio.gather(publish(), publish(), publish())
    assert sum(r.counts["published"] for r in reports) == 60
    assert len(town.live("google")) == 30
    assert len(town.live("facebook")) == 30


async def test_a_dead_workers_post_is_looked_for_before_anything_else(town: Town, publish: Publish) -> None:
    """It died after the call: the intent stands, the lease ran out, nobody wrote what happened."""
    post = town.post("facebook")
    await publish(facebook_publish_mode="direct")
    assert len(town.live("facebook")) == 1
    with town.db.transaction():
        town.db.execute("ALTER TABLE post_queue DISABLE TRIGGER post_queue_guard_update")
        town.db.execute(
            "UPDATE post_queue SET status = 'pending', platform_post_id = NULL, published_at = NULL, "
            "lease_owner = 'dead', lease_expires_at = now() - interval '1 second'"
        )
        town.db.execute("UPDATE publish_attempts SET finished_at = NULL, outcome = NULL, platform_post_id = NULL")
        town.db.execute("ALTER TABLE post_queue ENABLE TRIGGER post_queue_guard_update")
    await publish(facebook_publish_mode="direct")
    assert len(town.live("facebook")) == 1
    assert town.row(post)["status"] == "published"


async def test_a_token_that_died_early_is_renewed_and_the_post_goes_out(town: Town, publish: Publish) -> None:
    town.sandbox.fault(service="google", operation="create", kind="token_expired")
    post = town.post("google")
    await publish()
    assert town.row(post)["status"] == "published"
    assert len(town.live("google")) == 1


async def test_a_revoked_connection_holds_the_post_and_says_so(town: Town, publish: Publish) -> None:
    account = town.accounts["facebook"]
    town.sandbox.control("POST", "tokens", {"account_id": account.account_id, "state": "revoked"})
    post = town.post("facebook")
    await publish()
    status = town.db.execute(
        "SELECT status, status_reason FROM connected_accounts WHERE id = %s", (account.id,)
    ).fetchone()
    assert status is not None
    assert status[0] in ("expired", "revoked")
    assert status[1]
    assert town.row(post)["status"] == "pending"
    assert town.live("facebook") == []


class TestOnTime:
    """A window sleeps until the second and is woken by what becomes due sooner."""

    async def test_posts_leave_at_their_second(
        self, town: Town, publish: Publish, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tasks.publishing.publisher.POLL", 60)  # only the knowledge of the next second wakes it
        for delay in (1.2, 1.5, 1.8):
            town.post("google", due=delay)
        running = asyncio.create_task(publish(60))
        await self._until_published(town, 3)
        request_drain(town.database_url)
        report = await running
        # How punctual it is, is measured (tests/benchmarks); here: never early, and not at some other waking.
        assert all(-0.001 <= late < 20 for late in report.latenesses), report.latenesses

    async def test_nothing_is_missed_while_one_window_ends_and_the_next_has_begun(
        self, town: Town, publish: Publish, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tasks.publishing.publisher.POLL", 60)
        posts = [town.post("google", due=0.5 + n / 10) for n in range(25)]
        first = asyncio.create_task(publish(1.5))
        await asyncio.sleep(0.8)
        second = asyncio.create_task(publish(60))
        await self._until_published(town, len(posts))
        request_drain(town.database_url)
        reports = [await first, await second]
        assert all(report.counts["published"] for report in reports)
        assert sum(report.counts["published"] for report in reports) == len(posts) == len(town.live("google"))
        assert [town.attempts(post) for post in posts] == [["published"]] * len(posts)

    async def _until_published(self, town: Town, number: int) -> None:
        async with asyncio.timeout(30):
            while town.db.execute("SELECT count(*) FROM post_queue WHERE status = 'published'").fetchone() != (number,):
                await asyncio.sleep(0.05)

    async def test_publish_now_wakes_a_sleeping_window(
        self, town: Town, publish: Publish, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tasks.publishing.publisher.POLL", 60)
        post = town.post("google", due=3600, requires_approval=True)
        running = asyncio.create_task(publish(60))
        await asyncio.sleep(0.7)
        with session(Role.DASHBOARD, tenant=town.owner.user_id) as db:
            seen = town.row(post)["content_hash"]
            post_status.publish_now(db, post, seen_hash=seen, actor="anna", now=utc_now())
        await self._until_published(town, 1)
        assert town.row(post)["status"] == "published"
        request_drain(town.database_url)
        await running

    async def test_a_drain_ends_the_window_at_once(self, town: Town, publish: Publish) -> None:
        running = asyncio.create_task(publish(60))
        await asyncio.sleep(0.5)
        request_drain(town.database_url)
        async with asyncio.timeout(30):
            await running

    async def test_what_can_exist_unseen_is_made_ahead(self, town: Town, publish: Publish) -> None:
        facebook = town.post("facebook", due=300)
        instagram = town.post("instagram", due=300)
        report = await publish(1.5)
        assert report.counts["prepared"] == 2
        assert town.live("facebook") == []
        assert town.live("instagram") == []
        for post in (facebook, instagram):
            assert town.row(post)["prepared_hash"] == town.row(post)["content_hash"]
        town.db.execute("UPDATE post_queue SET scheduled_for = %s", (utc_now() - timedelta(seconds=1),))
        before = town.sandbox.calls("instagram", "create")
        await publish()
        assert len(town.live("facebook")) == 1
        assert len(town.live("instagram")) == 1
        assert town.sandbox.calls("instagram", "create") == before


class TestFairness:
    """Thousands of posts of one tenant do not stand in front of the others'."""

    async def test_a_neighbour_is_served_while_a_giant_is_busy(self, town: Town, publish: Publish) -> None:
        for _ in range(120):
            town.post("google", due=-60)
        neighbour = make_owner(town.db, plan="starter")
        giant = town.accounts["google"]
        account = town.connect("google", neighbour)
        town.accounts["google"] = giant
        small = make_post(town.db, neighbour, account, scheduled_for=utc_now() - timedelta(seconds=1))
        town.sandbox.fault(service="google", operation="create", kind="latency", seconds=0.15, times=None)
        await publish(publish_concurrency=8)
        earlier = town.db.execute(
            "SELECT count(*) FROM post_queue p, post_queue s WHERE s.id = %s AND p.id <> s.id "
            "AND p.published_at < s.published_at",
            (small,),
        ).fetchone()
        assert earlier is not None
        assert earlier[0] < 30, "the neighbour waited for the giant"
        assert len(town.live("google")) == 120

    async def test_catching_up_after_an_outage_is_spaced(self, town: Town, publish: Publish) -> None:
        posts = [town.post("google", due=-3600 - n) for n in range(3)]
        fresh = town.post("google", due=-1)
        other = town.post("facebook", due=-3600)
        await publish(1.5)
        published = [town.row(post)["status"] == "published" for post in posts]
        assert published.count(True) == 1
        assert town.row(fresh)["status"] == "published"
        assert town.row(other)["status"] == "published"

    async def test_a_late_approval_is_no_catching_up(self, town: Town, publish: Publish) -> None:
        town.post("google", due=-5)
        late = town.post("google", due=-3600, status="approved", requires_approval=True)
        await publish(1.5)
        assert town.row(late)["status"] == "published"


async def test_a_post_found_rejected_after_a_lost_answer_is_a_failure(town: Town, publish: Publish) -> None:
    town.sandbox.fault(service="google", operation="create", kind="accept_then_500")
    post = town.post("google", content="Call us at 512-555-0143 today.")
    await publish()
    assert town.live("google") == []
    assert town.row(post)["status"] == "failed"


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_the_same_text_twice_on_purpose_appears_twice_even_with_lost_answers(
    town: Town, publish: Publish, platform: str
) -> None:
    operation = "publish" if platform != "google" else "create"
    if platform == "facebook":  # Facebook itself refuses identical consecutive posts (506): something else is between
        town.sandbox.control(
            "POST", "posts", {"account_id": town.accounts["facebook"].account_id, "text": "Somebody else's post"}
        )
    first = town.post(platform, content="Same words.", due=-3)
    town.sandbox.fault(service=platform, operation=operation, kind="accept_then_drop")
    await publish()
    if platform == "facebook":
        town.post("facebook", content="Something between.", due=-2)
        await publish()
    second = town.post(platform, content="Same words.", due=-1)
    town.sandbox.fault(service=platform, operation=operation, kind="accept_then_500")
    await publish()
    assert town.live(platform).count("Same words.") == 2
    assert town.row(first)["status"] == town.row(second)["status"] == "published"
    assert town.row(first)["platform_post_id"] != town.row(second)["platform_post_id"]
