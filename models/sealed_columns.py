"""Which columns hold sealed values: every one whose name ends in `_encrypted`, of every table we know.

They are found, not listed, so that a new one cannot be forgotten when keys are rotated (a test compares with the
database). Their table has the columns `id` and `user_id`, both UUID, which the seal is bound to.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import SQLModel

from models import tables

SUFFIX = "_encrypted"
LEASE_COLUMN = "refreshing_until"  # while it lies ahead somebody is replacing the row's sealed values


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedTable:
    """A table with sealed values. `has_lease`: it has LEASE_COLUMN."""

    name: str
    columns: tuple[str, ...]
    has_lease: bool


def sealed_tables() -> tuple[SealedTable, ...]:
    """All of them, in order of their names."""
    assert tables.__all__  # noqa: S101 - imported, so that the metadata is complete
    found = (
        SealedTable(
            name=table.name,
            columns=tuple(column.name for column in table.columns if column.name.endswith(SUFFIX)),
            has_lease=LEASE_COLUMN in table.columns,
        )
        for table in sorted(SQLModel.metadata.tables.values(), key=lambda table: table.name)
    )
    return tuple(table for table in found if table.columns)
