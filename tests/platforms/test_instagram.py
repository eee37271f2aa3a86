"""Instagram over real HTTP, through both logins: containers, publication, and what its status tells afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from platforms.base import Account, Certainty, Content
from platforms.errors import InDoubt, OperatorNeeded, PlatformError, ReconnectNeeded, Refused, TryLater
from platforms.instagram import Instagram, poll_pauses
from tests.sandbox_server import Server

APP_ID = "1834500000000001"
PICTURE = "https://pictures.example/1.jpg"
IMAGE = Content(text="Frost is coming.\n\n#plumbing #winter", media_urls=(PICTURE,), alt_texts=("A boiler",))
CAROUSEL = replace(IMAGE, media_urls=tuple(f"https://pictures.example/{n}.jpg" for n in range(3)), alt_texts=("One",))
LOGINS = ["instagram", "facebook"]

Connect = Callable[..., Instagram]


@pytest.fixture(params=LOGINS)
def gram(sandbox: Server, request: pytest.FixtureRequest) -> Account:
    """A professional account, connected through either login."""
    return sandbox.account("instagram", login=request.param)


@pytest.fixture
def own(sandbox: Server) -> Account:
    """An account connected through Instagram's own login."""
    return sandbox.account("instagram", login="instagram")


def just_before() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=2)


@pytest.mark.parametrize("content", [IMAGE, CAROUSEL], ids=["image", "carousel"])
class TestPublish:
    """Through both logins."""

    async def test_makes_one_post_with_exactly_this_content(
        self, sandbox: Any, connect: Connect, gram: Account, remember: Any, content: Content
    ) -> None:
        instagram = connect("instagram")
        handles = await instagram.prepare(gram, content, {}, remember)
        assert dict(remember) == dict(handles)
        assert len(handles) == (1 if content is IMAGE else 4)
        assert sandbox.posts(gram) == []
        published = await instagram.publish(gram, content, handles)
        (post,) = sandbox.posts(gram)
        assert (post["id"], post["text"], post["media"]) == (
            published.platform_post_id,
            content.text,
            list(content.media_urls),
        )
        assert post["container"] == handles["container"]

    @pytest.mark.parametrize(
        "kind", ["accept_then_500", "accept_then_hang", "accept_then_drop", "accept_then_malformed"]
    )
    async def test_is_found_by_its_container_after_the_answer_was_lost(
        self, sandbox: Any, connect: Connect, gram: Account, remember: Any, content: Content, kind: str
    ) -> None:
        instagram = connect("instagram", timeout_seconds=0.5)
        began = just_before()
        handles = await instagram.prepare(gram, content, {}, remember)
        assert (await instagram.look(gram, content, handles, began)).certainty is Certainty.ABSENT
        sandbox.fault(service="instagram", operation="publish", kind=kind)
        with pytest.raises(InDoubt):
            await instagram.publish(gram, content, handles)
        look = await instagram.look(gram, content, handles, began)
        assert look.certainty is Certainty.PUBLISHED
        assert [seen.platform_post_id for seen in look.sightings] == [sandbox.posts(gram)[0]["id"]]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("5xx", InDoubt),
        ("drop_before", InDoubt),
        ("malformed_json", InDoubt),
        ("429", TryLater),
        ("token_expired", ReconnectNeeded),
        ("token_revoked", ReconnectNeeded),
    ],
)
async def test_trouble_before_publishing_leaves_the_container_ready(
    sandbox: Any, connect: Connect, own: Account, remember: Any, kind: str, expected: type[PlatformError]
) -> None:
    instagram = connect("instagram")
    handles = await instagram.prepare(own, IMAGE, {}, remember)
    sandbox.fault(service="instagram", operation="publish", kind=kind)
    with pytest.raises(PlatformError) as raised:
        await instagram.publish(own, IMAGE, handles)
    assert type(raised.value) is expected
    assert (await instagram.look(own, IMAGE, handles, just_before())).certainty is Certainty.ABSENT
    await instagram.publish(own, IMAGE, handles)
    assert len(sandbox.posts(own)) == 1


