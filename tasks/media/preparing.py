"""Makes a picture ready for every platform, once: fetched safely, checked, converted, stored under a key of ours.

So what a platform fetches is what was checked, whatever becomes of the original. What can never be used is written down
with the reason and not asked for again.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Row

from models.database import Role, session
from models.picture_encoding import MIME_TYPE, NotAPicture, prepare
from models.queries import query
from platforms.errors import OperatorNeeded, PlatformError, Refused
from platforms.safe_fetch import Fetched
from tasks.media.storage import Storages, begin_object

AT_ONCE = 2  # pictures decoded at a time: each takes a core and up to 200 MB
PAUSE_SECONDS = 60.0
_ENOUGH_FAILURES = 3


class Fetcher(Protocol):
    """Fetches a file from an address that somebody else chose (`platforms.safe_fetch.SafeFetcher`)."""

    async def fetch(self, url: str) -> Fetched:
        """The file. Raises a PlatformError."""
        ...


@dataclass(slots=True, kw_only=True)
class StockPhoto:
    """A row of the cache. `key`, `place` and `fingerprint` are None until it was made ready; then it stays so."""

    id: UUID
    url: str
    source: str
    alt_text: str
    author: str | None
    author_url: str | None
    page_url: str | None
    ping_url: str | None
    key: str | None
    place: str | None
    fingerprint: str | None
    refused: bool = False


@dataclass(slots=True, kw_only=True)
class OwnPicture:
    """A row of an owner's library, with the same three; `instagram_key` is None where the whole picture does."""

    id: UUID
    user_id: UUID
    url: str
    alt_text: str | None
    key: str | None
    instagram_key: str | None
    place: str | None
    fingerprint: str | None
    refused: bool = False


_Row = TypeVar("_Row", StockPhoto, OwnPicture)


class Workshop:
    """Makes pictures ready during one run. After a few failures in a row it pauses, so that the run comes to an end."""

    def __init__(self, fetcher: Fetcher, storages: Storages) -> None:
        self._fetcher = fetcher
        self.storages = storages
        self._cores = asyncio.Semaphore(AT_ONCE)
        self._at_work: defaultdict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._failures = 0
        self._again_at = 0.0  # by the monotonic clock
        self.problem: PlatformError | None = None  # why the last picture was not made ready

    async def stock(self, photo: StockPhoto) -> bool:
        """Whether the photo is ready now."""
        return await self._make(photo, self._keep_stock)

    async def own(self, picture: OwnPicture) -> bool:
        """The same for a picture of an owner that came into the library by another way than our upload."""
        return await self._make(picture, self._keep_own)

    async def _make(self, picture: _Row, keep: Callable[[_Row, bytes], None]) -> bool:
        async with self._at_work[picture.id]:
            if picture.key is not None or picture.refused:
                return picture.key is not None
            if time.monotonic() < self._again_at:
                return False
            try:
                fetched = await self._fetcher.fetch(picture.url)
                async with self._cores:
                    await asyncio.to_thread(keep, picture, fetched.content)
            except (Refused, NotAPicture) as refusal:
                picture.refused = True
                await asyncio.to_thread(_refuse, picture, str(refusal))
            except PlatformError as error:
                self.problem = error
                self._failures += 1
                if isinstance(error, OperatorNeeded) or self._failures >= _ENOUGH_FAILURES:
                    self._failures, self._again_at = 0, time.monotonic() + PAUSE_SECONDS
            else:
                self._failures = 0
            return picture.key is not None

    def _keep_stock(self, photo: StockPhoto, content: bytes) -> None:
        prepared = prepare(content)
        shown = prepared.instagram or prepared.picture  # one shape for all: searches ask for one that fits anyway
        values = {"key": self._store(shown.content, owner=None), "fingerprint": prepared.fingerprint}
        kept = _keep("stock_photo_ready", "stock_photo_file", {"id": photo.id, **values})
        photo.fingerprint, photo.place, photo.key = kept.fingerprint, kept.place, kept.key

    def _keep_own(self, picture: OwnPicture, content: bytes) -> None:
        prepared = prepare(content)
        cropped = prepared.instagram
        values = {
            "id": picture.id,
            "key": self._store(prepared.picture.content, owner=picture.user_id),
            "instagram_key": self._store(cropped.content, owner=picture.user_id) if cropped else None,
            "fingerprint": prepared.fingerprint,
            "width": prepared.picture.width,
            "height": prepared.picture.height,
            "size_bytes": prepared.size_bytes,
            "mime_type": MIME_TYPE,
        }
        kept = _keep("own_picture_ready", "own_picture_file", values)
        picture.instagram_key, picture.fingerprint = kept.instagram_key, kept.fingerprint
        picture.place, picture.key = kept.place, kept.key

    def _store(self, content: bytes, *, owner: UUID | None) -> str:
        with session(Role.WORKER) as db:
            key = begin_object(db, self.storages, owner=owner)
        self.storages.current.put(key, content)
        return key


def _keep(update: str, read: str, values: Mapping[str, Any]) -> Row[Any]:
    """What the row says afterwards. Where another run was first, its file stays, and ours is cleared away."""
    with session(Role.WORKER) as db:
        db.connection().exec_driver_sql(query(update), values)
        return db.connection().exec_driver_sql(query(read), {"id": values["id"]}).one()


def _refuse(picture: StockPhoto | OwnPicture, reason: str) -> None:
    name = "stock_photo_refused" if isinstance(picture, StockPhoto) else "own_picture_refused"
    with session(Role.WORKER) as db:
        db.connection().exec_driver_sql(query(name), {"id": picture.id, "reason": reason[:300]})
