"""What every run tells: a row in job_runs, a table artifact, and one line."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from prefect.artifacts import acreate_table_artifact
from prefect.context import FlowRunContext

from models.base import utc_now
from models.database import Role, session
from models.operations import JobRun

logger = logging.getLogger(__name__)


class JobReport:
    """Filled while a job runs: its one-line result, and what a person has to mend, if anything."""

    summary: str = ""
    problem: str | None = None


@asynccontextmanager
async def job(name: str) -> AsyncIterator[JobReport]:
    """Record a run of a deployment in job_runs: started at once, finished with its summary, failed with the reason.

    The record is what `postagent status` judges health by. An exception is recorded by its class name only (its text
    may hold data of a tenant) and raised again.
    """
    run_id, report = uuid4(), JobReport()
    with session(Role.WORKER) as db:
        db.add(JobRun(id=run_id, job=name, started_at=utc_now()))
    try:
        yield report
    except BaseException as error:
        _finish(run_id, False, f"{type(error).__name__}")
        raise
    _finish(run_id, report.problem is None, report.problem or report.summary)


def _finish(run_id: Any, succeeded: bool, summary: str) -> None:
    with session(Role.WORKER) as db:
        run = db.get(JobRun, run_id)
        if run is not None:
            run.finished_at, run.succeeded, run.summary = utc_now(), succeeded, summary
            db.add(run)


async def table(key: str, rows: Sequence[Mapping[str, Any]], description: str) -> None:
    """A table artifact on the current flow run; outside of one (tests, plain calls) it is only logged.

    `key` is lower-case with dashes; values must be plain and must never hold a secret.
    """
    if FlowRunContext.get() is None:
        logger.info("%s: %s rows", key, len(rows))
        return
    await acreate_table_artifact(key=key, table=[dict(row) for row in rows], description=description)
