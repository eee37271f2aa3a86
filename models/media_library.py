"""The owner's pictures: how many there may be, and the changes that an owner can make. As the dashboard's role.

Row-level security keeps every statement to the owner whose transaction it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlmodel import Session

from models.picture_encoding import MIME_TYPE, Prepared
from models.plan_rights import MEGABYTE, Rights
from models.queries import query
from models.texts import INVISIBLE, one_line

LONGEST_NAME = 120
LONGEST_ALT_TEXT = 1_000  # Instagram's limit


class LibraryRefusal(Exception):
    """A picture is not taken; the text is in the owner's words, `code` is one word."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPicture:
    """A picture that is stored already. `url` is where `storage_key` can be fetched."""

    filename: str
    sha256: str
    prepared: Prepared
    url: str
    storage_key: str
    instagram_key: str | None


def clean_name(filename: str) -> str:
    """A file's name as it can be shown: no folders, no invisible signs, not too long."""
    name = " ".join(INVISIBLE.sub("", filename.replace("\\", "/").rsplit("/", 1)[-1]).split())
    return name[:LONGEST_NAME] or "picture"


def check_room(session: Session, rights: Rights, *, size_bytes: int = 0) -> None:
    """Raises LibraryRefusal when the plan has no library, or no room for one more picture of this size."""
    if not rights.own_media:
        raise LibraryRefusal("plan", "Your own pictures are part of Pro and Premium.")
    used = session.connection().exec_driver_sql(query("dashboard_media_used")).one()
    if used.pictures >= rights.media_pictures:
        raise LibraryRefusal("full", f"Your plan has room for {rights.media_pictures:,} pictures. Delete some first.")
    if used.bytes + size_bytes > rights.media_bytes:
        room = rights.media_bytes // MEGABYTE
        raise LibraryRefusal("full", f"Your plan has room for {room:,} MB of pictures. Delete some first.")


def check_new(session: Session, sha256: str) -> None:
    """Raises LibraryRefusal when the owner has this very file already."""
    if session.connection().exec_driver_sql(query("library_has_file"), {"sha256": sha256}).scalar_one():
        raise LibraryRefusal("known", "You have this picture already.")


def add(session: Session, user_id: UUID, rights: Rights, picture: NewPicture) -> UUID:
    """Put a stored picture into the library. Uploads of one owner wait for each other here, so limits are exact.

    Raises LibraryRefusal; then the stored files belong to nobody and are cleared away.
    """
    run = session.connection().exec_driver_sql
    run(query("lock_library"), {"user_id": user_id})
    check_new(session, picture.sha256)
    check_room(session, rights, size_bytes=picture.prepared.size_bytes)
    media_id = uuid4()
    run(
        query("add_to_library"),
        {
            "id": media_id,
            "user_id": user_id,
            "filename": picture.filename,
            "url": picture.url,
            "size_bytes": picture.prepared.size_bytes,
            "mime_type": MIME_TYPE,
            "storage_key": picture.storage_key,
            "instagram_key": picture.instagram_key,
            "width": picture.prepared.picture.width,
            "height": picture.prepared.picture.height,
            "sha256": picture.sha256,
            "fingerprint": picture.prepared.fingerprint,
        },
    )
    return media_id


def describe(session: Session, media_id: UUID, alt_text: str) -> None:
    """Say what a picture shows; an empty text takes it away. Quiet where the picture is gone."""
    words = one_line(alt_text)[:LONGEST_ALT_TEXT]
    values = {"id": media_id, "alt_text": words or None}
    session.connection().exec_driver_sql(query("describe_media"), values)


def delete(session: Session, media_id: UUID) -> None:
    """Take a picture out of the library; quiet where it is gone."""
    session.connection().exec_driver_sql(query("delete_media"), {"id": media_id})
