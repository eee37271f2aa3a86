"""What `up` looks at before it starts anything: ports, another one that runs, and what a killed one left."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from ops.errors import OpsError
from ops.stack import record
from ops.stack.environment import STACK_MARK
from ops.stack.ports import check_free, is_free

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = [
    sys.executable, "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)",
]  # fmt: skip


@pytest.fixture
def taken() -> Iterator[int]:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def test_a_taken_port_is_named_with_its_holder_and_the_setting_that_changes_it(taken: int) -> None:
    with pytest.raises(OpsError) as refused:
        check_free({"the dashboard": (taken, "POSTAGENT_DASHBOARD_PORT")})
    told = str(refused.value)
    assert told.startswith(f"Port {taken} for the dashboard is taken")
    assert f"(process {os.getpid()})" in told
    assert told.endswith("set POSTAGENT_DASHBOARD_PORT to another one")


def test_a_port_asked_for_twice_is_refused() -> None:
    with pytest.raises(OpsError, match="Port 1234 is asked for twice, by a and b: set B to another one"):
        check_free({"a": (1234, "A"), "b": (1234, "B")})


def test_a_port_is_free_again_when_its_holder_is_gone() -> None:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = int(listener.getsockname()[1])
        assert not is_free(port)
    assert is_free(port)


def test_only_one_runs_in_a_home(tmp_path: Path) -> None:
    mine = record.Record(pid=4711, dashboard_url="http://localhost:8501", prefect_url="p")
    with record.only_one(tmp_path):
        mine.save(tmp_path)
        assert record.running(tmp_path) == mine
        second = record.only_one(tmp_path)
        with pytest.raises(OpsError, match=r"already runs in .* \(process 4711, http://localhost:8501\)"):
            second.__enter__()
    assert record.running(tmp_path) is None
    with record.only_one(tmp_path):
        pass


def test_a_home_that_is_not_there_runs_nothing(tmp_path: Path) -> None:
    assert record.running(tmp_path / "nowhere") is None
    assert record.load(tmp_path) is None


def test_a_broken_record_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / record.FILE).write_text('{"pid": 1, "children": [')
    assert record.load(tmp_path) is None
    assert record.leftovers(tmp_path) == []


def test_processes_of_a_killed_stack_are_found_by_record_and_by_mark(tmp_path: Path) -> None:
    recorded = subprocess.Popen(SLEEP)
    marked = subprocess.Popen(SLEEP, env=os.environ | {STACK_MARK: str(tmp_path)})
    foreign = subprocess.Popen(SLEEP, env=os.environ | {STACK_MARK: str(tmp_path / "another")})
    try:
        created = psutil.Process(recorded.pid).create_time()
        children = [
            record.Process("worker", recorded.pid, created),
            record.Process("an id that was used again", foreign.pid, created - 1000),
        ]
        record.Record(pid=1, dashboard_url="d", prefect_url="p", children=children).save(tmp_path)
        found = record.leftovers(tmp_path)
        assert {process.pid for process in found} == {recorded.pid, marked.pid}
        record.stop_all(found, patience=5)
        assert not any(psutil.pid_exists(process.pid) for process in (recorded, marked))
        assert foreign.poll() is None
    finally:
        for process in (recorded, marked, foreign):
            process.kill()
            process.wait()


def test_a_process_that_does_not_listen_is_killed() -> None:
    process = subprocess.Popen(STUBBORN, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "ready\n"
        record.stop_all([psutil.Process(process.pid)], patience=0.2)
    assert not psutil.pid_exists(process.pid)
    process.wait()
