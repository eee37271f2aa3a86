"""The main job on real input: an owner is added, a week is written, approved in a real browser, published, measured."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from models.base import utc_now
from ops.stack.prefect_api import PrefectApi
from tests.browser import running_browser
from tests.ops.running_stack import Stack, until

pytestmark = [pytest.mark.xdist_group("stack"), pytest.mark.timeout(1500)]

EMAIL = "robin@northstarelectric.example"
PASSWORD = "three quiet green kettles"
NAME = "North Star Electric"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_browser() as opened:
        yield opened


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def add_owner(stack: Stack) -> str:
    """An owner with one Facebook page, by the command line; returns the user's id."""
    added = stack.postagent(
        "users", "add", "--email", EMAIL, "--plan", "pro", "--business-name", NAME, "--type", "electrician",
        "--city", "Duluth", "--state", "MN", "--zone", "America/Chicago", "--frequency", "4", "--password-stdin",
        typed=f"{PASSWORD}\n",
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    wish = {"platform": "facebook", "name": NAME, "city": "Duluth"}
    account = httpx.post(f"{stack.sandbox}/_sandbox/accounts", json=wish).raise_for_status().json()
    connected = stack.postagent(
        "accounts", "add", "--user", EMAIL, "--platform", "facebook", "--account-id", account["account_id"],
        "--name", NAME, typed=account["access_token"] + "\n",
    )  # fmt: skip
    assert connected.returncode == 0, connected.stderr
    return added.stdout.split()[-1]


def log_in(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.dashboard}/queue")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def posts(stack: Stack) -> list[dict[str, Any]]:
    """The owner's posts as the database has them."""
    with psycopg.connect(stack.database, row_factory=psycopg.rows.dict_row) as connection:
        return connection.execute(
            "SELECT p.* FROM post_queue p JOIN users u ON u.id = p.user_id WHERE u.email = %s ORDER BY scheduled_for",
            (EMAIL,),
        ).fetchall()


def live(stack: Stack) -> list[dict[str, Any]]:
    """What is visible on the owner's page, by the sandbox's own account of it."""
    told = httpx.get(f"{stack.sandbox}/_sandbox/truth", timeout=120).json()["accounts"].values()
    mine = next(account for account in told if account["name"] == NAME)
    return [post for post in mine["posts"] if post["visible"]]


def run_to_its_end(stack: Stack, deployment: str) -> dict[str, Any]:
    """Run a deployment on the real worker; returns the finished run."""

    async def start() -> str:
        async with PrefectApi(stack.prefect_api) as api:
            return await api.start_run(deployment, key=f"test {time.time()}", at=utc_now(), tags=["test"])

    def ended() -> dict[str, Any] | None:
        run: dict[str, Any] = httpx.get(f"{stack.prefect_api}/flow_runs/{started}", timeout=120).json()
        return run if run["state_type"] in ("COMPLETED", "FAILED", "CRASHED") else None

    with ThreadPoolExecutor(1) as aside:  # Playwright's own event loop occupies this thread
        started = aside.submit(asyncio.run, start()).result()
    return until(ended, seconds=240, what=f"the end of {deployment}")


def test_a_week_is_written_approved_published_and_measured(stack: Stack, page: Page) -> None:
    user_id = add_owner(stack)

    wrote = stack.postagent("run", "generate-weekly-content", "--param", f"user_id={user_id}")
    assert wrote.returncode == 0, wrote.stderr
    made = posts(stack)
    assert made
    assert {(post["status"], post["requires_approval"]) for post in made} == {("pending", True)}
    again = stack.postagent("run", "generate-weekly-content", "--param", f"user_id={user_id}")
    assert again.returncode == 0, again.stderr
    assert [post["id"] for post in posts(stack)] == [post["id"] for post in made]

    first = made[0]
    log_in(page, stack)
    card = page.locator(f".st-key-post-{first['id']}")
    beginning = re.sub(r"\s+", " ", first["content"])[:30]
    expect(card).to_contain_text(beginning, timeout=90_000)
    card.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved. It goes out at its time.").first).to_be_visible(timeout=90_000)
    approved = next(post for post in posts(stack) if post["id"] == first["id"])
    assert (approved["status"], approved["approved_by"]) == ("approved", EMAIL)
    assert live(stack) == []

    page.get_by_text("Scheduled (1)").click()
    expect(card.get_by_role("button", name="Approve")).to_have_count(0, timeout=90_000)
    dialog = page.get_by_role("dialog")
    for _ in range(3):  # a click into a page that is just drawn anew can get lost, on a slow machine
        card.get_by_role("button", name="More").click()
        page.get_by_text("Publish now", exact=True).click()
        with suppress(AssertionError):
            expect(dialog).to_be_visible(timeout=20_000)
            break
    dialog.get_by_role("button", name="Publish now").click()
    visible = until(lambda: live(stack), seconds=120, what="the post on the page of the sandbox")
    assert [post["text"] for post in visible] == [first["content"]]
    done = until(
        lambda: next((p for p in posts(stack) if p["id"] == first["id"] and p["status"] == "published"), None),
        seconds=120,
        what="the post published in our database",
    )
    assert done["platform_post_id"] == visible[0]["id"]
    others = {post["status"] for post in posts(stack) if post["id"] != first["id"]}
    assert others == {"pending"}

    # Ten minutes pass on the platform, in which people see the post.
    httpx.post(f"{stack.sandbox}/_sandbox/clock", json={"advance_seconds": 600}).raise_for_status()
    ended = run_to_its_end(stack, "aggregate-analytics/aggregate-analytics")
    assert ended["state_type"] == "COMPLETED", ended["state"]["message"]
    page.goto(f"{stack.dashboard}/metrics")
    best = page.locator("ol.pa-list li").filter(has_text=beginning)
    expect(best).to_contain_text(re.compile(r"[1-9][\d,]* reached"), timeout=90_000)
    assert len(live(stack)) == 1
