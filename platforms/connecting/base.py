"""What every way to connect an account has in common, and what can be wrong with it, classified once.

A service is a platform by one of its logins: Instagram has two. Every method that calls out raises a
`platforms.errors.PlatformError` for what is the platform's or ours, and a `ConnectError` for what the owner can mend.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlencode

from pydantic import SecretStr


class Service(StrEnum):
    """What an owner can connect, as it stands in addresses."""

    GOOGLE = "google"
    FACEBOOK = "facebook"
    INSTAGRAM = "instagram"  # by Instagram's own login
    INSTAGRAM_FACEBOOK = "instagram-facebook"  # through Facebook's login and a Page


class Problem(StrEnum):
    """Why nothing can be connected, where the owner can do something about it."""

    DENIED = "denied"  # "No" in the dialog
    FORBIDDEN = "forbidden"  # an administrator of their organisation does not allow it
    LOGIN_FAILED = "login_failed"  # the platform does not take the code it gave: used, too old
    MISSING_PERMISSION = "missing_permission"  # something was unticked that posting needs
    NOTHING_THERE = "nothing_there"  # no Page, location or professional account is shared with us
    WRONG_KIND = "wrong_kind"  # a personal Instagram account
    NOT_LASTING = "not_lasting"  # access for an hour, and nothing to renew it with


class Obstacle(StrEnum):
    """Why one of the things found cannot be chosen."""

    NO_ROLE = "no_role"  # the owner may not post there
    UNVERIFIED = "unverified"  # Google shows no posts of an unverified profile


class ConnectError(Exception):
    """Nothing to connect; the owner can mend it. `missing` are the permissions that were not given."""

    def __init__(self, problem: Problem, *, missing: Sequence[str] = (), told: str = "") -> None:
        """`told` is for the log: the platform's words, without secrets."""
        super().__init__(f"{problem}{f' ({told})' if told else ''}")
        self.problem = problem
        self.missing = tuple(missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Something that can be connected, with its own tokens. `address` tells places of the same name apart."""

    account_id: str
    name: str
    address: str
    access_token: SecretStr
    refresh_token: SecretStr | None
    expires_at: datetime | None  # UTC
    obstacle: Obstacle | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the owner may choose from. `person` is the platform's id of who gave the permission, where it tells one."""

    person: str | None
    choices: tuple[Choice, ...]


class Connector(Protocol):
    """One service's login."""

    service: Service

    def dialog_url(self, *, redirect_uri: str, state: str, challenge: str) -> str:
        """Where the owner says yes. `challenge` is PKCE's S256, sent where the platform knows it."""
        ...

    async def find(self, code: str, *, redirect_uri: str, verifier: SecretStr, now: datetime) -> Findings:
        """Exchange the code, check the permissions, and list everything that can be connected."""
        ...

    async def revoke(self, access_token: SecretStr, refresh_token: SecretStr | None) -> bool:
        """End the permission at the platform, which ends all that the person connected. False = it has no way to."""
        ...


def dialog_problem(asked: Mapping[str, str]) -> Problem | None:
    """What a dialog came back with instead of a code; None where it is nothing that an owner can mend."""
    error = asked.get("error", "")
    if error in ("access_denied", "user_denied") or asked.get("error_reason") == "user_denied":
        return Problem.DENIED
    return Problem.FORBIDDEN if error in ("admin_policy_enforced", "org_internal") else None


def web_address(base: str, path: str, **query: str) -> str:
    """An address of a dialog."""
    return f"{base.rstrip('/')}{path}?{urlencode(query)}"


def check_granted(granted: str | Sequence[str] | None, needed: Sequence[str], separator: str = ",") -> None:
    """Raise ConnectError unless all that is needed was granted; None = the platform did not say, which means yes."""
    if granted is None:
        return
    given = granted.split(separator) if isinstance(granted, str) else granted
    if missing := [scope for scope in needed if scope not in {scope.strip() for scope in given}]:
        raise ConnectError(Problem.MISSING_PERMISSION, missing=missing)
