"""Where a secret could have ended up: everything that is written down while the house runs."""

from __future__ import annotations

import logging
import sqlite3
import traceback
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from models.sealed_columns import sealed_tables


class Listener(logging.Handler):
    """Every record of every logger of this process, at every level, with its traceback and its arguments."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        told = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        self.lines.append(f"{record.name} {record.levelname} {record.getMessage()} {record.args!r} {told}")


@contextmanager
def listening() -> Iterator[Listener]:
    """Hear all that is logged, at DEBUG, as when somebody looks for a fault."""
    root, listener = logging.getLogger(), Listener()
    level = root.level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    try:
        yield listener
    finally:
        root.setLevel(level)
        root.removeHandler(listener)


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, raw: also what a database deleted but did not overwrite yet."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def sqlite_tables(path: Path) -> dict[str, bytes]:
    """Every table of a SQLite database as text: a long value may lie in pieces in the file."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            f"Prefect's {name}": "\n".join(
                "\t".join(map(str, row)) for row in connection.execute(f'SELECT * FROM "{name}"')
            ).encode()
            for name in names
        }


def our_tables(owner: psycopg.Connection[Any]) -> dict[str, bytes]:
    """Every table of our own database as text, without the sealed columns."""
    sealed = {table.name: list(table.columns) for table in sealed_tables()}
    names = [
        str(row[0]) for row in owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    ]
    return {
        f"our {name}": "\n".join(
            str(row[0])
            for row in owner.execute(
                sql.SQL("SELECT (to_jsonb(t) - %s::text[])::text FROM {} t").format(sql.Identifier(name)),
                (sealed.get(name, []),),
            ).fetchall()
        ).encode()
        for name in names
    }
