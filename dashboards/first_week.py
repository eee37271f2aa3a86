"""The first week is written at once: when an owner has connected an account or proved their address, the deployment
that writes weeks is started for them, by its name. Where that fails its own schedule writes it later.
"""

from __future__ import annotations

import logging
from functools import partial
from uuid import UUID

from dashboards import errands
from models.database import Role, session
from models.queries import query

log = logging.getLogger(__name__)

DEPLOYMENT = "generate-weekly-content/generate-weekly-content"


def write_soon(user_id: UUID) -> None:
    """Have written what an owner's queue lacks, if they are served and an account of theirs works. Never blocks."""
    errands.soon(partial(_write, user_id))


def _write(user_id: UUID) -> None:
    with session(Role.DASHBOARD, tenant=user_id) as db:
        wanted = db.connection().exec_driver_sql(query("can_be_written_for")).scalar_one_or_none()
    if wanted:
        _start(user_id)


def _start(user_id: UUID) -> None:
    # Imported here: it takes 70 MB, and most dashboards run for days without it.
    from prefect.deployments import run_deployment
    from prefect.settings import get_current_settings

    if get_current_settings().api.url is None:  # else a server of its own would be started, that no worker knows
        log.warning("%s was not started for user %s: set PREFECT_API_URL", DEPLOYMENT, user_id)
        return
    run_deployment(DEPLOYMENT, parameters={"user_id": str(user_id)}, timeout=0, as_subflow=False)
