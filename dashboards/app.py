"""The dashboard as one ASGI application: Streamlit's pages, plain routes beside them, the guard in front of both.

    python -m dashboards.app --host 127.0.0.1 --port 8501

Nobody imports this module but servers and tests: a second instance would be a second house.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import logging
import socket
import sys
import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from starlette.middleware import Middleware

from dashboards import (
    access,
    connect,
    decide,
    health,
    mail_links,
    media_files,
    meta_callbacks,
    own_account,
    pages,
    signup,
)
from dashboards.doors import Doors
from dashboards.guard import Guard, allowed_hosts
from dashboards.parts.mishap import report_mishap
from models.settings import Settings, SettingsError, settings

ROUTES = [
    *access.ROUTES,
    *connect.ROUTES,
    *decide.ROUTES,
    *health.ROUTES,
    *mail_links.ROUTES,
    *media_files.ROUTES,
    *meta_callbacks.ROUTES,
    *own_account.ROUTES,
    *pages.ROUTES,
    *signup.ROUTES,
]

_CONFIG = Path(__file__).resolve().parents[1] / ".streamlit" / "config.toml"


@asynccontextmanager
async def _warm(_app: st.App) -> AsyncIterator[None]:
    """Load what pages need while nobody waits: the first look at the charts would take seconds otherwise."""
    modules = ("dashboards.parts.post_view", "dashboards.parts.charts", "pandas")
    loading = asyncio.create_task(asyncio.to_thread(lambda: [import_module(name) for name in modules]))
    yield
    await loading


def make_app(config: Settings) -> st.App:
    """The application for these settings."""
    doors = Doors(ROUTES)
    return st.App(
        Path(__file__).with_name("main.py"),
        routes=doors.routes,
        middleware=[
            Middleware(
                Guard,  # type: ignore[arg-type, unused-ignore]
                doors=doors,
                public_url=config.public_url,
                picture_sources=pages.picture_sources(config),
            )
        ],
        on_script_error=report_mishap,
        lifespan=_warm,
    )


def server_options(config: Settings, *, host: str, port: int) -> dict[str, Any]:
    """Streamlit's options: those of .streamlit/config.toml, wherever this is started from, and the address."""
    with _CONFIG.open("rb") as file:
        options = dict(_flat(tomllib.load(file)))
    options |= {
        "server.address": host,
        "server.port": port,
        # Known beforehand: else Streamlit asks an outside service which address this machine has.
        "browser.serverAddress": urlsplit(config.public_url).hostname,
        "server.allowedHosts": sorted(allowed_hosts(config.public_url)),
    }
    return options


def _flat(table: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in table.items():
        found += _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else [(f"{prefix}{name}", value)]
    return found


def main(arguments: list[str] | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m dashboards.app", description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=_port, default=None, help="port (default: POSTAGENT_DASHBOARD_PORT)")
    given = parser.parse_args(arguments)
    config = settings()
    port = given.port or config.dashboard_port
    if _is_taken(given.host, port):
        sys.exit(f"Port {port} is taken: stop what listens there, or set POSTAGENT_DASHBOARD_PORT to another one")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    app.run(config=server_options(config, host=given.host, port=port))


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; write a number from 1 to 65535")
    return int(text)


def _is_taken(host: str, port: int) -> bool:
    """Asked before Streamlit does, which says less and tells nobody the mend."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((host, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


try:
    app = make_app(settings())
except SettingsError as problem:
    sys.exit(str(problem))

if __name__ == "__main__":
    main()
