"""Every page in a real browser: readable, reachable, no wider than a phone. Pages are found, not listed.

One server, one browser, one seeded house; `tests/looks/audit.js` says what is measured and how.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.databases import Databases
from tests.looks.house import PARTS, Show, audit, open_show, owner_pages, plain_pages, visit, visitor
from tests.looks.keyboard import walk
from tests.sandbox_server import Server

pytestmark = pytest.mark.xdist_group("browser")
PHONE, DESK = 390, 1280

PLANTED = """
<p data-style="color:#999;background:#fff">pale words</p>
<div data-style="background:#fff"><div data-style="background:rgba(0,0,0,.7)">
<span data-style="color:#000">dark on shade</span></div></div>
<p data-style="opacity:.4">faint words</p>
<p data-style="color:#fff;background:linear-gradient(90deg,#000,#fff)">words on a gradient</p>
<h4>A heading too deep</h4>
<img src="/favicon.png" data-style="width:40px;height:40px">
<p>Goes out at 9:00 AM, you know.</p>
<div data-style="width:900px;height:20px">too wide</div>
<a href="/x" data-style="display:inline-block;width:30px;height:30px"></a>
<button data-style="height:20px;min-height:0">Small</button>
"""
# The page's own policy forbids styles in its text, not what a script sets.
PLANT = """html => {
  document.querySelector('.card').insertAdjacentHTML('beforeend', html);
  for (const part of document.querySelectorAll('[data-style]')) part.style.cssText = part.dataset.style;
}"""
FOUND = (
    'contrast: "pale words" is #999999 on #ffffff, 2.85 of 4.5',
    'contrast: "dark on shade" is #000000 on #4c4c4c',
    'contrast: "faint words"',
    'contrast: "words on a gradient"',
    'headings: "A heading too deep" is of level 4 after 1',
    "alt: <img",
    'zone: "Goes out at 9:00 AM, you know." does not name it',
    "width: the page scrolls sideways",
    "name: <a",
    'thumb: "Small" is',
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
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(150)  # Streamlit takes a moment to change its clothes
        faults += [f"{name}, {scheme}: {fault}" for fault in audit(page)]
    page.emulate_media(color_scheme="light")
    return faults


def _agree(faults: list[str]) -> None:
    assert not faults, "\n".join(faults)


def test_every_page_is_readable_and_reached_by_the_keyboard_alone(show: Show, browser: Browser) -> None:
    context = visitor(browser, show, show.people["data"], width=DESK)
    page = context.new_page()
    faults: list[str] = []
    for name, path in owner_pages().items():
        assert visit(page, show.url + path)
        faults += [*_both_schemes(page, f"{name} {DESK}"), *(f"{name}: {fault}" for fault in walk(page))]
        page.set_viewport_size({"width": PHONE, "height": 900})
        faults += _both_schemes(page, f"{name} {PHONE}")
        page.set_viewport_size({"width": DESK, "height": 900})
    context.close()
    _agree(faults)


@pytest.mark.parametrize("person", ["empty", "errors"])
def test_every_page_is_readable_without_data_and_in_trouble(show: Show, browser: Browser, person: str) -> None:
    context = visitor(browser, show, show.people[person], width=PHONE)
    page = context.new_page()
    faults: list[str] = []
    for name, path in owner_pages().items():
        for part in PARTS.get(name, ("",)) if person == "errors" else ("",):
            assert visit(page, f"{show.url}{path}?{part}")
            faults += _both_schemes(page, f"{name} {part}".strip())
    context.close()
    _agree(faults)


def test_every_plain_page_is_readable_and_reached_by_the_keyboard_alone(show: Show, browser: Browser) -> None:
    seen = 0
    faults: list[str] = []
    for anonymous, who in ((True, None), (False, show.people["data"])):
        context = visitor(browser, show, who, width=PHONE)
        page = context.new_page()
        for plain in plain_pages():
            if plain.anonymous is anonymous and visit(page, show.url + plain.path):
                seen += 1
                name = plain.name
                faults += [*_both_schemes(page, name), *(f"{name}: {fault}" for fault in walk(page))]
        context.close()
    _agree(faults)
    assert seen >= 6


def test_what_is_looked_for_is_found(show: Show, browser: Browser) -> None:
    context = visitor(browser, show, None, width=PHONE)
    page = context.new_page()
    visit(page, f"{show.url}/login")
    assert [*audit(page), *walk(page)] == []
    page.evaluate(PLANT, PLANTED)
    faults = audit(page)
    _agree([f"{sign}: not in {faults}" for sign in FOUND if not any(fault.startswith(sign) for fault in faults)])
    page.evaluate("document.querySelector('button').tabIndex = -1")
    assert any(fault.startswith('keyboard: "Log in"') for fault in walk(page))
    context.close()
