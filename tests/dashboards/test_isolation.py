"""An attack on the dashboard's database role: every table, every kind of statement, other tenants' ids.

Nothing of another tenant is read or changed, whatever a page might ask for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from models.base import utc_now
from models.database import Role, connect, session
from models.queries import all_queries, query
from tests.dashboards.house import make_login
from tests.factories import Connected, Owner, insert, make_account, make_owner, make_post

Connection = psycopg.Connection[Any]

# Tables that hold a tenant's rows, and the column that says whose they are.
TENANT_TABLES = {
    "users": "id",
    "businesses": "user_id",
    "business_facts": "user_id",
    "connected_accounts": "user_id",
    "media_library": "user_id",
    "picture_uses": "user_id",
    "stored_objects": "user_id",
    "post_queue": "user_id",
    "analytics": "user_id",
    "post_results": "user_id",
    "user_preferences": "user_id",
    "publish_attempts": "user_id",
    "publish_discards": "user_id",
    "publish_handles": "user_id",
    "post_events": "user_id",
    "content_generations": "user_id",
    "analytics_daily": "user_id",
    "location_metrics": "user_id",
    "publishing_quotas": "user_id",
    "ai_calls": "user_id",
    "ai_batch_requests": "user_id",
    "owner_notices": "user_id",
    "dashboard_sessions": "user_id",
    "connect_attempts": "user_id",
}
# What the dashboard has no business with at all.
CLOSED_TABLES = {
    "ai_batches",
    "ai_batch_requests",
    "ai_calls",
    "publish_discards",
    "publish_handles",
    "dashboard_sessions",
    "connect_attempts",
    "data_deletions",
    "login_attempts",
    "quarantined_rows",
    "job_runs",
    "content_templates",
    "stock_photo_cache",
    "shared_quotas",
    "schema_migrations",
}


@pytest.fixture
def eve(owner: Connection) -> tuple[Owner, Connected, UUID]:
    """Another tenant with a row in every table that has tenants' rows."""
    eve = make_owner(owner, email="eve@example.com", password_hash="EVES-HASH")
    account = make_account(owner, eve, access_token="EVES-TOKEN")
    post = make_post(owner, eve, account, content="Eve's words", requires_approval=True)
    ids: dict[str, Any] = {"user_id": eve.user_id}
    of_post, of_account = ids | {"post_id": post}, ids | {"account_id": account.id, "platform": account.platform}
    insert(owner, "stored_objects", **ids, key="eves-key", place="local")
    insert(owner, "media_library", **ids, filename="eve.jpg", url="https://example.com/eve.jpg", storage_key="eves-key")
    insert(
        owner,
        "picture_uses",
        **ids,
        post_id=post,
        source="upload",
        source_key="eve.jpg",
        url="https://example.com/eve.jpg",
        planned_for=utc_now(),
    )
    insert(owner, "analytics", **of_post, platform=account.platform, reach=5)
    insert(owner, "publish_attempts", **of_post, attempt_number=1, fingerprint="f", worker="w", lease_token=1)
    insert(
        owner,
        "publish_discards",
        **ids,
        account_id=account.id,
        platform=account.platform,
        handles="{}",
        reason="edited",
    )
    insert(owner, "publish_handles", **of_post, kind="container", content_hash="h", handle="x")
    insert(
        owner,
        "content_generations",
        **ids,
        business_id=eve.business_id,
        week_start=utc_now().date(),
        model="m",
        prompt_version="1",
        slots_wanted=1,
    )
    insert(owner, "business_facts", **ids, business_id=eve.business_id, kind="fact", text="Eve's fact")
    insert(owner, "analytics_daily", **of_account, day=utc_now().date())
    insert(owner, "location_metrics", **of_account, day=utc_now().date(), metric="CALL_CLICKS", value=1)
    insert(owner, "publishing_quotas", **of_account, used=1, window_seconds=86_400, read_at=utc_now())
    call, batch, money = uuid4(), uuid4(), {"reserved": 1, "reserved_until": utc_now()}
    insert(owner, "ai_calls", id=call, **ids, **money, month=utc_now().date(), model="m", price_date=utc_now().date())
    insert(owner, "ai_batches", id=batch, model="m")
    insert(
        owner,
        "ai_batch_requests",
        **ids,
        batch_id=batch,
        call_id=call,
        week_start=utc_now().date(),
        part=0,
        slots="[]",
        first_at=utc_now(),
    )
    insert(owner, "owner_notices", **of_account, kind="connection_lost", message="Eve's trouble")
    insert(
        owner,
        "connect_attempts",
        **ids,
        session_id=make_login(owner, eve).session_id,
        service="google",
        state_hash="EVES-STATE",
        verifier_encrypted="v1.x.y",
        started_at=utc_now(),
        expires_at=utc_now(),
    )
    return eve, account, post


