"""The first look: what needs the owner now, what goes out next, how the last 30 days did, whether connections hold."""

from __future__ import annotations

from datetime import date, timedelta
from html import escape
from typing import Any

import streamlit as st

from dashboards.parts.accounts import account_state, ending_access, list_item, lost_connection, pause_of, title_of
from dashboards.parts.cards import avatar
from dashboards.parts.connecting import connect_again
from dashboards.parts.first_steps import first_steps
from dashboards.parts.frame import close_page, open_page
from dashboards.parts.location import LocationNumbers, location_numbers, told_period
from dashboards.parts.numbers import Period, per_day, totals
from dashboards.parts.owner import Owner
from dashboards.parts.reading import nothing_before
from dashboards.parts.tables import metric
from dashboards.parts.times import day_name, distance, moment, sentence_start, today
from dashboards.parts.wording import count, plain, platform_name, theme_name

_RECENT = timedelta(days=7)
_QUEUE = "views/queue.py"
_ACCOUNTS = "views/accounts.py"


def show() -> None:
    """The page."""
    owner = open_page("Overview")
    accounts = owner.rows("dashboard_accounts", now=owner.now)
    first_steps(owner, accounts)
    _needs_me(owner, accounts)
    left, right = st.columns([1.25, 1], gap="large")
    with left:
        _next(owner)
    with right:
        _health(owner, accounts)
    _last_30_days(owner)
    close_page(owner)


def _needs_me(owner: Owner, accounts: Any) -> None:
    st.header("Needs you now", anchor=False)
    waiting = owner.rows("dashboard_open_counts")[0].waiting
    troubles = owner.rows("dashboard_troubles", since=owner.now - _RECENT, limit=5)
    broken = [account for account in accounts if account.status != "active" and account.disconnected_at is None]
    if not accounts:
        st.info(
            "No account is connected yet. Connect your Google Business Profile, Facebook Page or Instagram; after that "
            "posts write and publish themselves.",
            icon=":material/link:",
        )
        st.page_link("views/accounts.py", label="Connect an account", icon=":material/add_link:")
        return
    pauses = [(account, pause_of(account, zone=owner.clock_zone, now=owner.now)) for account in accounts]
    long_pauses = [(account, pause) for account, pause in pauses if pause is not None and pause.tone == "warn"]
    ending = [account for account in accounts if account.ends_message]
    resting = [account for account in accounts if account.disconnected_at is not None and account.open_posts]
    if not (waiting or troubles or broken or ending or long_pauses or resting):
        if owner.is_verified:
            st.success("Nothing. Everything runs by itself.", icon=":material/check_circle:")
        else:
            st.markdown("Only that you confirm your e-mail address.")
        return
    if waiting:
        with st.container(border=True, horizontal=True, vertical_alignment="center", key="needs-approval"):
            words = "post waits" if waiting == 1 else "posts wait"
            st.markdown(f"**{waiting:,} {words} for your approval**")
            if st.button("Look at them", type="primary", icon=":material/checklist:", key="see-waiting"):
                st.switch_page(_QUEUE, query_params={"show": "waiting"})
    for account in broken:
        with st.container(key=f"lost-{account.id}"):
            st.error(lost_connection(account, now=owner.now), icon=":material/link_off:")
            _mend(owner, account)
    for account in ending:
        with st.container(key=f"ending-{account.id}"):
            st.warning(ending_access(account, zone=owner.clock_zone), icon=":material/event_busy:")
            _mend(owner, account)
    for account in resting:
        name = f"{platform_name(account.platform)}: {title_of(account)}"
        held = count(account.open_posts, "post waits", "posts wait")
        st.info(f"**{plain(name)}** is disconnected, and {held} for it.", icon=":material/link_off:")
    for account, pause in long_pauses:
        name = f"{platform_name(account.platform)}: {title_of(account)}"
        st.warning(f"**{plain(name)}** waits. {plain(pause.sentence)} Nothing is lost.", icon=":material/pause_circle:")
    for post in troubles:
        _trouble(owner, post)


def _mend(owner: Owner, account: Any) -> None:
    """The one button that mends a connection."""
    if owner.may_change:
        st.html(f'<div class="pa-actions">{connect_again(account.id)}</div>')


def _trouble(owner: Owner, post: Any) -> None:
    where, text = platform_name(post.platform), plain(_shortened(post.beginning))
    if post.in_doubt_since is not None:
        st.warning(
            f"We are checking whether a post went out on {where} ({distance(post.in_doubt_since, owner.now)}). "
            f"It will not be sent twice. “{text}”",
            icon=":material/hourglass_top:",
        )
        return
    reason = plain(post.error_message or f"{where} did not take it.")
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"trouble-{post.id}"):
        st.markdown(f"**A post did not go out on {where}.** {reason} “{text}”")
        if st.button("See the post", icon=":material/report:", key=f"see-{post.id}"):
            st.switch_page(_QUEUE, query_params={"show": "problems"})


