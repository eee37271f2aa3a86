"""What the posts did: per day, platform, theme, hour and post; Google's numbers of the whole location by themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from typing import Any

import streamlit as st

from dashboards.parts import charts, reading
from dashboards.parts.downloads import csv_button
from dashboards.parts.frame import close_page, open_page
from dashboards.parts.hours import time_name, times_told, week_table
from dashboards.parts.location import location_numbers, seen_rows, told_period
from dashboards.parts.numbers import Period, engagement, per_step, totals
from dashboards.parts.owner import Owner
from dashboards.parts.results import result_lines, result_list
from dashboards.parts.tables import metric, table
from dashboards.parts.themes import Theme, theme_lines, themes_of
from dashboards.parts.times import day_name, one_line, today, zone_label
from dashboards.parts.wording import PLATFORMS, plain, platform_name
from models.comparing import FEWEST_POSTS, Sample, compare
from models.snapshots import LEAST_REACH, RIPE_AFTER

_SPANS = {7: "7 days", 30: "30 days", 90: "90 days", 365: "A year"}
_SORTS = {"engagement": "Most reactions", "reach": "Most reached", "newest": "Newest"}
_PAGE = 10


def show() -> None:
    """The page."""
    owner = open_page("Metrics")
    span = st.segmented_control(
        "Time span",
        list(_SPANS),
        default=30,
        format_func=_SPANS.__getitem__,
        required=True,
        key="span",
        label_visibility="collapsed",
    )
    period = Period.ending(today(owner.clock_zone, owner.now), span or 30)
    known = owner.rows("dashboard_first_days")[0]
    google = told_period(period, known.location_last)
    daily: Any = owner.rows("dashboard_daily", first=period.before.first, last=period.last)
    location: Any = owner.rows("dashboard_location_metrics", first=google.before.first, last=google.last)
    since = datetime.combine(period.first, time(), owner.clock_zone)
    results = owner.rows("dashboard_results_count", since=since)[0][0]
    st.caption(f"{day_name(period.first)} to {day_name(period.last)}, by the day a post went out.")
    if not period.of(daily) and not google.of(location) and not results:
        _nothing(known)
        close_page(owner)
        return
    _sums(period, daily, known.posts)
    _per_day(owner, period, daily)
    _per_platform(owner, period, daily)
    if results:
        _per_theme(owner, since)
        _best_times(owner, since)
        _posts(owner, since, results)
    _google(owner, google, location, known.location)
    _meaning()
    close_page(owner)


def _nothing(known: Any) -> None:
    if known.posts is None:
        words = (
            "No numbers yet. They come in within an hour after your first post is live, so approve a post in the queue."
        )
    else:
        words = (
            f"No post went out in this time. Look at a longer one; your first post went out on {day_name(known.posts)}."
        )
    st.info(words, icon=":material/insights:")
    st.page_link("views/queue.py", label="To the queue", icon=":material/checklist:")


def _sums(period: Period, daily: Any, first_day: date | None) -> None:
    if all(row.platform == "google" for row in daily):
        return  # Google tells nothing per post, which is no zero
    now, days = totals(period.of(daily)), period.length
    before = totals(period.before.of(daily)) if period.has_before(first_day) else None
    columns = st.columns(4)
    with columns[0]:
        metric("People reached", now.reach, before.reach if before else None, days)
    with columns[1]:
        metric("Reactions", now.engagement, before.engagement if before else None, days)
    with columns[2]:
        metric("Clicks", now.clicks, before.clicks if before else None, days)
    with columns[3]:
        metric("Engagement rate", now.rate, before.rate if before else None, days, unit="%")
    told = reading.nothing_before(period, first_day)
    if told:
        st.caption(told)


def _per_day(owner: Owner, period: Period, daily: Any) -> None:
    rows = [
        {"day": row.day, "platform": platform_name(row.platform), "reach": row.reach, "engagement": engagement(row)}
        for row in period.of(daily)
        if row.platform != "google"  # Google tells nothing per post
    ]
    if not rows:
        return
    each = "week" if period.by_week else "day"
    for value, title, axis, unit in (
        ("reach", "People reached", "People", "people reached"),
        ("engagement", "Likes, comments and shares", "Reactions", "reactions"),
    ):
        st.header(f"{title} per {each}", anchor=False)
        told = reading.days_told(rows, period, value=value, unit=unit, group="platform")
        st.markdown(told)
        st.vega_lite_chart(
            spec=charts.per_day(rows, value, axis, period), alt=f"{title} per {each} and platform. {told}"
        )
    note = f"Facebook and Instagram. Each {each} with a post; the others have no numbers."
    _as_table("days", f"Numbers per {each}, the newest first", lambda: _step_rows(period, daily), note=note)
    csv_button(owner, "days", lambda: _day_lines(period, daily))


def _as_table(name: str, caption: str, rows: Callable[[], list[dict[str, Any]]], *, note: str = "") -> None:
    """What a chart shows, for who would rather read it; made when somebody opens it."""
    with st.expander("The same as a table", icon=":material/table:", key=f"table-{name}", on_change="rerun") as box:
        if box.open:
            st.html(table(caption, rows()))
            st.caption(note)


def _step_rows(period: Period, daily: Any) -> list[dict[str, Any]]:
    name = "Week from" if period.by_week else "Day"
    rows = per_step(period, [row for row in daily if row.platform != "google"])
    return [_result_row({name: one_line(day)}, sums, told=True) for day, sums in reversed(rows) if sums.posts]


def _day_lines(period: Period, daily: Any) -> list[dict[str, Any]]:
    names = ("posts", "reach", "clicks", "likes", "comments", "shares")
    return [
        # Numbers that Google does not tell are not zero.
        {"day": row.day.isoformat(), "platform": row.platform}
        | {name: getattr(row, name) if name == "posts" or row.platform != "google" else None for name in names}
        for row in period.of(daily)
    ]


def _per_platform(owner: Owner, period: Period, daily: Any) -> None:
    rows = []
    for platform in PLATFORMS:
        mine = [row for row in period.of(daily) if row.platform == platform]
        if mine:
            rows.append(_result_row({"Platform": platform_name(platform)}, totals(mine), told=platform != "google"))
    if rows:  # a post's first numbers can be there before its day's sum is
        st.header("Platforms", anchor=False)
        st.html(table("Numbers per platform", rows))
        csv_button(owner, "platforms", lambda: rows)


def _result_row(row: dict[str, Any], sums: Any, *, told: bool) -> dict[str, Any]:
    """A line of numbers; what the platform does not tell stays empty instead of zero."""
    return row | {
        "Posts": sums.posts,
        "Reached": sums.reach if told else None,
        "Reactions": sums.engagement if told else None,
        "Clicks": sums.clicks if told else None,
        "Rate": sums.rate if told else None,
    }


def _per_theme(owner: Owner, since: datetime) -> None:
    themes: Sequence[Theme] = themes_of(
        owner.rows("dashboard_themes", since=since, ripe=owner.now - RIPE_AFTER, least_reach=LEAST_REACH)
    )
    if not themes:
        return
    st.header("Themes", anchor=False)
    st.markdown(reading.themes_told([theme.standing for theme in themes if theme.standing is not None]))
    lines = theme_lines(themes)
    st.html(table("Numbers per theme, the best first", lines))
    for row in owner.rows("dashboard_themes_why"):
        st.caption(f"Why your latest week has its themes: {plain(row.themes_why)}.")
    csv_button(owner, "themes", lambda: lines)


def _best_times(owner: Owner, since: datetime) -> None:
    zone = getattr(owner.clock_zone, "key", "UTC")
    rows = owner.rows("dashboard_times", since=since, ripe=owner.now - RIPE_AFTER, least_reach=LEAST_REACH, zone=zone)
    st.header("Best times", anchor=False)
    if not rows:
        st.markdown(
            f"No post of this time can be judged yet: it takes {RIPE_AFTER.days} days and {LEAST_REACH} people."
        )
        return
    standings = compare(
        Sample(group=(r.weekday, r.hour), platform=r.platform, posts=r.posts, mean=r.mean, variance=r.variance)
        for r in rows
    )
    st.markdown(times_told(standings))
    st.html(week_table(standings))
    st.caption(
        "Reactions for each 100 people reached, against the average of the platform, in "
        f"{zone_label(owner.clock_zone, owner.now)}. The small number is how many posts stand behind it: the fewer, "
        f"the closer to 0% we put the difference, and below {FEWEST_POSTS} we say none. ▲ and ▼ mark what chance "
        f"hardly explains. A post counts once it is {RIPE_AFTER.days} days old and has reached {LEAST_REACH} people."
    )
    csv_button(
        owner,
        "times",
        lambda: [
            {
                "time": time_name(s.group),
                "zone": owner.zone,
                "posts": s.posts,
                "rate_percent": round(s.rate, 2),
                "against_average_percent": None if s.verdict == "few" else round(100 * s.difference, 1),
                "likely_from_percent": round(100 * s.limits[0], 1) if s.limits else None,
                "likely_to_percent": round(100 * s.limits[1], 1) if s.limits else None,
            }
            for s in standings
        ],
    )


def _posts(owner: Owner, since: datetime, number: int) -> None:
    st.header("Posts", anchor=False)
    sort = st.segmented_control(
        "Which posts first",
        list(_SORTS),
        default="engagement",
        format_func=_SORTS.__getitem__,
        required=True,
        key="sort",
        label_visibility="collapsed",
    )
    pages = -(-number // _PAGE)
    page = min(int(st.session_state.get("results-page") or 1), pages)
    rows = owner.rows("dashboard_results", since=since, sort=sort, limit=_PAGE, offset=(page - 1) * _PAGE)
    st.html(result_list(rows, zone=owner.clock_zone, now=owner.now))
    if pages > 1:
        st.pagination(pages, key="results-page", max_visible_pages=5)
    csv_button(
        owner,
        "posts",
        lambda: result_lines(
            owner.rows("dashboard_results", since=since, sort=sort, limit=None, offset=0),
            zone=owner.clock_zone,
            zone_name=owner.zone,
        ),
    )


def _google(owner: Owner, period: Period, rows: Any, first_day: date | None) -> None:
    numbers = location_numbers(rows, period, first_day)
    if not numbers.sums:
        return
    st.header("Google Business Profile", anchor=False)
    st.caption(
        f"{day_name(period.first)} to {day_name(period.last)}: numbers of your whole location. Google tells none for a "
        "single post, and tells a day some days later."
    )
    columns = st.columns(min(4, len(numbers.sums)))
    for number, (name, (now, before)) in enumerate(numbers.sums.items()):
        with columns[number % len(columns)]:
            metric(name, now, before, period.length)
    if numbers.seen:
        told = reading.days_told(numbers.seen, period, value="value", unit="times seen", group="where")
        st.markdown(told)
        each = "week" if period.by_week else "day"
        st.vega_lite_chart(
            spec=charts.location(numbers.seen, period), alt=f"Times your business was seen on Google per {each}. {told}"
        )
        caption = f"Times seen on Google per {each}, the newest first"
        _as_table("google", caption, lambda: seen_rows(numbers))
    csv_button(
        owner,
        "google",
        lambda: [{"day": row.day.isoformat(), "number": row.metric, "value": row.value} for row in period.of(rows)],
    )


def _meaning() -> None:
    with st.expander("What the numbers mean", icon=":material/help:"):
        st.markdown(reading.MEANING)


show()
