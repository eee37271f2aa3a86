"""A real Chromium for tests: whichever this machine has, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# No sandbox: tests run as root in containers too. No traffic of Chromium's own.
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """Path of a Chromium: CHROMIUM from the environment, the distribution's, or None for Playwright's own.

    Raises FileNotFoundError when CHROMIUM names nothing that can be run.
    """
    wanted = os.environ.get("CHROMIUM")
    if wanted:
        found = shutil.which(wanted)
        if found is None:
            raise FileNotFoundError(f"CHROMIUM={wanted}: there is no such program")
        return found
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def launch(playwright: Playwright) -> Browser:
    """Start it without a window. Raises FileNotFoundError with the mend when there is none."""
    path = find_chromium()
    if path is None and not Path(playwright.chromium.executable_path).exists():
        raise FileNotFoundError("No browser: install chromium, set CHROMIUM, or run `playwright install chromium`")
    return playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A browser that is closed afterwards. Until then asyncio cannot run in this thread: keep it to one module."""
    with sync_playwright() as playwright:
        opened = launch(playwright)
        try:
            yield opened
        finally:
            opened.close()