class TestContainer:
    """Waiting for it, going on with it, making it again."""

    async def test_is_waited_for(self, sandbox: Any, connect: Connect, own: Account, remember: Any) -> None:
        sandbox.configure(instagram_processing_seconds=0.2)
        instagram = connect("instagram")
        await instagram.publish(own, CAROUSEL, await instagram.prepare(own, CAROUSEL, {}, remember))
        assert len(sandbox.posts(own)) == 1

    async def test_waiting_is_bounded_and_goes_on_later_with_the_same_one(
        self, sandbox: Any, connect: Connect, own: Account, remember: Any
    ) -> None:
        sandbox.configure(instagram_processing_seconds=100)
        instagram = connect("instagram", instagram_container_wait_seconds=0.3)
        with pytest.raises(TryLater) as raised:
            await instagram.prepare(own, IMAGE, {}, remember)
        assert raised.value.code == "IN_PROGRESS"
        with pytest.raises(TryLater):  # 9007: certainly not published
            await instagram.publish(own, IMAGE, dict(remember))
        sandbox.control("POST", "clock", {"advance_seconds": 100})
        handles = await instagram.prepare(own, IMAGE, dict(remember), remember)
        assert sandbox.calls("instagram", "create") == 1
        await instagram.publish(own, IMAGE, handles)
        assert len(sandbox.posts(own)) == 1

    def test_pauses_are_short_first_and_end_at_the_limit(self) -> None:
        pauses = list(poll_pauses(60))
        assert pauses[:4] == [0.25, 0.5, 1.0, 2.0]
        assert max(pauses) <= 15
        assert sum(pauses) == 60
        assert list(poll_pauses(0)) == []

    async def test_that_expired_is_made_again(
        self, sandbox: Any, connect: Connect, own: Account, remember: Any
    ) -> None:
        instagram = connect("instagram")
        first = await instagram.prepare(own, CAROUSEL, {}, remember)
        sandbox.control("POST", "clock", {"advance_seconds": 86_401})
        assert (await instagram.look(own, CAROUSEL, first, just_before())).certainty is Certainty.ABSENT
        with pytest.raises(InDoubt):  # 24/2207008, which a container already published is answered too
            await instagram.publish(own, CAROUSEL, first)
        second = await instagram.prepare(own, CAROUSEL, first, remember)
        assert not set(first.values()) & set(second.values())
        await instagram.publish(own, CAROUSEL, second)
        assert len(sandbox.posts(own)) == 1

    async def test_that_failed_is_made_again(self, sandbox: Any, connect: Connect, own: Account, remember: Any) -> None:
        instagram = connect("instagram")
        sandbox.fault(service="instagram", operation="create", kind="reject")
        with pytest.raises(TryLater) as raised:
            await instagram.prepare(own, IMAGE, {}, remember)
        assert raised.value.code == "ERROR/2207032"
        assert (await instagram.look(own, IMAGE, dict(remember), just_before())).certainty is Certainty.ABSENT
        await instagram.publish(own, IMAGE, await instagram.prepare(own, IMAGE, dict(remember), remember))
        assert len(sandbox.posts(own)) == 1

    async def test_carousel_goes_on_from_remembered_children(
        self, sandbox: Any, connect: Connect, own: Account, remember: Any
    ) -> None:
        instagram = connect("instagram")
        sandbox.fault(service="instagram", operation="create", kind="5xx", after=2)
        with pytest.raises(TryLater):
            await instagram.prepare(own, CAROUSEL, {}, remember)
        known = dict(remember)
        handles = await instagram.prepare(own, CAROUSEL, known, remember)
        assert known.items() <= handles.items()
        assert sandbox.calls("instagram", "create") == 5  # two, the failed one, the third, the carousel

    async def test_that_is_published_is_not_published_again(
        self, sandbox: Any, connect: Connect, own: Account, remember: Any
    ) -> None:
        instagram = connect("instagram")
        began = just_before()
        handles = await instagram.prepare(own, IMAGE, {}, remember)
        published = await instagram.publish(own, IMAGE, handles)
        assert await instagram.prepare(own, IMAGE, handles, remember) == handles
        with pytest.raises(InDoubt):
            await instagram.publish(own, IMAGE, handles)
        look = await instagram.look(own, IMAGE, handles, began)
        assert [seen.platform_post_id for seen in look.sightings] == [published.platform_post_id]
        assert len(sandbox.posts(own)) == 1

    async def test_nothing_is_published_without_one(self, sandbox: Any, connect: Connect, own: Account) -> None:
        with pytest.raises(TryLater):
            await connect("instagram").publish(own, IMAGE, {})
        assert sandbox.calls("instagram", "publish") == 0

    async def test_discarding_leaves_it_to_vanish(
        self, sandbox: Any, connect: Connect, own: Account, remember: Any
    ) -> None:
        instagram = connect("instagram")
        await instagram.discard(own, await instagram.prepare(own, IMAGE, {}, remember))
        assert sandbox.posts(own) == []


