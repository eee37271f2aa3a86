"""What charts and tables of numbers say in words, and that they say nothing that the numbers do not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.parts import charts
from dashboards.parts.hours import times_told, week_table
from dashboards.parts.location import SEEN, location_numbers, seen_rows, told_period
from dashboards.parts.numbers import Period, per_step
from dashboards.parts.reading import days_told, nothing_before, themes_told
from models.comparing import Standing, Verdict
from tests.dashboards.house import ALLOWED_TAGS, Seen
from tests.dashboards.parts.test_numbers import TODAY, Day

MONTH, YEAR = Period.ending(TODAY, 30), Period.ending(TODAY, 365)


@dataclass
class Told:
    """A row of Google's numbers."""

    day: date
    metric: str
    value: int


def row(ago: int, value: int, platform: str = "Facebook") -> dict[str, Any]:
    return {"day": TODAY - timedelta(days=ago), "platform": platform, "reach": value}


def standing(
    weekday: int, hour: int, verdict: Verdict, difference: float = 0.3, posts: int = 14
) -> Standing[tuple[int, int]]:
    limits = None if verdict == "few" else (difference - 0.2, difference + 0.2)
    return Standing(group=(weekday, hour), posts=posts, rate=3.0, difference=difference, limits=limits, verdict=verdict)


def test_a_chart_is_told_by_its_sum_its_highest_bar_and_who_brought_most() -> None:
    rows = [row(3, 100), row(3, 50, "Instagram"), row(1, 50, "Instagram")]
    assert days_told(rows, MONTH, value="reach", unit="people reached", group="platform") == (
        "200 people reached in 30 days, the most on Nov 19, 2026 (150). Facebook brought 50%."
    )
    assert "the most in the week from Nov 16, 2026 (200)" in days_told(
        rows, YEAR, value="reach", unit="people reached", group="platform"
    )
    assert days_told([row(1, 0)], MONTH, value="reach", unit="reactions", group="platform") == (
        "No reactions in these 30 days."
    )


@given(
    days=st.lists(st.tuples(st.integers(0, 364), st.integers(0, 999)), max_size=40),
    length=st.sampled_from([7, 90, 365]),
)
def test_a_chart_has_a_zero_line_a_unit_every_step_and_no_number_twice(
    days: list[tuple[int, int]], length: int
) -> None:
    period = Period.ending(TODAY, length)
    rows = [row(ago, value) for ago, value in days if ago < length]
    spec = charts.per_day(rows, "reach", "People", period)
    bars = spec["data"]["values"]
    assert sum(bar["value"] for bar in bars) == sum(r["reach"] for r in rows)
    assert {bar["day"] for bar in bars} <= set(spec["encoding"]["x"]["scale"]["domain"])
    assert len(spec["encoding"]["x"]["scale"]["domain"]) == len(period.steps) <= 92
    assert spec["encoding"]["y"]["scale"]["zero"] is True
    assert spec["encoding"]["y"]["title"] == "People"
    table = per_step(period, [Day(r["day"], reach=r["reach"]) for r in rows])
    assert [day for day, _ in table] == period.steps, "the table has the chart's bars"
    assert sum(sums.reach for _, sums in table) == sum(bar["value"] for bar in bars)


@pytest.mark.parametrize(
    ("first_day", "words"),
    [
        (None, None),
        (MONTH.before.first, None),
        (MONTH.before.first + timedelta(days=3), None),
        (
            MONTH.before.first + timedelta(days=4),
            "Not compared with the 30 days before: your first post went out on Sep 28",
        ),
        (MONTH.first, "Nothing to compare with yet: your first post went out on Oct 24, 2026."),
    ],
)
def test_a_window_that_was_not_whole_is_not_compared_and_says_why(first_day: date | None, words: str | None) -> None:
    told = nothing_before(MONTH, first_day)
    assert told is None if words is None else (told or "").startswith(words)


