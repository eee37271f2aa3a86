"""Facebook over real HTTP: prepared and direct, text to album, and what is found after a lost answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from platforms.base import Account, Certainty, Content
from platforms.errors import InDoubt, OperatorNeeded, PlatformError, ReconnectNeeded, Refused, TryLater
from platforms.facebook import Facebook
from tests.sandbox_server import Server

APP_ID = "1834500000000001"
TEXT = Content(text="Check your boiler before the frost does.")
LINK = replace(TEXT, link="https://rossi-plumbing.example/winter")
PHOTO = replace(TEXT, media_urls=("https://pictures.example/1.jpg",), alt_texts=("A boiler",))
ALBUM = replace(TEXT, media_urls=tuple(f"https://pictures.example/{n}.jpg" for n in range(3)), alt_texts=("One", "Two"))
CONTENTS = [TEXT, LINK, PHOTO, ALBUM]
NAMES = ["text", "link", "photo", "album"]
MODES = ["prepared", "direct"]

Connect = Callable[..., Facebook]


@pytest.fixture
def page(sandbox: Server) -> Account:
    """A Page that gives us its token."""
    return sandbox.account("facebook")


def just_before() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=2)


@pytest.mark.parametrize("content", CONTENTS, ids=NAMES)
@pytest.mark.parametrize("mode", MODES)
class TestPublish:
    """What appears is exactly what was asked for, once."""

    async def test_makes_one_post_with_exactly_this_content(
        self, sandbox: Any, connect: Connect, page: Account, remember: Any, content: Content, mode: str
    ) -> None:
        facebook = connect("facebook", facebook_mode=mode)
        handles = await facebook.prepare(page, content, {}, remember)
        assert sandbox.posts(page) == []
        assert dict(remember) == dict(handles)
        published = await facebook.publish(page, content, handles)
        (post,) = sandbox.posts(page)
        assert post["id"] == published.platform_post_id
        assert post["id"].startswith(f"{page.account_id}_")
        assert (post["text"], post["link"], post["application"]) == (content.text, content.link, APP_ID)
        assert post["media"] == list(content.media_urls)

    async def test_is_found_after_its_answer_was_lost(
        self, sandbox: Any, connect: Connect, page: Account, remember: Any, content: Content, mode: str
    ) -> None:
        facebook = connect("facebook", facebook_mode=mode)
        handles = await facebook.prepare(page, content, {}, remember)
        began = just_before()
        look = await facebook.look(page, content, handles, began)
        assert look.certainty is (Certainty.ABSENT if mode == "prepared" else Certainty.COMPARE)
        assert look.sightings == ()
        sandbox.fault(
            service="facebook", operation="publish" if mode == "prepared" else "create", kind="accept_then_drop"
        )
        with pytest.raises(InDoubt):
            await facebook.publish(page, content, handles)
        look = await facebook.look(page, content, handles, began)
        (seen,) = look.sightings
        assert look.certainty is (Certainty.PUBLISHED if mode == "prepared" else Certainty.COMPARE)
        assert (seen.platform_post_id, seen.text, seen.ours) == (sandbox.posts(page)[0]["id"], content.text, True)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("kind", "happened", "expected"),
    [
        ("accept_then_500", True, InDoubt),
        ("accept_then_hang", True, InDoubt),
        ("accept_then_drop", True, InDoubt),
        ("accept_then_malformed", True, InDoubt),
        ("5xx", False, InDoubt),
        ("drop_before", False, InDoubt),
        ("hang_before", False, InDoubt),
        ("malformed_json", False, InDoubt),
        ("429", False, TryLater),
        ("token_expired", False, ReconnectNeeded),
        ("token_revoked", False, ReconnectNeeded),
    ],
)
async def test_trouble_while_publishing(
    sandbox: Any,
    connect: Connect,
    page: Account,
    remember: Any,
    mode: str,
    kind: str,
    happened: bool,
    expected: type[PlatformError],
) -> None:
    facebook = connect("facebook", facebook_mode=mode, timeout_seconds=0.5)
    handles = await facebook.prepare(page, TEXT, {}, remember)
    sandbox.fault(service="facebook", operation="publish" if mode == "prepared" else "create", kind=kind)
    with pytest.raises(expected) as raised:
        await facebook.publish(page, TEXT, handles)
    assert type(raised.value) is expected
    assert len(sandbox.posts(page)) == int(happened)
    if kind == "429":
        assert raised.value.retry_after == 60


class TestPrepared:
    """Made ahead unseen, published by its id."""

    async def test_publishing_twice_by_the_id_makes_one_post(
        self, sandbox: Any, connect: Connect, page: Account, remember: Any
    ) -> None:
        facebook = connect("facebook")
        handles = await facebook.prepare(page, ALBUM, {}, remember)
        for _ in range(2):
            await facebook.publish(page, ALBUM, handles)
        assert len(sandbox.posts(page)) == 1

    async def test_stays_unseen_until_it_is_published(
        self, sandbox: Any, connect: Connect, page: Account, remember: Any
    ) -> None:
        facebook = connect("facebook")
        began = just_before()
        handles = await facebook.prepare(page, TEXT, {}, remember)
        assert (await connect("facebook", facebook_mode="direct").look(page, TEXT, {}, began)).sightings == ()
        assert [post["id"] for post in sandbox.posts(page, visible=False)] == [handles["unpublished_post"]]

    async def test_what_was_prepared_is_used_in_direct_mode_too(
        self, sandbox: Any, connect: Connect, page: Account, remember: Any
    ) -> None:
        handles = await connect("facebook").prepare(page, PHOTO, {}, remember)
        published = await connect("facebook", facebook_mode="direct").publish(page, PHOTO, handles)
        assert published.platform_post_id == handles["unpublished_post"]
        assert len(sandbox.posts(page)) == 1

    async def test_goes_on_from_remembered_handles(
        self, sandbox: Any, connect: Connect, page: Account, remember: Any
    ) -> None:
        facebook = connect("facebook")
        sandbox.fault(service="facebook", operation="prepare", kind="5xx", after=2)
        with pytest.raises(TryLater):
            await facebook.prepare(page, ALBUM, {}, remember)
        assert list(remember) == ["photo_0", "photo_1"]
        before = dict(remember)
        handles = await facebook.prepare(page, ALBUM, dict(remember), remember)
        assert {kind: handles[kind] for kind in before} == before
        assert await facebook.prepare(page, ALBUM, handles, remember) == handles
        await facebook.publish(page, ALBUM, handles)
        assert sandbox.posts(page)[0]["media"] == list(ALBUM.media_urls)

    async def test_uploads_photos_again_when_they_hang_on_a_lost_unseen_post(
        self, sandbox: Any, connect: Connect, page: Account, remember: Any
    ) -> None:
        facebook = connect("facebook")
        sandbox.fault(service="facebook", operation="prepare", kind="accept_then_drop", after=3)
        with pytest.raises(TryLater):
            await facebook.prepare(page, ALBUM, {}, remember)
        handles = await facebook.prepare(page, ALBUM, dict(remember), remember)
        await facebook.publish(page, ALBUM, handles)
        (post,) = sandbox.posts(page)
        assert post["media"] == list(ALBUM.media_urls)

    async def test_photos_of_another_day_are_uploaded_again(
        self, sandbox: Any, connect: Connect, page: Account, remember: Any
    ) -> None:
        facebook = connect("facebook", facebook_mode="direct")
        handles = await facebook.prepare(page, ALBUM, {}, remember)
        sandbox.control("POST", "clock", {"advance_seconds": 2 * 86_400})
        with pytest.raises(Refused):
            await facebook.publish(page, ALBUM, handles)
        for photo in handles.values():
            await facebook._graph.delete(photo, page.access_token)
        handles = await facebook.prepare(page, ALBUM, handles, remember)
        await facebook.publish(page, ALBUM, handles)
        assert len(sandbox.posts(page)) == 1

    async def test_is_made_again_when_it_is_really_gone(
        self, sandbox: Any, connect: Connect, page: Account, remember: Any
    ) -> None:
        facebook = connect("facebook")
        handles = await facebook.prepare(page, PHOTO, {}, remember)
        await facebook._graph.delete(handles["unpublished_post"], page.access_token)
        look = await facebook.look(page, PHOTO, handles, just_before())
        assert (look.certainty, look.sightings) == (Certainty.COMPARE, ())
        with pytest.raises(TryLater):
            await facebook.publish(page, PHOTO, handles)
        handles = await facebook.prepare(page, PHOTO, dict(remember), remember)
        with pytest.raises(TryLater):
            await facebook.publish(page, PHOTO, handles)
        handles = await facebook.prepare(page, PHOTO, dict(remember), remember)
        await facebook.publish(page, PHOTO, dict(remember))
        assert [post["id"] for post in sandbox.posts(page)] == [handles["unpublished_post"]]

    async def test_is_not_doubled_when_it_went_live_but_does_not_show_for_long(
        self, sandbox: Any, connect: Connect, page: Account, remember: Any
    ) -> None:
        facebook = connect("facebook")
        began = just_before()
        handles = await facebook.prepare(page, TEXT, {}, remember)
        # Rules fire one a call: the first answer is lost, and that post is made to hide.
        sandbox.fault(service="facebook", operation="publish", kind="delayed_visibility", seconds=600)
        await facebook.publish(page, TEXT, handles)
        # No list shows it yet, but its id reads back as published.
        assert (await facebook.look(page, TEXT, handles, began)).certainty is Certainty.PUBLISHED
        handles = await facebook.prepare(page, TEXT, dict(remember), remember)
        published = await facebook.publish(page, TEXT, dict(remember))
        assert published.platform_post_id == handles["unpublished_post"]
        sandbox.control("POST", "clock", {"advance_seconds": 600})
        assert len(sandbox.posts(page)) == 1

    async def test_nothing_is_published_that_was_not_prepared(
        self, sandbox: Any, connect: Connect, page: Account
    ) -> None:
        with pytest.raises(TryLater):
            await connect("facebook").publish(page, TEXT, {})
        with pytest.raises(TryLater):
            await connect("facebook", facebook_mode="direct").publish(page, ALBUM, {"photo_0": "1", "photo_1": "2"})
        assert sandbox.calls("facebook", "create") == 0


class TestDiscard:
    """What is not wanted any more goes away; what is live stays."""

    async def test_deletes_post_and_photos(self, sandbox: Any, connect: Connect, page: Account, remember: Any) -> None:
        facebook = connect("facebook")
        handles = await facebook.prepare(page, ALBUM, {}, remember)
        await facebook.discard(page, handles)
        truth = sandbox.control("GET", "truth")["accounts"][page.account_id]
        assert {post["state"] for post in truth["unpublished"]} == {"DELETED"}
        assert {photo["deleted"] for photo in truth["photos"]} == {True}

    async def test_is_quiet_when_all_is_gone(self, connect: Connect, page: Account, remember: Any) -> None:
        facebook = connect("facebook")
        handles = await facebook.prepare(page, ALBUM, {}, remember)
        for _ in range(2):
            await facebook.discard(page, handles)
        await facebook.discard(page, {})

    async def test_does_not_touch_a_post_that_is_live(
        self, sandbox: Any, connect: Connect, page: Account, remember: Any
    ) -> None:
        facebook = connect("facebook")
        handles = await facebook.prepare(page, PHOTO, {}, remember)
        await facebook.publish(page, PHOTO, handles)
        with pytest.raises(InDoubt):
            await facebook.discard(page, handles)
        assert len(sandbox.posts(page)) == 1


class TestLook:
    """Reading the Page back."""

    async def test_reads_every_page_of_the_window(self, sandbox: Any, connect: Connect, page: Account) -> None:
        now = datetime.now(UTC)
        old = [{"text": f"old {n}", "created_time": (now - timedelta(days=2, minutes=n)).isoformat()} for n in range(3)]
        new = [{"text": f"new {n}", "created_time": (now - timedelta(seconds=n)).isoformat()} for n in range(205)]
        sandbox.control("POST", "history", {"account_id": page.account_id, "posts": old + new})
        look = await connect("facebook", facebook_mode="direct").look(page, TEXT, {}, now - timedelta(hours=1))
        assert [sighting.text for sighting in look.sightings] == [f"new {n}" for n in reversed(range(205))]

    async def test_tells_our_posts_from_those_of_others(self, sandbox: Any, connect: Connect, page: Account) -> None:
        began = just_before()
        facebook = connect("facebook", facebook_mode="direct")
        sandbox.control("POST", "posts", {"account_id": page.account_id, "text": TEXT.text})
        sandbox.configure(facebook_duplicate_seconds=0)
        await facebook.publish(page, TEXT, {})
        assert [seen.ours for seen in (await facebook.look(page, TEXT, {}, began)).sightings] == [False, True]

    async def test_a_post_of_the_same_second_is_in_the_window(
        self, sandbox: Any, connect: Connect, page: Account
    ) -> None:
        facebook = connect("facebook", facebook_mode="direct")
        await facebook.publish(page, TEXT, {})
        created = datetime.fromtimestamp(sandbox.posts(page)[0]["created_time"], UTC)
        look = await facebook.look(page, TEXT, {}, created.replace(microsecond=999_999))
        assert len(look.sightings) == 1

    async def test_same_text_at_once_is_looked_for_and_not_refused(
        self, sandbox: Any, connect: Connect, page: Account
    ) -> None:
        facebook = connect("facebook", facebook_mode="direct")
        await facebook.publish(page, TEXT, {})
        with pytest.raises(InDoubt) as raised:  # 506
            await facebook.publish(page, TEXT, {})
        assert raised.value.code == "506/1455006"
        assert len(sandbox.posts(page)) == 1


class TestFollow:
    """What became of a post."""

    async def test_gives_permalink_and_time(self, connect: Connect, page: Account, remember: Any) -> None:
        facebook = connect("facebook")
        published = await facebook.publish(page, TEXT, await facebook.prepare(page, TEXT, {}, remember))
        followed = await facebook.follow(page, published.platform_post_id)
        assert followed.state == "LIVE"
        assert followed.permalink is not None
        assert followed.permalink.startswith("https://www.facebook.com/")
        assert followed.published_at is not None
        assert abs(followed.published_at - datetime.now(UTC)) < timedelta(seconds=10)

    async def test_refuses_what_is_deleted_or_hidden(self, connect: Connect, page: Account, remember: Any) -> None:
        facebook = connect("facebook")
        handles = await facebook.prepare(page, TEXT, {}, remember)
        with pytest.raises(Refused, match="not visible"):
            await facebook.follow(page, handles["unpublished_post"])
        await facebook.discard(page, handles)
        with pytest.raises(Refused, match="no longer"):
            await facebook.follow(page, handles["unpublished_post"])

    async def test_lost_access_is_not_a_deleted_post(self, sandbox: Any, connect: Connect, page: Account) -> None:
        facebook = connect("facebook", facebook_mode="direct")
        published = await facebook.publish(page, TEXT, {})
        other = sandbox.account("facebook", "Somebody Else")
        with pytest.raises(PlatformError) as raised:
            await facebook.follow(replace(page, access_token=other.access_token), published.platform_post_id)
        assert raised.value.code == "100/33"  # the account itself is refused: not the post's fault


class TestTokens:
    """The long-lived user token renews the Page's."""

    @staticmethod
    def user_token(sandbox: Any, page: Account, life: float | None = 3 * 86_400.0) -> SecretStr:
        token = sandbox.world.issue("user", [page.account_id], life=life, app_id=APP_ID)
        return SecretStr(token.value)

    async def test_refresh_renews_both(self, sandbox: Any, connect: Connect, page: Account, remember: Any) -> None:
        facebook, now = connect("facebook"), datetime.now(UTC)
        old = self.user_token(sandbox, page)
        tokens = await facebook.refresh(page, old, now)
        assert tokens.refresh_token is not None
        assert tokens.refresh_token.get_secret_value() != old.get_secret_value()
        assert tokens.expires_at == now + timedelta(seconds=5_183_944)
        renewed = replace(page, access_token=tokens.access_token)
        await facebook.publish(renewed, TEXT, await facebook.prepare(renewed, TEXT, {}, remember))
        assert len(sandbox.posts(page)) == 1

    async def test_an_expired_user_token_needs_the_owner(self, sandbox: Any, connect: Connect, page: Account) -> None:
        with pytest.raises(ReconnectNeeded):
            await connect("facebook").refresh(page, self.user_token(sandbox, page, life=-1.0), datetime.now(UTC))

    async def test_a_user_without_the_page_needs_the_owner(self, sandbox: Any, connect: Connect, page: Account) -> None:
        stranger = self.user_token(sandbox, sandbox.account("facebook", "Somebody Else"))
        with pytest.raises(ReconnectNeeded):
            await connect("facebook").refresh(page, stranger, datetime.now(UTC))

    async def test_trouble_is_not_a_revoked_token(self, sandbox: Any, connect: Connect, page: Account) -> None:
        for kind in ("5xx", "drop_before", "429", "malformed_json"):
            sandbox.fault(service="facebook", operation="token", kind=kind, times=2)  # aiohttp repeats a dropped GET
            with pytest.raises(TryLater):
                await connect("facebook").refresh(page, self.user_token(sandbox, page), datetime.now(UTC))
            sandbox.control("DELETE", "faults")

    async def test_without_a_user_token_nothing_can_be_renewed(self, connect: Connect, page: Account) -> None:
        with pytest.raises(ReconnectNeeded, match="no user token"):
            await connect("facebook").refresh(page, None, datetime.now(UTC))

    async def test_missing_app_secret_is_the_operators(self, sandbox: Any, connect: Connect, page: Account) -> None:
        facebook = connect("facebook", meta_app_secret=None)
        with pytest.raises(OperatorNeeded, match="META_APP_SECRET"):
            await facebook.refresh(page, self.user_token(sandbox, page), datetime.now(UTC))

    async def test_wrong_app_secret_fails_no_post(self, connect: Connect, page: Account) -> None:
        facebook = connect("facebook", meta_app_secret=SecretStr("wrong"), facebook_mode="direct")
        with pytest.raises(OperatorNeeded):
            await facebook.publish(page, TEXT, {})


