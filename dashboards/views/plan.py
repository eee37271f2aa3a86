"""What the plan allows, how much of it is used, and what the others would give."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import streamlit as st

from dashboards.parts.accounts import title_of
from dashboards.parts.cards import badge, definition_list
from dashboards.parts.frame import close_page, open_page
from dashboards.parts.owner import Owner
from dashboards.parts.pictures import room_told
from dashboards.parts.profile import accounts_used, plan_state, plans_compared, posts_used
from dashboards.parts.tables import table
from dashboards.parts.times import today
from dashboards.parts.wording import platform_name
from models.settings import settings


def show() -> None:
    """The page."""
    owner = open_page("Plan")
    st.html(
        badge(
            plan_state(
                status=owner.status,
                plan=owner.rights.plan,
                trial_ends_at=owner.trial_ends_at,
                missed_after_hours=settings().missed_after_hours,
                zone=owner.clock_zone,
                now=owner.now,
            )
        )
    )
    _used(owner)
    st.header("All plans", anchor=False)
    st.html(table("What each plan allows", plans_compared(owner.rights.plan)))
    st.header("Change the plan", anchor=False)
    st.markdown(
        "Tell the people who run PostAgentPro for you which plan you want, and they set it. It counts at once, and "
        "nothing that you have here is lost by it."
    )
    close_page(owner)


def _used(owner: Owner) -> None:
    monday = today(owner.clock_zone, owner.now)
    monday -= timedelta(days=monday.weekday())
    accounts: Any = owner.rows("dashboard_week_used", first=monday, last=monday + timedelta(days=6))
    st.header("What you use", anchor=False)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Connected accounts**")
        st.html(definition_list(accounts_used([account.platform for account in accounts], owner.rights)))
        st.page_link("views/accounts.py", label="Accounts", icon=":material/link:")
        st.markdown("**Your own pictures**")
        used = owner.rows("dashboard_media_used")[0]
        if owner.rights.own_media:
            st.markdown(room_told(used.pictures, used.bytes, owner.rights))
            st.page_link("views/pictures.py", label="Pictures", icon=":material/photo_library:")
        else:
            st.markdown("Not part of your plan: posts get fitting stock photos.")
    with right:
        st.markdown("**Posts written for this week**")
        if accounts:
            lines = [
                (f"{platform_name(a.platform)}: {title_of(a)}", posts_used(a.posts, owner.rights)) for a in accounts
            ]
            st.html(definition_list(lines))
        else:
            st.markdown("No account is connected yet.")
        st.page_link("views/business.py", label="Posts a week, times, themes", icon=":material/tune:")


show()
