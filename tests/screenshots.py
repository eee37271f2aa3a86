"""Takes the pictures of docs/pictures from a fresh demo: `make screenshots`.

Each owner's page and the sandbox's live page at 1280 and 390 pixels, light and dark, and Prefect's runs with one
artifact. Look at them before they are committed.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page

from ops.demo.businesses import PASSWORD, demo_logins
from ops.deployments import ROOT
from tests.browser import running_browser
from tests.ops.running_stack import Stack

FOLDER = ROOT / "docs" / "pictures"
WIDTHS = (1280, 390)
SETTLE_SECONDS = 140  # posts are written, live and measured by then
TALLEST = 2000  # pixels
OWNER_PAGES = {
    "overview": "/",
    "queue": "/queue",
    "queue-month": "/queue?view=month",
    "pictures": "/pictures",
    "metrics": "/metrics",
    "accounts": "/accounts",
    "business": "/business",
    "plan": "/plan",
    "settings": "/settings",
}


def main(folder: Path = FOLDER) -> None:
    """Start a demo, wait until something is to be seen, take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    stack = Stack()
    try:
        stack.start()
        print(f"ready; waiting {SETTLE_SECONDS} s for the first posts and numbers ...")
        time.sleep(SETTLE_SECONDS)
        with running_browser() as browser:
            for width in WIDTHS:
                _owner(browser, stack, folder, width)
                _sandbox(browser, stack, folder, width)
            _prefect(browser, stack, folder)
        stack.stop()
    finally:
        stack.clean()
    for picture in sorted(folder.glob("*.png")):
        print(picture.relative_to(ROOT) if picture.is_relative_to(ROOT) else picture)


def _page(browser: Browser, width: int) -> Page:
    return browser.new_context(viewport={"width": width, "height": 900}, device_scale_factor=1).new_page()


def _take(page: Page, path: Path, *, full: bool = True) -> None:
    page.wait_for_timeout(2500)  # charts draw themselves
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1")
    if wide:
        print(f"{path.name}: the page scrolls sideways", file=sys.stderr)
    page.screenshot(path=path, full_page=full)


def _owner(browser: Browser, stack: Stack, folder: Path, width: int) -> None:
    email = next(email for plan, email, _ in demo_logins() if plan == "premium")
    page = _page(browser, width)
    page.goto(f"{stack.dashboard}/login")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    for name, path in OWNER_PAGES.items():
        page.goto(f"{stack.dashboard}{path}")
        page.get_by_role("heading").first.wait_for(timeout=30_000)
        # Streamlit scrolls inside a box: a tall window shows what it holds.
        page.wait_for_timeout(1500)
        height = page.evaluate("Math.max(...[...document.querySelectorAll('*')].map(box => box.scrollHeight))")
        page.set_viewport_size({"width": width, "height": min(int(height), TALLEST)})
        _take(page, folder / f"{name}-{width}.png", full=False)
        page.set_viewport_size({"width": width, "height": 900})
    page.context.close()


def _sandbox(browser: Browser, stack: Stack, folder: Path, width: int) -> None:
    page = _page(browser, width)
    page.goto(stack.sandbox)
    _take(page, folder / f"sandbox-{width}.png", full=False)
    page.context.close()


def _prefect(browser: Browser, stack: Stack, folder: Path) -> None:
    page = _page(browser, 1280)
    ui = stack.prefect_api.removesuffix("/api")
    page.goto(f"{ui}/runs")
    page.wait_for_timeout(6000)
    _take(page, folder / "prefect-runs.png", full=False)
    written = {"artifacts": {"key": {"any_": ["written-weeks"]}}, "sort": "CREATED_DESC", "limit": 1}
    newest = httpx.post(f"{stack.prefect_api}/artifacts/filter", json=written).raise_for_status().json()[0]
    page.goto(f"{ui}/artifacts/artifact/{newest['id']}")
    page.wait_for_timeout(4000)
    _take(page, folder / "prefect-artifact.png", full=False)
    page.context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1])) if len(sys.argv) > 1 else main()
