"""What pictures leave behind: files that nothing refers to, choices of runs that died, thanks that are still owed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx

from models.database import Role, session
from models.queries import query
from models.settings import Settings
from platforms.errors import OperatorNeeded, PlatformError, Refused
from platforms.stock_photos import Unsplash
from tasks.media.storage import Storages

# An upload is over within minutes, a run within an hour.
ORPHAN_SECONDS = 3_600.0
ABANDONED_SECONDS = 24 * 3_600.0
FILES_A_RUN = 10_000
BATCH = 200
PINGS_A_RUN = 500
_ENOUGH_FAILURES = 5


@dataclass(slots=True)
class MediaTidied:
    """What was cleared away."""

    files: int = 0
    files_left: int = 0  # the storage did not let go of them; the next run tries again
    pings: int = 0
    pings_left: int = 0
    problem: str | None = None  # for a person to mend


def delete_orphans(storages: Storages) -> MediaTidied:
    """Delete files that nothing refers to, then their rows: in this order a kill loses no trace of a file. Blocks."""
    done = MediaTidied()
    stuck: list[str] = []
    while done.files < FILES_A_RUN and len(stuck) < _ENOUGH_FAILURES:
        found = _rows("orphaned_objects", age=ORPHAN_SECONDS, places=storages.places, limit=BATCH)
        orphans = [row for row in found if row.key not in stuck]
        if not orphans:
            break
        for row in orphans:
            storage = storages.at(row.place)
            try:
                if storage is not None:
                    storage.delete(row.key)
            except PlatformError as error:
                stuck.append(row.key)
                done.problem = error.message if isinstance(error, OperatorNeeded) else done.problem
                if len(stuck) >= _ENOUGH_FAILURES:
                    break
                continue
            _run("forget_object", key=row.key)
            done.files += 1
    done.files_left = len(stuck)
    return done


def release_abandoned() -> int:
    """Let go of pictures that were chosen for posts which were never queued; returns how many."""
    return _run("release_abandoned_pictures", age=ABANDONED_SECONDS)


async def ping_downloads(config: Settings, http: httpx.AsyncClient, done: MediaTidied) -> MediaTidied:
    """Tell Unsplash which of its photos are used now, as its guidelines ask. What fails is due again an hour later.

    Without its key nothing is called: it stays due until there is one.
    """
    if config.unsplash_access_key is None:
        return done
    unsplash = Unsplash(http, base_url=config.unsplash_url, access_key=config.unsplash_access_key)
    failures = 0
    for row in await asyncio.to_thread(_rows, "claim_pings", limit=PINGS_A_RUN):
        try:
            await unsplash.ping_download(row.ping_url)
        except Refused:  # it will never want to know
            await asyncio.to_thread(_run, "ping_done", id=row.id)
        except PlatformError as error:
            done.pings_left += 1
            failures += 1
            if isinstance(error, OperatorNeeded):
                done.problem = f"{error.message}; see POSTAGENT_UNSPLASH_ACCESS_KEY"
            if isinstance(error, OperatorNeeded) or failures >= _ENOUGH_FAILURES:
                break
        else:
            done.pings += 1
            await asyncio.to_thread(_run, "ping_done", id=row.id)
    return done


def _rows(name: str, **values: Any) -> Any:
    with session(Role.WORKER) as db:
        return db.connection().exec_driver_sql(query(name), values).all()


def _run(name: str, **values: Any) -> int:
    with session(Role.WORKER) as db:
        return db.connection().exec_driver_sql(query(name), values).rowcount
