"""What an owner reads when a connection is gone, and which state that is; decided by the platform's code alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

PLATFORM_NAMES: Mapping[str, str] = {"google": "Google", "facebook": "Facebook", "instagram": "Instagram"}

NO_REFRESH_TOKEN = "no_refresh_token"  # noqa: S105 - a code, not a token
_RAN_OUT = frozenset({"190/463", NO_REFRESH_TOKEN})

_WORDS: Mapping[str, str] = {
    "190/458": "PostAgent was removed from the account's settings on {name}",
    "190/459": "{name} wants the account's owner to log in on its own pages first",
    "190/460": "The account's password was changed, so {name} ended the connection",
    "190/463": "The connection to {name} ran out",
    "190/464": "{name} wants the account to be confirmed on its own pages first",
    "190/492": "You have no role on this Page any more",
    "25": "{name} has restricted the account or wants something confirmed in its app",
    "invalid_grant": "{name} does not accept the connection any more: it was taken back or ran out",
    "admin_policy_enforced": "The account's Google Workspace does not allow PostAgent",
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": "A permission was not ticked when {name} was connected",
    "PERMISSION_DENIED": "{name} says that this account has no right to manage the location any more",
    "NOT_FOUND": "{name} does not find the location any more; it may have moved to another account",
    NO_REFRESH_TOKEN: "The connection to {name} ran out and cannot be renewed",
}
_PERMISSION = "A permission that posting needs was not given or was taken back on {name}"


APP_REMOVED = "190/458"  # the code for it, also where Meta tells it without a failed call


class Lost(NamedTuple):
    """A connection that only the owner can mend."""

    status: str  # of connected_accounts: "expired" or "revoked"
    reason: str


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
    return Lost("expired" if code in _RAN_OUT else "revoked", f"{sentence}. Please connect {name} again.")
