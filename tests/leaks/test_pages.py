"""Every page of the dashboard in a real browser, also while it is broken: no marked secret is sent or logged.

Searched are the pages as they stand, every frame of every websocket, the server's log, and the database.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import psycopg
import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.browser import running_browser
from tests.dashboards.conftest import serving
from tests.dashboards.house import PASSWORD, PASSWORD_HASH, ROOT
from tests.factories import make_account, make_owner, make_post
from tests.leaks.marks import Marks
from tests.leaks.places import our_tables
from tests.s3_server import S3Server
from tests.sandbox_server import Server

pytestmark = pytest.mark.xdist_group("browser")
VIEWS = sorted(path.stem for path in (ROOT / "dashboards" / "views").glob("[!_]*.py"))


class Heard:
    """The frames and pages that a browser is sent."""

    def __init__(self, page: Page) -> None:
        self.parts: list[bytes] = []
        self.frames = 0
        page.on("websocket", self._opened)

    def _opened(self, websocket: WebSocket) -> None:
        websocket.on("framereceived", self._frame)

    def _frame(self, payload: bytes | str) -> None:
        self.frames += 1
        self.parts.append(payload if isinstance(payload, bytes) else payload.encode())

    def add(self, page: Page) -> None:
        """The page as it stands."""
        self.parts.append(page.content().encode())


def visit(page: Page, url: str, heard: Heard) -> None:
    """Every page, until it is drawn."""
    for view in VIEWS:
        page.goto(f"{url}/{'' if view == 'overview' else view}")
        expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=90_000)
        expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible(timeout=90_000)
        heard.add(page)


def connect_google(page: Page, url: str, heard: Heard) -> dict[str, str]:
    """The way to a platform and back, to the end; the secrets of the address on the way."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{url}/accounts")
    page.get_by_role("button", name="Connect Google Business Profile").click()
    expect(page.get_by_text("this is not the real Google")).to_be_visible(timeout=90_000)
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name="Choose your locations")).to_be_visible(timeout=90_000)
    heard.add(page)
    page.get_by_label("Leaking Springs").check()
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_text("Connected. Posts can go out over it from now on.")).to_be_visible(timeout=90_000)
    heard.add(page)
    back = next(address for address in asked if "code=" in address)
    given = dict(parse_qsl(urlsplit(back).query))
    return {f"the {name} of a login": given[name] for name in ("code", "state")}


def test_no_secret_is_sent_to_a_browser_or_logged(
    database_url: str,
    owner: psycopg.Connection[Any],
    sandbox: Server,
    monkeypatch: pytest.MonkeyPatch,
    s3: S3Server,
    tmp_path: Path,
) -> None:
    marks = Marks()
    marks.set_settings(monkeypatch, database_url, s3)
    monkeypatch.setenv("POSTAGENT_SANDBOX_URL", sandbox.url)
    monkeypatch.setenv("POSTAGENT_GOOGLE_CLIENT_ID", "client")
    sandbox.configure(google_client_secret=marks.by_name["google_client_secret"])
    wrong = marks.made("a mistyped password")
    marks.by_name |= {"password": PASSWORD, "password hash": PASSWORD_HASH}
    bob = make_owner(owner, password_hash=PASSWORD_HASH, plan="premium")
    for platform in ("google", "facebook", "instagram"):
        access, refresh = marks.made(f"access token of {platform}"), marks.made(f"refresh token of {platform}")
        account = make_account(owner, bob, platform, access_token=access, refresh_token=refresh)
        make_post(owner, bob, account, requires_approval=True)
        make_post(owner, bob, account, status="published")
    sandbox.account("google", "Leaking Springs", city="Austin", address="1 Main Street")
    gone = make_account(owner, bob, "google", status="revoked", access_token=marks.made("revoked token"))
    make_post(owner, bob, gone, status="failed", error_message="The platform refused the access.")

    with serving(os.environ["POSTAGENT_DATABASE_URL"], tmp_path) as url, running_browser() as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.set_default_timeout(90_000)
        heard = Heard(page)
        for attempt in (wrong, PASSWORD):
            page.goto(url)
            page.get_by_label("E-mail").fill(bob.email)
            page.get_by_label("Password").fill(attempt)
            page.get_by_role("button", name="Log in").click()
            page.wait_for_load_state()
            heard.add(page)
        visit(page, url, heard)
        marks.by_name |= connect_google(page, url, heard)
        marks.add_tokens(sandbox, owner)
        marks.by_name["session cookie"] = next(
            cookie["value"] for cookie in context.cookies() if cookie["name"] == "postagent_session"
        )
        owner.execute("ALTER TABLE post_queue RENAME COLUMN content TO content_before")
        owner.execute("ALTER TABLE connected_accounts RENAME COLUMN status TO status_before")
        visit(page, url, heard)
        context.close()

    sent = b"\n".join(heard.parts)
    log = (tmp_path / "dashboard.log").read_bytes()
    assert heard.frames > 3 * len(VIEWS)
    assert b"Know where your main shut-off valve is" in sent
    assert b"Something went wrong on our side" in sent
    assert b"a page broke" in log
    assert b"UndefinedColumn" in log
    places = {"what the browser was sent": sent, "the dashboard's log": log, **our_tables(owner)}
    allowed = ["password hash in our users"]
    assert marks.found_in(places) == allowed
    places["what a leaking test double sent"] = sent + marks.by_name["session cookie"].encode()
    assert marks.found_in(places) == [*allowed, "session cookie in what a leaking test double sent"]
