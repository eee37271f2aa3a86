"""A real `postagent up` as a test sees it: on free ports, in a HOME of its own, stopped by a signal."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psutil

from models import embedded_postgres
from ops.stack import record
from tests.ports import free_ports

READY = "is ready after"
Found = TypeVar("Found")


class Stack:
    """One HOME with its ports. `start` may be called again after `stop` or `kill`."""

    def __init__(self) -> None:
        # A short path, as Unix sockets take no more than 107 characters, open to the user that PostgreSQL runs as.
        self.home = Path(tempfile.mkdtemp(prefix="pa-up-"))
        self.home.chmod(0o755)
        self.dashboard_port, self.prefect_port, self.sandbox_port, self.smtp_port = free_ports(4)
        self.env = os.environ | {
            "POSTAGENT_HOME": str(self.home),
            "POSTAGENT_DASHBOARD_PORT": str(self.dashboard_port),
            "POSTAGENT_PREFECT_PORT": str(self.prefect_port),
            "POSTAGENT_SANDBOX_PORT": str(self.sandbox_port),
            "POSTAGENT_SANDBOX_SMTP_PORT": str(self.smtp_port),
        }
        self.lines: list[str] = []
        self.process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def dashboard(self) -> str:
        return f"http://localhost:{self.dashboard_port}"

    @property
    def prefect_api(self) -> str:
        return f"http://127.0.0.1:{self.prefect_port}/api"

    @property
    def sandbox(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def database(self) -> str:
        url = embedded_postgres.running_url(self.home)
        assert url is not None
        return url

    def start(self, *options: str) -> None:
        """Start it and wait until it says that it is ready."""
        self.lines = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ops.cli", "up", *options],
            cwd=self.home,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self._reader.start()
        self.wait_for_line(READY, seconds=250)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self.lines.append(line.rstrip("\n"))

    def wait_for_line(self, words: str, *, seconds: float = 60) -> str:
        """The line with these words; fails when `up` ends before it is told."""
        assert self.process is not None

        def told() -> str | None:
            found = next((line for line in self.lines if words in line), None)
            assert found is not None or self.process is None or self.process.poll() is None, "\n".join(self.lines)
            return found

        return until(told, seconds=seconds, what=lambda: f"line {words!r} in:\n" + "\n".join(self.lines))

    def postagent(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Another command in the same HOME."""
        return subprocess.run(
            [sys.executable, "-m", "ops.cli", *arguments],
            cwd=self.home, env=self.env, input=typed, capture_output=True, text=True, timeout=400,
        )  # fmt: skip

    def child(self, name: str) -> psutil.Process:
        """A child by its name, as `up` wrote it down."""
        written = record.load(self.home)
        assert written is not None
        found = next(child.alive() for child in written.children if child.name == name)
        assert found is not None
        return found

    def stop(self, number: signal.Signals = signal.SIGTERM, *, seconds: float = 60) -> int:
        """Ask it to stop; returns its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        try:
            return self.process.wait(seconds)
        finally:
            if self._reader is not None:
                self._reader.join(5)

    def survivors(self) -> list[str]:
        """What still runs of this HOME, PostgreSQL included."""
        found = [" ".join(process.cmdline()) for process in record.leftovers(self.home)]
        return found + ([] if embedded_postgres.running_url(self.home) is None else ["PostgreSQL"])

    def clean(self) -> None:
        """End all that is left, and remove HOME."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        record.stop_all(record.leftovers(self.home), patience=1)
        embedded_postgres.stop(self.home)
        shutil.rmtree(self.home, ignore_errors=True)

    def status(self) -> dict[str, Any]:
        """What `postagent status --json` says."""
        told = self.postagent("status", "--json")
        assert told.stdout, told.stderr
        found: dict[str, Any] = json.loads(told.stdout)
        return found


def until(look: Callable[[], Found | None], *, seconds: float, what: str | Callable[[], str]) -> Found:
    """Look again and again until there is something; fails with `what` was missing."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what if isinstance(what, str) else what()}")
        time.sleep(0.3)
