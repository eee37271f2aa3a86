"""Attacks on our database roles: every table that there is, every kind of statement, other tenants' ids.

Nothing of another tenant is read or changed, whatever a page might ask for. Tables, columns, keys, rights and functions
come from the catalogue: what is added tomorrow is attacked without a word here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from models.database import Role, connect, session
from models.queries import all_queries
from tests.dashboards.attacks import on_queries, on_tables
from tests.dashboards.attacks.catalogue import ROLES, Connection, Table, privileges_of, tables_of, tenants_tables
from tests.dashboards.attacks.on_tables import Attacker
from tests.dashboards.attacks.tenants import Tenant, make_tenant, snapshot

RIGHTS = Path(__file__).parent / "attacks" / "rights.txt"
DASHBOARD = "postagent_dashboard"
# What the dashboard can read of users and accounts is a list of columns in rights.txt; these may never be in it.
SECRETS = ("password_hash", "token_hash", "state_hash", "code_hash", "_encrypted", "stripe_")


@pytest.fixture
def tables(owner: Connection) -> dict[str, Table]:
    return tables_of(owner)


@pytest.fixture
def eve(owner: Connection, tables: dict[str, Table]) -> Tenant:
    """Another tenant with a row in every table that has tenants' rows."""
    return make_tenant(owner, tables, "EVES")


@pytest.fixture
def bob(owner: Connection, tables: dict[str, Table]) -> Tenant:
    """The attacker, with as many rows of his own."""
    return make_tenant(owner, tables, "BOBS")


@pytest.fixture(params=["as Bob", "as nobody", "as a tenant that does not exist"])
def attacker(request: pytest.FixtureRequest, bob: Tenant, eve: Tenant) -> Iterator[Attacker]:
    """A connection of the dashboard's role: with Bob's tenant, none, or a made-up one."""
    tenant = {"as Bob": str(bob.id), "as nobody": "", "as a tenant that does not exist": str(uuid4())}[request.param]
    with connect(Role.DASHBOARD, autocommit=True) as connection:
        connection.execute("SELECT set_config('request.jwt.claim.sub', %s, false)", (tenant,))
        yield Attacker(connection, DASHBOARD, bob if request.param == "as Bob" else None, eve)


@pytest.fixture
def as_bob(bob: Tenant, eve: Tenant) -> Iterator[Attacker]:
    with connect(Role.DASHBOARD, autocommit=True) as connection:
        connection.execute("SELECT set_config('request.jwt.claim.sub', %s, false)", (str(bob.id),))
        yield Attacker(connection, DASHBOARD, bob, eve)


def test_nothing_of_another_tenant_can_be_read(attacker: Attacker, tables: dict[str, Table]) -> None:
    assert list(on_tables.reads(attacker, tables)) == []


def test_nothing_of_another_tenant_can_be_changed_or_locked(
    owner: Connection, attacker: Attacker, tables: dict[str, Table], eve: Tenant
) -> None:
    before = snapshot(owner, tables, eve.id)
    assert list(on_tables.changes(attacker, tables)) == []
    assert list(on_tables.deletions(attacker, tables)) == []
    assert snapshot(owner, tables, eve.id) == before
    assert all(before.values()), "every table was worth an attack"


def test_no_row_can_be_made_in_anothers_name_or_under_anothers_id(attacker: Attacker, tables: dict[str, Table]) -> None:
    assert list(on_tables.insertions(attacker, tables)) == []


def test_ones_own_rows_cannot_be_tied_to_what_is_anothers(as_bob: Attacker, tables: dict[str, Table]) -> None:
    assert list(on_tables.crossings(as_bob, tables)) == []


def test_no_function_tells_or_changes_anything_of_anothers(
    owner: Connection, attacker: Attacker, tables: dict[str, Table], eve: Tenant
) -> None:
    """Whether Eve is there or was never there makes no difference to any answer."""
    before = snapshot(owner, tables, eve.id)
    said = on_tables.answers(attacker)
    assert len(said) > 10
    assert snapshot(owner, tables, eve.id) == before
    owner.execute("DELETE FROM users WHERE id = %s", (eve.id,))
    assert on_tables.answers(attacker) == said


