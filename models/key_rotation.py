"""All sealed values under the first key, while everything runs: found in batches, opened, sealed again, written back by
compare-and-set.

Nothing is locked while values are opened and sealed. A row that was changed meanwhile, that somebody holds, or whose
token is being renewed is passed by and looked at again: the newer value wins. Each batch is one statement, so that a
kill loses nothing and the next call goes on; two at once share the work. What a value opens to is never shown, and of a
text that is no envelope nothing at all.

Table and column names cannot be parameters of a query, so the statements are put together here and not in sql/queries.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from pydantic import SecretStr

from models.crypto import KEY_ID_IN_SQL, CryptoError, KeyRing, UnknownKey
from models.sealed_columns import LEASE_COLUMN, SealedTable, sealed_tables

BATCH = 500
PATIENCE_SECONDS = 90.0  # longer than a token's renewal may take (tasks/tokens/renewal.py: LEASE)
PAUSE_SECONDS = 1.0
MOST_TOLD = 20

Connection = psycopg.Connection[Any]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """How many stored values a key sealed, by `table.column`. `key_id` None: texts that are no envelopes of ours."""

    key_id: str | None
    values: Mapping[str, int]

    @property
    def total(self) -> int:
        """In all columns."""
        return sum(self.values.values())

    def __str__(self) -> str:
        where = ", ".join(f"{name} {count}" for name, count in self.values.items())
        return f"{self.total} stored values ({where})"


@dataclass(slots=True)
class Damage:
    """Values that do not open although their key is there. Each sentence names the row and never the content."""

    total: int = 0
    told: list[str] = field(default_factory=list)

    def add(self, error: CryptoError) -> None:
        """One more; only the first ones are kept in words."""
        self.total += 1
        if len(self.told) < MOST_TOLD:
            self.told.append(str(error))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What was done, and what every value needs now."""

    resealed: int
    damage: Damage
    uses: list[KeyUse]


def key_uses(connection: Connection) -> list[KeyUse]:
    """Which keys the stored values need, in order of their ids; texts of an unknown form come last."""
    counted: dict[str | None, dict[str, int]] = {}
    for table in sealed_tables():
        for column in table.columns:
            rows = connection.execute(
                _filled(
                    "SELECT substring({column} FROM %(form)s) AS key_id, count(*) FROM {table}"
                    " WHERE {column} <> '' GROUP BY 1",
                    table,
                    column=sql.Identifier(column),
                ),
                {"form": KEY_ID_IN_SQL},
            ).fetchall()
            for key_id, count in rows:
                counted.setdefault(key_id, {})[f"{table.name}.{column}"] = count
    ids = sorted(counted, key=lambda key_id: (key_id is None, key_id or ""))
    return [KeyUse(key_id=key_id, values=counted[key_id]) for key_id in ids]


def damaged(connection: Connection, ring: KeyRing) -> Damage:
    """Open every stored value once. Values whose key is not there are left out: `key_uses` tells them."""
    damage = Damage()
    for table in sealed_tables():
        for rows in _batches(connection, table, beside="", size=BATCH):
            for row in rows:
                for column in table.columns:
                    _open(ring, table, column, row, damage)
    return damage


def rotate(
    connection: Connection,
    ring: KeyRing,
    *,
    advance: Callable[[int], None] = lambda _: None,
    patience: float = PATIENCE_SECONDS,
    batch: int = BATCH,
) -> Rotation:
    """Seal with the first key whatever another one sealed; `advance` hears after each batch how many values that were.

    `connection` is in autocommit, as the tables' owner. Rows that somebody holds are waited for up to `patience`
    seconds. Values that do not open are left as they are and told.
    """
    resealed = 0
    deadline = time.monotonic() + patience
    while True:
        passed_by, damage = 0, Damage()
        for table in sealed_tables():
            for rows in _batches(connection, table, beside=ring.mark, size=batch):
                changes = [change for row in rows if (change := _resealed(ring, table, row, damage)) is not None]
                written = _write(connection, table, changes)
                values = sum(change.values for change in changes if change.row["id"] in written)
                passed_by += len(changes) - len(written)
                resealed += values
                advance(values)
        if not passed_by or time.monotonic() >= deadline:
            return Rotation(resealed=resealed, damage=damage, uses=key_uses(connection))
        time.sleep(PAUSE_SECONDS)


