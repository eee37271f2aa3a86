"""Whether the dashboard can do its work: the process answers, and its database does."""

from __future__ import annotations

import logging

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dashboards.doors import Door
from models.database import DatabaseError, Role, session

log = logging.getLogger(__name__)


def _ask_database() -> None:
    with session(Role.DASHBOARD) as db:
        db.connection().exec_driver_sql("SELECT 1")


async def healthz(_request: Request) -> Response:
    """GET /healthz: 200 when the process and its database answer, else 503. Tells nothing else to anybody."""
    try:
        await run_in_threadpool(_ask_database)
    except (SQLAlchemyError, DatabaseError):
        log.exception("the database does not answer")
        return JSONResponse({"status": "failing", "database": "unreachable"}, status_code=503)
    return JSONResponse({"status": "ok", "database": "ok"}, headers={"cache-control": "no-store"})


ROUTES = [Door(path="/healthz", endpoint=healthz, anonymous=True, any_host=True)]
