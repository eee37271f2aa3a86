"""The owner's own pictures: add, describe, delete. Posts take them before any stock photo."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

import streamlit as st

from dashboards.media_files import MOST_FILES, UPLOAD
from dashboards.parts import decisions
from dashboards.parts.frame import close_page, open_page
from dashboards.parts.owner import Owner
from dashboards.parts.pictures import figure, refusals, room_told, told, upload_form
from dashboards.parts.stored import shown_at
from dashboards.parts.wording import count, plain
from models import media_library
from models.settings import settings
from tasks.media.storage import Storages

PAGE_SIZE = 12
_ACROSS = 3


def show() -> None:
    """The page."""
    owner = open_page("Pictures")
    decisions.tell()
    _say_what_came_of_an_upload()
    used = owner.rows("dashboard_media_used")[0]
    if not owner.rights.own_media:
        st.info(
            "Posts with your own pictures are part of Pro and Premium. On your plan posts get fitting stock photos.",
            icon=":material/photo_library:",
        )
    elif owner.may_change:
        st.html(upload_form(UPLOAD, MOST_FILES))
        st.caption(room_told(used.pictures, used.bytes, owner.rights))
    if used.pictures:
        _grid(owner, used.pictures)
    elif owner.rights.own_media:
        st.info(
            "No pictures yet. Show your work, your van, your team: posts take your pictures first, each at most once "
            "in 60 days, and stock photos only when there are none left.",
            icon=":material/add_photo_alternate:",
        )
    close_page(owner)


def _say_what_came_of_an_upload() -> None:
    """Once: the address is clean again afterwards."""
    added, refused = st.query_params.get("added"), st.query_params.get("refused", "")
    if added is None:
        return
    st.query_params.clear()
    if added.isdecimal() and 0 < int(added) <= MOST_FILES:
        st.success(f"{count(int(added), 'picture')} added.", icon=":material/check_circle:")
    for sentence in refusals(refused):
        st.warning(sentence, icon=":material/info:")


def _grid(owner: Owner, pictures: int) -> None:
    pages = -(-pictures // PAGE_SIZE)
    page = min(int(st.session_state.get("media-page") or 1), pages)
    rows = owner.rows("dashboard_media", limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    storages = Storages.from_settings(settings())
    for start in range(0, len(rows), _ACROSS):
        line = rows[start : start + _ACROSS]
        for column, row in zip_longest(st.columns(_ACROSS), line):
            if row is not None:
                with column, st.container(border=True, height="stretch", key=f"media-{row.id}"):
                    _picture(owner, row, shown_at(storages, row))
    if pages > 1:
        st.pagination(pages, key="media-page", max_visible_pages=5)


def _picture(owner: Owner, row: Any, address: str) -> None:
    st.html(
        figure(None if row.refusal else address, row.alt_text, row.filename)
        + told(
            filename=row.filename,
            alt_text=row.alt_text,
            uploaded_at=row.uploaded_at,
            last_used_at=row.last_used_at,
            waiting=row.waiting,
            refusal=row.refusal,
            zone=owner.clock_zone,
            now=owner.now,
        )
    )
    if not owner.may_change:
        return
    with st.container(horizontal=True, gap="small"):
        if st.button("Describe", icon=":material/edit:", key=f"describe-{row.id}"):
            _describe(row)
        if st.button("Delete", icon=":material/delete:", key=f"delete-{row.id}"):
            _delete(row)


@st.dialog("What does it show?", on_dismiss="rerun", icon=":material/edit:")
def _describe(row: Any) -> None:
    """For people who cannot see it; it goes out with the post."""
    words = st.text_area(
        "Description for people who cannot see the picture",
        value=row.alt_text or "",
        max_chars=media_library.LONGEST_ALT_TEXT,
        placeholder="Our van in front of a house in Austin",
        key=f"words-{row.id}",
    )
    st.caption("Facebook and Instagram read it to them. Posts that wait already keep the words they have.")
    if st.button("Save", type="primary", key=f"save-{row.id}", width="stretch"):
        decisions.decide(lambda session, _owner: media_library.describe(session, row.id, words or ""), "Saved.")
        st.rerun()


@st.dialog("Delete this picture", on_dismiss="rerun", icon=":material/delete:")
def _delete(row: Any) -> None:
    """Told first what hangs on it."""
    st.markdown(f"**{plain(row.filename)}** leaves your library, and no new post will show it.")
    if row.waiting:
        waits, them = count(row.waiting, "post waits", "posts wait"), "it" if row.waiting == 1 else "them"
        st.warning(
            f"{waits} to go out with this picture, and will still show it. Reject {them} in the queue to prevent that.",
            icon=":material/schedule:",
        )
    st.caption("Posts that are out keep it on their platform. The file itself is gone within a day.")
    if st.button("Delete", type="primary", key=f"delete-now-{row.id}", width="stretch"):
        decisions.decide(lambda session, _owner: media_library.delete(session, row.id), "Deleted.")
        st.rerun()


show()
