"""What the posts did: per day, platform, theme and post; Google's numbers of the whole location by themselves."""

from __future__ import annotations

from datetime import datetime, time
from html import escape
from typing import Any

import streamlit as st

from dashboards.parts import charts
from dashboards.parts.cards import avatar, web_address
from dashboards.parts.frame import close_page, open_page
from dashboards.parts.numbers import Period, engagement, totals
from dashboards.parts.owner import Owner
from dashboards.parts.tables import metric, table
from dashboards.parts.times import day_name, today
from dashboards.parts.wording import PLATFORMS, count, plain, platform_name, theme_name

_SPANS = {7: "7 days", 30: "30 days", 90: "90 days"}
_BEST = 5
# Google's names, in its own order of what an owner would ask first.
_LOCATION = {
    "BUSINESS_IMPRESSIONS": "Seen on Search and Maps",
    "CALL_CLICKS": "Calls",
    "WEBSITE_CLICKS": "Website visits",
    "BUSINESS_DIRECTION_REQUESTS": "Directions asked for",
    "MESSAGING_CLICKS": "Messages",
    "BUSINESS_CONVERSATIONS": "Messages",
    "BUSINESS_BOOKINGS": "Bookings",
    "BUSINESS_FOOD_ORDERS": "Food orders",
    "BUSINESS_FOOD_MENU_CLICKS": "Menu views",
}


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
    st.caption(f"{day_name(period.first)} to {day_name(period.last)}, by the day a post went out.")
    daily: Any = owner.rows("dashboard_daily", first=period.before.first, last=period.last)
    since = datetime.combine(period.first, time(), owner.clock_zone)
    results = owner.rows("dashboard_results", since=since)
    location = owner.rows("dashboard_location_metrics", first=period.before.first, last=period.last)
    if not period.of(daily) and not results and not location:
        st.info(
            "No numbers in this time. They come in within an hour after a post is live, so approve a post in the queue "
            "or look at a longer time.",
            icon=":material/insights:",
        )
        st.page_link("views/queue.py", label="To the queue", icon=":material/checklist:")
        close_page(owner)
        return
    _per_day(period, daily)
    _per_platform(period, daily)
    _per_theme(owner, results)
    _best(results)
    _google(period, location)
    _download(owner, results)
    _meaning()
    close_page(owner)


def _per_day(period: Period, daily: Any) -> None:
    now, before = totals(period.of(daily)), totals(period.before.of(daily))
    days = len(period.days)
    first, second, third = st.columns(3)
    with first:
        metric("People reached", now.reach, before.reach, days)
    with second:
        metric("Likes, comments, shares", now.engagement, before.engagement, days)
    with third:
        metric("Clicks", now.clicks, before.clicks, days)
    rows = [
        {"day": row.day, "platform": platform_name(row.platform), "reach": row.reach, "engagement": engagement(row)}
        for row in period.of(daily)
        if row.platform != "google"  # Google tells nothing per post
    ]
    if not rows:
        return
    st.header("People reached per day", anchor=False)
    st.altair_chart(charts.per_day(rows, "reach", "People", period), alt="People reached per day and platform")
    st.header("Likes, comments and shares per day", anchor=False)
    st.altair_chart(
        charts.per_day(rows, "engagement", "Reactions", period), alt="Likes, comments and shares per day and platform"
    )


def _per_platform(period: Period, daily: Any) -> None:
    rows = []
    for platform in PLATFORMS:
        mine = [row for row in period.of(daily) if row.platform == platform]
        if mine:
            sums = totals(mine)
            rows.append(_result_row({"Platform": platform_name(platform)}, sums, told=platform != "google"))
    if rows:  # a post's first numbers can be there before its day's sum is
        st.header("Platforms", anchor=False)
        st.html(table("Numbers per platform", rows))


def _per_theme(owner: Owner, results: Any) -> None:
    groups: dict[str, list[Any]] = {}
    for row in results:
        if row.platform != "google":
            groups.setdefault(theme_name(row.theme), []).append(row)
    if not groups:
        return
    st.header("Themes", anchor=False)
    rows = []
    for theme, posts in groups.items():
        reach, engaged = sum(p.reach for p in posts), sum(engagement(p) for p in posts)
        rows.append(
            {
                "Theme": theme,
                "Posts": len(posts),
                "Reached a post": round(reach / len(posts)),
                "Reactions a post": round(engaged / len(posts), 1),
                "Rate": 100 * engaged / reach if reach else None,
            }
        )
    ranked = sorted(rows, key=lambda row: row["Rate"] or 0, reverse=True)
    st.html(table("Numbers per theme, the best first", ranked))
    for row in owner.rows("dashboard_themes_why"):
        st.caption(f"Why your latest week has its themes: {plain(row.themes_why)}.")


