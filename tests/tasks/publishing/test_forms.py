"""Every form of a post through the queue: albums, carousels, Google's events and offers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from models.base import utc_now
from tests.tasks.publishing.conftest import Publish, Town

MODES = ("prepared", "direct")
# The owner of a town lives in Chicago: 10:00 to 14:30 on their wall clock in winter.
EVENT: dict[str, Any] = {
    "topic_type": "EVENT",
    "event_title": "Open day",
    "event_starts_at": "2030-12-07 16:00Z",
    "event_ends_at": "2030-12-07 20:30Z",
}
SCHEDULE = {
    "startDate": {"year": 2030, "month": 12, "day": 7},
    "startTime": {"hours": 10, "minutes": 0},
    "endDate": {"year": 2030, "month": 12, "day": 7},
    "endTime": {"hours": 14, "minutes": 30},
}
OFFER = EVENT | {"topic_type": "OFFER", "offer_coupon_code": "TAP10", "offer_terms": "One each"}


def pictures(town: Town, *names: str) -> dict[str, Any]:
    """The columns of a post with these pictures."""
    first, *more = [f"{town.sandbox.url}/_sandbox/pictures/1080x1080/{name}.jpg" for name in names]
    return {
        "media_url": first,
        "more_media_urls": more,
        "alt_text": f"shows {names[0]}",
        "more_alt_texts": [f"shows {name}" for name in names[1:]],
    }


def made(town: Town, platform: str) -> Any:
    """The one visible post of an account, as the sandbox keeps it."""
    account = town.accounts[platform].account_id
    (post,) = [p for p in town.sandbox.world.posts_on(account) if p.is_visible(town.sandbox.world.now())]
    return post


class TestGoogle:
    """EVENT and OFFER."""

    @pytest.mark.parametrize("columns", [EVENT, OFFER], ids=["event", "offer"])
    async def test_it_is_published_with_its_times_on_the_owners_wall_clock(
        self, town: Town, publish: Publish, columns: dict[str, Any]
    ) -> None:
        post = town.post("google", content="Come by.", call_to_action="CALL", **columns)
        await publish()
        assert town.row(post)["status"] == "published"
        sent = made(town, "google")
        assert sent.text == "Come by."
        assert sent.extra["topicType"] == columns["topic_type"]
        assert sent.extra["event"] == {"title": "Open day", "schedule": SCHEDULE}
        if columns is OFFER:
            assert sent.extra["offer"] == {"couponCode": "TAP10", "termsConditions": "One each"}
            assert "callToAction" not in sent.extra
        else:
            assert sent.extra["callToAction"] == {"actionType": "CALL"}

    @pytest.mark.parametrize("columns", [EVENT, OFFER], ids=["event", "offer"])
    @pytest.mark.parametrize("fault", ["accept_then_500", "accept_then_drop"])
    async def test_a_lost_answer_neither_doubles_nor_loses_it(
        self, town: Town, publish: Publish, columns: dict[str, Any], fault: str
    ) -> None:
        town.sandbox.fault(service="google", operation="create", kind=fault)
        post = town.post("google", **columns)
        await publish()
        assert len(town.live("google")) == 1
        assert town.row(post)["status"] == "published"
        assert town.attempts(post) == ["published"]

    async def test_a_call_that_did_nothing_is_made_again(self, town: Town, publish: Publish) -> None:
        town.sandbox.fault(service="google", operation="create", kind="5xx")
        post = town.post("google", **EVENT)
        await publish()
        assert town.attempts(post) == ["absent", "published"]
        assert made(town, "google").extra["event"]["title"] == "Open day"

    async def test_without_a_known_zone_it_is_not_sent_at_the_wrong_hour(self, town: Town, publish: Publish) -> None:
        town.db.execute("UPDATE user_preferences SET timezone = 'America/Chikago'")
        event, plain = town.post("google", **EVENT), town.post("google")
        await publish()
        row = town.row(event)
        assert (row["status"], row["in_doubt_since"]) == ("failed", None)
        assert "Unknown time zone 'America/Chikago': did you mean America/Chicago?" in row["error_message"]
        assert town.row(plain)["status"] == "published"
        assert len(town.live("google")) == 1

    async def test_without_preferences_the_zone_is_the_one_that_the_dashboard_shows(
        self, town: Town, publish: Publish
    ) -> None:
        town.db.execute("DELETE FROM user_preferences")
        town.post("google", **EVENT)
        await publish()
        assert made(town, "google").extra["event"]["schedule"]["startTime"] == {"hours": 11, "minutes": 0}

    async def test_what_is_over_is_not_sent_any_more(self, town: Town, publish: Publish) -> None:
        over = {
            "event_starts_at": utc_now() - timedelta(hours=3),
            "event_ends_at": utc_now() - timedelta(minutes=1),
        }
        post = town.post("google", **EVENT | over)
        await publish()
        assert town.row(post)["status"] == "failed"
        assert town.row(post)["error_message"].startswith("Not sent: what it invites to was over")
        assert town.live("google") == []

    async def test_a_later_rejection_names_what_was_found_in_the_very_post(self, town: Town, publish: Publish) -> None:
        town.sandbox.configure(google_processing_seconds=0.5)
        post = town.post("google", content="Burst pipe? Ring (512) 555-0143.")
        await publish()
        message = town.row(post)["error_message"]
        assert "the text contains a phone number ((512) 555-0143)" in message
        assert "suspended" in message
        assert "picture" not in message

    async def test_a_rejected_picture_is_named(self, town: Town, publish: Publish) -> None:
        town.sandbox.configure(google_processing_seconds=0.5)
        town.sandbox.fault(service="google", operation="create", kind="reject")
        post = town.post("google", media_url="https://cdn.example/pipes.jpg")
        await publish()
        assert "the picture (https://cdn.example/pipes.jpg) could not be loaded" in town.row(post)["error_message"]

    async def test_a_post_that_cannot_be_read_is_followed_a_minute_later(self, town: Town, publish: Publish) -> None:
        town.sandbox.configure(google_processing_seconds=0.2)
        town.sandbox.fault(service="google", operation="read", kind="5xx")
        post = town.post("google")
        await publish(0.8)
        row = town.row(post)
        assert (row["status"], row["platform_state"]) == ("pending", "PROCESSING")
        assert row["next_attempt_at"] > utc_now() + timedelta(seconds=30)
        town.db.execute("UPDATE post_queue SET next_attempt_at = NULL")
        await publish()
        assert town.row(post)["status"] == "published"


class TestFacebook:
    """Several photos, all or nothing, in both modes."""

    @pytest.mark.parametrize("mode", MODES)
    async def test_three_photos_are_one_post(self, town: Town, publish: Publish, mode: str) -> None:
        columns = pictures(town, "pipes", "roof", "van")
        post = town.post("facebook", **columns)
        await publish(facebook_publish_mode=mode)
        assert town.row(post)["status"] == "published"
        sent = made(town, "facebook")
        assert sent.id == town.row(post)["platform_post_id"]
        assert sent.media == [columns["media_url"], *columns["more_media_urls"]]
        photos = sorted(town.sandbox.world.photos.values(), key=lambda photo: int(photo.id))
        assert [photo.alt_text for photo in photos] == ["shows pipes", "shows roof", "shows van"]
        assert {photo.post_id for photo in photos} == {sent.id}

    @pytest.mark.parametrize("mode", MODES)
    @pytest.mark.parametrize("bad", [0, 1, 2])
    async def test_where_one_photo_is_refused_nothing_appears(
        self, town: Town, publish: Publish, mode: str, bad: int
    ) -> None:
        columns = pictures(town, "pipes", "roof", "van")
        urls = [columns["media_url"], *columns["more_media_urls"]]
        urls[bad] = "https://cdn.example/plan.pdf"
        post = town.post("facebook", **columns | {"media_url": urls[0], "more_media_urls": urls[1:]})
        await publish(facebook_publish_mode=mode)
        assert town.row(post)["status"] == "failed"
        assert town.live("facebook") == []
        assert town.sandbox.calls("facebook", "create") == 0
        assert town.sandbox.calls("facebook", "publish") == 0

    @pytest.mark.parametrize("mode", MODES)
    @pytest.mark.parametrize("fault", ["5xx", "drop_before", "accept_then_500", "accept_then_drop", "429"])
    async def test_where_one_photo_has_trouble_all_appear_together_later(
        self, town: Town, publish: Publish, mode: str, fault: str
    ) -> None:
        town.sandbox.fault(service="facebook", operation="prepare", kind=fault)
        columns = pictures(town, "pipes", "roof", "van")
        post = town.post("facebook", **columns)
        await publish(facebook_publish_mode=mode)
        assert town.row(post)["status"] == "pending"
        assert town.live("facebook") == []
        town.db.execute("UPDATE post_queue SET next_attempt_at = NULL")
        town.db.execute("UPDATE connected_accounts SET slowed_until = NULL")  # what the 429's usage header asked for
        await publish(facebook_publish_mode=mode)
        assert made(town, "facebook").media == [columns["media_url"], *columns["more_media_urls"]]
        assert town.row(post)["status"] == "published"

    @pytest.mark.parametrize("mode", MODES)
    @pytest.mark.parametrize("fault", ["accept_then_500", "accept_then_drop"])
    async def test_a_lost_answer_neither_doubles_nor_loses_the_album(
        self, town: Town, publish: Publish, mode: str, fault: str
    ) -> None:
        operation = "publish" if mode == "prepared" else "create"
        town.sandbox.fault(service="facebook", operation=operation, kind=fault)
        post = town.post("facebook", **pictures(town, "pipes", "roof", "van"))
        await publish(facebook_publish_mode=mode)
        assert len(town.live("facebook")) == 1
        assert town.row(post)["status"] == "published"

    async def test_ten_photos_are_taken(self, town: Town, publish: Publish) -> None:
        town.post("facebook", **pictures(town, *(f"pipe-{n}" for n in range(10))))
        await publish()
        assert len(made(town, "facebook").media) == 10


class TestInstagram:
    """Carousels through both logins."""

    @pytest.mark.parametrize("login", ["facebook", "instagram"])
    @pytest.mark.parametrize("names", [("pipes", "roof"), ("pipes", "roof", "van"), tuple(f"p{n}" for n in range(10))])
    async def test_several_pictures_are_one_carousel(
        self, town: Town, publish: Publish, login: str, names: Sequence[str]
    ) -> None:
        town.connect("instagram", login=login, name=f"By {login}")
        columns = pictures(town, *names)
        post = town.post("instagram", content="Done today.", hashtags=["austin"], **columns)
        await publish()
        assert town.row(post)["status"] == "published"
        sent = made(town, "instagram")
        assert (sent.text, sent.media_type) == ("Done today.\n\n#austin", "CAROUSEL_ALBUM")
        assert sent.media == [columns["media_url"], *columns["more_media_urls"]]
        container = town.sandbox.world.containers[sent.extra["container"]]
        children = [town.sandbox.world.containers[child] for child in container.children]
        assert [child.alt_text for child in children] == [f"shows {name}" for name in names]

    @pytest.mark.parametrize("login", ["facebook", "instagram"])
    @pytest.mark.parametrize("fault", ["accept_then_500", "accept_then_drop", "5xx"])
    async def test_a_lost_answer_neither_doubles_nor_loses_the_carousel(
        self, town: Town, publish: Publish, login: str, fault: str
    ) -> None:
        town.connect("instagram", login=login, name=f"By {login}")
        town.sandbox.fault(service="instagram", operation="publish", kind=fault)
        post = town.post("instagram", **pictures(town, "pipes", "roof", "van"))
        await publish()
        assert len(town.live("instagram")) == 1
        assert town.row(post)["status"] == "published"

    @pytest.mark.parametrize("bad", ["https://cdn.example/plan.png", "https://cdn.example/unreachable.jpg"])
    async def test_where_one_picture_cannot_be_used_nothing_appears(
        self, town: Town, publish: Publish, bad: str
    ) -> None:
        columns = pictures(town, "pipes", "roof", "van")
        columns["more_media_urls"][1] = bad
        post = town.post("instagram", **columns)
        await publish()
        assert town.row(post)["status"] != "published"
        assert town.row(post)["error_message"]
        assert town.live("instagram") == []
        assert town.sandbox.calls("instagram", "publish") == 0
