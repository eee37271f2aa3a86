"""The sandbox's file: SQLite in WAL mode, written behind by one thread, so that requests never wait for a disk.

A kill loses at most what came in during the last `interval` seconds.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from platforms.sandbox.state import Thing

logger = logging.getLogger(__name__)


class StateFileInUse(Exception):
    """Another sandbox has this file open."""


class Storage:
    """One file that holds every thing of a World as a row of JSON."""

    def __init__(self, path: Path, interval: float = 0.25) -> None:
        """Open or make the file. Raises StateFileInUse when another process writes it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._interval = interval
        self._dirty: dict[tuple[str, str], Thing] = {}
        self._clear = False
        self._swap = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._connection = sqlite3.connect(path, check_same_thread=False, timeout=0.5, isolation_level=None)
        try:
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS things (kind TEXT, id TEXT, body BLOB NOT NULL, PRIMARY KEY (kind, id))"
            )
        except sqlite3.OperationalError as error:
            self._connection.close()
            raise StateFileInUse(f"{path} is open in another sandbox ({error})") from None
        self._thread = threading.Thread(target=self._write_behind, name="sandbox-storage", daemon=True)
        self._thread.start()

    def rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Everything in the file."""
        for kind, body in self._connection.execute("SELECT kind, body FROM things"):
            yield kind, orjson.loads(body)

    def changed(self, kind: str, key: str, thing: Thing) -> None:
        """Remember to write this thing."""
        with self._swap:
            self._dirty[(kind, key)] = thing

    def cleared(self) -> None:
        """Remember to empty the file."""
        with self._swap:
            self._dirty.clear()
            self._clear = True

    def close(self) -> None:
        """Write what is left and let the file go."""
        if self._stopping:
            return
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout=10)
        self._connection.close()

    def _write_behind(self) -> None:
        while not self._stopping:
            self._wake.wait(self._interval)
            self._flush()
        self._flush()

    def _flush(self) -> None:
        with self._swap:
            dirty, self._dirty = self._dirty, {}
            clear, self._clear = self._clear, False
        if not dirty and not clear:
            return
        try:
            self._connection.execute("BEGIN")
            if clear:
                self._connection.execute("DELETE FROM things")
            self._connection.executemany(
                "INSERT OR REPLACE INTO things (kind, id, body) VALUES (?, ?, ?)",
                ((kind, key, orjson.dumps(thing)) for (kind, key), thing in dirty.items()),
            )
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:  # a full disk: keep what is not written for the next round
            logger.warning("The sandbox cannot write its state: %s", error)
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            with self._swap:
                self._dirty = dirty | self._dirty
                self._clear = self._clear or clear
