"""The logins of the roles that strangers' words reach: whose address is used when, and what the server keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from models import embedded_postgres
from models.database import DatabaseError, Role, connect, give_logins, login_address, session
from models.settings import Settings, load_settings, settings
from tests.databases import ROLE_PASSWORD

OWN = "postgresql://boss:secret@db.example:5432/posts?sslmode=require"


@pytest.fixture
def with_password(monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("POSTAGENT_DATABASE_URL", OWN)
    monkeypatch.setenv("POSTAGENT_ROLE_PASSWORD", ROLE_PASSWORD)
    settings.cache_clear()
    return settings()


@pytest.mark.parametrize("role", [Role.DASHBOARD, Role.ACCESS])
def test_with_a_password_the_dashboards_roles_log_in_themselves(with_password: Settings, role: Role) -> None:
    password = quote(ROLE_PASSWORD, safe="")
    assert login_address(OWN, role) == f"postgresql://{role}:{password}@db.example:5432/posts?sslmode=require"
    assert psycopg.conninfo.conninfo_to_dict(login_address(OWN, role))["password"] == ROLE_PASSWORD


@pytest.mark.parametrize("role", [Role.OWNER, Role.WORKER])
def test_others_keep_the_login_of_the_address(with_password: Settings, role: Role) -> None:
    assert login_address(OWN, role) == OWN


def test_without_a_password_everybody_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTAGENT_DATABASE_URL", OWN)
    settings.cache_clear()
    assert login_address(OWN, Role.DASHBOARD) == OWN


@pytest.mark.parametrize("is_told", [True, False])
def test_the_embedded_server_needs_no_password(
    cluster_home: Path, monkeypatch: pytest.MonkeyPatch, is_told: bool
) -> None:
    """Its socket is the guard; `postagent up` tells its children the address."""
    home = cluster_home
    monkeypatch.setenv("POSTAGENT_HOME", str(home))
    url = embedded_postgres.running_url(home)
    assert url is not None
    if is_told:
        monkeypatch.setenv("POSTAGENT_DATABASE_URL", url)
    settings.cache_clear()
    assert login_address(url, Role.ACCESS) == url.replace("postgres@", "postagent_access@", 1)


def test_a_session_is_its_role_from_the_login_on(owner: psycopg.Connection[Any]) -> None:
    for role in (Role.DASHBOARD, Role.ACCESS):
        with session(role) as db:
            who = (
                db.connection().exec_driver_sql("SELECT session_user, current_user, current_setting('timezone')").one()
            )
        assert tuple(who) == (role, role, "UTC")
        with connect(role) as connection:
            assert connection.execute("SELECT session_user").fetchone() == (role,)


def test_the_server_never_sees_the_password(owner: psycopg.Connection[Any]) -> None:
    give_logins(settings().database_url.get_secret_value(), settings())  # type: ignore[union-attr]
    kept = owner.execute(
        "SELECT rolname, rolcanlogin, rolpassword FROM pg_authid WHERE rolname LIKE 'postagent_%' ORDER BY 1"
    ).fetchall()
    assert [(name, may) for name, may, _ in kept] == [
        ("postagent_access", True),
        ("postagent_dashboard", True),
        ("postagent_worker", False),
    ]
    assert [(password or "")[:14] for _, _, password in kept] == ["SCRAM-SHA-256$", "SCRAM-SHA-256$", ""]


def test_who_may_not_change_roles_is_told_what_to_do(database_url: str, owner: psycopg.Connection[Any]) -> None:
    owner.execute("DROP ROLE IF EXISTS a_guest")
    owner.execute("CREATE ROLE a_guest LOGIN")
    try:
        guest = database_url.replace("postgres@", "a_guest@", 1)
        config = load_settings(Path("no.env"), database_url=guest, role_password=ROLE_PASSWORD)
        with pytest.raises(
            DatabaseError, match=r"a_guest@.* may not give postagent_dashboard a login: .*ROLE_PASSWORD"
        ):
            give_logins(guest, config)
    finally:
        owner.execute(sql.SQL("DROP ROLE a_guest"))
