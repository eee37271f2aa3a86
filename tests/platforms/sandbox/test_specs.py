"""Requests and answers against excerpts of the platforms' own descriptions (tests/platforms/sandbox/data)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.platforms.sandbox.conftest import Bench
from tests.platforms.sandbox.test_google import SCHEDULE
from tests.platforms.sandbox.test_openai_chat import ask

DATA = Path(__file__).parent / "data"
NAMES: dict[str, Any] = json.loads((DATA / "meta_v26_names.json").read_text())


def check(value: Any, name: str) -> None:
    """Raise when the value does not fit the excerpt."""
    schema = json.loads((DATA / f"{name}.schema.json").read_text())
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(value)


async def test_openais_answers_and_errors_fit_its_openapi_file(bench: Bench) -> None:
    check((await ask(bench)).json(), "openai_chat_completion")
    check((await ask(bench, model="gpt-0")).json(), "openai_error")
    check((await bench.client.post("/openai/v1/chat/completions", json={})).json(), "openai_error")


async def test_unsplashs_search_fits_its_openapi_file(bench: Bench) -> None:
    answer = await bench.client.get("/unsplash/search/photos?query=roof", headers={"Authorization": "Client-ID key"})
    check(answer.json(), "unsplash_search")


async def test_googles_lists_and_metrics_fit_its_discovery_documents(bench: Bench) -> None:
    place = await bench.account("google", city="Austin", address="1 Main St")
    check((await bench.google("GET", "accounts/v1/accounts", place)).json(), "google_accounts")
    mask = {"readMask": "name,title,storefrontAddress,metadata,languageCode"}
    check((await bench.google("GET", "locations/v1/accounts/-/locations", place, params=mask)).json(),
          "google_locations")  # fmt: skip
    where = f"performance/v1/locations/{place['account_id'].rsplit('/', 1)[1]}:fetchMultiDailyMetricsTimeSeries"
    dates = {f"dailyRange.{end}Date.{part}": value for end in ("start", "end")
             for part, value in (("year", 2026), ("month", 11), ("day", 20))}  # fmt: skip
    metrics = ["CALL_CLICKS", "BUSINESS_FOOD_ORDERS"]
    answer = await bench.google("GET", where, place, params={"dailyMetrics": metrics, **dates})
    check(answer.json(), "google_performance")


ACTION = {"actionType": "BOOK", "url": "https://bob.example"}
EVENT = {"title": "Open day", "schedule": SCHEDULE}
PHOTO = {"mediaFormat": "PHOTO", "sourceUrl": "https://cdn.example/a.jpg"}


@pytest.mark.parametrize(
    "body",
    [
        {"topicType": "STANDARD", "summary": "Hello", "callToAction": ACTION},
        {"topicType": "STANDARD", "summary": "Hello", "media": [PHOTO]},
        {"topicType": "STANDARD", "summary": "Hello", "callToAction": {"actionType": "CALL"}},
        {"topicType": "EVENT", "summary": "Hello", "event": EVENT},
        {"topicType": "OFFER", "summary": "Hello", "event": EVENT, "offer": {"couponCode": "A"}},
        {"topicType": "STANDARD", "summary": "Hello", "scheduledTime": "2026-12-01T10:00:00Z"},
        {"summary": "Hello"},
        {"topicType": "PRODUCT", "summary": "Hello"},
        {"topicType": "STANDARD", "summary": "x" * 1501},
        {"topicType": "STANDARD", "summary": "Hello", "callToAction": {"actionType": "BOOK"}},
        {
            "topicType": "STANDARD",
            "summary": "Hello",
            "callToAction": {"actionType": "CALL", "url": "https://b.example"},
        },
        {"topicType": "STANDARD", "summary": "Hello", "media": [PHOTO, PHOTO]},
        {"topicType": "STANDARD", "summary": "Hello", "media": [{**PHOTO, "mediaFormat": "VIDEO"}]},
        {"topicType": "OFFER", "summary": "Hello", "offer": {"couponCode": "A"}},
        {"topicType": "EVENT", "summary": "Hello", "event": {"title": "Open day"}},
        {"topicType": "STANDARD", "summary": "Hello", "colour": "red"},
    ],
)
async def test_the_google_twin_takes_exactly_what_the_local_post_schema_takes(
    bench: Bench, body: dict[str, Any]
) -> None:
    try:
        check(body, "google_local_post")
        allowed = True
    except jsonschema.ValidationError:
        allowed = False
    place = await bench.account("google")
    answer = await bench.google("POST", f"posts/v4/{place['account_id']}/localPosts", place, json=body)
    assert (answer.status_code == 200) is allowed


async def test_facebook_fields_exist_in_metas_sdk(bench: Bench) -> None:
    page = await bench.account("facebook")
    made = await bench.facebook("POST", f"{page['account_id']}/feed", page, message="Hi")
    post = bench.app.world.posts[made.json()["id"]]
    twin = bench.app.twins["/facebook/graph"]
    offered = set(twin.resolve.__self__._reading.post_fields(post, _any_call(bench)))  # type: ignore[attr-defined]
    known = {
        *NAMES["Post"]["fields"],
        *NAMES["PagePost"]["fields"],
        *NAMES["Post"]["edges"],
        *NAMES["PagePost"]["edges"],
    }
    assert offered <= known


async def test_instagram_fields_exist_in_metas_sdk(bench: Bench) -> None:
    account = await bench.account("instagram", login="facebook")
    container = (await bench.container(account)).json()["id"]
    bench.wait(1)
    made = await bench.instagram("POST", f"{account['account_id']}/media_publish", account, creation_id=container)
    reading = bench.app.twins["/instagram/graph"].resolve.__self__._reading  # type: ignore[attr-defined]
    world = bench.app.world
    media = reading._media_fields(world.posts[made.json()["id"]], world.now(), True)
    assert set(media) <= {*NAMES["IGMedia"]["fields"], *NAMES["IGMedia"]["edges"]}
    builder = reading._container_fields(world.containers[container], world.now())
    assert set(builder) <= set(NAMES["ShadowIGMediaBuilder"]["fields"])
    limit = await bench.instagram(
        "GET", f"{account['account_id']}/content_publishing_limit", account, fields="quota_usage,config"
    )
    assert set(limit.json()["data"][0]) <= set(NAMES["ContentPublishingLimitResponse"]["fields"])


def _any_call(bench: Bench) -> Any:
    from platforms.sandbox.exchange import Call

    return Call("GET", (), {}, {}, {}, "http://sandbox.test", "/facebook/graph", bench.now)
