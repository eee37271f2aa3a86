"""No token, secret or key reaches a message, a traceback or a log record, whatever fails and whatever is echoed."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from pydantic import SecretStr

from platforms import http as outside
from platforms.base import Account, Content
from platforms.errors import PlatformError
from platforms.graph import appsecret_proof
from platforms.openai_writer import Writer
from platforms.registry import PlatformConfig, build_platforms
from platforms.stock_photos import Pexels, Unsplash

# Short and plain on purpose: they must be hidden because they are known, not because they look like tokens.
ACCESS, REFRESH, APP_SECRET, GOOGLE_SECRET, KEY = "acc-tok", "ref-tok", "app-sec", "goo-sec", "api-key"
SECRETS = [ACCESS, REFRESH, APP_SECRET, GOOGLE_SECRET, KEY, appsecret_proof(SecretStr(APP_SECRET), SecretStr(ACCESS))]
CONTENT = Content(text="x", media_urls=("https://pictures.example/1.jpg",))
HANDLES = {"container": "1", "unpublished_post": "1_2"}
NOW = datetime(2026, 11, 22, tzinfo=UTC)
ACCOUNTS = {
    "google": Account(account_id="accounts/1/locations/2", access_token=SecretStr(ACCESS)),
    "facebook": Account(account_id="104958162837", access_token=SecretStr(ACCESS)),
    "instagram": Account(account_id="17841400000000000", access_token=SecretStr(ACCESS), login="instagram"),
    "instagram through facebook": Account(
        account_id="17841400000000000", access_token=SecretStr(ACCESS), login="facebook"
    ),
}


async def _remember(kind: str, handle: str) -> None: ...


CALLS: dict[str, Callable[[Any, Account], Coroutine[Any, Any, Any]]] = {
    "prepare": lambda p, a: p.prepare(a, CONTENT, {}, _remember),
    "publish": lambda p, a: p.publish(a, CONTENT, HANDLES),
    "look": lambda p, a: p.look(a, CONTENT, HANDLES, NOW),
    "follow": lambda p, a: p.follow(a, "1_2"),
    "discard": lambda p, a: p.discard(a, HANDLES),
    "refresh": lambda p, a: p.refresh(a, SecretStr(REFRESH), NOW),
    "check": lambda p, a: p.check(a),
    "metrics": lambda p, a: p.metrics(a, ["1_2"]),
    "location_metrics": lambda p, a: p.location_metrics(a, date(2026, 11, 1), date(2026, 11, 2)),
    "quota": lambda p, a: p.quota(a),
}


def config(url: str) -> PlatformConfig:
    return PlatformConfig(
        google_posts_url=url,
        google_token_url=url,
        google_performance_url=url,
        google_client_id="client",
        google_client_secret=SecretStr(GOOGLE_SECRET),
        facebook_graph_url=url,
        instagram_graph_url=url,
        graph_version="v26.0",
        meta_app_id="1",
        meta_app_secret=SecretStr(APP_SECRET),
        timeout_seconds=0.3,
    )


async def told_by(work: Awaitable[Any]) -> str:
    """Everything that a failure could show."""
    try:
        result = await work
    except PlatformError as error:
        shown = "".join(traceback.format_exception(error))
        return f"{shown} {error!r} {vars(error)} {error.__cause__!r} {error.__context__!r}"
    return repr(result)


def assert_clean(shown: str, caplog: pytest.LogCaptureFixture) -> None:
    logged = "".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    for secret in SECRETS:
        assert secret not in shown
        assert secret not in logged


def echo_of(request: httpx.Request) -> str:
    """All that a server was told, as it could put it into its words."""
    form = dict(parse_qsl(request.content.decode()))
    parts = [str(request.url), *request.url.params.values(), *request.headers.values(), *form.values()]
    return " ".join(f"<{part}>" for part in [*parts, request.content.decode()])


Body = Callable[[str], Any]


def graph_error(code: int) -> Body:
    return lambda echo: {"error": {"message": echo, "error_user_msg": echo, "code": code, "fbtrace_id": "A"}}


BODIES: list[tuple[int, Body]] = [
    *[(400, graph_error(code)) for code in (1, 4, 10, 100, 104, 190, 324, 368, 506, 424242)],
    *[
        (status, lambda echo: {"error": {"message": echo, "status": "X", "details": []}})
        for status in (400, 401, 403, 404, 429)
    ],
    (400, lambda echo: {"error": {"details": [{"fieldViolations": [{"field": echo, "description": echo}]}]}}),
    (400, lambda echo: {"error": "invalid_grant", "error_description": echo}),
    (401, lambda echo: {"error": "invalid_client", "error_description": echo}),
    (400, lambda echo: echo),
    (500, lambda echo: echo),
    (200, lambda echo: echo),
    (302, lambda echo: echo),
    (200, lambda echo: {"id": "1", "status_code": "ERROR", "status": echo}),
    (200, lambda echo: {"id": "1", "status_code": echo}),
]


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("method", CALLS)
async def test_echoed_secrets_are_hidden(account: str, method: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    sent: set[str] = set()
    for status, body in BODIES:

        async def answer(request: httpx.Request, status: int = status, body: Body = body) -> httpx.Response:
            echo = echo_of(request)
            sent.update(secret for secret in SECRETS if secret in echo)
            return httpx.Response(status, json=body(echo), headers={"location": f"/?access_token={ACCESS}"})

        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            platform = build_platforms(config("https://outside.example"), http)[account.split()[0]]
            assert_clean(await told_by(CALLS[method](platform, ACCOUNTS[account])), caplog)
    if method == "publish":
        assert ACCESS in sent
    if (account, method) in (("google", "refresh"), ("facebook", "refresh")):
        assert REFRESH in sent


async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(30)


async def drops(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def speaks_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/9.9 nonsense\r\n\r\n")
    await writer.drain()


async def answers_half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nxx")
    await writer.drain()


@pytest.mark.parametrize(
    "handler",
    [hangs, drops, speaks_nonsense, answers_half, None],
    ids=lambda handler: getattr(handler, "__name__", "refused"),
)
@pytest.mark.parametrize("account", ACCOUNTS)
async def test_lost_connections_tell_no_url(
    raw_server: Any, handler: Any, account: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = await raw_server(handler) if handler else "http://127.0.0.1:9"  # the discard port: refused
    async with outside.client(timeout_seconds=0.3) as http:
        platform = build_platforms(config(url), http)[account.split()[0]]
        shown = await asyncio.gather(*(told_by(call(platform, ACCOUNTS[account])) for call in CALLS.values()))
    assert_clean("".join(shown), caplog)


async def test_keys_of_photos_and_writer_are_hidden(raw_server: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def echoes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"error": {"message": "bad key %s", "code": "x"}}' % KEY.encode()
        writer.write(b"HTTP/1.1 401 X\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body) + body)
        await writer.drain()

    url = await raw_server(echoes)
    async with outside.client(timeout_seconds=2) as http:
        pexels = Pexels(http, base_url=url, api_key=SecretStr(KEY))
        unsplash = Unsplash(http, base_url=url, access_key=SecretStr(KEY))
        shown = [await told_by(pexels.search("roof")), await told_by(unsplash.search("roof"))]
    async with Writer(api_key=SecretStr(KEY), base_url=url, timeout_seconds=2) as writer:
        shown.append(await told_by(writer.write_week("x", {"slots": []}, "m", "k")))
    for text in shown:
        assert "OperatorNeeded" in text
        assert "bad key ***" in text
        assert KEY not in text
    assert KEY not in caplog.text


def test_configuration_and_accounts_hide_their_secrets() -> None:
    shown = f"{config('https://outside.example')!r} {ACCOUNTS!r}"
    assert not [secret for secret in SECRETS if secret in shown]
