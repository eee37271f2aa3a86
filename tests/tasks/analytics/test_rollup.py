"""A day's numbers are those of the latest snapshot of each of its posts: whatever the order, the zone or the rush."""

from __future__ import annotations

import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tasks.analytics import store
from tasks.analytics.store import DuePost, Measured
from tasks.tokens import StoredAccount
from tests.factories import Connected, make_account, make_post
from tests.tasks.house import House

COLUMNS = ("reach", "impressions", "clicks", "likes", "comments", "shares")
# Zones with a change at midnight, a day off UTC, half an hour, and plain ones.
ZONES = ("America/Chicago", "America/Havana", "Asia/Beirut", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kolkata")
COUNTS = st.fixed_dictionaries({name: st.one_of(st.none(), st.integers(0, 5_000)) for name in COLUMNS})
# 2026-10-25 and 2026-11-01: clocks go back in Europe and in America.
PUBLISHED = st.timedeltas(timedelta(0), timedelta(days=11)).map(lambda age: datetime(2026, 10, 23, tzinfo=UTC) + age)


def _measured(house: House, account: Connected, zone: str = "America/Chicago") -> Measured:
    return Measured(account=StoredAccount.of(house.row(account)), zone=ZoneInfo(zone))


def _post(house: House, account: Connected, published_at: datetime) -> DuePost:
    post_id = make_post(
        house.connection,
        house.owner,
        account,
        status="published",
        scheduled_for=published_at,
        metrics_due_at=published_at,
    )
    (row,) = house.rows("SELECT id, platform_post_id, published_at FROM post_queue WHERE id = %s", post_id)
    return DuePost(**row)


@pytest.fixture
def two_accounts(house: House) -> list[Connected]:
    return [make_account(house.connection, house.owner, "facebook") for _ in range(2)]


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=60
)
@given(
    zone=st.sampled_from(ZONES),
    published=st.lists(st.tuples(st.integers(0, 1), PUBLISHED), min_size=1, max_size=8),
    snapshots=st.lists(st.tuples(st.integers(0, 7), COUNTS), min_size=1, max_size=25),
)
def test_the_rollup_is_what_a_naive_count_of_latest_snapshots_gives(
    house: House,
    two_accounts: list[Connected],
    zone: str,
    published: list[tuple[int, datetime]],
    snapshots: list[tuple[int, dict[str, int | None]]],
) -> None:
    house.connection.execute("DELETE FROM analytics_daily")
    house.connection.execute("DELETE FROM post_queue")
    posts = [(two_accounts[index], _post(house, two_accounts[index], at)) for index, at in published]
    latest: dict[UUID, dict[str, int]] = {}
    now = datetime(2026, 11, 5, tzinfo=UTC)
    for number, (index, counts) in enumerate(snapshots):
        account, post = posts[index % len(posts)]
        store.record(
            _measured(house, account, zone), [post], {post.platform_post_id: counts}, now + timedelta(hours=number)
        )
        before = latest.get(post.id, dict.fromkeys(COLUMNS, 0))
        latest[post.id] = {name: before[name] if counts[name] is None else int(counts[name] or 0) for name in COLUMNS}

    expected: dict[tuple[UUID, date], dict[str, int]] = defaultdict(lambda: dict.fromkeys(("posts", *COLUMNS), 0))
    seen = {(account.id, _day(post, zone)) for account, post in posts if post.id in latest}
    for account, post in posts:
        key = (account.id, _day(post, zone))
        if key in seen:
            expected[key]["posts"] += 1
            for name in COLUMNS:
                expected[key][name] += latest.get(post.id, {}).get(name, 0)
    made = {
        (row["account_id"], row["day"]): {name: row[name] for name in ("posts", *COLUMNS)}
        for row in house.rows("SELECT * FROM analytics_daily")
    }
    assert made == expected


def _day(post: DuePost, zone: str) -> date:
    return post.published_at.astimezone(ZoneInfo(zone)).date()


def test_the_sum_of_snapshots_would_have_been_wrong(house: House, two_accounts: list[Connected]) -> None:
    account = two_accounts[0]
    post = _post(house, account, datetime(2026, 11, 20, 15, tzinfo=UTC))
    now = datetime(2026, 11, 20, 16, tzinfo=UTC)
    for hours, reach in ((0, 100), (5, 180), (23, 200)):
        store.record(
            _measured(house, account), [post], {post.platform_post_id: {"reach": reach}}, now + timedelta(hours=hours)
        )
    (day,) = house.rows("SELECT posts, reach FROM analytics_daily")
    (sample,) = house.rows(
        "SELECT count(*) AS posts, sum(a.reach) AS reach FROM post_queue p JOIN analytics a ON a.post_id = p.id"
    )
    assert (day["posts"], day["reach"]) == (1, 200)
    assert (sample["posts"], sample["reach"]) == (3, 480)


