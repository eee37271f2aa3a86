"""Due numbers are read once, whoever runs; trouble with one account leaves the others alone."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from models.settings import settings
from platforms.base import Platform
from tasks.analytics import store
from tasks.analytics.batch import read_locations, roll_up_moved_days, summary, take_due_snapshots
from tasks.analytics.collecting import FAILURES_IN_A_ROW, Collected, Collector
from tasks.wiring import open_platforms
from tests.factories import make_owner
from tests.tasks.house import House

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Platforms = dict[str, Platform]


async def _run(house: House, platforms: Platforms) -> Collected:
    now = house.now
    return await Collector(platforms, now, seconds=60).snapshots(store.accounts_due(now, 1000))


def _due(house: House) -> dict[Any, Any]:
    return {row["id"]: row["metrics_due_at"] for row in house.rows("SELECT id, metrics_due_at FROM post_queue")}


def _daily(house: House) -> list[dict[str, Any]]:
    return house.rows("SELECT platform, day, posts, reach, likes FROM analytics_daily ORDER BY platform, day")


async def test_due_posts_get_a_snapshot_a_rollup_and_their_next_time(house: House, platforms: Platforms) -> None:
    page = house.connect("facebook")
    profile = house.connect("instagram")
    young, old = house.publish(page, timedelta(minutes=2), 8 * DAY)
    (picture,) = house.publish(profile, 3 * HOUR)
    (not_due,) = house.publish(page, 2 * DAY, due=False)
    report = await _run(house, platforms)
    assert summary(report, Collected(), 0) == "3 snapshots of 3 posts"
    due = _due(house)
    assert timedelta(minutes=57) < due[young] - house.now < HOUR
    assert timedelta(days=19) < due[old] - house.now < timedelta(days=21)
    assert timedelta(hours=2) < due[picture] - house.now < timedelta(hours=4)
    assert due[not_due] is None
    snapshots = house.rows("SELECT post_id, reach, likes, comments, shares, engagement_rate, user_id FROM analytics")
    assert {row["post_id"] for row in snapshots} == {young, old, picture}
    assert all(row["user_id"] == house.owner.user_id for row in snapshots)
    grown = next(row for row in snapshots if row["post_id"] == old)
    assert grown["reach"] > 20
    rate = (grown["likes"] + grown["comments"] + grown["shares"]) / grown["reach"] * 100
    assert float(grown["engagement_rate"]) == pytest.approx(rate, abs=0.006)
    daily = _daily(house)
    assert sum(row["posts"] for row in daily) == 3
    assert sum(row["reach"] for row in daily) == sum(row["reach"] for row in snapshots)
    assert summary(await _run(house, platforms), Collected(), 0) == "no numbers were due"


async def test_a_second_snapshot_replaces_the_first_in_the_rollup(house: House, platforms: Platforms) -> None:
    page = house.connect("facebook")
    (post,) = house.publish(page, HOUR)
    await _run(house, platforms)
    house.sandbox.control("POST", "clock", {"advance_seconds": 5 * 3600})
    assert _due(house)[post] <= house.now
    await _run(house, platforms)
    first, second = house.rows("SELECT reach FROM analytics ORDER BY fetched_at")
    assert 0 < first["reach"] < second["reach"]
    (day,) = _daily(house)
    assert day["reach"] == second["reach"]
    summed = house.rows(
        "SELECT sum(a.reach)::int AS total FROM post_queue p JOIN analytics a ON a.post_id = p.id "
        "WHERE p.published_at IS NOT NULL GROUP BY date_trunc('day', p.published_at)"
    )
    assert summed[0]["total"] == first["reach"] + second["reach"] != day["reach"], "the sample query counts twice"


async def test_posts_are_asked_for_in_batches(house: House, platforms: Platforms) -> None:
    page = house.connect("facebook")
    house.publish(page, *[timedelta(hours=hour) for hour in range(1, 121)])
    report = await _run(house, platforms)
    assert report.counts["snapshots"] == 120
    assert house.sandbox.calls("facebook", "batch") <= 6, "50 posts a request, engagement and insights"


async def test_google_posts_are_counted_but_never_given_numbers(house: House, platforms: Platforms) -> None:
    location = house.connect("google")
    (post,) = house.publish(location, HOUR)
    report = await _run(house, platforms)
    assert report.counts["snapshots"] == 0
    assert house.rows("SELECT * FROM analytics") == []
    (day,) = _daily(house)
    assert (day["platform"], day["posts"], day["reach"]) == ("google", 1, 0)
    assert _due(house)[post] > house.now
    assert house.sandbox.calls("google", "metrics") == 0


async def test_two_runs_at_once_take_each_post_once(house: House, platforms: Platforms) -> None:
    accounts = [house.connect("facebook", name=f"Plumber {number}") for number in range(4)]
    for account in accounts:
        house.publish(account, *[timedelta(hours=hour) for hour in range(1, 61)])
    await asyncio.gather(_run(house, platforms), _run(house, platforms))
    (counted,) = house.rows("SELECT count(*) AS all, count(DISTINCT post_id) AS posts FROM analytics")
    assert (counted["all"], counted["posts"]) == (240, 240)
    _rollup_is_right(house)


def test_two_processes_worth_of_threads_take_each_post_once(house: House) -> None:
    accounts = [house.connect("instagram", name=f"Plumber {number}") for number in range(3)]
    for account in accounts:
        house.publish(account, *[timedelta(minutes=minute) for minute in range(1, 41)])

    async def one_run() -> None:
        async with open_platforms(settings()) as platforms:
            await _run(house, platforms)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: asyncio.run(one_run()), range(4)))
    (counted,) = house.rows("SELECT count(*) AS all, count(DISTINCT post_id) AS posts FROM analytics")
    assert (counted["all"], counted["posts"]) == (120, 120)
    _rollup_is_right(house)


def _rollup_is_right(house: House) -> None:
    (right,) = house.rows("SELECT sum(reach) AS reach, sum(likes) AS likes, count(*) AS posts FROM analytics")
    (made,) = house.rows("SELECT sum(reach) AS reach, sum(likes) AS likes, sum(posts) AS posts FROM analytics_daily")
    assert right == made


async def test_a_post_that_is_gone_is_asked_for_a_few_times_and_hurts_nobody(
    house: House, platforms: Platforms
) -> None:
    page = house.connect("facebook")
    there, gone = house.publish(page, HOUR, 2 * HOUR)
    house.connection.execute(
        "UPDATE post_queue SET platform_post_id = %s WHERE id = %s", (f"{page.account_id}_404", gone)
    )
    asked = 0
    while any(_due(house).values()):
        report = await _run(house, platforms)
        assert report.problems.line is None
        asked += report.counts["missing"]
        house.sandbox.control("POST", "clock", {"advance_seconds": 5 * 86_400})
        house.connection.execute("UPDATE connected_accounts SET token_expires_at = NULL")
    assert 2 <= asked <= 6
    assert {row["post_id"] for row in house.rows("SELECT post_id FROM analytics")} == {there}


async def test_trouble_with_one_account_leaves_the_others_alone(house: House, platforms: Platforms) -> None:
    good, lost = (house.connect("facebook", name=name) for name in ("Good", "Lost"))
    slow, forbidden = (house.connect("instagram", name=name) for name in ("Slow", "Forbid"))
    held = house.connect("facebook", name="Held", status="revoked", status_reason="Please connect Facebook again.")
    posts = {name: house.publish(account, HOUR)[0] for name, account in
             {"good": good, "slow": slow, "lost": lost, "forbidden": forbidden, "held": held}.items()}  # fmt: skip
    house.sandbox.fault(service="instagram", operation="metrics", account=slow.account_id, kind="503")
    house.sandbox.fault(
        service="instagram", operation="metrics", account=forbidden.account_id, kind="error_code", code=200, times=None
    )
    house.sandbox.control("POST", "tokens", {"account_id": lost.account_id, "state": "revoked", "subcode": 458})
    report = await _run(house, platforms)
    assert report.counts["snapshots"] == 1
    assert report.problems.line is None
    told = {row["account"]: (row["result"], row["note"]) for row in report.table.told()}
    assert told["Good"] == ("read", "")
    assert told["Slow"][0] == "later"
    assert told["Lost"][0] == told["Forbid"][0] == "not told"
    assert told["Held"] == ("skipped", "Please connect Facebook again.")
    assert house.row(lost)["status"] == "revoked", "a dead token is told to the owner before a post needs it"
    assert house.row(forbidden)["status"] == house.row(slow)["status"] == "active"
    due = _due(house)
    assert due[posts["slow"]] - house.now < timedelta(minutes=16), "the next run tries again"
    assert due[posts["forbidden"]] - house.now > timedelta(hours=4), "not every hour without the permission"
    house.sandbox.control("POST", "clock", {"advance_seconds": 1_200})
    assert (await _run(house, platforms)).counts["snapshots"] == 1


async def test_a_run_that_died_leaves_its_posts_to_the_next_one(house: House, platforms: Platforms) -> None:
    page = house.connect("facebook")
    house.publish(page, HOUR, 2 * HOUR)
    assert len(store.claim(page.id, house.now, 50)) == 2
    assert (await _run(house, platforms)).counts["posts"] == 0
    house.sandbox.control("POST", "clock", {"advance_seconds": store.CLAIM.total_seconds() + 1})
    assert (await _run(house, platforms)).counts["snapshots"] == 2


async def test_our_own_mistake_is_one_line_for_the_operator(house: House, platforms: Platforms) -> None:
    pages = [house.connect("facebook", name=f"Plumber {number}") for number in range(3)]
    for page in pages:
        house.publish(page, HOUR)
        house.change(page, access_token_encrypted="v1.gone.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    report = await _run(house, platforms)
    assert report.counts["operator"] == 3
    line = report.problems.line
    assert line is not None
    assert "needs the encryption key 'gone'" in line
    assert "\n" not in line
    assert "3 accounts waiting for the operator" in summary(report, Collected(), 0)


async def test_a_platform_that_is_down_is_left_alone_after_a_while(house: House, platforms: Platforms) -> None:
    for number in range(FAILURES_IN_A_ROW + 12):
        house.publish(house.connect("facebook", name=f"Plumber {number}"), HOUR)
    house.sandbox.fault(service="facebook", kind="503", times=None)
    report = await _run(house, platforms)
    assert report.counts["left"] >= 2
    assert report.counts["later"] + report.counts["left"] == FAILURES_IN_A_ROW + 12
    assert "left for the next run" in summary(report, Collected(), 0)


async def test_something_unexpected_with_one_account_is_told_and_does_not_stop_the_run(
    house: House, platforms: Platforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.publish(house.connect("facebook"), HOUR)
    house.publish(house.connect("instagram"), HOUR)

    async def broken(*_: Any) -> Any:
        raise KeyError("secret text")

    monkeypatch.setattr(platforms["facebook"], "metrics", broken)
    report = await _run(house, platforms)
    assert report.counts["snapshots"] == 1
    assert report.problems.line is not None
    assert "unexpected KeyError" in report.problems.line
    assert "secret text" not in report.problems.line


async def test_an_owner_who_left_is_not_asked_about(house: House, platforms: Platforms) -> None:
    gone = make_owner(house.connection, status="canceled")
    page = house.connect("facebook", owner=gone)
    house.publish(page, HOUR, owner=gone)
    assert store.accounts_due(house.now, 10) == []


async def test_a_rejected_access_is_renewed_on_the_way(house: House, platforms: Platforms) -> None:
    location = house.connect("google", life=3_000.0)
    house.sandbox.control("POST", "tokens", {"account_id": location.account_id, "state": "expired"})
    report = await Collector(platforms, house.now, seconds=60).locations(_locations(house))
    assert report.counts["locations"] == 1
    assert house.sandbox.calls("google", "token") == 1


def _locations(house: House) -> list[store.Measured]:
    return store.locations_due(["google"], house.now - timedelta(hours=20), 100)


async def test_a_location_is_read_for_a_month_at_first_then_its_last_ten_days_once_a_day(
    house: House, platforms: Platforms
) -> None:
    location = house.connect("google")
    house.publish(location, 2 * DAY, due=False)
    await Collector(platforms, house.now, seconds=60).locations(_locations(house))
    known = house.rows("SELECT day, metric, value FROM location_metrics")
    assert len({row["day"] for row in known}) == 30
    assert sum(row["value"] for row in known) > 0
    assert _locations(house) == [], "once a day"
    house.connection.execute("UPDATE location_metrics SET value = 0, fetched_at = fetched_at - interval '1 day'")
    await Collector(platforms, house.now, seconds=60).locations(_locations(house))
    again = house.rows("SELECT day, sum(value) AS value FROM location_metrics GROUP BY day HAVING sum(value) > 0")
    assert 5 <= len(again) <= 10, "the last ten days were written over"
    assert house.sandbox.calls("google", "metrics") == 2


async def test_the_days_of_a_location_end_with_its_owners_today(house: House, platforms: Platforms) -> None:
    far = make_owner(house.connection, zone="Pacific/Kiritimati")
    house.connect("google", name="Far", owner=far)
    await Collector(platforms, house.now, seconds=60).locations(_locations(house))
    (last,) = house.rows("SELECT max(day) AS day FROM location_metrics")
    assert last["day"] <= (house.now + timedelta(hours=14)).date()
    assert last["day"] >= house.now.date()


async def test_the_tasks_do_it_all_by_the_settings(house: House) -> None:
    page, location = house.connect("facebook"), house.connect("google")
    house.publish(page, HOUR)
    house.publish(location, HOUR)
    snapshots, locations, moved = (
        await take_due_snapshots.fn(),
        await read_locations.fn(),
        await roll_up_moved_days.fn(),
    )
    assert summary(snapshots, locations, moved) == "1 snapshot of 2 posts, 1 location"
