"""The few pages that are not Streamlit's: plain HTML without a script, light and dark, readable on a phone."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from jinja2 import DictLoader, Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from dashboards.doors import Door
from models.settings import Settings, settings

_FOLDER = files("dashboards").joinpath("pages_html")


def picture_sources(config: Settings) -> list[str]:
    """Origins without https that posts' pictures come from: our own, or a service on this machine."""
    given = (config.public_url, config.pexels_url, config.unsplash_url, config.s3_public_url)
    parts = [urlsplit(url) for url in given if url]
    return sorted({f"{part.scheme}://{part.netloc}" for part in parts if part.scheme == "http"})


@lru_cache(maxsize=1)
def _environment() -> tuple[Environment, str]:
    """Templates, escaping everything they are given, and the CSP's word for exactly their style sheets: their own, and
    that of posts."""
    texts = {entry.name: entry.read_text(encoding="utf-8") for entry in _FOLDER.iterdir() if entry.is_file()}
    post_style = files("dashboards").joinpath("parts", "post.css").read_text(encoding="utf-8")
    environment = Environment(loader=DictLoader(texts), autoescape=True)
    environment.globals |= {"style": texts["style.css"], "post_style": post_style}
    digests = [base64.b64encode(hashlib.sha256(style.encode()).digest()) for style in (texts["style.css"], post_style)]
    return environment, " ".join(f"'sha256-{digest.decode()}'" for digest in digests)


def page(
    template: str,
    *,
    status_code: int = 200,
    headers: Mapping[str, str] | None = None,
    shows_posts: bool = False,
    **values: Any,
) -> HTMLResponse:
    """A rendered page, never cached. `values` are escaped. `shows_posts`: pictures come from where posts have them."""
    environment, styles = _environment()
    body = environment.get_template(template).render(**values)
    pictures = ["'self'", *(["https:", *picture_sources(settings())] if shows_posts else [])]
    policy = (
        f"default-src 'none'; style-src {styles}; img-src {' '.join(pictures)}; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
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
