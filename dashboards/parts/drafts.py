"""What an owner is typing, until it is saved: it outlives reruns, other pages of the same visit, and other tabs.

A draft begins from what is saved. As long as nothing was changed here it follows what is saved elsewhere; once
something was, the words stay, and the draft remembers over which version they were written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import streamlit as st

from dashboards.parts import decisions
from dashboards.parts.owner import Owner
from dashboards.parts.profile import FIELDS
from dashboards.parts.wording import plain
from models.profile_rules import BusinessDetails, Unfit, Wishes


@dataclass(slots=True)
class _Kept:
    seen: datetime | None  # the version that it began from
    base: dict[str, Any]  # what that said
    now: dict[str, Any]
    was_sent: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """The draft of one row: a widget for each of `saved`'s fields, its key from `key`."""

    name: str
    saved: Mapping[str, Any] = field(repr=False)
    version: datetime | None

    def open(self) -> None:
        """Fill the widgets before they are drawn, from what was typed or from what is saved."""
        kept = self._kept()
        if kept is None or (kept.seen != self.version and kept.now == kept.base):
            self._begin()
            return
        for name, value in kept.now.items():
            st.session_state.setdefault(self.key(name), value)

    def key(self, name: str) -> str:
        """The key of a field's widget."""
        return f"{self.name}-{name}"

    @property
    def values(self) -> dict[str, Any]:
        """What the widgets hold."""
        kept = self._kept()
        return dict(kept.now) if kept else dict(self.saved)

    @property
    def seen(self) -> datetime | None:
        """The version of the row that these words are meant to change."""
        kept = self._kept()
        return kept.seen if kept else self.version

    @property
    def is_changed(self) -> bool:
        """Whether anything was typed that is not saved."""
        kept = self._kept()
        return kept is not None and kept.now != kept.base

    @property
    def was_sent(self) -> bool:
        """Whether the owner tried to save it as it is, so that it is time to say what is wrong."""
        kept = self._kept()
        return kept is not None and kept.was_sent

    def send(self) -> None:
        """Note that the owner tried to save it."""
        if (kept := self._kept()) is not None:
            kept.was_sent = True

    def overtaken(self) -> list[str]:
        """The fields that somebody saved differently meanwhile, where something was changed here too."""
        kept = self._kept()
        if kept is None or kept.seen == self.version or kept.now == kept.base:
            return []
        return [name for name, value in self.saved.items() if value != kept.base.get(name)]

    def keep_mine(self) -> None:
        """These words are to replace what is saved now."""
        if (kept := self._kept()) is not None:
            kept.seen, kept.base = self.version, dict(self.saved)

    def forget(self) -> None:
        """Begin anew from what is saved."""
        st.session_state.pop(self._slot, None)

    @property
    def _slot(self) -> str:
        return f"draft of {self.name}"

    def _kept(self) -> _Kept | None:
        """What is remembered, with what the widgets hold by now."""
        kept: _Kept | None = st.session_state.get(self._slot)
        if kept is not None:
            for name in kept.now:
                kept.now[name] = st.session_state.get(self.key(name), kept.now[name])
        return kept

    def _begin(self) -> None:
        st.session_state[self._slot] = _Kept(self.version, dict(self.saved), dict(self.saved))
        for name, value in self.saved.items():
            st.session_state[self.key(name)] = value


def save_row(
    owner: Owner,
    draft: Draft,
    read: Callable[[Owner, dict[str, Any]], BusinessDetails | Wishes],
    keep: Callable[..., None],
    kept: Callable[[Owner, Draft], None] | None = None,
) -> None:
    """Save (then `kept` is called), what is wrong, what is not saved yet. All of it stands below the button, which must
    not move away from under a finger when a field gives up its text."""

    def save() -> None:
        draft.send()
        try:
            clean = read(owner, draft.values)
        except Unfit:
            return  # told below the button
        if decisions.decide(
            lambda session, who: keep(session, who.user_id, clean, seen=draft.seen), "Saved. New posts follow it."
        ):
            if kept is not None:
                kept(owner, draft)
            draft.forget()

    with st.container(horizontal=True, gap="small"):
        st.button("Save", type="primary", icon=":material/check:", key=f"save-{draft.name}", on_click=save)
        if draft.is_changed:
            st.button("Discard changes", key=f"discard-{draft.name}", on_click=draft.forget)
    if draft.overtaken():
        _overtaken(draft)
    elif draft.is_changed:
        st.caption("Not saved yet.")
    if draft.was_sent:
        try:
            read(owner, draft.values)
        except Unfit as unfit:
            for problem in unfit.problems:
                st.error(plain(problem), icon=":material/error:")


def _overtaken(draft: Draft) -> None:
    """Two tabs: neither one's words are lost without being asked."""
    names = ", ".join(FIELDS[name] for name in draft.overtaken()) or "nothing that is shown here"
    st.warning(
        f"This was saved in another tab or on another device meanwhile. Changed there: {names}.",
        icon=":material/difference:",
    )
    with st.container(horizontal=True, gap="small"):
        st.button("Keep what I wrote", key=f"mine-{draft.name}", on_click=draft.keep_mine)
        st.button("Show what is saved", key=f"theirs-{draft.name}", on_click=draft.forget)