@pytest.mark.parametrize("role", [Role.ACCESS, Role.WORKER])
def test_other_roles_do_what_they_have_a_right_to_and_nothing_else(
    owner: Connection, tables: dict[str, Table], bob: Tenant, eve: Tenant, role: Role
) -> None:
    """Their rights are a list (below); where they have none, nothing is read, changed, made or locked."""
    before = snapshot(owner, tables, eve.id)
    with connect(role, autocommit=True) as connection:
        stranger = Attacker(connection, role.value, None, eve)
        closed = {
            name: table
            for name, table in tables.items()
            if not any(stranger.columns(right, table) for right in ("SELECT", "INSERT", "UPDATE"))
        }
        assert len(closed) > 3
        found = [*on_tables.reads(stranger, closed), *on_tables.changes(stranger, closed)]
        found += [*on_tables.deletions(stranger, closed), *on_tables.insertions(stranger, closed)]
        assert found == []
        for table in tables.values():
            readable = set(stranger.columns("SELECT", table))
            for column in set(table.columns) - readable:
                assert isinstance(stranger.tried(f"SELECT {column} FROM {table.name}"), on_tables.Refused)
            for column in set(table.columns) - set(stranger.columns("UPDATE", table)):
                change = f"UPDATE {table.name} SET {column} = DEFAULT"
                assert isinstance(stranger.tried(change), on_tables.Refused), change
    assert snapshot(owner, tables, eve.id) == before


@pytest.mark.parametrize("role", ROLES)
def test_every_right_of_a_role_is_in_the_list(owner: Connection, role: str) -> None:
    listed = [line for line in RIGHTS.read_text(encoding="utf-8").splitlines() if line.startswith(f"{role} ")]
    held = privileges_of(owner, role)
    assert len(held) > 10
    told = f"{RIGHTS.relative_to(RIGHTS.parents[3])} lists all that each role may do, a right a line"
    assert sorted(set(held) - set(listed)) == [], f"{told}: is it meant that the role may do this? Then add the line"
    assert sorted(set(listed) - set(held)) == [], f"{told}: the role may not do this any more. Take the line out"


def test_the_dashboard_reads_no_secret_not_even_ones_own(owner: Connection, tables: dict[str, Table]) -> None:
    secret = {(name, column) for name, table in tables.items() for column in table.columns if _is_secret(column)}
    assert len(secret) > 6
    held = set(privileges_of(owner, DASHBOARD))
    for name, column in sorted(secret):
        for right in ("SELECT", "REFERENCES"):
            assert not held & {f"{DASHBOARD} {right} ON {name} ({column})", f"{DASHBOARD} {right} ON {name}"}


def _is_secret(column: str) -> bool:
    return any(secret in column for secret in SECRETS)


def test_a_secret_that_can_be_written_is_not_given_back(attacker: Attacker, tables: dict[str, Table]) -> None:
    """RETURNING, a comparison and a copy into another column are ways of reading too."""
    tried = 0
    for table in tables.values():
        for secret in filter(_is_secret, table.columns):
            for change in attacker.columns("UPDATE", table):
                for statement in (
                    f"UPDATE {table.name} SET {change} = DEFAULT RETURNING {secret}",
                    f"UPDATE {table.name} SET {change} = DEFAULT WHERE {secret} LIKE 'v%%'",
                    f"UPDATE {table.name} SET {change} = CAST({secret}::text AS {table.columns[change].type})",
                ):
                    tried += 1
                    assert isinstance(attacker.tried(statement), on_tables.Refused), statement
    assert tried > 20


def test_a_tenant_is_forgotten_with_its_transaction(owner: Connection, eve: Tenant) -> None:
    with session(Role.DASHBOARD, tenant=eve.id) as db:
        assert db.connection().exec_driver_sql("SELECT count(*) FROM post_queue").scalar_one() == 1
    for _ in range(8):  # whichever pooled connection comes back
        with session(Role.DASHBOARD) as db:
            assert db.connection().exec_driver_sql("SELECT count(*) FROM post_queue").scalar_one() == 0


@pytest.mark.parametrize("setting", ["request.jwt.claim.sub", "request.jwt.claims"])
def test_a_tenant_that_was_set_for_the_whole_connection_does_not_reach_the_next_transaction(
    bob: Tenant, eve: Tenant, setting: str
) -> None:
    """As an attacker's statement would do it, who hopes that somebody else's rows come by later."""
    value = str(eve.id) if setting.endswith("sub") else f'{{"sub": "{eve.id}"}}'
    with session(Role.DASHBOARD) as db:
        db.connection().exec_driver_sql("SELECT set_config(%s, %s, false)", (setting, value))
    for tenant, seen in ((None, []), (bob.id, [bob.id])):
        with session(Role.DASHBOARD, tenant=tenant) as db:
            assert list(db.connection().exec_driver_sql("SELECT user_id FROM post_queue").scalars()) == seen


