"""What the dashboard does after an answer, and no page waits for: sending a mail, starting a deployment.

Nothing is lost with the process: who gives an errand has committed a row, or a schedule does the same later.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from functools import cache

log = logging.getLogger(__name__)

MOST_WAITING = 100
_AT_ONCE = 2

Errand = Callable[[], object]


def soon(errand: Errand) -> None:
    """Have it done by a thread of ours. Never blocks: where too many wait it is left to whoever does the same later."""
    try:
        _waiting().put_nowait(errand)
    except queue.Full:
        log.warning("too many errands wait: one is left to its schedule")


def finish() -> None:
    """Wait until everything that was given is done."""
    _waiting().join()


@cache
def _waiting() -> queue.Queue[Errand]:
    """What waits, and the threads that take it out; they end with the process."""
    waiting: queue.Queue[Errand] = queue.Queue(MOST_WAITING)
    for number in range(_AT_ONCE):
        threading.Thread(target=_run_all, args=(waiting,), name=f"errands-{number}", daemon=True).start()
    return waiting


def _run_all(waiting: queue.Queue[Errand]) -> None:
    while True:
        errand = waiting.get()
        try:
            errand()
        except Exception:  # whatever it is, the next errand is done all the same
            log.exception("an errand came to nothing")
        finally:
            waiting.task_done()
