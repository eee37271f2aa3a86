"""The dialog in which an owner gives a post another time, on the wall clock of their own zone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import streamlit as st

from dashboards.parts import decisions
from dashboards.parts.owner import Owner, current_owner
from dashboards.parts.post_card import PostCard
from dashboards.parts.times import moment, today, zone_label
from dashboards.parts.wording import plain
from models import post_status
from models.rescheduling import FARTHEST, TimeRefused, moments, new_time


@st.dialog("Another time", on_dismiss="rerun", icon=":material/schedule:")
def move_dialog(post: PostCard) -> None:
    """Choose day and time; an approval stands, since it is for the content."""
    decisions.dialog_open(True)
    owner = current_owner()
    if owner is None:
        st.warning("You are logged out. Reload the page.", icon=":material/lock:")
        return
    day, at = _fields(owner, post)
    if day is None or at is None:
        return
    local = datetime.combine(day, at)
    second = _which(post, owner, local)
    try:
        when = new_time(local, owner.clock_zone, now=owner.now, second=second)
    except TimeRefused as refused:
        st.error(plain(str(refused)), icon=":material/error:")
        when = None
    told = moment(when, owner.clock_zone, owner.now) if when is not None else ""
    if told:
        st.caption(f"It goes out {told}." if post.status != "failed" else f"It is tried again {told}.")
    if post.status == "pending" and post.requires_approval:
        st.caption("It still needs your approval before that.")
    pressed = st.button("Move it", type="primary", key=f"move-now-{post.id}", width="stretch", disabled=when is None)
    if pressed and when is not None:
        _move(post, when, told)


def _fields(owner: Owner, post: PostCard) -> tuple[date | None, time | None]:
    zone, here = owner.clock_zone, today(owner.clock_zone, owner.now)
    planned = post.scheduled_for.astimezone(zone)
    day = planned.date() if post.scheduled_for > owner.now else here + timedelta(days=1)
    farthest = here + FARTHEST
    with st.container(horizontal=True, gap="small"):
        chosen = st.date_input(
            "Day", value=min(day, farthest), min_value=here, max_value=farthest, key=f"day-{post.id}"
        )
        at = st.time_input(
            "Time", value=planned.time().replace(second=0, microsecond=0), format="12h", key=f"at-{post.id}"
        )
    st.caption(f"In {zone_label(zone, post.scheduled_for)}.")
    return chosen if isinstance(chosen, date) else None, at


def _which(post: PostCard, owner: Owner, local: datetime) -> bool:
    """Asks which one is meant where the clocks go back and show a time twice; True for the second."""
    found = [at.astimezone(owner.clock_zone) for at in moments(local, owner.clock_zone)]
    if len(found) < 2:
        return False
    st.info("The clocks go back that night, so this time comes twice.", icon=":material/history:")
    names = [f"The first time ({found[0].tzname()})", f"The second time, an hour later ({found[1].tzname()})"]
    return st.radio("Which one?", names, key=f"which-{post.id}") == names[1]


def _move(post: PostCard, when: datetime, told: str) -> None:
    done = decisions.decide(
        lambda session, owner: post_status.reschedule(
            session, post.id, seen_hash=post.content_hash, at=when, actor=owner.email, now=owner.now
        ),
        f"Moved to {told}.",
    )
    if done:
        st.rerun()
    st.warning(plain(decisions.refusal()), icon=":material/info:")
