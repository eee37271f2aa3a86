"""The few calls of Prefect's REST API that starting, stopping and looking after the house need.

Spoken plainly over HTTP: importing Prefect's client would cost `postagent up` a second and 100 MB.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx

from ops.stack.environment import POOL

UNDER_WAY = ("PENDING", "RUNNING", "CANCELLING")
_PAGE = 200  # the most that one answer of the API holds
_BUSY_WAITS = (0.2, 0.5, 1.0, 2.0, 4.0)  # seconds


class PrefectApi:
    """Prefect's server at `url` (ends in /api). Every method raises httpx.HTTPError when it does not answer well."""

    def __init__(self, url: str, *, timeout: float = 10) -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=timeout, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def _ask(self, method: str, path: str, body: Any = None, *, missing_ok: bool = False) -> Any:
        try:
            answer = await self._client.request(method, path, json=body)
        except httpx.TransportError:  # a kept-alive connection that the server closed in the same moment
            answer = await self._client.request(method, path, json=body)
        for wait in _BUSY_WAITS:
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            await asyncio.sleep(wait)  # its SQLite is locked by a writer for the moment
            answer = await self._client.request(method, path, json=body)
        if missing_ok and answer.status_code == 404:
            return None
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def ready(self) -> bool:
        """Whether the server answers and reaches its database."""
        try:
            await self._ask("GET", "/ready")
        except httpx.HTTPError:
            return False
        return True

    async def make_pool(self, kind: str) -> None:
        """Make sure that the work pool is there, and pause it."""
        if await self._ask("GET", f"/work_pools/{POOL}", missing_ok=True) is None:
            # An empty template is completed by the first worker that connects.
            await self._ask("POST", "/work_pools/", {"name": POOL, "type": kind, "is_paused": True})
        else:
            await self.pause()

    async def pool(self) -> Mapping[str, Any] | None:
        """The work pool, None when there is none."""
        found: Mapping[str, Any] | None = await self._ask("GET", f"/work_pools/{POOL}", missing_ok=True)
        return found

    async def pause(self) -> None:
        """Hand out no more runs."""
        await self._ask("PATCH", f"/work_pools/{POOL}", {"is_paused": True})

    async def unpause(self) -> None:
        """Hand out runs again."""
        await self._ask("PATCH", f"/work_pools/{POOL}", {"is_paused": False})

    async def workers_online(self) -> int:
        """How many workers sent a sign of life lately."""
        found = await self._ask(
            "POST", f"/work_pools/{POOL}/workers/filter", {"workers": {"status": {"any_": ["ONLINE"]}}}
        )
        return len(found)

    async def runs(self, state_types: Sequence[str], *, due_before: datetime | None = None) -> list[Mapping[str, Any]]:
        """Flow runs in one of these states; `due_before` (aware) keeps those that should have begun by then."""
        chosen: dict[str, Any] = {"state": {"type": {"any_": list(state_types)}}}
        if due_before is not None:
            chosen["expected_start_time"] = {"before_": due_before.isoformat()}
        found: list[Mapping[str, Any]] = []
        while True:
            page = await self._ask(
                "POST", "/flow_runs/filter", {"flow_runs": chosen, "limit": _PAGE, "offset": len(found)}
            )
            found += page
            if len(page) < _PAGE:
                return found

    async def set_state(self, run_id: str, kind: str, name: str, message: str) -> None:
        """Put a run into a state, whatever the orchestration rules think of it."""
        state = {"type": kind, "name": name, "message": message}
        await self._ask("POST", f"/flow_runs/{run_id}/set_state", {"state": state, "force": True})

    async def deployment_names(self) -> set[str]:
        """Names of all deployments as `flow/deployment`."""
        flows = {f["id"]: f["name"] for f in await self._ask("POST", "/flows/filter", {"limit": _PAGE})}
        found = await self._ask("POST", "/deployments/filter", {"limit": _PAGE})
        return {f"{flows[d['flow_id']]}/{d['name']}" for d in found if d["flow_id"] in flows}

    async def start_run(self, deployment: str, *, key: str, at: datetime, tags: Sequence[str]) -> str:
        """Schedule a run of `flow/deployment` at a time (aware); the same key never makes two. Returns its id."""
        found = await self._ask("GET", f"/deployments/name/{deployment}")
        run = await self._ask(
            "POST",
            f"/deployments/{found['id']}/create_flow_run",
            {
                "state": {"type": "SCHEDULED", "state_details": {"scheduled_time": at.isoformat()}},
                "idempotency_key": key,
                "tags": list(tags),
            },
        )
        return str(run["id"])

    async def save_automation(self, automation: Mapping[str, Any]) -> None:
        """Make the automation, or bring the one of the same name up to date."""
        by_name = {"automations": {"name": {"any_": [automation["name"]]}}}
        existing = await self._ask("POST", "/automations/filter", by_name)
        if existing:
            await self._ask("PUT", f"/automations/{existing[0]['id']}", automation)
        else:
            await self._ask("POST", "/automations/", automation)
