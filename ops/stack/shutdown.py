"""Stops the house so that nothing is lost: no new runs, windows drained, then each part before what it needs."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import httpx
import psutil
import psycopg

from models import embedded_postgres
from models.publish_control import request_drain
from ops.stack.house import House
from ops.stack.record import leftovers, stop_all

DRAIN_SECONDS = 15.0
PATIENCE_SECONDS = 8.0


async def stop_in_order(house: House) -> None:
    """Pause, drain, wait (bounded), then stop worker, dashboard and sandbox, Prefect's server, PostgreSQL."""
    say = house.progress.say
    server = house.children.get("prefect-server")
    if server is not None and server.running:
        say("stopping: no new runs, publishing windows finish their calls ...")
        with suppress(httpx.HTTPError):
            await house.api.pause()
            await _drain(house)
    await _stop(house, "worker")
    if server is not None and server.running:
        with suppress(httpx.HTTPError):
            await house.clear_stale_runs("PostAgent was stopped while it ran; the next run goes on where it was.")
    await asyncio.gather(*(_stop(house, name) for name in ("dashboard", "sandbox", "prefect-server")))
    await finish(house, patience=PATIENCE_SECONDS)


async def _drain(house: House) -> None:
    deadline = time.monotonic() + DRAIN_SECONDS
    # Runs that are only about to begin have nothing to finish: they end with the worker.
    while running := await house.api.runs(["RUNNING", "CANCELLING"]):
        if house.database_url is not None:  # asked again and again: a window that just begins must hear it too
            with suppress(psycopg.Error):
                await asyncio.to_thread(request_drain, house.database_url)
        if time.monotonic() > deadline:
            names = ", ".join(sorted(str(run["name"]) for run in running))
            house.progress.say(f"still running after {DRAIN_SECONDS:.0f} s, stopped now: {names}")
            return
        await asyncio.sleep(0.5)


async def _stop(house: House, name: str) -> None:
    child = house.children.get(name)
    if child is not None and child.running and not await child.stop(patience=PATIENCE_SECONDS):
        house.progress.say(f"{name} did not end within {PATIENCE_SECONDS:.0f} s and was killed")


async def kill_everything(house: House) -> None:
    """At once, in any order. What was under way is settled by the next start."""
    await asyncio.gather(*(child.kill() for child in house.children.values()))
    await finish(house, patience=0)


async def finish(house: House, *, patience: float) -> None:
    """Flow runs that outlived their worker, then the embedded PostgreSQL, then our own connections."""
    await asyncio.to_thread(lambda: stop_all(leftovers(house.home), patience=patience))
    if house.embedded:
        with suppress(psutil.Error):
            await asyncio.to_thread(embedded_postgres.stop, house.home)
    house.record.children = []
    house.record.ready = False
    house.record.save(house.home)
    await house.close()
