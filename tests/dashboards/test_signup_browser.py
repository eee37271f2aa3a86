"""From nothing to a dashboard of one's own, and back in after a forgotten password, as an owner does it on a phone: a
real server, the sandbox's mail server and its page, a real Chromium.

`SIGNUP_PICTURES=folder` keeps a picture of every page on the way, at phone and desk width, light and dark.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboards.conftest import Live, sealing, serving
from tests.databases import Databases
from tests.sandbox_server import Server

pytestmark = pytest.mark.xdist_group("browser")
expect.set_options(timeout=90_000)

EMAIL = "dana@example.com"
PASSWORD, NEW_PASSWORD = "orange van at noon", "green ladder by dawn"


@pytest.fixture(scope="module")
def house(databases: Databases, tmp_path_factory: pytest.TempPathFactory, outside: Server) -> Iterator[Live]:
    """The dashboard, with the sandbox as its outside world."""
    folder = tmp_path_factory.mktemp("dashboard")
    with (
        databases.copied() as database_url,
        sealing(),
        psycopg.connect(database_url, autocommit=True) as owner,
        serving(
            database_url,
            folder,
            POSTAGENT_SANDBOX_URL=outside.url,
            POSTAGENT_SMTP_URL=outside.smtp_url,
            POSTAGENT_EMAIL_FROM="PostAgentPro <hello@postagent.example>",
        ) as url,
    ):
        yield Live(url=url, owner=owner)
        assert "token=" not in (folder / "dashboard.log").read_text(), "a link's token reached the log"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A phone."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.set_default_timeout(90_000)
    yield context.new_page()
    context.close()


def picture(page: Page, name: str) -> None:
    """Nothing is wider than the phone; kept where pictures are wanted."""
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1")
    folder = os.environ.get("SIGNUP_PICTURES")
    if folder is None:
        return
    page.wait_for_timeout(1500)
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(700)
            page.screenshot(path=Path(folder) / f"{name}-{width}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 390, "height": 844})


def follow_mail(page: Page, outside: Server, subject: str, number: int) -> None:
    """Open the sandbox's page, and go where the link in the newest mail leads, once so many mails are there."""
    until = time.monotonic() + 60
    while len(outside.mails(EMAIL)) < number:
        assert time.monotonic() < until, f"no {subject!r}"
        time.sleep(0.05)
    if (shown := page.get_by_role("link", name="The mail is shown here")).count():
        shown.click()
    page.goto(f"{outside.url}/mails")
    mail = page.locator("article").first
    expect(mail.get_by_role("heading", name=f"[Sandbox] {subject}")).to_be_visible()
    picture(page, f"mails-{number}")
    mail.get_by_role("link").first.click()


def test_from_signing_up_to_a_dashboard_of_ones_own_and_to_a_new_password(
    house: Live, page: Page, browser: Browser, outside: Server
) -> None:
    def unverified() -> bool:
        row = house.owner.execute(
            "SELECT unverified_since IS NOT NULL FROM users WHERE email = %s", (EMAIL,)
        ).fetchone()
        assert row is not None
        return bool(row[0])

    page.goto(house.url)
    picture(page, "login")
    page.get_by_role("link", name="Sign up").click()
    page.get_by_label("E-mail").fill("Dana@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Name of your business").fill("Dana's Heating")
    page.get_by_label("What it does").fill("Heating and cooling company")
    page.get_by_label("Town").fill("El Paso")
    page.get_by_label("State").select_option(label="Texas")
    picture(page, "signup")
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", name="Look into your mailbox")).to_be_visible()
    picture(page, "signup-sent")
    assert unverified()

    # They look around before they have read the mail.
    page.get_by_role("link", name="Go on").click()
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Please confirm your e-mail address")).to_be_visible()
    expect(page.get_by_text("Dana's Heating")).to_be_visible()
    expect(page.get_by_text("Your first week of posts")).to_be_visible()
    expect(page.get_by_role("link", name="Connect an account").first).to_be_visible()
    picture(page, "overview-unverified")
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_text("We have sent another mail to dana@example.com.")).to_be_visible()
    picture(page, "sent-again")

    # The mail is read on another machine.
    context = browser.new_context(viewport={"width": 390, "height": 844})
    elsewhere = context.new_page()
    follow_mail(elsewhere, outside, "Please confirm your e-mail address", 2)
    expect(elsewhere.get_by_role("heading", name="Confirm your address")).to_be_visible()
    assert unverified()
    picture(elsewhere, "verify")
    elsewhere.get_by_label("Password").fill(PASSWORD)
    elsewhere.get_by_role("button", name="Confirm").click()
    expect(elsewhere.get_by_text("Your first week of posts")).to_be_visible()
    expect(elsewhere.get_by_text("Please confirm your e-mail address")).to_have_count(0)
    assert not unverified()
    picture(elsewhere, "overview-verified")
    context.close()

    # Some time later, on the phone.
    page.goto(f"{house.url}/queue")
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("E-mail").fill(EMAIL)
    picture(page, "forgot")
    page.get_by_role("button", name="Send the mail").click()
    expect(page.get_by_text("If dana@example.com has an account, a mail is on its way.")).to_be_visible()
    follow_mail(page, outside, "Choose a new password", 3)
    page.get_by_label("New password").fill(NEW_PASSWORD)
    picture(page, "reset")
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_text("Your password is changed. Log in with the new one.")).to_be_visible()
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Your first week of posts")).to_be_visible()
