"""The deployment renews what is near its end, tells what it did, and is red only when we have to act."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from models.token_schedule import RULES, kind_of, refresh_due
from platforms.base import Platform
from tasks.tokens.batch import accounts_due, refresh_due_tokens, refreshing
from tasks.tokens.renewal import End
from tasks.tokens.rounds import FAILURES_IN_A_ROW
from tests.factories import make_owner
from tests.tasks.house import House

DAY = 86_400.0


async def test_only_what_is_near_its_end_is_renewed_the_most_urgent_first(
    house: House, platforms: dict[str, Platform]
) -> None:
    soon = house.connect("google", name="Soon", life=600.0)
    sooner = house.connect("google", name="Sooner", life=60.0)
    house.connect("google", name="Far", life=3_000.0)
    weekly = house.connect("instagram", name="Weekly", age=8 * DAY)
    house.connect("instagram", name="Young", age=2 * DAY)
    page = house.connect("facebook", name="Page", user_life=10 * DAY)
    house.connect("facebook", name="Fresh page", user_life=59 * DAY)
    due = accounts_due(house.now)
    assert [account.id for account in due] == [sooner.id, soon.id, page.id, weekly.id]
    report = await refreshing(platforms, house.now).run(due)
    assert report.summary == "4 refreshed"
    assert report.problem is None
    assert accounts_due(house.now) == []
    assert {row["account"] for row in report.rows} == {"Soon", "Sooner", "Weekly", "Page"}
    assert all(row["good until"] and not row["note"] for row in report.rows)


def test_who_is_left_alone(house: House) -> None:
    canceled = make_owner(house.connection, status="canceled")
    paused = make_owner(house.connection, status="paused")
    house.connect("google", name="Canceled", life=60.0, owner=canceled)
    kept = house.connect("google", name="Paused", life=60.0, owner=paused)
    house.connect("google", name="Held", life=60.0, status="revoked")
    waiting = house.connect("google", name="Waiting", life=60.0)
    house.change(waiting, refresh_after=house.now + timedelta(minutes=5))
    leased = house.connect("google", name="Leased", life=60.0)
    house.change(leased, refreshing_until=house.now + timedelta(minutes=5))
    assert [account.id for account in accounts_due(house.now)] == [kept.id]
    later = house.now + timedelta(minutes=6)
    assert waiting.id in {account.id for account in accounts_due(later)}


async def test_two_runs_at_once_renew_each_account_once(house: House, platforms: dict[str, Platform]) -> None:
    for number in range(12):
        house.connect("google", name=f"Plumber {number}", life=60.0)
    house.sandbox.fault(service="google", operation="token", kind="latency", seconds=0.05, times=None)
    now = house.now
    first, second = refreshing(platforms, now), refreshing(platforms, now)
    due = accounts_due(now)
    await asyncio.gather(first.run(list(due)), second.run(list(due)))
    assert house.sandbox.calls("google", "token") == 12
    assert house.rows("SELECT count(*) FROM connected_accounts WHERE last_refreshed_at IS NOT NULL")[0]["count"] == 12


async def test_one_run_tells_every_kind_of_end(house: House, platforms: dict[str, Platform]) -> None:
    house.connect("google", name="Good", life=60.0)
    house.connect("facebook", name="Page", user_life=-60.0)
    lost = house.connect("instagram", name="Lost", age=8 * DAY)
    house.sandbox.control("POST", "tokens", {"account_id": lost.account_id, "state": "revoked"})
    unlucky = house.connect("google", name="Unlucky", life=120.0)
    house.sandbox.fault(service="google", operation="token", account=unlucky.account_id, kind="503")
    report = await refreshing(platforms, house.now).run(accounts_due(house.now))
    assert report.summary == (
        "1 refreshed, 1 checked, 1 to be tried again later, 1 waiting for their owner to connect again"
    )
    assert report.problem is None
    notes = {row["account"]: row["note"] for row in report.rows}
    assert "(again after " in notes["Unlucky"]
    assert notes["Good"] == notes["Page"] == ""


async def test_our_own_mistake_is_told_in_one_line_and_asked_once(house: House, platforms: dict[str, Platform]) -> None:
    for number in range(6):
        house.connect("google", name=f"Plumber {number}", life=60.0)
    house.connect("instagram", name="Not Google", age=8 * DAY)
    house.sandbox.configure(google_client_secret="another")
    report = await refreshing(platforms, house.now).run(accounts_due(house.now), at_once=1)
    assert report.problem is not None
    assert "GOOGLE_CLIENT_SECRET" in report.problem
    assert "\n" not in report.problem
    assert (report.ends[End.OPERATOR], report.left, report.ends[End.REFRESHED]) == (1, 5, 1)
    assert house.sandbox.calls("google", "token") == 1
    assert all(row["status"] == "active" for row in house.rows("SELECT status FROM connected_accounts"))


async def test_a_platform_that_does_not_answer_is_left_alone_after_a_while(
    house: House, platforms: dict[str, Platform]
) -> None:
    for number in range(FAILURES_IN_A_ROW + 5):
        house.connect("google", name=f"Plumber {number}", life=60.0)
    house.sandbox.fault(service="google", operation="token", kind="503", times=None)
    report = await refreshing(platforms, house.now).run(accounts_due(house.now), at_once=1)
    assert (report.ends[End.LATER], report.left) == (FAILURES_IN_A_ROW, 5)
    assert report.problem is None


async def test_a_run_ends_in_time(house: House, platforms: dict[str, Platform]) -> None:
    house.connect("google", life=60.0)
    report = await refreshing(platforms, house.now, seconds=0).run(accounts_due(house.now))
    assert report.summary == "1 left for the next run"
    assert house.sandbox.calls("google", "token") == 0


async def test_the_task_does_it_all_by_the_settings(house: House) -> None:
    house.connect("google", life=60.0)
    assert (await refresh_due_tokens.fn()).summary == "1 refreshed"
    assert (await refresh_due_tokens.fn()).summary == "no token was near its end"


@pytest.fixture
def any_account(house: House) -> House:
    house.connect("facebook", name="Any")
    return house


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(
    st.sampled_from([("google", None), ("facebook", None), ("instagram", None), ("instagram", "facebook")]),
    st.booleans(),
    st.one_of(st.none(), st.timedeltas(timedelta(days=-5), timedelta(days=70))),
    st.timedeltas(timedelta(0), timedelta(days=40)),
    st.booleans(),
)
def test_the_query_and_the_rule_say_the_same(
    any_account: House,
    kind: tuple[str, str | None],
    has_refresh_token: bool,
    left: timedelta | None,
    age: timedelta,
    refreshed_before: bool,
) -> None:
    house, now = any_account, any_account.now
    house.connection.execute(
        "UPDATE connected_accounts SET platform = %s, login_provider = %s, refresh_token_encrypted = %s, "
        "token_expires_at = %s, connected_at = %s, last_refreshed_at = %s",
        (
            *kind,
            "sealed" if has_refresh_token else None,
            None if left is None else now + left,
            now - (timedelta(days=100) if refreshed_before else age),
            now - age if refreshed_before else None,
        ),
    )
    expected = refresh_due(
        RULES[kind_of(*kind)],
        has_refresh_token=has_refresh_token,
        token_expires_at=None if left is None else now + left,
        refreshed_at=now - age,
        now=now,
    )
    assert bool(accounts_due(now)) is expected