class TestMetrics:
    """Numbers per post."""

    async def history(self, sandbox: Any, page: Account, count: int) -> list[str]:
        created = datetime.now(UTC) - timedelta(days=3)
        posts = [
            {"text": f"Post {n}", "created_time": (created - timedelta(minutes=n)).isoformat()} for n in range(count)
        ]
        ids: list[str] = sandbox.control("POST", "history", {"account_id": page.account_id, "posts": posts})["ids"]
        return ids

    async def test_are_read_in_batches_and_unknown_ids_are_left_out(
        self, sandbox: Any, connect: Connect, page: Account
    ) -> None:
        ids = await self.history(sandbox, page, 60)
        found = await connect("facebook").metrics(page, [*ids, f"{page.account_id}_1"])
        assert set(found) == set(ids)
        assert sandbox.calls("facebook", "batch") == 4  # 50 and 11 posts, engagement and insights each
        for numbers in found.values():
            assert None not in (numbers.reach, numbers.impressions, numbers.clicks, numbers.likes)
        assert sum(numbers.likes or 0 for numbers in found.values()) > 0
        assert all((numbers.impressions or 0) >= (numbers.reach or 0) for numbers in found.values())

    async def test_a_retired_metric_does_not_hide_the_others(
        self, sandbox: Any, connect: Connect, page: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ids = await self.history(sandbox, page, 2)
        retired = ("post_total_media_view_unique", "post_impressions", "post_clicks")  # dead since 2025-11-15
        monkeypatch.setattr("platforms.facebook.FACEBOOK_INSIGHTS", retired)
        facebook = connect("facebook")
        for batches in (4, 2):  # found out once: engagement, all, each alone, all that live; then never again
            sandbox.control("DELETE", "calls")
            found = await facebook.metrics(page, ids)
            assert sandbox.calls("facebook", "batch") == batches
            assert all(numbers.reach is not None and numbers.clicks is not None for numbers in found.values())
            assert all(numbers.impressions is None for numbers in found.values())

    async def test_trouble_does_not_look_like_missing_posts(
        self, sandbox: Any, connect: Connect, page: Account
    ) -> None:
        ids = await self.history(sandbox, page, 2)
        for kind, expected in (("5xx", TryLater), ("429", TryLater), ("drop_before", TryLater)):
            sandbox.fault(service="facebook", operation="batch", kind=kind)
            with pytest.raises(expected):
                await connect("facebook").metrics(page, ids)
        sandbox.control("POST", "tokens", {"account_id": page.account_id, "state": "revoked"})
        with pytest.raises(ReconnectNeeded):
            await connect("facebook").metrics(page, ids)

    async def test_of_nothing_are_nothing(self, sandbox: Any, connect: Connect, page: Account) -> None:
        facebook = connect("facebook")
        assert await facebook.metrics(page, []) == {}
        assert await facebook.location_metrics(page, datetime.now(UTC).date(), datetime.now(UTC).date()) == ()
        assert (await facebook.quota(page)).total is None


async def test_empty_and_overlong_content_is_refused_without_a_call(
    sandbox: Any, connect: Connect, page: Account, remember: Any
) -> None:
    facebook = connect("facebook")
    for content in (Content(text=" "), Content(text="x", media_urls=("https://p.example/1.jpg",) * 11)):
        with pytest.raises(Refused):
            await facebook.prepare(page, content, {}, remember)
    assert sandbox.calls("facebook", "prepare") == 0


async def test_refused_content_is_refused(sandbox: Any, connect: Connect, page: Account, remember: Any) -> None:
    facebook = connect("facebook")
    with pytest.raises(Refused, match="another picture"):
        await facebook.prepare(page, replace(TEXT, media_urls=("https://p.example/movie.mp4",)), {}, remember)
    with pytest.raises(Refused):
        await facebook.prepare(page, replace(TEXT, link="not an address"), {}, remember)


async def test_many_publications_at_once_are_each_made_once(sandbox: Any, connect: Connect, page: Account) -> None:
    facebook = connect("facebook", facebook_mode="direct")
    contents = [Content(text=f"Post number {n}") for n in range(40)]
    published = await asyncio.gather(*(facebook.publish(page, content, {}) for content in contents))
    posts = {post["id"]: post["text"] for post in sandbox.posts(page)}
    assert posts == {p.platform_post_id: c.text for p, c in zip(published, contents, strict=True)}