class TestLook:
    """Looking for what may have gone out."""

    async def test_finds_a_caption_that_instagram_changed(
        self, sandbox: Any, connect: Connect, own: Account, remember: Any
    ) -> None:
        sandbox.configure(instagram_normalise="squash")
        content = replace(IMAGE, text="  Frost  is coming!\r\n\n Call   us.  ")
        instagram = connect("instagram")
        began = just_before()
        handles = await instagram.prepare(own, content, {}, remember)
        published = await instagram.publish(own, content, handles)
        assert sandbox.posts(own)[0]["text"] != content.text
        look = await instagram.look(own, content, handles, began)
        assert look.sightings[0].platform_post_id == published.platform_post_id

    async def test_same_caption_twice_on_purpose_gives_both_the_oldest_first(
        self, connect: Connect, own: Account, remember: Any
    ) -> None:
        instagram = connect("instagram")
        began = just_before()
        ids = []
        for _ in range(2):
            handles = await instagram.prepare(own, IMAGE, {}, remember)
            ids.append((await instagram.publish(own, IMAGE, handles)).platform_post_id)
        look = await instagram.look(own, IMAGE, handles, began)
        assert [seen.platform_post_id for seen in look.sightings] == ids

    async def test_published_but_not_listed_stays_in_doubt(
        self, sandbox: Any, connect: Connect, own: Account, remember: Any
    ) -> None:
        instagram = connect("instagram")
        began = just_before()
        handles = await instagram.prepare(own, IMAGE, {}, remember)
        sandbox.fault(service="instagram", operation="publish", kind="delayed_visibility", seconds=60)
        await instagram.publish(own, IMAGE, handles)
        with pytest.raises(InDoubt):
            await instagram.look(own, IMAGE, handles, began)
        sandbox.control("POST", "clock", {"advance_seconds": 60})
        assert (await instagram.look(own, IMAGE, handles, began)).certainty is Certainty.PUBLISHED

    async def test_without_a_container_all_pages_of_the_window_are_listed(
        self, sandbox: Any, connect: Connect, own: Account
    ) -> None:
        now = datetime.now(UTC)
        posts = [
            {"text": f"{n}", "media_url": PICTURE, "created_time": (now - timedelta(minutes=n)).isoformat()}
            for n in range(90)
        ]
        sandbox.control("POST", "history", {"account_id": own.account_id, "posts": posts})
        look = await connect("instagram").look(own, IMAGE, {}, now - timedelta(minutes=59, seconds=30))
        assert look.certainty is Certainty.COMPARE
        assert [seen.text for seen in look.sightings] == [str(n) for n in reversed(range(60))]
        assert {seen.ours for seen in look.sightings} == {None}

    async def test_container_of_nowhere_leaves_it_to_the_list(self, connect: Connect, own: Account) -> None:
        look = await connect("instagram").look(own, IMAGE, {"container": "17999999999999999"}, just_before())
        assert (look.certainty, look.sightings) == (Certainty.COMPARE, ())

    async def test_cannot_look_without_a_token(
        self, sandbox: Any, connect: Connect, own: Account, remember: Any
    ) -> None:
        instagram = connect("instagram")
        handles = await instagram.prepare(own, IMAGE, {}, remember)
        sandbox.control("POST", "tokens", {"account_id": own.account_id, "state": "expired"})
        with pytest.raises(ReconnectNeeded):
            await instagram.look(own, IMAGE, handles, just_before())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (Content(text="x"), "needs a picture"),
        (replace(IMAGE, media_urls=(PICTURE,) * 11), "at most 10"),
        (replace(IMAGE, text="x" * 2201), "Shorten"),
        (replace(IMAGE, text="@a " * 21), "20 @mentions"),
        (replace(IMAGE, media_urls=("https://pictures.example/1.png",)), "JPEG"),
    ],
)
async def test_content_that_instagram_never_takes_is_refused(
    connect: Connect, own: Account, remember: Any, content: Content, words: str
) -> None:
    with pytest.raises(Refused, match=words):
        await connect("instagram").prepare(own, content, {}, remember)


