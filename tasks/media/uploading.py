"""An owner's upload on its way into the library: checked, re-encoded, written down, stored, counted."""

from __future__ import annotations

import hashlib
from uuid import UUID

from models import media_library
from models.database import Role, session
from models.media_library import NewPicture
from models.picture_encoding import prepare
from models.plan_rights import Rights
from tasks.media.storage import Storages, begin_object


def keep_upload(storages: Storages, user_id: UUID, rights: Rights, *, filename: str, content: bytes) -> UUID:
    """Take a file into the library and return the picture's id. Blocks; safe to repeat.

    Raises NotAPicture, LibraryRefusal, or a PlatformError when the storage does not work: then nothing was taken, and
    what may have been stored is cleared away by housekeeping.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    with session(Role.DASHBOARD, tenant=user_id) as db:  # before any work is done for it
        media_library.check_new(db, sha256)
        media_library.check_room(db, rights)
    prepared = prepare(content)
    with session(Role.DASHBOARD, tenant=user_id) as db:
        key = begin_object(db, storages, owner=user_id)
        cropped_key = begin_object(db, storages, owner=user_id) if prepared.instagram else None
    storages.current.put(key, prepared.picture.content)
    if prepared.instagram is not None and cropped_key is not None:
        storages.current.put(cropped_key, prepared.instagram.content)
    picture = NewPicture(
        filename=media_library.clean_name(filename),
        sha256=sha256,
        prepared=prepared,
        url=storages.current.url(key),
        storage_key=key,
        instagram_key=cropped_key,
    )
    with session(Role.DASHBOARD, tenant=user_id) as db:
        return media_library.add(db, user_id, rights, picture)
