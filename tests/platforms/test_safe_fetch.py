"""Fetching what somebody else pointed at, from real servers: redirects inwards, rebinding names, floods and silence."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from platforms import safe_fetch
from platforms.address_rules import Origin, Target
from platforms.errors import Refused, TryLater
from platforms.safe_fetch import SafeFetcher
from tests.tasks.content.fakes import picture_of

PICTURE = picture_of("fetched")


class Names(AbstractResolver):
    """Says which addresses a name has, a new answer each time it is asked."""

    def __init__(self, answers: Mapping[str, list[list[str]]]) -> None:
        self._answers = {name: list(turns) for name, turns in answers.items()}
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The next answer; the last one stays."""
        self.asked.append(host)
        turns = self._answers[host]
        found = turns.pop(0) if len(turns) > 1 else turns[0]
        return [
            ResolveResult(hostname=host, host=ip, port=port, family=socket.AF_INET, proto=0, flags=0) for ip in found
        ]

    async def close(self) -> None:
        """Nothing is open."""


class Site:
    """A server on this machine and what was asked of it."""

    def __init__(self, port: int, asked: list[str]) -> None:
        self.port = port
        self.asked = asked

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def trusted(self) -> set[Origin]:
        """As if it stood in the settings."""
        return {Origin("http", "127.0.0.1", self.port)}


async def _flood(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"content-type": "image/jpeg"})
    await answer.prepare(request)
    for _ in range(2_000):
        await answer.write(b"x" * 65_536)
    return answer


async def _trickle(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"content-type": "image/jpeg"})
    await answer.prepare(request)
    for _ in range(1_000):
        await answer.write(b"x")
        await asyncio.sleep(0.05)
    return answer


def _says(status: int = 200, body: bytes = PICTURE, **headers: str) -> Callable[..., Any]:
    sent = {"content-type": "image/jpeg"} | {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers=sent)

    return answer


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """A server with a page for every trouble."""
    asked: list[str] = []

    @web.middleware
    async def note(request: web.Request, handler: Any) -> Any:
        asked.append(request.path)
        return await handler(request)

    async def hop(request: web.Request) -> web.Response:
        left = int(request.match_info["left"])
        to = f"/hop/{left - 1}" if left else "/picture"
        return web.Response(status=302, headers={"location": to})

    async def away(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"location": request.query["to"]})

    app = web.Application(middlewares=[note])
    app.router.add_get("/picture", _says())
    app.router.add_get("/unnamed", _says(content_type="application/octet-stream"))
    app.router.add_get("/page", _says(body=b"<html>", content_type="text/html; charset=utf-8"))
    app.router.add_get("/packed", _says(body=gzip.compress(bytes(10**6)), content_encoding="gzip"))
    app.router.add_get("/hop/{left}", hop)
    app.router.add_get("/away", away)
    app.router.add_get("/flood", _flood)
    app.router.add_get("/trickle", _trickle)
    app.router.add_get("/large", _says(body=b"x" * 200_000))
    for status in (403, 404, 410, 429, 500, 503):
        app.router.add_get(f"/{status}", _says(status, retry_after="7"))
    runner = web.AppRunner(app)
    await runner.setup()
    server = web.TCPSite(runner, "127.0.0.1", 0)
    await server.start()
    yield Site(runner.addresses[0][1], asked)
    await runner.cleanup()


def _fetcher(site: Site | None = None, **options: Any) -> SafeFetcher:
    return SafeFetcher(site.trusted if site else (), **{"max_bytes": 100_000, "timeout_seconds": 5.0} | options)


async def _refusal(fetcher: SafeFetcher, url: str) -> Refused:
    async with fetcher:
        with pytest.raises(Refused) as raised:
            await fetcher.fetch(url)
    return raised.value


@pytest.mark.parametrize(("path", "kind"), [("/picture", "image/jpeg"), ("/unnamed", "application/octet-stream")])
async def test_a_picture_of_a_trusted_origin_is_fetched(site: Site, path: str, kind: str) -> None:
    async with _fetcher(site) as fetcher:
        fetched = await fetcher.fetch(site.url + path)
    assert (fetched.content, fetched.content_type) == (PICTURE, kind)


