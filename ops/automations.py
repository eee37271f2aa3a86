"""Automations of Prefect's server: what it does by itself about runs that died without a word.

Failed and late runs are told by `postagent status`; an automation for them could only repeat it. A run whose process
was killed together with its worker, however, stays `Running` for ever unless something notices its silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HEARTBEAT_SECONDS = 30  # PREFECT_FLOWS_HEARTBEAT_FREQUENCY under `up`
_SILENCE_SECONDS = 3 * HEARTBEAT_SECONDS
_START_SECONDS = 300  # a cold start takes seconds; more means that the worker died with the run in its hands


def automations() -> list[Mapping[str, Any]]:
    """All of them, in the form of Prefect's REST API."""
    return [
        _when_silent(
            name="postagent: silent runs have crashed",
            description="A run sends a sign of life every 30 seconds; after three missed ones it is marked as crashed.",
            after="prefect.flow-run.heartbeat",
            seconds=_SILENCE_SECONDS,
            message="No sign of life for 90 seconds: its process was killed. Posts are safe, the next run goes on.",
        ),
        _when_silent(
            name="postagent: runs that never began have crashed",
            description="A run that a worker took but did not start within five minutes is marked as crashed.",
            after="prefect.flow-run.Pending",
            seconds=_START_SECONDS,
            message="Taken by a worker, but not begun within five minutes: the worker was killed.",
        ),
    ]


def _when_silent(*, name: str, description: str, after: str, seconds: int, message: str) -> Mapping[str, Any]:
    run = "prefect.resource.id"
    return {
        "name": name,
        "description": description,
        "enabled": True,
        "trigger": {
            "type": "event",
            "posture": "Proactive",
            "match": {run: ["prefect.flow-run.*"]},
            "for_each": [run],
            "after": [after],
            "expect": ["prefect.flow-run.*"],
            "threshold": 1,
            "within": seconds,
        },
        "actions": [{"type": "change-flow-run-state", "state": "CRASHED", "name": "Crashed", "message": message}],
    }