def _result_row(row: dict[str, Any], sums: Any, *, told: bool) -> dict[str, Any]:
    """A line of numbers; what the platform does not tell stays empty instead of zero."""
    return row | {
        "Posts": sums.posts,
        "Reached": sums.reach if told else None,
        "Reactions": sums.engagement if told else None,
        "Clicks": sums.clicks if told else None,
        "Rate": sums.rate if told else None,
    }


def _best(results: Any) -> None:
    ranked = sorted((r for r in results if r.platform != "google" and r.reach), key=engagement, reverse=True)[:_BEST]
    if not ranked:
        return
    st.header("Best posts", anchor=False)
    items = []
    for row in ranked:
        beginning = row.beginning if len(row.beginning) < 140 else f"{row.beginning[:137].rstrip()}..."
        numbers = (
            f"{platform_name(row.platform)} · {theme_name(row.theme)} · {row.reach:,} reached · "
            f"{count(row.likes, 'like')} · {count(row.comments, 'comment')} · {count(row.shares, 'share')}"
        )
        live = web_address(row.permalink)
        link = f' · <a href="{escape(live)}" target="_blank" rel="noopener noreferrer">See it</a>' if live else ""
        items.append(
            f'<li>{avatar(row.platform, row.platform, small=True)}<span class="pa-grow">{escape(beginning)}<br>'
            f"<small>{escape(numbers)}{link}</small></span></li>"
        )
    st.html(f'<ol class="pa-list">{"".join(items)}</ol>')


def _google(period: Period, location: Any) -> None:
    if not location:
        return
    st.header("Google Business Profile", anchor=False)
    st.caption("Numbers of your whole location. Google tells none for a single post, and tells them some days late.")
    sums: dict[str, list[int]] = {}
    rows = []
    for row in location:
        name = _location_name(row.metric)
        inside = period.first <= row.day <= period.last
        sums.setdefault(name, [0, 0])[0 if inside else 1] += row.value
        if inside and name == _LOCATION["BUSINESS_IMPRESSIONS"]:
            rows.append({"day": row.day, "where": _where(row.metric), "value": row.value})
    columns = st.columns(min(4, len(sums)))
    known = list(dict.fromkeys(_LOCATION.values()))
    ordered = sorted(sums, key=lambda name: known.index(name) if name in known else len(known))
    for number, name in enumerate(ordered):
        with columns[number % len(columns)]:
            metric(name, sums[name][0], sums[name][1], len(period.days))
    if rows:
        st.altair_chart(charts.location(rows, period), alt="Times your business was seen on Google per day")


def _location_name(name: str) -> str:
    if name.startswith("BUSINESS_IMPRESSIONS"):
        return _LOCATION["BUSINESS_IMPRESSIONS"]
    return _LOCATION.get(name, name.replace("_", " ").capitalize())


def _where(name: str) -> str:
    return "Maps" if name.endswith("MAPS") else "Search"


def _download(owner: Owner, results: Any) -> None:
    if not results:
        return
    rows = [
        {
            "published": row.published_at.astimezone(owner.clock_zone).strftime("%Y-%m-%d %H:%M"),
            "zone": owner.zone,
            "platform": row.platform,
            "theme": row.theme or "",
            "text": row.beginning,
            "reach": row.reach,
            "impressions": row.impressions,
            "clicks": row.clicks,
            "likes": row.likes,
            "comments": row.comments,
            "shares": row.shares,
            "link": row.permalink or "",
        }
        for row in results
    ]
    st.download_button(
        "Download as CSV",
        charts.to_csv(rows),
        file_name=f"posts-{today(owner.clock_zone, owner.now)}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _meaning() -> None:
    with st.expander("What the numbers mean", icon=":material/help:"):
        st.markdown(
            "- **Reached**: people who saw a post at least once, as the platform counts them.\n"
            "- **Reactions**: likes, comments and shares together.\n"
            "- **Rate**: reactions for each 100 people reached.\n"
            "- A post counts on the day it went out, with its latest numbers. They grow for about four weeks.\n"
            "- **Google** tells nothing about single posts, so its numbers stand by themselves."
        )


show()
