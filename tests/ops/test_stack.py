"""`postagent up` for real: Prefect's server and worker, PostgreSQL, sandbox and dashboard."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta

import httpx
import psycopg
import pytest

from models.base import utc_now
from ops.demo.businesses import BUSINESSES, demo_logins
from ops.deployments import deployments
from ops.stack.ports import is_free
from ops.stack.prefect_api import PrefectApi
from tests.ops.running_stack import READY, Stack, until

pytestmark = [pytest.mark.xdist_group("stack"), pytest.mark.timeout(1500)]

ADD_OWNER = [
    "users", "add", "--email", "new@example.com", "--business-name", "Hill Plumbing", "--type", "plumber",
    "--city", "Austin", "--state", "TX", "--zone", "America/Chicago", "--password-stdin",
]  # fmt: skip


def test_one_process_runs_all_tests_of_the_stack(request: pytest.FixtureRequest, worker_id: str) -> None:
    """Else each process starts its own, and all of them are slow. (pytest 9.2 did that to pytest-xdist 3.8.)"""
    assert worker_id == "master" or request.node.nodeid.endswith("@stack")


def test_it_tells_addresses_and_a_login_for_each_plan(stack: Stack) -> None:
    told = "\n".join(stack.lines)
    for address in (stack.dashboard, stack.prefect_api.removesuffix("/api"), stack.sandbox):
        assert address in told
    assert [plan for plan, _, _ in demo_logins()] == ["starter", "pro", "premium", "trial"]
    for plan, email, _ in demo_logins():
        assert any(line.split()[:2] == [plan, email] for line in stack.lines)


def test_doctor_finds_nothing_wrong(stack: Stack) -> None:
    told = stack.postagent("doctor")
    assert told.returncode == 0, told.stdout
    assert "Nothing is wrong." in told.stdout
    assert "1 worker online" in told.stdout


async def test_every_deployment_gets_its_scheduled_runs(stack: Stack) -> None:
    """A newer SQLAlchemy would stop Prefect's scheduler, and nothing else would tell."""
    deadline = time.monotonic() + 60
    wanted = {deployment.name for deployment in deployments()}
    async with PrefectApi(stack.prefect_api) as api:
        while True:
            now = utc_now()
            runs = await api.runs(["SCHEDULED"])
            later = [
                run for run in runs if datetime.fromisoformat(run["expected_start_time"]) > now + timedelta(minutes=2)
            ]
            found = {run["name"] for run in later if run["auto_scheduled"]}
            ahead = {str(run["deployment_id"]) for run in later if run["auto_scheduled"]}
            if len(ahead) == len(wanted):
                break
            assert time.monotonic() < deadline, f"{len(ahead)} of {len(wanted)} deployments have runs ahead: {found}"
            await asyncio.sleep(0.3)
        assert await api.deployment_names() == {deployment.full_name for deployment in deployments()}


def test_the_server_takes_the_nulls_that_prefects_own_client_sends(stack: Stack) -> None:
    """A newer FastAPI refuses them, and with them `prefect deploy`."""
    answer = httpx.post(
        f"{stack.prefect_api}/work_pools/postagent/workers/filter", json={"limit": None, "offset": None}
    )
    assert answer.status_code == 200, answer.text
    assert [worker["name"] for worker in answer.json()] == ["up"]


def test_nobody_does_anything_and_posts_are_written_live_and_counted(stack: Stack) -> None:
    def all_there() -> dict[str, int] | None:
        with psycopg.connect(stack.database) as connection:
            row = connection.execute(
                "SELECT count(*) FILTER (WHERE status = 'pending' AND requires_approval), "
                "count(*) FILTER (WHERE status = 'published' AND p.id IN (SELECT post_id FROM publish_attempts)), "
                "(SELECT count(*) FROM analytics), (SELECT count(*) FROM users) FROM post_queue p"
            ).fetchone()
        assert row is not None
        waiting, live, snapshots, users = row
        assert users >= len(BUSINESSES)  # another test may have added an owner
        return {"waiting": waiting, "live": live} if waiting > 20 and live >= 6 and snapshots > 100 else None

    numbers = until(all_there, seconds=400, what="generated, published and measured posts")
    visible = httpx.get(f"{stack.sandbox}/_sandbox/truth", timeout=120).json()["accounts"].values()
    assert sum(len(account["posts"]) for account in visible) > numbers["live"]
    told = stack.status()
    assert told["queue"]["overdue"] == 0
    assert told["troubles"] == []


