"""Every connection: whether posts go out over it, how long its permission lasts, and what to do when it broke."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

import streamlit as st

from dashboards.parts.accounts import account_state, day_quota, permission, title_of
from dashboards.parts.cards import badge, definition_list
from dashboards.parts.connecting import DONE, actions, connect_button
from dashboards.parts.frame import close_page, open_page
from dashboards.parts.owner import Owner
from dashboards.parts.times import day_name, distance, moment
from dashboards.parts.wording import PLATFORMS, count, plain, platform_name
from models.settings import settings
from platforms.connecting.base import Service
from platforms.connecting.registry import missing_settings, platform_of
from tasks.wiring import connect_config

_LOGINS = {"facebook": "Through Facebook", "instagram": "Through Instagram"}


def show() -> None:
    """The page."""
    owner = open_page("Accounts")
    accounts = owner.rows("dashboard_accounts", now=owner.now)
    _done()
    if not accounts:
        st.info(
            "No account is connected yet, so nothing can be posted. Connect your first one below; it takes a minute.",
            icon=":material/link:",
        )
        _connect_more(owner, accounts)
    for pair in zip_longest(accounts[::2], accounts[1::2]):
        for column, account in zip(st.columns(2), pair, strict=True):
            if account is not None:
                with column:
                    _account(owner, account)
    if accounts:
        _connect_more(owner, accounts)
    close_page(owner)


def _done() -> None:
    """What the owner just did, after they come back here. Only known words: the address is anybody's to write."""
    told = DONE.get(st.query_params.get("done", ""))
    if told is None:
        return
    at = st.query_params.get("at", "")
    text = told.text.format(platform=PLATFORMS.get(at, "the platform"))
    (st.success if told.is_good else st.warning)(text, icon=f":material/{told.icon}:")


def _connect_more(owner: Owner, accounts: Any) -> None:
    """A button for each login, and how much room the plan has."""
    most = owner.rights.accounts_per_platform
    st.header("Connect an account" if accounts else "Connect your first account", anchor=False)
    st.caption(f"Your plan has room for {count(most, 'account')} on each platform.")
    if not owner.may_change:
        return
    config = connect_config(settings())
    used = {
        platform: sum(a.platform == platform and a.disconnected_at is None for a in accounts) for platform in PLATFORMS
    }
    rows = [
        connect_button(
            service,
            is_full=used[platform_of(service)] >= most,
            is_set_up=not missing_settings(service, config),
            is_first=not accounts,
        )
        for service in Service
    ]
    st.html(f'<ul class="pa-list">{"".join(rows)}</ul>')


def _account(owner: Owner, account: Any) -> None:
    state = account_state(account, zone=owner.clock_zone, now=owner.now)
    name = title_of(account)
    with st.container(border=True, height="stretch", key=f"account-{account.id}"):
        st.header(f"{platform_name(account.platform)}: {plain(name)}", anchor=False)
        st.html(badge(state))
        if account.disconnected_at is not None:
            if account.open_posts:
                st.markdown(f"{count(account.open_posts, 'post waits', 'posts wait')} for it.")
        elif account.status != "active":
            held = f"{count(account.open_posts, 'post waits', 'posts wait')} until then. " if account.open_posts else ""
            st.markdown(
                f"It takes one login at {platform_name(account.platform)} to connect it again. {held}Nothing is lost."
            )
        lines = [
            ("Permission", permission(account, zone=owner.clock_zone, now=owner.now)),
            ("Renewed", distance(account.last_refreshed_at, owner.now) if account.last_refreshed_at else "Not yet"),
            ("Connected", day_name(account.connected_at.astimezone(owner.clock_zone).date())),
            ("Posts ahead", f"{account.open_posts:,}"),
        ]
        if (used := day_quota(account)) is not None:
            lines.append(("Posts in 24 hours", used))
        if account.next_at is not None and account.status == "active":
            lines.append(("Next post", moment(account.next_at, owner.clock_zone, owner.now)))
        if account.login_provider:
            lines.append(("Login", _LOGINS[account.login_provider]))
        st.html(definition_list(lines))
        if buttons := actions(account, may_connect=owner.may_change):
            st.html(buttons)


show()
