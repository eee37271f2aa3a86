"""Makes stock photos ready ahead of the runs that choose from them: to convert one takes longer than to write its post.

A run that finds too few ready ones converts them itself; so whatever is left here costs time later, and nothing else.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from models.database import Role, session
from models.picture_rules import LARGEST_FETCH
from models.queries import query
from models.settings import Settings
from platforms.errors import OperatorNeeded
from platforms.safe_fetch import SafeFetcher
from tasks.batches import work_through
from tasks.media.preparing import AT_ONCE, StockPhoto, Workshop
from tasks.media.storage import Storages, trusted_origins

READY_A_SEARCH = 12  # so many businesses of a trade that want the same thing need not share a photo
PHOTOS_A_RUN = 3_000
STOCKING_SECONDS = 600.0


@dataclass(slots=True)
class Stocked:
    """What was made ready ahead."""

    photos: int = 0
    left: int = 0  # the next run goes on
    problem: str | None = None  # for a person to mend


async def stock_up(config: Settings) -> Stocked:
    """Make photos ready until every search has enough of them, those with the fewest first."""
    done = Stocked()
    async with SafeFetcher(trusted_origins(config), max_bytes=LARGEST_FETCH) as fetcher:
        workshop = Workshop(fetcher, Storages.from_settings(config))

        async def one(photo: StockPhoto) -> None:
            if await workshop.stock(photo):
                done.photos += 1
            elif not photo.refused:
                done.left += 1

        photos = await asyncio.to_thread(_wanted)
        # One is fetched while others are converted.
        not_begun = await work_through(photos, one, at_once=2 * AT_ONCE, seconds=STOCKING_SECONDS)
        done.left += not_begun  # not in one line: what `one` counts meanwhile would be lost
        if isinstance(workshop.problem, OperatorNeeded):
            done.problem = f"{workshop.problem.message}; see POSTAGENT_S3_BUCKET and POSTAGENT_S3_ACCESS_KEY_ID"
    return done


def _wanted() -> list[StockPhoto]:
    with session(Role.WORKER) as db:
        values = {"enough": READY_A_SEARCH, "limit": PHOTOS_A_RUN}
        return [
            StockPhoto(**row) for row in db.connection().exec_driver_sql(query("photos_to_stock"), values).mappings()
        ]
