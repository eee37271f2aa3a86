"""Stock photos: a search is made once for all businesses of a trade, and what it found is kept."""

from __future__ import annotations

import asyncio
import re
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import orjson

from models.database import Role, session
from models.picture_rules import NARROWEST, WIDEST
from models.queries import query
from models.trades import GENERIC, trade, trade_name
from platforms.errors import OperatorNeeded, PlatformError, TryLater
from platforms.stock_photos import StockPhoto as Found
from tasks.media.preparing import StockPhoto

MOST_CACHED = 500
_PER_SEARCH = 40
_SMALLEST = 640
_ENOUGH_FAILURES = 3
_MOST_REMEMBERED = 256  # searches whose photos a run keeps at hand
_EMPTY_WORDS = frozenset({"a", "an", "and", "at", "in", "of", "on", "the", "to", "with"})


class PhotoSource(Protocol):
    """What we need of a stock photo service (`platforms.stock_photos`)."""

    async def search(self, query: str, orientation: Any = ..., per_page: int = ...) -> Sequence[Found]:
        """The photos for a query, best first. Raises a PlatformError."""
        ...


@dataclass(frozen=True, slots=True)
class Service:
    """A service and the setting that holds its key."""

    source: PhotoSource
    setting: str


class StockShelf:
    """A run's photos. A service that fails again and again, or wants no more, is left alone: the cache serves."""

    def __init__(self, services: Sequence[Service]) -> None:
        """The first service that finds something serves a search."""
        self._services = services
        self._searching: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._known: dict[str, list[str]] = {}  # searches in the cache, per kind of business
        self._recent: OrderedDict[tuple[str, str], list[StockPhoto]] = OrderedDict()
        self._failures: Counter[str] = Counter()
        self.problem: PlatformError | None = None  # why the last search gave nothing
        self.problem_setting = ""

    async def ready(self, business_type: str) -> bool:
        """Whether this trade can get any photo at all."""
        if await self.cached(business_type, limit=1):
            return True
        return bool(await self.photos(business_type, trade(business_type).pictures[0]))

    async def photos(self, business_type: str, wanted: str) -> list[StockPhoto]:
        """The photos of a search: of the cached one that means the same, else of a new one."""
        plain, kind = " ".join(wanted.casefold().split()), cache_kind(business_type)
        async with self._searching[kind, plain]:
            if kind not in self._known:
                self._known[kind] = await asyncio.to_thread(_searches, kind)
            close = nearest(plain, self._known[kind])
            if close is None:
                if not await self._search(kind, plain):
                    return []
                self._known[kind].append(close := plain)
            if (kind, close) not in self._recent:
                self._recent[kind, close] = await asyncio.to_thread(_read, kind, close, MOST_CACHED)
                if len(self._recent) > _MOST_REMEMBERED:
                    self._recent.popitem(last=False)
            return self._recent.get((kind, close), [])

    async def cached(self, business_type: str, *, limit: int = MOST_CACHED) -> list[StockPhoto]:
        """All that the trade has in the cache."""
        return await asyncio.to_thread(_read, cache_kind(business_type), None, limit)

    async def _search(self, kind: str, plain: str) -> int:
        """Ask the services and keep what is fit to be posted; returns how many."""
        for service in self._services:
            if self._failures[service.setting] >= _ENOUGH_FAILURES:
                continue
            try:
                found = await service.source.search(plain, "landscape", _PER_SEARCH)
            except PlatformError as error:
                self.problem, self.problem_setting = error, service.setting
                stop = isinstance(error, OperatorNeeded) or error.http_status in (403, 429)  # the hour is used up
                self._failures[service.setting] += _ENOUGH_FAILURES if stop else isinstance(error, TryLater)
                continue
            self._failures[service.setting] = 0
            fit = [photo for photo in found if is_fit(photo)]
            if fit:
                await asyncio.to_thread(_keep, kind, plain, fit)
                return len(fit)
        return 0


def cache_kind(business_type: str) -> str:
    """Under which name a business's photos are kept: its trade, or its owner's word where we know no trade for it.

    So a notary never gets a locksmith's picture, though both are a local business to us.
    """
    name = trade_name(business_type)
    return (" ".join(business_type.casefold().split()) or name) if name == GENERIC else name


def is_fit(photo: Found) -> bool:
    """Whether every platform takes it uncropped: large enough, and of a shape that Instagram allows."""
    if photo.width < _SMALLEST or photo.height <= 0 or not photo.full_url.startswith(("http://", "https://")):
        return False
    return NARROWEST <= photo.width / photo.height <= WIDEST


def nearest(wanted: str, known: Sequence[str]) -> str | None:
    """The known search that shares at least half of all words with the wanted one, the most similar first."""
    words = _words(wanted)

    def similarity(search: str) -> float:
        others = _words(search)
        return len(words & others) / len(words | others) if words | others else 0.0

    best = max(known, key=similarity, default=None)
    return best if best is not None and similarity(best) >= 0.5 else None


@lru_cache(maxsize=4096)  # every post's wish is held against every search that its trade knows
def _words(text: str) -> frozenset[str]:
    found = (word.removesuffix("s") for word in re.findall(r"\w+", text.casefold()) if word not in _EMPTY_WORDS)
    return frozenset(found)


def _searches(kind: str) -> list[str]:
    with session(Role.WORKER) as db:
        rows = db.connection().exec_driver_sql(query("photo_searches"), {"business_type": kind})
        return list(rows.scalars())


def _read(kind: str, search: str | None, limit: int) -> list[StockPhoto]:
    with session(Role.WORKER) as db:
        rows = db.connection().exec_driver_sql(
            query("photos_cached"), {"business_type": kind, "search_query": search, "limit": limit}
        )
        return [StockPhoto(**row) for row in rows.mappings()]


def _keep(kind: str, search: str, photos: Sequence[Found]) -> None:
    rows: list[Mapping[str, Any]] = [
        {
            "photo_url": photo.full_url,
            "photographer_name": photo.author or None,
            "photographer_url": photo.author_url or None,
            "source": photo.source,
            "alt_text": photo.alt or None,
            "page_url": photo.page_url or None,
            "download_ping_url": photo.download_ping_url,
        }
        for photo in photos
    ]
    with session(Role.WORKER) as db:
        db.connection().exec_driver_sql(
            query("cache_photos"),
            {"business_type": kind, "search_query": search, "photos": orjson.dumps(rows).decode()},
        )
