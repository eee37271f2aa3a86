"""How we reach PostgreSQL: which address, as which role, one transaction at a time.

Three roles, made by migration 013: `postagent_worker` (flows), `postagent_dashboard` (what an owner sees; row-level
security binds it) and `postagent_access` (login and sessions only). The role is set on every new connection. What
strangers type reaches the last two: they log in as themselves where they can, so that no statement leads out of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from threading import Lock
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import Engine, create_engine, event
from sqlmodel import Session

from models import embedded_postgres
from models.settings import Settings, settings

OLDEST_POSTGRES = 15


class DatabaseError(Exception):
    """The database cannot be used; the message is one line with the mend."""


class Role(StrEnum):
    """Whom a connection acts as."""

    OWNER = ""  # the role of the address itself: migrations and the command line
    WORKER = "postagent_worker"
    DASHBOARD = "postagent_dashboard"
    ACCESS = "postagent_access"


WITH_OWN_LOGIN = (Role.DASHBOARD, Role.ACCESS)
_GIVING_LOGINS = 7_264_031  # advisory lock: two machines may migrate at once


def database_url(config: Settings | None = None, *, start: bool = True) -> str:
    """The libpq address of our database; starts the embedded server where none is configured.

    Raises DatabaseError when the embedded server is not running and `start` is False, or does not start.
    """
    config = config or settings()
    if config.database_url is not None:
        return config.database_url.get_secret_value()
    url = embedded_postgres.running_url(config.home)
    if url is not None:
        return url
    if not start:
        raise DatabaseError(
            f"No database: nothing runs in {embedded_postgres.folder(config.home)}; "
            "start it with `postagent up`, or set POSTAGENT_DATABASE_URL"
        )
    try:
        url = embedded_postgres.start(config.home)
    except RuntimeError as error:
        raise DatabaseError(str(error)) from None
    _create_database(url)
    return url


def _create_database(url: str) -> None:
    """The embedded cluster starts with no database of ours."""
    admin = url.replace(f"/{embedded_postgres.DATABASE}?", "/postgres?")
    with psycopg.connect(admin, autocommit=True) as connection:
        name = embedded_postgres.DATABASE
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
            # Another process may be first.
            with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def log_in_themselves(config: Settings) -> bool:
    """Whether the roles in WITH_OWN_LOGIN have logins: by the password that the operator gave them, or on the embedded
    server, whose socket is its guard (`postagent up` gives its children that address)."""
    given = config.database_url
    if config.role_password is not None or given is None:
        return True
    return given.get_secret_value() == embedded_postgres.running_url(config.home)


def give_logins(url: str, config: Settings) -> None:
    """Let the roles in WITH_OWN_LOGIN log in themselves; nothing where the operator gave them no password.

    The server sees only what it keeps of the password. Raises DatabaseError where the address's user may not change
    roles.
    """
    if not log_in_themselves(config):
        return
    with psycopg.connect(url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_GIVING_LOGINS,))
        for role in WITH_OWN_LOGIN:
            kept = None
            if config.role_password is not None:
                plain = config.role_password.get_secret_value().encode()
                kept = connection.pgconn.encrypt_password(plain, role.encode(), b"scram-sha-256").decode()
            statement = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role.value), sql.Literal(kept))
            try:
                connection.execute(statement)
            except psycopg.errors.InsufficientPrivilege:
                raise DatabaseError(
                    f"{describe(url)} may not give {role} a login: migrate as a user with CREATEROLE, or unset "
                    "POSTAGENT_ROLE_PASSWORD"
                ) from None


def login_address(url: str, role: Role) -> str:
    """The address with the role's own login, where it has one."""
    config = settings()
    if role not in WITH_OWN_LOGIN or not log_in_themselves(config):
        return url
    scheme, rest = url.split("://", 1)
    authority, slash, tail = rest.partition("/")
    password = f":{quote(config.role_password.get_secret_value(), safe='')}" if config.role_password is not None else ""
    return f"{scheme}://{role.value}{password}@{authority.rpartition('@')[2]}{slash}{tail}"


def describe(url: str) -> str:
    """The address without its password, for messages."""
    parts = urlsplit(url)
    host = parts.hostname or "local socket"
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.username or 'default user'}@{host}{port}/{parts.path.lstrip('/')}"


def check(url: str, *, timeout_seconds: int = 5) -> int:
    """Connect once and return the server's major version.

    Raises DatabaseError naming the address (never its password) and the mend: unreachable, wrong, or too old.
    """
    try:
        with psycopg.connect(url, connect_timeout=timeout_seconds) as connection:
            major = connection.info.server_version // 10000
    except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise DatabaseError(
            f"Cannot reach the database {describe(url)}: {reason}. Check POSTAGENT_DATABASE_URL and that it runs"
        ) from None
    if major < OLDEST_POSTGRES:
        raise DatabaseError(
            f"PostgreSQL {major} at {describe(url)} is too old: PostAgentPro needs {OLDEST_POSTGRES} or newer"
        )
    return major


def make_engine(url: str, role: Role, *, pool_size: int = 5) -> Engine:
    """An engine whose every connection acts as `role`, in UTC."""
    _, rest = login_address(url, role).split("://", 1)
    engine = create_engine(
        f"postgresql+psycopg://{rest}",
        pool_size=pool_size,
        max_overflow=10,
        pool_pre_ping=True,
        future=True,
        hide_parameters=True,  # an error's text would hold envelopes, hashes and what owners wrote
    )

    @event.listens_for(engine, "connect")
    def _act_as(connection: psycopg.Connection[Any], _record: object) -> None:
        connection.autocommit = True
        prepare(connection, role)
        connection.autocommit = False

    return engine


def prepare(connection: psycopg.Connection[Any], role: Role) -> None:
    """Set zone and role on a fresh connection."""
    connection.execute("SET TIME ZONE 'UTC'")
    if role is not Role.OWNER:
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role.value)))


def connection_options(role: Role) -> str:
    """libpq `options` that set zone and role, for connections made outside the engine (the publisher's)."""
    return "-c timezone=UTC" + (f" -c role={role.value}" if role is not Role.OWNER else "")


def connect(role: Role, url: str | None = None, *, autocommit: bool = False) -> psycopg.Connection[Any]:
    """One plain psycopg connection as `role`."""
    connection = psycopg.connect(login_address(url or database_url(), role), autocommit=True)
    prepare(connection, role)
    connection.autocommit = autocommit
    return connection


_engines: dict[Role, Engine] = {}
_making = Lock()


def engine(role: Role) -> Engine:
    """This process's engine for a role."""
    with _making:  # two threads at once must not make two of them
        if role not in _engines:
            _engines[role] = make_engine(database_url(), role)
        return _engines[role]


def close_engines() -> None:
    """Close this process's connections; the next use reads the settings again."""
    with _making:
        while _engines:
            _engines.popitem()[1].dispose()


@contextmanager
def session(role: Role = Role.WORKER, *, tenant: UUID | None = None) -> Iterator[Session]:
    """One transaction: committed at the end, rolled back on an exception.

    `tenant` binds row-level security for the dashboard's role; without it that role sees no rows.
    """
    with Session(engine(role), expire_on_commit=False) as opened, opened.begin():
        if role is Role.DASHBOARD:
            # Always, and both: what was set for the whole of a pooled connection must not reach this transaction.
            opened.connection().exec_driver_sql(
                "SELECT set_config('request.jwt.claim.sub', %(tenant)s, true), "
                "set_config('request.jwt.claims', '', true)",
                {"tenant": str(tenant) if tenant is not None else ""},
            )
        yield opened
