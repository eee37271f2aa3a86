"""How a connection stands, in words. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from html import escape
from typing import Protocol

from dashboards.parts.cards import avatar
from dashboards.parts.times import day_name, distance
from dashboards.parts.wording import State, platform_name

_SOON = timedelta(days=7)


class Connection(Protocol):
    """A row of `dashboard_accounts`."""

    platform: str
    account_name: str | None
    account_id: str
    status: str
    status_reason: str | None
    token_expires_at: datetime | None
    last_refreshed_at: datetime | None
    connected_at: datetime
    open_posts: int


def account_state(account: Connection, *, now: datetime) -> State:
    """Whether posts can go out over a connection, and why not."""
    if account.status != "active":
        reason = account.status_reason or "The platform does not accept the connection any more."
        return State("Not connected", reason, "bad")
    ends = account.token_expires_at
    # Google's permission is renewed every hour by design; only the long-lived ones are worth a warning.
    if account.platform != "google" and ends is not None:
        if ends <= now:
            return State("Ran out", "The permission ran out. We are trying to renew it.", "warn")
        if ends <= now + _SOON:
            return State("Renews soon", f"The permission ends {distance(ends, now)}; we renew it by ourselves.", "calm")
    return State("Connected", "Posts go out.", "good")


def permission(account: Connection, *, zone: tzinfo, now: datetime) -> str:
    """How long the platform's permission lasts."""
    ends = account.token_expires_at
    if account.status != "active":
        return "Ended"
    if account.platform == "google":
        return "Stays, renewed every hour"
    if ends is None:
        return "Stays until taken back"
    return f"Until {day_name(ends.astimezone(zone).date())} ({distance(ends, now)}), renewed before"


def list_item(account: Connection, state: State, *, zone: tzinfo) -> str:
    """A line of a list: platform, name, state."""
    return (
        f"<li>{avatar(account.platform, account.platform, small=True)}"
        f'<span class="pa-grow"><b>{escape(platform_name(account.platform))}</b><br>'
        f"<small>{escape(account.account_name or account.account_id)}</small></span>"
        f'<span class="pa-badge pa-{state.tone}">{escape(state.label)}</span></li>'
    )
