"""Numbers keep to the quotas: who asked for a pause is not asked, and Google's minute is shared with publishing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models import quota_rules
from models.settings import settings
from platforms.errors import Paced
from tasks.analytics import store
from tasks.analytics.collecting import Collector
from tasks.batches import Breaker
from tasks.wiring import open_platforms
from tests.tasks.house import House

HOUR = timedelta(hours=1)


def _pause(house: House, platform: str, hours: float = 1) -> None:
    house.connection.execute(
        "UPDATE connected_accounts SET slowed_until = %s WHERE platform = %s", (house.now + hours * HOUR, platform)
    )


def _due(house: House) -> list[str]:
    return sorted(measured.account.platform for measured in store.accounts_due(house.now, 100))


def test_accounts_that_asked_for_a_pause_are_left_out_until_it_ends(house: House) -> None:
    for platform in ("facebook", "instagram"):
        house.publish(house.connect(platform), 2 * HOUR)
    _pause(house, "facebook")
    assert _due(house) == ["instagram"]
    _pause(house, "facebook", hours=-1)
    assert _due(house) == ["facebook", "instagram"]


def test_a_pause_of_the_whole_app_holds_its_own_host_only(house: House) -> None:
    house.publish(house.connect("instagram", name="By Facebook", login="facebook"), 2 * HOUR)
    house.publish(house.connect("instagram", name="By Instagram", login="instagram"), 2 * HOUR)
    house.publish(house.connect("facebook"), 2 * HOUR)
    house.connection.execute(
        "INSERT INTO shared_quotas (name, slowed_until) VALUES ('facebook', %s)", (house.now + HOUR,)
    )
    due = store.accounts_due(house.now, 100)
    assert [(measured.account.platform, measured.account.login_provider) for measured in due] == [
        ("instagram", "instagram")
    ]


def test_a_run_that_is_under_way_takes_no_more_posts_of_a_paused_account(house: House) -> None:
    account = house.connect("facebook")
    house.publish(account, *[timedelta(hours=hour) for hour in range(1, 5)])
    assert len(store.claim(account.id, house.now, 2)) == 2
    _pause(house, "facebook")
    assert store.claim(account.id, house.now, 2) == []


def test_paused_locations_are_not_read(house: House) -> None:
    house.connect("google", name="Calm")
    assert len(store.locations_due(["google"], house.now, 10)) == 1
    _pause(house, "google")
    assert store.locations_due(["google"], house.now, 10) == []


async def test_locations_are_read_within_googles_minute_and_none_is_refused(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota_rules, "MINUTE", 1.0)
    monkeypatch.setattr(quota_rules, "LAG", 1.0)
    house.sandbox.configure(google_minute_seconds=1.0, google_queries_per_minute=10)
    for number in range(20):
        house.connect("google", name=f"Plumber {number}")
    house.sandbox.control("DELETE", "calls")
    config = settings().model_copy(update={"google_requests_per_minute": 10})
    async with open_platforms(config) as platforms:
        due = store.locations_due(["google"], house.now, 100)
        report = await Collector(platforms, house.now, seconds=60).locations(due)
    assert report.counts["locations"] == 20
    calls: list[dict[str, Any]] = house.sandbox.control("GET", "calls?last=100&service=google&operation=metrics")
    assert [call["status"] for call in calls] == [200] * 20
    times = [call["at"] for call in calls]
    assert max(sum(end - 1.0 < at <= end for at in times) for end in times) <= 8, "a fifth is left for posts"


def test_our_own_pacing_is_no_sign_that_a_platform_is_silent() -> None:
    breaker = Breaker(3)
    for _ in range(5):
        breaker.heard("google", Paced("used up", retry_after=5.0))
    assert not breaker.is_open("google")
