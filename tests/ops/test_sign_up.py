"""Under `postagent up`, without a setting, in a real Chromium on a phone: sign up, read the mail, confirm,
connect a Page, and say yes to the first post, which goes out.
"""

from __future__ import annotations

import re
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.browser import running_browser
from tests.ops.running_stack import Stack, until

pytestmark = [pytest.mark.xdist_group("stack"), pytest.mark.timeout(900)]

EMAIL = "dana@danasheating.example"
PASSWORD = "three quiet green kettles"
PAGE = "Dana's Heating on Facebook"


def sql(stack: Stack, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(stack.database) as connection:
        return connection.execute(statement.encode()).fetchall()


def posts_of(stack: Stack, columns: str) -> list[tuple[Any, ...]]:
    return sql(stack, f"SELECT {columns} FROM post_queue p JOIN users u ON u.id = p.user_id WHERE u.email = '{EMAIL}'")


def test_from_signing_up_to_a_first_post(stack: Stack) -> None:
    wish = {"platform": "facebook", "name": PAGE, "city": "El Paso"}
    httpx.post(f"{stack.sandbox}/_sandbox/accounts", json=wish, timeout=120).raise_for_status()
    with running_browser() as browser:
        context = browser.new_context(viewport={"width": 390, "height": 844})
        context.set_default_timeout(120_000)
        expect.set_options(timeout=120_000)
        page = context.new_page()
        token = _sign_up_and_confirm(stack, page)
        _connect(stack, page)
        until(lambda: posts_of(stack, "p.id"), seconds=180, what="the first week")
        assert {status for (status,) in posts_of(stack, "p.status")} == {"pending"}
        _approve_and_publish(stack, page)
        context.close()
    until(
        lambda: [row for row in posts_of(stack, "p.status") if row == ("published",)], seconds=120, what="a live post"
    )
    logs = {path.name: path.read_bytes() for path in (stack.home / "logs").glob("*.log")}
    assert logs
    assert [name for name, log in logs.items() if token in log or PASSWORD.encode() in log] == []


def _sign_up_and_confirm(stack: Stack, page: Page) -> bytes:
    """Returns the token of the mail's link."""
    page.goto(f"{stack.dashboard}/signup")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Name of your business").fill("Dana's Heating")
    page.get_by_label("What it does").fill("HVAC")
    page.get_by_label("Town").fill("El Paso")
    page.get_by_label("State").select_option(label="Texas")
    page.get_by_role("button", name="Sign up").click()
    page.get_by_role("link", name="The mail is shown here").click()

    def mail() -> Any:
        found = httpx.get(f"{stack.sandbox}/_sandbox/mails", params={"to": EMAIL}, timeout=120).json()
        return found[0] if found else None

    text = until(mail, seconds=60, what="the mail in the sandbox")["text"]
    link = re.search(rf"{stack.dashboard}/verify\?token=([\w-]{{43}})", text)
    assert link is not None
    page.reload()
    page.locator("article", has_text=EMAIL).first.get_by_role("link").first.click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Your first week of posts")).to_be_visible()
    return link[1].encode()


def _connect(stack: Stack, page: Page) -> None:
    page.get_by_role("link", name="Connect an account").first.click()
    page.get_by_role("button", name="Connect Facebook Page").click()
    for box in page.locator("input[name=account]").all():  # of the demo's owners
        box.uncheck()
    page.get_by_label(PAGE).check()
    page.get_by_role("button", name="Allow").click()
    page.get_by_label(PAGE).check()
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_text("Connected. Posts can go out over it from now on.")).to_be_visible()


def _approve_and_publish(stack: Stack, page: Page) -> None:
    page.goto(f"{stack.dashboard}/queue")
    page.get_by_role("button", name="Approve").first.click()
    expect(page.get_by_text("Approved. It goes out at its time.")).to_be_visible()
    ((post, by),) = [row[:2] for row in posts_of(stack, "p.id, p.approved_by, p.status") if row[2] == "approved"]
    assert by == EMAIL
    page.goto(f"{stack.dashboard}/queue?post={post}")
    page.get_by_role("button", name="More").click()
    page.get_by_text("Publish now", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Publish now").click()
    expect(page.get_by_text("On its way.")).to_be_visible()
