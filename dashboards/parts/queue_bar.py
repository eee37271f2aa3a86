"""What stands above the queue: list or calendar, filters, and which part. All of it is kept in the page's address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

import streamlit as st

from dashboards.parts.owner import Owner
from dashboards.parts.queue_filter import LONGEST_WORDS, VIEWS, QueueFilter, View
from dashboards.parts.times import today
from dashboards.parts.wording import PLATFORMS, THEMES, platform_name

_Key = TypeVar("_Key", str, UUID)
_VIEW_NAMES: dict[View, str] = {"list": "List", "week": "Week", "month": "Month"}
_FILTERS = ("queue-platform", "queue-account", "queue-theme", "queue-words")


def look(owner: Owner, asked: QueueFilter) -> QueueFilter:
    """The view and the filters, as chosen here; on a fresh visit as the address asks. `pick_part` adds the part."""
    _begin("queue-view", asked.view)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="queue-bar"):
        view = st.segmented_control(
            "View",
            VIEWS,
            format_func=lambda each: _VIEW_NAMES[each],
            required=True,
            key="queue-view",
            label_visibility="collapsed",
            on_change=_view_changed,
        )
        chosen = replace(asked, view=view or "list")
        with st.popover(_filter_label(asked), icon=":material/filter_list:", key="queue-filter"):
            chosen = _filters(owner, chosen, asked)
    if chosen.view != "list":
        _begin("queue-day", asked.day or today(owner.clock_zone, owner.now))
        chosen = replace(chosen, day=st.session_state["queue-day"])
    return chosen


def pick_part(chosen: QueueFilter, titles: Mapping[str, str], counts: Mapping[str, int], useful: str) -> QueueFilter:
    """Which part of the queue; a fresh visit sees what the address says, or what is most `useful`."""

    def label(part: str) -> str:
        return f"{titles[part]} ({counts[part]:,})" if counts.get(part) else titles[part]

    _begin("show", chosen.part or useful)
    picked = st.segmented_control(
        "Which posts", list(titles), format_func=label, required=True, key="show", label_visibility="collapsed"
    )
    return replace(chosen, part=picked or useful)


def clear_filters() -> None:
    """Button: everything again."""
    for key in _FILTERS:
        st.session_state[key] = "" if key == "queue-words" else None


def _begin(key: str, value: Any) -> None:
    if key not in st.session_state:
        st.session_state[key] = value


def _view_changed() -> None:
    """A calendar shows everything, a list what is most useful, until another part is chosen."""
    if st.session_state["queue-view"] == "list":
        del st.session_state["show"]
        st.query_params.pop("show", None)
    else:
        st.session_state["show"] = "all"


def _filter_label(asked: QueueFilter) -> str:
    """As the address says, which every run brings up to date: a popover's label stands before what is in it."""
    on = sum(1 for value in (asked.platform, asked.account, asked.theme, asked.words) if value)
    return f"Filter ({on})" if on else "Filter"


def _filters(owner: Owner, chosen: QueueFilter, asked: QueueFilter) -> QueueFilter:
    accounts = {row.id: f"{platform_name(row.platform)}: {row.name}" for row in owner.rows("dashboard_queue_accounts")}
    words = _words(asked)
    platform = _choice("Platform", PLATFORMS, asked.platform, "queue-platform")
    account = _choice("Account", accounts, asked.account, "queue-account")
    theme = _choice("Theme", THEMES, asked.theme, "queue-theme")
    st.button("Clear all", key="queue-clear", on_click=clear_filters, icon=":material/filter_list_off:")
    return replace(chosen, platform=platform, account=account, theme=theme, words=words)


def _words(asked: QueueFilter) -> str:
    _begin("queue-words", asked.words)
    typed = st.text_input("Text", key="queue-words", max_chars=LONGEST_WORDS, placeholder="Words in a post") or ""
    return " ".join(typed.replace("\x00", "").split())


def _choice(name: str, names: Mapping[_Key, str], asked: _Key | None, key: str) -> _Key | None:
    _begin(key, asked)
    if st.session_state[key] not in names:
        st.session_state[key] = None  # of another owner, or gone
    return st.selectbox(
        name, list(names), format_func=lambda each: names[each], key=key, placeholder=f"Every {name.lower()}"
    )
