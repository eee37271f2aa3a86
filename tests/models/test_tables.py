"""The SQLModel classes mirror the migrated schema one to one."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from sqlalchemy import Column, Integer
from sqlmodel import SQLModel

import models.tables
from models.database import Role, make_engine
from models.migrations import _COLUMNS

assert models.tables.__all__


def _described(connection: psycopg.Connection[Any], schema: str) -> set[tuple[str, str]]:
    tables = [
        row[0]
        for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,)).fetchall()
    ]
    ours = sorted(set(tables) - {"alembic_version", "schema_migrations"})
    connection.execute("SET search_path = pg_catalog")
    rows = connection.execute(_COLUMNS, {"schema": schema, "tables": ours}).fetchall()
    generated = connection.execute(
        "SELECT c.relname || '.' || a.attname || ' generated', a.attgenerated::text || a.attidentity::text "
        "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = %s AND c.relname = ANY(%s) AND a.attnum > 0 AND NOT a.attisdropped",
        (schema, ours),
    ).fetchall()
    return {(what, text.replace("public.", "").replace("mirror.", "")) for what, text in rows + generated}


def _drift(database_url: str) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    engine = make_engine(database_url, Role.OWNER)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE SCHEMA mirror")
            connection.exec_driver_sql("SET LOCAL search_path = mirror, public")
            for table in SQLModel.metadata.sorted_tables:
                table.schema = None
            SQLModel.metadata.create_all(connection, checkfirst=False)
    finally:
        engine.dispose()
    with psycopg.connect(database_url, autocommit=True) as connection:
        return _described(connection, "mirror"), _described(connection, "public")


def test_classes_and_database_are_the_same_in_both_directions(database_url: str) -> None:
    classes, database = _drift(database_url)
    assert len(database) > 250
    assert sorted(classes - database) == [], "in the classes, not in the database"
    assert sorted(database - classes) == [], "in the database, not in the classes"


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE users ADD COLUMN nickname TEXT",
        "ALTER TABLE businesses ALTER COLUMN name DROP NOT NULL",
        "ALTER TABLE post_queue ALTER COLUMN status SET DEFAULT 'approved'",
        "ALTER TABLE analytics ALTER COLUMN reach TYPE bigint",
        "DROP INDEX idx_media_user",
        "ALTER TABLE post_queue DROP CONSTRAINT post_queue_status_check",
        "CREATE TABLE surprise (id integer)",
    ],
)
def test_a_drift_of_the_database_is_found(database_url: str, owner: psycopg.Connection[Any], change: str) -> None:
    owner.execute(change.encode())
    classes, database = _drift(database_url)
    assert classes != database


def test_a_drift_of_the_classes_is_found(database_url: str) -> None:
    table = SQLModel.metadata.tables["users"]
    extra: Column[int] = Column("shoe_size", Integer)
    table.append_column(extra)
    try:
        classes, database = _drift(database_url)
        assert ("users.shoe_size", "integer") in classes - database
    finally:
        table._columns.remove(extra)
