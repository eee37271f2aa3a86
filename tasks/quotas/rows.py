"""Named queries for the clients' own needs, over a small pool that is opened by the first of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from models.database import Role, connection_options
from models.queries import query

DATABASE_ERRORS = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)


class Rows(Protocol):
    """Runs one named query in its own transaction and returns its rows."""

    def __call__(self, name: str, **params: Any) -> Awaitable[list[DictRow]]: ...


class LazyRows:
    """`Rows` as the worker's role. Who never asks never connects: most clients have no quota of ours to keep."""

    def __init__(self, address: Callable[[], str]) -> None:
        """`address` gives the database's address; it may be slow (it starts the embedded server)."""
        self._address = address
        self._opening = asyncio.Lock()
        self._pool: AsyncConnectionPool[AsyncConnection[DictRow]] | None = None

    async def __call__(self, name: str, **params: Any) -> list[DictRow]:
        pool = self._pool or await self._open()
        async with pool.connection() as connection:
            cursor = await connection.execute(query(name).encode(), params)
            return await cursor.fetchall() if cursor.description is not None else []

    async def _open(self) -> AsyncConnectionPool[AsyncConnection[DictRow]]:
        async with self._opening:
            if self._pool is None:
                pool: AsyncConnectionPool[AsyncConnection[DictRow]] = AsyncConnectionPool(
                    await asyncio.to_thread(self._address),
                    min_size=1,
                    max_size=2,
                    open=False,
                    timeout=10,
                    kwargs={"autocommit": True, "row_factory": dict_row, "options": connection_options(Role.WORKER)},
                )
                await pool.open()
                self._pool = pool
            return self._pool

    async def close(self) -> None:
        """Close what was opened."""
        if self._pool is not None:
            await self._pool.close()
