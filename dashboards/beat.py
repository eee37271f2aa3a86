"""Answers that leave on a beat: how long one took says nothing about what was found."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

BEAT_SECONDS = 0.5


@asynccontextmanager
async def on_the_beat() -> AsyncIterator[None]:
    """What is done inside takes a whole number of beats: a millisecond more or less does not show."""
    began = time.monotonic()
    try:
        yield
    finally:
        await asyncio.sleep(rest_of_beat(time.monotonic() - began))


def rest_of_beat(seconds: float) -> float:
    """How long it is until the next beat, for something that took so long. Pure."""
    return BEAT_SECONDS - seconds % BEAT_SECONDS
