"""A new password, other devices, all data, and leaving, as an owner does it on a phone: a real server, a real Chromium.

`SETTINGS_PICTURES=folder` keeps a picture of every page on the way, at phone and desk width, light and dark.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import orjson
import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.dashboards.conftest import Live, sealing, serving
from tests.dashboards.connecting.conftest import CREDENTIALS
from tests.dashboards.house import PASSWORD, PASSWORD_HASH, make_login
from tests.dashboards.test_browser import log_in, scrolls_sideways
from tests.databases import Databases
from tests.factories import Owner, make_account, make_owner, make_post
from tests.leaks.places import our_tables
from tests.sandbox_server import APP_ID, APP_SECRET, Server

pytestmark = pytest.mark.xdist_group("browser")
expect.set_options(timeout=90_000)
NEW = "green ladder by the lake"


@pytest.fixture(scope="module")
def outside(_running_sandbox: Server) -> Server:
    """The sandbox, where Bob has a location."""
    _running_sandbox.control("POST", "reset")
    _running_sandbox.configure(meta_app_id=APP_ID, meta_app_secret=APP_SECRET, google_client_id="client",
                               google_client_secret="google-secret")  # fmt: skip
    return _running_sandbox


@pytest.fixture(scope="module")
def live(databases: Databases, tmp_path_factory: pytest.TempPathFactory, outside: Server) -> Iterator[Live]:
    """The real dashboard, which has the sandbox for the outside world."""
    given = {f"POSTAGENT_{name}": value for name, value in CREDENTIALS.items()}
    folder = tmp_path_factory.mktemp("dashboard")
    given |= {"POSTAGENT_SANDBOX_URL": outside.url, "POSTAGENT_HOME": str(folder)}
    with (
        databases.copied() as database_url,
        sealing(),
        psycopg.connect(database_url, autocommit=True) as owner,
        serving(database_url, folder, **given) as url,
    ):
        yield Live(url=url, owner=owner)


@pytest.fixture
def bob(live: Live) -> Owner:
    """A new owner on Pro who can log in with PASSWORD."""
    return make_owner(live.owner, password_hash=PASSWORD_HASH, business_name="Hill Country Plumbing")


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    """Bob's phone."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.set_default_timeout(90_000)
    yield context
    context.close()


@pytest.fixture
def page(phone: BrowserContext) -> Page:
    return phone.new_page()


