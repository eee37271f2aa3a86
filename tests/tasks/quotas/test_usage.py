"""Usage headers become pauses that every worker sees, written once and not with every answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from models.base import utc_now
from platforms.graph_errors import Usage
from tasks.quotas.rows import LazyRows
from tasks.quotas.usage import UsageRecorder
from tests.factories import Connected, make_account, make_owner

Database = psycopg.Connection[Any]


@pytest.fixture
async def rows(database_url: str) -> AsyncIterator[LazyRows]:
    opened = LazyRows(lambda: database_url)
    yield opened
    await opened.close()


def pause_of(db: Database, account: Connected) -> tuple[float | None, str | None]:
    """Seconds that the account still waits, and why."""
    row = db.execute(
        "SELECT extract(epoch FROM slowed_until - clock_timestamp())::float8, slowed_reason FROM connected_accounts "
        "WHERE id = %s",
        (account.id,),
    ).fetchone()
    assert row is not None
    return row[0], row[1]


async def test_a_nearly_used_budget_slows_the_account_with_that_id_down(owner: Database, rows: LazyRows) -> None:
    page, other = (make_account(owner, make_owner(owner), "facebook") for _ in range(2))
    recorder = UsageRecorder(rows)
    recorder(Usage(scope=page.account_id, percent=90.0))
    await recorder.close()
    seconds, reason = pause_of(owner, page)
    assert seconds is not None
    assert 60 < seconds < 200
    assert reason is not None
    assert reason.startswith("Facebook limits")
    assert pause_of(owner, other) == (None, None)


async def test_a_page_of_two_tenants_waits_for_both(owner: Database, rows: LazyRows) -> None:
    first = make_account(owner, make_owner(owner), "facebook")
    second = make_account(owner, make_owner(owner), "facebook")  # from before a place had one owner
    owner.execute(
        "UPDATE connected_accounts SET is_duplicate = true, account_id = %s WHERE id = %s",
        (first.account_id, second.id),
    )
    recorder = UsageRecorder(rows)
    recorder(Usage(scope=first.account_id, percent=100.0, regain_seconds=600.0))
    await recorder.close()
    assert all(590 < (pause_of(owner, account)[0] or 0) <= 600 for account in (first, second))


async def test_it_writes_at_most_once_in_a_few_seconds(owner: Database, rows: LazyRows) -> None:
    asked: list[str] = []

    async def counting(name: str, **params: Any) -> list[dict[str, Any]]:
        asked.append(name)
        return await rows(name, **params)

    page = make_account(owner, make_owner(owner), "facebook")
    recorder = UsageRecorder(counting)
    for percent in (10.0, 74.0, 80.0, 80.1, 80.2, 80.0):
        recorder(Usage(scope=page.account_id, percent=percent))
    await recorder.close()
    assert asked == ["slow_accounts"]
    recorder(Usage(scope=page.account_id, percent=100.0, regain_seconds=900.0))  # much longer: it cannot wait
    await recorder.close()
    assert len(asked) == 2
    assert (pause_of(owner, page)[0] or 0) > 800


async def test_a_longer_pause_is_never_made_shorter(owner: Database, rows: LazyRows) -> None:
    page = make_account(owner, make_owner(owner), "facebook")
    owner.execute(
        "UPDATE connected_accounts SET slowed_until = %s, slowed_reason = 'blocked'", (utc_now() + timedelta(hours=4),)
    )
    recorder = UsageRecorder(rows)
    recorder(Usage(scope=page.account_id, percent=80.0))
    await recorder.close()
    seconds, reason = pause_of(owner, page)
    assert seconds is not None
    assert seconds > 3 * 3600
    assert reason == "blocked"


@pytest.mark.parametrize(("scope", "platform"), [("app", "facebook"), ("instagram_app", "instagram")])
async def test_usage_of_the_whole_app_slows_its_platform_down(
    owner: Database, rows: LazyRows, scope: str, platform: str
) -> None:
    recorder = UsageRecorder(rows)
    recorder(Usage(scope=scope, percent=100.0))
    await recorder.close()
    row = owner.execute("SELECT name FROM shared_quotas WHERE slowed_until > now() + interval '50 minutes'").fetchall()
    assert row == [(platform,)]


async def test_what_could_not_be_written_is_written_with_the_next_answer(owner: Database, rows: LazyRows) -> None:
    page = make_account(owner, make_owner(owner), "facebook")
    away = True

    async def sometimes(name: str, **params: Any) -> list[dict[str, Any]]:
        if away:
            raise psycopg.OperationalError("gone")
        return await rows(name, **params)

    recorder = UsageRecorder(sometimes)
    recorder(Usage(scope=page.account_id, percent=90.0))
    await recorder.close()
    assert pause_of(owner, page)[0] is None
    away = False
    recorder(Usage(scope=page.account_id, percent=90.0))
    await recorder.close()
    assert pause_of(owner, page)[0] is not None


async def test_usage_of_nobody_is_passed_over(rows: LazyRows) -> None:
    recorder = UsageRecorder(rows)
    recorder(Usage(scope="page", percent=99.0))
    await recorder.close()
