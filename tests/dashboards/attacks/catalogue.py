"""What the database itself says of its tables: whose they are, what refers to what, and who may do what with them.

Nothing here is listed by hand, so that a table of tomorrow is attacked as the ones of today are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]

USERS = "users"
ROLES = ("postagent_access", "postagent_dashboard", "postagent_worker")
_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
# Neither PostgreSQL's own, nor the schema in which tests keep what they clean a database by (tests/databases.sql).
_OURS = "n.nspname !~ '^(pg_|information_schema$|test_reuse$)'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column. `is_open`: it may be left out of an INSERT."""

    name: str
    type: str
    is_open: bool
    is_generated: bool
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A foreign key."""

    name: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Table:
    """A table or view. `tenant` is the column that says whose a row is, None where no column does."""

    name: str
    is_guarded: bool
    is_view: bool
    columns: dict[str, Column] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    key: tuple[str, ...] = ()

    @property
    def tenant(self) -> str | None:
        """users is the tenants themselves."""
        return "id" if self.name == USERS else "user_id" if "user_id" in self.columns else None


def tables_of(connection: Connection) -> dict[str, Table]:
    """Every table and view outside of PostgreSQL's own schemas, those that are referred to before those that refer."""
    found = {
        name: Table(name=name, is_guarded=guarded, is_view=view)
        for name, guarded, view in connection.execute(
            f"""SELECT c.oid::regclass::text, c.relrowsecurity, c.relkind IN ('v', 'm')
            FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {_OURS} ORDER BY 1"""
        ).fetchall()
    }
    choices = _choices(connection)
    for table, column, kind, is_open, is_generated in connection.execute(
        f"""SELECT c.oid::regclass::text, a.attname, format_type(a.atttypid, NULL),
          NOT a.attnotnull OR a.atthasdef OR a.attidentity <> '', a.attgenerated <> ''
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {_OURS}
        ORDER BY 1, a.attnum"""
    ).fetchall():
        found[table].columns[column] = Column(
            name=column,
            type=kind,
            is_open=is_open,
            is_generated=is_generated,
            choices=choices.get((table, column), ()),
        )
    keys = """SELECT k.conrelid::regclass::text, k.conname, k.contype = 'p',
        (SELECT array_agg(a.attname::text ORDER BY i.at) FROM unnest(k.conkey) WITH ORDINALITY i(number, at)
         JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = i.number),
        k.confrelid::regclass::text,
        (SELECT array_agg(a.attname::text ORDER BY i.at) FROM unnest(k.confkey) WITH ORDINALITY i(number, at)
         JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = i.number)
      FROM pg_constraint k WHERE k.contype IN ('p', 'f') AND k.conrelid <> 0 ORDER BY 1, 2"""
    for table, name, is_primary, columns, target, target_columns in connection.execute(keys).fetchall():
        if table in found and is_primary:
            found[table].key = tuple(columns)
        elif table in found:
            found[table].references.append(
                Reference(name=name, columns=tuple(columns), target=target, target_columns=tuple(target_columns))
            )
    return _in_order(found)


def _choices(connection: Connection) -> dict[tuple[str, str], tuple[str, ...]]:
    """The words that a CHECK of the form "column IN (...)" leaves."""
    rows = connection.execute(
        "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE contype = 'c' AND conrelid <> 0"
    ).fetchall()
    found = {}
    for table, definition in rows:
        match = re.fullmatch(r"CHECK \(\((\w+) = ANY \(ARRAY\[(.*)\]\)\)\)", definition)
        if match:
            found[table, match[1]] = tuple(re.findall(r"'([^']*)'::text", match[2]))
    return found


def _in_order(tables: dict[str, Table]) -> dict[str, Table]:
    ordered: dict[str, Table] = {}

    def add(table: Table) -> None:
        if table.name not in ordered:
            for reference in table.references:
                if reference.target != table.name:
                    add(tables[reference.target])
            ordered[table.name] = table

    for table in tables.values():
        add(table)
    return ordered


def tenants_tables(tables: dict[str, Table]) -> dict[str, Table]:
    """Those whose rows belong to somebody."""
    return {name: table for name, table in tables.items() if table.tenant is not None}


def may(connection: Connection, role: str, privilege: str, table: str) -> set[str]:
    """The columns of a table with which a role may do something (SELECT, INSERT, UPDATE)."""
    rows = connection.execute(
        """SELECT attname FROM pg_attribute WHERE attrelid = %(table)s::regclass AND attnum > 0 AND NOT attisdropped
        AND has_column_privilege(%(role)s, attrelid, attnum, %(privilege)s)""",
        {"table": table, "role": role, "privilege": privilege},
    ).fetchall()
    return {row[0] for row in rows}


def privileges_of(connection: Connection, role: str) -> list[str]:
    """All that a role may do, one right a line: what comes from PUBLIC is in it, what PostgreSQL gives everybody on its
    own catalogue and on functions that run as whoever calls them is not."""
    lines: list[str] = []
    relations = connection.execute(
        f"""SELECT c.oid, c.oid::regclass::text, c.relkind = 'S'
        FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND {_OURS} ORDER BY 2"""
    ).fetchall()
    for oid, name, is_sequence in relations:
        if is_sequence:
            held = connection.execute(
                "SELECT p FROM unnest(ARRAY['USAGE', 'SELECT', 'UPDATE']) p WHERE has_sequence_privilege(%s, %s, p)",
                (role, oid),
            ).fetchall()
            lines += [f"{role} {right} ON SEQUENCE {name}" for (right,) in held]
            continue
        held = connection.execute(
            "SELECT p FROM unnest(%s::text[]) p WHERE has_table_privilege(%s, %s, p)", (list(_RIGHTS), role, oid)
        ).fetchall()
        whole = {right for (right,) in held}
        for right in _RIGHTS:
            if right in whole:
                lines.append(f"{role} {right} ON {name}")
            elif right in ("SELECT", "INSERT", "UPDATE", "REFERENCES"):
                columns = sorted(may(connection, role, right, name))
                lines += [f"{role} {right} ON {name} ({column})" for column in columns]
    others = (
        "SELECT 'USAGE ON SCHEMA ' || nspname FROM pg_namespace n WHERE has_schema_privilege(%(role)s, n.oid, 'USAGE') "
        f"AND {_OURS}",
        "SELECT 'CREATE ON SCHEMA ' || nspname FROM pg_namespace n "
        "WHERE has_schema_privilege(%(role)s, n.oid, 'CREATE')",
        # Not TEMPORARY: copies of a database do not take its own rights over. test_escapes.py asks the template.
        "SELECT 'CREATE ON DATABASE' WHERE has_database_privilege(%(role)s, current_database(), 'CREATE')",
        "SELECT 'EXECUTE ON FUNCTION ' || p.oid::regprocedure "
        "FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace "
        "WHERE (prosecdef OR proacl IS NOT NULL) AND prorettype <> 'trigger'::regtype "
        f"AND has_function_privilege(%(role)s, p.oid, 'EXECUTE') AND {_OURS}",
        "SELECT 'MEMBER OF ' || r.rolname FROM pg_roles r WHERE pg_has_role(%(role)s, r.oid, 'MEMBER') "
        "AND r.rolname <> %(role)s",
        "SELECT 'SUPERUSER, BYPASSRLS, CREATEROLE, CREATEDB OR REPLICATION' FROM pg_roles WHERE rolname = %(role)s "
        "AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)",
    )
    for statement in others:
        rows = connection.execute(statement.encode(), {"role": role}).fetchall()
        lines += sorted(f"{role} {right}" for (right,) in rows)
    return lines
