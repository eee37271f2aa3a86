"""What a new owner does first, until the first post is there."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards.first_week import write_soon
from dashboards.parts.owner import Owner


def first_steps(owner: Owner, accounts: Any) -> None:
    """The way to the first post, with what is done ticked off; nothing once there is one."""
    if owner.status == "canceled" or owner.rows("dashboard_has_posts")[0].has_posts:
        return
    is_connected = any(account.status == "active" for account in accounts)
    with st.container(border=True, key="first-steps"):
        st.header("Your first week of posts", anchor=False)
        steps = (
            (owner.is_verified, "Confirm your e-mail address"),
            (is_connected, "Connect your Google Business Profile, Facebook Page or Instagram"),
            (False, "We write your first week" + (", and you say yes" if owner.rights.approval else "")),
        )
        marks = {True: ":material/check_circle:", False: ":material/circle:"}
        st.markdown("  \n".join(f"{marks[done]} {what}" for done, what in steps))
        if is_connected and owner.publishing:
            st.markdown("Your posts are being written. That takes a few minutes.")
            if st.button("Nothing there yet? Write them now", icon=":material/edit_note:", key="write-now"):
                write_soon(owner.user_id)
                st.toast("We are on it. Look again in a few minutes.")
