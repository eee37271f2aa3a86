"""The dashboard as an owner meets it: a real server, a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from models.base import utc_now
from tests.dashboards.conftest import Live
from tests.dashboards.house import PASSWORD, PASSWORD_HASH, make_login
from tests.factories import Owner, make_account, make_fact, make_owner, make_post
from tests.tasks.content.fakes import picture_of

pytestmark = pytest.mark.xdist_group("browser")  # one server and one browser are enough
expect.set_options(timeout=90_000)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A phone."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.set_default_timeout(90_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def bob(live: Live) -> Owner:
    """A new owner on Pro who can log in with PASSWORD."""
    return make_owner(live.owner, password_hash=PASSWORD_HASH)


def log_in(page: Page, live: Live, who: Owner, path: str = "/") -> None:
    """Through the form, as an owner does."""
    page.goto(live.url + path)
    page.get_by_label("E-mail").fill(who.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def scrolls_sideways(page: Page) -> bool:
    """Whether anything is wider than the screen."""
    script = """() => [document.documentElement, document.querySelector('[data-testid=stMain]')]
      .some(element => element && element.scrollWidth > element.clientWidth)"""
    return bool(page.evaluate(script))


def test_an_owner_logs_in_approves_edits_comes_back_and_logs_out(live: Live, page: Page, bob: Owner) -> None:
    account = make_account(live.owner, bob, account_name="Bob on Facebook")
    post = make_post(live.owner, bob, account, content="Find your valve this weekend.", requires_approval=True)

    def row() -> tuple[Any, ...] | None:
        return live.owner.execute(
            "SELECT status, content, approved_by FROM post_queue WHERE id = %s", (post,)
        ).fetchone()

    log_in(page, live, bob)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(page.get_by_text("1 post waits for your approval")).to_be_visible()
    assert not scrolls_sideways(page)

    page.get_by_role("button", name="Look at them").click()
    expect(page.get_by_text("Find your valve this weekend.")).to_be_visible()
    assert not scrolls_sideways(page)
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved. It goes out at its time.")).to_be_visible()
    expect(page.get_by_text("Nothing waits for you.")).to_be_visible()
    assert row() == ("approved", "Find your valve this weekend.", bob.email)

    page.get_by_text("Scheduled (1)").click()
    expect(page.get_by_text(f"Approved by {bob.email}.")).to_be_visible()
    page.get_by_role("button", name="Edit").click()
    field = page.get_by_role("dialog").get_by_label("Text")
    field.fill("Find your valve today.")
    expect(page.get_by_text("22/5000")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. It waits for your approval.")).to_be_visible()
    assert row() == ("pending", "Find your valve today.", None)

    page.reload()
    expect(page.get_by_role("heading", name="Queue")).to_be_visible()
    expect(page.get_by_text("Waiting for you (1)")).to_be_visible()

    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("You are logged out.")).to_be_visible()
    page.goto(f"{live.url}/queue")
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    assert page.context.cookies() == [] or all(c["name"] != "postagent_session" for c in page.context.cookies())


def test_a_page_that_stands_open_ends_with_its_session(live: Live, page: Page, bob: Owner) -> None:
    post = make_post(live.owner, bob, make_account(live.owner, bob), content="Private words.", requires_approval=True)
    log_in(page, live, bob, "/queue")
    expect(page.get_by_text("Private words.")).to_be_visible()
    live.owner.execute("UPDATE dashboard_sessions SET revoked_at = now() WHERE user_id = %s", (bob.user_id,))
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("You are logged out.")).to_be_visible()
    expect(page.get_by_text("Private words.")).to_have_count(0)
    assert live.owner.execute("SELECT status FROM post_queue WHERE id = %s", (post,)).fetchone() == ("pending",)
    page.get_by_role("link", name="Log in again").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()


def test_a_post_that_goes_out_shows_up_without_a_reload(live: Live, page: Page, bob: Owner) -> None:
    post = make_post(
        live.owner,
        bob,
        make_account(live.owner, bob),
        status="approved",
        scheduled_for=utc_now() + timedelta(seconds=20),
    )
    log_in(page, live, bob, "/queue?show=scheduled")
    expect(page.get_by_text("Scheduled (1)")).to_be_visible()
    live.owner.execute(
        "UPDATE post_queue SET status = 'published', platform_post_id = '1', published_at = now() WHERE id = %s",
        (post,),
    )
    expect(page.get_by_text("Nothing is scheduled.")).to_be_visible()


def test_no_text_of_anybody_runs_in_the_browser_and_the_policy_holds(live: Live, page: Page, bob: Owner) -> None:
    attack = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script> [x](javascript:window.hacked=1)'
    texts = ("name", "type", "location_city", "location_state", "website", "description", "brand_voice")
    changes = ", ".join(f"{column} = %(attack)s" for column in texts)
    values = {"attack": attack, "user_id": bob.user_id}
    live.owner.execute(f"UPDATE businesses SET {changes} WHERE user_id = %(user_id)s".encode(), values)
    live.owner.execute(
        "UPDATE user_preferences SET avoid_keywords = ARRAY[%(attack)s] WHERE user_id = %(user_id)s", values
    )
    make_fact(live.owner, bob, attack)
    make_fact(live.owner, bob, attack, kind="review", author=attack[:100])
    account = make_account(live.owner, bob, account_name=attack)
    make_post(live.owner, bob, account, content=attack, alt_text=attack, theme=attack, requires_approval=True)
    make_account(live.owner, bob, "google", account_name=attack, status="revoked", status_reason=attack)
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if "Content Security" in message.text else None)
    log_in(page, live, bob)
    for path in ("/", "/queue", "/pictures", "/metrics", "/accounts", "/business", "/plan"):
        page.goto(live.url + path)
        expect(page.get_by_role("button", name="Log out")).to_be_visible()
        assert page.evaluate("window.hacked") is None
        assert page.locator("img[src=x]").count() == 0
        assert not scrolls_sideways(page), path
    assert troubles == []


def test_the_server_itself_lets_nobody_in_by_a_header(live: Live, bob: Owner) -> None:
    login = make_login(live.owner, bob)
    forged = {"x-postagent-user": str(bob.user_id), "x-postagent-session": str(login.session_id)}
    assert httpx.get(live.url, headers=forged).status_code == 303
    upgrade = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    stream = f"{live.url}/_stcore/stream"
    assert httpx.get(stream, headers=upgrade | forged).status_code == 403
    own = {"cookie": f"postagent_session={login.token}"}
    assert httpx.get(stream, headers=upgrade | own | {"origin": "https://evil.example"}).status_code == 403
    assert httpx.get(live.url, headers=own).status_code == 200
    assert httpx.get(live.url, headers=own | {"host": "rebound.example"}).status_code == 421


def test_two_tenants_side_by_side_see_only_their_own(live: Live, browser: Browser) -> None:
    for name in ("Ann", "Ben"):
        someone = make_owner(live.owner, business_name=f"{name}'s Bakery")
        make_post(
            live.owner, someone, make_account(live.owner, someone), content=f"Bread by {name}", requires_approval=True
        )
        login = make_login(live.owner, someone)
        context = browser.new_context()
        context.add_cookies([{"name": "postagent_session", "value": login.token, "url": live.url}])
        page = context.new_page()
        page.goto(f"{live.url}/queue")
        expect(page.get_by_text(f"Bread by {name}")).to_be_visible(timeout=90_000)
        expect(page.get_by_text("Bread by")).to_have_count(1)
        context.close()


def test_an_owner_adds_pictures_describes_one_and_deletes_one(live: Live, page: Page, bob: Owner) -> None:
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if "Content Security" in message.text else None)
    log_in(page, live, bob, "/pictures")
    expect(page.get_by_text("No pictures yet.")).to_be_visible()
    assert not scrolls_sideways(page)
    files: list[Any] = [
        {"name": f"{name}.jpg", "mimeType": "image/jpeg", "buffer": picture_of(name, (640, 960))}
        for name in ("van", "roof")
    ]
    page.set_input_files("input[type=file]", [*files, {"name": "n.jpg", "mimeType": "image/jpeg", "buffer": b"notes"}])
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("2 pictures added.")).to_be_visible()
    expect(page.get_by_text("it is not a JPEG, PNG or WebP picture")).to_be_visible()
    expect(page.locator("img.pa-media")).to_have_count(2)
    shown = "() => [...document.querySelectorAll('img.pa-media')].every(image => image.naturalWidth === 640)"
    page.wait_for_function(shown)
    assert not scrolls_sideways(page)
    page.get_by_role("button", name="Describe").first.click()
    page.get_by_role("dialog").get_by_label("Description").fill("Our van")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.locator("img.pa-media[alt='Our van']")).to_be_visible()
    page.get_by_role("button", name="Delete").last.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("img.pa-media")).to_have_count(1)
    assert live.owner.execute("SELECT count(*) FROM media_library WHERE user_id = %s", (bob.user_id,)).fetchone() == (
        1,
    )
    assert troubles == []


def test_an_owner_states_a_fact_and_saves_a_wish(live: Live, page: Page, bob: Owner) -> None:
    make_account(live.owner, bob)
    log_in(page, live, bob, "/business")
    expect(page.get_by_label("Name", exact=True)).to_have_value(bob.business_name)
    assert not scrolls_sideways(page)
    trade = page.get_by_label("Trade")
    trade.fill("Mobile welding")
    trade.press("Enter")
    expect(page.get_by_text("We have no tips of our own for this trade")).to_be_visible()
    page.get_by_label("Website").fill("welding.example")
    page.get_by_role("button", name="Save").locator("visible=true").click()  # the field gives up its text at once
    expect(page.get_by_text("Saved. New posts follow it.")).to_be_visible()
    kept = live.owner.execute("SELECT type, website FROM businesses WHERE user_id = %s", (bob.user_id,)).fetchone()
    assert kept == ("Mobile welding", "https://welding.example")

    page.get_by_role("tab", name="Facts and reviews").click()
    page.get_by_label("Another fact").fill("We are two sisters.")
    page.get_by_role("button", name="Add the fact").click()
    expect(page.locator(".pa-words")).to_have_text("We are two sisters.")
    expect(page.get_by_label("Another fact")).to_have_value("")
    page.get_by_role("button", name="Edit").click()
    page.get_by_role("dialog").get_by_label("Text").fill("We are three sisters.")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.locator(".pa-words")).to_have_text("We are three sisters.")
    assert not scrolls_sideways(page)

    page.get_by_role("tab", name="Posts and notices").click()
    times = page.get_by_label("Times of day")
    times.fill("7:45 am")
    times.press("Enter")
    page.get_by_label("Posts a week").fill("2")
    page.get_by_label("Posts a week").press("Enter")
    expect(page.get_by_text("Tuesday 7:45 AM; Saturday 9:00 AM, on each connected account.")).to_be_visible()
    assert not scrolls_sideways(page)
    expect(page.get_by_text("Not saved yet.")).to_be_visible()
    page.get_by_role("button", name="Save").locator("visible=true").click()
    expect(page.get_by_text("Not saved yet.")).to_have_count(0)
    wish = live.owner.execute(
        "SELECT posting_frequency, preferred_times[1]::text FROM user_preferences WHERE user_id = %s", (bob.user_id,)
    ).fetchone()
    assert wish == (2, "07:45:00")

    page.get_by_role("tab", name="Facts and reviews").click()
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("No facts yet.")).to_be_visible()
    page.goto(f"{live.url}/plan")
    expect(page.get_by_text("0 of 7 posts")).to_be_visible()
    assert not scrolls_sideways(page)
