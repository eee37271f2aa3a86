"""What an owner reads when a connection is gone, and which state that is; decided by the platform's code alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

PLATFORM_NAMES: Mapping[str, str] = {"google": "Google", "facebook": "Facebook", "instagram": "Instagram"}

NO_REFRESH_TOKEN = "no_refresh_token"  # noqa: S105 - a code, not a token
# Google says only "expired or revoked"; these are what is known of a grant that ended.
REAUTH = "invalid_grant/invalid_rapt"  # the only one that Google itself names
TESTING = "invalid_grant/testing"
TOO_MANY = "invalid_grant/too_many"
UNUSED = "invalid_grant/unused"
TESTING_LIFE = timedelta(days=7)  # of grants while the OAuth consent screen is in testing
UNUSED_LIFE = timedelta(days=180)  # Google: six months
MOST_GRANTS = 100  # of one Google account with one OAuth client; one more, and the oldest dies
_RAN_OUT = frozenset({"190/463", NO_REFRESH_TOKEN, REAUTH, TESTING, UNUSED})

_WORDS: Mapping[str, str] = {
    "190/458": "PostAgent was removed from the account's settings on {name}",
    "190/459": "{name} wants the account's owner to log in on its own pages first",
    "190/460": "The account's password was changed, so {name} ended the connection",
    "190/463": "The connection to {name} ran out",
    "190/464": "{name} wants the account to be confirmed on its own pages first",
    "190/492": "You have no role on this Page any more",
    "25": "{name} has restricted the account or wants something confirmed in its app",
    "invalid_grant": "{name} does not accept the connection any more: it was taken back or ran out",
    REAUTH: "The account's Google Workspace makes its people log in again after some time, which ended the connection",
    TESTING: "{name} ended the connection after seven days, as it does while PostAgent is being tested there",
    TOO_MANY: "{name} keeps a hundred connections of one account with PostAgent, and ended the oldest: this one",
    UNUSED: "The connection to {name} was not used for six months, so it ended",
    "admin_policy_enforced": "The account's Google Workspace does not allow PostAgent",
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": "A permission was not ticked when {name} was connected",
    "PERMISSION_DENIED": "{name} says that this account has no right to manage the location any more",
    "NOT_FOUND": "{name} does not find the location any more; it may have moved to another account",
    "100/33": "{name} does not find the account any more, or does not show it to PostAgent",
    "other_app": "The connection was not made with PostAgent's own app",
    NO_REFRESH_TOKEN: "The connection to {name} ran out and cannot be renewed",
}
_PERMISSION = "A permission that posting needs was not given or was taken back on {name}"


APP_REMOVED = "190/458"  # the code for it, also where Meta tells it without a failed call


class Lost(NamedTuple):
    """A connection that only the owner can mend."""

    status: str  # of connected_accounts: "expired" or "revoked"
    reason: str
    code: str = ""  # what it was decided by


def disconnected(platform: str) -> str:
    """What stands at an account that its owner disconnected."""
    return f"You disconnected it from {_name(platform)}. Its posts wait until you connect it again."


def deleted(platform: str) -> str:
    """What stands at an account of which nothing is left but the owner's own posts."""
    return f"What {_name(platform)} told us about it was deleted, as was asked for there. It cannot be used any more."


def is_deleted(account_id: str) -> bool:
    """Whether it is no longer known what an account was; migration 022 writes such ids."""
    return account_id.startswith("deleted:")


def _name(platform: str) -> str:
    return PLATFORM_NAMES.get(platform, platform.capitalize())


def lost(platform: str, code: str | None) -> Lost:
    """State and words for an account whose platform asks for the owner; `code` as in `PlatformError.code`."""
    name = _name(platform)
    code = code or ""
    main = code.split("/")[0]
    words = _WORDS.get(code) or _WORDS.get(main)
    if words is None and (main == "10" or (main.isdecimal() and 200 <= int(main) < 300)):
        words = _PERMISSION
    sentence = (words or "{name} does not accept the connection any more").format(name=name)
    return Lost("expired" if code in _RAN_OUT else "revoked", f"{sentence}. Please connect {name} again.", code)


def grant_cause(code: str, *, connected_at: datetime, used_at: datetime, newer: int, now: datetime) -> str:
    """Why Google ended a grant, as far as its story tells: one of the codes above, else `code`.

    `used_at` is when it last gave a token, `newer` how often the same Google account was connected since.
    """
    if code != "invalid_grant":
        return code
    if newer >= MOST_GRANTS:
        return TOO_MANY
    if now - used_at >= UNUSED_LIFE:
        return UNUSED
    ran_out = connected_at + TESTING_LIFE
    if ran_out - timedelta(days=1) <= used_at < ran_out <= now:
        return TESTING
    return code


def access_ends(platform: str) -> str:
    """What an owner reads while a part of a connection is about to end."""
    name = PLATFORM_NAMES.get(platform, platform.capitalize())
    return f"{name} ends a part of what this connection may do, unless you connect {name} again by then."
