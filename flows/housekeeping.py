"""Clears away what nobody wants any more: unseen posts on the platforms, files of pictures, rows. And it looks whether
what waits still stands where its owner's clock says, after a zone or its rules changed. And it makes stock photos ready
for the weeks to come.

Safe to run late, twice, or on several machines at once: deleting what is gone is no error.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from prefect import State, flow, get_run_logger
from prefect.states import Completed, Failed

from tasks.content.wall_clock import keep_wall_clock_times
from tasks.housekeeping import (
    finish_erasing,
    forget_old_rows,
    stock_up_photos,
    summary,
    tidy_pictures,
    tidy_platforms,
)
from tasks.reporting import job


def _run_name() -> str:
    return f"housekeeping {datetime.now(UTC):%Y-%m-%d %H:%M}Z"


@flow(name="housekeeping", flow_run_name=_run_name)
async def housekeeping() -> State[Any]:
    """Clear away. Failed only when a person has to act: something is visible that should not be, a key is refused."""
    async with job("housekeeping") as report:
        erased = await finish_erasing()
        done = await tidy_platforms()
        media = await tidy_pictures()
        forgotten, moved = await forget_old_rows(), await keep_wall_clock_times()
        stocked = await stock_up_photos()  # last: nothing waits for it
        report.summary = summary(done, media, stocked, forgotten, moved, erased)
        get_run_logger().info(report.summary)
        report.problem = done.discarded.problem or media.problem or stocked.problem
    if report.problem:
        return Failed(message=f"A person has to look at this: {report.problem}")
    return Completed(message=report.summary)
