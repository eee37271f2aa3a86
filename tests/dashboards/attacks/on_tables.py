"""Attacks on tables by somebody who can send any SQL as one of our roles. Each answers with what it got away with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any
from uuid import UUID

import orjson
import psycopg

from tests.dashboards.attacks.catalogue import Connection, Reference, Table, may, tenants_tables
from tests.dashboards.attacks.tenants import Row, Tenant, a_row

Refused = (psycopg.errors.InsufficientPrivilege, psycopg.errors.GeneratedAlways)
# Unique: a story's next number is found among what is seen, and meets the other's before its key is looked at.
Crossed = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.ForeignKeyViolation,
    psycopg.errors.UniqueViolation,
)


class Attacker:
    """A connection as `role` that says it is `me` (None = nobody, or somebody made up), after what is `victim`'s."""

    def __init__(self, connection: Connection, role: str, me: Tenant | None, victim: Tenant) -> None:
        self.connection, self.role, self.me, self.victim = connection, role, me, victim

    def columns(self, privilege: str, table: Table) -> list[str]:
        """In which columns of a table the role may do something."""
        held = may(self.connection, self.role, privilege, table.name)
        return [name for name in table.columns if name in held]

    def tried(self, statement: str, *values: Any) -> int | Exception:
        """How many rows it met, or what stood in its way. Nothing of it stays."""
        try:
            with self.connection.transaction(force_rollback=True):
                return self.connection.execute(statement.encode(), values or None).rowcount
        except psycopg.Error as error:
            return error

    def mine_in(self, table: Table) -> int:
        """How many rows the attacker has there themselves."""
        return self.me.counts[table.name] if self.me is not None and table.tenant is not None else 0


def reads(attacker: Attacker, tables: dict[str, Table]) -> Iterator[str]:
    """Everything that can be read, looked through for what is the victim's."""
    for table in tables.values():
        readable = attacker.columns("SELECT", table)
        for column in set(table.columns) - set(readable):
            for shown in (column, f"to_jsonb({column})", f"({table.name}).{column}"):
                if not isinstance(attacker.tried(f"SELECT {shown} FROM {table.name}"), Refused):
                    yield f"{table.name}.{column} is read as {shown} without a right"
        if len(readable) < len(table.columns):
            for shown in ("*", f"to_jsonb({table.name})", f"{table.name}::text"):
                if not isinstance(attacker.tried(f"SELECT {shown} FROM {table.name}"), Refused):
                    yield f"{table.name} is read whole as {shown}, with columns that are closed"
        if not readable:
            continue
        everything = f"SELECT {', '.join(readable)} FROM {table.name}"
        rows = attacker.connection.execute(everything.encode()).fetchall()
        if table.tenant is not None and len(rows) != attacker.mine_in(table):
            yield f"{table.name} shows {len(rows)} rows instead of {attacker.mine_in(table)}"
        if any(mark in str(rows) for mark in attacker.victim.marks):
            yield f"{table.name} shows what is another's"
        # Whether a condition is asked of rows that are not shown: an error would tell what is in them.
        for column in readable:
            met = attacker.tried(f"SELECT 1 FROM {table.name} WHERE 1 / (length({column}::text) * 0) = 1")
            if isinstance(met, psycopg.errors.DivisionByZero) and table.tenant and not attacker.mine_in(table):
                yield f"{table.name}.{column} is looked at before it is known whose it is"


def changes(attacker: Attacker, tables: dict[str, Table]) -> Iterator[str]:
    """UPDATE and row locks: aimed at the victim's rows, and at whatever there is."""
    for table in tables.values():
        readable = attacker.columns("SELECT", table)
        sets = [f"SET {name} = {value}" for name, value in product(table.columns, ("DEFAULT", "NULL"))]
        sets += [f"SET {name} = {name}" for name in readable]
        for change in sets:
            yield from _met(attacker, table, f"UPDATE {table.name} {change}")
        if table.tenant is not None:
            given = attacker.tried(f"UPDATE {table.name} SET {table.tenant} = %s", attacker.victim.id)
            if not (isinstance(given, Refused) or given == 0):
                yield f"UPDATE {table.name} SET {table.tenant} to another's: {given!r}"
        for lock in ("FOR UPDATE", "FOR SHARE", "FOR KEY SHARE"):
            yield from _met(attacker, table, f"SELECT 1 FROM {table.name}", lock)


def deletions(attacker: Attacker, tables: dict[str, Table]) -> Iterator[str]:
    """DELETE and TRUNCATE."""
    for table in tables.values():
        yield from _met(attacker, table, f"DELETE FROM {table.name}")
        if not isinstance(attacker.tried(f"TRUNCATE {table.name}"), Refused):
            yield f"{table.name} can be truncated"


def _met(attacker: Attacker, table: Table, statement: str, tail: str = "") -> Iterator[str]:
    """With the victim's id no row may be met, and no error may come of one; without it only the attacker's own."""
    if table.tenant is not None:
        aimed = attacker.tried(f"{statement} WHERE {table.tenant} = %s {tail}", attacker.victim.id)
        if not (isinstance(aimed, Refused) or aimed == 0):
            yield f"{statement}, aimed at another's: {aimed!r}"
    blind = attacker.tried(f"{statement} {tail}")
    if isinstance(blind, Refused):
        return
    most = attacker.mine_in(table) if table.tenant is not None else 0
    # What is wrong with the attacker's own row is their own matter.
    if (isinstance(blind, int) and blind > most) or (isinstance(blind, Exception) and not most):
        yield f"{statement}: {blind!r}"


