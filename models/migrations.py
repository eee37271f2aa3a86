"""Applies `sql/migrations/NNN_name.sql` in order, with Alembic as the engine.

Each file runs in its own transaction, which also records its version and checksum, so a crash leaves a database either
before or after a file. One session-level advisory lock lets two machines migrate at once: the second one waits and
finds the work done. An applied file that was changed stops everything. Tables that somebody made by hand from the
starting schema are compared with migrations 001-003 and adopted.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection

from models.database import DatabaseError, Role, check, make_engine

ADOPTABLE = ("001", "002", "003")
_LOCK = 0x706F7374  # "post": one lock for all migrations of a database
_FILE = re.compile(r"^(\d{3})_([a-z0-9_]+)\.sql$")
_HISTORY = """
CREATE TABLE IF NOT EXISTS schema_migrations (
  version TEXT PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, adopted BOOLEAN NOT NULL,
  applied_at TIMESTAMPTZ NOT NULL DEFAULT now())
"""


class MigrationError(DatabaseError):
    """The database cannot be brought up to date; the message is one line with the mend. Nothing was half-applied."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file."""

    version: str
    name: str
    text: str

    @property
    def sha256(self) -> str:
        """Checksum of the text, line ends normalised."""
        return hashlib.sha256(self.text.replace("\r\n", "\n").encode()).hexdigest()


@dataclass(slots=True)
class Report:
    """What a run of `migrate` did."""

    applied: list[str] = field(default_factory=list)
    adopted: list[str] = field(default_factory=list)
    already: int = 0


def read_migrations(folder: Path | None = None) -> list[Migration]:
    """All migration files in order. Raises MigrationError on a gap, a double number or an ill-named file."""
    if folder is None:
        with as_file(files("sql").joinpath("migrations")) as found:
            return read_migrations(found)
    result: list[Migration] = []
    for path in sorted(folder.iterdir()):
        match = _FILE.match(path.name)
        if match is None:
            raise MigrationError(f"{path.name} is no migration: the name must look like 014_what_it_does.sql")
        if int(match[1]) != len(result) + 1:
            raise MigrationError(f"{path.name}: the next number must be {len(result) + 1:03d}")
        result.append(Migration(match[1], match[2], path.read_text(encoding="utf-8")))
    return result


class _SqlDirectory(ScriptDirectory):
    """Alembic's view of a list of SQL files: a straight line of revisions."""

    def __init__(self, migrations: list[Migration], run: Any) -> None:
        super().__init__(str(Path(__file__).parent))
        self._migrations = migrations
        self._run = run

    def _load_revisions(self) -> Iterator[Script]:
        previous: str | None = None
        for migration in self._migrations:
            module = ModuleType(f"migration_{migration.version}", migration.name)
            module.__dict__.update(
                revision=migration.version,
                down_revision=previous,
                upgrade=lambda migration=migration: self._run(migration),
            )
            yield Script(module, migration.version, f"{migration.version}_{migration.name}.sql")
            previous = migration.version


def migrate(url: str, folder: Path | None = None) -> Report:
    """Bring the database at `url` up to date. Safe to run twice, from several machines, and after a crash.

    Raises DatabaseError (unreachable, too old) or MigrationError (changed file, newer database, foreign tables).
    """
    check(url)
    migrations = read_migrations(folder)
    report = Report()
    engine = make_engine(url, Role.OWNER, pool_size=1)
    try:
        with _one_at_a_time(url), engine.connect() as connection:
            applied = _verify_history(connection, migrations)
            report.already = len(applied)
            if len(applied) < len(migrations):
                _upgrade(connection, url, migrations, report)
    finally:
        engine.dispose()
    return report


def pending(url: str, folder: Path | None = None) -> list[str]:
    """Names of the migrations that the database still lacks. Raises like `migrate`."""
    engine = make_engine(url, Role.OWNER, pool_size=1)
    try:
        with engine.connect() as connection:
            applied = _read_history(connection)
    finally:
        engine.dispose()
    return [f"{m.version}_{m.name}" for m in read_migrations(folder) if m.version not in applied]


@contextmanager
def _one_at_a_time(url: str) -> Iterator[None]:
    """Held by a connection of its own: the server lets go of it when this process dies."""
    with psycopg.connect(url, autocommit=True) as keeper:
        keeper.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        yield


def _read_history(connection: Connection) -> dict[str, str]:
    # In a transaction of its own: Alembic commits each migration by itself only when none is open.
    with connection.begin():
        if connection.exec_driver_sql("SELECT to_regclass('schema_migrations')").scalar() is None:
            return {}
        rows = connection.exec_driver_sql("SELECT version, sha256 FROM schema_migrations ORDER BY version").all()
        return {row[0]: row[1] for row in rows}


