"""Overview and metrics: windows that are not whole, hours and themes with their doubt, and how much they ask for."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from sqlalchemy import event

from models import database
from models.queries import query
from tests.dashboards.conftest import OpenPage
from tests.dashboards.house import Login, words
from tests.dashboards.views.test_pages import day, metrics_of, published, today
from tests.factories import Connected, Owner, insert, make_account, make_post

Connection = psycopg.Connection[Any]
CHICAGO = ZoneInfo("America/Chicago")


def at_hour(
    connection: Connection, who: Owner, account: Connected, ago: int, hour: int, reach: int, likes: int
) -> None:
    """A live post of an hour on Bob's clock, with one snapshot."""
    at = datetime.combine(today() - timedelta(days=ago), time(hour, 10), CHICAGO)
    post = make_post(connection, who, account, status="published", scheduled_for=at, theme="tip")
    of_post = {"post_id": post, "user_id": account.user_id, "platform": account.platform}
    rate = 100 * likes / reach
    insert(connection, "analytics", **of_post, reach=reach, likes=likes, engagement_rate=rate, fetched_at=at)


def google_day(connection: Connection, account: Connected, ago: int, value: int) -> None:
    insert(
        connection,
        "location_metrics",
        user_id=account.user_id,
        account_id=account.id,
        platform="google",
        day=today() - timedelta(days=ago),
        metric="CALL_CLICKS",
        value=value,
    )


@pytest.mark.parametrize("page", ["overview", "metrics"])
def test_a_window_that_was_not_whole_is_not_compared(
    owner: Connection, bob_in: Login, open_page: OpenPage, page: str
) -> None:
    account = make_account(owner, bob_in.owner)
    day(owner, account, 1, reach=300)
    day(owner, account, 40, reach=100)
    test = open_page(bob_in, page)
    assert metrics_of(test)["People reached"] == ("300", ""), "200% more would be an invention"
    assert "in the middle of them" in words(test)
    owner.execute("DELETE FROM analytics_daily WHERE reach = 100")
    assert "Nothing to compare with yet" in words(open_page(bob_in, page))


def test_who_is_only_on_google_is_told_of_the_location_and_no_reach_of_zero(
    owner: Connection, bob_in: Login, open_page: OpenPage
) -> None:
    account = make_account(owner, bob_in.owner, "google")
    day(owner, account, 5, posts=2)
    for ago, value in ((3, 10), (32, 4), (33, 8), (62, 0)):  # the last day that Google told is three days ago
        google_day(owner, account, ago, value)
    test = open_page(bob_in)
    shown = metrics_of(test)
    assert shown["Calls"] == ("14", "75%"), "30 days up to the last one told, against 30 whole days before"
    assert "People reached" not in shown
    assert shown["Posts published"][0] == "2"
    assert set(metrics_of(open_page(bob_in, "metrics"))) == {"Calls"}


def test_nothing_lately_is_not_nothing_ever(owner: Connection, bob_in: Login, open_page: OpenPage) -> None:
    account = make_account(owner, bob_in.owner)
    assert "No numbers yet" in words(open_page(bob_in))
    assert "No numbers yet" in words(open_page(bob_in, "metrics"))
    day(owner, account, 100, reach=10)
    assert "Nothing went out in the last 60 days." in words(open_page(bob_in))
    assert "No post went out in this time" in words(open_page(bob_in, "metrics"))


def test_the_best_hour_is_told_in_the_owners_zone_with_its_posts(
    owner: Connection, bob_in: Login, open_page: OpenPage
) -> None:
    account = make_account(owner, bob_in.owner)
    monday = today().weekday() + 7 * 2
    for week in range(8):  # Mondays at nine do twice as well as Wednesdays and Fridays
        at_hour(owner, bob_in.owner, account, monday + 7 * week, 9, 1000, 80 + week)
        at_hour(owner, bob_in.owner, account, monday - 2 + 7 * week, 13, 1000, 40 + week)
        at_hour(owner, bob_in.owner, account, monday - 4 + 7 * week, 22, 1000, 41 + week)
    at_hour(owner, bob_in.owner, account, 1, 9, 1000, 999)  # too young to be judged
    test = open_page(bob_in, "metrics")
    test.segmented_control(key="span").set_value(90).run()
    said = words(test)
    assert "**Monday 9 AM** did better than your average" in said
    assert "over 8 posts" in said
    assert '<th scope="row">9 AM</th><td class="pa-up-2 pa-sure">' in said
    assert '<th scope="row">10 PM</th>' in said, "which is Tuesday's night and not the next morning"
    assert "Chicago time" in said
    assert "Too few posts to tell themes apart." in said, "there is only one"


def test_posts_are_shown_in_the_order_asked_for_and_by_pages(
    owner: Connection, bob_in: Login, open_page: OpenPage
) -> None:
    account = make_account(owner, bob_in.owner)
    for number in range(1, 13):
        published(owner, bob_in, account, number, 10 * number, content=f"Number {number} of all")
    test = open_page(bob_in, "metrics")
    said = words(test)
    assert said.index("Number 12 of all") < said.index("Number 11 of all")
    assert "Number 2 of all" not in said, "the second page"
    test.segmented_control(key="sort").set_value("newest").run()
    said = words(test)
    assert said.index("Number 1 of all") < said.index("Number 2 of all")
    assert "Number 11 of all" not in said
    test.session_state["results-page"] = 2
    test.run()
    assert "Number 11 of all" in words(test)
    assert "Number 1 of all" not in words(test)


def test_a_year_is_shown_by_weeks_and_the_table_has_the_same_numbers(
    owner: Connection, bob_in: Login, open_page: OpenPage
) -> None:
    account = make_account(owner, bob_in.owner)
    for ago in (0, 8, 200):
        day(owner, account, ago, reach=100)
    test = open_page(bob_in, "metrics")
    test.segmented_control(key="span").set_value(365).run()
    assert "People reached per week" in [header.value for header in test.header]
    assert "300 people reached in 365 days" in words(test)
    assert "Week from" not in words(test), "made when somebody opens it"
    test.session_state["table-days"] = True
    test.run()
    assert "Week from" in words(test)
    assert words(test).count("<td>100</td>") == 3


PAGES = ["overview", "metrics", "queue", "accounts"]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_as_often_for_many_posts_as_for_few(
    owner: Connection, bob_in: Login, open_page: OpenPage, page: str
) -> None:
    account = make_account(owner, bob_in.owner)
    google = make_account(owner, bob_in.owner, "google")
    google_day(owner, google, 3, 10)

    def posts(first: int, last: int) -> None:
        for number in range(first, last):
            ago, hour = 4 + number % 25, number % 24
            at_hour(owner, bob_in.owner, account, ago, hour, 100 + number, number)
        days = [today() - timedelta(days=ago) for ago in range(31)]
        values = {"account_id": account.id, "days": days, "zone": "America/Chicago"}
        owner.execute(query("roll_up_days").encode(), values)

    posts(0, 12)
    few = _statements(open_page, bob_in, page)
    posts(12, 150)
    assert _statements(open_page, bob_in, page) == few
    assert len(few) <= 25


def _statements(open_page: OpenPage, who: Login, page: str) -> list[str]:
    """The first lines of what one run of a page asks the database."""
    asked: list[str] = []

    def hear(_connection: Any, _cursor: Any, text: str, *_more: Any) -> None:
        asked.append(text.splitlines()[0])

    engines = [database.engine(role) for role in (database.Role.DASHBOARD, database.Role.ACCESS)]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", hear)
    open_page(who, page)
    for engine in engines:
        event.remove(engine, "before_cursor_execute", hear)
    return asked
