"""The few pages that are not Streamlit's: plain HTML without a script, light and dark, readable on a phone."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import DictLoader, Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from dashboards.doors import Door

_FOLDER = files("dashboards").joinpath("pages_html")


@lru_cache(maxsize=1)
def _environment() -> tuple[Environment, str]:
    """Templates, escaping everything they are given, and the CSP that allows exactly their one style sheet."""
    texts = {entry.name: entry.read_text(encoding="utf-8") for entry in _FOLDER.iterdir() if entry.is_file()}
    style = texts["style.css"]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment = Environment(loader=DictLoader(texts), autoescape=True)
    environment.globals["style"] = style
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    return environment, policy


def page(
    template: str, *, status_code: int = 200, headers: Mapping[str, str] | None = None, **values: Any
) -> HTMLResponse:
    """A rendered page, never cached. `values` are escaped."""
    environment, policy = _environment()
    body = environment.get_template(template).render(**values)
    fixed = {"content-security-policy": policy, "cache-control": "no-store"}
    return HTMLResponse(body, status_code=status_code, headers={**fixed, **(headers or {})})


def message_page(
    status_code: int,
    title: str,
    text: str,
    *,
    link: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """One sentence for a person, and where to go from here (address, words)."""
    return page("message.html", status_code=status_code, headers=headers, title=title, text=text, link=link)


async def icon(_request: Request) -> Response:
    """GET /favicon.png: ours instead of Streamlit's. Browsers go by the type, not by the name in the path."""
    drawing = _FOLDER.joinpath("icon.svg").read_bytes()
    return Response(drawing, media_type="image/svg+xml", headers={"cache-control": "public, max-age=86400"})


async def typing(_request: Request) -> Response:
    """GET /typing.js: makes the server hear of what is typed (`dashboards.parts.editing`)."""
    script = _FOLDER.joinpath("typing.js").read_bytes()
    return Response(script, media_type="text/javascript", headers={"cache-control": "private, max-age=3600"})


ROUTES = [Door(path="/favicon.png", endpoint=icon, anonymous=True), Door(path="/typing.js", endpoint=typing)]
