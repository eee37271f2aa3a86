"""Renews access tokens ahead of their end, so that no post waits for one.

Safe to run late, twice, or on several machines at once: each account has one refresher at a time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from prefect import State, flow, get_run_logger
from prefect.states import Completed, Failed

from tasks.reporting import job, table
from tasks.tokens.batch import refresh_due_tokens


def _run_name() -> str:
    return f"refresh tokens {datetime.now(UTC):%Y-%m-%d %H:%M}Z"


@flow(name="refresh-tokens", flow_run_name=_run_name)
async def refresh_tokens() -> State[Any]:
    """Renew what is near its end. Failed only when our own set-up has to be mended."""
    async with job("refresh-tokens") as report:
        done = await refresh_due_tokens()
        report.summary = done.summary
        await table("refreshed-tokens", done.rows, f"Connections of this run: {done.summary}")
        get_run_logger().info(done.summary)
        report.problem = done.problem
    if report.problem:
        return Failed(message=f"A person has to mend this: {report.problem}")
    return Completed(message=done.summary)
