"""A thread with an event loop of its own: what must be punctual does not share one with Prefect's bookkeeping."""

from __future__ import annotations

import asyncio
import contextvars
import sys
from collections.abc import Callable, Coroutine
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")


def run_fast(work: Coroutine[Any, Any, T]) -> T:
    """asyncio.run on the fastest loop there is: uvloop, and on Windows, where it does not run, asyncio's own."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(work)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


class Stop:
    """Asks work in another thread to come to its end. May be asked before the work listens, and more than once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._asked = False
        self._listener: Callable[[], object] | None = None

    def ask(self) -> None:
        """From any thread."""
        with self._lock:
            self._asked = True
            if self._listener is not None:
                self._listener()

    def listen(self, act: Callable[[], object] | None) -> None:
        """Called by the work: `act` runs on its own loop once it is asked. None = the work is over."""
        loop = asyncio.get_running_loop()
        with self._lock:
            self._listener = None if act is None else lambda: loop.call_soon_threadsafe(act)
            if act is not None and self._asked:
                act()


async def in_own_loop(work: Callable[[Stop], Coroutine[Any, Any, T]]) -> T:
    """Run `work` in a thread with a loop of its own. Who is cancelled asks it to stop and waits until it has: calls
    under way are finished, not broken."""
    stop = Stop()
    context = contextvars.copy_context()
    running = asyncio.get_running_loop().run_in_executor(None, lambda: context.run(run_fast, work(stop)))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.ask()
        await asyncio.wait([running])
        raise
