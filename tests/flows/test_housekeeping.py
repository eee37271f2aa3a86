"""The deployment that clears away: what it deletes, what it leaves, and when it is Failed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from flows.housekeeping import housekeeping
from models.settings import settings
from platforms.object_storage import LOCAL, new_key
from tests.factories import insert
from tests.tasks.house import House, house

__all__ = ["house"]


@pytest.mark.usefixtures("prefect_harness")
async def test_old_rows_go_and_young_ones_stay(house: House) -> None:
    user = house.rows("SELECT id FROM users LIMIT 1")[0]["id"]
    db = house.connection
    for token, ends in (("old", "60 days ago"), ("young", "1 day ago")):
        db.execute(
            "INSERT INTO dashboard_sessions (token_hash, user_id, expires_at)"
            f" VALUES (%s, %s, now() + interval '{ends}')",
            (token, user),
        )
    for subject, days in (("email:old", 3), ("email:young", 0)):
        db.execute(
            "INSERT INTO login_attempts (subject, attempted_at, succeeded)"
            " VALUES (%s, now() - make_interval(days => %s), false)",
            (subject, days),
        )
    for state_hash, ends in (("old", "1 minute ago"), ("young", "1 minute")):
        db.execute(
            "INSERT INTO connect_attempts"
            " (user_id, session_id, service, state_hash, verifier_encrypted, started_at, expires_at)"
            f" SELECT user_id, id, 'google', %s, 'v', now(), now() + interval '{ends}' FROM dashboard_sessions"
            " WHERE token_hash = 'young'",
            (state_hash,),
        )
    state = await housekeeping(return_state=True)
    assert (state.name, state.message) == (
        "Completed",
        "1 old sessions forgotten, 1 old login attempts forgotten, 1 old ways to a platform forgotten",
    )
    assert [row["state_hash"] for row in house.rows("SELECT state_hash FROM connect_attempts")] == ["young"]
    assert [row["token_hash"] for row in house.rows("SELECT token_hash FROM dashboard_sessions")] == ["young"]
    assert [row["subject"] for row in house.rows("SELECT subject FROM login_attempts")] == ["email:young"]
    (job,) = house.rows("SELECT job, succeeded, summary FROM job_runs")
    assert job == {"job": "housekeeping", "succeeded": True, "summary": state.message}


@pytest.mark.usefixtures("prefect_harness")
async def test_a_second_run_has_nothing_to_do(house: House) -> None:
    await housekeeping(return_state=True)
    state = await housekeeping(return_state=True)
    assert (state.name, state.message) == ("Completed", "nothing to clear away")


@pytest.mark.usefixtures("prefect_harness")
async def test_a_post_that_is_visible_against_all_rules_is_a_persons_business(house: House) -> None:
    page = house.connect("facebook", name="Page")
    made = house.sandbox.control("POST", "posts", {"account_id": page.account_id, "text": "Visible."})
    db = house.connection
    db.execute(
        "INSERT INTO publish_discards (user_id, account_id, platform, handles, reason) SELECT user_id, id, platform,"
        " jsonb_build_object('unpublished_post', %s::text), 'edited' FROM connected_accounts",
        (made["id"],),
    )
    state = await housekeeping(return_state=True)
    assert state.name == "Failed"
    assert "should not have gone out" in (state.message or "")


@pytest.mark.usefixtures("prefect_harness")
async def test_files_that_nobody_needs_go_and_unsplash_is_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTAGENT_UNSPLASH_ACCESS_KEY", "sandbox")
    settings.cache_clear()
    db = house.connection
    insert(db, "stored_objects", key=new_key(), place=LOCAL, created_at=datetime.now(UTC) - timedelta(hours=2))
    ping = f"{house.sandbox.url}/unsplash/photos/roof_1/download?ixid=sandbox"
    used = {"user_id": house.owner.user_id, "source": "unsplash", "source_key": ping, "url": ping, "ping_url": ping}
    insert(db, "picture_uses", **used, planned_for=datetime.now(UTC), ping_due_at=datetime.now(UTC))
    state = await housekeeping(return_state=True)
    assert (state.name, state.message) == (
        "Completed",
        "1 files deleted that no post or library needs, 1 downloads told to Unsplash",
    )
    assert house.sandbox.calls("unsplash", "download") == 1


@pytest.mark.usefixtures("prefect_harness")
async def test_an_owner_whose_deletion_stood_half_done_is_gone(house: House) -> None:
    house.connect("facebook")
    house.connection.execute("SELECT begin_erasing(%s)", (house.owner.user_id,))
    house.connection.execute("UPDATE users SET erasing_at = now() - interval '1 hour'")
    state = await housekeeping(return_state=True)
    assert (state.name, state.message) == ("Completed", "1 owner erased whose deletion stood half done")
    assert house.rows("SELECT id FROM users") == []