async def test_picture_that_cannot_be_fetched_may_work_later(connect: Connect, own: Account, remember: Any) -> None:
    content = replace(IMAGE, media_urls=("https://pictures.example/unreachable.jpg",))
    with pytest.raises(TryLater) as raised:
        await connect("instagram").prepare(own, content, {}, remember)
    assert (raised.value.code, raised.value.retry_after) == ("ERROR/2207052", 60)


class TestQuota:
    """Posts in 24 hours."""

    async def test_is_read(self, sandbox: Any, connect: Connect, remember: Any) -> None:
        account = sandbox.account("instagram", "Small", login="instagram", quota_total=2)
        instagram = connect("instagram")
        await instagram.publish(account, IMAGE, await instagram.prepare(account, IMAGE, {}, remember))
        quota = await instagram.quota(account)
        assert (quota.used, quota.total, quota.window_seconds) == (1, 2, 86_400)

    async def test_used_up_means_later(self, sandbox: Any, connect: Connect, remember: Any) -> None:
        account = sandbox.account("instagram", "Small", login="instagram", quota_total=1)
        instagram = connect("instagram")
        await instagram.publish(account, IMAGE, await instagram.prepare(account, IMAGE, {}, remember))
        with pytest.raises(TryLater) as raised:
            await instagram.publish(account, IMAGE, await instagram.prepare(account, IMAGE, {}, remember))
        assert (raised.value.code, raised.value.retry_after) == ("9/2207042", 3600)


class TestFollow:
    """What became of a post."""

    async def test_gives_permalink_and_time(self, connect: Connect, gram: Account, remember: Any) -> None:
        instagram = connect("instagram")
        published = await instagram.publish(gram, IMAGE, await instagram.prepare(gram, IMAGE, {}, remember))
        followed = await instagram.follow(gram, published.platform_post_id)
        assert followed.permalink is not None
        assert followed.permalink.startswith("https://www.instagram.com/p/")
        assert followed.published_at is not None

    async def test_refuses_what_is_not_there(self, connect: Connect, gram: Account) -> None:
        with pytest.raises(Refused, match="no longer"):
            await connect("instagram").follow(gram, "18000000000000001")

    async def test_lost_account_is_not_a_deleted_post(self, sandbox: Any, connect: Connect, own: Account) -> None:
        other = sandbox.account("instagram", "Somebody Else", login="instagram")
        with pytest.raises(PlatformError) as raised:
            await connect("instagram").follow(replace(own, access_token=other.access_token), "18000000000000001")
        assert raised.value.code == "100/33"


