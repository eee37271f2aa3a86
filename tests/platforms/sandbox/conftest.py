"""A sandbox in this process with a clock that stands still, and one behind a real socket."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
import uvicorn

from platforms.sandbox.app import Sandbox, create_app

NOON = 1_795_348_800.0  # 2026-11-22T12:00:00Z, a Sunday


class Bench:
    """The sandbox, a client for it, its clock, and short ways to do what nearly every test does."""

    def __init__(self, app: Sandbox, client: httpx.AsyncClient, clock: list[float]) -> None:
        self.app = app
        self.client = client
        self._clock = clock

    @property
    def now(self) -> float:
        return self.app.world.now()

    def wait(self, seconds: float) -> None:
        """Let time pass in the sandbox."""
        self._clock[0] += seconds

    async def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        answer = await self.client.request(method, f"/_sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def account(self, platform: str, name: str = "Bob's Plumbing", **more: Any) -> dict[str, Any]:
        made: dict[str, Any] = await self.control("accounts", {"platform": platform, "name": name, **more})
        return made

    async def truth(self, account_id: str) -> dict[str, Any]:
        told: dict[str, Any] = (await self.control("truth", method="GET"))["accounts"][account_id]
        return told

    async def facebook(self, method: str, path: str, account: dict[str, Any], **fields: Any) -> httpx.Response:
        return await self._graph("facebook", method, path, account, fields)

    async def instagram(self, method: str, path: str, account: dict[str, Any], **fields: Any) -> httpx.Response:
        host = "facebook" if account["login"] == "facebook" else "instagram"
        return await self._graph(host, method, path, account, fields)

    async def _graph(
        self, host: str, method: str, path: str, account: dict[str, Any], fields: dict[str, Any]
    ) -> httpx.Response:
        url = f"/{host}/graph/v26.0/{path}"
        sent = {"access_token": account["access_token"], **fields}
        if method == "POST":
            return await self.client.post(url, data=sent)
        return await self.client.request(method, url, params=sent)

    async def google(self, method: str, path: str, account: dict[str, Any], **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {account['access_token']}"}
        return await self.client.request(method, f"/google/{path}", headers=headers, **more)

    async def local_post(self, account: dict[str, Any], **body: Any) -> httpx.Response:
        url = f"posts/v4/{account['account_id']}/localPosts"
        return await self.google("POST", url, account, json={"topicType": "STANDARD", **body})

    async def container(self, account: dict[str, Any], **fields: Any) -> httpx.Response:
        picture = "https://cdn.example/tap.jpg"
        fields = {"image_url": picture, "caption": "Tap", **fields}
        return await self.instagram("POST", f"{account['account_id']}/media", account, **fields)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    clock = [NOON]
    app = create_app(clock=lambda: clock[0])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox.test") as client:
        yield Bench(app, client, clock)


@pytest.fixture
def serve() -> Iterator[Callable[[Sandbox], str]]:
    """Serve an app by uvicorn in a thread on a free port; gives its address."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: Sandbox) -> str:
        config = uvicorn.Config(app, port=0, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        ready = threading.Event()
        starting = server.startup

        async def startup(sockets: Any = None) -> None:
            await starting(sockets)
            ready.set()

        server.startup = startup  # type: ignore[method-assign]
        thread = threading.Thread(target=server.run)
        thread.start()
        running.append((server, thread))
        assert ready.wait(10)
        return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(10)
