"""What signals mean to `up`: the first stops in order, a second one at once, a burst is one wish."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest

from ops.stack import shutdown, up
from ops.stack.house import StartError


class FakeProgress:
    def say(self, text: str) -> None:
        """Nobody listens."""


class FakeHouse:
    """Starts by doing what it is told, then lives until cancelled."""

    def __init__(self, error: Exception | None = None) -> None:
        self.progress = FakeProgress()
        self.error = error
        self.started = asyncio.Event()

    async def start(self) -> None:
        self.started.set()
        if self.error is not None:
            raise self.error
        await asyncio.Event().wait()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What of the shutdown was called; stopping in order takes for ever where a test says so."""
    called: list[str] = []

    async def in_order(house: Any) -> None:
        called.append("in order")

    async def at_once(house: Any) -> None:
        called.append("at once")

    monkeypatch.setattr(shutdown, "stop_in_order", in_order)
    monkeypatch.setattr(shutdown, "kill_everything", at_once)
    monkeypatch.setattr(up, "SAME_WISH_SECONDS", 0.05)
    return called


async def live(house: FakeHouse) -> asyncio.Task[int]:
    task = asyncio.create_task(up._live(house, lambda line: None))  # type: ignore[arg-type]
    await house.started.wait()
    return task


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_one_signal_stops_in_order(number: signal.Signals, calls: list[str]) -> None:
    task = await live(FakeHouse())
    os.kill(os.getpid(), number)
    assert await task == 0
    assert calls == ["in order"]


async def test_a_second_signal_stops_at_once(calls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    stopping = asyncio.Event()

    async def never_ends(house: Any) -> None:
        calls.append("in order")
        stopping.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(shutdown, "stop_in_order", never_ends)
    task = await live(FakeHouse())
    os.kill(os.getpid(), signal.SIGINT)
    await stopping.wait()
    os.kill(os.getpid(), signal.SIGINT)  # make and its group: the same wish
    await asyncio.sleep(0.1)
    assert not task.done()
    os.kill(os.getpid(), signal.SIGINT)
    assert await task == up.INTERRUPTED
    assert calls == ["in order", "at once"]


async def test_what_does_not_start_is_told_and_stopped_in_order(
    calls: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    task = await live(FakeHouse(StartError("the worker ended with code 1")))
    assert await task == 1
    assert calls == ["in order"]
    assert capsys.readouterr().err == "the worker ended with code 1\n"


async def test_a_fault_of_the_program_keeps_its_traceback_and_leaves_nothing_running(calls: list[str]) -> None:
    task = await live(FakeHouse(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        await task
    assert calls == ["at once"]
