"""The platforms fetch what lies on this machine, and say what they would say of it."""

from __future__ import annotations

import io
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from PIL import Image
from pydantic import SecretStr

from platforms.base import Account, Content
from platforms.errors import PlatformError, Refused
from platforms.sandbox.fetching import is_here, look_at
from tests.platforms.conftest import Remembered
from tests.sandbox_server import Server
from tests.tasks.content.fakes import picture_of


def _drawn(kind: str, size: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    with Image.open(io.BytesIO(picture_of("x", size))) as image:
        image.save(out, kind)
    return out.getvalue()


FILES: dict[str, bytes] = {
    "good.jpg": picture_of("x", (1080, 1080)),
    "tall.jpg": picture_of("x", (600, 1200)),
    "tiny.jpg": picture_of("x", (200, 200)),
    "png.jpg": _drawn("PNG", (800, 800)),
    "webp.jpg": _drawn("WEBP", (800, 800)),
    "page.jpg": b"<html>log in</html>",
    "cut.jpg": picture_of("x", (1080, 1080))[:5000],
    "huge.jpg": picture_of("x", (1080, 1080)) + bytes(11_000_000),
}


@pytest.fixture
async def media() -> AsyncIterator[str]:
    """A server on this machine with those files."""

    async def serve(request: web.Request) -> web.Response:
        content = FILES.get(request.match_info["name"])
        return web.Response(status=404) if content is None else web.Response(body=content, content_type="image/jpeg")

    app = web.Application()
    app.router.add_get("/m/{name}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/m"
    await runner.cleanup()


TAKES = {
    "instagram": {"good.jpg"},
    "facebook": {"good.jpg", "tall.jpg", "tiny.jpg", "png.jpg"},
    "google": {"good.jpg", "tall.jpg", "png.jpg"},
}


@pytest.mark.parametrize("platform", list(TAKES))
@pytest.mark.parametrize("name", [*FILES, "gone.jpg"])
async def test_each_platform_takes_what_the_real_one_takes(
    sandbox: Server, connect: Any, media: str, platform: str, name: str
) -> None:
    made = sandbox.control("POST", "accounts", {"platform": platform, "name": "Bob"})
    token = SecretStr(made["access_token"])
    client, account = connect(platform), Account(account_id=made["account_id"], access_token=token)
    content = Content(text="Hello.", media_urls=(f"{media}/{name}",))
    failure: PlatformError | None = None
    try:
        handles = await client.prepare(account, content, {}, Remembered())
        await client.publish(account, content, handles)
    except PlatformError as error:
        failure = error
    if name in TAKES[platform]:
        assert failure is None
    else:
        assert failure is not None
        assert isinstance(failure, Refused) or name == "gone.jpg"


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:8501/m/x.jpg", True),
        ("http://127.0.0.1/m/x.jpg", True),
        ("http://[::1]:9/x.jpg", True),
        ("https://cdn.example/x.jpg", False),
        ("http://10.0.0.1/x.jpg", False),
        ("http://127.0.0.1:8600/_sandbox/pictures/1080x1080/pipes-1.jpg", False),
        ("ftp://localhost/x.jpg", False),
        ("nonsense", False),
    ],
)
def test_only_what_is_on_this_machine_is_fetched(url: str, here: bool) -> None:
    assert is_here(url) is here


async def test_nobody_there_is_a_problem_and_no_crash() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/x.jpg"
    assert (await look_at([url]))[url].problem == "ConnectError"
