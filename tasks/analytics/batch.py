"""The deployment's three steps as Prefect tasks. None is retried by Prefect: what failed is due again by itself."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from prefect import task
from prefect.cache_policies import NO_CACHE

from models.base import utc_now
from models.settings import settings
from tasks.analytics import store
from tasks.analytics.collecting import Collected, Collector
from tasks.batches import counted
from tasks.wiring import open_platforms

MOST_ACCOUNTS = 10_000
SNAPSHOT_SECONDS = 1_500.0  # the next run comes after an hour
LOCATION_SECONDS = 900.0
READ_LOCATIONS_AFTER = timedelta(hours=20)  # once a day, at whatever hour the runs fall


@task(name="take due snapshots", cache_policy=NO_CACHE, retries=0)
async def take_due_snapshots() -> Collected:
    """A snapshot of every published post whose time has come, and the rollup of the days they belong to."""
    now = utc_now()
    accounts = await asyncio.to_thread(store.accounts_due, now, MOST_ACCOUNTS)
    async with open_platforms(settings()) as platforms:
        return await Collector(platforms, now, seconds=SNAPSHOT_SECONDS).snapshots(accounts)


@task(name="read locations", cache_policy=NO_CACHE, retries=0)
async def read_locations() -> Collected:
    """The daily numbers of every location that was not read for most of a day."""
    now = utc_now()
    async with open_platforms(settings()) as platforms:
        names = [name for name, platform in platforms.items() if platform.capabilities.location_metrics]
        due = await asyncio.to_thread(store.locations_due, names, now - READ_LOCATIONS_AFTER, MOST_ACCOUNTS)
        return await Collector(platforms, now, seconds=LOCATION_SECONDS).locations(due)


@task(name="roll up moved days", cache_policy=NO_CACHE, retries=0)
async def roll_up_moved_days() -> int:
    """Days of owners who changed their zone, made anew; how many accounts."""
    return await asyncio.to_thread(store.roll_up_moved_days, utc_now(), MOST_ACCOUNTS)


def summary(snapshots: Collected, locations: Collected, moved: int) -> str:
    """One line: what was read, and what was not."""
    done = snapshots.counts
    parts = [f"{counted(done['snapshots'], 'snapshot')} of {counted(done['posts'], 'post')}"] if done["posts"] else []
    if locations.counts["locations"]:
        parts.append(counted(locations.counts["locations"], "location"))
    if moved:
        parts.append(f"{counted(moved, 'account')} counted anew")
    return "; ".join([", ".join(parts) or "no numbers were due", *snapshots.trouble(), *locations.trouble()])
