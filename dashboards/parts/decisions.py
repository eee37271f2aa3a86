"""What an owner decides about a post: approve, reject, skip, publish now, try again. Bound to what they were shown.

Editing, another time and another picture have modules of their own beside this one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from dashboards.parts.owner import Owner, current_owner
from dashboards.parts.post_card import PostCard
from dashboards.parts.wording import plain, platform_name
from models import post_status
from models.post_status import PostError
from models.profile_rules import ProfileRefusal

Work = Callable[[Session, Owner], None]

_SAID = "said"
_DIALOG = "dialog-is-open"
REASONS = (
    "Not true for us",
    "Does not sound like us",
    "Wrong picture",
    "Wrong time",
    "Posted something like it already",
)


@dataclass(frozen=True, slots=True)
class Said:
    """What came of the last decision, told in the next run."""

    tone: Literal["good", "warn"]
    text: str


def decide(work: Work, done: str) -> bool:
    """Do it in one transaction of the owner's, and keep what to tell them. False when it was refused."""
    owner = current_owner()
    if owner is None:
        return False  # the run that follows shows the way back in
    if not owner.may_change:
        st.session_state[_SAID] = Said("warn", "Your plan is canceled, so nothing can be changed any more.")
        return False
    try:
        with owner.session() as session:
            work(session, owner)
    except (PostError, ProfileRefusal) as refusal:
        st.session_state[_SAID] = Said("warn", str(refusal))
        return False
    st.session_state[_SAID] = Said("good", done)
    return True


def refusal() -> str:
    """Why the last decision was refused, for a dialog that stays open with what was typed."""
    said: Said | None = st.session_state.pop(_SAID, None)
    return said.text if said is not None else "You are logged out. Reload the page."


def say(text: str) -> None:
    """Tell in the next run what was done, where that is no decision about a post."""
    st.session_state[_SAID] = Said("good", text)


def tell() -> None:
    """Say once what came of the last decision."""
    said: Said | None = st.session_state.pop(_SAID, None)
    if said is None:
        return
    if said.tone == "good":
        st.toast(plain(said.text), icon=":material/check_circle:")
    else:
        st.toast(plain(said.text), icon=":material/info:", duration="long")
        st.warning(plain(said.text), icon=":material/info:")


def tell_refusal() -> None:
    """Say it in a dialog, which stays open, so that what was typed is not lost."""
    st.warning(plain(refusal()), icon=":material/info:")


def approve(post_id: UUID, seen_hash: str) -> None:
    """Button: yes to exactly what was shown."""
    decide(
        lambda session, owner: post_status.approve(
            session, post_id, seen_hash=seen_hash, actor=owner.email, now=owner.now
        ),
        "Approved. It goes out at its time.",
    )


def approve_late(post_id: UUID, seen_hash: str) -> None:
    """Button: yes to a post whose time has passed, so it goes out at once."""
    decide(
        lambda session, owner: post_status.publish_now(
            session, post_id, seen_hash=seen_hash, actor=owner.email, now=owner.now
        ),
        "Approved. It goes out right now.",
    )


def try_again(post_id: UUID) -> None:
    """Button: another chance for a failed post."""
    decide(
        lambda session, owner: post_status.retry(session, post_id, actor=owner.email, now=owner.now),
        "It will be tried again.",
    )


def dialog_open(is_open: bool | None = None) -> bool:
    """Whether somebody is busy in a dialog, which a refresh of the page would close; given a value, note it."""
    if is_open is not None:
        st.session_state[_DIALOG] = is_open
    return bool(st.session_state.get(_DIALOG))


@st.dialog("Reject this post", on_dismiss="rerun", icon=":material/block:")
def reject_dialog(post: PostCard) -> None:
    """Ask why, then say no."""
    dialog_open(True)
    st.markdown(f"It will not go out on {platform_name(post.platform)}. What is wrong with it?")
    picked = st.pills("Reason", REASONS, key=f"why-{post.id}", label_visibility="collapsed")
    words = st.text_input("In your words (optional)", max_chars=300, key=f"words-{post.id}")
    reason = ". ".join(part for part in (picked, words.strip() if words else "") if part)
    if st.button("Reject", type="primary", key=f"reject-now-{post.id}", width="stretch"):
        decide(
            lambda session, owner: post_status.reject(
                session, post.id, reason=reason, actor=owner.email, now=owner.now
            ),
            "Rejected. It will not go out.",
        )
        st.rerun()


@st.dialog("Skip this post", on_dismiss="rerun", icon=":material/event_busy:")
def skip_dialog(post: PostCard) -> None:
    """Ask once more: a skipped post does not come back."""
    dialog_open(True)
    st.markdown(
        f"It will not go out on {platform_name(post.platform)}, and nothing is written in its place: this time you "
        "simply post nothing."
    )
    if st.button("Skip it", type="primary", key=f"skip-now-{post.id}", width="stretch"):
        decide(
            lambda session, owner: post_status.skip(session, post.id, actor=owner.email, now=owner.now),
            "Skipped. Its place stays empty.",
        )
        st.rerun()


@st.dialog("Publish now", on_dismiss="rerun", icon=":material/send:")
def publish_dialog(post: PostCard) -> None:
    """Ask once more: what is live cannot be taken back from here."""
    dialog_open(True)
    where = (
        f"{platform_name(post.platform)} as {post.account_name}" if post.account_name else platform_name(post.platform)
    )
    st.markdown(f"This puts the post on {plain(where)} within seconds, exactly as you see it. Go ahead?")
    if st.button("Publish now", type="primary", key=f"publish-now-{post.id}", width="stretch"):
        decide(
            lambda session, owner: post_status.publish_now(
                session, post.id, seen_hash=post.content_hash, actor=owner.email, now=owner.now
            ),
            "On its way.",
        )
        st.rerun()
