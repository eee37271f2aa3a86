"""A post is approved from the mail about it, as an owner does it on a phone: a real mail server and its page, a real
Chromium; and a tab that edited first.

`DECIDE_PICTURES=folder` keeps a picture of every page on the way, at phone and desk width, light and dark.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from models import database
from models.base import utc_now
from models.calendar_slots import week_of, zone
from models.settings import settings
from platforms.object_storage import new_key
from platforms.sandbox.pictures import jpeg
from tasks.mails.sending import send_waiting
from tests.dashboards.conftest import Live, sealing, serving
from tests.dashboards.house import make_login
from tests.databases import Databases
from tests.factories import Connected, Owner, insert, make_account, make_owner, make_post
from tests.looks.house import audit
from tests.sandbox_server import Server

pytestmark = pytest.mark.xdist_group("browser")
expect.set_options(timeout=90_000)

WORDS = ("Know where your main shut-off valve is before you need it.", "A drip a second is 3,000 gallons a year.")


@pytest.fixture(scope="module")
def house(databases: Databases, tmp_path_factory: pytest.TempPathFactory, outside: Server) -> Iterator[Live]:
    """The dashboard with the sandbox as its outside world, and this process as the worker that sends mails."""
    folder = tmp_path_factory.mktemp("dashboard")
    with (
        databases.copied() as database_url,
        sealing(),
        pytest.MonkeyPatch.context() as patch,
        psycopg.connect(database_url, autocommit=True) as owner,
    ):
        outer = {
            "SANDBOX_URL": outside.url,
            "SMTP_URL": outside.smtp_url,
            "EMAIL_FROM": "PostAgentPro <hello@postagent.example>",
            "HOME": str(folder),
        }
        for name, value in (outer | {"DATABASE_URL": database_url}).items():
            patch.setenv(f"POSTAGENT_{name}", value)
        with serving(database_url, folder) as url:
            patch.setenv("POSTAGENT_PUBLIC_URL", url)
            settings.cache_clear()
            database.close_engines()
            yield Live(url=url, owner=owner)
            database.close_engines()
        assert "token=" not in (folder / "dashboard.log").read_text(), "a link's token reached the log"


@pytest.fixture
def bob(house: Live) -> Owner:
    """A new owner on Pro."""
    return make_owner(house.owner, business_name="Rossi Plumbing")


@pytest.fixture
def account(house: Live, bob: Owner) -> Connected:
    """Bob's Facebook Page."""
    return make_account(house.owner, bob, account_name="Rossi Plumbing")


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A phone on which nobody is logged in."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    context.set_default_timeout(90_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def desk(house: Live, bob: Owner, browser: Browser) -> Iterator[Page]:
    """Another machine, on which Bob is logged in."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(90_000)
    token = make_login(house.owner, bob).token
    context.add_cookies([{"name": "postagent_session", "value": token, "url": house.url}])
    yield context.new_page()
    context.close()


def picture(page: Page, name: str) -> None:
    """Nothing is wrong with the page, at both widths and in both schemes; kept where pictures are wanted."""
    folder = os.environ.get("DECIDE_PICTURES")
    faults: list[str] = []
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type, unused-ignore]
            faults += [f"{name}, {width}, {scheme}: {fault}" for fault in audit(page)]
            if folder is not None:
                page.wait_for_timeout(300)
                page.screenshot(path=Path(folder) / f"{name}-{width}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    assert faults == []


def mail_of(house: Live, bob: Owner, account: Connected, *, picture: str | None = None) -> tuple[UUID, UUID]:
    """Two posts of this week that wait, and the mail about them, which leaves now."""
    week, generation = week_of(utc_now(), zone(bob.zone)), uuid4()
    insert(house.owner, "content_generations", id=generation, user_id=bob.user_id, business_id=bob.business_id,
           week_start=week, model="m", prompt_version="1", slots_wanted=2, posts_made=2)  # fmt: skip
    shown: dict[str, Any] = {"media_url": picture, "alt_text": "A tap"} if picture else {}
    first, second = (
        make_post(house.owner, bob, account, content=words, requires_approval=True, generation_id=generation, **shown)
        for words in WORDS
    )
    insert(house.owner, "mails", user_id=bob.user_id, kind="approval_needed", address=bob.email, week_start=week,
           due_at=utc_now(), next_attempt_at=utc_now())  # fmt: skip
    assert send_waiting(settings()).summary == "1 sent"
    return first, second


def follow_link(page: Page, outside: Server, words: str) -> None:
    """Open the sandbox's page of mails and follow the link below these words in the newest one."""
    page.goto(f"{outside.url}/mails")
    mail = page.locator("article").first
    expect(mail.get_by_role("heading", name=re.compile("2 posts wait for your yes"))).to_be_visible()
    text = mail.locator("pre").inner_text()
    found = re.search(re.escape(words) + r".*?(http\S+/decide\?token=\S+)", text, re.DOTALL)
    assert found is not None
    mail.get_by_role("link", name=found[1]).click()