def test_writers_of_one_day_at_once_lose_nothing(house: House, two_accounts: list[Connected]) -> None:
    account = two_accounts[0]
    at = datetime(2026, 11, 20, 15, tzinfo=UTC)
    posts = [_post(house, account, at + timedelta(minutes=minute)) for minute in range(8)]
    measured = _measured(house, account)
    for turn in range(1, 6):
        together = threading.Barrier(len(posts))

        def write(post: DuePost, together: threading.Barrier = together, turn: int = turn) -> None:
            together.wait(20)
            store.record(measured, [post], {post.platform_post_id: {"reach": turn}}, at + timedelta(hours=turn))

        with ThreadPoolExecutor(len(posts)) as pool:
            list(pool.map(write, posts))
        (day,) = house.rows("SELECT posts, reach FROM analytics_daily")
        assert (day["posts"], day["reach"]) == (8, 8 * turn)


def test_only_the_days_that_were_touched_are_written(house: House, two_accounts: list[Connected]) -> None:
    account = two_accounts[0]
    first, second = (_post(house, account, datetime(2026, 11, day, 15, tzinfo=UTC)) for day in (10, 11))
    measured, now = _measured(house, account), datetime(2026, 11, 12, tzinfo=UTC)
    store.record(measured, [first, second], {first.platform_post_id: {"reach": 5}}, now)
    (before,) = house.rows("SELECT updated_at FROM analytics_daily WHERE day = '2026-11-10'")
    store.record(measured, [second], {second.platform_post_id: {"reach": 7}}, now)
    rows = house.rows("SELECT day, reach, updated_at FROM analytics_daily ORDER BY day")
    assert [row["reach"] for row in rows] == [5, 7]
    assert rows[0]["updated_at"] == before["updated_at"] < rows[1]["updated_at"]


def test_after_a_move_to_another_zone_no_post_counts_twice(house: House, two_accounts: list[Connected]) -> None:
    account = two_accounts[0]
    # 02:00 UTC: still the day before in Chicago, the same day in Kiritimati's +14.
    posts = [_post(house, account, datetime(2026, 11, day, 2, tzinfo=UTC)) for day in (10, 11, 12)]
    now = datetime(2026, 11, 13, tzinfo=UTC)
    store.record(_measured(house, account), posts, {p.platform_post_id: {"reach": 10} for p in posts}, now)
    assert store.roll_up_moved_days(datetime.now(UTC), 10) == 0
    house.connection.execute("UPDATE user_preferences SET timezone = 'Pacific/Kiritimati'")
    assert store.roll_up_moved_days(datetime.now(UTC), 10) == 1
    rows = house.rows("SELECT day, posts, reach FROM analytics_daily ORDER BY day")
    assert [(row["day"].day, row["posts"], row["reach"]) for row in rows] == [
        (9, 0, 0),
        (10, 1, 10),
        (11, 1, 10),
        (12, 1, 10),
    ]
    assert store.roll_up_moved_days(datetime.now(UTC), 10) == 0, "once"


def test_a_zone_that_does_not_exist_is_read_as_the_default() -> None:
    assert store.zone_of("Mars/Olympus").key == store.zone_of(None).key == "America/New_York"
    assert store.zone_of("Europe/Berlin").key == "Europe/Berlin"


def test_an_erased_post_is_passed_by(house: House, two_accounts: list[Connected]) -> None:
    account = two_accounts[0]
    at = datetime(2026, 11, 20, 15, tzinfo=UTC)
    kept, erased = _post(house, account, at), _post(house, account, at)
    house.connection.execute("DELETE FROM post_queue WHERE id = %s", (erased.id,))
    told = {post.platform_post_id: {"reach": 3} for post in (kept, erased)}
    store.record(_measured(house, account), [kept, erased], told, at + timedelta(hours=1))
    assert [row["post_id"] for row in house.rows("SELECT post_id FROM analytics")] == [kept.id]


def test_a_rate_beyond_its_column_is_kept_as_the_largest(house: House, two_accounts: list[Connected]) -> None:
    account = two_accounts[0]
    post = _post(house, account, datetime(2026, 11, 20, 15, tzinfo=UTC))
    now = datetime(2026, 11, 20, 16, tzinfo=UTC)
    store.record(_measured(house, account), [post], {post.platform_post_id: {"reach": 1, "likes": 40}}, now)
    store.record(
        _measured(house, account), [post], {post.platform_post_id: {"reach": 0, "likes": 40}}, now + timedelta(hours=1)
    )
    rates = [row["engagement_rate"] for row in house.rows("SELECT engagement_rate FROM analytics ORDER BY fetched_at")]
    assert [None if rate is None else float(rate) for rate in rates] == [999.99, None]


def test_a_worker_may_do_exactly_this_and_no_tenant_is_crossed(house: House, two_accounts: list[Connected]) -> None:
    measured = _measured(house, two_accounts[0])
    foreign = _post(house, two_accounts[1], datetime(2026, 11, 20, 15, tzinfo=UTC))
    assert store.claim(measured.account.id, datetime(2026, 11, 21, tzinfo=UTC), 10) == []
    assert [post.id for post in store.claim(two_accounts[1].id, datetime(2026, 11, 21, tzinfo=UTC), 10)] == [foreign.id]
