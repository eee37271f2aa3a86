"""Pictures for posts: stock photos, searched once and kept; none twice within 60 days while there are others."""

from __future__ import annotations

import asyncio
import random
import re
from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import orjson

from models.database import Role, session
from models.queries import query
from models.trades import GENERIC, trade, trade_name
from platforms.errors import OperatorNeeded, PlatformError, TryLater
from platforms.stock_photos import StockPhoto

NOT_AGAIN_FOR = timedelta(days=60)
_PER_SEARCH = 40
_MOST_CACHED = 500
_NARROWEST, _WIDEST = 0.8, 1.91  # Instagram's ratios (width : height); the other platforms take these too
_SMALLEST = 640
_ENOUGH_FAILURES = 3
_MOST_REMEMBERED = 256  # searches whose photos a run keeps at hand
_EMPTY_WORDS = frozenset({"a", "an", "and", "at", "in", "of", "on", "the", "to", "with"})


class PhotoSource(Protocol):
    """What we need of a stock photo service (`platforms.stock_photos.Pexels`)."""

    async def search(self, query: str, orientation: Any = ..., per_page: int = ...) -> Sequence[StockPhoto]:
        """The photos for a query, best first. Raises a PlatformError."""
        ...


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture for a post."""

    url: str
    alt_text: str


class PictureFinder:
    """Finds pictures for one run. When the service fails again and again, or wants no more, the cache serves alone."""

    def __init__(self, source: PhotoSource) -> None:
        self._source = source
        self._searching: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._known: dict[str, list[str]] = {}  # searches in the cache, per kind of business
        self._recent: OrderedDict[tuple[str, str], list[Picture]] = OrderedDict()
        self._failures = 0
        self.problem: PlatformError | None = None  # why the last search gave nothing

    async def ready(self, business_type: str) -> bool:
        """Whether this trade can get any picture at all, found out before anything is written for it."""
        if await self._cached(business_type, None, limit=1):
            return True
        return bool(await self._photos(business_type, trade(business_type).pictures[0]))

    async def find(
        self, business_type: str, wanted: str, used: Mapping[str, datetime], when: datetime, *, seed: str
    ) -> Picture | None:
        """A picture for a post at `when` that fits `wanted`, else one that fits the trade; None when there is none.

        `used` says when the owner's pictures were or will be shown. One that rests for 60 days goes first; when none
        does, the one that rests longest. By `seed` two businesses of a trade get different ones.
        """
        seen: dict[str, Picture] = {}
        for words in (wanted, *trade(business_type).pictures):
            if not words.strip():
                continue
            photos = await self._photos(business_type, words)
            for picture in random.Random(seed).sample(photos, len(photos)):
                if _rest(used, picture, when) >= NOT_AGAIN_FOR:
                    return picture
                seen.setdefault(picture.url, picture)
        for picture in await self._cached(business_type, None, limit=_MOST_CACHED):
            seen.setdefault(picture.url, picture)
        return max(seen.values(), key=lambda picture: _rest(used, picture, when), default=None)

    async def _photos(self, business_type: str, wanted: str) -> list[Picture]:
        """The photos of a search: of the cached one that means the same, else of a new one."""
        plain, kind = " ".join(wanted.casefold().split()), cache_kind(business_type)
        async with self._searching[kind, plain]:
            if kind not in self._known:
                self._known[kind] = await asyncio.to_thread(_searches, kind)
            close = nearest(plain, self._known[kind])
            if close is None:
                if self._failures >= _ENOUGH_FAILURES or not await self._search(kind, plain):
                    return []
                self._known[kind].append(close := plain)
            if (kind, close) not in self._recent:
                self._recent[kind, close] = await self._cached(business_type, close, limit=_MOST_CACHED)
                if len(self._recent) > _MOST_REMEMBERED:
                    self._recent.popitem(last=False)
            return self._recent.get((kind, close), [])

    async def _search(self, kind: str, plain: str) -> int:
        """Ask the service and keep what is fit to be posted; returns how many."""
        try:
            found = await self._source.search(plain, "landscape", _PER_SEARCH)
        except PlatformError as error:
            self.problem = error
            stop = isinstance(error, OperatorNeeded) or error.http_status == 429
            self._failures = _ENOUGH_FAILURES if stop else self._failures + isinstance(error, TryLater)
            return 0
        self._failures = 0
        fit = [photo for photo in found if is_fit(photo)]
        await asyncio.to_thread(_keep, kind, plain, fit)
        return len(fit)

    async def _cached(self, business_type: str, search: str | None, *, limit: int) -> list[Picture]:
        return await asyncio.to_thread(_read, cache_kind(business_type), search, limit)


def cache_kind(business_type: str) -> str:
    """Under which name a business's photos are kept: its trade, or its owner's word where we know no trade for it.

    So a notary never gets a locksmith's picture, though both are a local business to us.
    """
    name = trade_name(business_type)
    return (" ".join(business_type.casefold().split()) or name) if name == GENERIC else name


def is_fit(photo: StockPhoto) -> bool:
    """Whether every platform takes it as it is: large enough, and of a shape that Instagram allows."""
    if photo.width < _SMALLEST or photo.height <= 0 or not photo.full_url.startswith(("http://", "https://")):
        return False
    return _NARROWEST <= photo.width / photo.height <= _WIDEST


def nearest(wanted: str, known: Sequence[str]) -> str | None:
    """The known search that shares at least half of all words with the wanted one, the most similar first."""
    words = _words(wanted)

    def similarity(search: str) -> float:
        others = _words(search)
        return len(words & others) / len(words | others) if words | others else 0.0

    best = max(known, key=similarity, default=None)
    return best if best is not None and similarity(best) >= 0.5 else None


def _words(text: str) -> frozenset[str]:
    found = (word.removesuffix("s") for word in re.findall(r"\w+", text.casefold()) if word not in _EMPTY_WORDS)
    return frozenset(found)


def _rest(used: Mapping[str, datetime], picture: Picture, when: datetime) -> timedelta:
    """How far from `when` the picture is shown otherwise."""
    other = used.get(picture.url)
    return abs(when - other) if other is not None else timedelta.max


def _searches(kind: str) -> list[str]:
    with session(Role.WORKER) as db:
        rows = db.connection().exec_driver_sql(query("photo_searches"), {"business_type": kind})
        return list(rows.scalars())


def _read(kind: str, search: str | None, limit: int) -> list[Picture]:
    with session(Role.WORKER) as db:
        rows = db.connection().exec_driver_sql(
            query("photos_cached"), {"business_type": kind, "search_query": search, "limit": limit}
        )
        return [Picture(url, alt or words) for url, words, alt in rows]


def _keep(kind: str, search: str, photos: Sequence[StockPhoto]) -> None:
    rows = [
        {
            "photo_url": photo.full_url,
            "photographer_name": photo.author or None,
            "photographer_url": photo.author_url or None,
            "source": photo.source,
            "alt_text": photo.alt or None,
            "page_url": photo.page_url or None,
        }
        for photo in photos
    ]
    with session(Role.WORKER) as db:
        db.connection().exec_driver_sql(
            query("cache_photos"),
            {"business_type": kind, "search_query": search, "photos": orjson.dumps(rows).decode()},
        )