@pytest.fixture(params=["as Bob", "as nobody", "as a tenant that does not exist"])
def dashboard(request: pytest.FixtureRequest, owner: Connection, eve: object) -> Iterator[Connection]:
    """A connection of the dashboard's role: with Bob's tenant, none, or a made-up one."""
    bob = make_owner(owner, email="bob@example.com")
    make_post(owner, bob, make_account(owner, bob))
    with connect(Role.DASHBOARD, autocommit=True) as connection:
        tenant = {"as Bob": str(bob.user_id), "as nobody": "", "as a tenant that does not exist": str(uuid4())}
        connection.execute("SELECT set_config('request.jwt.claim.sub', %s, false)", (tenant[request.param],))
        yield connection


def _columns(owner: Connection, table: str) -> list[str]:
    rows = owner.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s", (table,)
    ).fetchall()
    return [row[0] for row in rows]


def _may_read(owner: Connection, table: str, column: str) -> bool:
    row = owner.execute(
        "SELECT has_column_privilege('postagent_dashboard', %s::regclass, %s, 'SELECT')", (table, column)
    ).fetchone()
    assert row is not None
    return bool(row[0])


def _snapshot(owner: Connection, eve_id: UUID) -> dict[str, Any]:
    """Everything of Eve's, byte for byte."""
    return {
        table: owner.execute(
            sql.SQL("SELECT to_jsonb(t)::text FROM {} t WHERE {} = %s ORDER BY 1").format(
                sql.Identifier(table), sql.Identifier(column)
            ),
            (eve_id,),
        ).fetchall()
        for table, column in TENANT_TABLES.items()
    }


def test_every_table_is_known_to_this_attack(owner: Connection) -> None:
    tables = {r[0] for r in owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()}
    assert tables - {"alembic_version"} == set(TENANT_TABLES) | CLOSED_TABLES, "a new table: say whose it is"


def test_every_table_with_tenants_rows_is_under_row_level_security(owner: Connection) -> None:
    rows = owner.execute("SELECT relname FROM pg_class WHERE relrowsecurity").fetchall()
    assert set(TENANT_TABLES) <= {row[0] for row in rows}
    flags = owner.execute(
        "SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = 'postagent_dashboard'"
    ).fetchone()
    assert flags == (False,)


def test_nothing_of_another_tenant_can_be_read(
    owner: Connection, dashboard: Connection, eve: tuple[Owner, Connected, UUID]
) -> None:
    for table, tenant in TENANT_TABLES.items():
        readable = [column for column in _columns(owner, table) if _may_read(owner, table, column)]
        assert bool(readable) == (table not in CLOSED_TABLES), table
        if readable:
            rows = dashboard.execute(
                sql.SQL("SELECT {} FROM {} WHERE {} = %s").format(
                    sql.SQL(", ").join(map(sql.Identifier, readable)), sql.Identifier(table), sql.Identifier(tenant)
                ),
                (eve[0].user_id,),
            ).fetchall()
            assert rows == [], table


