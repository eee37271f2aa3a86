"""Every page in a real browser: readable, reachable, no wider than a phone. Pages are found, not listed.

One server, one browser, one seeded house; `tests/looks/audit.js` says what is measured and how.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.databases import Databases
from tests.looks.house import PARTS, Show, audit, open_show, owner_pages, plain_paths, visit, visitor
from tests.looks.keyboard import walk
from tests.sandbox_server import Server

pytestmark = pytest.mark.xdist_group("browser")
PHONE, DESK = 390, 1280

PLANTED = """
<p style="color:#999;background:#fff">pale words</p>
<div style="background:#fff"><div style="background:rgba(0,0,0,.5)"><span style="color:#000">dark on shade</span></div></div>
<p style="opacity:.4">faint words</p>
<p style="color:#fff;background:linear-gradient(90deg,#000,#fff)">words on a gradient</p>
<h4>A heading too deep</h4>
<img src="/favicon.png" style="width:40px;height:40px">
<p>Goes out at 9:00 AM, you know.</p>
<div style="width:900px;height:20px">too wide</div>
<a href="/x" style="display:inline-block;width:30px;height:30px"></a>
<button style="height:20px;min-height:0">Small</button>
"""
FOUND = (
    'contrast: "pale words" is #999999 on #ffffff, 2.85 of 4.5',
    'contrast: "dark on shade" is #000000 on #808080',
    'contrast: "faint words"',
    'contrast: "words on a gradient"',
    'headings: "A heading too deep" is of level 4 after 1',
    "alt: <img",
    'zone: "Goes out at 9:00 AM, you know." does not name it',
    "width: the page scrolls sideways",
    "name: <a",
    'thumb: "Small" is 20 pixels high',
)


@pytest.fixture(scope="module")
def show(databases: Databases, _running_sandbox: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Show]:
    """The house, seeded before the browser starts."""
    _running_sandbox.control("POST", "reset")
    with open_show(databases, _running_sandbox, tmp_path_factory.mktemp("show")) as opened:
        yield opened


@pytest.fixture(scope="module")
def browser(show: Show, browser: Browser) -> Browser:
    """The one of all these modules, but after the seeding, which needs an event loop of its own."""
    return browser


def _both_schemes(page: Page, name: str) -> list[str]:
    faults = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.wait_for_timeout(150)  # Streamlit takes a moment to change its clothes
        faults += [f"{name}, {scheme}: {fault}" for fault in audit(page)]
    page.emulate_media(color_scheme="light")
    return faults


@pytest.mark.parametrize("person", ["data", "empty", "errors"])
def test_every_page_is_readable_on_a_phone_in_both_schemes(show: Show, browser: Browser, person: str) -> None:
    context = visitor(browser, show, show.people[person], width=PHONE)
    page = context.new_page()
    faults: list[str] = []
    for name, path in owner_pages().items():
        for part in PARTS.get(name, ("",)) if person == "errors" else PARTS.get(name, ("",))[:1]:
            assert visit(page, f"{show.url}{path}?{part}")
            faults += _both_schemes(page, f"{name} {part}".strip())
    context.close()
    assert faults == []


def test_every_plain_page_is_readable_on_a_phone_in_both_schemes(show: Show, browser: Browser) -> None:
    seen = 0
    faults: list[str] = []
    for who in (None, show.people["data"]):
        context = visitor(browser, show, who, width=PHONE)
        page = context.new_page()
        for name, path in plain_paths().items():
            if visit(page, show.url + path) and page.locator("#root").count() == 0:
                seen += 1
                faults += [*_both_schemes(page, name), *(f"{name}: {fault}" for fault in walk(page))]
        context.close()
    assert faults == []
    assert seen >= 6


def test_every_page_is_reached_by_the_keyboard_alone(show: Show, browser: Browser) -> None:
    context = visitor(browser, show, show.people["data"], width=DESK)
    page = context.new_page()
    faults: list[str] = []
    for name, path in owner_pages().items():
        visit(page, show.url + path)
        faults += [f"{name}: {fault}" for fault in [*audit(page), *walk(page)]]
    context.close()
    assert faults == []


def test_what_is_looked_for_is_found(show: Show, browser: Browser) -> None:
    context = visitor(browser, show, None, width=PHONE)
    page = context.new_page()
    visit(page, f"{show.url}/login")
    assert audit(page) == []
    page.evaluate("html => document.querySelector('.card').insertAdjacentHTML('beforeend', html)", PLANTED)
    faults = audit(page)
    assert [sign for sign in FOUND if not any(fault.startswith(sign) for fault in faults)] == []
    page.evaluate("document.querySelector('button').tabIndex = -1")
    assert any(fault.startswith('keyboard: "Log in"') for fault in walk(page))
    context.close()
