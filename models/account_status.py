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


class Lost(NamedTuple):
    """A connection that only the owner can mend."""

    status: str  # of connected_accounts: "expired" or "revoked"
    reason: str


def lost(platform: str, code: str | None) -> Lost:
    """State and words for an account whose platform asks for the owner; `code` as in `PlatformError.code`."""
    name = PLATFORM_NAMES.get(platform, platform.capitalize())
    code = code or ""
    main = code.split("/")[0]
    words = _WORDS.get(code) or _WORDS.get(main)
    if words is None and (main == "10" or (main.isdecimal() and 200 <= int(main) < 300)):
        words = _PERMISSION
    sentence = (words or "{name} does not accept the connection any more").format(name=name)
    return Lost("expired" if code in _RAN_OUT else "revoked", f"{sentence}. Please connect {name} again.")
