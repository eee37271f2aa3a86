"""Pexels and Unsplash over real HTTP, in one shape; errors by status, never by body."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from platforms.errors import OperatorNeeded, PlatformError, Refused, TryLater
from platforms.stock_photos import Pexels, Unsplash

KEY = SecretStr("k3y-of-0urs")


@pytest.fixture
def pexels(sandbox: Any, http: httpx.AsyncClient) -> Pexels:
    """Our client on the sandbox."""
    return Pexels(http, base_url=f"{sandbox.url}/pexels", api_key=KEY)


@pytest.fixture
def unsplash(sandbox: Any, http: httpx.AsyncClient) -> Unsplash:
    """Our client on the sandbox."""
    return Unsplash(http, base_url=f"{sandbox.url}/unsplash", access_key=KEY)


def told(service: str, status: int, body: Any = None, headers: dict[str, str] | None = None) -> Pexels | Unsplash:
    """A client whose every call gets this answer."""
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    http = httpx.AsyncClient(
        transport=httpx.MockTransport(lambda request: httpx.Response(status, headers=headers, **content))
    )
    if service == "pexels":
        return Pexels(http, base_url="https://api.pexels.com", api_key=KEY)
    return Unsplash(http, base_url="https://api.unsplash.com", access_key=KEY)


async def test_both_give_the_same_shape(pexels: Pexels, unsplash: Unsplash) -> None:
    for source, client in (("pexels", pexels), ("unsplash", unsplash)):
        for orientation in ("landscape", "portrait", "square"):
            photos = await client.search("boiler repair", orientation, 5)
            assert len({photo.source_id for photo in photos}) == 5
            for photo in photos:
                assert photo.source == source
                assert photo.full_url.startswith("http")
                assert photo.width > 0
                assert photo.height > 0
                assert photo.author
                assert photo.author_url.startswith("https://")
                assert photo.page_url.startswith("https://")
                assert (photo.download_ping_url is not None) is (source == "unsplash")


async def test_unsplash_is_credited_and_gives_a_jpeg(unsplash: Unsplash) -> None:
    (photo,) = await unsplash.search("roof", per_page=1)
    assert "utm_source=postagentpro&utm_medium=referral" in photo.author_url
    assert "utm_source=postagentpro&utm_medium=referral" in photo.page_url
    assert "fm=jpg" in photo.full_url
    assert "ixid=" in photo.full_url


async def test_download_is_pinged_with_its_ixid(sandbox: Any, unsplash: Unsplash) -> None:
    (photo,) = await unsplash.search("roof", per_page=1)
    assert photo.download_ping_url is not None
    assert "ixid=" in photo.download_ping_url
    await unsplash.ping_download(photo.download_ping_url)
    assert sandbox.calls("unsplash", "download") == 1


@pytest.mark.parametrize(
    "url", ["https://evil.example/photos/1/download", "http://api.unsplash.com/x", "https://api.unsplash.com:444/x"]
)
async def test_the_key_is_not_sent_to_another_host(url: str) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"the key went to {request.url}")

    http = httpx.AsyncClient(transport=httpx.MockTransport(fail))
    with pytest.raises(Refused):
        await Unsplash(http, base_url="https://api.unsplash.com", access_key=KEY).ping_download(url)


async def test_requests_are_what_the_services_ask_for() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"photos": [], "results": []})

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    assert await Pexels(http, base_url="https://api.pexels.com/", api_key=KEY).search("a b", "square", 500) == []
    assert await Unsplash(http, base_url="https://api.unsplash.com", access_key=KEY).search("a b", "square", 500) == []
    first, second = seen
    assert first.url.path == "/v1/search"
    assert dict(first.url.params) == {"query": "a b", "orientation": "square", "per_page": "80"}
    assert first.headers["authorization"] == KEY.get_secret_value()
    assert second.url.path == "/search/photos"
    assert dict(second.url.params) == {
        "query": "a b",
        "orientation": "squarish",
        "per_page": "30",
        "content_filter": "high",
    }
    assert second.headers["authorization"] == f"Client-ID {KEY.get_secret_value()}"
    assert second.headers["accept-version"] == "v1"


ROWS: list[tuple[str, int, type[PlatformError], float | None]] = [
    ("pexels", 400, Refused, None),
    ("pexels", 401, OperatorNeeded, None),
    ("pexels", 403, OperatorNeeded, None),
    ("pexels", 404, Refused, None),
    ("pexels", 429, TryLater, 3600.0),
    ("pexels", 500, TryLater, 60.0),
    ("pexels", 503, TryLater, 60.0),
    ("pexels", 418, TryLater, 60.0),
    ("unsplash", 400, Refused, None),
    ("unsplash", 401, OperatorNeeded, None),
    ("unsplash", 403, TryLater, 3600.0),
    ("unsplash", 404, Refused, None),
    ("unsplash", 410, Refused, None),
    ("unsplash", 429, TryLater, 3600.0),
    ("unsplash", 500, TryLater, 60.0),
]


@pytest.mark.parametrize(("service", "status", "expected", "wait"), ROWS)
async def test_row(service: str, status: int, expected: Any, wait: float | None) -> None:
    with pytest.raises(PlatformError) as raised:
        await told(service, status, {"errors": ["words"]}).search("roof")
    assert (type(raised.value), raised.value.retry_after) == (expected, wait)


async def test_retry_after_is_obeyed() -> None:
    with pytest.raises(TryLater) as raised:
        await told("pexels", 429, {}, {"retry-after": "30"}).search("roof")
    assert raised.value.retry_after == 30


@pytest.mark.parametrize("service", ["pexels", "unsplash"])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"photos": 1, "results": "x"}'])
async def test_answers_that_cannot_be_read_are_tried_later(service: str, body: bytes) -> None:
    with pytest.raises(TryLater):
        await told(service, 200, body).search("roof")


@pytest.mark.parametrize("service", ["pexels", "unsplash"])
@pytest.mark.parametrize(
    "entry",
    [
        3, {}, {"id": 1}, {"id": 1, "src": "x"}, {"id": 1, "src": {"large": 3}}, {"id": 1, "urls": []},
        {"id": "1", "urls": {"raw": "https://i.example/1"}, "width": "x", "links": 3, "user": {"links": "x"}},
        {"id": 1, "src": {"large": "https://i.example/1"}, "width": None, "photographer": 3},
        {"id": "1", "urls": {"raw": "https://i.example/1"}, "links": {"html": "http://[x", "download_location": 3}},
    ],
)  # fmt: skip
async def test_odd_photos_are_left_out_or_bare(service: str, entry: Any) -> None:
    body = json.dumps({"photos": [entry], "results": [entry]}).encode()
    for photo in await told(service, 200, body).search("roof"):
        assert photo.full_url.startswith("https://i.example/1")
        assert photo.width == 0
        assert photo.download_ping_url is None


async def test_the_key_is_not_in_the_words() -> None:
    with pytest.raises(OperatorNeeded) as raised:
        await told("pexels", 401, {"error": f"bad key {KEY.get_secret_value()}"}).search("roof")
    assert KEY.get_secret_value() not in str(raised.value)


@pytest.mark.parametrize(
    ("kind", "expected"), [("429", TryLater), ("5xx", TryLater), ("token_expired", OperatorNeeded)]
)
async def test_troubles_of_the_sandbox(
    sandbox: Any, pexels: Pexels, unsplash: Unsplash, kind: str, expected: Any
) -> None:
    sandbox.fault(service="*", kind=kind, times=2)
    for client in (pexels, unsplash):
        with pytest.raises(expected):
            await client.search("roof")
