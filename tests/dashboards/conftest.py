"""An owner who is logged in, the plain routes behind their guard, a real server and a real browser."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket
from streamlit.testing.v1 import AppTest

from dashboards import errands
from dashboards.app import ROUTES
from dashboards.doors import Door, Doors
from dashboards.guard import Guard
from models import passwords
from models.crypto import generate_key
from models.settings import settings
from tests.browser import running_browser
from tests.dashboards.house import CHEAP, CHEAP_NOBODY, PASSWORD_HASH, ROOT, Login, make_login
from tests.databases import Databases
from tests.factories import Owner, make_owner
from tests.sandbox_server import Server


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """A guess costs a millisecond instead of a fifth of a second."""
    monkeypatch.setattr(passwords, "_HASHER", CHEAP)
    monkeypatch.setattr(passwords, "_nobody", lambda: CHEAP_NOBODY)


@pytest.fixture
def bob(owner: psycopg.Connection[Any]) -> Owner:
    """An owner on Pro who can log in with PASSWORD."""
    return make_owner(owner, email="bob@example.com", password_hash=PASSWORD_HASH, business_name="Bob's Plumbing")


@pytest.fixture
def bob_in(owner: psycopg.Connection[Any], bob: Owner) -> Login:
    """Bob, logged in."""
    return make_login(owner, bob)


OpenPage = Callable[..., AppTest]


@pytest.fixture
def open_page(database_url: str) -> OpenPage:
    """Runs the dashboard's script as somebody and goes to a page."""

    def opened(login: Login, page: str = "overview", **query: str) -> AppTest:
        test = AppTest.from_file(str(ROOT / "dashboards" / "main.py"), default_timeout=60)
        test.user = login.user
        for name, value in query.items():
            test.query_params[name] = value
        if page != "overview":
            test.switch_page(f"views/{page}.py")
        test.run()
        assert not test.exception, test.exception
        return test

    return opened


MakeClient = Callable[..., TestClient]


@pytest.fixture
def make_client(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeClient]:
    """The guard and the plain routes before a page that tells what reaches it, as Streamlit would see it."""

    async def page(request: Request) -> Response:
        return JSONResponse({name: value for name, value in request.headers.items() if name.startswith("x-")})

    async def taken(_request: Request) -> Response:
        return JSONResponse({"taken": True})

    async def stream(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_json({k: v for k, v in websocket.headers.items() if k.startswith("x-")})
        await websocket.close()

    def made(public_url: str = "http://localhost:8501", address: str = "203.0.113.9") -> TestClient:
        monkeypatch.setenv("POSTAGENT_PUBLIC_URL", public_url)
        settings.cache_clear()
        doors = Doors(
            [
                *ROUTES,
                Door(path="/hook", endpoint=taken, methods=("POST",), anonymous=True, cross_site=True),
                Door(path="/change", endpoint=taken, methods=("POST",)),
            ]
        )
        app = Starlette(
            routes=[
                *doors.routes,
                WebSocketRoute("/_stcore/stream", stream),
                Route("/{rest:path}", page, methods=["GET", "POST", "PUT"]),
            ],
            middleware=[Middleware(Guard, doors=doors, public_url=public_url)],
        )
        return TestClient(app, base_url=public_url, follow_redirects=False, client=(address, 50000))

    yield made
    errands.finish()  # before the database goes


@pytest.fixture
def client(make_client: MakeClient) -> Iterator[TestClient]:
    """A visitor of http://localhost:8501."""
    with make_client() as opened:
        yield opened


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium. Not for the whole session: while it is open, no test in this thread can run an event loop."""
    with running_browser() as opened:
        yield opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The real dashboard as a process of its own, and its database as the tables' owner."""

    url: str
    owner: psycopg.Connection[Any]


@pytest.fixture(scope="module")
def live(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One server and one database for a module's tests; each test brings its own owners."""
    with (
        databases.copied() as database_url,
        sealing(),
        psycopg.connect(database_url, autocommit=True) as owner,
        serving(database_url, tmp_path_factory.mktemp("dashboard")) as url,
    ):
        yield Live(url=url, owner=owner)


@contextmanager
def sealing() -> Iterator[None]:
    """A key for the factories' tokens, as `database_url` sets one for a single test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POSTAGENT_ENCRYPTION_KEYS", generate_key())
        settings.cache_clear()
        yield
    settings.cache_clear()


@contextmanager
def serving(database_url: str, folder: Path, **more: str) -> Iterator[str]:
    """The dashboard as a process of its own, in this process's environment and with `more`; its log is `dashboard.log`
    in `folder`. Its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://localhost:{port}"
    environment = os.environ | {"POSTAGENT_PUBLIC_URL": url, "POSTAGENT_DATABASE_URL": database_url} | more
    log = folder / "dashboard.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "dashboards.app", "--port", str(port)],
            cwd=folder,  # nothing may depend on where it is started
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_up(url, process, log)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the dashboard did not stop: {log.read_text()}") from None


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"{url}/healthz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"the dashboard did not start: {log.read_text()}")


@pytest.fixture(scope="module")
def outside(_running_sandbox: Server) -> Server:
    """An empty sandbox."""
    _running_sandbox.control("POST", "reset")
    return _running_sandbox
