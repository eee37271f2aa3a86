"""One publishing window in a process of its own: python -m tests.benchmarks.window_process SECONDS."""

from __future__ import annotations

import sys

from models import database
from models.settings import settings
from tasks import wiring
from tasks.own_loop import run_fast
from tasks.publishing.publisher import WindowReport
from tasks.publishing.window import open_window, summary


async def watch(seconds: float) -> WindowReport:
    """The window as the task opens it."""
    config = settings()
    async with wiring.open_platforms(config) as platforms:
        return await open_window(database.database_url(config), config, platforms, window_seconds=seconds)


if __name__ == "__main__":
    print(summary(run_fast(watch(float(sys.argv[1])))))
