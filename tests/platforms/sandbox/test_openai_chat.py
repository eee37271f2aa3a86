"""The OpenAI-compatible endpoint, also through the real client library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import openai
import orjson
import pytest

from platforms.sandbox.app import Sandbox, create_app
from tests.platforms.sandbox.conftest import Bench

POST = {
    "type": "object",
    "properties": {
        "slot": {"type": "string"}, "text": {"type": "string"},
        "hashtags": {"type": "array", "items": {"type": "string"}}, "picture_query": {"type": "string"},
    },
    "required": ["slot", "text", "hashtags", "picture_query"],
    "additionalProperties": False,
}  # fmt: skip
WEEK: dict[str, Any] = {
    "type": "object", "properties": {"posts": {"type": "array", "items": POST}}, "required": ["posts"],
    "additionalProperties": False,
}  # fmt: skip
REQUEST = {
    "business": {"name": "Bob's Plumbing", "type": "plumber", "city": "Austin", "brand_voice": "friendly"},
    "slots": [
        {"slot": "a", "platform": "google", "theme": "tip", "date": "2026-11-24", "max_characters": 1500},
        {"slot": "b", "platform": "instagram", "theme": "seasonal", "date": "2026-11-25", "max_characters": 2200},
    ],
}


def body(request: Any = REQUEST, schema: dict[str, Any] = WEEK, **more: Any) -> dict[str, Any]:
    return {
        "model": "gpt-6-luna",
        "messages": [
            {"role": "system", "content": "Write posts."},
            {"role": "user", "content": orjson.dumps(request).decode()},
        ],
        "response_format": {
            "type": "json_schema", "json_schema": {"name": "week", "strict": True, "schema": schema},
        },
        **more,
    }  # fmt: skip


async def ask(bench: Bench, **fields: Any) -> Any:
    return await bench.client.post(
        "/openai/v1/chat/completions", json=body(**fields), headers={"Authorization": "Bearer sk-sandbox"}
    )


async def test_a_week_is_written_in_the_asked_shape(bench: Bench) -> None:
    answer = (await ask(bench)).json()
    (choice,) = answer["choices"]
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["refusal"] is None
    posts = orjson.loads(choice["message"]["content"])["posts"]
    assert [post["slot"] for post in posts] == ["a", "b"]
    assert set(posts[0]) == {"slot", "text", "hashtags", "picture_query"}
    assert len(posts[1]["hashtags"]) >= 3
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 100


async def test_a_long_prefix_seen_before_is_cached_in_steps(bench: Bench) -> None:
    constant = "Write well. " * 600  # about 1,800 tokens
    first = body()
    first["messages"][0]["content"] = constant
    second = body({**REQUEST, "today": "2026-11-23"})
    second["messages"][0]["content"] = constant
    headers = {"Authorization": "Bearer sk-sandbox"}
    cached = []
    for sent in (first, second):
        answer = (await bench.client.post("/openai/v1/chat/completions", json=sent, headers=headers)).json()
        cached.append(answer["usage"]["prompt_tokens_details"]["cached_tokens"])
    assert cached[0] == 0
    assert cached[1] >= 1664
    assert cached[1] % 128 == 0
    assert (await ask(bench)).json()["usage"]["prompt_tokens_details"]["cached_tokens"] == 0  # too short


async def test_a_missing_key_an_unknown_model_and_a_loose_schema_are_refused(bench: Bench) -> None:
    missing = await bench.client.post("/openai/v1/chat/completions", json=body())
    assert missing.status_code == 401
    unknown = await ask(bench, model="gpt-3.5-turbo")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_not_found")
    for broken in (
        {**WEEK, "additionalProperties": True},
        {**WEEK, "required": []},
        {**WEEK, "properties": {"posts": {"type": "array", "items": {**POST, "required": ["slot"]}}}},
        {"type": "array", "items": POST},
        {**WEEK, "properties": {"posts": {"type": "array", "items": {**POST, "allOf": []}}}},
    ):
        loose = await ask(bench, schema=broken)
        assert loose.status_code == 400, broken
        assert "Invalid schema for response_format 'week'" in loose.json()["error"]["message"]


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
async def test_a_limit_of_tokens_cuts_the_answer(bench: Bench, name: str) -> None:
    answer = (await ask(bench, **{name: 20})).json()
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["completion_tokens"] <= 20


async def test_another_schema_is_filled_with_something_that_fits(bench: Bench) -> None:
    schema = {
        "type": "object",
        "properties": {
            "kind": {"enum": ["a", "b"]}, "count": {"type": "integer", "minimum": 3},
            "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "day": {"type": "string", "format": "date"},
            "rows": {"type": "array", "items": {"$ref": "#/$defs/row"}, "minItems": 2},
        },
        "required": ["kind", "count", "maybe", "day", "rows"],
        "additionalProperties": False,
        "$defs": {"row": {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"],
                          "additionalProperties": False}},
    }  # fmt: skip
    answer = (await ask(bench, request={"anything": 1}, schema=schema)).json()
    told = orjson.loads(answer["choices"][0]["message"]["content"])
    assert told == {"kind": "a", "count": 3, "maybe": "A short text.", "day": "2026-01-15", "rows": [{"ok": True}] * 2}


async def test_it_refuses_cuts_and_breaks_json_on_request(bench: Bench) -> None:
    await bench.control("faults", [{"service": "openai", "kind": "refusal", "times": 1},
                                   {"service": "openai", "kind": "truncated", "times": 1},
                                   {"service": "openai", "kind": "bad_json", "times": 1},
                                   {"service": "openai", "kind": "poor_text", "code": "phone", "times": 1},
                                   {"service": "openai", "kind": "error_code", "status": 429,
                                    "code": "insufficient_quota", "times": 1}])  # fmt: skip
    refused = (await ask(bench)).json()["choices"][0]["message"]
    assert refused["content"] is None
    assert refused["refusal"]
    assert (await ask(bench)).json()["choices"][0]["finish_reason"] == "length"
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads((await ask(bench)).json()["choices"][0]["message"]["content"])
    poor = orjson.loads((await ask(bench)).json()["choices"][0]["message"]["content"])
    assert "555-0147" in poor["posts"][0]["text"]
    broke = await ask(bench)
    assert (broke.status_code, broke.json()["error"]["code"]) == (429, "insufficient_quota")


def test_the_real_client_library_is_content_with_it(serve: Callable[[Sandbox], str]) -> None:
    url = serve(create_app())
    with openai.OpenAI(api_key="sk-sandbox", base_url=f"{url}/openai/v1", max_retries=0) as client:
        told = client.chat.completions.create(**body())
        assert told.choices[0].message.content
        assert told.usage is not None
        assert told.usage.prompt_tokens > 0
        assert "gpt-6-luna" in [model.id for model in client.models.list()]
        with pytest.raises(openai.NotFoundError):
            client.chat.completions.create(**body(model="gpt-9"))
