"""What all tables share: column shorthands, ids, points in time.

The classes mirror the migrated schema one to one (a test compares them in both directions); the migrations are the
truth, nothing here ever creates a table outside that test.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import TIMESTAMP, Boolean, Column, ForeignKey, Integer, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "pk": "%(table_name)s_pkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "ck": "%(table_name)s_%(constraint_name)s_check",
}


class Table(SQLModel):
    """Base of all tables."""


def utc_now() -> datetime:
    """The clock of the edges; rules take `now` as an argument."""
    return datetime.now(UTC)


def id_field() -> Any:
    """A random primary key, made by whoever inserts."""
    return Field(
        default_factory=uuid4,
        sa_column=Column(Uuid, primary_key=True, server_default=text("gen_random_uuid()")),
    )


def text_column(*, null: bool = False, default: str | None = None, unique: bool = False) -> Column[Any]:
    """A TEXT column."""
    return Column(
        Text,
        nullable=null,
        unique=unique or None,
        server_default=None if default is None else text(f"'{default}'::text"),
    )


def integer_column(*, null: bool = False, default: int | None = None) -> Column[Any]:
    """An INTEGER column."""
    return Column(Integer, nullable=null, server_default=None if default is None else text(str(default)))


def flag_column(default: bool | None) -> Column[Any]:
    """A BOOLEAN NOT NULL column."""
    return Column(Boolean, nullable=False, server_default=None if default is None else text(str(default).lower()))


def time_column(*, null: bool = False, default: str | None = None) -> Column[Any]:
    """A timestamptz column; `default` is SQL, usually `now()`."""
    return Column(TIMESTAMP(timezone=True), nullable=null, server_default=None if default is None else text(default))


def texts_column(*, null: bool = True, default: str | None = None) -> Column[Any]:
    """A TEXT[] column."""
    return Column(ARRAY(Text), nullable=null, server_default=None if default is None else text(default))


def owner_column(*, reference: str | None = "users.id", null: bool = False, unique: bool = False) -> Column[Any]:
    """A foreign key to another table's id that goes with it (ON DELETE CASCADE)."""
    if reference is None:
        return Column(Uuid, nullable=null)
    return Column(Uuid, ForeignKey(reference, ondelete="CASCADE"), nullable=null, unique=unique or None)


__all__ = [
    "UUID",
    "Table",
    "flag_column",
    "id_field",
    "integer_column",
    "owner_column",
    "text_column",
    "texts_column",
    "time_column",
    "utc_now",
]
