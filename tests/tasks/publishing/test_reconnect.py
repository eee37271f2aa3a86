"""An account dies, posts fall due, the owner connects it again: they appear in order, one by one, none is lost, and
what came too late says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models.base import utc_now
from tasks.publishing.store import Store
from tests.tasks.publishing.conftest import Publish, Town

HOUR = 3600.0
SPACING = 0.6


@pytest.fixture
def _short_spacing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.publishing.store.CATCH_UP_SPACING", SPACING)
    monkeypatch.setattr("tasks.publishing.publisher.POLL", 0.2)


def _notices(town: Town) -> list[Any]:
    return town.db.execute(
        "SELECT kind, message, resolved_at IS NULL FROM owner_notices ORDER BY created_at"
    ).fetchall()


def _pass(town: Town, hours: float) -> None:
    """Let time pass: all posts are so much older."""
    town.db.execute(
        "UPDATE post_queue SET scheduled_for = scheduled_for - %s, next_attempt_at = next_attempt_at - %s",
        (timedelta(hours=hours),) * 2,
    )


def _account(town: Town, platform: str) -> tuple[str, str]:
    row = town.db.execute(
        "SELECT status, status_reason FROM connected_accounts WHERE platform = %s", (platform,)
    ).fetchone()
    assert row is not None
    return row[0], row[1]


async def _all_out(town: Town, publish: Publish) -> None:
    """Publish until nothing waits any more, however slow the machine is."""
    while town.db.execute("SELECT 1 FROM post_queue WHERE status = 'pending'").fetchone():
        await publish(2 * SPACING)


@pytest.mark.usefixtures("_short_spacing")
@pytest.mark.parametrize("platform", ["google", "facebook", "instagram"])
async def test_held_posts_go_on_in_order_after_the_owner_connects_again(
    town: Town, publish: Publish, platform: str
) -> None:
    body = {"account_id": town.accounts[platform].account_id, "state": "revoked"}
    town.sandbox.control("POST", "tokens", body)
    first = town.post(platform, content="Post 1", due=-1)
    await publish()
    assert town.row(first)["status"] == "pending"
    status, reason = _account(town, platform)
    assert status == "revoked"
    assert town.row(first)["error_message"] == reason, "the post says what the account says"
    later = [town.post(platform, content=f"Post {n}", due=(n - 1) * 7 * HOUR) for n in range(2, 7)]
    for _ in range(3):
        _pass(town, 11.72)  # the first two are older than a day by then, the last one was due ten minutes ago
        await publish()
    calls = town.sandbox.control("GET", "calls")
    assert _notices(town) == [("connection_lost", reason, True)], "told once, however many posts met it"
    town.sandbox.control("DELETE", "calls")
    await publish()
    assert town.sandbox.control("GET", "calls") == {}, f"nothing is asked while it is held; before: {calls}"

    town.reconnect(platform)
    assert _notices(town) == [("connection_lost", reason, False)]
    began = utc_now()
    await _all_out(town, publish)
    rows = [town.row(post) for post in (first, *later)]
    assert [row["status"] for row in rows] == ["failed", "failed", "published", "published", "published", "published"]
    assert all("Missed" in row["error_message"] for row in rows[:2])
    assert town.live(platform) == [f"Post {n}" for n in range(3, 7)]
    attempts = town.db.execute(
        "SELECT started_at FROM publish_attempts WHERE outcome = 'published' ORDER BY started_at"
    ).fetchall()
    starts = [row[0] for row in attempts]
    # On a busy machine one may leave late and the next in time: each has its own earliest moment.
    assert all(start - began >= timedelta(seconds=SPACING * 0.9 * place) for place, start in enumerate(starts))
    assert starts[0] >= began


@pytest.mark.usefixtures("_short_spacing")
async def test_what_was_missed_keeps_nobody_waiting(town: Town, publish: Publish) -> None:
    """Forty missed posts are not forty places in the line, and what came due since stands at its end."""
    missed = [town.post("google", content=f"Missed {n}", due=-(30 + n) * HOUR) for n in range(40)]
    late = [town.post("google", content=f"Late {n}", due=-(3 - n) * HOUR) for n in range(3)]
    recent = town.post("google", content="Recent", due=-300)
    await _all_out(town, publish)
    assert {town.row(post)["status"] for post in missed} == {"failed"}
    assert {town.row(post)["status"] for post in (*late, recent)} == {"published"}
    assert town.live("google") == ["Late 0", "Late 1", "Late 2", "Recent"]


async def test_who_stands_in_the_line_and_who_does_not(town: Town) -> None:
    due = {"missed": -30 * HOUR, "late": -2 * HOUR, "also late": -HOUR, "recent": -300, "on time": -0.1}
    posts = {town.post("google", due=seconds): name for name, seconds in due.items()}
    posts[town.post("facebook", due=-300)] = "of another account"

    async def claimed(store: Store) -> list[str]:
        claims = await store.claim(batch=50, ahead=0, share=50, missed=24 * HOUR)
        return sorted(posts[claim.id] for claim in claims)

    async with Store.open(town.database_url, worker="one", lease_seconds=60) as store:
        assert await claimed(store) == ["late", "missed", "of another account", "on time"]
        assert await claimed(store) == [], "the next one has to wait"
        town.db.execute("UPDATE connected_accounts SET catch_up_after = now() - interval '1 second'")
        assert await claimed(store) == ["also late"]
        town.db.execute("UPDATE connected_accounts SET catch_up_after = now() - interval '1 second'")
        assert await claimed(store) == ["recent"]