def test_a_prepared_statement_serves_each_tenant_their_own(bob: Tenant, eve: Tenant) -> None:
    """One connection, one statement, planned once and used by turns."""
    with connect(Role.DASHBOARD, autocommit=True) as connection:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        for _ in range(8):
            for tenant in (bob, eve):
                connection.execute("SELECT set_config('request.jwt.claim.sub', %s, false)", (str(tenant.id),))
                rows = connection.execute("SELECT user_id FROM post_queue", prepare=True).fetchall()
                assert rows == [(tenant.id,)]
        prepared = connection.execute("SELECT statement FROM pg_prepared_statements").fetchall()
        assert prepared
        assert not any(mark in str(prepared) for mark in eve.marks)


def test_what_postgres_knows_of_its_tables_and_sessions_tells_nothing(
    owner: Connection, attacker: Attacker, eve: Tenant
) -> None:
    owner.execute("ANALYZE")
    owner.execute("SELECT set_config('application_name', %s, false)", (f"{eve.mark} mail",))
    for view in ("pg_stats", "pg_stats_ext", "pg_stats_ext_exprs", "pg_prepared_xacts"):
        shown = str(attacker.connection.execute(f"SELECT * FROM {view} WHERE true".encode()).fetchall())
        assert not any(mark in shown for mark in eve.marks), view
    for closed in ("pg_statistic", "pg_authid", "pg_user_mapping", "pg_largeobject", "pg_hba_file_rules"):
        assert isinstance(attacker.tried(f"SELECT * FROM {closed}"), on_tables.Refused), closed
    for closed in (
        "pg_read_file('postgresql.conf')", "pg_ls_dir('.')", "lo_import('/etc/passwd')", "pg_reload_conf()",
        f"pg_terminate_backend({owner.info.backend_pid})", "query_to_xml('TABLE dashboard_sessions', true, true, '')",
    ):  # fmt: skip
        assert isinstance(attacker.tried(f"SELECT {closed}"), on_tables.Refused), closed
    assert isinstance(attacker.tried("COPY users TO PROGRAM 'cat'"), on_tables.Refused)
    assert isinstance(attacker.tried("COPY users TO STDOUT"), on_tables.Refused)


def test_who_listens_hears_nothing_of_anothers(
    owner: Connection, attacker: Attacker, tables: dict[str, Table], eve: Tenant
) -> None:
    """Everybody may listen to everything: so what is sent says only that something happened."""
    sources = owner.execute("SELECT prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace").fetchall()
    texts = [*all_queries().values(), *(source for (source,) in sources)]
    channels = {name for text in texts for name in re.findall(r"pg_notify\(\s*'(\w+)'", text)}
    assert channels
    for channel in channels:
        attacker.connection.execute(f"LISTEN {channel}".encode())
    for name, table in tenants_tables(tables).items():
        for column in table.columns.values():  # every trigger of Eve's rows
            if not column.is_generated:
                change = f"UPDATE {name} SET {column.name} = {column.name} WHERE {table.tenant} = %s"
                with suppress(psycopg.Error):
                    owner.execute(change.encode(), (eve.id,))
    owner.execute("UPDATE publish_attempts SET outcome = 'refused', finished_at = now() WHERE user_id = %s", (eve.id,))
    due = "UPDATE post_queue SET scheduled_for = now() - interval '1 day', status = %s WHERE user_id = %s"
    owner.execute(due, ("approved", eve.id))
    owner.execute("UPDATE connected_accounts SET status = 'expired' WHERE user_id = %s", (eve.id,))
    owner.execute("UPDATE connected_accounts SET status = 'active' WHERE user_id = %s", (eve.id,))
    heard = list(attacker.connection.notifies(timeout=0.2))
    assert heard
    assert {note.payload for note in heard} == {""}


def test_every_query_of_ours_tells_and_changes_nothing_of_another_tenant(
    owner: Connection, attacker: Attacker, tables: dict[str, Table], eve: Tenant
) -> None:
    """Whatever ids and words a page could be led to pass on."""
    before, run = snapshot(owner, tables, eve.id), set()
    mine = attacker.me.marks if attacker.me is not None else set()
    for name, id_, shown, given in on_queries.answers(owner, attacker):
        run.add(name)
        told = {mark for mark in eve.marks - mine if mark in shown and mark not in str(given)}
        assert not told, f"{name} of {id_}: {shown}"
    assert len(run) > 20
    assert snapshot(owner, tables, eve.id) == before
