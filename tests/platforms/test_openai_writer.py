"""The writer against a server of its own: what is sent, what is read, and every way in which it fails."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from pydantic import SecretStr

from platforms.errors import OperatorNeeded, PlatformError, Refused, TryLater
from platforms.openai_forms import week_schema
from platforms.openai_writer import DraftPost, DraftWeek, Usage, Writer, with_version

KEY = SecretStr("sk-proj-0123456789abcdef")
POST = {"slot": "2026-11-24T09:00-facebook", "text": "Frost – soon.", "hashtags": ["winter"], "picture_query": "frost"}
REQUEST = {
    "business": {"name": "Rossi Plumbing", "type": "plumber"},
    "avoid_keywords": ["cheap"],
    "today": "2026-11-22",
    "season": "late autumn",
    "recent_posts": [],
    "slots": [{"slot": POST["slot"], "platform": "facebook", "theme": "tip", "max_characters": 1500}],
}
USAGE = {
    "prompt_tokens": 1200,
    "completion_tokens": 300,
    "total_tokens": 1500,
    "prompt_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 128},
    "completion_tokens_details": {"reasoning_tokens": 120},
}


def completion(content: str | None = None, **changes: Any) -> dict[str, Any]:
    choice: dict[str, Any] = {
        "index": 0,
        "finish_reason": changes.pop("finish_reason", "stop"),
        "message": {
            "role": "assistant",
            "content": json.dumps({"posts": [POST]}) if content is None else content,
            "refusal": changes.pop("refusal", None),
        },
    }
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-6-luna-2026-09-22",
        "choices": [choice], "usage": USAGE, **changes,
    }  # fmt: skip


class Fake:
    """An OpenAI-compatible server that gives one answer and keeps what it was asked."""

    def __init__(self) -> None:
        self.status, self.body, self.headers = 200, json.dumps(completion()).encode(), "x-request-id: req_1\r\n"
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.url = ""

    def answer(self, body: Any, status: int = 200, headers: str = "") -> None:
        """Set the answer; `body` is bytes or JSON-able."""
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status, self.headers = status, headers

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.requests.append((lines[0], headers, json.loads(body)))
        writer.write(
            f"HTTP/1.1 {self.status} X\r\ncontent-type: application/json\r\nconnection: close\r\n"
            f"content-length: {len(self.body)}\r\n{self.headers}\r\n".encode()
            + self.body
        )
        await writer.drain()


StartServer = Callable[[Callable[..., Awaitable[None]]], Awaitable[str]]


@pytest.fixture
async def fake(raw_server: StartServer) -> Fake:
    """The server."""
    made = Fake()
    made.url = await raw_server(made.serve)
    return made


@pytest.fixture
async def writer(fake: Fake) -> AsyncIterator[Writer]:
    """Our client on it."""
    async with Writer(api_key=KEY, base_url=fake.url, timeout_seconds=5, api="chat") as made:
        yield made


async def failure(writer: Writer, request: dict[str, Any] | None = None) -> PlatformError:
    """What a call ends with: raised, or for an answer of no use beside what it used."""
    found: PlatformError
    try:
        draft = await writer.write_week("Write.", request or REQUEST, "gpt-6-luna", "tenant-1")
    except PlatformError as error:
        found = error
    else:
        assert draft.posts == ()
        assert draft.failure is not None
        found = draft.failure
    assert found.__cause__ is None
    assert found.__context__ is None
    return found


async def test_sends_one_json_document_after_the_constant_instructions(fake: Fake, writer: Writer) -> None:
    await writer.write_week("Write the week.", REQUEST, "gpt-6-luna", "tenant-1")
    ((line, headers, body),) = fake.requests
    assert line.startswith("POST /v1/chat/completions ")
    assert headers["authorization"] == f"Bearer {KEY.get_secret_value()}"
    assert set(body) == {"model", "messages", "response_format", "max_completion_tokens", "prompt_cache_key"}
    assert body["max_completion_tokens"] == 4500
    assert (body["model"], body["prompt_cache_key"]) == ("gpt-6-luna", "tenant-1")
    system, user = body["messages"]
    assert system == {"role": "system", "content": "Write the week."}
    assert user["role"] == "user"
    assert json.loads(user["content"]) == REQUEST
    assert body["response_format"]["json_schema"]["strict"] is True


async def test_reads_posts_usage_model_and_request_id(writer: Writer) -> None:
    draft = await writer.write_week("Write.", REQUEST, "gpt-6-luna", "tenant-1")
    assert draft.posts == (DraftPost(**POST),)
    assert draft.usage == Usage(
        input_tokens=1200, cached_tokens=1024, cache_write_tokens=128, output_tokens=300, reasoning_tokens=120
    )
    assert (draft.model, draft.request_id) == ("gpt-6-luna-2026-09-22", "req_1")


def test_schema_fits_the_rules_of_strict_mode_and_the_models() -> None:
    schema: Any = week_schema()

    def check(node: Any) -> None:
        if isinstance(node, dict):
            assert "$ref" not in node
            if node.get("type") == "object":
                assert node["additionalProperties"] is False
                assert set(node["required"]) == set(node["properties"])
            for inner in node.values():
                check(inner)

    check(schema)
    assert schema["type"] == "object"
    assert set(schema["properties"]) == set(DraftWeek.model_fields)
    assert set(schema["properties"]["posts"]["items"]["properties"]) == set(DraftPost.model_fields)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (None, Usage()),
        ({}, Usage()),
        ({"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}, Usage(input_tokens=7, output_tokens=3)),
        (
            {"prompt_tokens": 7, "prompt_tokens_details": None, "completion_tokens_details": {}},
            Usage(input_tokens=7),
        ),
        ({"prompt_tokens": 7, "prompt_tokens_details": {"cached_tokens": None}}, Usage(input_tokens=7)),
    ],
)
async def test_what_a_compatible_server_does_not_count_is_zero(
    fake: Fake, writer: Writer, usage: Any, expected: Usage
) -> None:
    fake.answer(completion(usage=usage))
    assert (await writer.write_week("Write.", REQUEST, "m", "k")).usage == expected


async def test_missing_model_and_header_fall_back(fake: Fake, writer: Writer) -> None:
    body = completion()
    del body["model"]
    fake.answer(body)
    draft = await writer.write_week("Write.", REQUEST, "asked-for", "k")
    assert (draft.model, draft.request_id) == ("asked-for", "chatcmpl-1")


UNUSABLE: list[tuple[str, Any, type[PlatformError], str]] = [
    ("refusal", completion(refusal="I can't help with that."), Refused, "refusal"),
    ("content filter", completion(finish_reason="content_filter"), Refused, "content_filter"),
    ("cut off", completion(content='{"posts": [', finish_reason="length"), TryLater, "length"),
    ("empty", completion(content=""), TryLater, "schema"),
    ("not JSON", completion(content="Sure! Here are your posts:"), TryLater, "schema"),
    ("fenced", completion(content="```json\n{}\n```"), TryLater, "schema"),
    ("other shape", completion(content='{"posts": [{"slot": "1"}]}'), TryLater, "schema"),
    ("one key too many", completion(content=json.dumps({"posts": [{**POST, "x": 1}]})), TryLater, "schema"),
    ("wrong type", completion(content=json.dumps({"posts": [{**POST, "hashtags": "a"}]})), TryLater, "schema"),
    ("no choices", completion(choices=[]), TryLater, "unreadable"),
    ("choices null", completion(choices=None), TryLater, "unreadable"),
    ("no message", completion(choices=[{"finish_reason": "stop"}]), TryLater, "unreadable"),
    ("an array", [], TryLater, "unreadable"),
    ("a text", "hello", TryLater, "unreadable"),
    ("a number", 5, TryLater, "unreadable"),
    ("null", None, TryLater, "unreadable"),
    ("not JSON at all", b"<html></html>", TryLater, "unreadable"),
    ("half", b'{"id": "x', TryLater, "unreadable"),
    ("not UTF-8", b"\xff\xfe{}", TryLater, "unreadable"),
    ("nothing", b"", TryLater, "unreadable"),
    ("odd inside", {"choices": [{"message": "x"}]}, TryLater, "unreadable"),
    ("odder inside", {"choices": "x"}, TryLater, "unreadable"),
    ("odd content", {"choices": [{"message": {"content": [1]}}]}, TryLater, "schema"),
]


@pytest.mark.parametrize(("body", "expected", "code"), [row[1:] for row in UNUSABLE], ids=[row[0] for row in UNUSABLE])
async def test_unusable_answer(fake: Fake, writer: Writer, body: Any, expected: Any, code: str) -> None:
    fake.answer(body)
    error = await failure(writer)
    assert (type(error), error.code) == (expected, code)


def refused(code: str | None, kind: str = "invalid_request_error") -> dict[str, Any]:
    return {"error": {"message": f"Words. Key {KEY.get_secret_value()}", "type": kind, "param": None, "code": code}}


ROWS: list[tuple[int, Any, type[PlatformError], str]] = [
    (401, refused("invalid_api_key"), OperatorNeeded, "invalid_api_key"),
    (403, refused("unsupported_country_region_territory"), OperatorNeeded, "unsupported_country_region_territory"),
    (404, refused("model_not_found"), OperatorNeeded, "model_not_found"),
    (404, b"", OperatorNeeded, "http_404"),
    (400, refused("model_not_found"), OperatorNeeded, "model_not_found"),
    (400, refused(None), OperatorNeeded, "invalid_request_error"),
    (400, refused("content_policy_violation"), Refused, "content_policy_violation"),
    (400, refused("context_length_exceeded"), Refused, "context_length_exceeded"),
    (402, refused(None), OperatorNeeded, "invalid_request_error"),
    (422, refused(None), OperatorNeeded, "invalid_request_error"),
    (408, b"", TryLater, "http_408"),
    (409, refused(None), TryLater, "invalid_request_error"),
    (429, refused("rate_limit_exceeded", "requests"), TryLater, "rate_limit_exceeded"),
    (429, refused("insufficient_quota", "insufficient_quota"), OperatorNeeded, "insufficient_quota"),
    (429, refused(None, "insufficient_quota"), OperatorNeeded, "insufficient_quota"),
    (429, b"", TryLater, "http_429"),
    (500, refused(None, "server_error"), TryLater, "server_error"),
    (502, b"<html></html>", TryLater, "http_502"),
    (503, b"", TryLater, "http_503"),
    (302, b"", OperatorNeeded, "http_302"),
]


@pytest.mark.parametrize(("status", "body", "expected", "code"), ROWS)
async def test_row(fake: Fake, writer: Writer, status: int, body: Any, expected: Any, code: str) -> None:
    fake.answer(body, status, "retry-after: 20\r\nx-request-id: req_9\r\n")
    error = await failure(writer)
    assert (type(error), error.code, error.http_status) == (expected, code, status)
    assert (error.retry_after, error.trace_id) == (20, "req_9")
    assert KEY.get_secret_value() not in str(error)
    assert len(fake.requests) == 1  # trying again is the task's


async def test_server_that_never_answers(raw_server: StartServer) -> None:
    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        await asyncio.sleep(30)

    began = time.monotonic()
    async with Writer(api_key=KEY, base_url=await raw_server(never), timeout_seconds=0.3) as writer:
        assert (await failure(writer)).code == "no_answer"
    assert time.monotonic() - began < 20


async def test_server_that_trickles_is_given_up_at_the_deadline(raw_server: StartServer) -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    began = time.monotonic()
    async with Writer(api_key=KEY, base_url=await raw_server(trickle), timeout_seconds=0.4) as writer:
        assert (await failure(writer)).code == "no_answer"
    assert time.monotonic() - began < 20


async def test_server_that_drops_the_connection(raw_server: StartServer) -> None:
    async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with Writer(api_key=KEY, base_url=await raw_server(drop), timeout_seconds=2) as writer:
        assert type(await failure(writer)) is TryLater


async def test_server_that_is_not_there() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        async with Writer(api_key=KEY, base_url=url, timeout_seconds=2) as writer:
            assert (await failure(writer)).code == "not_sent"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://api.openai.com", "https://api.openai.com/v1"),
        ("https://api.openai.com/", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("http://localhost:8600/openai/v1/", "http://localhost:8600/openai/v1"),
        ("http://localhost:11434/openai", "http://localhost:11434/openai/v1"),
    ],
)
def test_base_url_ends_with_the_version(given: str, used: str) -> None:
    assert with_version(given) == used


SLOTS = tuple(
    {
        "slot": f"2026-11-{24 + day}T09:00-{platform}",
        "platform": platform,
        "theme": theme,
        "weekday": "Tuesday",
        "date": f"2026-11-{24 + day}",
        "template": "Write a post.",
        "max_characters": 1500,
    }
    for day, (platform, theme) in enumerate([("google", "tip"), ("facebook", "seasonal"), ("instagram", "fun_fact")])
)
BUSINESS = {
    "name": "Rossi Plumbing", "type": "plumber", "city": "Denver", "state": "CO", "description": "Pipes.",
    "website": None, "brand_voice": "friendly",
}  # fmt: skip
WEEK = {**REQUEST, "business": BUSINESS, "slots": list(SLOTS)}


@pytest.mark.parametrize("api", ["responses", "chat"])
class TestOnTheSandbox:
    """The same client against the sandbox's endpoints, which keep OpenAI's rules."""

    async def test_writes_a_post_for_every_slot(self, sandbox: Any, api: Any) -> None:
        async with Writer(api_key=KEY, base_url=f"{sandbox.url}/openai", api=api) as writer:
            draft = await writer.write_week("Write the week.", WEEK, "gpt-6-luna", "tenant-1")
        assert [post.slot for post in draft.posts] == [slot["slot"] for slot in SLOTS]
        assert all(post.text and post.picture_query for post in draft.posts)
        assert draft.usage.input_tokens > 100
        assert draft.usage.output_tokens > 50

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            ({"kind": "refusal"}, Refused),
            ({"kind": "truncated"}, TryLater),
            ({"kind": "bad_json"}, TryLater),
            ({"kind": "429"}, TryLater),
            ({"kind": "5xx"}, TryLater),
            ({"kind": "drop_before"}, TryLater),
            ({"kind": "malformed_json"}, TryLater),
            ({"kind": "token_expired"}, OperatorNeeded),
            ({"kind": "error_code", "status": 429, "code": "insufficient_quota"}, OperatorNeeded),
        ],
    )
    async def test_trouble(self, sandbox: Any, api: Any, fault: dict[str, Any], expected: Any) -> None:
        sandbox.fault(service="openai", operation="complete", **fault)
        async with Writer(api_key=KEY, base_url=f"{sandbox.url}/openai", api=api) as writer:
            assert type(await failure(writer, WEEK)) is expected

    async def test_unknown_model_is_the_operators(self, sandbox: Any, api: Any) -> None:
        async with Writer(api_key=KEY, base_url=f"{sandbox.url}/openai", api=api) as writer:
            with pytest.raises(OperatorNeeded) as raised:
                await writer.write_week("x", WEEK, "gpt-2", "tenant-1")
        assert raised.value.code == "model_not_found"


class TestResponses:
    """The other form of the same call."""

    @pytest.fixture
    async def responses(self, fake: Fake) -> AsyncIterator[Writer]:
        """Our client, which speaks this form alone."""
        async with Writer(api_key=KEY, base_url=fake.url, timeout_seconds=5, api="responses") as made:
            yield made

    async def test_is_sent_unkept_with_a_limit_and_the_same_schema(self, fake: Fake, responses: Writer) -> None:
        fake.answer(response())
        await responses.write_week("Write the week.", REQUEST, "gpt-6-luna", "tenant-1")
        ((line, _, body),) = fake.requests
        assert line.startswith("POST /v1/responses ")
        assert body["store"] is False
        assert (body["instructions"], json.loads(body["input"])) == ("Write the week.", REQUEST)
        assert (body["prompt_cache_key"], body["max_output_tokens"]) == ("tenant-1", 4500)
        format_ = body["text"]["format"]
        assert (format_["type"], format_["strict"], format_["schema"]) == ("json_schema", True, week_schema())

    async def test_gives_posts_usage_model_and_request_id(self, fake: Fake, responses: Writer) -> None:
        fake.answer(response(), headers="x-request-id: req_1\r\n")
        draft = await responses.write_week("Write.", REQUEST, "gpt-6-luna", "k")
        assert draft.posts == (DraftPost(**POST),)
        assert draft.usage == Usage(
            input_tokens=1200, cached_tokens=1024, cache_write_tokens=128, output_tokens=300, reasoning_tokens=120
        )
        assert (draft.model, draft.request_id, draft.failure) == ("gpt-6-luna-2026-09-22", "req_1", None)

    @pytest.mark.parametrize("usage", [None, {}, {"input_tokens_details": None, "output_tokens_details": None}])
    async def test_what_is_not_counted_is_zero(self, fake: Fake, responses: Writer, usage: Any) -> None:
        fake.answer(response(usage=usage))
        assert (await responses.write_week("Write.", REQUEST, "m", "k")).usage == Usage()

    @pytest.mark.parametrize(
        ("body", "expected", "code"),
        [
            ("refused", Refused, "refusal"),
            ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, TryLater, "length"),
            ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, Refused, "content_filter"),
            ({"status": "incomplete", "incomplete_details": None}, TryLater, "length"),
            ({"status": "failed", "error": {"code": "server_error", "message": "x"}}, TryLater, "server_error"),
            ({"status": "failed", "error": {"code": "invalid_prompt", "message": "x"}}, Refused, "invalid_prompt"),
            ({"status": "failed", "error": None}, TryLater, "failed"),
            ({"status": "in_progress"}, TryLater, "unreadable"),
            ({"output": []}, TryLater, "unreadable"),  # reasoning ate the whole answer
            ({"output": None}, TryLater, "unreadable"),
            ({"output": [{"type": "reasoning", "summary": []}]}, TryLater, "unreadable"),
            ({"output": [{"type": "message", "content": [{"type": "output_text"}]}]}, TryLater, "schema"),
            ("not JSON", TryLater, "schema"),
            ("an array", TryLater, "unreadable"),
        ],
    )
    async def test_an_answer_of_no_use(
        self, fake: Fake, responses: Writer, body: Any, expected: Any, code: str
    ) -> None:
        if body == "refused":
            body = {"output": [{"type": "message", "content": [{"type": "refusal", "refusal": "I can't."}]}]}
        elif body == "not JSON":
            body = {"output": [{"type": "message", "content": [{"type": "output_text", "text": "Sure!"}]}]}
        fake.answer([] if body == "an array" else response(**body))
        error = await failure(responses)
        assert (type(error), error.code) == (expected, code)

    async def test_what_an_answer_of_no_use_cost_is_told(self, fake: Fake, responses: Writer) -> None:
        fake.answer(response(status="incomplete", incomplete_details={"reason": "max_output_tokens"}))
        assert (await responses.write_week("Write.", REQUEST, "m", "k")).usage.output_tokens == 300


class TestWhichApi:
    """`auto`: Responses where it is there, found out once."""

    async def test_a_server_without_responses_is_asked_by_chat_from_then_on(self, sandbox: Any) -> None:
        sandbox.configure(openai_responses=False)
        async with Writer(api_key=KEY, base_url=f"{sandbox.url}/openai") as writer:
            for _ in range(2):
                assert (await writer.write_week("Write.", WEEK, "gpt-6-luna", "k")).posts
        assert paths(sandbox) == ["responses", "completions", "completions"]

    async def test_a_server_with_responses_is_asked_by_it(self, sandbox: Any) -> None:
        async with Writer(api_key=KEY, base_url=f"{sandbox.url}/openai") as writer:
            for _ in range(2):
                assert (await writer.write_week("Write.", WEEK, "gpt-6-luna", "k")).posts
        assert paths(sandbox) == ["responses", "responses"]

    @pytest.mark.parametrize(
        "fault", [{"kind": "5xx"}, {"kind": "429"}, {"kind": "token_expired"}, {"kind": "drop_before"}]
    )
    async def test_other_trouble_says_nothing_about_it(self, sandbox: Any, fault: dict[str, Any]) -> None:
        sandbox.fault(service="openai", operation="complete", **fault)
        async with Writer(api_key=KEY, base_url=f"{sandbox.url}/openai") as writer:
            with pytest.raises(PlatformError):
                await writer.write_week("Write.", WEEK, "gpt-6-luna", "k")
            assert (await writer.write_week("Write.", WEEK, "gpt-6-luna", "k")).posts
        assert paths(sandbox) == ["responses", "responses"]

    async def test_a_wrong_model_is_not_asked_for_twice(self, sandbox: Any) -> None:
        async with Writer(api_key=KEY, base_url=f"{sandbox.url}/openai") as writer:
            with pytest.raises(OperatorNeeded):
                await writer.write_week("Write.", WEEK, "gpt-2", "k")
        assert paths(sandbox) == ["responses"]

    async def test_where_it_was_asked_for_by_name_nothing_else_is_tried(self, sandbox: Any) -> None:
        sandbox.configure(openai_responses=False)
        async with Writer(api_key=KEY, base_url=f"{sandbox.url}/openai", api="responses") as writer:
            with pytest.raises(OperatorNeeded, match="404"):
                await writer.write_week("Write.", WEEK, "gpt-6-luna", "k")
        assert paths(sandbox) == ["responses"]


def paths(sandbox: Any) -> list[str]:
    """The last part of every address that was asked, oldest first."""
    return [call["path"].rsplit("/", 1)[1] for call in reversed(sandbox.control("GET", "calls?last=20"))]


def response(**changes: Any) -> dict[str, Any]:
    """An answer of the Responses API."""
    text = {"type": "output_text", "text": json.dumps({"posts": [POST]}), "annotations": []}
    return {
        "id": "resp_1", "object": "response", "status": "completed", "model": "gpt-6-luna-2026-09-22",
        "output": [
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [text]},
        ],
        "usage": {
            "input_tokens": 1200, "input_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 128},
            "output_tokens": 300, "output_tokens_details": {"reasoning_tokens": 120}, "total_tokens": 1500,
        },
        **changes,
    }  # fmt: skip
