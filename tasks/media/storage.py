"""The media storage that the settings name, and how a file gets into it: written down first, so that none is lost."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import SecretStr
from sqlmodel import Session

from models.queries import query
from models.settings import SERVICES, Settings
from platforms.address_rules import Origin, origin_of
from platforms.object_storage import LOCAL, ObjectStorage, local_storage, new_key, s3_storage


def media_folder(config: Settings) -> Path:
    """Where the embedded set-up keeps pictures."""
    return config.home.expanduser().resolve() / "media"


class Storages:
    """The storage that new files go to, and the folder that held them before a bucket was set up."""

    def __init__(self, current: ObjectStorage, local: ObjectStorage) -> None:
        self.current = current
        self._local = local

    @classmethod
    def from_settings(cls, config: Settings) -> Storages:
        """The bucket where one is set, else the folder below HOME. Nothing is asked yet. Raises a PlatformError."""
        local = local_storage(media_folder(config), public_url=config.public_url)
        if not (config.s3_endpoint_url and config.s3_bucket and config.s3_public_url):
            return cls(local, local)  # the settings see to it that all of them are set, or none
        bucket = s3_storage(
            endpoint_url=config.s3_endpoint_url,
            bucket=config.s3_bucket,
            access_key_id=config.s3_access_key_id or SecretStr(""),
            secret_access_key=config.s3_secret_access_key or SecretStr(""),
            public_url=config.s3_public_url,
        )
        return cls(bucket, local)

    @property
    def places(self) -> list[str]:
        """The names of all."""
        return list({self.current.place, self._local.place})

    def at(self, place: str) -> ObjectStorage | None:
        """The storage of that name; None for one that the settings no longer name."""
        return self.current if place == self.current.place else self._local if place == LOCAL else None

    def url(self, place: str, key: str, otherwise: str = "") -> str:
        """A file's address by today's settings; `otherwise` for a place that they no longer name."""
        storage = self.at(place)
        return storage.url(key) if storage is not None else otherwise


def begin_object(db: Session, storages: Storages, *, owner: UUID | None) -> str:
    """Write down a file that is about to be stored, and return its key. Commit before it is stored."""
    key = new_key()
    db.connection().exec_driver_sql(
        query("begin_object"), {"key": key, "user_id": owner, "place": storages.current.place}
    )
    return key


def trusted_origins(config: Settings) -> Collection[Origin]:
    """Origins that the operator gave in place of the real services: what they serve is fetched wherever they are."""
    given = [getattr(config, name) for name, (_, real) in SERVICES.items() if getattr(config, name) != real]
    given += [url for url in (config.sandbox_url, config.s3_public_url) if url]
    return frozenset(origin_of(url) for url in given if urlsplit(url).hostname)
