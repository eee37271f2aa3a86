"""What a lost connection means, over real sockets: before the first byte nothing happened, after it nobody knows."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from platforms import http as outside
from platforms.errors import InDoubt, OperatorNeeded, PlatformError, TryLater
from platforms.http import call, client, redact, retry_after

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
StartServer = Callable[[Handler], Awaitable[str]]
DEADLINE = 0.3
SOON = 20  # seconds; far from our deadlines even on a busy machine, and the servers here hang for longer


async def never_answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(30)


async def closes_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    transport = writer.transport
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    transport.abort()


async def answers_half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"id":')
    await writer.drain()


async def answers_half_then_hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await answers_half(reader, writer)
    await asyncio.sleep(30)


async def trickles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    while True:  # each byte comes well within any read timeout
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def speaks_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"SMTP ready\r\n\r\n")
    await writer.drain()


async def sends_broken_gzip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 9\r\n\r\nnot gzip!")
    await writer.drain()


async def redirects(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n")
    await writer.drain()


LOST = [
    never_answers,
    closes_at_once,
    resets,
    answers_half,
    answers_half_then_hangs,
    trickles,
    speaks_nonsense,
    sends_broken_gzip,
]


@pytest.mark.parametrize("handler", LOST, ids=lambda handler: handler.__name__)
@pytest.mark.parametrize(("makes_visible", "expected"), [(True, InDoubt), (False, TryLater)])
async def test_lost_answer_is_in_doubt_only_when_it_could_be_visible(
    raw_server: StartServer, handler: Handler, makes_visible: bool, expected: type[PlatformError]
) -> None:
    url = await raw_server(handler)
    began = time.monotonic()
    async with client(timeout_seconds=DEADLINE) as http:
        with pytest.raises(PlatformError) as raised:
            await call(http, "POST", f"{url}/post?access_token=EAAsecret", makes_visible=makes_visible, data={"a": "b"})
    assert type(raised.value) is expected
    assert time.monotonic() - began < SOON
    assert "EAAsecret" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


async def test_dropped_connection_is_in_doubt_although_the_transport_calls_it_a_connect_timeout(
    raw_server: StartServer,
) -> None:
    url = await raw_server(closes_at_once)
    async with client(timeout_seconds=DEADLINE) as http:
        with pytest.raises(httpx.ConnectTimeout):  # the trap of httpx-aiohttp that `call` exists for
            await http.post(url)
        with pytest.raises(InDoubt):
            await call(http, "POST", url, makes_visible=True)


async def test_refused_connection_was_certainly_not_sent() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        async with client(timeout_seconds=DEADLINE) as http:
            with pytest.raises(TryLater) as raised:
                await call(http, "POST", url, makes_visible=True)
    assert raised.value.code == "not_sent"


async def test_unknown_host_was_certainly_not_sent() -> None:
    async with client(timeout_seconds=2) as http:
        with pytest.raises(TryLater):
            await call(http, "POST", "http://no-such-host.invalid/post", makes_visible=True)


async def test_waiting_for_a_free_connection_until_the_deadline_was_certainly_not_sent(
    raw_server: StartServer,
) -> None:
    url = await raw_server(never_answers)
    async with client(timeout_seconds=5, max_connections=1) as http:
        first = asyncio.create_task(call(http, "POST", url, makes_visible=True))
        await asyncio.sleep(0.05)
        with pytest.raises(TryLater):
            await call(http, "POST", url, makes_visible=True, timeout_seconds=0.2)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)


async def test_connection_closed_while_idle_does_not_break_the_next_call(raw_server: StartServer) -> None:
    async def answers_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")  # says nothing of closing, then closes
        await writer.drain()

    url = await raw_server(answers_once)
    async with client(timeout_seconds=2) as http:
        for _ in range(3):
            assert (await call(http, "POST", url, makes_visible=True)).status_code == 200
            await asyncio.sleep(0.02)


async def test_unusable_address_is_the_operators_to_mend() -> None:
    async with client() as http:
        for address in ("mybusiness.googleapis.com/v4", "ftp://somewhere.example/"):
            with pytest.raises(OperatorNeeded):
                await call(http, "POST", address, makes_visible=True)


async def test_redirects_are_answers_and_are_not_followed(raw_server: StartServer) -> None:
    url = await raw_server(redirects)
    async with client(timeout_seconds=2) as http:
        assert (await call(http, "POST", url, makes_visible=True)).status_code == 307


async def test_cookies_of_one_answer_do_not_reach_the_next_request(raw_server: StartServer) -> None:
    heads: list[bytes] = []

    async def sets_a_cookie(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 OK\r\nset-cookie: tenant=1; Path=/\r\ncontent-length: 2\r\n\r\n{}")
            await writer.drain()

    url = (await raw_server(sets_a_cookie)).replace("127.0.0.1", "localhost")
    async with client(timeout_seconds=2) as http:
        for _ in range(2):
            await call(http, "GET", url, makes_visible=False)
    assert len(heads) == 2
    assert not any(b"cookie" in head.lower() for head in heads)


async def test_proxies_of_the_environment_are_not_used(
    raw_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    url = await raw_server(redirects)
    async with client(timeout_seconds=2) as http:
        assert (await call(http, "GET", url, makes_visible=False)).status_code == 307


async def test_many_calls_run_at_the_same_time(raw_server: StartServer) -> None:
    waiting = 0
    all_here = asyncio.Event()

    async def answers_when_all_are_here(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal waiting
        await reader.readuntil(b"\r\n\r\n")
        waiting += 1
        if waiting == 150:  # more than httpx and aiohttp allow by default
            all_here.set()
        await all_here.wait()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()

    url = await raw_server(answers_when_all_are_here)
    async with client(timeout_seconds=10) as http:
        answers = await asyncio.gather(*(call(http, "POST", url, makes_visible=True) for _ in range(150)))
    assert {answer.status_code for answer in answers} == {200}


async def test_cancelling_a_call_is_not_swallowed(raw_server: StartServer) -> None:
    url = await raw_server(never_answers)
    async with client(timeout_seconds=5) as http:
        task = asyncio.create_task(call(http, "POST", url, makes_visible=True))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_request_urls_are_not_logged(raw_server: StartServer, caplog: pytest.LogCaptureFixture) -> None:
    url = await raw_server(redirects)
    with caplog.at_level(logging.DEBUG):
        async with client(timeout_seconds=2) as http:
            await call(http, "GET", f"{url}/token?access_token=EAAsecret", makes_visible=False)
    assert "EAAsecret" not in caplog.text
    assert logging.getLogger("httpx").level == logging.WARNING


TRANSPORT_FAILURES: list[tuple[Exception, type[PlatformError]]] = [
    (httpx.ConnectError("x"), TryLater),
    (httpx.ConnectTimeout("x"), TryLater),
    (httpx.PoolTimeout("x"), TryLater),
    (httpx.ReadTimeout("x"), InDoubt),
    (httpx.WriteTimeout("x"), InDoubt),
    (httpx.ReadError("x"), InDoubt),
    (httpx.WriteError("x"), InDoubt),
    (httpx.CloseError("x"), InDoubt),
    (httpx.RemoteProtocolError("x"), InDoubt),
    (httpx.LocalProtocolError("x"), InDoubt),
    (httpx.DecodingError("x"), InDoubt),
    (ConnectionResetError("x"), InDoubt),
    (TimeoutError("x"), InDoubt),
    (httpx.UnsupportedProtocol("x"), OperatorNeeded),
]


@pytest.mark.parametrize(("failure", "expected"), TRANSPORT_FAILURES, ids=lambda value: getattr(value, "__name__", ""))
async def test_any_other_transport_is_judged_by_its_exceptions(
    failure: Exception, expected: type[PlatformError]
) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise failure

    async with httpx.AsyncClient(transport=httpx.MockTransport(fail)) as http:
        with pytest.raises(PlatformError) as raised:
            await call(http, "POST", "https://outside.example/", makes_visible=True)
    assert type(raised.value) is expected


class TestRetryAfter:
    """The Retry-After header in its two forms."""

    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({"retry-after": "120"}, 120.0),
            ({"retry-after": "0.5"}, 0.5),
            ({"retry-after": "-3"}, 0.0),
            (
                {"retry-after": "Sun, 22 Nov 2026 12:02:00 GMT", "date": "Sun, 22 Nov 2026 12:00:30 GMT"},
                90.0,
            ),
            ({"retry-after": "Sun, 22 Nov 2026 11:00:00 GMT", "date": "Sun, 22 Nov 2026 12:00:00 GMT"}, 0.0),
            ({"retry-after": "Sun, 22 Nov 2026 12:02:00 GMT"}, None),
            ({"retry-after": "soon"}, None),
            ({"retry-after": "inf"}, None),
            ({"retry-after": "nan"}, None),
            ({}, None),
        ],
    )
    def test_is_read_in_seconds(self, headers: dict[str, str], seconds: float | None) -> None:
        assert retry_after(httpx.Headers(headers)) == seconds


class TestRedact:
    """Secrets go, ids stay."""

    @pytest.mark.parametrize(
        ("text", "secret"),
        [
            ("GET https://x.example/v26.0/me?access_token=EAAGm0PX4ZCps&fields=id", "EAAGm0PX4ZCps"),
            ("client_secret=abc123 was wrong", "abc123"),
            ('{"refresh_token": "1//0gabc", "x": 1}', "1//0gabc"),
            ("{'appsecret_proof': 'deadbeef'}", "deadbeef"),
            ("Authorization: Bearer abcdef.ghi", "abcdef.ghi"),
            ("Authorization: Client-ID k3y-k3y", "k3y-k3y"),
            ("redirect?code=4/0AbUR2VM&state=x", "4/0AbUR2VM"),
            ("fb_exchange_token=EAAxyz", "EAAxyz"),
            ("Malformed access token EAAGm0PX4ZCpsBAO", "EAAGm0PX4ZCpsBAO"),
            ("Malformed access token IGAA123456789", "IGAA123456789"),
            ("token ya29.a0AfH6SMB-x_y is bad", "ya29.a0AfH6SMB-x_y"),
            ("Incorrect API key provided: sk-proj-12345678.", "sk-proj-12345678"),
            ("session 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b is gone", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"),
        ],
    )
    def test_hides_what_is_named_or_looks_like_a_secret(self, text: str, secret: str) -> None:
        hidden = redact(text)
        assert secret not in hidden
        assert outside.HIDDEN in hidden

    def test_hides_given_secrets_word_for_word(self) -> None:
        assert redact("the key is hunter2!", (SecretStr("hunter2"), None, SecretStr(""))) == "the key is ***!"

    @pytest.mark.parametrize(
        "text",
        [
            "(#100) Invalid parameter (code 100/33)",
            "104958162837_122098765432109876 is not there",
            "accounts/112233445566778899001/locations/99887766554433221100/localPosts/3000000000000000001",
            "post 0b9f3a52-6e0c-4f8e-9a55-1f7d5a3b2c1d",
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie",
            "The API is not enabled: basic access was not granted",
            "an error code: 190 with code=190",
            "trace AbCdEf123_-xyz",
        ],
    )
    def test_leaves_ids_and_words(self, text: str) -> None:
        assert redact(text) == text

    def test_is_quick_on_long_texts(self) -> None:
        began = time.monotonic()
        redact("a-b_1" * 20_000 + " access_token=" + "x" * 50_000)
        assert time.monotonic() - began < SOON  # a pattern that backtracks would take hours


def test_json_object_takes_objects_only() -> None:
    def parsed(content: bytes) -> Any:
        return outside.json_object(outside.Answer(200, httpx.Headers(), content, "outside.example"))

    assert parsed(b'{"id": "1"}') == {"id": "1"}
    assert [parsed(body) for body in (b"[]", b'"x"', b"", b"<html>", b'{"id": "1', b"null")] == [None] * 6
