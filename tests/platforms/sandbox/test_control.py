"""Control routes, the file behind the state, the request log."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from platforms.sandbox.app import create_app
from platforms.sandbox.state import Account
from platforms.sandbox.storage import StateFileInUse, Storage
from tests.platforms.sandbox.conftest import NOON, Bench

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("platform", "form", "token"),
    [
        ("google", r"accounts/1\d+/locations/9\d+", r"ya29\.\w+"),
        ("facebook", r"\d{15}", r"EAA\w{100,}"),
        ("instagram", r"17841\d{12}", r"IGAA\w{100,}"),
    ],
)
async def test_an_account_looks_like_the_real_ones_and_is_made_once(
    bench: Bench, platform: str, form: str, token: str
) -> None:
    made = await bench.account(platform)
    assert re.fullmatch(form, made["account_id"])
    assert re.fullmatch(token, made["access_token"])
    assert await bench.account(platform) == made
    assert {"google": 3599, "facebook": None, "instagram": 5_183_944}[platform] == made["expires_in"]
    assert (made["refresh_token"] is not None) is (platform == "google")


async def test_account_ids_lives_and_ages_can_be_chosen(bench: Bench) -> None:
    made = await bench.account("instagram", account_id="17841000000000001", token_life_seconds=7200,
                               token_age_seconds=3600)  # fmt: skip
    assert made["account_id"] == "17841000000000001"
    assert made["expires_in"] == 3600
    renewed = await bench.account("instagram", token_life_seconds=100)
    assert renewed["account_id"] == made["account_id"]
    assert renewed["expires_in"] == 100


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"platform": "myspace", "name": "x"}, "platform is 'myspace'"),
        ({"platform": "google", "name": ""}, "name is missing"),
        ({"platform": "google", "name": "x", "account_id": "12"}, "does not look like"),
        ({"platform": "instagram", "name": "x", "login": "twitter"}, "login is 'twitter'"),
        ({"platform": "google", "name": "x", "colour": 1}, "unknown field 'colour'"),
        ([], "the body is a JSON object"),
    ],
)
async def test_a_wrong_account_is_named(bench: Bench, body: Any, told: str) -> None:
    answer = await bench.client.post("/_sandbox/accounts", json=body)
    assert answer.status_code == 400
    assert told in answer.json()["error"]


async def test_history_is_live_in_the_past_with_grown_numbers_and_is_made_once(bench: Bench) -> None:
    account = await bench.account("instagram")
    posts = [
        {"text": "Old tap", "media_url": "https://cdn.example/a.jpg", "hashtags": ["tap"],
         "created_time": NOON - 500_000},
        {"text": "Older tap", "media_url": "https://cdn.example/b.jpg", "created_time": "2026-11-01T09:00:00-06:00"},
    ]  # fmt: skip
    ids = (await bench.control("history", {"account_id": account["account_id"], "posts": posts}))["ids"]
    assert (await bench.control("history", {"account_id": account["account_id"], "posts": posts}))["ids"] == ids
    listed = await bench.instagram(
        "GET", f"{account['account_id']}/media", account, fields="id,caption,timestamp,like_count"
    )
    newer, older = listed.json()["data"]
    assert newer["caption"] == "Old tap\n\n#tap"
    assert older["timestamp"] == "2026-11-01T15:00:00+0000"
    assert newer["like_count"] > 0
    assert older["like_count"] > 0


async def test_calls_are_counted_by_service_and_operation(bench: Bench) -> None:
    page = await bench.account("facebook")
    await bench.facebook("POST", f"{page['account_id']}/feed", page, message="Hi")
    await bench.facebook("POST", f"{page['account_id']}/feed", page, message="Hi")
    await bench.facebook("GET", f"{page['account_id']}/published_posts", page)
    told = await bench.control("calls", method="GET")
    assert told["facebook"]["create"]["statuses"] == {"200": 1, "400": 1}
    assert told["facebook"]["list"]["requests"] == 1
    (last,) = await bench.control("calls?last=1&operation=create", method="GET")
    assert (last["status"], last["account"], last["at"]) == (400, page["account_id"], NOON)
    assert page["access_token"] not in str(last)
    await bench.control("calls", method="DELETE")
    assert await bench.control("calls", method="GET") == {}


async def test_settings_can_be_changed_and_wrong_ones_are_named(bench: Bench) -> None:
    told = await bench.control("config", {"instagram_hashtag_limit": 5})
    assert told["instagram_hashtag_limit"] == 5
    for wrong in ({"colour": 1}, {"instagram_hashtag_limit": "five"}, {"require_appsecret_proof": 1}):
        answer = await bench.client.post("/_sandbox/config", json=wrong)
        assert answer.status_code == 400
        assert next(iter(wrong)) in answer.json()["error"]


async def test_reset_forgets_everything(bench: Bench) -> None:
    await bench.account("facebook")
    await bench.control("faults", {"kind": "5xx", "service": "openai"})
    await bench.control("clock", {"advance_seconds": 50})
    await bench.control("reset")
    assert await bench.control("accounts", method="GET") == []
    assert await bench.control("faults", method="GET") == []
    assert bench.now == NOON


async def test_strangers_may_not_control_it() -> None:
    transport = httpx.ASGITransport(create_app(), client=("203.0.113.7", 5000))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.test") as client:
        for method, path in (("GET", "truth"), ("POST", "accounts"), ("POST", "reset"), ("GET", "calls")):
            assert (await client.request(method, f"/_sandbox/{path}")).status_code == 403
        assert (await client.get("/_sandbox/pictures/100x80/tap.jpg")).status_code == 200


async def test_everything_is_found_again_after_a_clean_stop(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "state.db"
    first = create_app(path)
    async with first.router.lifespan_context(first):
        await _fill(first)
    second = create_app(path)
    async with second.router.lifespan_context(second):
        assert second.world.posts == first.world.posts
        assert second.world.accounts == first.world.accounts
        assert second.world.tokens == first.world.tokens
        assert second.world.containers == first.world.containers
        assert second.world.publications == first.world.publications
        assert second.world.config == first.world.config
        assert len(second.world.posts) == 2


async def test_a_reset_empties_the_file_too(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    first = create_app(path)
    async with first.router.lifespan_context(first):
        await _fill(first)
        first.world.reset()
    second = create_app(path)
    async with second.router.lifespan_context(second):
        assert second.world.posts == {}
        assert second.world.accounts == {}


async def test_two_sandboxes_do_not_share_a_file(tmp_path: Path) -> None:
    app = create_app(tmp_path / "state.db")
    async with app.router.lifespan_context(app):
        await asyncio.sleep(0)
        with pytest.raises(StateFileInUse):
            create_app(tmp_path / "state.db")


def test_what_cannot_be_written_now_is_written_later(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    storage = Storage(tmp_path / "state.db", interval=1000)
    try:
        account = Account(id="1", platform="facebook", name="Bob", created=NOON)
        storage._connection.execute("ALTER TABLE things RENAME TO elsewhere")
        storage.changed("account", "1", account)
        storage._flush()
        assert "cannot write its state" in caplog.text
        storage._connection.execute("ALTER TABLE elsewhere RENAME TO things")
        storage._flush()
        assert [(kind, body["name"]) for kind, body in storage.rows()] == [("account", "Bob")]
    finally:
        storage.close()


async def _fill(app: Any) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox.test") as client:
        bench = Bench(app, client, [0.0])
        await bench.control("config", {"instagram_processing_seconds": 0, "google_normalise": "trim"})
        page, account = await bench.account("facebook"), await bench.account("instagram")
        await bench.facebook("POST", f"{page['account_id']}/feed", page, message="Hi")
        container = (await bench.container(account)).json()["id"]
        await bench.instagram("POST", f"{account['account_id']}/media_publish", account, creation_id=container)


def start(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    """The sandbox as its own process; its address, once it says that it is ready."""
    command = [sys.executable, "-m", "platforms.sandbox", "--port", "0", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://\S+", line)
    assert found is not None, line
    return process, found[0]


def test_a_killed_sandbox_remembers_all_but_the_last_second(tmp_path: Path) -> None:
    state = ["--state", str(tmp_path / "state.db")]
    process, url = start(*state)
    try:
        made = httpx.post(f"{url}/_sandbox/accounts", json={"platform": "facebook", "name": "Bob"}).json()
        fields = {"message": "Hi", "access_token": made["access_token"]}
        where = f"/facebook/graph/v26.0/{made['account_id']}"
        posted = httpx.post(f"{url}{where}/feed", data=fields).json()["id"]
        time.sleep(0.7)  # the file is written behind, several times a second
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=10)
    process, url = start(*state)
    try:
        listed = httpx.get(f"{url}{where}/published_posts", params={"access_token": made["access_token"]}).json()
        assert [post["id"] for post in listed["data"]] == [posted]
    finally:
        process.terminate()
        process.communicate(timeout=10)
    assert process.returncode == 0


def test_a_taken_port_ends_in_one_line_that_names_it() -> None:
    process, url = start()
    try:
        port = url.rsplit(":", 1)[1]
        second = subprocess.run(
            [sys.executable, "-m", "platforms.sandbox", "--port", port], cwd=ROOT, capture_output=True, text=True,
            timeout=20,
        )  # fmt: skip
        assert second.returncode == 1
        assert second.stderr.count("\n") == 1
        assert port in second.stderr
        assert "--port" in second.stderr
    finally:
        process.terminate()
        process.communicate(timeout=10)
