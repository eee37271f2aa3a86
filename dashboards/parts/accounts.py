"""How a connection stands, in words. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from html import escape
from typing import Protocol

from dashboards.parts.cards import avatar
from dashboards.parts.times import day_name, distance, moment
from dashboards.parts.wording import State, count, plain, platform_name
from models.account_status import is_deleted

_SOON = timedelta(days=7)
_LONG = timedelta(minutes=15)  # a pause that an owner should know of


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
    disconnected_at: datetime | None
    open_posts: int
    slowed_until: datetime | None
    slowed_reason: str | None
    full_until: datetime | None
    posts_used: int | None
    posts_total: int | None
    lost_at: datetime | None
    ends_message: str | None
    ends_at: datetime | None


def lost_connection(account: Connection, *, now: datetime) -> str:
    """What the first page says of a connection that only the owner can mend, as Markdown."""
    name = f"{platform_name(account.platform)}: {title_of(account)}"
    reason = account.status_reason or "The connection does not work any more."
    since = f" Noticed {distance(account.lost_at, now).replace('now', 'just now')}." if account.lost_at else ""
    held = f" {count(account.open_posts, 'post waits', 'posts wait')} for it." if account.open_posts else ""
    kept = "Nothing is lost: posts wait until the connection is back, then go out one after the other."
    return f"**{plain(name)}** is not connected. {plain(reason)}{since}{held} {kept}"


def ending_access(account: Connection, *, zone: tzinfo) -> str:
    """What the first page says of a connection that will need the owner soon, as Markdown."""
    name = f"{platform_name(account.platform)}: {title_of(account)}"
    day = f" by {day_name(account.ends_at.astimezone(zone).date())}" if account.ends_at else ""
    return f"**{plain(name)}** has to be connected again{day}. {plain(account.ends_message or '')}"


def title_of(account: Connection) -> str:
    """What to call an account; one whose data was deleted has no name any more."""
    return account.account_name or ("deleted account" if is_deleted(account.account_id) else account.account_id)


def pause_of(account: Connection, *, zone: tzinfo, now: datetime) -> State | None:
    """Until when the platform keeps the account from posting, and why; None when it does not."""
    slowed, full = account.slowed_until or now, account.full_until or now
    until = max(slowed, full)
    if account.status != "active" or until <= now:
        return None
    name = platform_name(account.platform)
    if slowed >= full:
        reason = account.slowed_reason or f"{name} asks for a pause."
    else:
        number = f"{account.posts_total} posts" if account.posts_total else "only so many posts"
        reason = f"{name} allows {number} in 24 hours, and they are used up."
    when = moment(until, zone, now)
    return State(
        "Waiting", f"{reason} Posts go out again by themselves {when}.", "warn" if until - now > _LONG else "calm"
    )


def account_state(account: Connection, *, zone: tzinfo, now: datetime) -> State:
    """Whether posts can go out over a connection, and why not."""
    if account.disconnected_at is not None:
        return State("Disconnected", account.status_reason or "You disconnected it.", "calm")
    if account.status != "active":
        reason = account.status_reason or "The platform does not accept the connection any more."
        return State("Not connected", reason, "bad")
    pause = pause_of(account, zone=zone, now=now)
    if pause is not None:
        return pause
    if account.ends_message:
        return State("Needs you soon", account.ends_message, "warn")
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
    if account.disconnected_at is not None:
        return "Deleted here"
    if account.status != "active":
        return "Ended"
    if account.platform == "google":
        return "Stays, renewed every hour"
    if account.ends_at is not None:
        return f"To be confirmed by {day_name(account.ends_at.astimezone(zone).date())}: connect again by then"
    if ends is None:
        return "Stays until taken back"
    return f"Until {day_name(ends.astimezone(zone).date())} ({distance(ends, now)}), renewed before"


def day_quota(account: Connection) -> str | None:
    """How many of the posts that the platform allows in 24 hours are used; None where it is not known."""
    if account.posts_total is None or account.posts_used is None:
        return None
    return f"{account.posts_used} of {account.posts_total} used"


def list_item(account: Connection, state: State, *, zone: tzinfo) -> str:
    """A line of a list: platform, name, state; what is wrong is said in a sentence."""
    told = f"<br><small>{escape(state.sentence)}</small>" if state.tone == "warn" else ""
    return (
        f"<li>{avatar(account.platform, account.platform, small=True)}"
        f'<span class="pa-grow"><b>{escape(platform_name(account.platform))}</b><br>'
        f"<small>{escape(title_of(account))}</small>{told}</span>"
        f'<span class="pa-badge pa-{state.tone}">{escape(state.label)}</span></li>'
    )
