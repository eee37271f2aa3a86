"""Where our pictures lie so that platforms can fetch them: an S3-compatible bucket, or a folder of the dashboard's.

Everything in it is a JPEG that we made, under a key that cannot be guessed and is never written twice: what a platform
fetches tomorrow is what was checked today. Cloudflare R2 sets the terms: path style, region "auto", no checksum headers
beyond the signature (obstore adds none), at most one write a second to a key.
"""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.store import LocalStore, MemoryStore, S3Store
from pydantic import SecretStr

from platforms.errors import OperatorNeeded, PlatformError, TryLater

CONTENT_TYPE = "image/jpeg"
CACHE_CONTROL = "public, max-age=31536000, immutable"
LOCAL = "local"
FOLDER_ROUTE = "/m"  # below PUBLIC_URL
KEY = re.compile(r"[A-Za-z0-9_-]{43}\.jpg")
TIMEOUT_SECONDS = 20.0
RETRIES = 2


def new_key() -> str:
    """A name that nobody can guess: 32 random bytes."""
    return f"{secrets.token_urlsafe(32)}.jpg"


class ObjectStorage:
    """One place for files. Its calls block: run them in a thread. All raise a PlatformError; ValueError for a
    key that is none of ours."""

    def __init__(self, store: LocalStore | S3Store | MemoryStore, *, place: str, public_url: str) -> None:
        """`place` names it in the database; files are reached below `public_url`."""
        self._store = store
        self.place = place
        self._public_url = public_url.rstrip("/")

    def url(self, key: str) -> str:
        """Where everybody can fetch the file."""
        return f"{self._public_url}/{key}"

    def put(self, key: str, content: bytes) -> None:
        """Store a file under a new key. Safe to repeat; after an error it may be there or not."""
        path = _checked(key)
        attributes = {"Content-Type": CONTENT_TYPE, "Cache-Control": CACHE_CONTROL}
        try:
            if isinstance(self._store, LocalStore):  # a folder keeps no types; who serves it knows that all are JPEG
                obstore.put(self._store, path, content, use_multipart=False)
            else:
                obstore.put(self._store, path, content, attributes=attributes, use_multipart=False)
        except Exception as error:
            raise _failure("stored", error) from None

    def get(self, key: str) -> bytes | None:
        """The file; None when there is none."""
        path = _checked(key)
        try:
            return bytes(obstore.get(self._store, path).bytes())
        except FileNotFoundError:
            return None
        except Exception as error:
            raise _failure("read", error) from None

    def delete(self, key: str) -> None:
        """Delete the file; quiet where it is gone."""
        path = _checked(key)
        try:
            obstore.delete(self._store, path)
        except FileNotFoundError:
            return
        except Exception as error:
            raise _failure("deleted", error) from None


def local_storage(folder: Path, *, public_url: str) -> ObjectStorage:
    """A folder, made when it is not there, whose files the dashboard at `public_url` serves."""
    try:
        store = LocalStore(folder, mkdir=True)
    except Exception as error:
        raise _failure("opened", error) from None
    return ObjectStorage(store, place=LOCAL, public_url=f"{public_url.rstrip('/')}{FOLDER_ROUTE}")


def s3_storage(
    *,
    endpoint_url: str,
    bucket: str,
    access_key_id: SecretStr,
    secret_access_key: SecretStr,
    public_url: str,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> ObjectStorage:
    """A bucket. `timeout_seconds` bounds one request; it is tried three times, within twice that time."""
    store = S3Store(
        bucket,
        endpoint=endpoint_url,
        region="auto",
        access_key_id=access_key_id.get_secret_value(),
        secret_access_key=secret_access_key.get_secret_value(),
        virtual_hosted_style_request=False,
        client_options={
            "timeout": timedelta(seconds=timeout_seconds),
            "connect_timeout": timedelta(seconds=min(5.0, timeout_seconds)),
            "allow_http": endpoint_url.startswith("http://"),
        },
        retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=2 * timeout_seconds)},
    )
    return ObjectStorage(store, place=f"s3:{bucket}", public_url=public_url)


def _checked(key: str) -> str:
    """Keys are ours alone: no path leads out of the folder."""
    if not KEY.fullmatch(key):
        raise ValueError("no key of ours")
    return key


def _failure(verb: str, error: Exception) -> PlatformError:
    """By class; obstore's texts hold whole requests, so nothing of them is told."""
    name = type(error).__name__
    if isinstance(error, PermissionError) or "Permission" in name or "Unauthenticated" in name:
        return OperatorNeeded(f"the media storage does not let us in: no picture can be {verb}", code="storage_denied")
    if isinstance(error, FileNotFoundError):
        return OperatorNeeded(f"the media storage's bucket does not exist: no picture can be {verb}", code="no_bucket")
    return TryLater(f"the media storage does not work: a picture cannot be {verb} ({name})", code="storage")
