"""The picture of a post: the owner's own first, then a stock photo, then none; no picture twice within 60 days.

A picture is taken before its post is queued: the database gives it to one run only (migration 030). What a run takes
and does not queue it lets go of again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from models.database import Role, session
from models.picture_rules import SAME_LOOK, differs_in
from models.plan_rights import Rights
from models.queries import query
from models.trades import trade
from platforms.errors import PlatformError
from tasks.content.stock import StockShelf
from tasks.media.preparing import OwnPicture, StockPhoto, Workshop

_MOST_OWN = 1_000
# With so many ready photos of a search that do not rest, no further one is fetched and converted while a week is being
# written; housekeeping makes more of them ready (`tasks.media.stocking`).
_ENOUGH_READY = 3


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was taken for a post."""

    use_id: UUID
    url: str
    alt_text: str | None


@dataclass(slots=True)
class Album:
    """What an owner has to choose from, and what rests: read once for a run, so that the database is rarely in vain
    asked for a picture that rests. It decides all the same."""

    user_id: UUID
    own: Sequence[OwnPicture] = ()
    resting: set[str] = field(default_factory=set)  # where they came from
    looks: list[str] = field(default_factory=list)

    def rests(self, source_key: str, fingerprint: str | None) -> bool:
        """Whether the business shows the same picture within 60 days, as far as this run knows."""
        if source_key in self.resting:
            return True
        return fingerprint is not None and any(differs_in(fingerprint, look) <= SAME_LOOK for look in self.looks)

    def note(self, source_key: str, fingerprint: str | None) -> None:
        """It rests from now on."""
        self.resting.add(source_key)
        if fingerprint is not None:
            self.looks.append(fingerprint)


def read_album(user_id: UUID, rights: Rights) -> Album:
    """The owner's pictures, where the plan has a library, and what rests."""
    with session(Role.WORKER) as db:
        run = db.connection().exec_driver_sql
        album = Album(user_id)
        if rights.own_media:
            own = run(query("own_pictures"), {"user_id": user_id, "limit": _MOST_OWN}).mappings()
            album.own = [OwnPicture(**row) for row in own]
        for source_key, fingerprint in run(query("resting_pictures"), {"user_id": user_id}):
            album.note(source_key, fingerprint)
    return album


class PictureFinder:
    """Finds pictures for one run."""

    def __init__(self, shelf: StockShelf, workshop: Workshop) -> None:
        self.shelf = shelf
        self.workshop = workshop

    @property
    def problem(self) -> PlatformError | None:
        """Why there may be no picture: the search failed, or what it found could not be fetched or stored."""
        return self.shelf.problem or self.workshop.problem

    async def ready(self, business_type: str, album: Album) -> bool:
        """Whether there is any picture to be had, found out before anything is written for it."""
        if any(not album.rests(_key_of(picture), picture.fingerprint) for picture in album.own):
            return True
        return await self.shelf.ready(business_type)

    async def find(
        self, business_type: str, platform: str, wanted: str, album: Album, when: datetime, *, seed: str
    ) -> Picture | None:
        """A picture for a post at `when`: the own one that rested longest, else a stock photo that fits `wanted`, else
        one that fits the trade; None when there is none. It is taken: queue its post, or let go of it.

        By `seed` two businesses of a trade get different photos.
        """
        for own in album.own:
            if not album.rests(_key_of(own), own.fingerprint) and await self.workshop.own(own):
                picture = await self._take(album, own, self._own_values(own, platform), when)
                if picture is not None:
                    return picture
        tried: set[UUID] = set()
        for words in (wanted, *trade(business_type).pictures):
            if words.strip():
                photos = await self.shelf.photos(business_type, words)
                if (picture := await self._stock(photos, album, when, seed, tried)) is not None:
                    return picture
        return await self._stock(await self.shelf.cached(business_type), album, when, seed, tried)

    async def _stock(
        self, photos: Sequence[StockPhoto], album: Album, when: datetime, seed: str, tried: set[UUID]
    ) -> Picture | None:
        rested = [p for p in photos if p.id not in tried and not album.rests(p.url, p.fingerprint)]
        shuffled = random.Random(seed).sample(rested, len(rested))
        ready = [photo for photo in shuffled if photo.key is not None]
        others = [photo for photo in shuffled if photo.key is None]
        for photo in [*ready, *others] if len(ready) >= _ENOUGH_READY else shuffled:
            tried.add(photo.id)
            if await self.workshop.stock(photo) and not album.rests(photo.url, photo.fingerprint):
                picture = await self._take(album, photo, self._stock_values(photo), when)
                if picture is not None:
                    return picture
        return None

    def _own_values(self, own: OwnPicture, platform: str) -> dict[str, Any]:
        key = own.instagram_key if platform == "instagram" and own.instagram_key else own.key
        return {
            "media_id": own.id,
            "source": "upload",
            "storage_key": key,
            "url": self.workshop.storages.url(own.place or "", key or "", otherwise=own.url),
        }

    def _stock_values(self, photo: StockPhoto) -> dict[str, Any]:
        return {
            "source": photo.source,
            "storage_key": photo.key,
            "url": self.workshop.storages.url(photo.place or "", photo.key or "", otherwise=photo.url),
            "show_url": photo.url if photo.source == "unsplash" else None,  # its guidelines ask for that
            "author": photo.author,
            "author_url": photo.author_url,
            "page_url": photo.page_url,
            "ping_url": photo.ping_url,
        }

    async def _take(
        self, album: Album, picture: OwnPicture | StockPhoto, values: Mapping[str, Any], when: datetime
    ) -> Picture | None:
        """The picture, or None when another run has it, or when its owner has just deleted it."""
        source_key = _key_of(picture)
        album.note(source_key, picture.fingerprint)
        use_id = uuid4()
        nothing = dict.fromkeys(("media_id", "show_url", "author", "author_url", "page_url", "ping_url"))
        row = nothing | {"id": use_id, "user_id": album.user_id, "source_key": source_key, "planned_for": when}
        row |= {"fingerprint": picture.fingerprint, **values}
        taken = await asyncio.to_thread(_insert, row)
        return Picture(use_id, str(values["url"]), picture.alt_text) if taken else None


def _key_of(picture: OwnPicture | StockPhoto) -> str:
    return f"media:{picture.id}" if isinstance(picture, OwnPicture) else picture.url


def _insert(row: Mapping[str, Any]) -> bool:
    try:
        with session(Role.WORKER) as db:
            return db.connection().exec_driver_sql(query("take_picture"), row).one_or_none() is not None
    except IntegrityError:
        return False


def bind(db: Session, posts: Mapping[UUID, UUID], taken: Collection[UUID]) -> None:
    """Give the queued posts their pictures (use -> post), in their transaction; let go of the other taken ones."""
    run = db.connection().exec_driver_sql
    run(query("bind_pictures"), {"uses": list(posts), "posts": list(posts.values())})
    run(query("note_own_pictures"), {"uses": list(posts)})
    run(query("release_pictures"), {"uses": list(taken)})