def _shortened(beginning: str) -> str:
    return beginning if len(beginning) < 90 else f"{beginning[:87].rstrip()}..."


def _next(owner: Owner) -> None:
    st.header("Goes out next", anchor=False)
    posts = owner.rows("dashboard_next", limit=5)
    if not posts or not owner.publishing:
        if not owner.publishing:
            held = "your account is not active" if owner.is_verified else "your e-mail address is not confirmed"
            st.markdown(f"Nothing, while {held}.")
        else:
            words = "Nothing is approved yet." if owner.rights.approval else "Nothing is scheduled yet."
            st.markdown(f"{words} New posts are written every week.")
        return
    items = []
    for post in posts:
        when = sentence_start(moment(post.scheduled_for, owner.clock_zone, owner.now))
        held = " · waits for the connection" if post.account_status != "active" else ""
        about = f"{platform_name(post.platform)} · {post.account_name or ''} · {theme_name(post.theme)}"
        items.append(
            f'<li>{avatar(post.platform, post.platform, small=True)}<span class="pa-grow"><b>{escape(when)}</b> '
            f"<small>{escape(distance(post.scheduled_for, owner.now))}{held}</small><br>"
            f"{escape(_shortened(post.beginning))}<br><small>{escape(about)}</small></span></li>"
        )
    st.html(f'<ul class="pa-list">{"".join(items)}</ul>')
    st.page_link(_QUEUE, label="All scheduled posts", icon=":material/schedule:", query_params={"show": "scheduled"})


def _last_30_days(owner: Owner) -> None:
    st.header("Last 30 days", anchor=False)
    known = owner.rows("dashboard_first_days")[0]
    period = Period.ending(today(owner.clock_zone, owner.now), 30)
    google = told_period(period, known.location_last)
    rows: Any = owner.rows("dashboard_daily", first=period.before.first, last=period.last)
    location: Any = owner.rows("dashboard_location_metrics", first=google.before.first, last=google.last)
    if not rows and not location:
        _no_numbers(known.posts)
        return
    _posts_did(period, rows, known.posts)
    _google_did(location_numbers(location, google, known.location))
    st.page_link("views/metrics.py", label="All numbers", icon=":material/insights:")


def _no_numbers(first_day: date | None) -> None:
    if first_day is None:
        st.markdown("No numbers yet. They come in within an hour after your first post is live.")
    else:
        st.markdown("Nothing went out in the last 60 days.")


def _posts_did(period: Period, rows: Any, first_day: date | None) -> None:
    """The posts of the period; without reach where all of them are on Google, which tells nothing about a post."""
    this = totals(period.of(rows))
    before = totals(period.before.of(rows)) if period.has_before(first_day) else None
    days, number = per_day(period, rows), period.length
    columns = st.columns(4)
    with columns[0]:
        explained = "On all platforms."
        metric(
            "Posts published",
            this.posts,
            before.posts if before else None,
            number,
            chart=days["posts"],
            explained=explained,
        )
    if any(row.platform != "google" for row in rows):
        told = "Facebook and Instagram. Google tells nothing about single posts."
        with columns[1]:
            metric(
                "People reached",
                this.reach,
                before.reach if before else None,
                number,
                chart=days["reach"],
                explained=told,
            )
        with columns[2]:
            reacted, chart = before.engagement if before else None, days["engagement"]
            metric("Likes, comments, shares", this.engagement, reacted, number, chart=chart, explained=told)
        with columns[3]:
            explained = "Likes, comments and shares for each 100 people reached."
            metric("Engagement rate", this.rate, before.rate if before else None, number, explained=explained, unit="%")
    told_why = nothing_before(period, first_day)
    st.caption(told_why or "Posts of the last days are still being seen: their numbers grow for about four weeks.")


def _google_did(numbers: LocationNumbers) -> None:
    if not numbers.sums:
        return
    period = numbers.period
    st.caption(
        f"**Your location on Google**, {day_name(period.first)} to {day_name(period.last)} (the last day it told)"
    )
    columns = st.columns(4)
    for column, (name, (now, before)) in zip(columns, numbers.sums.items(), strict=False):
        with column:
            metric(name, now, before, period.length)


def _health(owner: Owner, accounts: Any) -> None:
    st.header("Connections", anchor=False)
    if not accounts:
        st.markdown("No account is connected yet, so nothing can be posted.")
        return
    zone, now = owner.clock_zone, owner.now
    items = [list_item(account, account_state(account, zone=zone, now=now), zone=zone) for account in accounts]
    st.html(f'<ul class="pa-list">{"".join(items)}</ul>')
    st.page_link(_ACCOUNTS, label="All connections", icon=":material/link:")


show()
