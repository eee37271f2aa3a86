"""A child process with its log, in a session of its own: Ctrl-C reaches only `up`, which then stops in order."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from ops.stack.record import Process


class Child:
    """One program of the stack."""

    def __init__(self, name: str, argv: Sequence[str], env: Mapping[str, str], log: Path, folder: Path) -> None:
        """`log` gets both its outputs; `folder` is where it runs."""
        self.name = name
        self.argv = list(argv)
        self.env = dict(env)
        self.log = log
        self.folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._created = 0.0

    async def start(self, *, fresh_log: bool = True) -> None:
        """Start it; the log of the last time is kept as `<name>.log.1`."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if fresh_log and self.log.exists():
            self.log.replace(self.log.with_name(f"{self.log.name}.1"))
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self.argv,
                env=self.env,
                cwd=self.folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        with suppress(psutil.Error):
            self._created = psutil.Process(self._process.pid).create_time()

    @property
    def running(self) -> bool:
        """Whether it was started and did not end."""
        return self._process is not None and self._process.returncode is None

    @property
    def returncode(self) -> int | None:
        """Its exit code; negative = killed by that signal."""
        return self._process.returncode if self._process else None

    @property
    def record(self) -> Process:
        """What a later `up` needs to know it by."""
        return Process(self.name, self._process.pid if self._process else 0, self._created)

    async def wait(self) -> int:
        """Wait for its end."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was not started")
        return await self._process.wait()

    async def stop(self, *, patience: float) -> bool:
        """SIGTERM, after `patience` seconds SIGKILL with all it started. Returns whether it ended by itself."""
        if self._process is None or not self.running:
            return True
        descendants = self._descendants()
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), patience)
        except TimeoutError:
            await self.kill()
            return False
        finally:
            _, alive = await asyncio.to_thread(psutil.wait_procs, descendants, timeout=1)
            for process in alive:
                with suppress(psutil.Error):
                    process.kill()
        return True

    async def kill(self) -> None:
        """End it and all it started, at once."""
        if self._process is None:
            return
        for process in self._descendants():
            with suppress(psutil.Error):
                process.kill()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()

    def _descendants(self) -> list[psutil.Process]:
        with suppress(psutil.Error):
            if self._process is not None:
                return psutil.Process(self._process.pid).children(recursive=True)
        return []

    def last_lines(self, count: int = 8) -> list[str]:
        """The end of its log."""
        with suppress(OSError), self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - 16_384))
            return file.read().decode(errors="replace").rstrip().splitlines()[-count:]
        return []
