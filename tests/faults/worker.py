"""A publishing worker that can be told where to die. Everything is wrapped here; the product knows nothing of it."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import models.publishing as rules
from models import database
from models.settings import settings
from platforms.base import Certainty, Look, Platform
from tasks import wiring
from tasks.publishing.store import Store
from tasks.publishing.window import open_window
from tests.faults.plan import CALLS

POLLED = frozenset({"claim_posts", "claim_preparations", "renew_leases", "taken_ids"})  # mostly they find nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One life of a worker. `doom` is the step boundary at which it kills itself, coming by the `passes`-th time."""

    environment: Mapping[str, str]
    window: float
    log: str
    doom: str | None = None
    passes: int = 1
    blind: bool = False


class Doom:
    """Counts how often the boundary was passed; the last time is the last thing that this process does."""

    def __init__(self, order: Order) -> None:
        self._name = order.doom
        self._left = order.passes

    def step(self, name: str) -> None:
        """The worker is at a step boundary."""
        if name != self._name:
            return
        self._left -= 1
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


def live(order: Order) -> None:
    """The life of the process: one publishing window, as the flow opens it."""
    os.environ.update(order.environment)
    settings.cache_clear()
    threading.Thread(target=_die_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the harness, which ends us
    for name in ("tasks", "models", "platforms"):  # Prefect shows them on the console
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.basicConfig(
        filename=order.log, level=logging.WARNING, format="%(asctime)s %(process)d %(name)s %(message)s", force=True
    )
    for noisy in ("psycopg.pool", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    _hurry()
    asyncio.run(_window(order))


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)


def _hurry() -> None:
    """The waits of minutes and hours become tenths of seconds; their order stays. Trouble is denser than in life, so
    more attempts are allowed."""
    rules.FIRST_LOOK_DELAY = 0.2
    rules.FIRST_DELAY = 0.2
    rules.LONGEST_DELAY = 2.0
    rules.OPERATOR_DELAY = 1.0
    rules.FOLLOW_DELAYS = (0.3, 0.6, 1.5)  # type: ignore[assignment]
    rules.MAX_ATTEMPTS = 60


async def _window(order: Order) -> None:
    doom = Doom(order)
    _wrap_store(doom)
    config = settings()
    async with wiring.open_platforms(config) as platforms:
        for platform in platforms.values():
            _wrap_platform(platform, doom, blind=order.blind)
        await open_window(database.database_url(config), config, platforms, window_seconds=order.window)


def _wrap_store(doom: Doom) -> None:
    rows, rows_behind = Store.rows, Store.rows_behind

    async def watched(self: Store, name: str, **params: Any) -> list[dict[str, Any]]:
        doom.step(f"before {name}")
        found = await rows(self, name, **params)
        if found or name not in POLLED:
            doom.step(f"after {name}")
        return found

    async def watched_behind(self: Store, lock: str, name: str, **params: Any) -> list[dict[str, Any]]:
        doom.step(f"before {name}")
        found = await rows_behind(self, lock, name, **params)
        doom.step(f"after {name}")
        return found

    Store.rows = watched  # type: ignore[method-assign]
    Store.rows_behind = watched_behind  # type: ignore[method-assign]


def _wrap_platform(platform: Platform, doom: Doom, *, blind: bool) -> None:
    for name in CALLS:
        setattr(platform, name, _watched(getattr(platform, name), name, doom))
    if blind:
        platform.look = _looks_away  # type: ignore[method-assign, assignment]


def _watched(call: Callable[..., Awaitable[Any]], name: str, doom: Doom) -> Callable[..., Awaitable[Any]]:
    async def watched(*args: Any, **kwargs: Any) -> Any:
        doom.step(f"before {name}")
        answer = await call(*args, **kwargs)
        doom.step(f"after {name}")
        return answer

    return watched


async def _looks_away(*_: Any) -> Look:
    """The test double of `--blind`: reconciliation is switched off, so what is in doubt is sent again."""
    return Look(certainty=Certainty.ABSENT)


def doomed(order: Order, boundary: str | None, passes: int) -> Order:
    """The same worker with another fate."""
    return replace(order, doom=boundary, passes=passes)


def stillborn() -> None:
    """Does nothing: whoever waits for it knows that the imports are done and the next ones start at once."""
