"""Group commit: what many posts want written at the same moment goes out as one statement.

There is no waiting for a batch to fill: while one statement is under way the next one gathers. Alone, a write leaves at
once; under load a batch grows as large as the database is slow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Batcher(Generic[Item, Answer]):
    """Hands gathered items to `write`, which answers for each key; who is not answered gets None."""

    def __init__(
        self,
        key: Callable[[Item], Hashable],
        write: Callable[[Sequence[Item]], Awaitable[dict[Hashable, Answer]]],
        *,
        largest: int = 500,
    ) -> None:
        """`key` tells items apart; two with one key never share a batch."""
        self._key = key
        self._write = write
        self._largest = largest
        self._waiting: list[tuple[Item, asyncio.Future[Answer | None]]] = []
        self._busy: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Answer | None:
        """Write one item. Raises what `write` raised for the batch it went with."""
        future: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._busy is None:
            self._busy = asyncio.create_task(self._flush())
        return await future

    async def _flush(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._next()
                try:
                    answers = await self._write([item for item, _ in batch])
                except BaseException as error:
                    for _, future in batch:
                        if not future.done():
                            future.set_exception(error if isinstance(error, Exception) else RuntimeError("stopped"))
                    if not isinstance(error, Exception):
                        raise
                    continue
                for item, future in batch:
                    if not future.done():
                        future.set_result(answers.get(self._key(item)))
        finally:
            self._busy = None

    def _next(
        self,
    ) -> tuple[list[tuple[Item, asyncio.Future[Answer | None]]], list[tuple[Item, asyncio.Future[Answer | None]]]]:
        taken: set[Hashable] = set()
        batch: list[tuple[Item, asyncio.Future[Answer | None]]] = []
        rest: list[tuple[Item, asyncio.Future[Answer | None]]] = []
        for entry in self._waiting:
            key = self._key(entry[0])
            if len(batch) < self._largest and key not in taken:
                taken.add(key)
                batch.append(entry)
            else:
                rest.append(entry)
        return batch, rest
