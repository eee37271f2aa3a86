"""Tells on the terminal what is being waited for, with the time since the start."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

PATIENCE_SECONDS = 3.0


class Progress:
    """Steps under way, in the order in which they began."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """`write` takes one line."""
        self._write = write
        self._begin = time.monotonic()
        self._under_way: dict[str, float] = {}

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return time.monotonic() - self._begin

    def say(self, text: str) -> None:
        """One line with the time."""
        self._write(f"{self.seconds:6.1f} s  {text}")

    def begin(self, what: str) -> None:
        """`what` is waited for from now on."""
        self._under_way[what] = time.monotonic()

    def done(self, what: str, detail: str = "") -> None:
        """`what` is there."""
        began = self._under_way.pop(what, None)
        took = f" ({time.monotonic() - began:.1f} s)" if began is not None else ""
        self.say(f"{what} ready{took}{f': {detail}' if detail else ''}")

    async def tell_what_is_waited_for(self) -> None:
        """Until cancelled: every few seconds a line that names what is still under way."""
        while True:
            await asyncio.sleep(PATIENCE_SECONDS)
            if self._under_way:
                self.say(f"waiting for {', '.join(self._under_way)} ...")
