"""Facts and reviews on the page about the business: what posts may claim, and whom they may quote."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

import streamlit as st

from dashboards.parts import decisions
from dashboards.parts.owner import Owner
from dashboards.parts.profile import FACT_EXAMPLES, REVIEW_EXAMPLE, review_told
from dashboards.parts.wording import plain
from models import business_facts
from models.business_facts import LONGEST_AUTHOR, LONGEST_TEXT, MOST_FACTS

PAGE_SIZE = 10


class Kind(NamedTuple):
    """How one kind is spoken of."""

    title: str
    lead: str
    nothing: str
    label: str
    placeholder: str
    button: str


KINDS = {
    "fact": Kind(
        "Facts",
        "One sentence each. Posts say it in other words, with the same meaning and never more.",
        "No facts yet. With none, posts give tips and invite people, and claim nothing about you.",
        "Another fact",
        FACT_EXAMPLES[0],
        "Add the fact",
    ),
    "review": Kind(
        "Customer reviews",
        "Real ones only, word for word as the customer wrote them. Posts with the theme “Customer voice” quote them, "
        "each at most once in 90 days.",
        "No reviews yet, so no post quotes a customer.",
        "Another review, word for word",
        REVIEW_EXAMPLE,
        "Add the review",
    ),
}


def facts_and_reviews(owner: Owner) -> None:
    """The whole section."""
    st.markdown(
        "Posts claim only what stands here or in your description: prices, years, licenses, guarantees, opening hours, "
        "names. A post that says more is thrown away before you see it."
    )
    rows = owner.rows("dashboard_facts", limit=MOST_FACTS)
    for kind in KINDS:
        _section(owner, kind, [row for row in rows if row.kind == kind])
    if len(rows) >= MOST_FACTS:
        st.info(f"Posts are written from {MOST_FACTS} facts and reviews at most.", icon=":material/info:")


def _section(owner: Owner, kind: str, rows: Sequence[Any]) -> None:
    told = KINDS[kind]
    st.header(f"{told.title} ({len(rows)})" if rows else told.title, anchor=False)
    st.caption(told.lead)
    if not rows:
        st.markdown(told.nothing)
    pages = -(-len(rows) // PAGE_SIZE)
    page = min(int(st.session_state.get(f"{kind}-page") or 1), max(pages, 1))
    for row in rows[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]:
        _one(owner, row)
    if pages > 1:
        st.pagination(pages, key=f"{kind}-page", max_visible_pages=5)
    if owner.may_change:
        _add(kind)


def _one(owner: Owner, row: Any) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"fact-{row.id}"):
        by = ""
        if row.kind == "review":
            name, used = row.author or "A customer", review_told(row.used_at, zone=owner.clock_zone, now=owner.now)
            by = f"<small>{escape(name)} · {escape(used)}</small>"
        st.html(f'<p class="pa-words">{escape(row.text)}</p>{by}')
        if owner.may_change:
            with st.container(horizontal=True, gap="small", width="content"):
                if st.button("Edit", icon=":material/edit:", key=f"edit-{row.id}"):
                    _edit(row)
                if st.button("Remove", icon=":material/delete:", key=f"remove-{row.id}"):
                    _remove(row)


def _add(kind: str) -> None:
    told = KINDS[kind]
    st.text_area(
        told.label,
        key=f"new-{kind}",
        max_chars=LONGEST_TEXT,
        height=90,
        placeholder=f"Such as: {told.placeholder}",
        persist_state="session",
    )
    if kind == "review":
        st.text_input(
            "Who wrote it, as they may be named (optional)",
            key="new-author",
            max_chars=LONGEST_AUTHOR,
            placeholder="Maria G.",
            persist_state="session",
        )
    st.button(told.button, icon=":material/add:", key=f"add-{kind}", on_click=_added, args=(kind,))
    if kind == "fact":
        examples = "\n".join(f"- {plain(example)}" for example in FACT_EXAMPLES)
        st.caption(f"Good facts are short and exact:\n{examples}")


def _added(kind: str) -> None:
    """Button: keep what was typed; a refused one stays in its field."""
    words = st.session_state.get(f"new-{kind}") or ""
    author = (st.session_state.get("new-author") or "") if kind == "review" else ""
    added = decisions.decide(
        lambda session, owner: business_facts.add_fact(session, owner.user_id, kind, words, author),
        "Added. Posts that are written from now on may use it.",
    )
    if added:
        st.session_state[f"new-{kind}"] = ""
        if kind == "review":
            st.session_state["new-author"] = ""


@st.dialog("Edit", on_dismiss="rerun", icon=":material/edit:")
def _edit(row: Any) -> None:
    """Other words for one."""
    text = st.text_area("Text", value=row.text, max_chars=LONGEST_TEXT, height=160, key=f"text-{row.id}") or ""
    author = ""
    if row.kind == "review":
        st.caption("Only what the customer really wrote.")
        author = (
            st.text_input(
                "Who wrote it (optional)", value=row.author or "", max_chars=LONGEST_AUTHOR, key=f"by-{row.id}"
            )
            or ""
        )
    st.caption("Posts that are written already stay as they are.")
    if st.button("Save", type="primary", key=f"save-{row.id}", width="stretch"):
        saved = decisions.decide(
            lambda session, owner: business_facts.change_fact(
                session, owner.user_id, row.id, row.kind, seen=(row.text, row.author), text=text, author=author
            ),
            "Saved.",
        )
        if saved:
            st.rerun()
        decisions.tell_refusal()


@st.dialog("Remove", on_dismiss="rerun", icon=":material/delete:")
def _remove(row: Any) -> None:
    """Ask once more, and say what it does not do."""
    st.markdown(f"“{plain(row.text)}” will not be used in new posts.")
    st.caption("Posts that are written already stay as they are: look at them in the queue.")
    if st.button("Remove", type="primary", key=f"remove-now-{row.id}", width="stretch"):
        decisions.decide(
            lambda session, owner: business_facts.remove_fact(session, owner.user_id, row.id),
            f"Removed this {row.kind}.",
        )
        st.rerun()
