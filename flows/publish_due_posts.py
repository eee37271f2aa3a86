"""Publishes posts at the second they were meant for.

A run is a window, not a tick: it watches for `PUBLISH_WINDOW_SECONDS` while the next run's window already overlaps it.
Any number of runs may overlap, start late or die: only the database decides who publishes what.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from models.settings import settings
from tasks.publishing.window import operator_problem, publish_window, rows, summary
from tasks.reporting import job, table


def _run_name() -> str:
    return f"publish from {datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z"


@flow(name="publish-due-posts", flow_run_name=_run_name)
async def publish_due_posts(window_seconds: float | None = None) -> State[Any]:
    """Watch for `window_seconds` (the setting when not given; 0 = what is due now) and publish what comes due."""
    window = settings().publish_window_seconds if window_seconds is None else window_seconds
    async with job("publish-due-posts") as report:
        done = await publish_window(window)
        report.summary = summary(done)
        await table("published-posts", rows(done), f"Posts of this window: {report.summary}")
        get_run_logger().info(report.summary)
        report.problem = operator_problem(done)
    if report.problem:
        return Failed(message=f"A person has to mend this: {report.problem}")
    return Completed(message=report.summary)
