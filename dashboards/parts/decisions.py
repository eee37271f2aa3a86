"""What an owner decides about a post: approve, reject, edit, publish now, try again. Bound to what they were shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from dashboards.parts.cards import hashtag_line
from dashboards.parts.owner import Owner, current_owner
from dashboards.parts.post_card import PostCard
from dashboards.parts.wording import plain, platform_name
from models import post_status
from models.gates import LIMITS, Draft, GateContext
from models.gates.avoid_keywords import contains_keyword
from models.gates.platform_limits import caption, platform_limits
from models.post_status import PostError
from models.profile_rules import ProfileRefusal
from models.settings import settings

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
_HASHTAG = re.compile(r"\w{1,100}")


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
    refusal: Said | None = st.session_state.pop(_SAID, None)
    st.warning(plain(refusal.text) if refusal else "You are logged out. Reload the page.", icon=":material/info:")


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


@st.dialog("Edit post", width="large", on_dismiss="rerun", icon=":material/edit:")
def edit_dialog(post: PostCard) -> None:
    """Change text and hashtags; an approval is for exact content, so it is given anew afterwards."""
    dialog_open(True)
    limits, cap = LIMITS[post.platform], settings().instagram_hashtag_cap
    # A longer text than allowed must not be cut off by the field itself.
    longest = max(limits.max_characters, len(post.content))
    text = st.text_area("Text", value=post.content, max_chars=longest, height=280, key=f"text-{post.id}") or ""
    tags = ""
    if limits.hashtags:
        tags = st.text_input("Hashtags", value=hashtag_line(post.hashtags), key=f"tags-{post.id}", max_chars=500) or ""
    names = tuple(dict.fromkeys(name for name in re.split(r"[\s,#]+", tags) if name))
    draft = Draft(platform=post.platform, text=text.strip(), hashtags=names)
    used, most = len(caption(draft)), limits.max_characters
    together = f"text and hashtags together, and at most {cap} hashtags" if limits.hashtags else "in all"
    st.caption(f"{used:,} of {most:,} characters, {together}.")
    if post.status == "approved":
        st.caption("It is approved as it was. After a change it asks for your approval again.")
    owner = current_owner()
    avoided = [word for word in (owner.avoid_keywords if owner else ()) if contains_keyword(draft, word)]
    if avoided:
        st.info(f"On your list of words to avoid: {plain(', '.join(avoided))}", icon=":material/info:")
    if st.button("Save", type="primary", key=f"save-{post.id}", width="stretch"):
        _save(post, draft, cap)


def _save(post: PostCard, draft: Draft, cap: int) -> None:
    wrong = [name for name in draft.hashtags if not _HASHTAG.fullmatch(name)]
    verdict = platform_limits(draft, GateContext(hashtag_cap=cap))
    if wrong:
        st.error(f"A hashtag is letters and digits only: {plain(wrong[0])}", icon=":material/error:")
    elif not verdict.ok:
        st.error(f"This cannot be saved: {plain(verdict.reason)}.", icon=":material/error:")
    else:
        same_tags = list(draft.hashtags) == [tag.lstrip("#") for tag in post.hashtags or ()]
        saved = decide(
            lambda session, owner: post_status.edit(
                session,
                post.id,
                seen_hash=post.content_hash,
                actor=owner.email,
                now=owner.now,
                content=draft.text,
                hashtags=post_status.KEEP if same_tags else list(draft.hashtags),
            ),
            "Saved. It waits for your approval." if post.requires_approval else "Saved.",
        )
        if saved:
            st.rerun()
        tell_refusal()
