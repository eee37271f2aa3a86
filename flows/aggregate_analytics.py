"""Collects the numbers that are due and keeps the daily rollup that dashboards read.

Safe to run late, twice, or on several machines at once: each due post is claimed by one run, and a rollup is always
made from the latest snapshot of each post.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from prefect import State, flow, get_run_logger
from prefect.states import Completed, Failed

from tasks.analytics.batch import read_locations, roll_up_moved_days, summary, take_due_snapshots
from tasks.reporting import job, table


def _run_name() -> str:
    return f"aggregate analytics {datetime.now(UTC):%Y-%m-%d %H:%M}Z"


@flow(name="aggregate-analytics", flow_run_name=_run_name)
async def aggregate_analytics() -> State[Any]:
    """Read what is due. Failed only when our own set-up has to be mended."""
    async with job("aggregate-analytics") as report:
        snapshots = await take_due_snapshots()
        locations = await read_locations()
        moved = await roll_up_moved_days()
        report.summary = summary(snapshots, locations, moved)
        rows = snapshots.table.told() + locations.table.told()
        await table("collected-numbers", rows, f"Accounts of this run: {report.summary}")
        get_run_logger().info(report.summary)
        report.problem = snapshots.problems.line or locations.problems.line
    if report.problem:
        return Failed(message=f"A person has to mend this: {report.problem}")
    return Completed(message=report.summary)
