"""A writer whose every call is paid for by one owner: reserved before, settled after."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import nullcontext
from decimal import Decimal
from typing import Any
from uuid import UUID

from platforms.errors import PlatformError
from platforms.openai_errors import was_billed
from platforms.openai_forms import Draft, most_output_tokens, prompt_bytes
from tasks.content.ledger import Ledger, Wish
from tasks.content.writing import WeekWriter


class PaidWriter:
    """The writer for one owner; knows what its calls cost and how the ledger knows them."""

    def __init__(
        self, writer: WeekWriter, ledger: Ledger, user_id: UUID, room: asyncio.Semaphore | None = None
    ) -> None:
        """`room` bounds how many calls are made at once."""
        self._writer = writer
        self._room = room or nullcontext()
        self._ledger = ledger
        self._user_id = user_id
        self.cost_usd = Decimal(0)
        self.call_ids: list[UUID] = []

    async def write_week(self, instructions: str, request: Mapping[str, Any], model: str, cache_key: str) -> Draft:
        """As the writer's own. Raises BudgetSpent before anything is asked when the owner's month has no room."""
        wish = wish_for(self._user_id, instructions, request, model)
        reserved = await self._ledger.reserve(wish)
        self.call_ids.append(reserved.call_id)
        try:
            async with self._room:
                draft = await self._writer.write_week(instructions, request, model, cache_key)
        except PlatformError as error:
            cost = await self._ledger.settle(reserved, None, None, billed=was_billed(error))
            self.cost_usd += cost
            raise
        cost = await self._ledger.settle(reserved, draft.usage, draft.model, billed=True)
        self.cost_usd += cost  # not in one line with the waiting: what another call adds meanwhile would be lost
        return draft


def wish_for(user_id: UUID, instructions: str, request: Mapping[str, Any], model: str, *, batch: bool = False) -> Wish:
    """What a request can use at most."""
    return Wish(
        user_id=user_id,
        model=model,
        prompt_bytes=prompt_bytes(instructions, request),
        output_tokens=most_output_tokens(len(request["slots"])),
        batch=batch,
    )
