"""Mails that leave at once: one thread of the dashboard sends what was just committed, and no page waits for it.

What it does not get to (a crash, a mail server that is away) waits in its row for the deployment `refresh-tokens`.
"""

from __future__ import annotations

import logging
import queue
import threading
from functools import cache
from uuid import UUID

from models.settings import settings
from tasks.mails.sending import send_waiting

log = logging.getLogger(__name__)

MOST_WAITING = 100


def send_soon(mail_id: UUID) -> None:
    """Have a mail sent whose row is committed. Where too many wait, the deployment sends it. Never blocks."""
    try:
        _slot().put_nowait(mail_id)
    except queue.Full:
        log.warning("too many mails wait: the next run of refresh-tokens sends them")


@cache
def _slot() -> queue.Queue[UUID]:
    """What waits, and the thread that takes it out; it ends with the process."""
    waiting: queue.Queue[UUID] = queue.Queue(MOST_WAITING)
    threading.Thread(target=_send_all, args=(waiting,), name="post-office", daemon=True).start()
    return waiting


def _send_all(waiting: queue.Queue[UUID]) -> None:
    while True:
        mail_id = waiting.get()
        try:
            done = send_waiting(settings(), mail_id=mail_id)
            if done.problem is not None:
                log.error("%s", done.problem)
        except Exception:  # the row still says that it waits
            log.exception("a mail could not be sent")