@pytest.fixture
def elsewhere(browser: Browser) -> Iterator[Page]:
    """Another browser of Bob's."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 844}, user_agent="Mozilla/5.0 (Windows NT 10.0) Firefox/145.0"
    )
    context.set_default_timeout(90_000)
    yield context.new_page()
    context.close()


def looked_at(page: Page, name: str) -> None:
    """Nothing scrolls sideways at either width; pictures of each, light and dark, where they are wanted."""
    folder = os.environ.get("SETTINGS_PICTURES")
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        assert not scrolls_sideways(page), (name, width)
        for scheme in schemes if folder else ():
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(900)
            tall = page.evaluate("Math.max(...[...document.querySelectorAll('*')].map(box => box.scrollHeight))")
            page.set_viewport_size({"width": width, "height": min(int(tall), 2000)})
            page.wait_for_timeout(300)
            page.screenshot(path=Path(str(folder)) / f"{name}-{width}-{scheme}.png")
            page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme="light")


def rows_of(live: Live, *marks: object) -> dict[str, int]:
    """In which tables of the whole database one of the marks stands, and how often."""
    found = {
        name.removeprefix("our "): sum(content.count(str(mark).encode()) for mark in marks)
        for name, content in our_tables(live.owner).items()
    }
    return {name: number for name, number in found.items() if number}


def test_a_new_password_ends_the_other_browsers_session(live: Live, page: Page, elsewhere: Page, bob: Owner) -> None:
    log_in(elsewhere, live, bob)
    expect(elsewhere.get_by_role("heading", name="Overview")).to_be_visible()
    log_in(page, live, bob, "/settings")
    expect(page.get_by_text("Firefox on Windows")).to_be_visible()
    page.get_by_role("link", name="Change").click()
    page.get_by_label("Current password").fill("a wrong guess")
    page.get_by_label("New password", exact=True).fill(NEW)
    page.get_by_label("New password once more").fill(NEW)
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_text("This is not your current password.")).to_be_visible()
    looked_at(page, "password-wrong")
    for label, text in (("Current password", PASSWORD), ("New password once more", NEW)):
        page.get_by_label(label).fill(text)
    page.get_by_label("New password", exact=True).fill(NEW)
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_text("Your password is changed. Everywhere else you are logged out.")).to_be_visible()
    expect(page.get_by_text("Firefox on Windows")).to_have_count(0)

    elsewhere.reload()
    expect(elsewhere.get_by_role("button", name="Log in")).to_be_visible()
    log_in(elsewhere, live, bob)
    expect(elsewhere.get_by_text("do not belong together")).to_be_visible()
    elsewhere.get_by_label("Password").fill(NEW)
    elsewhere.get_by_role("button", name="Log in").click()
    expect(elsewhere.get_by_role("heading", name="Overview")).to_be_visible()


def test_another_session_is_ended_and_all_data_taken_home(
    live: Live, page: Page, elsewhere: Page, bob: Owner, tmp_path: Path
) -> None:
    account = make_account(live.owner, bob, account_name="Bob on Facebook")
    make_post(live.owner, bob, account, content="Find your valve this weekend.")
    neighbour = make_owner(live.owner)
    make_post(live.owner, neighbour, make_account(live.owner, neighbour), content="Next door's words")
    log_in(elsewhere, live, bob)
    expect(elsewhere.get_by_role("heading", name="Overview")).to_be_visible()
    make_login(live.owner, bob)
    log_in(page, live, bob, "/settings")
    expect(page.get_by_text("This device")).to_be_visible()
    looked_at(page, "settings")
    row = page.locator("[class*='st-key-session-']", has_text="Firefox on Windows")
    row.get_by_role("button", name="Log out there").click()
    expect(page.get_by_text("Firefox on Windows")).to_have_count(0)
    elsewhere.reload()
    expect(elsewhere.get_by_role("button", name="Log in")).to_be_visible()
    expect(page.get_by_role("button", name="Log out there")).to_have_count(1)

    with page.expect_download() as download:
        page.get_by_role("button", name="Download my data").click()
    taken = tmp_path / download.value.suggested_filename
    download.value.save_as(taken)
    with zipfile.ZipFile(taken) as archive:
        assert archive.testzip() is None
        posts: list[dict[str, Any]] = orjson.loads(archive.read("json/post_queue.json"))
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert [post["content"] for post in posts] == ["Find your valve this weekend."]
    assert b"Next door" not in everything


def test_leaving_takes_everything_along_and_touches_nobody_else(
    live: Live, page: Page, elsewhere: Page, bob: Owner, outside: Server
) -> None:
    made = outside.control("POST", "accounts", {"platform": "google", "name": "Hill Country Plumbing"})
    account = make_account(live.owner, bob, "google", account_id=made["account_id"], access_token=made["access_token"],
                           refresh_token=made["refresh_token"])  # fmt: skip
    make_post(live.owner, bob, account, status="approved")
    make_post(live.owner, bob, account, status="published")
    ann = make_owner(live.owner)
    make_post(live.owner, ann, make_account(live.owner, ann))
    make_login(live.owner, ann)
    anns = rows_of(live, ann.user_id, ann.email)
    assert set(rows_of(live, bob.user_id, bob.email)) > {"users", "post_queue", "connected_accounts"}
    log_in(elsewhere, live, bob, "/queue")
    expect(elsewhere.get_by_role("heading", name="Queue")).to_be_visible()
    log_in(page, live, bob, "/settings")
    page.get_by_role("link", name="Delete my account").click()
    expect(page.get_by_text("1 post in your queue will not go out.")).to_be_visible()
    looked_at(page, "delete")
    page.get_by_label("Type DELETE").fill("DELETE")
    page.get_by_label("Your password").fill("a wrong guess")
    page.get_by_role("button", name="Delete my account").click()
    expect(page.get_by_text("This is not your password.")).to_be_visible()
    looked_at(page, "delete-wrong")
    page.get_by_label("Type DELETE").fill("delete")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Delete my account").click()
    expect(page.get_by_role("heading", name="Your account is deleted")).to_be_visible()
    looked_at(page, "goodbye")

    assert rows_of(live, bob.user_id, bob.email, account.id) == {}
    assert rows_of(live, ann.user_id, ann.email) == anns
    assert outside.calls("google", "revoke") == 1
    page.goto(live.url)
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    elsewhere.reload()
    expect(elsewhere.get_by_role("button", name="Log in")).to_be_visible()
    log_in(page, live, bob)
    expect(page.get_by_text("do not belong together")).to_be_visible()
