"""Who may log in: e-mail and password, guesses slowed down, sessions that the server can end.

Everything here acts as `postagent_access`, which sees password hashes and sessions and nothing else of a tenant.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from pydantic import SecretStr

from models.connecting import hashed
from models.database import Role, session
from models.owners import LONGEST_EMAIL
from models.passwords import verify_password
from models.queries import query
from models.user import email_subject

SESSION_LIFE = timedelta(days=30)
_SEEN_EVERY = timedelta(minutes=1)
_TOKEN_CHARACTERS = 43  # 32 bytes as base64url


@dataclass(frozen=True, slots=True)
class Slowdown:
    """How a run of failures is answered: `free` ones cost nothing, each one more doubles the wait, up to `longest`."""

    free: int
    longest: timedelta
    remembered: timedelta
    forgiving: bool  # whether a success wipes the slate

    def wait(self, failures: int, last_failed_at: datetime | None, now: datetime) -> timedelta:
        """How long the next try has to wait still; zero when it may go on."""
        if last_failed_at is None or failures < self.free:
            return timedelta()
        doublings = min(failures - self.free, 32)
        ends_at = last_failed_at + min(timedelta(seconds=2.0**doublings), self.longest)
        return max(ends_at - now, timedelta())


# A person mistypes; a guesser tries thousands. Never for ever: the owner behind an attacked e-mail gets in as well.
PER_EMAIL = Slowdown(free=5, longest=timedelta(minutes=5), remembered=timedelta(hours=24), forgiving=True)
# An office or a proxy is one address for many people.
PER_ADDRESS = Slowdown(free=30, longest=timedelta(minutes=15), remembered=timedelta(hours=1), forgiving=False)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The password was right; the token belongs into the cookie and is known to nobody else."""

    token: SecretStr


@dataclass(frozen=True, slots=True)
class WrongPassword:
    """No user has this e-mail and password."""


@dataclass(frozen=True, slots=True)
class TooSoon:
    """Too many failures; the next try counts only after the wait."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Known:
    """The password was right: whose it is."""

    user_id: UUID
    password_hash: str = field(repr=False)


class SignedIn(NamedTuple):
    """A live session."""

    session_id: UUID
    user_id: UUID
    email: str


def log_in(
    email: str, password: SecretStr, *, address: str, user_agent: str | None, now: datetime
) -> LoggedIn | WrongPassword | TooSoon:
    """Check e-mail and password and open a session. `address` is the visitor's IP address."""
    known = check_password_of(email, password, address=address, now=now)
    if not isinstance(known, Known):
        return known
    token = secrets.token_urlsafe(32)
    with session(Role.ACCESS) as db:
        db.connection().exec_driver_sql(
            query("open_session"),
            {
                "token_hash": hashed(token),
                "user_id": known.user_id,
                "user_agent": user_agent[:300] if user_agent else None,
                "address": address or None,
                "now": now,
                "expires_at": now + SESSION_LIFE,
            },
        )
    return LoggedIn(SecretStr(token))


def check_password_of(
    email: str, password: SecretStr, *, address: str, now: datetime
) -> Known | WrongPassword | TooSoon:
    """Check a password, at the login and wherever it is asked for once more: every guess counts together.

    Known and unknown e-mails take the same steps and the same time. `address` is the visitor's IP address.
    """
    email = email.replace("\0", "").strip()[:LONGEST_EMAIL]
    attempt = _begin(email, address, now)
    if isinstance(attempt, TooSoon):
        return attempt
    with session(Role.ACCESS) as db:
        user = db.connection().exec_driver_sql(query("login_user"), {"email": email}).one_or_none()
    # The slow part, outside of any transaction.
    if not verify_password(user.password_hash if user else None, password) or user is None:
        return WrongPassword()
    with session(Role.ACCESS) as db:
        db.connection().exec_driver_sql(query("login_succeeded"), {"ids": attempt})
    return Known(user.id, user.password_hash)


def _begin(email: str, address: str, now: datetime) -> list[int] | TooSoon:
    return begin_attempt({email_subject(email): PER_EMAIL, f"address:{network_of(address)}": PER_ADDRESS}, now)


def begin_attempt(subjects: Mapping[str, Slowdown], now: datetime) -> list[int] | TooSoon:
    """Count a try of these subjects before it is looked at, or say how long to wait. Refused tries are not counted."""
    with session(Role.ACCESS) as db:
        run = db.connection().exec_driver_sql
        waits: list[timedelta] = []
        for subject, rule in sorted(subjects.items()):  # sorted: two logins lock in the same order
            run(query("login_slot"), {"subject": subject})
            past = run(
                query("login_failures"),
                {"subject": subject, "since": now - rule.remembered, "forgiving": rule.forgiving},
            ).one()
            waits.append(rule.wait(past.failures, past.last_failed_at, now))
        longest = max(waits)
        if longest > timedelta():
            return TooSoon(max(1, -(-longest // timedelta(seconds=1))))
        return [run(query("begin_login_attempt"), {"subject": s, "now": now}).scalar_one() for s in subjects]


def network_of(address: str) -> str:
    """Whom an address stands for: an IPv6 visitor owns a whole /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def find_session(token: str | None, *, now: datetime) -> SignedIn | None:
    """The live session behind a cookie's token, noted as seen (at most once a minute)."""
    if token is None or len(token) != _TOKEN_CHARACTERS:
        return None
    with session(Role.ACCESS) as db:
        run = db.connection().exec_driver_sql
        row = run(query("find_session"), {"token_hash": hashed(token), "now": now}).one_or_none()
        if row is None:
            return None
        if row.last_seen_at < now - _SEEN_EVERY:
            run(query("touch_session"), {"id": row.id, "now": now, "before": now - _SEEN_EVERY})
        return SignedIn(row.id, row.user_id, row.email)


def is_alive(session_id: UUID, user_id: UUID, *, now: datetime) -> bool:
    """Whether the session a page was opened with still stands: open websockets outlive a logout."""
    with session(Role.ACCESS) as db:
        parameters = {"id": session_id, "user_id": user_id, "now": now}
        return bool(db.connection().exec_driver_sql(query("session_alive"), parameters).scalar_one())


def log_out(token: str | None, *, now: datetime) -> None:
    """End the session behind a cookie; quiet where there is none."""
    if token is None:
        return
    with session(Role.ACCESS) as db:
        db.connection().exec_driver_sql(query("revoke_session"), {"token_hash": hashed(token), "now": now})