class TestTokens:
    """Sixty days more."""

    async def test_instagram_login_renews_a_token_that_is_a_day_old(
        self, sandbox: Any, connect: Connect, remember: Any
    ) -> None:
        account = sandbox.account("instagram", "Old", login="instagram", token_age_seconds=2 * 86_400)
        instagram, now = connect("instagram"), datetime.now(UTC)
        tokens = await instagram.refresh(account, None, now)
        assert tokens.access_token != account.access_token
        assert tokens.refresh_token is None
        assert tokens.expires_at == now + timedelta(seconds=5_183_944)
        renewed = replace(account, access_token=tokens.access_token)
        await instagram.prepare(renewed, IMAGE, {}, remember)

    async def test_younger_token_is_kept_for_a_day(self, connect: Connect, own: Account) -> None:
        with pytest.raises(TryLater) as raised:
            await connect("instagram").refresh(own, None, datetime.now(UTC))
        assert raised.value.retry_after == 86_400

    @pytest.mark.parametrize("state", ["expired", "revoked"])
    async def test_dead_token_needs_the_owner(self, sandbox: Any, connect: Connect, own: Account, state: str) -> None:
        sandbox.control("POST", "tokens", {"account_id": own.account_id, "state": state})
        with pytest.raises(ReconnectNeeded):
            await connect("instagram").refresh(own, None, datetime.now(UTC))

    @pytest.mark.parametrize("kind", ["5xx", "hang_before", "429", "malformed_json"])
    async def test_trouble_is_not_a_revoked_token(
        self, sandbox: Any, connect: Connect, own: Account, kind: str
    ) -> None:
        sandbox.fault(service="instagram", operation="token", kind=kind)
        with pytest.raises(TryLater):
            await connect("instagram", timeout_seconds=0.3).refresh(own, None, datetime.now(UTC))

    async def test_facebook_login_renews_by_the_user_token(self, sandbox: Any, connect: Connect, remember: Any) -> None:
        account = sandbox.account("instagram", login="facebook")
        page_id = sandbox.world.accounts[account.account_id].linked_id
        user = sandbox.world.issue("user", [page_id], life=3 * 86_400.0, app_id=APP_ID).value
        instagram, now = connect("instagram"), datetime.now(UTC)
        tokens = await instagram.refresh(account, SecretStr(user), now)
        assert tokens.refresh_token is not None
        assert tokens.refresh_token.get_secret_value() != user
        assert tokens.expires_at == now + timedelta(seconds=5_183_944)
        renewed = replace(account, access_token=tokens.access_token)
        await instagram.publish(renewed, IMAGE, await instagram.prepare(renewed, IMAGE, {}, remember))
        assert len(sandbox.posts(account)) == 1

    async def test_facebook_login_without_the_linked_page_needs_the_owner(self, sandbox: Any, connect: Connect) -> None:
        account = sandbox.account("instagram", login="facebook")
        other = sandbox.account("facebook", "Somebody Else").account_id
        user = sandbox.world.issue("user", [other], life=3 * 86_400.0, app_id=APP_ID).value
        with pytest.raises(ReconnectNeeded, match="linked"):
            await connect("instagram").refresh(account, SecretStr(user), datetime.now(UTC))

    async def test_facebook_login_without_a_user_token_cannot_be_renewed(self, sandbox: Any, connect: Connect) -> None:
        account = sandbox.account("instagram", login="facebook")
        with pytest.raises(ReconnectNeeded, match="no user token"):
            await connect("instagram").refresh(account, None, datetime.now(UTC))

    async def test_wrong_app_secret_is_the_operators(self, sandbox: Any, connect: Connect, remember: Any) -> None:
        account = sandbox.account("instagram", login="facebook")
        with pytest.raises(OperatorNeeded):
            await connect("instagram", meta_app_secret=SecretStr("wrong")).prepare(account, IMAGE, {}, remember)


class TestMetrics:
    """Numbers per post."""

    async def test_are_read_and_unknown_ids_are_left_out(self, sandbox: Any, connect: Connect, gram: Account) -> None:
        created = datetime.now(UTC) - timedelta(days=3)
        posts = [
            {"text": f"{n}", "media_url": PICTURE, "created_time": (created - timedelta(minutes=n)).isoformat()}
            for n in range(6)
        ]
        ids = sandbox.control("POST", "history", {"account_id": gram.account_id, "posts": posts})["ids"]
        found = await connect("instagram").metrics(gram, [*ids, "18000000000000001"])
        assert set(found) == set(ids)
        for numbers in found.values():
            assert numbers.clicks is None
            assert (numbers.impressions or 0) >= (numbers.reach or 0) > 0

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"data": []}, 200),
            ({"data": [{"name": "reach", "values": []}]}, 200),
            ({"error": {"message": "not enough viewers", "code": 10}}, 400),
            ({"error": {"message": "gone", "code": 100, "error_subcode": 33}}, 400),
            ({"error": {"message": "gone", "code": 24, "error_subcode": 2207006}}, 400),
        ],
    )
    async def test_a_post_without_numbers_is_absent(
        self, answering: Callable[..., Any], body: Any, status: int
    ) -> None:
        account = Account(account_id="17841400000000000", access_token=SecretStr("IGAA"), login="instagram")
        assert await answering("instagram", status, body).metrics(account, ["1"]) == {}

    async def test_trouble_is_not_missing_posts(self, sandbox: Any, connect: Connect, own: Account) -> None:
        sandbox.control("POST", "tokens", {"account_id": own.account_id, "state": "revoked"})
        with pytest.raises(ReconnectNeeded):
            await connect("instagram").metrics(own, ["18000000000000001"])
