"""Every post: what waits for a yes, what goes out next, what is live, what went wrong, what was turned down."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import streamlit as st

from dashboards.parts import decisions
from dashboards.parts.cards import badge, facts, preview, web_address
from dashboards.parts.frame import close_page, open_page
from dashboards.parts.owner import Owner, require_owner
from dashboards.parts.post_card import PostCard
from dashboards.parts.wording import platform_name, state_of

PAGE_SIZE = 10


class Tab(NamedTuple):
    """A part of the queue."""

    title: str
    ids_query: str
    nothing: str  # what to say when it is empty


TABS = {
    "waiting": Tab("Waiting for you", "dashboard_ids_waiting", "Nothing waits for you. We tell you when it does."),
    "scheduled": Tab("Scheduled", "dashboard_ids_scheduled", "Nothing is scheduled. New posts are written every week."),
    "published": Tab("Published", "dashboard_ids_closed", "Nothing is live yet. Your first post will show up here."),
    "problems": Tab("Problems", "dashboard_ids_problems", "No problems. Everything that was due went out."),
    "rejected": Tab("Rejected", "dashboard_ids_closed", "You have not turned down a post."),
}


def show() -> None:
    """The page."""
    owner = open_page("Queue")
    decisions.dialog_open(False)
    decisions.tell()
    if not owner.rights.approval:
        st.markdown(
            "On your plan posts go out by themselves at their time. You can still edit a post, stop it, "
            "or send it early. Approving each post first is part of Pro and Premium."
        )
    counts = owner.rows("dashboard_open_counts")[0]._mapping
    shown = _pick_tab(owner, dict(counts))
    total = counts[shown] if shown in counts else _closed_count(owner, shown)
    if not total:
        st.info(TABS[shown].nothing, icon=":material/check:")
    else:
        cards = _cards(owner, shown, total)
        for card in cards:
            _card(owner, card)
        _pages(shown, total)
        _keep_fresh(owner, cards)
    close_page(owner)


def _pick_tab(owner: Owner, counts: dict[str, int]) -> str:
    def label(tab: str) -> str:
        return f"{TABS[tab].title} ({counts[tab]:,})" if counts.get(tab) else TABS[tab].title

    if "show" not in st.session_state:  # a fresh visit: the address says which part, or what is most useful
        asked = st.query_params.get("show")
        useful = "waiting" if owner.rights.approval or counts["waiting"] else "scheduled"
        st.session_state["show"] = asked if asked in TABS else useful
    picked = st.segmented_control(
        "Which posts", list(TABS), format_func=label, required=True, key="show", label_visibility="collapsed"
    )
    shown = picked or "waiting"
    st.query_params["show"] = shown  # a reload stays where it was
    return shown


def _closed_count(owner: Owner, tab: str) -> int:
    return int(owner.rows("dashboard_closed_count", status=tab)[0][0])


def _page_count(total: int) -> int:
    return -(-total // PAGE_SIZE)


def _cards(owner: Owner, tab: str, total: int) -> list[PostCard]:
    page = min(int(st.session_state.get(f"page-{tab}") or 1), _page_count(total))
    ids = owner.rows(TABS[tab].ids_query, status=tab, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    rows = owner.rows("dashboard_posts", ids=[row.id for row in ids], now=owner.now)
    return [PostCard(**row._mapping) for row in rows]


def _pages(tab: str, total: int) -> None:
    if total > PAGE_SIZE:
        st.pagination(_page_count(total), key=f"page-{tab}", max_visible_pages=5)


def _card(owner: Owner, post: PostCard) -> None:
    state = state_of(post, zone=owner.clock_zone, now=owner.now, publishing=owner.publishing)
    with st.container(border=True, key=f"post-{post.id}"):
        left, right = st.columns([1.15, 1], gap="medium")
        left.html(preview(post, zone=owner.clock_zone, now=owner.now))
        with right:
            st.html(badge(state) + facts(post, zone=owner.clock_zone, now=owner.now))
            if owner.may_change:
                _buttons(owner, post)
            live = web_address(post.permalink)
            if post.status == "published" and live:
                st.link_button(f"See it on {platform_name(post.platform)}", live, icon=":material/open_in_new:")


def _buttons(owner: Owner, post: PostCard) -> None:
    """What can be done with it now. While a worker holds it, nothing."""
    unsettled = post.in_doubt_since is not None or post.platform_state == "PROCESSING"
    if post.status in ("published", "rejected") or unsettled:
        return
    waiting = post.status == "pending" and post.requires_approval
    late = post.scheduled_for <= owner.now
    if waiting:
        st.button(
            "Approve and send now" if late else "Approve",
            type="primary",
            icon=":material/check:",
            key=f"approve-{post.id}",
            on_click=decisions.approve_late if late else decisions.approve,
            args=(post.id, post.content_hash),
            width="stretch",
        )
    if post.status == "failed":
        st.button(
            "Try again",
            type="primary",
            icon=":material/refresh:",
            key=f"retry-{post.id}",
            on_click=decisions.try_again,
            args=(post.id,),
            width="stretch",
        )
    with st.container(horizontal=True, gap="small"):
        if st.button("Edit", icon=":material/edit:", key=f"edit-{post.id}"):
            decisions.edit_dialog(post)
        if post.status != "failed":
            word = "Reject" if post.requires_approval else "Stop it"
            if st.button(word, icon=":material/block:", key=f"reject-{post.id}"):
                decisions.reject_dialog(post)
            if not (waiting and late) and st.button("Publish now", icon=":material/send:", key=f"publish-{post.id}"):
                decisions.publish_dialog(post)


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
