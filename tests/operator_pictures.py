"""What an operator sees, from a running demo: the sandbox's live page, Prefect's runs and one of its artifacts."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page

from tests.browser import running_browser
from tests.ops.running_stack import Stack

SETTLE_SECONDS = 140  # posts are written, live and measured by then


def take_operator_pictures(folder: Path) -> None:
    """Start a demo, wait until something is to be seen, take the pictures into `folder`."""
    stack = Stack()
    try:
        stack.start()
        print(f"ready; waiting {SETTLE_SECONDS} s for the first posts and numbers ...")
        time.sleep(SETTLE_SECONDS)
        with running_browser() as browser:
            for width in (1280, 390):
                page = _page(browser, width)
                page.goto(stack.sandbox)
                _take(page, folder / f"sandbox-{width}.png", seconds=2.5)
            _prefect(browser, stack, folder)
        stack.stop()
    finally:
        stack.clean()


def _page(browser: Browser, width: int) -> Page:
    return browser.new_context(viewport={"width": width, "height": 900}, device_scale_factor=1).new_page()


def _take(page: Page, path: Path, *, seconds: float) -> None:
    page.wait_for_timeout(1000 * seconds)
    page.screenshot(path=path)
    print(path)


def _prefect(browser: Browser, stack: Stack, folder: Path) -> None:
    page = _page(browser, 1280)
    ui = stack.prefect_api.removesuffix("/api")
    page.goto(f"{ui}/runs")
    _take(page, folder / "prefect-runs.png", seconds=6)
    written = {"artifacts": {"key": {"any_": ["written-weeks"]}}, "sort": "CREATED_DESC", "limit": 1}
    newest = httpx.post(f"{stack.prefect_api}/artifacts/filter", json=written).raise_for_status().json()[0]
    page.goto(f"{ui}/artifacts/artifact/{newest['id']}")
    _take(page, folder / "prefect-artifact.png", seconds=4)
