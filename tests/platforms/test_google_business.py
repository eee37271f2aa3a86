"""Google Business Profile over real HTTP: posts that are processed, listed, rejected; tokens; daily numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from pydantic import SecretStr

from platforms.base import Account, Certainty, Content, Event, Offer
from platforms.errors import InDoubt, Paced, PlatformError, ReconnectNeeded, Refused, TokenExpired, TryLater
from platforms.google_business import DAILY_METRICS, GoogleBusiness
from platforms.registry import build_platforms
from tests.platforms.conftest import config_for
from tests.sandbox_server import Server

TEXT = Content(text="Check your boiler before the frost does.")
PICTURE = "https://pictures.example/1.jpg"

Connect = Callable[..., GoogleBusiness]


@pytest.fixture
def place(sandbox: Server) -> Account:
    """A location that its owner connected."""
    return sandbox.account("google")


def just_before() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=2)


CHICAGO = ZoneInfo("America/Chicago")
EVENT = Event(
    title="Open day",
    starts_at=datetime(2026, 12, 5, 10, tzinfo=CHICAGO),
    ends_at=datetime(2026, 12, 6, 14, 30, tzinfo=CHICAGO),
)
SCHEDULE = {
    "startDate": {"year": 2026, "month": 12, "day": 5},
    "startTime": {"hours": 10, "minutes": 0},
    "endDate": {"year": 2026, "month": 12, "day": 6},
    "endTime": {"hours": 14, "minutes": 30},
}
OFFER = Offer(coupon_code="TAP10", redeem_url="https://rossi.example/tap", terms="One each")


class TestPublish:
    """localPosts of type STANDARD."""

    @pytest.mark.parametrize(
        ("content", "button"),
        [
            (TEXT, None),
            (replace(TEXT, media_urls=(PICTURE,)), None),
            (
                replace(TEXT, link="https://rossi.example/"),
                {"actionType": "LEARN_MORE", "url": "https://rossi.example/"},
            ),
            (
                replace(TEXT, link="https://rossi.example/", call_to_action="BOOK"),
                {"actionType": "BOOK", "url": "https://rossi.example/"},
            ),
            (replace(TEXT, link="https://rossi.example/", call_to_action="CALL"), {"actionType": "CALL"}),
            (replace(TEXT, call_to_action="CALL"), {"actionType": "CALL"}),
        ],
    )
    async def test_makes_one_post_with_exactly_this_content(
        self, sandbox: Any, connect: Connect, place: Account, remember: Any, content: Content, button: Any
    ) -> None:
        google = connect("google")
        handles = await google.prepare(place, content, {}, remember)
        assert handles == {}
        published = await google.publish(place, content, handles)
        (post,) = sandbox.posts(place)
        assert (post["id"], post["text"], post["media"]) == (
            published.platform_post_id,
            content.text,
            list(content.media_urls),
        )
        made = sandbox.world.posts[post["id"]].extra
        assert (made["topicType"], made["languageCode"], made.get("callToAction")) == ("STANDARD", "en", button)
        assert published.platform_post_id.startswith(f"{place.account_id}/localPosts/")
        assert (published.state, published.permalink) == ("LIVE", published.permalink)
        assert published.published_at is not None

    @pytest.mark.parametrize(
        ("kind", "happened", "expected"),
        [
            ("accept_then_500", True, InDoubt),
            ("accept_then_hang", True, InDoubt),
            ("accept_then_drop", True, InDoubt),
            ("accept_then_malformed", True, InDoubt),
            ("5xx", False, InDoubt),
            ("drop_before", False, InDoubt),
            ("malformed_json", False, InDoubt),
            ("429", False, TryLater),
            ("token_expired", False, TokenExpired),
        ],
    )
    async def test_trouble(
        self, sandbox: Any, connect: Connect, place: Account, kind: str, happened: bool, expected: type[PlatformError]
    ) -> None:
        google = connect("google", timeout_seconds=0.5)
        began = just_before()
        sandbox.fault(service="google", operation="create", kind=kind)
        with pytest.raises(PlatformError) as raised:
            await google.publish(place, TEXT, {})
        assert type(raised.value) is expected
        look = await google.look(place, TEXT, {}, began)
        assert look.certainty is Certainty.COMPARE
        assert [seen.text for seen in look.sightings] == ([TEXT.text] if happened else [])

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (Content(text=" "), "needs a text or a picture"),
            (replace(TEXT, media_urls=(PICTURE, PICTURE)), "takes one picture"),
            (replace(TEXT, call_to_action="BOOK"), "needs a link"),
            (replace(TEXT, call_to_action="GET_OFFER", link="https://rossi.example/"), "has no button GET_OFFER"),
        ],
    )
    async def test_content_that_google_cannot_take_is_refused_ahead_and_without_a_call(
        self, sandbox: Any, connect: Connect, place: Account, remember: Any, content: Content, words: str
    ) -> None:
        google = connect("google")
        with pytest.raises(Refused, match=words):
            await google.prepare(place, content, {}, remember)
        with pytest.raises(Refused, match=words):
            await google.publish(place, content, {})
        assert sandbox.calls("google", "create") == 0

    @pytest.mark.parametrize(
        ("content", "topic", "button"),
        [
            (replace(TEXT, event=EVENT), "EVENT", False),
            (replace(TEXT, event=EVENT, link="https://rossi.example/", call_to_action="SIGN_UP"), "EVENT", True),
            (replace(TEXT, event=EVENT, offer=OFFER), "OFFER", False),
            (replace(TEXT, event=EVENT, offer=OFFER, link="https://rossi.example/"), "OFFER", False),
        ],
    )
    async def test_events_and_offers_are_taken_whole_and_given_back(
        self, sandbox: Any, connect: Connect, place: Account, content: Content, topic: str, button: bool
    ) -> None:
        google = connect("google")
        published = await google.publish(place, content, {})
        headers = {"authorization": f"Bearer {place.access_token.get_secret_value()}"}
        base = f"{sandbox.url}/google/posts/v4"
        one = sandbox.client.get(f"{base}/{published.platform_post_id}", headers=headers).json()
        (listed,) = sandbox.client.get(f"{base}/{place.account_id}/localPosts", headers=headers).json()["localPosts"]
        assert one == listed
        assert (one["topicType"], one["summary"]) == (topic, content.text)
        assert one["event"] == {"title": "Open day", "schedule": SCHEDULE}
        assert ("callToAction" in one) is button
        offer = {"couponCode": "TAP10", "redeemOnlineUrl": "https://rossi.example/tap", "termsConditions": "One each"}
        assert one.get("offer") == (offer if topic == "OFFER" else None)

    async def test_refused_without_a_field_names_what_was_found_in_the_post(
        self, answering: Callable[..., Any], place: Account
    ) -> None:
        error = {"code": 400, "status": "INVALID_ARGUMENT", "message": "Request contains an invalid argument."}
        with pytest.raises(Refused, match=r"the text contains a phone number \(512-555-0143\)") as raised:
            await answering("google", 400, {"error": error}).publish(place, Content(text="Call 512-555-0143"), {})
        assert (raised.value.http_status, raised.value.code) == (400, "INVALID_ARGUMENT")

    async def test_refused_with_a_field_needs_no_guess(self, connect: Connect, place: Account) -> None:
        with pytest.raises(Refused, match=r"local_post\.summary") as raised:
            await connect("google").publish(place, Content(text="512-555-0143 " * 200), {})
        assert "phone" not in raised.value.message

    async def test_content_that_google_refuses_is_refused(self, connect: Connect, place: Account) -> None:
        with pytest.raises(Refused, match=r"local_post\.summary"):
            await connect("google").publish(place, Content(text="x" * 1501), {})


class TestFollow:
    """PROCESSING, then LIVE or REJECTED."""

    async def test_processing_becomes_live(self, sandbox: Any, connect: Connect, place: Account) -> None:
        sandbox.configure(google_processing_seconds=30)
        google = connect("google")
        published = await google.publish(place, TEXT, {})
        assert published.state == "PROCESSING"
        assert (await google.follow(place, published.platform_post_id)).state == "PROCESSING"
        sandbox.control("POST", "clock", {"advance_seconds": 30})
        followed = await google.follow(place, published.platform_post_id)
        assert (followed.state, followed.platform_post_id) == ("LIVE", published.platform_post_id)
        assert followed.permalink is not None

    async def test_rejected_says_what_probably_caused_it(self, sandbox: Any, connect: Connect, place: Account) -> None:
        sandbox.configure(google_processing_seconds=30)
        google = connect("google")
        published = await google.publish(place, Content(text="Call us at 555-123-4567 today"), {})
        assert published.state == "PROCESSING"
        sandbox.control("POST", "clock", {"advance_seconds": 30})
        with pytest.raises(Refused, match="phone number"):
            await google.follow(place, published.platform_post_id)

    async def test_rejected_at_once_is_not_published(self, sandbox: Any, connect: Connect, place: Account) -> None:
        sandbox.fault(service="google", operation="create", kind="reject")
        with pytest.raises(Refused, match=r"the picture \(https://pictures.example/1.jpg\) could not be loaded"):
            await connect("google").publish(place, replace(TEXT, media_urls=(PICTURE,)), {})

    async def test_rejected_for_no_visible_reason_names_the_usual_ones(
        self, sandbox: Any, connect: Connect, place: Account
    ) -> None:
        sandbox.fault(service="google", operation="create", kind="reject")
        with pytest.raises(Refused, match="content policy") as raised:
            await connect("google").publish(place, TEXT, {})
        assert "picture" not in raised.value.message

    @pytest.mark.parametrize("state", [{}, {"state": "LOCAL_POST_STATE_UNSPECIFIED"}, {"state": None}])
    async def test_no_state_means_not_decided_yet(
        self, answering: Callable[..., Any], place: Account, state: dict[str, Any]
    ) -> None:
        google = answering("google", 200, {"name": f"{place.account_id}/localPosts/3", **state})
        assert (await google.publish(place, TEXT, {})).state == "PROCESSING"

    async def test_a_deleted_post_is_refused(self, sandbox: Any, connect: Connect, place: Account) -> None:
        google = connect("google")
        published = await google.publish(place, TEXT, {})
        headers = {"authorization": f"Bearer {place.access_token.get_secret_value()}"}
        url = f"{sandbox.url}/google/posts/v4/{published.platform_post_id}"
        assert sandbox.client.delete(url, headers=headers).status_code == 200
        with pytest.raises(Refused, match="no longer"):
            await google.follow(place, published.platform_post_id)

    async def test_a_location_that_moved_away_is_not_a_deleted_post(self, connect: Connect, place: Account) -> None:
        moved = replace(place, account_id="accounts/1/locations/2")
        with pytest.raises(ReconnectNeeded):
            await connect("google").follow(moved, "accounts/1/locations/2/localPosts/3")


class TestLook:
    """Listing what is there."""

    async def test_reads_every_page_of_the_window(self, sandbox: Any, connect: Connect, place: Account) -> None:
        now = datetime.now(UTC)
        posts = [{"text": f"{n}", "created_time": (now - timedelta(minutes=n)).isoformat()} for n in range(350)]
        sandbox.control("POST", "history", {"account_id": place.account_id, "posts": posts})
        look = await connect("google").look(place, TEXT, {}, now - timedelta(minutes=229, seconds=30))
        assert [seen.text for seen in look.sightings] == [str(n) for n in reversed(range(230))]
        assert {seen.ours for seen in look.sightings} == {None}
        assert sandbox.calls("google", "list") == 4  # the fourth page is all older

    async def test_tells_states(self, sandbox: Any, connect: Connect, place: Account) -> None:
        google = connect("google")
        await google.publish(place, TEXT, {})
        sandbox.configure(google_processing_seconds=30)
        await google.publish(place, TEXT, {})
        look = await google.look(place, TEXT, {}, just_before())
        assert [seen.state for seen in look.sightings] == ["LIVE", "PROCESSING"]

    async def test_does_not_trust_the_order_within_a_page(self, answering: Callable[..., Any], place: Account) -> None:
        posts = [
            {"name": f"{place.account_id}/localPosts/{n}", "summary": str(n), "createTime": when}
            for n, when in enumerate(["2026-11-22T10:00:00Z", "2026-11-01T10:00:00Z", "2026-11-22T09:00:00.123456789Z"])
        ]
        look = await answering("google", 200, {"localPosts": posts}).look(
            place, TEXT, {}, datetime(2026, 11, 22, tzinfo=UTC)
        )
        assert [seen.text for seen in look.sightings] == ["2", "0"]

    async def test_a_list_without_end_is_given_up(self, answering: Callable[..., Any], place: Account) -> None:
        with pytest.raises(TryLater):
            await answering("google", 200, {"nextPageToken": "again"}).look(place, TEXT, {}, just_before())

    async def test_cannot_look_without_a_token(self, sandbox: Any, connect: Connect, place: Account) -> None:
        sandbox.control("POST", "tokens", {"account_id": place.account_id, "state": "revoked"})
        with pytest.raises(TokenExpired):
            await connect("google").look(place, TEXT, {}, just_before())


class TestTokens:
    """An access token lives an hour."""

    async def test_refresh_keeps_the_refresh_token(self, sandbox: Any, connect: Connect) -> None:
        made = sandbox.control("POST", "accounts", {"platform": "google", "name": "Rossi Plumbing"})
        place = Account(account_id=made["account_id"], access_token=SecretStr(made["access_token"]))
        google, now = connect("google"), datetime.now(UTC)
        tokens = await google.refresh(place, SecretStr(made["refresh_token"]), now)
        assert tokens.refresh_token is None
        assert tokens.expires_at is not None
        assert timedelta(minutes=55) < tokens.expires_at - now <= timedelta(hours=1)
        await google.publish(replace(place, access_token=tokens.access_token), TEXT, {})
        assert len(sandbox.posts(place)) == 1

    async def test_a_revoked_grant_needs_the_owner(self, sandbox: Any, connect: Connect) -> None:
        made = sandbox.control("POST", "accounts", {"platform": "google", "name": "Rossi Plumbing"})
        place = Account(account_id=made["account_id"], access_token=SecretStr(made["access_token"]))
        sandbox.control("POST", "tokens", {"account_id": place.account_id, "state": "revoked"})
        with pytest.raises(ReconnectNeeded):
            await connect("google").refresh(place, SecretStr(made["refresh_token"]), datetime.now(UTC))

    @pytest.mark.parametrize(
        ("why", "code"),
        [
            (None, "invalid_grant"),
            ("invalid_rapt", "invalid_grant/invalid_rapt"),
            ("admin_policy_enforced", "admin_policy_enforced"),
        ],
    )
    async def test_a_grant_that_ended_needs_the_owner_and_says_why_where_google_does(
        self, sandbox: Any, connect: Connect, why: str | None, code: str
    ) -> None:
        place = sandbox.account("google")
        refresh = sandbox.world.tokens[place.access_token.get_secret_value()].parent
        sandbox.control("POST", "tokens", {"account_id": place.account_id, "state": "revoked", "subcode": why})
        with pytest.raises(ReconnectNeeded) as caught:
            await connect("google").refresh(place, SecretStr(refresh), datetime.now(UTC))
        assert caught.value.code == code

    async def test_a_new_refresh_token_is_told(self, answering: Callable[..., Any], place: Account) -> None:
        body = {"access_token": "ya29.new", "expires_in": 3599, "refresh_token": "1//new"}
        tokens = await answering("google", 200, body).refresh(place, SecretStr("1//old"), datetime.now(UTC))
        assert tokens.refresh_token == SecretStr("1//new")

    async def test_an_empty_refresh_token_overwrites_nothing(
        self, answering: Callable[..., Any], place: Account
    ) -> None:
        body = {"access_token": "ya29.new", "expires_in": 3599, "refresh_token": ""}
        tokens = await answering("google", 200, body).refresh(place, SecretStr("1//old"), datetime.now(UTC))
        assert tokens.refresh_token is None


class TestLocationMetrics:
    """Daily numbers of the whole location; there are none per post."""

    async def test_are_read_for_every_day_and_metric(self, sandbox: Any, connect: Connect, place: Account) -> None:
        sandbox.world.accounts[place.account_id].created -= 40 * 86_400
        last = datetime.now(UTC).date() - timedelta(days=1)
        days = await connect("google").location_metrics(place, last - timedelta(days=6), last)
        assert {day.metric for day in days} <= set(DAILY_METRICS)
        assert {day.day for day in days} <= {last - timedelta(days=n) for n in range(7)}
        assert sum(day.value for day in days) > 0

    async def test_numbers_are_texts_and_zero_is_left_out(self, place: Account) -> None:
        asked: list[httpx.URL] = []
        values = [{"date": {"year": 2026, "month": 11, "day": 1}, "value": "12"},
                  {"date": {"year": 2026, "month": 11, "day": 2}}]  # fmt: skip
        series = {"dailyMetric": "CALL_CLICKS", "timeSeries": {"datedValues": values}}
        empty = {"dailyMetric": "WEBSITE_CLICKS", "timeSeries": {}}

        async def answer(request: httpx.Request) -> httpx.Response:
            asked.append(request.url)
            return httpx.Response(
                200, json={"multiDailyMetricTimeSeries": [{"dailyMetricTimeSeries": [series, empty]}]}
            )

        google = GoogleBusiness(
            httpx.AsyncClient(transport=httpx.MockTransport(answer)),
            posts_url="https://p.example",
            token_url="https://t.example",
            performance_url="https://m.example",
            client_id=None,
            client_secret=None,
        )
        days = await google.location_metrics(place, date(2026, 11, 1), date(2026, 11, 2))
        assert [(day.day, day.metric, day.value) for day in days] == [
            (date(2026, 11, 1), "CALL_CLICKS", 12),
            (date(2026, 11, 2), "CALL_CLICKS", 0),
        ]
        (url,) = asked
        assert url.path.startswith("/v1/locations/")
        assert url.params.get_list("dailyMetrics") == list(DAILY_METRICS)
        assert url.params["dailyRange.startDate.day"] == "1"
        assert url.params["dailyRange.endDate.day"] == "2"

    @pytest.mark.parametrize("dated", [{"date": {}}, {"date": {"year": 2026, "month": 13, "day": 1}}, {}, "x"])
    async def test_an_unknown_form_may_be_readable_later(
        self, answering: Callable[..., Any], place: Account, dated: Any
    ) -> None:
        series = {"dailyMetric": "CALL_CLICKS", "timeSeries": {"datedValues": [dated]}}
        body = {"multiDailyMetricTimeSeries": [{"dailyMetricTimeSeries": [series]}]}
        with pytest.raises(TryLater):
            await answering("google", 200, body).location_metrics(place, date(2026, 11, 1), date(2026, 11, 2))

    async def test_posts_have_none(self, connect: Connect, place: Account) -> None:
        google = connect("google")
        assert await google.metrics(place, ["x"]) == {}
        assert (await google.quota(place)).total is None
        await google.discard(place, {})


class TestPace:
    """A quota of the whole project is asked before every call that counts in it."""

    async def test_every_call_but_those_for_tokens_asks_first(
        self, sandbox: Any, http: httpx.AsyncClient, place: Account
    ) -> None:
        asked: list[str] = []

        async def pace(purpose: str) -> None:
            asked.append(purpose)

        google = build_platforms(config_for(sandbox.url), http, pace=pace)["google"]
        published = await google.publish(place, TEXT, {})
        await google.follow(place, published.platform_post_id)
        await google.look(place, TEXT, {}, just_before())
        assert asked == ["publishing"] * 3
        await google.location_metrics(place, date(2026, 11, 1), date(2026, 11, 2))
        assert asked[3:] == ["analytics"]
        with pytest.raises(PlatformError):
            await google.refresh(place, SecretStr("1//nonsense"), datetime.now(UTC))
        assert len(asked) == 4

    async def test_without_room_nothing_is_sent(self, sandbox: Any, http: httpx.AsyncClient, place: Account) -> None:
        async def full(purpose: str) -> None:
            raise Paced("used up", retry_after=7.0)

        google = build_platforms(config_for(sandbox.url), http, pace=full)["google"]
        sandbox.control("DELETE", "calls")
        look = google.look(place, TEXT, {}, just_before())
        for call in (google.publish(place, TEXT, {}), google.follow(place, "x"), look):
            with pytest.raises(Paced):
                await call
        assert sandbox.control("GET", "calls?last=5") == []
