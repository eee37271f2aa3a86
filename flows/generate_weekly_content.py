"""Writes the posts that owners miss until the end of next week.

Weekly for everybody, and for one owner on demand; every hour it queues what batches have written. Safe to run late,
twice, or on several machines at once: a slot is filled by one post, and what is there stays as it is.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from prefect import State, flow, get_run_logger, runtime
from prefect.states import Completed, Failed

from models.calendar_slots import week_of, zone
from models.settings import settings
from tasks.content.generation import BadRequest, asked_for, write_missing_weeks
from tasks.content.plan import business_name
from tasks.content.report import cost_rows, rows_of
from tasks.reporting import job, table


def _run_name() -> str:
    asked = runtime.flow_run.parameters
    if asked.get("only_batches"):
        return "collect what batches have written"
    week = asked.get("week_start") or week_of(datetime.now(UTC), zone("UTC")) + timedelta(weeks=1)
    return f"generate week of {week} for {business_name(asked.get('user_id'))}"


@flow(name="generate-weekly-content", flow_run_name=_run_name)
async def generate_weekly_content(
    user_id: str | None = None, week_start: date | None = None, only_batches: bool = False
) -> State[Any]:
    """Write for everybody or one user, this and next week or only that of `week_start` (a Monday), or queue only what
    batches have written.

    Failed only when a person has to act: a wrong key, no money, an unknown model; or when nobody has this id.
    """
    try:
        owner = asked_for(user_id, week_start)
    except BadRequest as error:
        return Failed(message=str(error))
    async with job("collect-batches" if only_batches else "generate-weekly-content") as report:
        done = await write_missing_weeks(owner, week_start, only_batches=only_batches)
        report.summary = done.summary
        await table("written-weeks", rows_of(done), f"Businesses of this run: {done.summary}")
        await table("writing-costs", cost_rows(settings().ai_monthly_budget_usd), "What writing cost this month (UTC)")
        get_run_logger().info(done.summary)
        report.problem = done.problems.line
    if report.problem:
        return Failed(message=f"A person has to mend this: {report.problem}")
    return Completed(message=done.summary)
