"""Two tenants with a row in every table that has tenants' rows, made from what the catalogue says of the tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import orjson
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from models.base import utc_now
from tests.dashboards.attacks.catalogue import Column, Connection, Table, tenants_tables

Row = dict[str, Any]

# Where a value of the column's type is not enough: (table, column) -> what to write.
SPECIAL: dict[tuple[str, str], Any] = {}


@dataclass(slots=True, kw_only=True)
class Tenant:
    """A tenant and a row of theirs in each table. Every text of theirs begins with `mark`."""

    mark: str
    id: UUID = field(default_factory=uuid4)
    rows: dict[str, Row] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)  # triggers write rows too

    @property
    def marks(self) -> set[str]:
        """What must not be seen by anybody else: their texts and the ids of their rows."""
        ids = {str(value) for row in self.rows.values() for value in row.values() if isinstance(value, UUID)}
        return {self.mark, *ids}


def make_tenant(owner: Connection, tables: dict[str, Table], mark: str) -> Tenant:
    """A tenant with one row in every tenants' table, and in the tables that these refer to."""
    tenant = Tenant(mark=mark)
    mine = tenants_tables(tables)
    needed = set(mine) | {reference.target for table in mine.values() for reference in table.references}
    for name in [name for name, table in tables.items() if name in needed and not table.is_view]:
        try:
            row = insert_row(owner, tables[name], a_row(tables[name], tenant))
        except psycopg.errors.UniqueViolation:  # a trigger of an earlier table made it
            row = _row_of(owner, tables[name], tenant)
        assert row is not None, f"no row of {name} came to be; say in tests/dashboards/attacks/tenants.py how one looks"
        tenant.rows[name] = row
    tenant.counts = {name: len(rows) for name, rows in snapshot(owner, tables, tenant.id).items()}
    return tenant


def _row_of(owner: Connection, table: Table, tenant: Tenant) -> Row | None:
    whose = sql.SQL("SELECT * FROM {} WHERE {} = %s").format(sql.SQL(table.name), sql.Identifier(table.tenant or ""))
    return owner.cursor(row_factory=dict_row).execute(whose, (tenant.id,)).fetchone()


def a_row(table: Table, tenant: Tenant, *, all_references: bool = True) -> Row:
    """A new row of the tenant's: what is required, and references (all, or only required ones) to their rows."""
    values: Row = {}
    for column in table.columns.values():
        if not column.is_open and not column.is_generated:
            values[column.name] = _value(table, column, tenant)
    for reference in table.references:
        target = tenant.rows.get(reference.target)
        required = any(not table.columns[name].is_open for name in reference.columns if name != table.tenant)
        if target is not None and (all_references or required):
            values |= {
                own: target[their] for own, their in zip(reference.columns, reference.target_columns, strict=True)
            }
    if table.tenant is not None:
        values[table.tenant] = tenant.id
    return values


def _value(table: Table, column: Column, tenant: Tenant) -> Any:
    if (table.name, column.name) in SPECIAL:
        return SPECIAL[table.name, column.name]
    if column.choices:
        return column.choices[0]
    by_type = {
        "uuid": uuid4(),
        "text": f"{tenant.mark} {column.name} {uuid4().hex[:8]}",
        "date": utc_now().date(),
        "timestamp with time zone": utc_now(),
        "boolean": False,
        "jsonb": orjson.dumps({"of": tenant.mark}).decode(),
    }
    if column.type.endswith("[]"):
        return []
    return by_type.get(column.type, 1)


def insert_row(connection: Connection, table: Table, values: Row) -> Row | None:
    """Insert it as whoever the connection is; the whole row as it stands then, None where a trigger took it away."""
    names = sql.SQL(", ").join(map(sql.Identifier, values))
    places = sql.SQL(", ").join(sql.Placeholder() * len(values))
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(sql.SQL(table.name), names, places)
    cursor = connection.execute(statement + sql.SQL(" RETURNING *"), list(values.values()))
    row = cursor.fetchone()
    if row is None or cursor.description is None:
        return None
    return dict(zip([column.name for column in cursor.description], row, strict=True))


def snapshot(owner: Connection, tables: dict[str, Table], tenant_id: UUID) -> dict[str, list[Any]]:
    """Everything of a tenant's, byte for byte."""
    return {
        name: owner.execute(
            sql.SQL("SELECT to_jsonb(t)::text FROM {} t WHERE {} = %s ORDER BY 1").format(
                sql.SQL(name), sql.Identifier(table.tenant or "")
            ),
            (tenant_id,),
        ).fetchall()
        for name, table in tenants_tables(tables).items()
    }
