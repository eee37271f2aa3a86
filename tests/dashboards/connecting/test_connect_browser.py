"""Connecting as an owner does it on a phone: a real server, the sandbox's dialog, a real Chromium.

`CONNECT_PICTURES=folder` keeps a picture of every page on the way, at phone and desk width.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from models.account_status import lost
from tests.dashboards.conftest import Live, sealing, serving
from tests.dashboards.connecting.conftest import CREDENTIALS
from tests.dashboards.house import make_login
from tests.databases import Databases
from tests.factories import Connected, Owner, make_account, make_owner, make_post
from tests.sandbox_server import APP_ID, APP_SECRET, Server

pytestmark = pytest.mark.xdist_group("browser")
expect.set_options(timeout=90_000)


@pytest.fixture(scope="module")
def outside(_running_sandbox: Server) -> Server:
    """The sandbox with an owner's places in it."""
    server = _running_sandbox
    server.control("POST", "reset")
    server.configure(meta_app_id=APP_ID, meta_app_secret=APP_SECRET, require_appsecret_proof=True)
    server.account("google", "Hill Country Plumbing", city="Austin", address="2200 South Congress Avenue")
    for name, city, address in (
        ("Hill Country Plumbing - North", "Round Rock", "9 Old Settlers Boulevard"),
        ("Hill Country Plumbing - Water heaters and emergency service", "Cedar Park", ""),
    ):
        server.account("google", name, city=city, address=address)
    server.account("google", "Hill Country Showroom", city="Austin", address="1 Main Street", may_post=False)
    server.account("facebook", "Hill Country Plumbing", city="Austin", address="2200 South Congress Avenue")
    server.account("instagram", "Hill Country in private", kind="PERSONAL")
    return server


@pytest.fixture(scope="module")
def live(databases: Databases, tmp_path_factory: pytest.TempPathFactory, outside: Server) -> Iterator[Live]:
    """The real dashboard, which has the sandbox for the outside world."""
    given = {f"POSTAGENT_{name}": value for name, value in CREDENTIALS.items()}
    with (
        databases.copied() as database_url,
        sealing(),
        psycopg.connect(database_url, autocommit=True) as owner,
        serving(database_url, tmp_path_factory.mktemp("dashboard"), POSTAGENT_SANDBOX_URL=outside.url, **given) as url,
    ):
        yield Live(url=url, owner=owner)


@pytest.fixture
def bob(live: Live) -> Owner:
    """An owner on Pro."""
    return make_owner(live.owner, business_name="Hill Country Plumbing")


@pytest.fixture
def page(browser: Browser, live: Live, bob: Owner) -> Iterator[Page]:
    """Bob's phone."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.set_default_timeout(90_000)
    token = make_login(live.owner, bob).token
    context.add_cookies([{"name": "postagent_session", "value": token, "url": live.url}])
    yield context.new_page()
    context.close()


def looked_at(page: Page, name: str) -> None:
    """Nothing scrolls sideways at either width; a picture of each where they are wanted."""
    folder = os.environ.get("CONNECT_PICTURES")
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        script = """() => [document.documentElement, document.querySelector('[data-testid=stMain]')]
          .some(element => element && element.scrollWidth > element.clientWidth)"""
        assert not page.evaluate(script), (name, width)
        if folder:
            page.wait_for_timeout(700)
            tall = page.evaluate("Math.max(...[...document.querySelectorAll('*')].map(box => box.scrollHeight))")
            page.set_viewport_size({"width": width, "height": min(int(tall), 2600)})
            page.wait_for_timeout(300)
            page.screenshot(path=Path(folder) / f"{name}-{width}.png")
            page.set_viewport_size({"width": width, "height": 844})


def test_from_nothing_to_two_locations_and_back(live: Live, page: Page, bob: Owner) -> None:
    page.goto(f"{live.url}/accounts")
    expect(page.get_by_text("No account is connected yet")).to_be_visible()
    looked_at(page, "accounts-empty")

    page.get_by_role("button", name="Connect Google Business Profile").click()
    expect(page.get_by_text("this is not the real Google")).to_be_visible()
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name="Choose your locations")).to_be_visible()
    assert "code=" not in page.url
    expect(page.get_by_text("2200 South Congress Avenue, Austin")).to_be_visible()
    looked_at(page, "choice")
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_text("Tick at least one.")).to_be_visible()
    page.get_by_label("2200 South Congress").check()
    page.get_by_label("Round Rock").check()
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_text("Connected. Posts can go out over it from now on.")).to_be_visible()
    expect(page.get_by_text("Google: Hill Country Plumbing - North")).to_be_visible()

    row = live.owner.execute(
        "UPDATE connected_accounts SET status = 'revoked', status_reason = %s WHERE account_name LIKE '%%North' "
        "RETURNING id, account_id, account_name", (lost("google", "invalid_grant").reason,)
    ).fetchone()  # fmt: skip
    assert row is not None
    account = Connected(id=row[0], user_id=bob.user_id, platform="google", account_id=row[1], account_name=row[2])
    for _ in range(3):
        make_post(live.owner, bob, account, status="approved")
    page.goto(live.url)
    expect(page.get_by_text("3 posts wait for it.")).to_be_visible()
    looked_at(page, "overview-broken")
    page.goto(f"{live.url}/accounts")
    expect(page.get_by_text("It takes one login at Google to connect it again.")).to_be_visible()
    looked_at(page, "accounts")
    page.goto(live.url)
    page.get_by_role("button", name="Connect again").click()
    expect(page.get_by_text("this is not the real Google")).to_be_visible()
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("Connected again. Posts that waited go out now")).to_be_visible()

    page.get_by_role("link", name="Disconnect").last.click()
    expect(page.get_by_role("heading", name="Disconnect Hill Country Plumbing - North?")).to_be_visible()
    looked_at(page, "disconnect")
    page.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_text("another account that was connected by the same login")).to_be_visible()
    expect(page.get_by_text("You disconnected it from Google.")).to_be_visible()
    looked_at(page, "accounts-disconnected")


def test_what_went_wrong_is_said_and_leads_on(live: Live, page: Page, outside: Server) -> None:
    page.goto(f"{live.url}/accounts")
    page.get_by_role("button", name="Connect Facebook Page").click()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("heading", name="Nothing was connected")).to_be_visible()
    looked_at(page, "denied")
    page.get_by_role("button", name="Try again").click()
    page.get_by_label("pages manage posts").uncheck()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("What is missing: to publish posts on your Pages.")).to_be_visible()
    looked_at(page, "partial")
    page.get_by_role("link", name="Back to your accounts").click()
    page.get_by_role("button", name="Connect Instagram", exact=True).click()
    page.get_by_label("Hill Country in private").check()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name="This is a personal account")).to_be_visible()
    looked_at(page, "personal")
    held = next(a.id for a in outside.world.accounts.values() if a.platform == "facebook")
    make_account(live.owner, make_owner(live.owner), "facebook", account_id=held)
    page.get_by_role("link", name="Back to your accounts").click()
    page.get_by_role("button", name="Connect Facebook Page").click()
    page.get_by_role("button", name="Allow").click()
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_text("is connected in another PostAgentPro account already")).to_be_visible()
    looked_at(page, "taken")