def insertions(attacker: Attacker, tables: dict[str, Table]) -> Iterator[str]:
    """Rows in the victim's name, and rows of one's own under the victim's ids."""
    for table in tables.values():
        allowed = attacker.columns("INSERT", table)
        forged = a_row(table, attacker.victim)
        if allowed:
            forged = _only(forged, allowed)
        met = _inserted(attacker, table, forged)
        if not isinstance(met, psycopg.errors.InsufficientPrivilege):
            yield f"INSERT INTO {table.name} in another's name: {met!r}"
        if attacker.me is None or not allowed or table.tenant is None:
            continue
        own = _only(a_row(table, attacker.me, all_references=False), allowed)
        met = _inserted(attacker, table, own)
        # Where one may have a single row, and has it, the policy was asked first and let it pass.
        if isinstance(met, Exception) and not isinstance(met, psycopg.errors.UniqueViolation):
            yield f"INSERT INTO {table.name} of one's own does not work, so that attacks on it prove nothing: {met!r}"
        changeable = attacker.columns("UPDATE", table)
        if set(table.key) <= set(allowed) and table.name in attacker.victim.rows:
            taken = own | {name: attacker.victim.rows[table.name][name] for name in table.key}
            for end in ["", " ON CONFLICT DO NOTHING"] + [
                f" ON CONFLICT ({', '.join(table.key)}) DO UPDATE SET {name} = excluded.{name}" for name in changeable
            ]:
                met = _inserted(attacker, table, taken, end)
                if not (
                    isinstance(met, psycopg.errors.InsufficientPrivilege | psycopg.errors.UniqueViolation) or met == 0
                ):
                    yield f"INSERT INTO {table.name} under another's id{end}: {met!r}"


def crossings(attacker: Attacker, tables: dict[str, Table]) -> Iterator[str]:
    """Rows of one's own that refer to what is the victim's."""
    me = attacker.me
    assert me is not None, "only somebody has rows of their own"
    for table in tenants_tables(tables).values():
        insertable, changeable = attacker.columns("INSERT", table), attacker.columns("UPDATE", table)
        for reference in table.references:
            theirs = _theirs(table, reference, attacker.victim)
            if not theirs:
                continue
            if set(theirs) <= set(insertable):
                row = _only(a_row(table, me, all_references=False) | theirs, insertable)
                if not isinstance(met := _inserted(attacker, table, row), Crossed):
                    yield f"INSERT INTO {table.name} with another's {', '.join(theirs)}: {met!r}"
            for name in theirs:
                met = attacker.tried(f"UPDATE {table.name} SET {name} = %s", theirs[name])
                if not isinstance(met, Crossed) and name in changeable:
                    yield f"UPDATE {table.name} SET {name} to another's: {met!r}"


def answers(attacker: Attacker) -> dict[str, object]:
    """What every function of ours that the role may call says to every id of the victim's, call by call."""
    functions = attacker.connection.execute(
        """SELECT p.oid::regproc::text, p.proargtypes::regtype[]::text[] FROM pg_proc p
        JOIN pg_namespace n ON n.oid = pronamespace
        WHERE nspname !~ '^(pg_|information_schema$|test_reuse$)'
        AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
        AND has_function_privilege(p.oid, 'EXECUTE') AND has_schema_privilege(n.oid, 'USAGE') ORDER BY 1"""
    ).fetchall()
    said: dict[str, object] = {}
    for name, kinds in functions:
        for id_ in _ids(attacker.victim):
            arguments = [_argument(attacker.victim, kind, id_) for kind in kinds]
            values = [value for _, value in arguments]
            call = f"SELECT * FROM {name}({', '.join(place for place, _ in arguments)})"
            said[f"{call} of {values}"] = _answer(attacker, call, values)
    return said


def _argument(victim: Tenant, kind: str, wanted: UUID) -> tuple[str, Any]:
    """The place and the value of an argument; a whole row is the victim's own."""
    if kind in victim.rows:
        row = {name: str(value) for name, value in victim.rows[kind].items() if isinstance(value, UUID)}
        return f"jsonb_populate_record(NULL::{kind}, %s::jsonb)", orjson.dumps(row).decode()
    known = {"uuid": str(wanted), "jsonb": "{}", "boolean": "true"}
    return f"%s::{kind}", known.get(kind, "x")


def _answer(attacker: Attacker, call: str, values: Sequence[Any]) -> object:
    try:
        with attacker.connection.transaction(force_rollback=True):
            return attacker.connection.execute(call.encode(), values or None).fetchall()
    except psycopg.Error as error:
        return type(error)


def _ids(tenant: Tenant) -> list[UUID]:
    return sorted({value for row in tenant.rows.values() for value in row.values() if isinstance(value, UUID)})


def _theirs(table: Table, reference: Reference, victim: Tenant) -> Row:
    target = victim.rows.get(reference.target)
    if target is None:
        return {}
    pairs = zip(reference.columns, reference.target_columns, strict=True)
    return {own: target[their] for own, their in pairs if own != table.tenant}


def _inserted(attacker: Attacker, table: Table, row: Row, end: str = "") -> int | Exception:
    names = ", ".join(row)
    values = ", ".join(["%s"] * len(row))
    return attacker.tried(f"INSERT INTO {table.name} ({names}) VALUES ({values}){end}", *row.values())


def _only(row: Row, columns: list[str]) -> Row:
    return {name: value for name, value in row.items() if name in columns}
