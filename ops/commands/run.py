"""`postagent run FLOW`: a deployment's flow, once, in this process."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from models.database import check, database_url
from models.settings import Settings, settings
from ops.commands.migrate import check_migrated
from ops.deployments import find
from ops.errors import OpsError
from ops.stack import record
from ops.stack.environment import has_real_credentials, prefect_environment, sandbox_environment


def run_flow(name: str, given: Sequence[str]) -> tuple[bool, str]:
    """Run it and return whether it succeeded, and its one-line result.

    Raises OpsError for an unknown flow or parameter, DatabaseError when the database cannot be used as it is.
    """
    deployment = find(name)
    join_stack(settings())
    config = settings()
    url = database_url(config)
    check(url)
    check_migrated(url)
    # Imported now: Prefect reads its settings when it is loaded.
    os.environ.update(prefect_settings(config))
    flow = getattr(importlib.import_module(deployment.module), deployment.function)
    arguments = parse(given, flow.fn)
    state = asyncio.run(flow(**arguments, return_state=True))
    return state.is_completed(), f"{name}: {state.name}: {' '.join((state.message or 'no result').split())}"


def join_stack(config: Settings) -> None:
    """Speak to the same sandbox as the stack that runs in this HOME, when it uses one."""
    home = config.home.expanduser().resolve()
    stack = record.running(home)
    if stack is not None and stack.sandbox_url is not None and not has_real_credentials(config):
        os.environ.update(sandbox_environment(stack.sandbox_url))
        settings.cache_clear()


def prefect_settings(config: Settings) -> dict[str, str]:
    """Where the run is recorded: the Prefect that the environment names, the running stack's, or one just for it."""
    if "PREFECT_API_URL" in os.environ:
        return {}
    wanted = prefect_environment(config)
    Path(wanted["PREFECT_HOME"]).mkdir(parents=True, exist_ok=True)
    if record.running(config.home.expanduser().resolve()) is None:
        del wanted["PREFECT_API_URL"]
        wanted["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "true"
        wanted["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] = "120"  # 20 is too short on a busy machine
    return wanted


def parse(given: Sequence[str], function: Callable[..., Any]) -> dict[str, Any]:
    """`key=value` pairs as arguments: JSON where it is JSON, else text. Raises OpsError naming what does not fit."""
    known = list(inspect.signature(function).parameters)
    arguments: dict[str, Any] = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not equals:
            raise OpsError(f"--param {pair!r} has no value: write key=value")
        if key not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            raise OpsError(f"There is no parameter {key!r}: {takes}")
        try:
            arguments[key] = json.loads(value)
        except ValueError:
            arguments[key] = value
    return arguments
