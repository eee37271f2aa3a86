"""Automations of Prefect's server: what it does by itself about runs that died without a word.

Failed and late runs are told by `postagent status`; an automation for them could only repeat it. A run whose process
was killed together with its worker, however, stays `Running` for ever unless something notices its silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HEARTBEAT_SECONDS = 30  # PREFECT_FLOWS_HEARTBEAT_FREQUENCY under `up`, the shortest that Prefect allows
_SILENCE_SECONDS = 3 * HEARTBEAT_SECONDS
_RUN = "prefect.resource.id"


def automations() -> list[Mapping[str, Any]]:
    """All of them, in the form of Prefect's REST API."""
    return [
        {
            "name": "postagent: silent runs have crashed",
            "description": "A run gives a sign of life every 30 seconds; after three missed ones it has crashed.",
            "enabled": True,
            "trigger": {
                "type": "event",
                "posture": "Proactive",
                "match": {_RUN: ["prefect.flow-run.*"]},
                "for_each": [_RUN],
                "after": ["prefect.flow-run.heartbeat"],
                "expect": ["prefect.flow-run.*"],
                "threshold": 1,
                "within": _SILENCE_SECONDS,
            },
            "actions": [
                {
                    "type": "change-flow-run-state",
                    "state": "CRASHED",
                    "name": "Crashed",
                    "message": "No sign of life for 90 seconds: its process was killed. The next run goes on.",
                }
            ],
        }
    ]
