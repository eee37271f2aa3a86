"""How long `postagent up` takes to be ready, and what all of its processes together need: `make bench`.

Two starts on free ports in a HOME of their own, the first with nothing there, the second with its data. Memory is read
when it is ready and again while windows are open and all jobs run: PSS (shared pages divided among their users) where
the system tells it, else RSS, which counts them several times.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import psutil

from tests.ports import free_ports

WATCH_SECONDS = 100


def part_of(process: psutil.Process) -> str:
    """Which part of the house a process is."""
    line = " ".join(process.cmdline())
    for words, part in (
        ("prefect server", "Prefect's server"), ("prefect_cli worker", "worker"), ("prefect.engine", "flow runs"),
        ("dashboards.app", "dashboard"), ("platforms.sandbox", "sandbox"), ("ops.cli", "postagent up"),
        ("postgres", "PostgreSQL"),
    ):  # fmt: skip
        if words in line or words in process.name():
            return part
    return "other"


def memory(up: psutil.Process, home: Path) -> dict[str, float]:
    """MB by part. PostgreSQL is not a child of `up`: it is found by its data folder."""
    family = [up, *up.children(recursive=True)]
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] == "postgres" and str(home) in " ".join(process.info["cmdline"] or []):
            family += [process, *process.children(recursive=True)]
    used: dict[str, float] = defaultdict(float)
    for process in set(family):
        try:
            full = process.memory_full_info()
            used[part_of(process)] += getattr(full, "pss", full.rss) / 2**20
        except psutil.Error:
            continue
    return dict(used)


def start(home: Path, ports: list[int]) -> tuple[subprocess.Popen[str], float]:
    """Start it and wait for its word; returns the process and the seconds until then."""
    names = ("DASHBOARD", "PREFECT", "SANDBOX")
    env = os.environ | {f"POSTAGENT_{name}_PORT": str(port) for name, port in zip(names, ports, strict=True)}
    env["POSTAGENT_HOME"] = str(home)
    begin = time.monotonic()
    up = subprocess.Popen([sys.executable, "-m", "ops.cli", "up"], env=env, stdout=subprocess.PIPE, text=True)
    assert up.stdout is not None
    for line in up.stdout:
        if "is ready after" in line:
            return up, time.monotonic() - begin
    sys.exit(f"postagent up ended with code {up.wait()} before it was ready")


def stop(up: subprocess.Popen[str]) -> float:
    """Ask it to stop; returns the seconds it took."""
    begin = time.monotonic()
    up.send_signal(signal.SIGINT)
    up.communicate(timeout=60)
    return time.monotonic() - begin


def told(used: dict[str, float]) -> str:
    parts = ", ".join(f"{part} {mb:.0f}" for part, mb in sorted(used.items(), key=lambda item: -item[1]))
    return f"{sum(used.values()):.0f} MB ({parts})"


def main() -> None:
    """Measure and print."""
    home = Path(tempfile.mkdtemp(prefix="pa-bench-"))
    home.chmod(0o755)
    kind = "PSS" if hasattr(psutil.Process().memory_full_info(), "pss") else "RSS"
    try:
        up, seconds = start(home, free_ports(3))
        print(f"first start, everything new: ready after {seconds:.1f} s")
        print(f"memory when ready ({kind}): {told(memory(psutil.Process(up.pid), home))}")
        worst: dict[str, float] = {}
        end = time.monotonic() + WATCH_SECONDS
        while time.monotonic() < end:
            now = memory(psutil.Process(up.pid), home)
            worst = max(worst, now, key=lambda used: sum(used.values()))
            time.sleep(5)
        print(f"most within the next {WATCH_SECONDS} s: {told(worst)}")
        print(f"stopped in {stop(up):.1f} s")
        up, seconds = start(home, free_ports(3))
        print(f"second start, with its data: ready after {seconds:.1f} s")
        print(f"stopped in {stop(up):.1f} s")
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
