"""The children of `postagent up`: which there are, how they start in parallel, and what happens when one dies."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from models import embedded_postgres
from models.settings import Settings
from ops.automations import automations
from ops.deployments import ROOT
from ops.stack.children import Child
from ops.stack.environment import POOL, child_environment, prefect_url, sandbox_url, starts_sandbox
from ops.stack.prefect_api import UNDER_WAY, PrefectApi
from ops.stack.progress import Progress
from ops.stack.record import Record

START_SECONDS = 180.0  # a slow, busy machine with everything to compile; a fast one needs ten
POLL_SECONDS = 0.3
WORKER_LIMIT = 8  # flow runs at once: two or three windows, one of each other deployment, and some on demand
RESTARTS = 5
RESTART_WINDOW_SECONDS = 600.0
DATABASE_CHECK_SECONDS = 5.0


class StartError(Exception):
    """The house did not come up, or could not be kept up; the message says which part and why."""


class House:
    """Everything that `up` started on this machine."""

    def __init__(self, config: Settings, *, home: Path, demo: bool, progress: Progress) -> None:
        self.config = config
        self.home = home
        self.demo = demo
        self.progress = progress
        self.logs = home / "logs"
        self.database_url = config.database_url.get_secret_value() if config.database_url else None
        self.embedded = config.database_url is None
        self.children: dict[str, Child] = {}
        self.api = PrefectApi(prefect_url(config))
        self.record = Record(
            pid=os.getpid(),
            dashboard_url=config.public_url,
            prefect_url=f"http://127.0.0.1:{config.prefect_port}",
            sandbox_url=sandbox_url(config),
        )
        self.owners_made = 0
        self._tidy = asyncio.Event()  # runs that a killed house left are settled: workers may begin
        self._restarts: dict[str, deque[float]] = {}
        self._http = httpx.AsyncClient(timeout=5, trust_env=False)

    async def start(self) -> None:
        """Bring everything up, as parallel as what needs what allows. Raises StartError."""
        waiting = asyncio.create_task(self.progress.tell_what_is_waited_for())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._start_prefect())
                if starts_sandbox(self.config):
                    group.create_task(self._start_sandbox())
                group.create_task(self._prepare_database(group))
        except* StartError as errors:
            raise StartError(str(errors.exceptions[0])) from None
        except* httpx.HTTPError as errors:
            raise StartError(f"Prefect's server does not work: {errors.exceptions[0]} ({self.logs})") from None
        finally:
            waiting.cancel()
        self.record.ready = True
        self.record.save(self.home)

    def _environment(self) -> dict[str, str]:
        return child_environment(self.config, database_url=self.database_url)

    async def _launch(self, name: str, argv: list[str]) -> Child:
        child = Child(name, argv, self._environment(), self.logs / f"{name}.log", self.home)
        self.children[name] = child
        await child.start()
        self._note_children()
        return child

    def _note_children(self) -> None:
        self.record.children = [child.record for child in self.children.values() if child.running]
        self.record.save(self.home)

    async def _start_prefect(self) -> None:
        self.progress.begin("Prefect's server")
        server = await self._launch(
            "prefect-server",
            [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1",
             "--port", str(self.config.prefect_port)],
        )  # fmt: skip
        await self._until(server, self.api.ready)
        self.progress.done("Prefect's server")
        await self.api.make_pool(self.config.work_pool_type)
        await self.clear_stale_runs("Its process ended with the last PostAgent on this machine.")
        self._tidy.set()

    async def _start_sandbox(self) -> None:
        self.progress.begin("the sandbox")
        ports = ["--port", str(self.config.sandbox_port), "--smtp-port", str(self.config.sandbox_smtp_port)]
        state = str(self.home / "sandbox.sqlite")
        sandbox = await self._launch("sandbox", [sys.executable, "-m", "platforms.sandbox", *ports, "--state", state])
        await self._until(sandbox, lambda: self._answers(f"{self.record.sandbox_url}/_sandbox/calls"))
        self.progress.done("the sandbox")

    async def _prepare_database(self, group: asyncio.TaskGroup) -> None:
        """Read the steps of `ops.stack.prepare`; what needs a step starts as soon as it is done."""
        self.progress.begin("the database")
        argv = [sys.executable, "-m", "ops.stack.prepare", *(["--demo"] if self.demo else [])]
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / "prepare.log"
        with log.open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                *argv,
                env=self._environment(),
                cwd=self.home,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        try:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            async for line in process.stdout:
                self._prepared(json.loads(line), group)
            if await process.wait() != 0:
                tail = log.read_text(errors="replace").strip().splitlines()
                raise StartError(
                    f"The database could not be prepared: {tail[-1] if tail else 'no reason given'} ({log})"
                )
        finally:
            if process.returncode is None:
                process.kill()

    def _prepared(self, step: dict[str, Any], group: asyncio.TaskGroup) -> None:
        if "error" in step:
            raise StartError(step["error"])
        match step["step"]:
            case "database":
                self.database_url = step["url"] or self.database_url
                group.create_task(self._start_worker())
            case "migrated":
                self.progress.done("the database", f"{step['applied']} migrations applied" if step["applied"] else "")
                group.create_task(self._start_dashboard())
                if self.demo:
                    self.progress.begin("the demo data")
            case "keys":
                for line in step["said"]:
                    self.progress.say(line)
            case "seeded":
                self.owners_made = int(step["owners"])
                self.progress.done("the demo data", f"{step['owners']} new businesses" if self.owners_made else "")

    async def _start_worker(self) -> None:
        self.progress.begin("deployments and worker")
        prefect = [sys.executable, "-m", "ops.stack.prefect_cli"]
        worker = await self._launch(
            "worker",
            [*prefect, "worker", "start", "--pool", POOL, "--type", self.config.work_pool_type, "--name", "up",
             "--limit", str(WORKER_LIMIT), "--install-policy", "never"],
        )  # fmt: skip
        deploy = Child("deploy", [*prefect, "deploy", "--all"], worker.env, self.logs / "deploy.log", ROOT)
        await deploy.start()
        if await deploy.wait() != 0:
            raise StartError("prefect.yaml could not be deployed:\n" + _indent(deploy.last_lines(12)))
        for automation in automations():
            await self.api.save_automation(automation)
        await self._tidy.wait()
        await self.api.unpause()

        async def online() -> bool:
            return await self.api.workers_online() > 0

        await self._until(worker, online)
        self.progress.done("deployments and worker")

    async def _start_dashboard(self) -> None:
        self.progress.begin("the dashboard")
        port = str(self.config.dashboard_port)
        dashboard = await self._launch("dashboard", [sys.executable, "-m", "dashboards.app", "--port", port])
        await self._until(dashboard, lambda: self._answers(f"http://127.0.0.1:{port}/healthz"))
        self.progress.done("the dashboard")

    async def _answers(self, url: str) -> bool:
        with suppress(httpx.HTTPError):
            return (await self._http.get(url)).is_success
        return False

    async def _until(self, child: Child, check: Callable[[], Awaitable[bool]]) -> None:
        """Wait for a child to be of use. Raises StartError when it ends before, or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while not await check():
            if not child.running:
                raise StartError(f"{child.name} ended with code {child.returncode}:\n" + _indent(child.last_lines()))
            if time.monotonic() > deadline:
                raise StartError(
                    f"{child.name} is not ready after {START_SECONDS:.0f} s:\n" + _indent(child.last_lines())
                )
            await asyncio.sleep(POLL_SECONDS)

    async def start_first_runs(self) -> None:
        """Run soon what would wait for its schedule: all is idempotent, and quick when there is nothing to do.

        One after the other, because each run is a process of a hundred megabytes. Raises StartError.
        """
        now = datetime.now(UTC)
        first = {
            "publish-due-posts": [0],
            "generate-weekly-content": [0],
            "refresh-tokens": [20],
            "aggregate-analytics": [35],
        }
        if self.demo:
            first["aggregate-analytics"] += [85, 110, 135]  # the numbers of the first minutes come in one by one
        for name, delays in first.items():
            for delay in delays:
                await self._start_run(name, key=f"{now.isoformat()}+{delay}", at=now + timedelta(seconds=delay))

    async def _start_run(self, name: str, *, key: str, at: datetime) -> None:
        """A server that has just begun may not answer for a while; the key keeps what is asked for again from being
        made twice. Raises StartError."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                await self.api.start_run(f"{name}/{name}", key=key, at=at, tags=["start"])
                return
            except httpx.HTTPError as error:
                if not isinstance(error, httpx.TransportError) or time.monotonic() > deadline:
                    what = str(error) or type(error).__name__
                    raise StartError(f"Prefect's server does not take runs: {what} ({self.logs})") from None
            await asyncio.sleep(POLL_SECONDS)

    async def clear_stale_runs(self, why: str) -> None:
        """Runs of a process that is gone have crashed; runs that nobody was there to begin are skipped."""
        for run in await self.api.runs(UNDER_WAY):
            await self.api.set_state(run["id"], "CRASHED", "Crashed", why)
        for run in await self.api.runs(["SCHEDULED"], due_before=datetime.now(UTC)):
            await self.api.set_state(run["id"], "CANCELLED", "Skipped", "PostAgent was not running at its time.")

    async def keep_up(self) -> None:
        """Until cancelled: start again what dies. Raises StartError when something keeps dying."""
        async with asyncio.TaskGroup() as group:
            for child in self.children.values():
                group.create_task(self._keep(child))
            if self.embedded:
                group.create_task(self._keep_database())

    async def _keep(self, child: Child) -> None:
        ends = self._restarts.setdefault(child.name, deque())
        while True:
            code = await child.wait()
            now = time.monotonic()
            ends.append(now)
            while now - ends[0] > RESTART_WINDOW_SECONDS:
                ends.popleft()
            told = f"{child.name} ended with code {code}; the end of {child.log}:\n{_indent(child.last_lines())}"
            if len(ends) > RESTARTS:
                raise StartError(
                    f"{told}\nIt was started again {RESTARTS} times in {RESTART_WINDOW_SECONDS / 60:.0f} min"
                )
            delay = 2.0 ** (len(ends) - 1)
            self.progress.say(f"{told}\nStarting it again in {delay:.0f} s.")
            await asyncio.sleep(delay)
            await child.start(fresh_log=False)
            self._note_children()
            if child.name == "worker":
                with suppress(httpx.HTTPError):
                    for run in await self.api.runs(["PENDING"]):
                        await self.api.set_state(run["id"], "CRASHED", "Crashed", "Its worker died before it began.")

    async def _keep_database(self) -> None:
        while True:
            await asyncio.sleep(DATABASE_CHECK_SECONDS)
            if await asyncio.to_thread(embedded_postgres.running_url, self.home) is None:
                self.progress.say("The embedded PostgreSQL is gone; starting it again.")
                try:
                    await asyncio.to_thread(embedded_postgres.start, self.home)
                except RuntimeError as error:
                    raise StartError(str(error)) from None

    async def close(self) -> None:
        """Let go of the connections that looking after the house needed."""
        await self._http.aclose()
        await self.api.__aexit__(None, None, None)


def _indent(lines: list[str]) -> str:
    return "\n".join(f"    {line}" for line in lines)
