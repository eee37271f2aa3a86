"""What has to be cleared away once a day: orphans on the platforms, and rows that tell nothing any more."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from prefect import task
from prefect.cache_policies import NO_CACHE

from models.base import utc_now
from models.database import Role, database_url, session
from models.queries import query
from models.settings import settings
from platforms import http as transport
from tasks import wiring
from tasks.batches import counted
from tasks.media.stocking import Stocked, stock_up
from tasks.media.storage import Storages
from tasks.media.tidying import MediaTidied, delete_orphans, ping_downloads, release_abandoned
from tasks.owners.erasing import finish_begun
from tasks.publishing.preparations import DiscardReport, SweepReport, discard, sweep
from tasks.publishing.store import Store
from tasks.publishing.window import worker_name

HANDLES_KEPT_DAYS = 30
SESSIONS_KEPT_DAYS = 30
MAILS_KEPT_DAYS = 30
DISCARDS_A_RUN = 5_000
BATCH = 100


@dataclass(slots=True)
class Tidied:
    """What a run did on the platforms."""

    swept: SweepReport = field(default_factory=SweepReport)
    discarded: DiscardReport = field(default_factory=DiscardReport)


@task(name="tidy platforms", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=30)
async def tidy_platforms() -> Tidied:
    """Find orphans, then delete all that nobody wants. Safe to repeat: what is deleted already is no error."""
    config = settings()
    timeout = config.publish_timeout_seconds
    done = Tidied()
    async with (
        wiring.open_platforms(config) as platforms,
        Store.open(database_url(config), worker=worker_name(), lease_seconds=config.publish_lease_seconds) as store,
    ):
        done.swept = await sweep(store.rows, platforms, now=utc_now(), timeout_seconds=timeout)
        for _ in range(DISCARDS_A_RUN // BATCH):
            part = await discard(store.rows, platforms, timeout_seconds=timeout, batch=BATCH)
            done.discarded.add(part)
            if not part.taken:
                break
    return done


@task(name="tidy pictures", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=30)
async def tidy_pictures() -> MediaTidied:
    """Delete files that nobody needs, and send the thanks that are owed. Safe to repeat."""
    config = settings()
    await asyncio.to_thread(release_abandoned)
    done = await asyncio.to_thread(lambda: delete_orphans(Storages.from_settings(config)))
    async with transport.client() as http:
        return await ping_downloads(config, http, done)


@task(name="stock up photos", cache_policy=NO_CACHE, retries=0)
async def stock_up_photos() -> Stocked:
    """Make stock photos ready ahead of the weeks that will show them. What is left is the next run's."""
    return await stock_up(settings())


@task(name="finish erasing owners", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=30)
async def finish_erasing() -> int:
    """Go on with deletions of owners whose beginner died; how many are gone. Safe to repeat."""
    return await finish_begun(settings())


@task(name="forget old rows", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=30)
async def forget_old_rows() -> dict[str, int]:
    """Delete what is over: ids of long published posts, sessions, login attempts, mails, choices that nobody made.

    Returns how many of each.
    """
    return await asyncio.to_thread(_forget)


def _forget() -> dict[str, int]:
    with session(Role.WORKER) as db:
        handles = db.connection().exec_driver_sql(query("prune_handles"), {"days": HANDLES_KEPT_DAYS}).rowcount
    with session(Role.ACCESS) as db:
        sessions = db.connection().exec_driver_sql(query("prune_sessions"), {"days": SESSIONS_KEPT_DAYS}).rowcount
        attempts = db.connection().exec_driver_sql(query("prune_login_attempts"), {"days": 1}).rowcount
        mails = db.connection().exec_driver_sql(query("prune_mails"), {"days": MAILS_KEPT_DAYS}).rowcount
        ways = db.connection().exec_driver_sql(query("prune_connect_attempts")).rowcount
    return {
        "handles": handles,
        "sessions": sessions,
        "login attempts": attempts,
        "mails": mails,
        "ways to a platform": ways,
    }


def summary(
    done: Tidied, media: MediaTidied, stocked: Stocked, forgotten: dict[str, int], moved: int, erased: int
) -> str:
    """One line; `moved` is how many posts were given the instant that their wall-clock time has now, `erased` how many
    owners whose deletion stood half done are gone."""
    parts = []
    if erased:
        parts.append(f"{counted(erased, 'owner')} erased whose deletion stood half done")
    if done.swept.orphans:
        parts.append(f"{done.swept.orphans} orphans found on {done.swept.accounts} accounts")
    if done.discarded.deleted:
        parts.append(f"{done.discarded.deleted} unwanted preparations deleted")
    if done.discarded.later:
        parts.append(f"{done.discarded.later} to be deleted later")
    if done.swept.failed or done.swept.left:
        parts.append(f"{done.swept.failed + done.swept.left} accounts not swept")
    if media.files:
        parts.append(f"{media.files} files deleted that no post or library needs")
    if media.pings:
        parts.append(f"{media.pings} downloads told to Unsplash")
    if media.files_left or media.pings_left:
        parts.append(f"{media.files_left} files and {media.pings_left} downloads left for the next run")
    if stocked.photos:
        parts.append(f"{stocked.photos} stock photos made ready")
    if stocked.left:
        parts.append(f"{stocked.left} stock photos not ready yet")
    parts += [f"{number} old {name} forgotten" for name, number in forgotten.items() if number]
    if moved:
        parts.append(f"{moved} waiting posts kept on their owners' clocks")
    return ", ".join(parts) or "nothing to clear away"
