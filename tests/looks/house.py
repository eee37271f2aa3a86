"""A dashboard with the showcase's owners in it, and every page that it has, found by itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from models import database
from models.settings import settings
from tests.dashboards.conftest import sealing, serving
from tests.dashboards.connecting.conftest import CREDENTIALS
from tests.dashboards.house import ROOT, Login, make_login
from tests.databases import Databases
from tests.looks.showcase import Showcase, make_showcase
from tests.sandbox_server import Server

_AUDIT = Path(__file__).with_name("audit.js").read_text(encoding="utf-8")
# Parts of a page that its address leads to, beside what it shows first.
PARTS: Mapping[str, tuple[str, ...]] = {
    "queue": (
        "show=waiting",
        "show=scheduled",
        "show=published",
        "show=problems",
        "show=rejected",
        "view=week",
        "view=month",
    )
}
# Plain pages in the states that only an address tells.
STATES: Mapping[str, tuple[str, ...]] = {"/login": ("bye=1",)}
_FILLING = {"service": "google"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """The running dashboard, its database as the tables' owner, and who lives there."""

    url: str
    owner: psycopg.Connection[Any]
    people: Mapping[str, Login]


@contextmanager
def open_show(databases: Databases, sandbox: Server, folder: Path) -> Iterator[Show]:
    """Seed and serve. Nobody may run a browser in this thread yet: seeding needs an event loop."""
    sandbox.configure(**{name.lower(): value for name, value in CREDENTIALS.items()})
    with (
        databases.copied() as database_url,
        sealing(),
        pytest.MonkeyPatch.context() as patch,
        psycopg.connect(database_url, autocommit=True) as owner,
    ):
        patch.setenv("POSTAGENT_DATABASE_URL", database_url)
        for name, value in (CREDENTIALS | {"SANDBOX_URL": sandbox.url}).items():
            patch.setenv(f"POSTAGENT_{name}", value)
        patch.setenv("POSTAGENT_HOME", str(folder))
        settings.cache_clear()
        database.close_engines()
        try:
            shown: Showcase = make_showcase(owner)
            people = {name: make_login(owner, person) for name, person in shown.people.items()}
            with serving(database_url, folder) as url:
                yield Show(url=url, owner=owner, people=people)
        finally:
            database.close_engines()


def owner_pages() -> dict[str, str]:
    """Name and path of every page of the dashboard's own navigation (`dashboards/main.py`)."""
    pages: dict[str, str] = {}
    for call in ast.walk(ast.parse((ROOT / "dashboards" / "main.py").read_text(encoding="utf-8"))):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "Page"):
            continue
        given = {word.arg: word.value.value for word in call.keywords if isinstance(word.value, ast.Constant)}
        assert isinstance(call.args[0], ast.Constant)
        name = str(given.get("url_path") or Path(str(call.args[0].value)).stem)
        pages[name] = "/" if given.get("default") else f"/{name}"
    return pages


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainPage:
    """A GET door of the house. What its path asks for (an id, a token) does not exist: it says so, which is a page too.
    `anonymous`: it is there for who is not logged in."""

    name: str
    path: str
    anonymous: bool


@lru_cache(maxsize=1)
def plain_pages() -> list[PlainPage]:
    """Every one, and the states that only an address tells."""
    from dashboards.app import ROUTES  # it reads the settings

    pages: list[PlainPage] = []
    for door in ROUTES:
        if "GET" not in door.methods:
            continue
        path = re.sub(r"\{(\w+)[^}]*\}", lambda found: _FILLING.get(found[1], str(uuid4())), door.path)
        name = re.sub(r"[^a-z0-9]+", "-", door.path.lower()).strip("-")
        pages += [
            PlainPage(
                name=f"{name}-{state.partition('=')[0]}".strip("-"),
                path=f"{path}?{state}" if state else path,
                anonymous=door.anonymous,
            )
            for state in ("", *STATES.get(door.path, ()))
        ]
    return pages


def visit(page: Page, url: str) -> bool:
    """Go there and wait until it is drawn. Whether it is a page at all, not a file or a script's answer."""
    answer = page.goto(url)
    if answer is None or not answer.headers.get("content-type", "").startswith("text/html"):
        return False
    if page.locator("#root").count():
        drawn(page)
    return True


def drawn(page: Page) -> None:
    """Wait until one of Streamlit's pages stands: its end or a word about why there is none, pictures and charts."""
    page.locator(".pa-foot, a.pa-button[href='/login'], [data-testid=stAlertContentError]").first.wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    for chart in page.locator("[data-testid=stVegaLiteChart]").all():
        chart.locator("canvas, svg").first.wait_for()
    page.evaluate("document.fonts.ready.then(() => true)")


def audit(page: Page) -> list[str]:
    """What is wrong with the page as it stands, a sentence each."""
    found: list[str] = page.evaluate(_AUDIT)
    return found


def visitor(browser: Browser, show: Show, who: Login | None, *, width: int, scheme: Any = "light") -> BrowserContext:
    """Somebody's browser window; None = nobody is logged in."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, device_scale_factor=1, reduced_motion="reduce"
    )
    context.set_default_timeout(90_000)
    if who is not None:
        context.add_cookies([{"name": "postagent_session", "value": who.token, "url": show.url}])
    return context
