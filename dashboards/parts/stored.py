"""Where the browser finds a picture that is stored with us."""

from __future__ import annotations

from typing import Any

from platforms.object_storage import FOLDER_ROUTE, LOCAL
from tasks.media.storage import Storages


def shown_at(storages: Storages, row: Any) -> str:
    """The address of a row with `storage_key` and `place`; its `url` where it is not stored with us.

    Ours by its path alone: it is shown under whatever name the dashboard is reached by.
    """
    if row.place == LOCAL:
        return f"{FOLDER_ROUTE}/{row.storage_key}"
    url = str(getattr(row, "url", ""))
    return storages.url(row.place, row.storage_key, otherwise=url) if row.storage_key else url