def row(house: Live, post: UUID) -> tuple[Any, ...]:
    """Where a post stands."""
    found = house.owner.execute("SELECT status, approved_by FROM post_queue WHERE id = %s", (post,)).fetchone()
    assert found is not None
    return tuple(found)


def test_from_the_mail_to_an_approved_post_in_the_queue(
    house: Live, bob: Owner, account: Connected, outside: Server, phone: Page, desk: Page
) -> None:
    folder = Path(os.environ["POSTAGENT_HOME"]) / "media"
    folder.mkdir(exist_ok=True)
    key = new_key()
    (folder / key).write_bytes(jpeg(800, 500, "tap"))
    first, second = mail_of(house, bob, account, picture=f"{house.url}/m/{key}")
    follow_link(phone, outside, WORDS[0])
    expect(phone.get_by_role("heading", name="Shall this go out?")).to_be_visible()
    expect(phone.get_by_text(WORDS[0])).to_be_visible()
    expect(phone.get_by_text(WORDS[1])).to_have_count(0)
    picture(phone, "decide")
    assert row(house, first) == ("pending", None), "looking decides nothing"
    phone.get_by_role("button", name="Approve").click()
    expect(phone.get_by_role("heading", name="This post is approved")).to_be_visible()
    expect(phone.get_by_text(f"{bob.email} approved it today")).to_be_visible()
    picture(phone, "decided")
    phone.reload()
    expect(phone.get_by_role("heading", name="This post is approved")).to_be_visible()
    assert row(house, first) == ("approved", bob.email)
    follow_link(phone, outside, WORDS[1])
    phone.get_by_role("button", name="Skip").click()
    expect(phone.get_by_role("heading", name="This post is skipped")).to_be_visible()
    assert row(house, second) == ("rejected", None)
    desk.goto(f"{house.url}/queue?show=scheduled")
    expect(desk.get_by_text(f"Approved by {bob.email} today")).to_be_visible()
    desk.goto(f"{house.url}/queue?post={first}")
    expect(desk.get_by_text("You approved it by the link in a mail.")).to_be_visible()


def test_a_tab_edited_first(
    house: Live, bob: Owner, account: Connected, outside: Server, phone: Page, desk: Page
) -> None:
    first, _ = mail_of(house, bob, account)
    follow_link(phone, outside, WORDS[0])  # the phone shows the words of the mail
    expect(phone.get_by_text(WORDS[0])).to_be_visible()
    desk.goto(f"{house.url}/queue?post={first}")
    desk.get_by_role("button", name="Edit").click()
    desk.get_by_role("dialog").get_by_label("Text").fill("What only the tab saw.")
    expect(desk.get_by_text("22/5000")).to_be_visible()
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_text("Saved. It waits for your approval.")).to_be_visible()
    phone.get_by_role("button", name="Approve").click()
    expect(phone.get_by_role("heading", name="This post was changed meanwhile")).to_be_visible()
    expect(phone.get_by_text("What only the tab saw.")).to_be_visible()
    picture(phone, "changed")
    assert row(house, first) == ("pending", None)
    phone.get_by_role("link", name="Open in the dashboard").click()
    expect(phone.get_by_role("button", name="Log in")).to_be_visible()
    assert f"next=/queue%3Fpost%3D{first}" in phone.url
    phone.goto(f"{house.url}/decide?token={'x' * 43}")
    expect(phone.get_by_role("heading", name="This link does not work any more")).to_be_visible()
    picture(phone, "over")
