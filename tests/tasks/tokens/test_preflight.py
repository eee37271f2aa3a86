"""Trouble with an account is known before its posts are due, with few calls, and told once in the publisher's words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from models.settings import settings
from models.token_schedule import RULES, check_due, kind_of
from platforms.base import Platform
from platforms.errors import ReconnectNeeded
from tasks import tokens
from tasks.publishing.window import open_window
from tasks.tokens.batch import accounts_due, refreshing
from tasks.tokens.preflight import accounts_to_check, check, check_accounts_ahead, checking
from tasks.tokens.renewal import End
from tasks.tokens.rounds import FAILURES_IN_A_ROW, Report
from tests.factories import Connected, insert, make_owner, make_post
from tests.tasks.house import House

Platforms = dict[str, Platform]
MINUTES, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONG = 3_000.0  # seconds of life: nothing to renew
KINDS = [("google", None), ("facebook", None), ("instagram", None), ("instagram", "facebook")]


def _post(house: House, account: Connected, minutes: float, **columns: Any) -> None:
    make_post(house.connection, house.owner, account, scheduled_for=house.now + minutes * MINUTES, **columns)


async def _looks(house: House, platforms: Platforms, now: datetime | None = None) -> Report:
    return await checking(platforms, now or house.now).run(accounts_to_check(now or house.now))


def _notices(house: House) -> list[dict[str, Any]]:
    return house.rows("SELECT kind, message, takes_effect_at, resolved_at FROM owner_notices ORDER BY created_at")


def test_whose_access_is_looked_at(house: House) -> None:
    later, soon = (house.connect("google", name=name, life=LONG) for name in ("Later", "Soon"))
    for minutes in (50, 55):
        _post(house, later, minutes)
    _post(house, soon, 10)
    for name, minutes, columns in (
        ("Far", 61, {}),
        ("Being published", -1, {}),
        ("Waits for approval", 30, {"requires_approval": True}),
        ("Rejected", 30, {"status": "rejected"}),
    ):
        _post(house, house.connect("google", name=name, life=LONG), minutes, **columns)
    _post(house, house.connect("google", name="Held", life=LONG, status="revoked"), 30)
    paused = house.connect("google", name="Asked for a pause", life=LONG)
    house.change(paused, slowed_until=house.now + HOUR)
    _post(house, paused, 30)
    page = house.connect("facebook")
    assert [account.id for account in accounts_to_check(house.now)] == [soon.id, later.id, page.id]
    house.connection.execute("INSERT INTO shared_quotas (name, slowed_until) VALUES ('facebook', now() + '1 h')")
    assert page.id not in {account.id for account in accounts_to_check(house.now)}
    house.connection.execute("UPDATE users SET status = 'paused'")
    assert accounts_to_check(house.now) == []


@pytest.mark.parametrize("proof", ["check", "refresh", "post", "preparation", "quota", "numbers", "location", "none"])
def test_a_recent_success_of_any_kind_saves_the_call(house: House, proof: str) -> None:
    account, at = house.connect("google", life=LONG), house.now - 20 * MINUTES
    of_account = {"user_id": account.user_id, "account_id": account.id, "platform": account.platform}
    _post(house, account, 40, **({"prepared_at": at} if proof == "preparation" else {}))
    if proof == "check":
        house.change(account, checked_at=at)
    elif proof == "refresh":
        house.change(account, last_refreshed_at=at)
    elif proof == "post":
        _post(house, account, -20, status="published", published_at=at)
    elif proof == "quota":
        insert(house.connection, "publishing_quotas", **of_account, used=1, window_seconds=86_400, read_at=at)
    elif proof == "location":
        metric = {"day": at.date(), "metric": "CALL_CLICKS", "value": 1, "fetched_at": at}
        insert(house.connection, "location_metrics", **of_account, **metric)
    elif proof == "numbers":
        (post,) = house.publish(account, 2 * DAY)
        numbers = {"post_id": post, "user_id": account.user_id, "platform": "google", "reach": 1, "fetched_at": at}
        insert(house.connection, "analytics", **numbers)
    assert bool(accounts_to_check(house.now)) is (proof == "none")
    assert bool(accounts_to_check(house.now + 11 * MINUTES)), "a proof grows old"


@pytest.mark.parametrize(("platform", "login"), KINDS)
async def test_a_healthy_account_with_many_posts_gets_one_call_a_period(
    house: House, platforms: Platforms, platform: str, login: str | None
) -> None:
    account = house.connect(platform, login=login, life=LONG if platform == "google" else None)
    for minutes in range(5, 60, 5):
        _post(house, account, minutes)
    assert (await _looks(house, platforms)).summary == "1 checked"
    assert (await _looks(house, platforms)).summary == "no account had to be checked"
    calls = house.sandbox.control("GET", "calls")
    assert sum(one["requests"] for service in calls.values() for one in service.values()) == 1
    assert house.row(account)["checked_at"] is not None
    assert (await _looks(house, platforms, house.now + 31 * MINUTES)).summary == "1 checked"
    assert _notices(house) == []


async def test_a_token_that_is_only_old_is_renewed_on_the_way(house: House, platforms: Platforms) -> None:
    account = house.connect("google", life=LONG)
    _post(house, account, 40)
    house.sandbox.control("POST", "tokens", {"account_id": account.account_id, "state": "expired"})
    assert (await _looks(house, platforms)).summary == "1 checked"
    assert house.row(account)["status"] == "active"
    assert house.sandbox.calls("google", "token") == 1
    assert accounts_to_check(house.now) == []


@pytest.mark.parametrize("kind", ["503", "429", "accept_then_hang", "malformed_json"])
async def test_trouble_for_the_moment_holds_nothing_and_is_looked_at_again(
    house: House, platforms: Platforms, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.tokens.preflight.CHECK_SECONDS", 0.5)
    account = house.connect("google", life=LONG)
    _post(house, account, 40)
    house.sandbox.fault(service="google", operation="list", kind=kind)
    report = await _looks(house, platforms)
    assert (report.summary, report.problem) == ("1 to be tried again later", None)
    assert house.row(account)["status"] == "active"
    assert _notices(house) == []
    assert (await _looks(house, platforms)).summary == "1 checked"


async def test_our_own_mistake_and_a_silent_platform_are_left_alone_after_a_while(
    house: House, platforms: Platforms
) -> None:
    for number in range(FAILURES_IN_A_ROW + 3):
        _post(house, house.connect("google", name=f"Plumber {number}", life=LONG), 40)
    for number in range(3):
        house.connect("facebook", name=f"Page {number}", user_life=50 * 86_400.0)
    house.sandbox.fault(service="google", operation="list", kind="503", times=None)
    house.sandbox.configure(meta_app_secret="another")
    report = await checking(platforms, house.now).run(accounts_to_check(house.now), at_once=1)
    assert (report.ends[End.LATER], report.ends[End.OPERATOR], report.left) == (FAILURES_IN_A_ROW, 1, 5)
    assert "META_APP_SECRET" in str(report.problem)
    assert house.rows("SELECT count(*) FROM connected_accounts WHERE status <> 'active'")[0]["count"] == 0
    assert house.sandbox.calls("facebook", "debug_token") == 1
    assert house.sandbox.calls("facebook", "token") == 0, "nobody's token is renewed for a mistake of ours"


async def test_a_round_ends_in_time(house: House, platforms: Platforms) -> None:
    _post(house, house.connect("google", life=LONG), 40)
    report = await checking(platforms, house.now, seconds=0).run(accounts_to_check(house.now))
    assert report.summary == "1 left for the next run"


async def test_a_pages_token_is_looked_at_daily_and_its_death_is_told(house: House) -> None:
    page = house.connect("facebook", user_life=50 * 86_400.0)
    assert accounts_due(house.now) == [], "nothing to renew for a month"
    assert (await check_accounts_ahead.fn()).summary == "1 checked"
    assert house.sandbox.calls("facebook", "debug_token") == 1
    assert (await check_accounts_ahead.fn()).summary == "no account had to be checked"
    house.sandbox.control("POST", "tokens", {"account_id": page.account_id, "state": "revoked", "subcode": 492})
    house.change(page, checked_at=house.now - 25 * HOUR)
    report = await check_accounts_ahead.fn()
    assert report.summary == "1 waiting for their owner to connect again"
    row = house.row(page)
    assert row["status"] == "revoked"
    assert row["status_reason"] == "You have no role on this Page any more. Please connect Facebook again."
    assert [(one["kind"], one["message"]) for one in _notices(house)] == [("connection_lost", row["status_reason"])]


async def test_a_permission_that_was_taken_back_holds_the_account(house: House, platforms: Platforms) -> None:
    page = house.connect("facebook")
    for token in house.sandbox.world.tokens.values():
        token.scopes = "pages_show_list,pages_read_engagement"
    assert (await _looks(house, platforms)).summary == "1 waiting for their owner to connect again"
    assert "permission that posting needs" in house.row(page)["status_reason"]


async def test_the_end_of_data_access_is_told_once_ahead_and_not_any_more_when_it_is_put_off(
    house: House, platforms: Platforms
) -> None:
    page = house.connect("facebook")
    house.sandbox.control("POST", "data-access", {"account_id": page.account_id, "seconds": 10 * 86_400})
    for days in range(3):
        await _looks(house, platforms, house.now + days * 25 * HOUR)
    (notice,) = _notices(house)
    assert (notice["kind"], notice["resolved_at"]) == ("access_ends", None)
    assert 9 * DAY < notice["takes_effect_at"] - house.now < 11 * DAY
    assert house.row(page)["access_ends_at"] == notice["takes_effect_at"]
    assert house.row(page)["status"] == "active", "posts go on"
    house.sandbox.control("POST", "data-access", {"account_id": page.account_id, "seconds": 90 * 86_400})
    await _looks(house, platforms, house.now + 4 * DAY)
    (notice,) = _notices(house)
    assert notice["resolved_at"] is not None


async def test_an_owner_who_connects_again_meanwhile_is_not_held_for_the_old_token(
    house: House, platforms: Platforms
) -> None:
    page = house.connect("facebook")
    old = tokens.StoredAccount.of(house.row(page))
    house.sandbox.control("POST", "tokens", {"account_id": page.account_id, "state": "revoked", "subcode": 458})
    made = house.sandbox.control("POST", "accounts", {"platform": "facebook", "name": "Rossi Plumbing"})
    house.seal(page, made["access_token"])
    assert (await check(old, platforms, house.now)).end in (End.CHECKED, End.ELSEWHERE)
    assert house.row(page)["status"] == "active"
    assert _notices(house) == []


@pytest.mark.parametrize(
    ("platform", "subcode"), [("google", None), ("google", "invalid_rapt"), ("facebook", 460), ("instagram", None)]
)
async def test_publisher_and_preflight_say_the_same_of_the_same_trouble(
    house: House, platforms: Platforms, platform: str, subcode: int | str | None, database_url: str
) -> None:
    said = []
    for name, minutes in (("Found ahead", 40), ("Found by a post", -1)):
        account = house.connect(platform, name=name, life=LONG if platform == "google" else None)
        house.change(account, checked_at=house.now - 2 * HOUR)
        picture = {"media_url": f"{house.sandbox.url}/_sandbox/pictures/1080x1080/a.jpg"}
        _post(house, account, minutes, **picture)
        body = {"account_id": account.account_id, "state": "revoked", "subcode": subcode}
        house.sandbox.control("POST", "tokens", body)
        if minutes > 0:
            await _looks(house, platforms)
        else:
            await open_window(database_url, settings(), platforms, window_seconds=0)
            (post,) = house.rows("SELECT status, error_message FROM post_queue WHERE account_id = %s", account.id)
            said.append(post["error_message"])
        said.append(house.row(account)["status_reason"])
        (notice,) = house.rows("SELECT message FROM owner_notices WHERE account_id = %s", account.id)
        said.append(notice["message"])
    assert len(said) == 5
    assert len(set(said)) == 1, said
    assert "again." in said[0]


async def test_a_connection_that_ends_after_seven_days_is_also_the_operators_matter(
    house: House, platforms: Platforms
) -> None:
    account = house.connect("google", life=60.0)
    house.change(
        account, connected_at=house.now - 7 * DAY - MINUTES, last_refreshed_at=house.now - timedelta(minutes=50)
    )
    house.sandbox.control("POST", "tokens", {"account_id": account.account_id, "state": "revoked"})
    report = await refreshing(platforms, house.now).run(accounts_due(house.now))
    row = house.row(account)
    assert (row["status"], "after seven days" in row["status_reason"]) == ("expired", True)
    assert "consent screen" in str(report.problem)


async def test_the_oldest_of_too_many_connections_of_one_google_account_is_told_so(house: House) -> None:
    account = house.connect("google", life=LONG)
    other = make_owner(house.connection)
    google_account = account.account_id.split("/")[1]
    house.connection.execute(
        "INSERT INTO connected_accounts (user_id, platform, account_id, access_token_encrypted, connected_at) "
        "SELECT %s, 'google', 'accounts/' || %s || '/locations/' || n, 'x', now() + n * interval '1 second' "
        "FROM generate_series(1, 100) n",
        (other.user_id, google_account),
    )
    lost = await tokens.hold_account(
        tokens.StoredAccount.of(house.row(account)), ReconnectNeeded("expired or revoked", code="invalid_grant")
    )
    assert lost is not None
    assert "keeps a hundred connections" in house.row(account)["status_reason"]


async def test_fifty_that_find_out_at_once_tell_the_owner_once(house: House, platforms: Platforms) -> None:
    account = house.connect("facebook")
    house.sandbox.control("POST", "tokens", {"account_id": account.account_id, "state": "revoked"})
    row = tokens.StoredAccount.of(house.row(account))
    error = ReconnectNeeded("gone", code="190/458")
    for _ in range(50):
        await tokens.hold_account(row, error)
    assert len(_notices(house)) == 1
    house.change(account, status="active")
    assert [one["resolved_at"] is None for one in _notices(house)] == [False]
    assert await tokens.hold_account(row, error)
    assert [one["resolved_at"] is None for one in _notices(house)] == [False, True], "a new loss is told anew"


@pytest.fixture
def one_of_each_kind(house: House) -> tuple[House, dict[tuple[str, str | None], Connected]]:
    accounts = {kind: house.connect(kind[0], name=str(kind), login=kind[1]) for kind in KINDS}
    for account in accounts.values():
        _post(house, account, 30)
    return house, accounts


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(
    st.sampled_from(KINDS),
    st.one_of(st.none(), st.timedeltas(timedelta(minutes=-5), timedelta(minutes=90))),
    st.one_of(st.none(), st.timedeltas(timedelta(0), timedelta(hours=2))),
    st.one_of(st.none(), st.timedeltas(timedelta(0), timedelta(hours=26))),
)
def test_the_query_and_the_rule_say_the_same(
    one_of_each_kind: tuple[House, dict[tuple[str, str | None], Connected]],
    kind: tuple[str, str | None],
    post_in: timedelta | None,
    refreshed: timedelta | None,
    checked: timedelta | None,
) -> None:
    house, accounts = one_of_each_kind
    account, now = accounts[kind], house.now
    house.connection.execute(
        "UPDATE post_queue SET scheduled_for = %s WHERE account_id = %s",
        (now + (7 * DAY if post_in is None else post_in), account.id),
    )
    times = [None if age is None else now - age for age in (refreshed, checked)]
    house.change(account, last_refreshed_at=times[0], checked_at=times[1])
    expected = check_due(
        RULES[kind_of(*kind)],
        next_post_at=None if post_in is None else now + post_in,
        proven_at=max((at for at in times if at is not None), default=None),
        checked_at=times[1],
        now=now,
    )
    assert (account.id in {found.id for found in accounts_to_check(now)}) is expected
