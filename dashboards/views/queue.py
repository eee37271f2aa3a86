"""Every post: what waits for a yes, what goes out next, what is live, what went wrong, what was turned down.

As a list or a calendar, one post with its story (`post` in the address), or those that wait one by one (`walk`).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

import streamlit as st

from dashboards.parts import calendar_view, decisions, queue_bar, walk
from dashboards.parts.frame import close_page, open_page
from dashboards.parts.owner import Owner, require_owner
from dashboards.parts.post_card import PostCard
from dashboards.parts.post_view import card
from dashboards.parts.queue_filter import QueueFilter
from dashboards.parts.times import today, zone_label

PAGE_SIZE = 10
MOST_IN_LIST = 1_000  # of what is over; nobody turns more pages, and counting all of it takes a while
MOST_IN_CALENDAR = 3_000


class Part(NamedTuple):
    """A part of the queue."""

    title: str
    ids_query: str
    nothing: str  # what to say when it is empty


PARTS = {
    "waiting": Part("Waiting for you", "dashboard_queue_open", "Nothing waits for you. We tell you when it does."),
    "scheduled": Part("Scheduled", "dashboard_queue_open", "Nothing is scheduled. New posts are written every week."),
    "published": Part(
        "Published", "dashboard_queue_by_time", "Nothing is live yet. Your first post will show up here."
    ),
    "problems": Part("Problems", "dashboard_queue_open", "No problems. Everything that was due went out."),
    "rejected": Part("Rejected", "dashboard_queue_rejected", "You have not turned down or skipped a post."),
    "all": Part("All", "dashboard_queue_by_time", "There are no posts yet. Connect an account, and they are written."),
}


def show() -> None:
    """The page."""
    owner = open_page("Queue")
    decisions.dialog_open(False)
    decisions.tell()
    asked = QueueFilter.from_address(st.query_params.to_dict(), PARTS)
    if (post_id := st.query_params.get("post")) is not None:
        _one(owner, post_id)
    elif "walk" in st.query_params:
        walk.show(owner, asked)
    else:
        _queue(owner, asked)
    close_page(owner)


def _queue(owner: Owner, asked: QueueFilter) -> None:
    if not owner.rights.approval:
        st.markdown(
            "On your plan posts go out by themselves at their time. You can still edit a post, stop it, "
            "or send it early. Approving each post first is part of Pro and Premium."
        )
    looked_at = queue_bar.look(owner, asked)
    counts = dict(owner.rows("dashboard_queue_counts", **looked_at.values())[0]._mapping)
    useful = "waiting" if owner.rights.approval or counts["waiting"] else "scheduled"
    if looked_at.view != "list":
        useful = "all"
    titles = {name: part.title for name, part in PARTS.items()}
    looked_at = queue_bar.pick_part(looked_at, titles, counts, useful)
    st.query_params.from_dict(looked_at.query())  # a reload, or a link sent to somebody else in the shop, stays here
    if looked_at.view == "list":
        _list(owner, looked_at, counts)
    else:
        _calendar(owner, looked_at, looked_at.view, looked_at.day or today(owner.clock_zone, owner.now))


def _list(owner: Owner, looked_at: QueueFilter, counts: dict[str, int]) -> None:
    part = looked_at.part or "waiting"
    values = looked_at.values() | {"part": part}
    counted = None if part in counts else owner.rows("dashboard_queue_count", **values, most=MOST_IN_LIST)
    total = counts[part] if counted is None else int(counted[0][0])
    if not total:
        _nothing(looked_at, PARTS[part].nothing)
        return
    if part == "waiting" and owner.may_change:
        words = "Look through them one by one" if total > 1 else "Look at it alone"
        st.button(words, icon=":material/swipe_right:", key="walk-begin", on_click=walk.begin)
    pages = -(-total // PAGE_SIZE)
    page = min(int(st.session_state.get(f"page-{part}") or 1), pages)
    ids = owner.rows(PARTS[part].ids_query, **values, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    cards = _cards(owner, [row.id for row in ids])
    for post in cards:
        card(owner, post)
    if pages > 1:
        st.pagination(pages, key=f"page-{part}", max_visible_pages=5)
    if counted is not None and total == MOST_IN_LIST:
        st.caption(f"These are the latest {MOST_IN_LIST:,}. Older ones are in the calendar.")
    _keep_fresh(owner, cards)


def _nothing(looked_at: QueueFilter, nothing: str) -> None:
    if looked_at.filtering:
        st.info("No post fits your filters here.", icon=":material/filter_list:")
        st.button("Clear the filters", key="clear-filters", on_click=queue_bar.clear_filters)
    else:
        st.info(nothing, icon=":material/check:")


def _calendar(owner: Owner, looked_at: QueueFilter, span: calendar_view.Span, day: date) -> None:
    zone = owner.clock_zone
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="calendar-bar"):
        steps = {
            "earlier": (":material/chevron_left:", calendar_view.step(span, day, -1)),
            "today": ("Today", today(zone, owner.now)),
            "later": (":material/chevron_right:", calendar_view.step(span, day, 1)),
        }
        for name, (label, target) in steps.items():
            told = {"earlier": f"One {span} earlier", "later": f"One {span} later"}.get(name)
            st.button(label, key=f"calendar-{name}", help=told, on_click=_go_to, args=(target,))
        st.markdown(f"**{calendar_view.title_of(span, day)}**")
    first, last = calendar_view.bounds(calendar_view.days_of(span, day), zone)
    values = looked_at.values() | {"part": looked_at.part, "first": first, "last": last, "limit": MOST_IN_CALENDAR}
    posts = owner.rows("dashboard_queue_days", **values)
    st.html(calendar_view.draw(posts, span=span, day=day, zone=zone, now=owner.now, address=looked_at.address))
    if not posts:
        _nothing(looked_at, "There is nothing in these days.")
    st.caption(calendar_view.told_of(posts, MOST_IN_CALENDAR) or f"In {zone_label(zone, owner.now)}.")


def _go_to(day: date) -> None:
    st.session_state["queue-day"] = day


def _one(owner: Owner, post_id: str) -> None:
    st.button("Back", icon=":material/arrow_back:", key="close-post", on_click=_close_post)
    try:
        cards = _cards(owner, [UUID(post_id)])
    except ValueError:
        cards = []
    if not cards:
        st.info("This post does not exist any more.", icon=":material/search_off:")
        return
    card(owner, cards[0], alone=True)
    _keep_fresh(owner, cards)


def _close_post() -> None:
    st.query_params.pop("post", None)


def _cards(owner: Owner, ids: list[UUID]) -> list[PostCard]:
    return [PostCard(**row._mapping) for row in owner.rows("dashboard_posts", ids=ids, now=owner.now)]


def _keep_fresh(owner: Owner, cards: list[PostCard]) -> None:
    """Look again every few seconds while a post of this page is on its way, so that nobody has to reload."""
    soon = owner.now + timedelta(seconds=30)
    moving = [
        card.id
        for card in cards
        if card.status in ("pending", "approved")
        and not (card.status == "pending" and card.requires_approval)
        and (card.scheduled_for <= soon or card.in_doubt_since is not None)
        and card.account_status == "active"
        and owner.publishing
    ]
    if not moving:
        return
    before = {card.id: (card.status, card.in_doubt_since, card.platform_state) for card in cards}

    @st.fragment(run_every=timedelta(seconds=4), key="keep-fresh")
    def look_again() -> None:
        if decisions.dialog_open():
            return
        rows = require_owner().rows("dashboard_standing", ids=moving)
        if any((row.status, row.in_doubt_since, row.platform_state) != before[row.id] for row in rows):
            st.rerun(scope="app")

    look_again()


show()
