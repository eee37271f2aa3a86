"""A child with its log: started, watched, stopped or killed with all it started."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from ops.stack.children import Child

WAITS = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("ready", flush=True)
time.sleep(600)
"""
# Ignores SIGTERM and has a child of its own, which outlives it unless somebody looks for it.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("ready", flush=True)
time.sleep(600)
"""


@asynccontextmanager
async def running(code: str, folder: Path) -> AsyncIterator[Child]:
    child = Child("part", [sys.executable, "-c", code], os.environ, folder / "part.log", folder)
    await child.start()
    try:
        while not child.last_lines():
            assert child.running
        yield child
    finally:
        await child.kill()


async def test_it_is_asked_to_stop_and_ends_by_itself(tmp_path: Path) -> None:
    async with running(WAITS, tmp_path) as child:
        assert child.running
        assert await child.stop(patience=10)
        assert (child.running, child.returncode) == (False, 0)


async def test_one_that_does_not_listen_is_killed_with_all_it_started(tmp_path: Path) -> None:
    async with running(STUBBORN, tmp_path) as child:
        grandchild = psutil.Process(child.record.pid).children()[0]
        assert not await child.stop(patience=0.2)
        assert child.returncode == -9
        psutil.wait_procs([grandchild], timeout=5)
        assert not grandchild.is_running()


async def test_it_leads_a_session_of_its_own_so_that_ctrl_c_does_not_reach_it(tmp_path: Path) -> None:
    async with running(WAITS, tmp_path) as child:
        assert os.getsid(child.record.pid) == child.record.pid != os.getsid(0)


async def test_the_log_of_the_last_time_is_kept_and_a_restart_goes_on_in_the_same(tmp_path: Path) -> None:
    (tmp_path / "part.log").write_text("the last time\n")
    child = Child("part", [sys.executable, "-c", "print('now')"], os.environ, tmp_path / "part.log", tmp_path)
    await child.start()
    assert await child.wait() == 0
    assert child.last_lines() == ["now"]
    assert (tmp_path / "part.log.1").read_text() == "the last time\n"
    await child.start(fresh_log=False)
    await child.wait()
    assert child.last_lines() == ["now", "now"]


async def test_it_is_known_by_its_id_and_start_time(tmp_path: Path) -> None:
    async with running(WAITS, tmp_path) as child:
        known = child.record.alive()
        assert known is not None
        assert known.pid == child.record.pid
    assert child.record.alive() is None
