"""Clients on the sandbox, raw servers that misbehave below HTTP, and transports that answer as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from platforms import http as outside
from platforms.base import Platform
from platforms.registry import PlatformConfig, build_platforms
from tests.sandbox_server import APP_ID, APP_SECRET, Server

PICTURE = "https://pictures.example/boiler.jpg"
LATER = datetime(2026, 11, 22, 12, tzinfo=UTC)


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
