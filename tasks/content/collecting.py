"""Collecting batches: what they wrote is judged and queued like any other answer, and paid for once.

A batch whose sender died is looked for at the service by its name. All steps can be repeated: settling a call happens
once, a slot is filled once, and a line is waited for until its posts are queued.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from platforms.errors import OperatorNeeded, PlatformError
from platforms.openai_batches import BatchDesk, BatchState
from platforms.openai_errors import was_billed
from platforms.openai_forms import Draft
from tasks.content.arrived import Arrived
from tasks.content.batches import LEASE, NEAR, drop, execute, read_rows
from tasks.content.ledger import Ledger, Reservation

_CLOCKS_APART = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Over:
    """A batch of which nothing more will come."""

    id: UUID
    state: BatchState


@dataclass(slots=True)
class Collected:
    """What came of the open batches, and for whom something is to be written now."""

    arrived: dict[tuple[UUID, date], Arrived] = field(default_factory=dict)
    owners: list[UUID] = field(default_factory=list)
    under_way: int = 0  # batches
    problems: list[str] = field(default_factory=list)  # for the operator
    notes: list[str] = field(default_factory=list)
    over: list[_Over] = field(default_factory=list)


async def collect(desk: BatchDesk, ledger: Ledger, now: datetime) -> Collected:
    """Look at every open batch that no other run is at. Call `finish` when what arrived is queued."""
    done = Collected()
    for batch in await asyncio.to_thread(read_rows, "claim_ai_batches", lease=LEASE):
        requests = await asyncio.to_thread(read_rows, "ai_batch_requests_open", batch_id=batch["id"])
        try:
            state = await _found(desk, batch)
            results = await desk.results(state, batch["model"]) if state is not None and state.over else {}
        except PlatformError as error:
            told = done.problems if isinstance(error, OperatorNeeded) else done.notes
            told.append(f"a batch could not be looked at: {error.message}")
            state, results = BatchState.unknown(), {}
        if state is None:
            done.owners += await asyncio.to_thread(drop, batch["id"], "its sender died before it was sent")
        elif not state.over:
            done.under_way += 1
            done.owners += [row["user_id"] for row in requests if row["first_at"] <= now + NEAR]
            await asyncio.to_thread(execute, "release_ai_batches", ids=[batch["id"]])
        else:
            if state.problem is not None:
                done.problems.append(f"a batch was refused: {state.problem}")
            await _take_in(done, ledger, batch, requests, results)
            done.over.append(_Over(batch["id"], state))
    done.owners = list(dict.fromkeys(done.owners))
    return done


async def _found(desk: BatchDesk, batch: Mapping[str, Any]) -> BatchState | None:
    """What the service says of a batch; None when it never got it."""
    if batch["provider_id"] is not None:
        try:
            return await desk.look(batch["provider_id"])
        except PlatformError as error:
            if error.http_status != 404:
                raise
            return BatchState.gone(batch["provider_id"], error.message)
    state = await desk.find(str(batch["id"]), batch["created_at"] - _CLOCKS_APART)
    if state is not None:
        await asyncio.to_thread(
            execute,
            "ai_batch_was_submitted",
            id=batch["id"],
            provider_id=state.provider_id,
            input_file_id=state.input_file_id,
        )
    return state


async def _take_in(
    done: Collected,
    ledger: Ledger,
    batch: Mapping[str, Any],
    requests: list[dict[str, Any]],
    results: Mapping[str, Draft | PlatformError],
) -> None:
    """Settle every line, and keep what is of use."""
    lost: list[UUID] = []
    for row in requests:
        told = results.get(str(row["id"]))
        room = Reservation(call_id=row["call_id"], price=ledger.price(batch["model"], row["made_on"]), batch=True)
        if not isinstance(told, Draft):
            await ledger.settle(room, None, None, billed=told is not None and was_billed(told))
            lost.append(row["id"])
        else:
            cost = await ledger.settle(room, told.usage, told.model, billed=True)
            if told.failure is None:
                week = done.arrived.setdefault((row["user_id"], row["week_start"]), Arrived())
                week.add(row, told, cost)
            else:
                lost.append(row["id"])
        done.owners.append(row["user_id"])
    if lost:
        done.notes.append(f"{len(lost)} of {len(requests)} weeks of a batch came back without posts")
        await asyncio.to_thread(execute, "lose_ai_batch_requests", ids=lost)


async def finish(desk: BatchDesk, collected: Collected, served: set[UUID]) -> None:
    """After the run: what is left of `served` owners is of no use any more (their slots are taken, or they left).

    Batches that nobody waits for any more are over, and their files are deleted at the service.
    """
    for batch in collected.over:
        requests = await asyncio.to_thread(read_rows, "ai_batch_requests_open", batch_id=batch.id)
        useless = [row["id"] for row in requests if row["user_id"] in served]
        await asyncio.to_thread(execute, "lose_ai_batch_requests", ids=useless)
        if not await asyncio.to_thread(read_rows, "finish_ai_batch", id=batch.id, reason=batch.state.problem):
            await asyncio.to_thread(execute, "release_ai_batches", ids=[batch.id])
            continue
        try:
            files = (*batch.state.files, batch.state.input_file_id)
            await desk.forget([name for name in files if name is not None])
        except PlatformError as error:  # the service deletes them too, later
            collected.notes.append(f"files of a batch are not deleted: {error.message}")
