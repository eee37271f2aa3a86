"""The queue as a calendar: whole days of the owner's zone, and nothing of anybody's text as markup."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.parts.calendar_view import Span, bounds, days_of, draw, mark_of, step, title_of, told_of
from dashboards.parts.queue_filter import QueueFilter
from tests.dashboards.house import Seen

CHICAGO = ZoneInfo("America/Chicago")
NOW = datetime(2026, 11, 1, 18, tzinfo=UTC)  # noon on the day that has 25 hours
ZONES = [ZoneInfo(n) for n in ("America/Chicago", "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo", "UTC")]
POST = UUID(int=7)
SPANS: list[Span] = ["week", "month"]


@dataclass(kw_only=True)
class Row:
    """A row of `dashboard_queue_days`."""

    id: UUID = POST
    platform: str = "facebook"
    status: str = "pending"
    requires_approval: bool = True
    in_doubt: bool = False
    at: datetime = NOW + timedelta(hours=3)
    beginning: str = "Know your valve."


def drawn(*rows: Row, span: Span = "month", day: date = date(2026, 11, 1)) -> str:
    look = QueueFilter(part="all", view=span, day=day)
    return draw(rows, span=span, day=day, zone=CHICAGO, now=NOW, address=look.address)


def field(html: str, day: str) -> str:
    """What stands in one day's field."""
    return html.split(f'datetime="{day}"', 1)[1].split('<li class="pa-day', 1)[0]


@given(day=st.dates(date(2010, 1, 1), date(2040, 1, 1)), zone=st.sampled_from(ZONES), span=st.sampled_from(SPANS))
def test_a_calendar_is_whole_weeks_and_every_instant_of_them(day: date, zone: ZoneInfo, span: Span) -> None:
    days = days_of(span, day)
    assert day in days
    assert days[0].weekday() == 0
    assert len(days) % 7 == 0
    assert days == [days[0] + timedelta(days=n) for n in range(len(days))]
    first, last = bounds(days, zone)
    assert (first.astimezone(zone).date(), (last - timedelta(seconds=1)).astimezone(zone).date()) == (days[0], days[-1])
    assert (first - timedelta(seconds=1)).astimezone(zone).date() < days[0]
    assert last.astimezone(zone).date() > days[-1]


@given(day=st.dates(date(2010, 1, 1), date(2040, 1, 1)), span=st.sampled_from(SPANS))
def test_one_step_later_and_one_earlier_is_the_same_look(day: date, span: Span) -> None:
    assert days_of(span, step(span, step(span, day, 1), -1)) == days_of(span, day)
    assert title_of(span, step(span, day, 1)) != title_of(span, day)


def test_a_day_of_23_and_one_of_25_hours_are_whole_days() -> None:
    for day, hours in ((date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 11, 2), 24)):
        first, last = bounds([day], CHICAGO)
        assert last - first == timedelta(hours=hours)


def test_a_post_stands_on_the_owners_day_at_the_owners_time_also_when_the_clocks_go_back() -> None:
    late = Row(at=datetime(2026, 11, 2, 5, 30, tzinfo=UTC))  # 11:30 PM on Sunday, in the 25th hour
    html = drawn(late)
    assert "11:30" in field(html, "2026-11-01")
    assert "Know your valve." not in field(html, "2026-11-02")
    assert "pa-today" in html.split('datetime="2026-11-01"', 1)[0].rsplit("<li", 1)[1]
    assert html.count("<em>Today</em>") == 1


def test_several_posts_a_day_stand_in_order_and_what_is_too_much_is_one_click_away() -> None:
    rows = [Row(at=NOW + timedelta(minutes=n), beginning=f"Number {n}.") for n in range(6)]
    html = field(drawn(*rows), "2026-11-01")
    assert [n for n in range(6) if f"Number {n}." in html] == [0, 1, 2, 3]
    assert "2 more" in html
    assert "view=week&amp;day=2026-11-01" in html
    assert "Number 5." in field(drawn(*rows, span="week"), "2026-11-01")


def test_a_click_opens_the_post_and_its_way_back() -> None:
    seen = Seen(drawn(Row()))
    assert f"?show=all&view=month&day=2026-11-01&post={POST}" in seen.attributes["href"]
    assert set(seen.attributes["target"]) == {"_self"}


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "waits for you"),
        ({"status": "approved"}, "scheduled"),
        ({"requires_approval": False}, "scheduled"),
        ({"status": "approved", "at": NOW - timedelta(minutes=1)}, "going out"),
        ({"status": "approved", "in_doubt": True}, "checking"),
        ({"status": "published"}, "live"),
        ({"status": "failed"}, "did not go out"),
        ({"status": "rejected"}, "not sent"),
    ],
)
def test_each_post_says_where_it_stands(changes: dict[str, Any], word: str) -> None:
    assert mark_of(Row(**changes), NOW).word == word
    assert f"Facebook, {word}" in drawn(Row(**changes))


@pytest.mark.parametrize("attack", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onclick='x"])
def test_no_text_becomes_markup(attack: str) -> None:
    seen = Seen(drawn(Row(beginning=attack, platform=attack)))
    assert set(seen.tags) <= {"div", "span", "ol", "ul", "li", "time", "em", "a", "b", "small"}
    assert set(seen.attributes) <= {"class", "href", "target", "datetime", "aria-hidden"}
    assert attack in seen.text


def test_titles_and_a_calendar_that_is_too_full() -> None:
    assert title_of("month", date(2026, 11, 30)) == "November 2026"
    assert title_of("week", date(2026, 11, 30)) == "Nov 30 to Dec 6, 2026"
    assert title_of("week", date(2026, 11, 18)) == "Nov 16 to 22, 2026"
    assert told_of([Row()] * 2, 2) == "Only the first 2 posts are shown. Filter them to see the others."
    assert told_of([Row()], 2) is None
