"""Stock photo search: Pexels and Unsplash, in one shape.

Both ask for attribution; Unsplash also for the download ping and for a person who picks the photo. Sources:
pexels.com/api/documentation, unsplash.com/documentation and its official OpenAPI file of 2026-08-14.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import httpx
from pydantic import SecretStr

from platforms.answers import count, part, rows, text
from platforms.errors import OperatorNeeded, PlatformError, Refused, Rule, TryLater
from platforms.http import Answer, call, json_object, redact, retry_after, unreadable

Orientation = Literal["landscape", "portrait", "square"]

HOUR = 3600.0
_PEXELS_SIZES = ("large2x", "large", "original")  # the original may be a PNG
_JPEG = "&w=1440&fit=max&fm=jpg&q=80"  # imgix: Instagram takes JPEG only, up to 1440 pixels wide

_TEMPORARY = Rule(error=TryLater, wait=60.0)
_KEY = Rule(error=OperatorNeeded)
_REFUSED = Rule(error=Refused)
_HOURLY = Rule(error=TryLater, wait=HOUR)
_COMMON: Mapping[int, Rule] = {400: _REFUSED, 401: _KEY, 404: _REFUSED, 422: _REFUSED, 429: _HOURLY}
PEXELS_RULES: Mapping[int, Rule] = {**_COMMON, 403: _KEY}
# Unsplash answers 403, not 429, when the hour's requests are used up; a wrong key is 401. 410: "Query flagged as spam".
UNSPLASH_RULES: Mapping[int, Rule] = {**_COMMON, 403: _HOURLY, 410: _REFUSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class StockPhoto:
    """A photo found. `width` and `height` are the original's; `full_url` is a JPEG large enough for every platform."""

    source: Literal["pexels", "unsplash"]
    source_id: str
    width: int
    height: int
    full_url: str
    page_url: str
    author: str
    author_url: str
    alt: str = ""
    download_ping_url: str | None = None  # Unsplash: to be called when the photo is used


class Pexels:
    """Pexels: 200 requests an hour, 20,000 a month."""

    def __init__(
        self, http: httpx.AsyncClient, *, base_url: str, api_key: SecretStr, timeout_seconds: float = 20.0
    ) -> None:
        """`base_url` is scheme and host."""
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._key = api_key
        self._timeout = timeout_seconds

    async def search(
        self, query: str, orientation: Orientation = "landscape", per_page: int = 15
    ) -> Sequence[StockPhoto]:
        """The photos for a query, best first; at most 80. Raises a PlatformError."""
        response = await call(
            self._http,
            "GET",
            f"{self._base_url}/v1/search",
            makes_visible=False,
            params={"query": query, "orientation": orientation, "per_page": min(per_page, 80)},
            headers={"authorization": self._key.get_secret_value()},  # no "Bearer"
            timeout_seconds=self._timeout,
        )
        if not response.is_success:
            raise _failure("Pexels", response, PEXELS_RULES, self._key)
        photos = _list_in(response, "photos")
        return [photo for entry in photos if (photo := _pexels_photo(entry)) is not None]


class Unsplash:
    """Unsplash: 50 requests an hour for a demo key. Its guidelines want a person to choose the photo."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        base_url: str,
        access_key: SecretStr,
        app_name: str = "postagentpro",
        timeout_seconds: float = 20.0,
    ) -> None:
        """`base_url` is scheme and host; `app_name` goes into the attribution links (`utm_source`)."""
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._key = access_key
        self._credit = {"utm_source": app_name, "utm_medium": "referral"}
        self._timeout = timeout_seconds

    async def search(
        self, query: str, orientation: Orientation = "landscape", per_page: int = 10
    ) -> Sequence[StockPhoto]:
        """The photos for a query, best first; at most 30. Raises a PlatformError."""
        response = await self._get(
            f"{self._base_url}/search/photos",
            {
                "query": query,
                "orientation": "squarish" if orientation == "square" else orientation,
                "per_page": min(per_page, 30),
                "content_filter": "high",
            },
        )
        photos = _list_in(response, "results")
        return [photo for entry in photos if (photo := self._photo(entry)) is not None]

    async def ping_download(self, download_ping_url: str) -> None:
        """Tell Unsplash that a photo is used, as its guidelines ask. The key is sent to Unsplash's own host only."""
        if not _same_host(download_ping_url, self._base_url):
            raise Refused("the download address of a photo leads to another host", code="foreign_host")
        await self._get(download_ping_url, None)

    async def _get(self, url: str, params: Mapping[str, Any] | None) -> Answer:
        response = await call(
            self._http,
            "GET",
            url,
            makes_visible=False,
            params=params,
            headers={"authorization": f"Client-ID {self._key.get_secret_value()}", "accept-version": "v1"},
            timeout_seconds=self._timeout,
        )
        if not response.is_success:
            raise _failure("Unsplash", response, UNSPLASH_RULES, self._key)
        return response

    def _photo(self, entry: Mapping[str, Any]) -> StockPhoto | None:
        links, user = part(entry.get("links")), part(entry.get("user"))
        photo_id, raw = text(entry.get("id")), text(part(entry.get("urls")).get("raw"))
        if photo_id is None or raw is None:
            return None
        return StockPhoto(
            source="unsplash",
            source_id=photo_id,
            width=count(entry.get("width")) or 0,
            height=count(entry.get("height")) or 0,
            full_url=f"{raw}{_JPEG if '?' in raw else '?' + _JPEG[1:]}",
            page_url=self._credited(text(links.get("html"))),
            author=text(user.get("name")) or "",
            author_url=self._credited(text(part(user.get("links")).get("html"))),
            alt=text(entry.get("alt_description")) or text(entry.get("description")) or "",
            download_ping_url=text(links.get("download_location")),
        )

    def _credited(self, url: str | None) -> str:
        try:
            return str(httpx.URL(url or "").copy_merge_params(self._credit)) if url else ""
        except httpx.InvalidURL:
            return ""


def _pexels_photo(entry: Mapping[str, Any]) -> StockPhoto | None:
    sizes, photo_id = part(entry.get("src")), count(entry.get("id"))
    full_url = next((url for name in _PEXELS_SIZES if (url := text(sizes.get(name)))), None)
    if photo_id is None or full_url is None:
        return None
    return StockPhoto(
        source="pexels",
        source_id=str(photo_id),
        width=count(entry.get("width")) or 0,
        height=count(entry.get("height")) or 0,
        full_url=full_url,
        page_url=text(entry.get("url")) or "",
        author=text(entry.get("photographer")) or "",
        author_url=text(entry.get("photographer_url")) or "",
        alt=text(entry.get("alt")) or "",
    )


def _same_host(url: str, base_url: str) -> bool:
    try:
        given, base = httpx.URL(url), httpx.URL(base_url)
    except httpx.InvalidURL:
        return False
    return (given.scheme, given.netloc) == (base.scheme, base.netloc)


def _list_in(response: Answer, key: str) -> Sequence[Mapping[str, Any]]:
    entries = (json_object(response) or {}).get(key)
    if not isinstance(entries, list):
        raise unreadable(response, makes_visible=False)
    return rows(entries)


def _failure(name: str, response: Answer, rules: Mapping[int, Rule], key: SecretStr) -> PlatformError:
    """By HTTP status alone: the bodies are not documented."""
    status = response.status_code
    rule = rules.get(status, _TEMPORARY)
    words = redact(response.text, (key,))[:200].strip() or "no reason given"
    return rule.error(
        f"{name} answered HTTP {status}: {words}",
        http_status=status,
        code=f"http_{status}",
        retry_after=retry_after(response.headers) or rule.wait,
    )