def test_a_second_one_in_the_same_home_is_refused_in_one_line(stack: Stack) -> None:
    told = stack.postagent("up")
    assert told.returncode == 1
    assert len(told.stderr.splitlines()) == 1
    assert f"PostAgent already runs in {stack.home} (process " in told.stderr
    assert stack.dashboard in told.stderr


def test_a_part_that_dies_is_named_and_started_again(stack: Stack) -> None:
    first = stack.child("dashboard")
    first.kill()
    stack.wait_for_line("dashboard ended with code -9", seconds=100)

    def answers() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{stack.dashboard_port}/healthz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    until(answers, seconds=200, what="the dashboard again")
    assert stack.child("dashboard").pid != first.pid
    assert stack.process is not None
    assert stack.process.poll() is None


@pytest.fixture
def fresh() -> Iterator[Stack]:
    """A HOME in which nothing runs yet."""
    made = Stack()
    yield made
    made.clean()


def test_a_taken_port_is_named_before_anything_is_started(fresh: Stack) -> None:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", fresh.prefect_port))
        listener.listen()
        told = fresh.postagent("up")
    assert told.returncode == 1
    assert len(told.stderr.splitlines()) == 1
    assert f"Port {fresh.prefect_port} for Prefect's server is taken" in told.stderr
    assert "set POSTAGENT_PREFECT_PORT to another one" in told.stderr
    assert fresh.survivors() == []
    assert not (fresh.home / "postgres").exists()


async def test_killed_it_leaves_orphans_which_the_next_one_stops_and_goes_on_with_the_data(fresh: Stack) -> None:
    fresh.start("--no-demo")
    added = fresh.postagent(*ADD_OWNER, typed="correct horse battery\n")
    assert added.returncode == 0, added.stderr
    async with PrefectApi(fresh.prefect_api) as api:
        deadline = time.monotonic() + 60
        # A window: other runs may have ended before the next one looks at them.
        while not (running := [r["id"] for r in await api.runs(["RUNNING"]) if r["name"].startswith("publish from")]):
            assert time.monotonic() < deadline, "no window was opened"
            await asyncio.sleep(0.3)
    assert fresh.process is not None
    fresh.process.kill()
    fresh.process.wait()
    assert len(fresh.survivors()) >= 5  # server, worker, window, dashboard, sandbox, PostgreSQL

    fresh.start("--no-demo")
    assert any(line.startswith("Stopping ") and "left behind" in line for line in fresh.lines)
    async with PrefectApi(fresh.prefect_api) as api:
        crashed = {run["id"]: run["state"]["message"] for run in await api.runs(["CRASHED"])}
    assert set(running) <= set(crashed)
    assert "ended with the last PostAgent" in crashed[running[0]]
    with psycopg.connect(fresh.database) as connection:
        assert connection.execute("SELECT email FROM users").fetchall() == [("new@example.com",)]

    assert fresh.stop(signal.SIGTERM) == 0
    assert fresh.lines[-1].endswith("stopped")
    assert fresh.survivors() == []
    assert all(is_free(port) for port in (fresh.dashboard_port, fresh.prefect_port, fresh.sandbox_port))


def test_stopped_while_it_starts_it_leaves_nothing(fresh: Stack) -> None:
    def interrupt() -> None:
        until(lambda: fresh.process, seconds=60, what="a process")
        fresh.wait_for_line("the sandbox ready")
        assert fresh.process is not None
        fresh.process.send_signal(signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(AssertionError):
        fresh.start("--no-demo")
    assert fresh.process is not None
    assert fresh.process.wait(60) == 0
    assert READY not in "\n".join(fresh.lines)
    assert fresh.survivors() == []
