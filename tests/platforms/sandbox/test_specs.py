"""Requests and answers against excerpts of the platforms' own descriptions (tests/platforms/sandbox/data)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import orjson
import pytest

from tests.platforms.sandbox.conftest import Bench
from tests.platforms.sandbox.test_google import SCHEDULE
from tests.platforms.sandbox.test_openai_chat import ask, body

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


@pytest.mark.parametrize("trouble", [None, "refusal", "truncated"])
async def test_openais_responses_fit_its_openapi_file(bench: Bench, trouble: str | None) -> None:
    if trouble is not None:
        await bench.control("faults", [{"service": "openai", "kind": trouble}])
    headers = {"Authorization": "Bearer sk-sandbox"}
    chat = body()
    asked = {
        "model": "gpt-6-luna",
        "instructions": "Write posts.",
        "input": chat["messages"][1]["content"],
        "text": {"format": {"type": "json_schema", **chat["response_format"]["json_schema"]}},
        "store": False,
    }
    answer = await bench.client.post("/openai/v1/responses", json=asked, headers=headers)
    assert answer.status_code == 200
    check(answer.json(), "openai_response")
    wrongs: list[dict[str, Any]] = [
        {"input": None},
        {"messages": []},
        {"max_output_tokens": 3},
        {"text": {"format": {"type": "x"}}},
    ]
    for wrong in wrongs:
        refused = await bench.client.post("/openai/v1/responses", json={**asked, **wrong}, headers=headers)
        assert refused.status_code == 400, wrong
        check(refused.json(), "openai_error")


@pytest.mark.parametrize("fate", [None, "batch_fails", "batch_expires"])
async def test_openais_files_and_batches_fit_its_openapi_file(bench: Bench, fate: str | None) -> None:
    if fate is not None:
        await bench.control("faults", [{"service": "openai", "operation": "create_batch", "kind": fate}])
    headers = {"Authorization": "Bearer sk-sandbox"}
    lines = b"\n".join(
        orjson.dumps({"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body()})
        for name in "abc"
    )
    sent = {"file": ("requests.jsonl", lines)}
    file = (await bench.client.post("/openai/v1/files", files=sent, data={"purpose": "batch"}, headers=headers)).json()
    check(file, "openai_file")
    asked = {"input_file_id": file["id"], "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    batch = (await bench.client.post("/openai/v1/batches", json=asked, headers=headers)).json()
    statuses = [batch["status"]]
    for _ in range(3):
        check(batch, "openai_batch")
        bench.wait(30)
        batch = (await bench.client.get(f"/openai/v1/batches/{batch['id']}", headers=headers)).json()
        statuses.append(batch["status"])
    over = {None: "completed", "batch_fails": "failed", "batch_expires": "expired"}[fate]
    assert statuses == ["validating", "in_progress", over, over]
    check((await bench.client.get("/openai/v1/batches/batch_0", headers=headers)).json(), "openai_error")


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