def _verify_history(connection: Connection, migrations: list[Migration]) -> dict[str, str]:
    applied = _read_history(connection)
    known = {m.version: m for m in migrations}
    for version, checksum in applied.items():
        if version not in known:
            raise MigrationError(
                f"The database is newer than this program: it has migration {version}, the newest file here is "
                f"{max(known)}. Update the program"
            )
        if known[version].sha256 != checksum:
            raise MigrationError(
                f"{version}_{known[version].name}.sql was changed after it was applied: "
                "restore the file and put the change into a new migration"
            )
    return applied


def _upgrade(connection: Connection, url: str, migrations: list[Migration], report: Report) -> None:
    found = _adoptable(url, migrations)

    def run(migration: Migration) -> None:
        adopt = found.get(migration.version, False)
        driver = connection.connection.driver_connection
        if not isinstance(driver, psycopg.Connection):  # pragma: no cover - the engine is always psycopg's
            raise TypeError(type(driver))
        try:
            if not adopt:
                driver.execute(migration.text.encode())
        except psycopg.Error as error:
            reason = str(error).strip().splitlines()[0]
            raise MigrationError(f"{migration.version}_{migration.name}.sql failed and was undone: {reason}") from error
        driver.execute(_HISTORY)
        driver.execute(
            "INSERT INTO schema_migrations (version, name, sha256, adopted) VALUES (%s, %s, %s, %s)",
            (migration.version, migration.name, migration.sha256, adopt),
        )
        (report.adopted if adopt else report.applied).append(f"{migration.version}_{migration.name}")

    directory = _SqlDirectory(migrations, run)
    context = EnvironmentContext(
        Config(), directory, fn=lambda revision, _context: directory._upgrade_revs("head", revision)
    )
    with context:
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
    connection.commit()


_COLUMNS = """
SELECT c.relname || '.' || a.attname AS what,
       format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
         || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '') AS definition
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE n.nspname = %(schema)s AND c.relkind IN ('r', 'p') AND c.relname = ANY(%(tables)s)
UNION ALL
SELECT c.relname || ' constraint', pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %(schema)s AND c.relname = ANY(%(tables)s) AND k.contype <> 'n'
UNION ALL
SELECT i.tablename || ' index ' || i.indexname, regexp_replace(i.indexdef, ' ON \\S+ USING', ' USING')
FROM pg_indexes i WHERE i.schemaname = %(schema)s AND i.tablename = ANY(%(tables)s)
"""


def _adoptable(url: str, migrations: list[Migration]) -> dict[str, bool]:
    """Which of 001-003 stand already, made by hand.

    What they would build is built in a scratch schema inside a transaction that is rolled back, and the two catalogues
    are compared. Raises MigrationError naming the first difference, or a half-made set of tables.
    """
    result: dict[str, bool] = {}
    first = {m.version: m for m in migrations if m.version in ADOPTABLE}
    with psycopg.connect(url) as scratch:
        applied = _applied_versions(scratch)
        existing = _tables(scratch, "public")
        if not any(existing & _names(m) for v, m in first.items() if v not in applied):
            return result
        scratch.execute("CREATE SCHEMA postagent_scratch")
        scratch.execute("SET LOCAL search_path = postagent_scratch")
        for version in sorted(first):
            scratch.execute(first[version].text.encode())
        for version, migration in first.items():
            names = _names(migration)
            if version in applied or not names & existing:
                continue
            if missing := names - existing:
                raise MigrationError(
                    f"The database has a part of {version}_{migration.name} but lacks {', '.join(sorted(missing))}: "
                    "create them as schema.md says, or use an empty database"
                )
            _compare(scratch, sorted(names))
            result[version] = True
        scratch.rollback()
    return result


def _compare(scratch: psycopg.Connection[Any], tables: list[str]) -> None:
    def described(schema: str) -> set[tuple[str, str]]:
        rows = scratch.execute(_COLUMNS, {"schema": schema, "tables": tables}).fetchall()
        # References print the schema they point into once it is off the search path.
        return {(what, re.sub(r"\b(public|postagent_scratch)\.", "", definition)) for what, definition in rows}

    scratch.execute("SET LOCAL search_path = pg_catalog")
    wanted, there = described("postagent_scratch"), described("public")
    for what, definition in sorted(wanted - there):
        actual = [d for w, d in there if w == what and not what.endswith("constraint")]
        raise MigrationError(
            f"The existing table differs from schema.md: {what} should be {definition!r}"
            + (f" but is {actual[0]!r}" if actual else " but is not there")
            + "; change it so, or use an empty database"
        )


def _applied_versions(connection: psycopg.Connection[Any]) -> set[str]:
    if connection.execute("SELECT to_regclass('public.schema_migrations') IS NULL").fetchone() == (True,):
        return set()
    return {row[0] for row in connection.execute("SELECT version FROM schema_migrations").fetchall()}


def _tables(connection: psycopg.Connection[Any], schema: str) -> set[str]:
    rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,)).fetchall()
    return {row[0] for row in rows}


@cache
def _names(migration: Migration) -> frozenset[str]:
    return frozenset(re.findall(r"^CREATE TABLE (\w+)", migration.text, re.MULTILINE))