def test_days_that_google_has_not_told_yet_are_not_counted_as_zero() -> None:
    assert told_period(MONTH, TODAY - timedelta(days=3)) == Period.ending(TODAY - timedelta(days=3), 30)
    assert told_period(MONTH, None) == told_period(MONTH, TODAY) == MONTH
    assert told_period(MONTH, TODAY - timedelta(days=8)) == MONTH, "a lost connection is no delay"


def test_googles_numbers_are_summed_by_name_and_compared_only_with_whole_windows() -> None:
    rows = [
        Told(TODAY, "BUSINESS_IMPRESSIONS_MOBILE_MAPS", 3),
        Told(TODAY, "BUSINESS_IMPRESSIONS_DESKTOP_SEARCH", 4),
        Told(TODAY, "SOMETHING_NEW", 1),
        Told(TODAY, "CALL_CLICKS", 2),
        Told(MONTH.before.last, "CALL_CLICKS", 9),
    ]
    known = location_numbers(rows, MONTH, MONTH.before.first)
    assert known.sums == {SEEN: (7, 0), "Calls": (2, 9), "Something new": (1, 0)}
    assert list(known.sums) == [SEEN, "Calls", "Something new"], "what an owner would ask first comes first"
    assert {(seen["where"], seen["value"]) for seen in known.seen} == {("Maps", 3), ("Search", 4)}
    assert seen_rows(known)[:2] == [
        {"Day": "Nov\u00a022,\u00a02026", "Search": 4, "Maps": 3},
        {"Day": "Nov\u00a021,\u00a02026", "Search": 0, "Maps": 0},
    ]
    partly = location_numbers(rows, MONTH, MONTH.before.last)
    assert {before for _, before in partly.sums.values()} == {None}


def test_times_that_stand_out_are_named_with_their_doubt() -> None:
    told = times_told([standing(2, 9, "better"), standing(5, 17, "worse", -0.4), standing(1, 13, "alike", 0.6)])
    assert "**Tuesday 9 AM** did better than your average (+30% over 14 posts, likely between +10% and +50%)." in told
    assert "**Friday 5 PM** did worse (-40%" in told
    assert "Monday" not in told, "which is chance, however large it looks"
    assert "No time stands out over 28 posts" in times_told([standing(1, 9, "alike"), standing(2, 9, "alike")])
    assert "Too few posts to tell times apart: 3 posts" in times_told([standing(1, 9, "few", posts=3)])


def test_each_hour_says_how_many_posts_stand_behind_it_and_few_say_nothing_else() -> None:
    html = week_table([standing(2, 0, "better"), standing(7, 13, "few", posts=2), standing(1, 13, "alike", -0.13)])
    seen = Seen(html)
    assert set(seen.tags) <= ALLOWED_TAGS
    assert '<th scope="row">12 AM</th><td></td><td class="pa-up-2 pa-sure">' in html
    assert '<th scope="row">1 PM</th><td class="pa-down-1">-13%<br>' in html
    assert '<td class="pa-few"><small>2<span class="pa-hidden"> posts</span></small></td>' in html
    assert "clearly better +30%14 posts" in seen.text
    assert html.count("<tr>") == 3, "a head, and only hours with posts"


def test_themes_are_told_like_times_and_as_plain_words() -> None:
    def theme(name: str | None, verdict: Verdict) -> Standing[str | None]:
        limits = None if verdict == "few" else (0.1, 0.4)
        return Standing(group=name, posts=9, rate=1, difference=0.25, limits=limits, verdict=verdict)

    told = themes_told([theme("tip", "better"), theme("*x*", "worse"), theme(None, "alike"), theme("seasonal", "few")])
    assert told.startswith("**Tip** did better than the average. **\\*x\\*** did worse than the average.")
    assert "No theme +25% (likely between +10% and +40%)." in told
    assert "Seasonal" not in told
    assert themes_told([theme("tip", "alike"), theme(None, "alike")]).startswith("No theme stands out")
    assert themes_told([theme("tip", "few")]) == "Too few posts to tell themes apart."
