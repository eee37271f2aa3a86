"""Renews access tokens ahead of their end, then looks at the accounts whose posts come up: no post waits for either.
Mails that could not be sent at once (to confirm an address, for a forgotten password) are sent here too.

Safe to run late, twice, or on several machines at once: each account has one refresher and each mail one sender at a
time, and a look changes nothing at the platform.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from prefect import State, flow, get_run_logger
from prefect.states import Completed, Failed

from tasks.mails.batch import send_waiting_mails
from tasks.reporting import job, table
from tasks.tokens.batch import refresh_due_tokens
from tasks.tokens.preflight import check_accounts_ahead


def _run_name() -> str:
    return f"refresh tokens {datetime.now(UTC):%Y-%m-%d %H:%M}Z"


@flow(name="refresh-tokens", flow_run_name=_run_name)
async def refresh_tokens() -> State[Any]:
    """Renew what is near its end, check what is needed soon. Failed only when our own set-up has to be mended."""
    async with job("refresh-tokens") as report:
        refreshed = await refresh_due_tokens()
        await table("refreshed-tokens", refreshed.rows, f"Connections of this run: {refreshed.summary}")
        checked = await check_accounts_ahead()
        await table("checked-accounts", checked.rows, f"Looked at ahead of their posts: {checked.summary}")
        mails = await send_waiting_mails()
        report.summary = f"tokens: {refreshed.summary}; ahead of posts: {checked.summary}"
        if mails.count:
            report.summary += f"; mails: {mails.summary}"
        get_run_logger().info(report.summary)
        report.problem = (
            "; ".join(dict.fromkeys(filter(None, (refreshed.problem, checked.problem, mails.problem)))) or None
        )
    if report.problem:
        return Failed(message=f"A person has to mend this: {report.problem}")
    return Completed(message=report.summary)
