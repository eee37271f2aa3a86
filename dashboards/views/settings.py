"""Password, where the owner is logged in, their data, and leaving."""

from __future__ import annotations

from html import escape
from typing import Any
from uuid import UUID

import streamlit as st

from dashboards.own_account import DELETE, EXPORT, PASSWORD
from dashboards.parts import decisions
from dashboards.parts.devices import device_name
from dashboards.parts.frame import close_page, open_page
from dashboards.parts.owner import Owner, current_owner
from dashboards.parts.times import distance, moment
from dashboards.parts.wording import count
from dashboards.sessions import end_other_sessions, end_session, sessions_of
from models.base import utc_now

_DONE = {
    "password": "Your password is changed. Everywhere else you are logged out.",
    "password-meanwhile": "Your password was changed in another window a moment ago, so it stays as it is there.",
}
_PAGE_SIZE = 20


def show() -> None:
    """The page."""
    owner = open_page("Settings")
    decisions.tell()
    if told := _DONE.get(st.query_params.get("done", "")):
        st.success(told, icon=":material/check_circle:")
    st.header("Password", anchor=False)
    st.html(_line("You log in with", owner.email, f'<a class="pa-button" href="{PASSWORD}" target="_self">Change</a>'))
    _sessions(owner)
    st.header("Your data", anchor=False)
    st.markdown("Everything that is yours here, as one ZIP with JSON and CSV files and a list of your pictures.")
    st.html(
        f'<form class="pa-form" method="post" action="{EXPORT}"><button type="submit">Download my data</button></form>'
    )
    st.header("Leaving", anchor=False)
    st.markdown(
        "Deletes your account with all that is in it, and gives our access to your platforms back. "
        "What is published there stays."
    )
    st.html(f'<a class="pa-button pa-danger" href="{DELETE}" target="_self">Delete my account</a>')
    close_page(owner)


def _line(label: str, text: str, act: str) -> str:
    words = f'<span class="pa-grow"><small>{escape(label)}</small><br><b>{escape(text)}</b></span>'
    return f'<ul class="pa-list"><li>{words}{act}</li></ul>'


def _sessions(owner: Owner) -> None:
    st.header("Where you are logged in", anchor=False)
    here = UUID(str(st.user["session_id"]))
    sessions = sorted(sessions_of(owner.user_id, now=owner.now), key=lambda row: row.id != here)  # this one first
    for row in sessions[:_PAGE_SIZE]:
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"session-{row.id}"):
            st.html(_session(owner, row, is_here=row.id == here), width="stretch")
            if row.id != here:
                st.button("Log out there", key=f"end-{row.id}", on_click=_end, args=(row.id,))
    if len(sessions) > _PAGE_SIZE:
        st.caption(f"And {len(sessions) - _PAGE_SIZE:,} more.")
    if (others := len(sessions) - 1) > 1:
        st.button(
            f"Log out everywhere else ({others:,})", key="end-others", icon=":material/logout:", on_click=_end_others
        )


def _session(owner: Owner, row: Any, *, is_here: bool) -> str:
    ago = distance(row.last_seen_at, owner.now)
    seen = "Now" if is_here else "Last seen just now" if ago == "now" else f"Last seen {ago}"
    since = f"logged in {moment(row.created_at, owner.clock_zone, owner.now)}"
    where = f" · {escape(row.address)}" if row.address else ""
    badge = ' <span class="pa-badge pa-good">This device</span>' if is_here else ""
    return (
        f'<div class="pa-session"><b>{escape(device_name(row.user_agent))}</b>{badge}<br>'
        f"<small>{escape(seen)}{where} · {escape(since)}</small></div>"
    )


def _end(session_id: UUID) -> None:
    """Button: one other session ends."""
    if (owner := current_owner()) is not None:
        end_session(owner.user_id, session_id, now=utc_now())
        decisions.say("Logged out there.")


def _end_others() -> None:
    """Button: all other sessions end."""
    if (owner := current_owner()) is not None:
        here = UUID(str(st.user["session_id"]))
        ended = end_other_sessions(owner.user_id, staying=here, now=utc_now())
        decisions.say(f"Logged out on {count(ended, 'other device')}.")


show()