def test_secrets_cannot_be_read_not_even_ones_own(owner: Connection, dashboard: Connection) -> None:
    secret = [("users", "password_hash"), ("users", "stripe_customer_id")]
    secret += [("connected_accounts", c) for c in _columns(owner, "connected_accounts") if c.endswith("_encrypted")]
    assert len(secret) == 4
    for table, column in secret:
        for wanted in (column, f"to_jsonb({table})", f"{table}::text", "*"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                dashboard.execute(f"SELECT {wanted} FROM {table}".encode())


def test_closed_tables_are_closed(owner: Connection, dashboard: Connection) -> None:
    for table in sorted(CLOSED_TABLES):
        for statement in (
            "SELECT count(*) FROM {}",
            "DELETE FROM {}",
            "TRUNCATE {}",
            "INSERT INTO {} DEFAULT VALUES",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                dashboard.execute(statement.format(table).encode())


def test_nothing_of_another_tenant_can_be_changed(
    owner: Connection, dashboard: Connection, eve: tuple[Owner, Connected, UUID]
) -> None:
    before = _snapshot(owner, eve[0].user_id)
    assert all(before.values()), "Eve has rows everywhere"
    for table, tenant in TENANT_TABLES.items():
        for column in _columns(owner, table):
            _try(dashboard, f"UPDATE {table} SET {column} = {column} WHERE {tenant} = %s", eve[0].user_id)
            _try(dashboard, f"UPDATE {table} SET {column} = DEFAULT WHERE {tenant} = %s", eve[0].user_id)
        _try(dashboard, f"DELETE FROM {table} WHERE {tenant} = %s", eve[0].user_id)
        _try(dashboard, f"SELECT 1 FROM {table} WHERE {tenant} = %s FOR UPDATE", eve[0].user_id)
    assert _snapshot(owner, eve[0].user_id) == before


def _try(connection: Connection, statement: str, tenant: UUID) -> None:
    """It may be refused, or find nothing; finding a row is the failure."""
    try:
        found = connection.execute(statement.encode(), (tenant,)).rowcount
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.GeneratedAlways):
        return
    except psycopg.errors.SyntaxError:
        raise
    assert found == 0, statement


def test_no_row_can_be_made_in_anothers_name(
    owner: Connection, dashboard: Connection, eve: tuple[Owner, Connected, UUID]
) -> None:
    eve_id, account, post = eve[0].user_id, eve[1], eve[2]
    attempts: list[tuple[str, tuple[Any, ...]]] = [
        (
            "INSERT INTO post_events (post_id, user_id, to_status, actor, reason) VALUES (%s, %s, 'approved', 'x', '')",
            (post, eve_id),
        ),
        ("INSERT INTO post_queue (user_id, account_id, platform, content, scheduled_for) "
         "VALUES (%s, %s, 'facebook', 'x', now())", (eve_id, account.id)),
        ("INSERT INTO media_library (user_id, filename, url) VALUES (%s, 'x', 'x')", (eve_id,)),
        ("INSERT INTO stored_objects (key, user_id, place) VALUES ('x', %s, 'local')", (eve_id,)),
        ("INSERT INTO picture_uses (user_id, source, source_key, url, planned_for) "
         "VALUES (%s, 'upload', 'x', 'x', now())", (eve_id,)),
        ("INSERT INTO user_preferences (user_id) VALUES (%s)", (eve_id,)),
        ("INSERT INTO connected_accounts (user_id, platform, account_id, access_token_encrypted) "
         "VALUES (%s, 'google', 'accounts/1/locations/2', 'x')", (eve_id,)),
        ("INSERT INTO businesses (user_id, name, type) VALUES (%s, 'x', 'x')", (eve_id,)),
        ("INSERT INTO business_facts (user_id, business_id, kind, text) VALUES (%s, %s, 'fact', 'x')",
         (eve_id, eve[0].business_id)),
    ]  # fmt: skip
    before = _snapshot(owner, eve_id)
    for statement, values in attempts:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            dashboard.execute(statement.encode(), values)
    assert _snapshot(owner, eve_id) == before


def test_ones_own_posts_cannot_be_tied_to_anothers_account_or_picture(
    owner: Connection, eve: tuple[Owner, Connected, UUID]
) -> None:
    bob = make_owner(owner)
    mine = make_post(owner, bob, make_account(owner, bob))
    picture = owner.execute("SELECT id FROM media_library").fetchone()
    assert picture is not None
    with connect(Role.DASHBOARD, autocommit=True) as dashboard:
        dashboard.execute("SELECT set_config('request.jwt.claim.sub', %s, false)", (str(bob.user_id),))
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            dashboard.execute("UPDATE post_queue SET media_id = %s WHERE id = %s", (picture[0], mine))
        for statement in (
            "UPDATE post_queue SET account_id = %s WHERE id = %s",
            "UPDATE post_queue SET user_id = %s WHERE id = %s",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                dashboard.execute(statement.encode(), (eve[1].id, mine))


def test_ones_own_facts_can_be_kept_but_never_for_anothers_business(
    owner: Connection, eve: tuple[Owner, Connected, UUID]
) -> None:
    bob = make_owner(owner)
    add = (
        b"INSERT INTO business_facts (user_id, business_id, kind, text) VALUES (%s, %s, 'fact', 'We are two brothers.')"
    )
    with connect(Role.DASHBOARD, autocommit=True) as dashboard:
        dashboard.execute("SELECT set_config('request.jwt.claim.sub', %s, false)", (str(bob.user_id),))
        dashboard.execute(add, (bob.user_id, bob.business_id))
        dashboard.execute("UPDATE business_facts SET text = 'We are three brothers.'")
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            dashboard.execute(add, (bob.user_id, eve[0].business_id))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            dashboard.execute("UPDATE business_facts SET used_at = NULL")
        kept = dashboard.execute("SELECT text FROM business_facts").fetchall()
        assert kept == [("We are three brothers.",)]
        dashboard.execute("DELETE FROM business_facts")
    assert owner.execute("SELECT text FROM business_facts").fetchall() == [("Eve's fact",)]


def test_a_tenant_is_forgotten_with_its_transaction(owner: Connection, eve: tuple[Owner, Connected, UUID]) -> None:
    with session(Role.DASHBOARD, tenant=eve[0].user_id) as db:
        assert db.connection().exec_driver_sql("SELECT count(*) FROM post_queue").scalar_one() == 1
    for _ in range(8):  # whichever pooled connection comes back
        with session(Role.DASHBOARD) as db:
            assert db.connection().exec_driver_sql("SELECT count(*) FROM post_queue").scalar_one() == 0


def test_every_query_of_the_dashboard_shows_nothing_of_another_tenant(
    owner: Connection, dashboard: Connection, eve: tuple[Owner, Connected, UUID]
) -> None:
    long_ago, now = utc_now().replace(year=2000), utc_now()
    values = {
        "ids": [eve[2]], "now": now, "since": long_ago, "limit": 100, "offset": 0, "first": long_ago.date(),
        "last": now.date(), "status": "pending", "ripe": now, "least_reach": 0, "zone": "UTC", "sort": "reach",
    }  # fmt: skip
    names = [name for name in all_queries() if name.startswith("dashboard_")]
    assert len(names) > 12
    for name in names:
        shown = str(dashboard.execute(query(name).encode(), values).fetchall())
        for mark in ("Eve", "eve", str(eve[0].user_id), str(eve[2]), str(eve[1].id)):
            assert mark not in shown, name


def test_the_dashboard_writes_tokens_and_takes_out_only_its_own(
    owner: Connection, dashboard: Connection, eve: tuple[Owner, Connected, UUID]
) -> None:
    before = _snapshot(owner, eve[0].user_id)
    assert dashboard.execute("SELECT * FROM disconnect_account(%s, 'x')", (eve[1].id,)).fetchall() == []
    for statement in (
        "UPDATE connected_accounts SET access_token_encrypted = 'x' WHERE access_token_encrypted = 'y'",
        "UPDATE connected_accounts SET status = 'active' RETURNING refresh_token_encrypted",
        "UPDATE connected_accounts SET account_name = access_token_encrypted",
        "SELECT forget_accounts_granted_by('facebook', 'x', '{}')",
        "SELECT hold_accounts_granted_by('facebook', 'x', '{}')",
        "SELECT accounts_granted_by('facebook', 'x')",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            dashboard.execute(statement.encode())
    assert _snapshot(owner, eve[0].user_id) == before


def test_the_login_role_sees_no_tenant_data(owner: Connection, eve: object) -> None:
    with connect(Role.ACCESS, autocommit=True) as access:
        for table in sorted(set(TENANT_TABLES) - {"users", "dashboard_sessions", "connect_attempts"}):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                access.execute(f"SELECT 1 FROM {table}".encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            access.execute("UPDATE users SET password_hash = 'x'")
