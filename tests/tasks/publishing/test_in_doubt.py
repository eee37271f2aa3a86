"""A lost answer is settled by looking, whatever the platform did with the text and whoever else posts there."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from tests.tasks.publishing.conftest import Publish, Town, settle

# How a post becomes visible: platform, the sandbox's name of the call, and Facebook's mode.
WAYS = [
    ("google", "create", "prepared"),
    ("facebook", "publish", "prepared"),
    ("facebook", "create", "direct"),
    ("instagram", "publish", "prepared"),
]
ways = pytest.mark.parametrize(
    ("platform", "operation", "mode"), WAYS, ids=["google", "facebook", "direct", "instagram"]
)
TEXT = "Check your  shut-off valve —  before winter does. "


async def lose_the_answer(town: Town, publish: Publish, post: UUID, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One call whose answer is lost; nobody looks for the post until `look_now`."""
    monkeypatch.setattr("models.publishing.FIRST_LOOK_DELAY", 3600)
    await publish(0.3, facebook_publish_mode=mode)
    assert town.row(post)["in_doubt_since"] is not None


def look_now(town: Town) -> None:
    town.db.execute("UPDATE post_queue SET next_attempt_at = now()")


@ways
@pytest.mark.parametrize("how", ["trim", "squash"])
async def test_a_text_that_the_platform_changed_is_recognised(
    town: Town, publish: Publish, platform: str, operation: str, mode: str, how: str
) -> None:
    town.sandbox.configure(**{f"{platform}_normalise": how})
    town.sandbox.fault(service=platform, operation=operation, kind="accept_then_500")
    post = town.post(platform, content=TEXT)
    await settle(town, publish, post, mode)
    assert len(town.live(platform)) == 1
    assert town.live(platform)[0] != TEXT
    assert town.row(post)["status"] == "published"
    assert "found on the platform after a lost answer" in town.story(post)


@ways
async def test_a_post_that_shows_late_is_not_sent_again(
    town: Town, publish: Publish, platform: str, operation: str, mode: str
) -> None:
    """Hidden for longer than the first look takes, shorter than the time between two looks."""
    town.sandbox.fault(service=platform, operation=operation, kind="accept_then_drop", hidden=1.0)
    post = town.post(platform, content=TEXT)
    for _ in range(20):
        await publish(facebook_publish_mode=mode, reconcile_settle_seconds=3.0)
        if town.row(post)["status"] == "published":
            break
        await asyncio.sleep(0.2)
    await asyncio.sleep(1.0)
    assert len(town.live(platform)) == 1
    assert town.row(post)["status"] == "published"


@ways
async def test_posts_of_other_apps_over_several_pages_of_results_are_not_taken_for_ours(
    town: Town, publish: Publish, platform: str, operation: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.sandbox.fault(service=platform, operation=operation, kind="accept_then_500")
    post = town.post(platform, content=TEXT)
    await lose_the_answer(town, publish, post, mode, monkeypatch)
    account = town.accounts[platform].account_id
    picture = f"{town.sandbox.url}/_sandbox/pictures/1080x1080/pipes.jpg"
    for number in range(230):  # more than two pages of the longest list
        wish = {"account_id": account, "text": f"Somebody else's post {number}"}
        town.sandbox.control("POST", "posts", wish | ({"media_url": picture} if platform == "instagram" else {}))
    look_now(town)
    await settle(town, publish, post, mode)
    assert sum("shut-off valve" in text for text in town.live(platform)) == 1
    assert town.row(post)["status"] == "published"
    truth = town.sandbox.control("GET", "truth")["accounts"][account]["posts"]
    ours = next(p["id"] for p in truth if "shut-off valve" in p["text"])
    assert town.row(post)["platform_post_id"] == ours


async def test_the_same_words_by_another_app_on_the_page_are_not_adopted(
    town: Town, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Facebook says which app made a post; the other two do not (there the earliest in the window counts)."""
    town.sandbox.fault(service="facebook", operation="create", kind="drop_before")
    post = town.post("facebook", content="Same words.")
    page = town.accounts["facebook"].account_id
    await lose_the_answer(town, publish, post, "direct", monkeypatch)
    town.sandbox.control("POST", "posts", {"account_id": page, "text": "Same words."})
    town.sandbox.control("POST", "posts", {"account_id": page, "text": "Something between."})
    look_now(town)
    await settle(town, publish, post, "direct")
    assert town.row(post)["status"] == "published"
    assert town.live("facebook").count("Same words.") == 2


@ways
async def test_without_access_it_stays_in_doubt_and_is_settled_after_the_owner_has_connected_again(
    town: Town, publish: Publish, platform: str, operation: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.sandbox.fault(service=platform, operation=operation, kind="accept_then_500")
    post = town.post(platform, content=TEXT)
    await lose_the_answer(town, publish, post, mode, monkeypatch)
    account = town.accounts[platform]
    town.sandbox.control("POST", "tokens", {"account_id": account.account_id, "state": "revoked"})
    look_now(town)
    await publish(facebook_publish_mode=mode)
    row = town.row(post)
    assert (row["status"], row["in_doubt_since"] is not None) == ("pending", True)
    assert "reconnected" in row["error_message"]
    status = town.db.execute("SELECT status FROM connected_accounts WHERE id = %s", (account.id,)).fetchone()
    assert status is not None
    assert status[0] in ("expired", "revoked")
    town.reconnect(platform)
    look_now(town)
    await settle(town, publish, post, mode)
    assert town.row(post)["status"] == "published"
    assert len(town.live(platform)) == 1
