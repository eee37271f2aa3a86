"""Looks at a picture as a platform does that fetches it: whether it is there, what it is, how large it is.

Only what lies on this machine is fetched, as nothing leaves it; other pictures are judged by their address alone.
"""

from __future__ import annotations

import io
import ipaddress
import ssl
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
from PIL import Image

from platforms.sandbox.pictures import is_web_address, own_picture

LARGEST = 20_000_000
TIMEOUT_SECONDS = 10.0


class Seen(NamedTuple):
    """What came back. `format` is Pillow's word ("JPEG"), None for what is no picture; `problem` when nothing came."""

    problem: str | None = None
    format: str | None = None
    width: int = 0
    height: int = 0
    size_bytes: int = 0


Sights = dict[str, Seen]
"""By address; an address that is missing was not looked at."""


def addresses_in(body: dict[str, Any]) -> list[str]:
    """The pictures that a call to any of the platforms names."""
    given = [body.get("image_url"), body.get("url")]
    media = body.get("media")
    if isinstance(media, list):
        given += [item.get("sourceUrl") for item in media if isinstance(item, dict)]
    return [url for url in given if isinstance(url, str) and url]


def is_here(url: str) -> bool:
    """Whether the address is of this machine, and not one of the sandbox's own pictures, which it knows by heart."""
    if not is_web_address(url) or own_picture(url):
        return False
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@cache
def _trusted_by_default() -> ssl.SSLContext:
    """One for all: it takes tens of milliseconds to make."""
    return ssl.create_default_context()


async def look_at(urls: list[str]) -> Sights:
    """What a platform's fetcher would see at those addresses that are here."""
    here = [url for url in urls if is_here(url)]
    if not here:
        return {}
    async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False, verify=_trusted_by_default()) as client:
        return {url: await _look(client, url) for url in here}


async def _look(client: httpx.AsyncClient, url: str) -> Seen:
    content = bytearray()
    try:
        async with client.stream("GET", url) as answer:
            if answer.status_code != 200:
                return Seen(problem=f"HTTP {answer.status_code}")
            async for chunk in answer.aiter_bytes():
                content += chunk
                if len(content) > LARGEST:
                    return Seen(problem="too many bytes")
    except httpx.HTTPError as error:
        return Seen(problem=type(error).__name__)
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            return Seen(None, image.format, *image.size, len(content))
    except Exception:
        return Seen(size_bytes=len(content))
