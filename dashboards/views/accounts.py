"""Every connection: whether posts go out over it, how long its permission lasts, and what to do when it broke."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

import streamlit as st

from dashboards.parts.accounts import account_state, day_quota, permission
from dashboards.parts.cards import badge, definition_list
from dashboards.parts.frame import close_page, open_page
from dashboards.parts.owner import Owner
from dashboards.parts.times import day_name, distance, moment
from dashboards.parts.wording import count, plain, platform_name

_LOGINS = {"facebook": "Through Facebook", "instagram": "Through Instagram"}


def show() -> None:
    """The page."""
    owner = open_page("Accounts")
    accounts = owner.rows("dashboard_accounts", now=owner.now)
    if not accounts:
        st.info(
            "No account is connected yet, so nothing can be posted. Ask whoever set PostAgentPro up for you to connect "
            "your Google Business Profile, Facebook Page or Instagram.",
            icon=":material/link:",
        )
    for pair in zip_longest(accounts[::2], accounts[1::2]):
        for column, account in zip(st.columns(2), pair, strict=True):
            if account is not None:
                with column:
                    _account(owner, account)
    most = owner.rights.accounts_per_platform
    st.caption(f"Your plan has room for {count(most, 'account')} on each platform.")
    close_page(owner)


def _account(owner: Owner, account: Any) -> None:
    state = account_state(account, zone=owner.clock_zone, now=owner.now)
    name = account.account_name or account.account_id
    with st.container(border=True, height="stretch", key=f"account-{account.id}"):
        st.subheader(f"{platform_name(account.platform)}: {plain(name)}", anchor=False)
        st.html(badge(state))
        if account.status != "active":
            held = f"{count(account.open_posts, 'post waits', 'posts wait')} until then. " if account.open_posts else ""
            st.markdown(
                "**What to do:** ask whoever set PostAgentPro up for you to connect this account again; they need "
                f"you for one login at {platform_name(account.platform)}. {held}Nothing is lost."
            )
        lines = [
            ("Permission", permission(account, zone=owner.clock_zone, now=owner.now)),
            ("Renewed", distance(account.last_refreshed_at, owner.now) if account.last_refreshed_at else "Not yet"),
            ("Connected", day_name(account.connected_at.astimezone(owner.clock_zone).date())),
            ("Posts ahead", f"{account.open_posts:,}"),
        ]
        if (used := day_quota(account)) is not None:
            lines.append(("Posts in 24 hours", used))
        if account.next_at is not None:
            lines.append(("Next post", moment(account.next_at, owner.clock_zone, owner.now)))
        if account.login_provider:
            lines.append(("Login", _LOGINS[account.login_provider]))
        st.html(definition_list(lines))


show()
