"""Work in a thread with its own loop: its result, its failure, and a stop that waits for it."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

import pytest

from tasks.own_loop import Stop, in_own_loop

name: ContextVar[str] = ContextVar("name", default="nobody")


async def test_it_runs_in_another_thread_and_loop_and_knows_the_context() -> None:
    here = threading.get_ident(), asyncio.get_running_loop()
    name.set("robin")

    async def work(stop: Stop) -> tuple[int, asyncio.AbstractEventLoop, str]:
        return threading.get_ident(), asyncio.get_running_loop(), name.get()

    thread, loop, who = await in_own_loop(work)
    assert thread != here[0]
    assert loop is not here[1]
    assert who == "robin"


async def test_its_failure_is_raised_here() -> None:
    async def work(stop: Stop) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await in_own_loop(work)


async def test_who_is_cancelled_waits_until_the_work_has_come_to_its_end() -> None:
    told: list[str] = []
    begun = threading.Event()

    async def work(stop: Stop) -> None:
        asked = asyncio.Event()
        stop.listen(asked.set)
        begun.set()
        await asked.wait()
        await asyncio.sleep(0.05)  # a call under way
        told.append("ended")
        stop.listen(None)

    task = asyncio.create_task(in_own_loop(work))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told == ["ended"]


async def test_a_stop_that_was_asked_for_before_anybody_listened_counts() -> None:
    stop, heard = Stop(), asyncio.Event()
    stop.ask()
    stop.listen(heard.set)
    assert heard.is_set()
    stop.listen(None)
    stop.ask()
