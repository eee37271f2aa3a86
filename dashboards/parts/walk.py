"""Through all posts that wait, one by one: look, then yes, no, edit or later. Made for a thumb."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

import streamlit as st

from dashboards.parts import decisions
from dashboards.parts.cards import preview
from dashboards.parts.editing import edit_dialog
from dashboards.parts.owner import Owner
from dashboards.parts.post_card import PostCard
from dashboards.parts.post_view import approve_button, changeable
from dashboards.parts.queue_filter import QueueFilter
from dashboards.parts.times import moment
from dashboards.parts.wording import count

MOST = 200  # posts in one walk
_WALK = "walk"


@dataclass(slots=True)
class Walk:
    """The posts of a walk as they were found at its beginning, and which of them its owner left for later."""

    ids: list[UUID]
    later: set[UUID] = field(default_factory=set)


def begin() -> None:
    """Button: start at the first post that waits."""
    st.session_state.pop(_WALK, None)
    st.query_params["walk"] = "1"


def end() -> None:
    """Button: back to the list."""
    st.session_state.pop(_WALK, None)
    st.query_params.pop("walk", None)


def _leave(post_id: UUID) -> None:
    st.session_state[_WALK].later.add(post_id)


def show(owner: Owner, looked_at: QueueFilter) -> None:
    """The next post that still waits, or how the walk ended. Posts decided elsewhere meanwhile are passed by."""
    walk: Walk | None = st.session_state.get(_WALK)
    if walk is None:
        values = looked_at.values() | {"part": "waiting", "limit": MOST, "offset": 0}
        walk = st.session_state[_WALK] = Walk([row.id for row in owner.rows("dashboard_queue_open", **values)])
    rows = owner.rows("dashboard_standing", ids=walk.ids)
    waits = {row.id for row in rows if row.status == "pending" and row.in_doubt_since is None}
    todo = [post_id for post_id in walk.ids if post_id in waits and post_id not in walk.later]
    done = len(walk.ids) - len(todo)
    if not todo:
        _finished(walk, {row.id: row.status for row in rows})
        return
    st.progress(done / len(walk.ids), text=f"{done + 1} of {len(walk.ids)}")
    found = owner.rows("dashboard_posts", ids=todo[:1], now=owner.now)
    if found:
        _one(owner, PostCard(**found[0]._mapping))


def _one(owner: Owner, post: PostCard) -> None:
    when = moment(post.scheduled_for, owner.clock_zone, owner.now)
    with st.container(key="walk"):
        st.html(preview(post, zone=owner.clock_zone, now=owner.now))
        with st.container(key="walk-actions"):
            st.caption(f"Planned for {when}" if post.scheduled_for > owner.now else f"Its time was {when}")
            if not changeable(post) or not owner.may_change:
                st.caption("This one cannot be decided about right now.")
            else:
                approve_button(owner, post)
            with st.container(horizontal=True, gap="small", horizontal_alignment="distribute"):
                if st.button("No", icon=":material/block:", key=f"reject-{post.id}"):
                    decisions.reject_dialog(post)
                if st.button("Edit", icon=":material/edit:", key=f"edit-{post.id}"):
                    edit_dialog(post)
                st.button(
                    "Later", icon=":material/skip_next:", key=f"later-{post.id}", on_click=_leave, args=(post.id,)
                )
                st.button("Stop", key="walk-stop", on_click=end)


def _finished(walk: Walk, stands: dict[UUID, str]) -> None:
    yes = sum(stands.get(post_id) in ("approved", "published") for post_id in walk.ids)
    no = sum(stands.get(post_id) == "rejected" for post_id in walk.ids)
    left = sum(stands.get(post_id) == "pending" for post_id in walk.ids)
    told = [f"{yes:,} approved"] * bool(yes) + [f"{no:,} turned down"] * bool(no)
    told += [f"{count(left, 'post')} left for later"] * bool(left)
    st.success(f"That was all. {', '.join(told) or 'Nothing waits for you'}.", icon=":material/done_all:")
    st.button("Back to the queue", key="walk-end", on_click=end, type="primary")
