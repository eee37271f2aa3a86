"""The Prefect task around one publishing window, and how its parts are put together from the settings."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from prefect import task
from prefect.cache_policies import NO_CACHE

from models import database
from models.publishing import percentile
from models.settings import Settings, settings
from platforms.base import Platform
from tasks import wiring
from tasks.own_loop import Stop, in_own_loop
from tasks.publishing.access import Access
from tasks.publishing.preparations import DiscardReport, discard
from tasks.publishing.publisher import Publisher, WindowReport, WindowSettings
from tasks.publishing.steps import Limits, Steps
from tasks.publishing.store import Store
from tasks.quotas.gate import Gate
from tasks.quotas.pacing import Pacer

NEVER = 10 * 365 * 86_400.0  # seconds; what is unseen and does not vanish by itself


def worker_name() -> str:
    """Names this process in leases and stories: machine, process, and a part that tells restarts apart."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid4().hex[:6]}"


async def open_window(
    url: str, config: Settings, platforms: Mapping[str, Platform], *, window_seconds: float, stop: Stop | None = None
) -> WindowReport:
    """Run one publishing window against the database at `url` with the given platforms. `stop` drains it."""
    async with Store.open(url, worker=worker_name(), lease_seconds=config.publish_lease_seconds) as store:
        limits = Limits(
            timeout=config.publish_timeout_seconds,
            settle=config.reconcile_settle_seconds,
            missed_after=timedelta(hours=config.missed_after_hours),
        )
        window = WindowSettings(
            window=window_seconds,
            concurrency=config.publish_concurrency,
            prepare_ahead=config.prepare_ahead_seconds,
            settle=config.reconcile_settle_seconds,
            missed_after=limits.missed_after.total_seconds(),
            prepares=tuple(name for name, platform in platforms.items() if platform.capabilities.prepares),
            platforms=frozenset(platforms),
            alive=min((p.capabilities.handles_live_seconds or NEVER for p in platforms.values()), default=NEVER),
        )

        async def tidy() -> DiscardReport:
            return await discard(store.rows, platforms, timeout_seconds=config.publish_timeout_seconds)

        pacer = Pacer(store.rows, wiring.budgets(config))
        gate = Gate(store, platforms, pacer, timeout=config.publish_timeout_seconds)
        steps = Steps(store, platforms, Access(platforms), limits, gate)
        publisher = Publisher(url, store, steps, window, tidy)
        if stop is None:
            return await publisher.run()
        stop.listen(publisher.drain)
        try:
            return await publisher.run()
        finally:
            stop.listen(None)


@task(name="publish window", cache_policy=NO_CACHE, retries=0)
async def publish_window(window_seconds: float) -> WindowReport:
    """One window as one Prefect task. Never retried by Prefect: the only retry of a publish is the database's."""
    config = settings()

    async def work(stop: Stop) -> WindowReport:
        async with wiring.open_platforms(config) as platforms:
            url = database.database_url(config)
            return await open_window(url, config, platforms, window_seconds=window_seconds, stop=stop)

    return await in_own_loop(work)


def summary(report: WindowReport) -> str:
    """One line: what happened, and how late."""
    counts = report.counts
    words = {
        "published": "published",
        "processing": "shown later by the platform",
        "refused": "refused",
        "missed": "missed",
        "later": "tried again later",
        "paced": "waiting for room in a quota",
        "in_doubt": "in doubt",
        "absent": "proved absent and sent again",
        "reconnect": "waiting for a reconnect",
        "operator": "waiting for the operator",
        "lost": "handed over",
    }
    parts = [f"{counts[key]} {text}" for key, text in words.items() if counts[key]]
    if report.discarded:
        parts.append(f"{report.discarded} unwanted preparations deleted")
    if report.latenesses:
        p50, p99 = (percentile(report.latenesses, share) * 1000 for share in (0.5, 0.99))
        parts.append(f"lateness p50 {p50:.0f} ms, p99 {p99:.0f} ms")
    return ", ".join(parts) or "nothing was due"


def rows(report: WindowReport) -> list[dict[str, Any]]:
    """The run's table, newest last. Links are Markdown."""
    return [
        {
            "post": result.post_id,
            "platform": result.platform,
            "account": result.account,
            "outcome": result.outcome,
            "late by": "" if result.lateness is None else f"{result.lateness * 1000:.0f} ms",
            "what": result.message,
            "link": f"[open]({result.link})" if result.link else "",
        }
        for result in report.results
    ]


def operator_problem(report: WindowReport) -> str | None:
    """Why a person has to act on our own set-up; None when nobody has to."""
    messages = sorted({r.message for r in report.results if r.outcome == "operator"})
    messages += [f"a post that nobody wanted is visible: {post}" for post in report.live_by_mistake]
    return "; ".join(messages) or None