@dataclass(frozen=True, slots=True)
class _Change:
    """A row as it was read, and its columns as they shall be. `values`: how many of them are new."""

    row: Row = field(repr=False)
    columns: dict[str, str | None] = field(repr=False)
    values: int


def _batches(connection: Connection, table: SealedTable, *, beside: str, size: int) -> Iterator[list[Row]]:
    """Rows with a value that does not begin with `beside` ("": all rows), in order of their ids."""
    other = sql.SQL(" OR ").join(
        sql.SQL("NOT starts_with(nullif({}, ''), %(beside)s)").format(sql.Identifier(column))
        for column in table.columns
    )
    statement = _filled(
        "SELECT id, user_id, {columns} FROM {table} WHERE (%(after)s::uuid IS NULL OR id > %(after)s)"
        " AND (%(beside)s = '' OR {other}) ORDER BY id LIMIT %(size)s",
        table,
        other=other,
    )
    after: UUID | None = None
    while True:
        with connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(statement, {"after": after, "beside": beside, "size": size}).fetchall()
        if not rows:
            return
        yield rows
        after = rows[-1]["id"]


def _open(ring: KeyRing, table: SealedTable, column: str, row: Row, damage: Damage) -> SecretStr | None:
    """What stands in the column; None where there is nothing, or nothing that opens."""
    if not row[column]:
        return None
    try:
        return ring.open(row[column], table=table.name, column=column, row_id=row["id"], user_id=row["user_id"])
    except UnknownKey:
        return None
    except CryptoError as error:
        damage.add(error)
        return None


def _resealed(ring: KeyRing, table: SealedTable, row: Row, damage: Damage) -> _Change | None:
    """The row with all that opens under the first key; None when there is nothing to change."""
    columns, values = {}, 0
    for column in table.columns:
        columns[column] = row[column]
        if not row[column] or ring.is_current(row[column]):
            continue
        opened = _open(ring, table, column, row, damage)
        if opened is not None:
            columns[column] = ring.seal(
                opened, table=table.name, column=column, row_id=row["id"], user_id=row["user_id"]
            )
            values += 1
    return _Change(row, columns, values) if values else None


def _write(connection: Connection, table: SealedTable, changes: list[_Change]) -> set[UUID]:
    """Write the rows that still are as they were read and that nobody holds; returns their ids."""
    if not changes:
        return set()
    columns = range(len(table.columns))
    old, new = [f"old_{number}" for number in columns], [f"new_{number}" for number in columns]
    same = [sql.SQL("t.{} IS NOT DISTINCT FROM seen.{}").format(*map(sql.Identifier, pair))
            for pair in zip(table.columns, old, strict=True)]  # fmt: skip
    if table.has_lease:
        lease = sql.Identifier(LEASE_COLUMN)
        same.append(sql.SQL("(t.{0} IS NULL OR t.{0} <= clock_timestamp())").format(lease))
    statement = _filled(
        "WITH seen AS (SELECT * FROM unnest(%(ids)s::uuid[], {arrays}) AS given (id, {names})),"
        " free AS (SELECT t.id FROM {table} t JOIN seen ON seen.id = t.id WHERE {same}"
        " ORDER BY t.id FOR NO KEY UPDATE OF t SKIP LOCKED)"
        " UPDATE {table} t SET {changed} FROM seen JOIN free ON free.id = seen.id WHERE t.id = seen.id RETURNING t.id",
        table,
        arrays=sql.SQL(", ").join(sql.SQL("{}::text[]").format(sql.Placeholder(name)) for name in old + new),
        names=sql.SQL(", ").join(map(sql.Identifier, old + new)),
        same=sql.SQL(" AND ").join(same),
        changed=sql.SQL(", ").join(
            sql.SQL("{} = seen.{}").format(*map(sql.Identifier, pair)) for pair in zip(table.columns, new, strict=True)
        ),
    )
    values: dict[str, list[Any]] = {"ids": [change.row["id"] for change in changes]}
    for column, before, after in zip(table.columns, old, new, strict=True):
        values[before] = [change.row[column] for change in changes]
        values[after] = [change.columns[column] for change in changes]
    return {row[0] for row in connection.execute(statement, values).fetchall()}


def _filled(text: LiteralString, table: SealedTable, **parts: sql.Composable) -> sql.Composed:
    """A statement with its names in place."""
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    return sql.SQL(text).format(table=sql.Identifier(table.name), columns=columns, **parts)
