"""Databases for tests: copies of one migrated template, and one copy that is given back clean after every test.

Making a copy takes up to a third of a second, deleting a test's rows a hundredth. A test that changes the schema, or
leaves more than a megabyte, costs its copy. Every test gets its database under a new name, so that what an earlier
test left running cannot write into a later one.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql

from models import embedded_postgres
from models.database import give_logins
from models.migrations import migrate
from models.settings import load_settings

TEMPLATE = "template_postagent"
ROLE_PASSWORD = "for the roles of pages: @/:%"
REUSE = Path(__file__).with_name("databases.sql")

Admin = psycopg.Connection[Any]


def address(running: str, name: str) -> str:
    """The address of another database of the cluster that runs at `running`."""
    return running.replace(f"/{embedded_postgres.DATABASE}?", f"/{name}?")


@contextmanager
def running_cluster(name: str) -> Iterator[Path]:
    """The home of an embedded cluster that runs until the end of the block; fast, because losing it does not matter."""
    # A short path: Unix sockets take no more than 107 characters.
    home = Path(tempfile.mkdtemp(prefix=f"pa-{name}-"))
    home.chmod(0o755)
    try:
        url = embedded_postgres.start(home)
        with psycopg.connect(address(url, "postgres"), autocommit=True) as admin:
            for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
                admin.execute(f"ALTER SYSTEM SET {setting}".encode())
            admin.execute("SELECT pg_reload_conf()")
        yield home
    finally:
        embedded_postgres.stop(home)
        shutil.rmtree(home, ignore_errors=True)


class Databases:
    """The databases of one embedded cluster."""

    def __init__(self, home: Path) -> None:
        running = embedded_postgres.running_url(home)
        assert running is not None
        self._running = running
        self._spare: str | None = None
        with closing(self._admin()) as admin:
            _create(admin, TEMPLATE, "template1")
        migrate(self.url(TEMPLATE))
        give_logins(self.url(TEMPLATE), load_settings(Path("no.env"), role_password=ROLE_PASSWORD))
        with psycopg.connect(self.url(TEMPLATE), autocommit=True) as owner:
            owner.execute(REUSE.read_bytes())

    def url(self, name: str) -> str:
        """The address of a database, as the cluster's superuser."""
        return address(self._running, name)

    def _admin(self) -> Admin:
        return psycopg.connect(self.url("postgres"), autocommit=True)

    @contextmanager
    def empty(self) -> Iterator[str]:
        """A database with nothing in it."""
        with self.copied("template1") as url:
            yield url

    @contextmanager
    def copied(self, template: str = TEMPLATE) -> Iterator[str]:
        """A migrated database for more than one test."""
        name = _new_name()
        with closing(self._admin()) as admin:
            _create(admin, name, template)
            yield self.url(name)
            _drop(admin, name)

    @contextmanager
    def lent(self) -> Iterator[str]:
        """A migrated database with no rows but those of the migrations, for one test."""
        name = _new_name()
        with closing(self._admin()) as admin:
            spare, self._spare = self._spare, None
            if spare is None:
                _create(admin, name, TEMPLATE)
            else:
                admin.execute(
                    sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(spare), sql.Identifier(name))
                )
            yield self.url(name)
            if self._cleaned(admin, name):
                self._spare = name
            else:
                _drop(admin, name)

    def _cleaned(self, admin: Admin, name: str) -> bool:
        if not _left_alone(admin, name):
            return False
        try:
            with psycopg.connect(self.url(name), autocommit=True) as owner:
                cleaned = owner.execute("SELECT test_reuse.reset()").fetchone()
        except psycopg.Error:
            return False
        return cleaned == (True,) and _left_alone(admin, name)


def _new_name() -> str:
    return f"test_{uuid4().hex[:12]}"


def _create(admin: Admin, name: str, template: str) -> None:
    admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))


def _drop(admin: Admin, name: str) -> None:
    admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _left_alone(admin: Admin, name: str, *, seconds: float = 2) -> bool:
    """Whether nobody is connected any more, after ending who is."""
    deadline = time.monotonic() + seconds
    while admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
    ).fetchall():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True
