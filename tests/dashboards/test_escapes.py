"""Ways out of a role: becoming another one, functions that act as the owner, tables without a guard, views, sequences.

And that the attacks find something where there is something: each is let loose on a house with a door left open.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from models.database import Role, connect
from tests.dashboards.attacks import on_tables
from tests.dashboards.attacks.catalogue import ROLES, Connection, privileges_of, tables_of, tenants_tables
from tests.dashboards.attacks.on_tables import Attacker
from tests.dashboards.attacks.tenants import Tenant, make_tenant
from tests.databases import TEMPLATE, Databases

DASHBOARD = "postagent_dashboard"
# Rows for everybody that refer to rows of which some are somebody's: (table, why that is right).
SHARED = {"stock_photo_cache": "its files are stored objects that belong to nobody"}
# Keys that do not carry the tenant: (constraint, why that is right).
LOOSE = {"picture_uses_storage_key_fkey": "it may be a stock photo's file, which belongs to nobody"}


def unguarded(connection: Connection) -> Iterator[str]:
    """What the structure of the database would let through, whatever the rights are today."""
    tables = tables_of(connection)
    mine = tenants_tables(tables)
    for name, table in tables.items():
        if name in mine and not table.is_guarded and not table.is_view:
            yield f"{name} has tenants' rows and no row-level security: ENABLE ROW LEVEL SECURITY and add a policy"
        if name not in mine and name not in SHARED and any(reference.target in mine for reference in table.references):
            yield f"{name} refers to tenants' rows and does not say whose its own are: it needs a user_id"
    for name, table in mine.items():
        whole = {r.columns for r in table.references if table.tenant in r.columns}
        for reference in table.references:
            carries = table.tenant in reference.columns
            covered = any(set(reference.columns) <= set(columns) for columns in whole)
            if reference.target in mine and not carries and not covered and reference.name not in LOOSE:
                yield f"{reference.name} of {name} may point at another tenant's row: make it (user_id, ...)"
    policies = connection.execute(
        "SELECT tablename, policyname, coalesce(qual, with_check), permissive, roles FROM pg_policies "
        "WHERE %s = ANY(roles) OR 'public' = ANY(roles)",
        (DASHBOARD,),
    ).fetchall()
    for table, policy, condition, *_ in policies:
        if f"{tables[table].tenant} = ( SELECT auth.uid()" not in condition:
            yield f"policy {policy} of {table} does not ask whose the row is: {condition}"
    views = connection.execute(
        """SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('v', 'm')
        AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
        AND NOT (relkind = 'v' AND coalesce(reloptions::text, '') LIKE '%security_invoker=true%')"""
    ).fetchall()
    for (view,) in views:
        yield f"{view} shows what its owner sees: WITH (security_invoker = true), or a table that is guarded"
    functions = connection.execute(
        """SELECT p.oid::regprocedure::text, coalesce(proconfig::text, ''), prorettype = 'trigger'::regtype,
          EXISTS (SELECT 1 FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee = 0)
        FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
        WHERE prosecdef AND nspname !~ '^(pg_|information_schema$|test_reuse$)'"""
    ).fetchall()
    for function, config, is_trigger, is_public in functions:
        if "search_path=public, pg_temp" not in config:
            yield f"{function} acts as its owner and can be led astray: SET search_path = public, pg_temp"
        if is_public and not is_trigger:
            yield f"{function} acts as its owner for everybody: REVOKE EXECUTE ... FROM PUBLIC"


def test_the_house_itself_leaves_no_door_open(owner: Connection) -> None:
    assert list(unguarded(owner)) == []


LEFT_OPEN = (
    "CREATE TABLE diaries (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL REFERENCES users)",
    "CREATE TABLE likes (id uuid PRIMARY KEY, post_id uuid NOT NULL REFERENCES post_queue ON DELETE CASCADE)",
    "ALTER TABLE business_facts DROP CONSTRAINT business_facts_business_tenant_fkey, ADD FOREIGN KEY (business_id) "
    "REFERENCES businesses ON DELETE CASCADE",
    "CREATE POLICY everybodys ON post_queue TO postagent_dashboard USING (true)",
    "CREATE POLICY open_house ON businesses USING (true)",
    "CREATE VIEW posts AS TABLE post_queue",
    "CREATE MATERIALIZED VIEW posts AS TABLE post_queue",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp RETURN 1",
    "ALTER FUNCTION disconnect_account SET search_path = public",
    "ALTER TABLE media_library DISABLE ROW LEVEL SECURITY",
)


@pytest.mark.parametrize("change", LEFT_OPEN)
def test_a_door_that_is_left_open_is_found(owner: Connection, change: str) -> None:
    with owner.transaction(force_rollback=True):
        owner.execute(change.encode())
        assert len(list(unguarded(owner))) == 1


def test_the_attacks_get_in_where_doors_are_open(owner: Connection) -> None:
    """All of these are as if a migration had forgotten something."""
    for change in (
        "CREATE TABLE diaries (user_id uuid NOT NULL REFERENCES users)",
        "GRANT SELECT ON diaries TO postagent_dashboard",
        "ALTER TABLE business_facts DISABLE ROW LEVEL SECURITY, DROP CONSTRAINT business_facts_business_tenant_fkey",
        "ALTER TABLE business_facts ADD FOREIGN KEY (business_id) REFERENCES businesses",
        "CREATE VIEW words AS TABLE post_queue",
        "GRANT SELECT ON words TO postagent_dashboard",
        "GRANT SELECT ON users TO postagent_dashboard",
        "CREATE POLICY x ON users TO postagent_dashboard USING (true)",
        "GRANT TRUNCATE ON media_library TO postagent_dashboard",
        "CREATE POLICY x ON media_library TO postagent_dashboard USING (true)",
        "ALTER TABLE post_queue DROP CONSTRAINT post_queue_media_tenant_fkey",
        "ALTER TABLE post_queue ADD FOREIGN KEY (media_id) REFERENCES media_library",
    ):
        owner.execute(change.encode())
    tables = tables_of(owner)
    eve, bob = make_tenant(owner, tables, "EVES"), make_tenant(owner, tables, "BOBS")
    damaged = {
        name: tables[name] for name in ("diaries", "business_facts", "words", "users", "media_library", "post_queue")
    }
    with connect(Role.DASHBOARD, autocommit=True) as connection:
        connection.execute("SELECT set_config('request.jwt.claim.sub', %s, false)", (str(bob.id),))
        attacker = Attacker(connection, DASHBOARD, bob, eve)
        found = "\n".join(
            hole
            for attack in (
                on_tables.reads,
                on_tables.changes,
                on_tables.deletions,
                on_tables.insertions,
                on_tables.crossings,
            )
            for hole in attack(attacker, damaged)
        )
    for hole in (
        "diaries shows 2 rows instead of 1",
        "business_facts shows what is another's",
        "UPDATE business_facts SET text = text, aimed at another's: 1",
        "UPDATE business_facts SET text = text: 2",
        "DELETE FROM business_facts, aimed at another's: 1",
        "INSERT INTO business_facts in another's name",
        "INSERT INTO business_facts with another's business_id",
        "words shows what is another's",
        "users shows what is another's",
        "media_library can be truncated",
        "UPDATE media_library SET alt_text = alt_text, aimed at another's: 1",
        "INSERT INTO media_library in another's name",
        "UPDATE post_queue SET media_id to another's",
    ):
        assert hole in found, f"{hole} was not found, only:\n{found}"


def test_a_right_that_was_given_is_found(owner: Connection) -> None:
    before = {role: set(privileges_of(owner, role)) for role in ROLES}
    owner.execute("GRANT USAGE ON SEQUENCE login_attempts_id_seq TO postagent_dashboard")
    owner.execute("GRANT UPDATE (plan_tier) ON users TO PUBLIC")
    owner.execute("GRANT EXECUTE ON FUNCTION accounts_granted_by TO postagent_access")
    owner.execute("GRANT CREATE ON SCHEMA public TO postagent_worker")
    new = {role: set(privileges_of(owner, role)) - before[role] for role in ROLES}
    plan = "UPDATE ON users (plan_tier)"
    assert new == {
        "postagent_dashboard": {
            f"postagent_dashboard {plan}",
            "postagent_dashboard USAGE ON SEQUENCE login_attempts_id_seq",
        },
        "postagent_access": {
            f"postagent_access {plan}",
            "postagent_access EXECUTE ON FUNCTION accounts_granted_by(text,text)",
        },
        "postagent_worker": {f"postagent_worker {plan}", "postagent_worker CREATE ON SCHEMA public"},
    }  # fmt: skip


ESCAPES = (
    "RESET ROLE",
    "SET ROLE NONE",
    "SET ROLE postgres",
    "SET ROLE postagent_worker",
    "SET SESSION AUTHORIZATION DEFAULT",
    "RESET SESSION AUTHORIZATION",
    "SET SESSION AUTHORIZATION postgres",
    "RESET ALL",
    "DISCARD ALL",
    "SELECT set_config('role', 'none', false)",
    "SELECT set_config('session_authorization', 'postgres', false)",
    "SET row_security = off",
    "SET session_replication_role = replica",
    "GRANT postagent_worker TO CURRENT_USER",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "ALTER TABLE post_queue DISABLE ROW LEVEL SECURITY",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql RETURN 1",
    "CREATE OR REPLACE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql RETURN NULL::uuid",
)


@pytest.mark.parametrize("role", [Role.DASHBOARD, Role.ACCESS])
def test_nobody_leaves_the_role_of_a_connection(owner: Connection, eve: Tenant, role: Role) -> None:
    """Whoever gets a statement of theirs into a page stays who the page is."""
    rights = _rights(role)
    for escape in ESCAPES:
        with connect(role, autocommit=True) as connection:
            with suppress(psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue):
                connection.execute(escape.encode())
            now = connection.execute("SELECT current_user, session_user").fetchone()
            assert now == (role.value, role.value), escape
            assert _may(connection) == rights, escape
            if role is Role.DASHBOARD:
                try:
                    seen = connection.execute("SELECT id FROM users").fetchall()
                except psycopg.errors.InsufficientPrivilege:  # row_security = off refuses instead of filtering
                    seen = []
                assert seen == [], escape


def _rights(role: Role) -> tuple[Any, ...]:
    with connect(role, autocommit=True) as connection:
        return _may(connection)


def _may(connection: Connection) -> tuple[Any, ...]:
    row = connection.execute(
        """SELECT array_agg(has_column_privilege(attrelid, attnum, 'SELECT')::int * 2
          + has_column_privilege(attrelid, attnum, 'UPDATE')::int ORDER BY attrelid, attnum)
        FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0"""
    ).fetchone()
    assert row is not None
    return tuple(row)


@pytest.fixture
def eve(owner: Connection) -> Tenant:
    return make_tenant(owner, tables_of(owner), "EVES")


def test_a_temporary_table_does_not_stand_in_the_way_of_what_acts_as_the_owner(owner: Connection, eve: Tenant) -> None:
    """Where somebody gave the right to make one, still: a trigger of it would run as the owner of everything."""
    account = eve.rows["connected_accounts"]["id"]
    owner.execute(f"GRANT TEMPORARY ON DATABASE {owner.info.dbname} TO postagent_dashboard".encode())
    with connect(Role.DASHBOARD, autocommit=True) as connection:
        connection.execute("SELECT set_config('request.jwt.claim.sub', %s, false)", (str(eve.id),))
        connection.execute(
            "CREATE TEMP TABLE connected_accounts (id uuid, user_id uuid, platform text, login_provider text, "
            "account_id text, access_token_encrypted text, refresh_token_encrypted text, token_expires_at timestamptz, "
            "status text, status_reason text, refresh_after timestamptz, refreshing_until timestamptz, "
            "granted_by text, disconnected_at timestamptz)"
        )
        connection.execute("CREATE TEMP TABLE who (name text)")
        connection.execute("GRANT ALL ON connected_accounts, who TO PUBLIC")
        connection.execute(
            "CREATE FUNCTION pg_temp.note() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN INSERT INTO who VALUES (current_user); RETURN NEW; END $$"
        )
        connection.execute(
            "CREATE TRIGGER note BEFORE UPDATE ON connected_accounts FOR EACH ROW EXECUTE FUNCTION pg_temp.note()"
        )
        connection.execute(
            "INSERT INTO connected_accounts (id, user_id, platform, account_id, access_token_encrypted, status) "
            "VALUES (%s, %s, 'google', 'x', 'x', 'active')",
            (account, eve.id),
        )
        released = connection.execute(
            "SELECT access_token_encrypted FROM disconnect_account(%s, 'x')", (account,)
        ).fetchone()
        assert released == (eve.rows["connected_accounts"]["access_token_encrypted"],)
        assert connection.execute("SELECT * FROM who").fetchall() == []
    gone = owner.execute("SELECT disconnected_at IS NOT NULL FROM connected_accounts WHERE id = %s", (account,))
    assert gone.fetchone() == (True,)


@pytest.mark.parametrize("role", ROLES)
def test_no_role_makes_temporary_things(databases: Databases, role: str) -> None:
    """Asked of the migrated template: copies of a database do not take its own rights over."""
    with psycopg.connect(databases.url(TEMPLATE), autocommit=True) as template:
        row = template.execute("SELECT has_database_privilege(%s, current_database(), 'TEMPORARY')", (role,)).fetchone()
    assert row == (False,)
