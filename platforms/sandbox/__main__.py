"""`python -m platforms.sandbox --port 8600 --smtp-port 8601 --host 127.0.0.1 --state FILE`: run the sandbox until it is
told to stop."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from platforms.sandbox.app import create_app
from platforms.sandbox.storage import StateFileInUse

# Where the operator has real-looking credentials set, the sandbox checks them as the platforms would.
CREDENTIALS = {
    "POSTAGENT_META_APP_ID": "meta_app_id",
    "POSTAGENT_META_APP_SECRET": "meta_app_secret",
    "POSTAGENT_INSTAGRAM_APP_ID": "instagram_app_id",
    "POSTAGENT_INSTAGRAM_APP_SECRET": "instagram_app_secret",
    "POSTAGENT_GOOGLE_CLIENT_ID": "google_client_id",
    "POSTAGENT_GOOGLE_CLIENT_SECRET": "google_client_secret",
}


class AnnouncingServer(uvicorn.Server):
    """Says in one line where it listens, once it does; ends with exit code 0 when it is told to stop."""

    where = ""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but without raising the signal again once everything is closed."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does, then say so."""
        await super().startup(sockets)
        if self.started:
            print(f"Sandbox ready at {self.where} (nothing there is on the real internet)", flush=True)


def _listener(host: str, port: int) -> socket.socket:
    """A bound socket. Raises OSError with the address as its `filename`."""
    # The protocol has to be named: else asyncio does not set TCP_NODELAY, and every answer waits 40 ms for an ACK.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise OSError(error.errno, error.strerror, f"{host}:{port}") from None
    return listener


def main() -> int:
    """Parse the arguments and serve. Exit code 1, with one line, when port or state file cannot be had."""
    parser = argparse.ArgumentParser(prog="python -m platforms.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8600, help="0 = any free one; the line printed tells it")
    parser.add_argument("--smtp-port", type=int, default=None, help="take mails there; without it none are taken")
    parser.add_argument("--state", type=Path, default=None, help="file that keeps everything over a restart")
    given = parser.parse_args()
    try:
        listener = _listener(given.host, given.port)
        mail_listener = None if given.smtp_port is None else _listener(given.host, given.smtp_port)
    except OSError as error:
        print(
            f"Cannot listen on {error.filename}: {error.strerror}; choose another --port or --smtp-port",
            file=sys.stderr,
        )
        return 1
    try:
        app = create_app(given.state, mail_listener=mail_listener)
    except StateFileInUse as error:
        print(f"{error}; stop that one or choose another --state", file=sys.stderr)
        return 1
    credentials = {field: os.environ[name] for name, field in CREDENTIALS.items() if os.environ.get(name)}
    if credentials:
        app.world.configure(credentials)
    host = f"[{given.host}]" if ":" in given.host else given.host
    config = uvicorn.Config(
        app, access_log=False, log_level="warning", lifespan="on", backlog=4096, timeout_graceful_shutdown=3,
        server_header=False, timeout_keep_alive=60,
    )  # fmt: skip
    server = AnnouncingServer(config)
    server.where = f"http://{host}:{listener.getsockname()[1]}"
    asyncio.run(server.serve(sockets=[listener]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
