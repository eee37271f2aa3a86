"""A post on the page: its look on the platform, where it stands, and what can be done with it now."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboards.parts import decisions, story
from dashboards.parts.cards import badge, facts, preview, web_address
from dashboards.parts.editing import edit_dialog
from dashboards.parts.moving import move_dialog
from dashboards.parts.owner import Owner
from dashboards.parts.picture_choice import picture_dialog
from dashboards.parts.post_card import PostCard
from dashboards.parts.wording import platform_name, state_of

_FURTHER: dict[str, tuple[str, Callable[[PostCard], None]]] = {
    "move": ("Another time", move_dialog),
    "picture": ("Another picture", picture_dialog),
    "publish": ("Publish now", decisions.publish_dialog),
    "skip": ("Skip", decisions.skip_dialog),
}


def open_post(post_id: str) -> None:
    """Button: one post with its story, until it is closed again."""
    st.query_params["post"] = post_id


def card(owner: Owner, post: PostCard, *, alone: bool = False) -> None:
    """One post. `alone` on its own page, where its story stands below it."""
    state = state_of(post, zone=owner.clock_zone, now=owner.now, publishing=owner.publishing)
    with st.container(border=True, key=f"post-{post.id}"):
        left, right = st.columns([1.15, 1], gap="medium")
        left.html(preview(post, zone=owner.clock_zone, now=owner.now))
        with right:
            st.html(badge(state) + facts(post, zone=owner.clock_zone, now=owner.now))
            if owner.may_change:
                _buttons(owner, post)
            _links(post)
            if not alone:
                st.button(
                    "Its story",
                    type="tertiary",
                    icon=":material/history:",
                    key=f"story-{post.id}",
                    on_click=open_post,
                    args=(str(post.id),),
                )
        if alone:
            st.header("What happened so far", anchor=False)
            lines = owner.rows("post_story", post_id=post.id)
            zone, now = owner.clock_zone, owner.now
            st.html(story.drawn(lines, email=owner.email, platform=post.platform, zone=zone, now=now))


def late(owner: Owner, post: PostCard) -> bool:
    """Whether its time has passed, so that an approval sends it at once."""
    return post.scheduled_for <= owner.now


def approve_button(owner: Owner, post: PostCard) -> None:
    """Yes to exactly what is shown."""
    is_late = late(owner, post)
    st.button(
        "Approve and send now" if is_late else "Approve",
        type="primary",
        icon=":material/check:",
        key=f"approve-{post.id}",
        on_click=decisions.approve_late if is_late else decisions.approve,
        args=(post.id, post.content_hash),
        width="stretch",
    )


def changeable(post: PostCard) -> bool:
    """Whether anything can be decided about it now. While a worker holds it, or its fate is open, nothing can."""
    unsettled = post.in_doubt_since is not None or post.platform_state == "PROCESSING"
    return post.status not in ("published", "rejected") and not unsettled


def _buttons(owner: Owner, post: PostCard) -> None:
    if not changeable(post):
        return
    waiting = post.status == "pending" and post.requires_approval
    if waiting:
        approve_button(owner, post)
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
            edit_dialog(post)
        if post.status != "failed":
            word = "Reject" if post.requires_approval else "Stop it"
            if st.button(word, icon=":material/block:", key=f"reject-{post.id}"):
                decisions.reject_dialog(post)
        may_publish = post.status != "failed" and not (waiting and late(owner, post))
        names = [name for name in _FURTHER if may_publish or name != "publish"]
        picked = st.menu_button("More", names, format_func=lambda name: _FURTHER[name][0], key=f"more-{post.id}")
    if picked:
        _FURTHER[picked][1](post)


def _links(post: PostCard) -> None:
    live = web_address(post.permalink)
    if post.status == "published" and live:
        st.link_button(f"See it on {platform_name(post.platform)}", live, icon=":material/open_in_new:")
    if post.status in ("pending", "approved", "failed") and post.account_status != "active":
        st.page_link("views/accounts.py", label="To the accounts", icon=":material/link:")
