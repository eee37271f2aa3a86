"""Bob at his browser, with the sandbox for the outside world."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from models.settings import settings
from tests.dashboards.conftest import MakeClient
from tests.dashboards.connecting.walk import Walk
from tests.dashboards.house import Login
from tests.sandbox_server import APP_ID, APP_SECRET, Server

CREDENTIALS = {
    "GOOGLE_CLIENT_ID": "client",
    "GOOGLE_CLIENT_SECRET": "google-secret",
    "META_APP_ID": APP_ID,
    "META_APP_SECRET": APP_SECRET,
    "INSTAGRAM_APP_ID": "2988000000000002",
    "INSTAGRAM_APP_SECRET": "instagram-secret",
}

MakeWalk = Callable[[Login], Walk]


@pytest.fixture
def outside(sandbox: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The sandbox, which our settings point at."""
    sandbox.configure(
        instagram_app_id=CREDENTIALS["INSTAGRAM_APP_ID"], instagram_app_secret=CREDENTIALS["INSTAGRAM_APP_SECRET"]
    )
    for name, value in (CREDENTIALS | {"SANDBOX_URL": sandbox.url}).items():
        monkeypatch.setenv(f"POSTAGENT_{name}", value)
    settings.cache_clear()
    return sandbox


@pytest.fixture
def make_walk(outside: Server, make_client: MakeClient) -> Iterator[MakeWalk]:
    """Somebody who is logged in, at their own browser."""
    opened = []

    def made(login: Login) -> Walk:
        client = make_client().__enter__()
        opened.append(client)
        client.cookies.set("postagent_session", login.token)
        return Walk(client, outside)

    yield made
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def walk(make_walk: MakeWalk, bob_in: Login) -> Walk:
    """Bob."""
    return make_walk(bob_in)
