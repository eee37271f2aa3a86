"""The sandbox behind a real socket, for every test that talks to the outside world (a pytest plugin of the suite)."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import uvicorn
from pydantic import SecretStr

from platforms.base import Account
from platforms.sandbox.app import Sandbox, create_app

APP_ID = "1834500000000001"
APP_SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"


@dataclass
class Server:
    """The running sandbox. Its app is in this process, so that tests can also look inside."""

    url: str
    app: Sandbox
    client: httpx.Client
    smtp_url: str

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

    def mails(self, to: str) -> list[dict[str, Any]]:
        """The mails that the sandbox took for an address, newest first."""
        found: list[dict[str, Any]] = self.control("GET", f"mails?to={quote(to)}")
        return found

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """A control route."""
        response = self.client.request(method, f"{self.url}/_sandbox/{path}", json=body)
        assert response.status_code == 200, response.text
        return response.json()


@contextmanager
def running_sandbox() -> Iterator[Server]:
    """The sandbox on a free port, with its mail server on another, until the end of the block."""
    mail_listener = socket.create_server(("127.0.0.1", 0))
    app = create_app(mail_listener=mail_listener)
    # With the protocol named asyncio sets TCP_NODELAY; without it every answer waits 40 ms for a delayed ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", access_log=False, ws="none", loop="asyncio")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        with httpx.Client(trust_env=False, verify=False) as client:  # one for all: a TLS context takes long to make
            smtp_url = f"smtp://127.0.0.1:{mail_listener.getsockname()[1]}"
            yield Server(f"http://127.0.0.1:{listener.getsockname()[1]}", app, client, smtp_url)
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@pytest.fixture(scope="session")
def _running_sandbox() -> Iterator[Server]:
    with running_sandbox() as server:
        yield server


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