async def test_three_redirects_are_followed_and_no_more(site: Site) -> None:
    async with _fetcher(site) as fetcher:
        assert (await fetcher.fetch(f"{site.url}/hop/2")).url == f"{site.url}/picture"
    assert (await _refusal(_fetcher(site), f"{site.url}/hop/3")).code == "redirects"


@pytest.mark.parametrize(
    "to",
    [
        "http://169.254.169.254/latest/meta-data/iam/", "http://localhost/admin", "http://10.1.2.3/", "http://[::1]/",
        "http://[::ffff:127.0.0.1]/", "file:///etc/passwd", "//192.168.0.1/x", "http://0.0.0.0/", "http://2130706433/",
        "http://0x7f000001/", "http://127.1/", "http://0177.0.0.1/", "https://u:p@example.com/", "http://[64:ff9b::1]/",
    ],
)  # fmt: skip
async def test_no_redirect_leads_inwards(site: Site, to: str) -> None:
    assert (await _refusal(_fetcher(site), f"{site.url}/away?to={to}")).code == "closed_address"
    assert site.asked == ["/away"]


async def test_a_redirect_to_another_port_of_this_machine_is_not_followed(site: Site) -> None:
    refusal = await _refusal(_fetcher(site), f"{site.url}/away?to=http://127.0.0.1:{site.port + 1}/picture")
    assert refusal.code == "closed_address"


async def test_this_machine_is_closed_unless_the_settings_name_it(site: Site) -> None:
    for url in (f"{site.url}/picture", f"http://localhost:{site.port}/picture", "http://localhost/picture"):
        assert (await _refusal(_fetcher(), url)).code == "closed_address"
    assert site.asked == []


async def test_a_name_that_stands_for_a_closed_address_is_closed(site: Site) -> None:
    names = Names({"evil.example": [["127.0.0.1"]], "mixed.example": [["1.1.1.1", "10.0.0.1"]]})
    for host in ("evil.example", "mixed.example"):
        refusal = await _refusal(_fetcher(resolver=names), f"http://{host}/picture")
        assert refusal.code == "closed_address"
        assert host not in str(refusal)
    assert names.asked == ["evil.example", "mixed.example"]


async def test_the_checked_address_is_the_one_connected_to(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rebinding: whoever asks for the name a second time is told another address. Nobody does."""
    names = Names({"rebind.example": [["127.0.0.1"], ["127.0.0.2"]]})
    url = f"http://rebind.example:{site.port}/picture"
    monkeypatch.setattr(safe_fetch, "is_public", lambda address: address == "127.0.0.1")
    monkeypatch.setattr(
        safe_fetch, "target_of", lambda url, trusted: Target(url, Origin("http", "rebind.example", site.port), False)
    )
    async with _fetcher(resolver=names) as fetcher:
        assert (await fetcher.fetch(url)).content == PICTURE
    assert names.asked == ["rebind.example"]
    assert (await _refusal(_fetcher(resolver=names), url)).code == "closed_address"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/page", "wrong_type"), ("/packed", "wrong_type"), ("/large", "too_large"), ("/flood", "too_large"),
        ("/403", "http_403"), ("/404", "http_404"), ("/410", "http_410"),
    ],
)  # fmt: skip
async def test_what_will_never_do_is_refused_with_a_reason(site: Site, path: str, code: str) -> None:
    assert (await _refusal(_fetcher(site), site.url + path)).code == code


@pytest.mark.parametrize("path", ["/429", "/500", "/503"])
async def test_what_may_work_later_is_tried_later(site: Site, path: str) -> None:
    async with _fetcher(site) as fetcher:
        with pytest.raises(TryLater) as raised:
            await fetcher.fetch(site.url + path)
    assert raised.value.retry_after == 7


async def test_a_server_that_trickles_does_not_hold_us(site: Site) -> None:
    async with _fetcher(site, timeout_seconds=0.4) as fetcher:
        with pytest.raises(TryLater, match="did not answer in time"):
            await fetcher.fetch(f"{site.url}/trickle")


async def test_nobody_there_is_tried_later(site: Site) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with SafeFetcher({Origin("http", "127.0.0.1", port)}, max_bytes=1, timeout_seconds=5) as fetcher:
        with pytest.raises(TryLater):
            await fetcher.fetch(f"http://127.0.0.1:{port}/x")
