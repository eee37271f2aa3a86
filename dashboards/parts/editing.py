"""The dialog in which an owner changes a post's words, with every limit and every gate's opinion while they type."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

import streamlit as st
from sqlmodel import Session

from dashboards.parts import decisions
from dashboards.parts.cards import hashtag_line, preview
from dashboards.parts.owner import Owner, current_owner
from dashboards.parts.owner_gates import hashtags_of, opinion
from dashboards.parts.post_card import PostCard
from dashboards.parts.wording import plain
from models import post_status
from models.business import Business
from models.business_facts import Review, gate_context
from models.gates import LIMITS, Draft, GateContext
from models.gates.platform_limits import caption
from models.settings import settings

_EARLIER = timedelta(days=90)  # as long as nothing may resemble an earlier post
_MOST_STATED, _MOST_TEXTS = 200, 500

Then = Literal["", "approve", "retry"]
_SAVED: dict[Then, str] = {
    "": "Saved.",
    "approve": "Saved and approved.",
    "retry": "Saved. It will be tried again.",
}


@st.dialog("Edit post", width="large", on_dismiss="rerun", icon=":material/edit:")
def edit_dialog(post: PostCard) -> None:
    """Change text and hashtags; an approval is for exact content, so it is given anew afterwards."""
    decisions.dialog_open(True)
    owner = current_owner()
    if owner is None:
        st.warning("You are logged out. Reload the page.", icon=":material/lock:")
        return
    draft = _fields(post)
    judged = opinion(draft, replace(_context(owner, post), theme=post.theme or ""))
    for sentence in judged.must:
        st.error(f"This cannot be saved: {plain(sentence)}.", icon=":material/error:")
    for sentence in judged.advice:
        st.warning(plain(sentence), icon=":material/help:")
    if post.status == "approved":
        st.caption("It is approved as it was. After a change it asks for your approval again.")
    _buttons(owner, post, draft, blocked=bool(judged.must))
    with st.expander("How it will look"):
        changed = replace(post, content=draft.text, hashtags=draft.hashtags or None)
        st.html(preview(changed, zone=owner.clock_zone, now=owner.now))


def _fields(post: PostCard) -> Draft:
    limits, cap = LIMITS[post.platform], settings().instagram_hashtag_cap
    with st.container(key=f"live-{post.id}"):
        # A longer text than allowed must not be cut off by the field itself.
        longest = max(limits.max_characters, len(post.content))
        text = st.text_area("Text", value=post.content, max_chars=longest, height=240, key=f"text-{post.id}") or ""
        st.html('<script src="/typing.js"></script>', unsafe_allow_javascript=True)
    tags = ""
    if limits.hashtags:
        line = hashtag_line(post.hashtags)
        tags = st.text_input("Hashtags", value=line, key=f"tags-{post.id}", max_chars=500, live=True) or ""
    draft = Draft(platform=post.platform, text=text.strip(), hashtags=hashtags_of(tags))
    used, most = len(caption(draft)), limits.max_characters
    together = f"text and hashtags together, and at most {cap} hashtags" if limits.hashtags else "in all"
    st.caption(f"{used:,} of {most:,} characters, {together}.")
    return draft


def _context(owner: Owner, post: PostCard) -> GateContext:
    """What the gates may know: what this owner stated, and their own other posts."""
    rows = owner.rows("dashboard_stated", limit=_MOST_STATED)
    cap = settings().instagram_hashtag_cap
    if not rows:
        return GateContext(avoid_keywords=tuple(owner.avoid_keywords), hashtag_cap=cap)
    first = rows[0]._mapping
    business = Business(**{name: first[name] for name in Business.model_fields if name in first})
    stated = [row for row in rows if row.fact_id is not None]
    texts = owner.rows("dashboard_own_texts", since=owner.now - _EARLIER, ids=[post.id], limit=_MOST_TEXTS)
    return gate_context(
        business,
        facts=[row.text for row in stated if row.kind == "fact"],
        reviews=[
            Review(id=row.fact_id, text=row.text, author=row.author, used_at=row.used_at)
            for row in stated
            if row.kind == "review"
        ],
        avoid_keywords=owner.avoid_keywords,
        hashtag_cap=cap,
        own_texts=[row.content for row in texts],
    )


def _buttons(owner: Owner, post: PostCard, draft: Draft, *, blocked: bool) -> None:
    further: Then = "retry" if post.status == "failed" else "approve" if post.requires_approval else ""
    labels = {"approve": "Save and approve", "retry": "Save and try again"}
    with st.container(horizontal=True, gap="small"):
        # A press may come with the very words that cannot be saved: the button was still alive when it was pressed.
        more = further and st.button(labels[further], type="primary", key=f"save-{further}-{post.id}", disabled=blocked)
        if more and not blocked:
            _save(owner, post, draft, further)
        kind: Literal["primary", "secondary"] = "secondary" if further else "primary"
        if st.button("Save", type=kind, key=f"save-{post.id}", disabled=blocked) and not blocked:
            _save(owner, post, draft, "")


def _save(owner: Owner, post: PostCard, draft: Draft, then: Then) -> None:
    # The content that the owner has seen last: what the dialog opened with, or what a refusal has shown them since.
    seen_key = f"seen-{post.id}-{post.content_hash}"
    seen = str(st.session_state.get(seen_key, post.content_hash))
    same_tags = list(draft.hashtags) == [tag.lstrip("#") for tag in post.hashtags or ()]

    def work(session: Session, owner: Owner) -> None:
        hashtags = post_status.KEEP if same_tags and seen == post.content_hash else list(draft.hashtags) or None
        new = post_status.edit(
            session,
            post.id,
            seen_hash=seen,
            actor=owner.email,
            now=owner.now,
            content=draft.text,
            hashtags=hashtags,
        )
        _go_on(session, post, then, new, owner.email, owner.now)

    done = _SAVED[then] if then or not post.requires_approval else "Saved. It waits for your approval."
    if decisions.decide(work, done):
        st.session_state.pop(seen_key, None)
        st.rerun()
    st.warning(plain(decisions.refusal()), icon=":material/info:")  # the dialog stays: what was typed is not lost
    current = owner.rows("dashboard_posts", ids=[post.id], now=owner.now)
    if current and current[0].content_hash != seen:
        st.session_state[seen_key] = current[0].content_hash
        tags = hashtag_line(current[0].hashtags)
        st.info(
            f"It now says: “{plain(current[0].content)}”{' ' + plain(tags) if tags else ''} "
            "Press Save again to put your words in its place.",
            icon=":material/compare_arrows:",
        )


def _go_on(session: Session, post: PostCard, then: Then, new_hash: str, actor: str, now: datetime) -> None:
    """What was asked for beside saving, for exactly what was saved."""
    if then == "retry":
        post_status.retry(session, post.id, actor=actor, now=now)
    elif then == "approve" and post.scheduled_for <= now:
        post_status.publish_now(session, post.id, seen_hash=new_hash, actor=actor, now=now)
    elif then == "approve":
        post_status.approve(session, post.id, seen_hash=new_hash, actor=actor, now=now)
