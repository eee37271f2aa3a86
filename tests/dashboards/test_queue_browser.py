"""The queue as an owner meets it, in a real Chromium: on a phone, on a desk, and in two tabs at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboards.conftest import Live
from tests.dashboards.house import make_login
from tests.dashboards.test_browser import scrolls_sideways
from tests.factories import Connected, Owner, make_account, make_owner, make_post, next_monday

pytestmark = pytest.mark.xdist_group("browser")  # one server and one browser are enough
expect.set_options(timeout=90_000)

OpenTab = Callable[[str], Page]


@pytest.fixture
def bob(live: Live) -> Owner:
    """A new owner on Pro."""
    return make_owner(live.owner)


@pytest.fixture
def account(live: Live, bob: Owner) -> Connected:
    """Bob's Facebook Page."""
    return make_account(live.owner, bob, account_name="Bob on Facebook")


@pytest.fixture
def tab(live: Live, bob: Owner, browser: Browser) -> Iterator[OpenTab]:
    """Opens tabs of a phone on which Bob is logged in."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.set_default_timeout(90_000)
    token = make_login(live.owner, bob).token
    context.add_cookies([{"name": "postagent_session", "value": token, "url": live.url}])

    def opened(path: str) -> Page:
        page = context.new_page()
        page.goto(live.url + path)
        return page

    yield opened
    context.close()


def row(live: Live, post: UUID) -> tuple[Any, ...]:
    """Where a post stands."""
    found = live.owner.execute("SELECT status, content, approved_by FROM post_queue WHERE id = %s", (post,)).fetchone()
    assert found is not None
    return tuple(found)


def test_three_posts_are_approved_one_after_the_other_with_a_look_at_each(
    live: Live, bob: Owner, account: Connected, tab: OpenTab
) -> None:
    posts = [
        make_post(live.owner, bob, account, content=f"Number {n} of three.", requires_approval=True) for n in range(3)
    ]
    page = tab("/queue")
    page.get_by_role("button", name="Look through them one by one").click()
    for number in range(3):
        expect(page.get_by_text(f"{number + 1} of 3")).to_be_visible()
        expect(page.get_by_text(f"Number {number} of three.")).to_be_visible()
        approve = page.get_by_role("button", name="Approve")
        expect(approve).to_be_in_viewport()  # no scrolling: ten seconds a post
        assert not scrolls_sideways(page)
        approve.click()
    expect(page.get_by_text("That was all. 3 approved.")).to_be_visible()
    assert [row(live, post)[::2] for post in posts] == [("approved", bob.email)] * 3


def test_a_post_is_moved_from_the_calendar_and_keeps_its_approval(
    live: Live, bob: Owner, account: Connected, tab: OpenTab
) -> None:
    zone, monday = ZoneInfo(bob.zone), next_monday()
    at = datetime.combine(monday, time(9), tzinfo=zone)
    post = make_post(live.owner, bob, account, content="Drip, drip.", status="approved", scheduled_for=at)
    make_post(live.owner, bob, account, content="Twice a day.", scheduled_for=at + timedelta(hours=4))
    page = tab(f"/queue?view=month&day={monday.isoformat()}")
    day = page.locator(".pa-day").filter(has=page.locator(f"time[datetime='{monday.isoformat()}']"))
    expect(day.get_by_role("link")).to_have_count(2)
    assert not scrolls_sideways(page), "an agenda on a phone"
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(page.locator(".pa-weekdays")).to_be_visible()
    assert not scrolls_sideways(page)
    day.get_by_role("link").first.click()
    expect(page.get_by_text("What happened so far")).to_be_visible()
    page.get_by_role("button", name="More").click()
    page.get_by_text("Another time", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("spinbutton", name="hour, Time").press_sequentially("11")
    dialog.get_by_role("spinbutton", name="AM/PM, Time").press("Tab")  # the field tells its value when it is left
    expect(dialog.get_by_text("11:00 AM")).to_be_visible()
    dialog.get_by_role("button", name="Move it").click()
    expect(page.get_by_text("You moved it to")).to_be_visible()
    moved = live.owner.execute("SELECT status, scheduled_for FROM post_queue WHERE id = %s", (post,)).fetchone()
    assert moved == ("approved", at + timedelta(hours=2))
    page.get_by_role("button", name="Back").click()
    expect(day.get_by_role("link").first).to_contain_text("11:00")


def test_a_tab_that_shows_old_words_is_refused_kindly_and_shows_the_new_ones(
    live: Live, bob: Owner, account: Connected, tab: OpenTab
) -> None:
    post = make_post(live.owner, bob, account, content="What both saw.", requires_approval=True)
    first, second = tab("/queue"), tab("/queue")
    expect(second.get_by_text("What both saw.")).to_be_visible()
    first.get_by_role("button", name="Edit").click()
    text = first.get_by_role("dialog").get_by_label("Text")
    text.fill("What only one saw.")
    expect(first.get_by_text("18/5000")).to_be_visible()
    first.get_by_role("button", name="Save and approve").click()
    expect(first.get_by_text("Saved and approved.")).to_be_visible()
    second.get_by_role("button", name="Approve").click()
    expect(second.get_by_role("alert").get_by_text("changed in the meantime")).to_be_visible()
    assert row(live, post) == ("approved", "What only one saw.", bob.email)
    first.get_by_text("Scheduled (1)").click()
    first.get_by_role("button", name="Edit").click()
    first.get_by_role("dialog").get_by_label("Text").fill("And once more.")
    first.get_by_role("button", name="Save", exact=True).click()
    expect(first.get_by_text("Saved. It waits for your approval.")).to_be_visible()
    assert row(live, post) == ("pending", "And once more.", None), "an edit voids the approval"
    second.reload()
    expect(second.get_by_text("And once more.")).to_be_visible()


def test_limits_and_gates_follow_while_somebody_types(live: Live, bob: Owner, account: Connected, tab: OpenTab) -> None:
    live.owner.execute("UPDATE user_preferences SET avoid_keywords = ARRAY['cheap'] WHERE user_id = %s", (bob.user_id,))
    make_post(live.owner, bob, account, content="We are.", requires_approval=True)
    page = tab("/queue")
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if "Content Security" in message.text else None)
    page.get_by_role("button", name="Edit").click()
    text = page.get_by_role("dialog").get_by_label("Text")
    text.press_sequentially(" So cheap")
    expect(page.get_by_text("list of words to avoid holds 'cheap'")).to_be_visible()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    expect(text).to_be_focused()  # it was not left: what is typed goes on
    for _ in range(len("cheap")):
        text.press("Backspace")
    text.press_sequentially("fair for $49.")
    expect(page.get_by_text("only if it is true: price '$49'")).to_be_visible()
    expect(page.get_by_text("list of words to avoid holds")).to_have_count(0)
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_enabled()
    assert text.input_value().endswith("So fair for $49.")
    assert troubles == []
