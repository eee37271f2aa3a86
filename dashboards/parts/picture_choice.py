"""The dialog in which an owner gives a post another picture: one of theirs, a stock photo that is there, or none."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards.parts import decisions
from dashboards.parts.cards import thanks
from dashboards.parts.owner import Owner, current_owner
from dashboards.parts.pictures import figure
from dashboards.parts.post_card import PostCard
from dashboards.parts.stored import shown_at
from dashboards.parts.times import distance
from dashboards.parts.wording import plain, platform_name
from models import post_pictures
from models.gates import needs_picture
from models.settings import settings
from tasks.content.stock import cache_kind
from tasks.media.storage import Storages

_A_PAGE = 9
_MOST_STOCK = 18
_WIDTH = 146  # pixels: two beside each other on a phone
_OWN, _STOCK = "Your pictures", "Stock photos"


@st.dialog("Another picture", width="large", on_dismiss="rerun", icon=":material/image:")
def picture_dialog(post: PostCard) -> None:
    """A picture is part of the content: after a change an approved post asks for approval again."""
    decisions.dialog_open(True)
    owner = current_owner()
    if owner is None:
        st.warning("You are logged out. Reload the page.", icon=":material/lock:")
        return
    if post.more_media_urls:
        st.caption("This post has several pictures. What you choose here replaces all of them.")
    if post.status == "approved":
        st.caption("It is approved as it is. With another picture it asks for your approval again.")
    if post.media_url and not needs_picture(post.platform):
        if st.button("Without a picture", icon=":material/hide_image:", key=f"no-picture-{post.id}"):
            _choose(post)
    elif post.media_url:
        st.caption(f"{platform_name(post.platform)} takes no post without a picture.")
    sources = [_OWN, _STOCK] if owner.rights.own_media else [_STOCK]
    shown = st.segmented_control(
        "From", sources, default=sources[0], required=True, key=f"from-{post.id}", label_visibility="collapsed"
    )
    storages = Storages.from_settings(settings())
    if shown == _OWN:
        _own(owner, post, storages)
    else:
        _stock(owner, post, storages)


def _own(owner: Owner, post: PostCard, storages: Storages) -> None:
    total = owner.rows("dashboard_media_used")[0].pictures
    page = int(st.session_state.get(f"own-page-{post.id}") or 1)
    rows = owner.rows("dashboard_own_pictures", limit=_A_PAGE, offset=(page - 1) * _A_PAGE)
    if not rows:
        st.info("Your library is empty. Add pictures on the page Pictures.", icon=":material/add_photo_alternate:")
        return
    with st.container(horizontal=True, gap="small"):
        for row in rows:
            with st.container(width=_WIDTH, key=f"own-{row.id}"):
                _offered(shown_at(storages, row), row.alt_text or row.filename)
                if row.rests:
                    when = f", shown {distance(row.last_used_at, owner.now)}" if row.last_used_at else ""
                    soon = row.last_used_at is not None and row.last_used_at > owner.now
                    st.caption("Waits with another post" if soon else f"Rests for 60 days{when}")
                elif st.button("Use this", key=f"use-{row.id}", width="stretch"):
                    _choose_own(post, row, storages)
    if total > _A_PAGE:
        st.pagination(-(-total // _A_PAGE), key=f"own-page-{post.id}", max_visible_pages=5)


def _stock(owner: Owner, post: PostCard, storages: Storages) -> None:
    business = owner.rows("dashboard_stated", limit=1)
    kind = cache_kind(business[0].type) if business else ""
    rows = owner.rows("dashboard_stock_pictures", kind=kind, limit=_MOST_STOCK)
    if not rows:
        st.info(
            "There is no other stock photo ready for your trade at the moment.", icon=":material/image_not_supported:"
        )
        return
    with st.container(horizontal=True, gap="small"):
        for row in rows:
            with st.container(width=_WIDTH, key=f"stock-{row.id}"):
                # Unsplash asks that its photos are shown from its own address.
                _offered(row.photo_url if row.source == "unsplash" else shown_at(storages, row), row.alt_text)
                st.html(thanks(row.source, row.author, row.author_url, row.page_url))
                if st.button("Use this", key=f"use-{row.id}", width="stretch"):
                    address = storages.url(row.place, row.storage_key)
                    _choose(post, stock=row.id, address=address, alt_text=row.alt_text)


def _offered(address: str, words: str) -> None:
    st.html(figure(address, words, words))


def _choose_own(post: PostCard, row: Any, storages: Storages) -> None:
    key = row.instagram_key if post.platform == "instagram" and row.instagram_key else row.storage_key
    _choose(post, own=row.id, address=storages.url(row.place, key, otherwise=row.url), alt_text=row.alt_text)


def _choose(post: PostCard, **picture: Any) -> None:
    done = decisions.decide(
        lambda session, owner: post_pictures.choose(
            session,
            post.id,
            platform=post.platform,
            seen_hash=post.content_hash,
            actor=owner.email,
            now=owner.now,
            **picture,
        ),
        "The picture is changed." if picture else "The picture is gone from this post.",
    )
    if done:
        st.rerun()
    st.warning(plain(decisions.refusal()), icon=":material/info:")
