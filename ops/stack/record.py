"""Who runs the stack in a HOME: a lock that goes with its holder, and a file that names the children."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from ops.errors import OpsError
from ops.stack.environment import STACK_MARK

FILE = "stack.json"
LOCK = "up.lock"


@dataclass(frozen=True, slots=True)
class Process:
    """A process id with its start time: ids are used again, the pair is not."""

    name: str
    pid: int
    created: float

    def alive(self) -> psutil.Process | None:
        """The process, None when it is gone or the id belongs to somebody else by now."""
        with suppress(psutil.Error):
            found = psutil.Process(self.pid)
            if abs(found.create_time() - self.created) < 1 and found.status() != psutil.STATUS_ZOMBIE:
                return found
        return None


@dataclass(slots=True, kw_only=True)
class Record:
    """What `up` writes down: itself, its children, and where things are reached."""

    pid: int
    dashboard_url: str
    prefect_url: str
    sandbox_url: str | None = None
    ready: bool = False
    children: list[Process] = field(default_factory=list)

    def save(self, home: Path) -> None:
        """Write whole or not at all."""
        draft = home / f".{FILE}.{os.getpid()}"
        draft.write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")
        draft.replace(home / FILE)


def load(home: Path) -> Record | None:
    """The last record in this HOME, None when there is none or it cannot be read."""
    try:
        content = json.loads((home / FILE).read_text(encoding="utf-8"))
        children = [Process(**child) for child in content.pop("children")]
        return Record(**content, children=children)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def running(home: Path) -> Record | None:
    """The record of the stack that runs in this HOME right now, None when none does."""
    try:
        with _lock(home):
            return None
    except BlockingIOError:
        return load(home)
    except OSError:
        return None


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Held by `up` as long as it lives. Raises OpsError when another one runs in this HOME."""
    try:
        with _lock(home, create=True):
            yield
    except BlockingIOError:
        record = load(home)
        who = f" (process {record.pid}, {record.dashboard_url})" if record else ""
        raise OpsError(
            f"PostAgent already runs in {home}{who}: stop it first, or set POSTAGENT_HOME to another folder"
        ) from None


@contextmanager
def _lock(home: Path, *, create: bool = False) -> Iterator[None]:
    # Python's descriptors are not inherited: the lock goes with `up`, not with its last child.
    descriptor = os.open(home / LOCK, os.O_RDWR | (os.O_CREAT if create else 0), 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def leftovers(home: Path) -> list[psutil.Process]:
    """What a killed `up` left: the children it wrote down, and flow runs that outlived their worker, by their mark."""
    found: dict[int, psutil.Process] = {}
    record = load(home)
    for child in record.children if record else []:
        if (process := child.alive()) is not None:
            found[process.pid] = process
    for process in psutil.process_iter(["pid"]):
        with suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(STACK_MARK) == str(home):
                found[process.pid] = process
    return list(found.values())


def stop_all(processes: Sequence[psutil.Process], *, patience: float) -> None:
    """SIGTERM, then SIGKILL for those that are still there after `patience` seconds."""
    for process in processes:
        with suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=patience)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=5)
