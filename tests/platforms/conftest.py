"""The sandbox behind a real socket, raw servers that misbehave below HTTP, and transports that answer as told."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import uvicorn
from pydantic import SecretStr

from platforms import http as outside
from platforms.base import Account, Platform
from platforms.registry import PlatformConfig, build_platforms
from platforms.sandbox.app import Sandbox, create_app

APP_ID = "1834500000000001"
APP_SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
PICTURE = "https://pictures.example/boiler.jpg"
LATER = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass
class Server:
    """The running sandbox. Its app is in this process, so that tests can also look inside."""

    url: str
    app: Sandbox

    @property
    def world(self) -> Any:
        """What the sandbox knows."""
        return self.app.world

    def account(self, platform: str, name: str = "Rossi Plumbing", **wish: Any) -> Account:
        """A sandbox account as our clients want it."""
        made = self.control("POST", "accounts", {"platform": platform, "name": name, **wish})
        return Account(
            account_id=made["account_id"], access_token=SecretStr(made["access_token"]), login=made.get("login")
        )

    def fault(self, **rule: Any) -> None:
        """Misbehave once (unless `times` says otherwise)."""
        self.control("POST", "faults", [{"times": 1, **rule}])

    def configure(self, **settings: Any) -> None:
        """Change the sandbox's own settings."""
        self.control("POST", "config", settings)

    def posts(self, account: Account, visible: bool = True) -> list[dict[str, Any]]:
        """What the sandbox says is really there."""
        truth = self.control("GET", "truth")["accounts"][account.account_id]
        return [post for post in truth["posts"] if post["visible"]] if visible else truth["unpublished"]

    def calls(self, service: str, operation: str) -> int:
        """How often an operation was called since the reset."""
        last = self.control("GET", f"calls?last=1000&service={service}&operation={operation}")
        return len(last)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """A control route."""
        response = httpx.request(method, f"{self.url}/_sandbox/{path}", json=body, trust_env=False)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture(scope="session")
def _running_sandbox() -> Iterator[Server]:
    app = create_app()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", access_log=False, ws="none", loop="asyncio")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    yield Server(f"http://127.0.0.1:{listener.getsockname()[1]}", app)
    server.should_exit = True
    thread.join(10)
    listener.close()


@pytest.fixture
def sandbox(_running_sandbox: Server) -> Server:
    """An empty, well-behaved sandbox that knows our app secret and insists on its proof."""
    _running_sandbox.control("POST", "reset")
    _running_sandbox.configure(
        meta_app_id=APP_ID,
        meta_app_secret=APP_SECRET,
        require_appsecret_proof=True,
        instagram_processing_seconds=0.0,
        google_processing_seconds=0.0,
        google_client_id="client",
        google_client_secret="google-secret",
    )
    return _running_sandbox


def config_for(url: str, **changes: Any) -> PlatformConfig:
    """The configuration that our settings would derive from SANDBOX_URL."""
    return PlatformConfig(
        **{
            "google_posts_url": f"{url}/google/posts",
            "google_token_url": f"{url}/google/token",
            "google_performance_url": f"{url}/google/performance",
            "google_client_id": "client",
            "google_client_secret": SecretStr("google-secret"),
            "facebook_graph_url": f"{url}/facebook/graph",
            "instagram_graph_url": f"{url}/instagram/graph",
            "graph_version": "v26.0",
            "meta_app_id": APP_ID,
            "meta_app_secret": SecretStr(APP_SECRET),
            "timeout_seconds": 5.0,
            **changes,
        }
    )


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """The product's own client."""
    async with outside.client(timeout_seconds=5) as made:
        yield made


@pytest.fixture
def connect(sandbox: Server, http: httpx.AsyncClient) -> Callable[..., Any]:
    """Build a platform client on the sandbox: `connect("facebook", facebook_mode="direct")`."""
    return lambda name, **changes: build_platforms(config_for(sandbox.url, **changes), http)[name]


@pytest.fixture
def answering() -> Callable[..., Any]:
    """Build a platform client whose every call gets the same answer: `answering("google", 400, {...}, {...})`."""

    def build(
        name: str, status: int, body: Any, headers: dict[str, str] | None = None, on_usage: Any = None, **changes: Any
    ) -> Platform:
        content = {"content": body} if isinstance(body, bytes) else {"json": body}

        async def answer(request: httpx.Request) -> httpx.Response:
            return httpx.Response(status, headers=headers, **content)

        client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
        return build_platforms(config_for("https://outside.example", **changes), client, on_usage=on_usage)[name]

    return build


class Remembered(dict[str, str]):
    """A `Remember` that keeps what it was told, in order of telling."""

    async def __call__(self, kind: str, handle: str) -> None:
        """Keep a handle."""
        self.pop(kind, None)
        self[kind] = handle


@pytest.fixture
def remember() -> Remembered:
    """Keeps handles as the database would."""
    return Remembered()


@pytest.fixture
async def raw_server() -> AsyncIterator[Callable[..., Awaitable[str]]]:
    """Start a TCP server with a handler of one's own; gives its URL."""
    servers: list[asyncio.Server] = []

    async def start(handler: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> str:
        async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await handler(reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(guarded, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    yield start
    for server in servers:
        server.close()
