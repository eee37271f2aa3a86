"""The numbers in a real browser: nothing wider than a phone, charts that draw, files that end with the session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboards.conftest import Live
from tests.dashboards.house import PASSWORD_HASH
from tests.dashboards.test_browser import log_in, scrolls_sideways
from tests.dashboards.views.test_numbers import at_hour, google_day
from tests.dashboards.views.test_pages import day
from tests.factories import Owner, make_account, make_owner

pytestmark = pytest.mark.xdist_group("browser")
expect.set_options(timeout=90_000)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A phone."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, accept_downloads=True)
    context.set_default_timeout(90_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def bob(live: Live) -> Owner:
    """An owner with some numbers."""
    made = make_owner(live.owner, password_hash=PASSWORD_HASH)
    account, google = make_account(live.owner, made, account_name="Bob"), make_account(live.owner, made, "google")
    for ago in range(4, 28):
        at_hour(live.owner, made, account, ago, 8 + ago % 5, 400 + 20 * ago, 10 + ago)
        day(live.owner, account, ago, reach=400 + 20 * ago, likes=10 + ago)
        google_day(live.owner, google, ago, ago)
    return made


def test_numbers_fit_a_phone_and_can_be_taken_along_while_the_session_stands(
    live: Live, page: Page, bob: Owner
) -> None:
    log_in(page, live, bob, "/metrics")
    expect(page.get_by_role("heading", name="Best times")).to_be_visible()
    expect(page.locator("[data-testid=stVegaLiteChart]").first.locator("canvas, svg").first).to_be_visible()
    assert not scrolls_sideways(page)
    page.get_by_text("The same as a table").click()
    expect(
        page.get_by_role("rowheader", name="2026").or_(page.get_by_role("rowheader", name="20")).first
    ).to_be_visible()
    assert not scrolls_sideways(page)
    button = page.get_by_role("button", name="Download posts as CSV")
    with page.expect_download() as begun:
        button.click()
    assert begun.value.suggested_filename.startswith("posts-")
    lines = begun.value.path().read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("published,zone,platform,theme,text,reach")
    assert len(lines) == 25
    live.owner.execute("UPDATE dashboard_sessions SET revoked_at = now() WHERE user_id = %s", (bob.user_id,))
    button.click()
    expect(page.get_by_text("Failed to generate file for download")).to_be_visible()
