"""The way to a platform and back: a state that opens once, in time, in one session; what was found, kept sealed.

Everything here acts as `postagent_access`, like the sessions that it hangs on.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
from pydantic import SecretStr

from dashboards.connecting.words import Trouble
from dashboards.logins import SignedIn
from models.connecting import CHOICE_LIFE, STATE_LIFE, hashed, open_for_attempt, seal_for_attempt
from models.crypto import key_ring
from models.database import Role, session
from models.queries import query
from platforms.connecting.base import Choice, Findings, Obstacle, Service

_VERIFIER = "verifier_encrypted"
_FINDINGS = "findings_encrypted"


@dataclass(frozen=True, slots=True)
class Begun:
    """What goes into the dialog's address. The state is known to nobody else."""

    state: str
    challenge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """Somebody came back with their state, for the first time and in time."""

    attempt_id: UUID
    reconnects: UUID | None
    verifier: SecretStr


def begin(who: SignedIn, service: Service, *, reconnects: UUID | None, now: datetime) -> Begun:
    """Remember that this session is on its way. Raises CryptoError."""
    attempt_id, state, verifier = uuid4(), secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    sealed = seal_for_attempt(
        key_ring(), SecretStr(verifier), column=_VERIFIER, attempt_id=attempt_id, user_id=who.user_id
    )
    values = {
        "id": attempt_id,
        "user_id": who.user_id,
        "session_id": who.session_id,
        "service": service.value,
        "reconnects": reconnects,
        "state_hash": hashed(state),
        "verifier": sealed,
        "now": now,
        "expires_at": now + STATE_LIFE,
    }
    with session(Role.ACCESS) as db:
        db.connection().exec_driver_sql(query("begin_connect_attempt"), values)
    return Begun(state, challenge_of(verifier))


def challenge_of(verifier: str) -> str:
    """PKCE's S256 (RFC 7636)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def come_back(who: SignedIn, service: Service, state: str, *, now: datetime) -> Returned | Trouble:
    """Use a state up, or say what is wrong with it. Raises CryptoError."""
    values = {
        "state_hash": hashed(state),
        "service": service.value,
        "session_id": who.session_id,
        "user_id": who.user_id,
        "now": now,
    }
    with session(Role.ACCESS) as db:
        run = db.connection().exec_driver_sql
        row = run(query("return_from_platform"), values).one_or_none()
        if row is None:
            why = run(query("why_not_returned"), values).one_or_none()
            if why is None or not why.is_ours:
                return Trouble.NOT_OURS
            return Trouble.USED if why.is_used else Trouble.TOO_LATE
    verifier = open_for_attempt(
        key_ring(), row.verifier_encrypted, column=_VERIFIER, attempt_id=row.id, user_id=who.user_id
    )
    return Returned(attempt_id=row.id, reconnects=row.reconnects, verifier=verifier)


def keep(who: SignedIn, attempt_id: UUID, findings: Findings, *, now: datetime) -> None:
    """Keep what was found until the owner has chosen. Raises CryptoError."""
    sealed = seal_for_attempt(
        key_ring(), _written(findings), column=_FINDINGS, attempt_id=attempt_id, user_id=who.user_id
    )
    values = {
        "id": attempt_id,
        "findings": sealed,
        "granted_by": findings.person,
        "expires_at": now + CHOICE_LIFE,
    }
    with session(Role.ACCESS) as db:
        db.connection().exec_driver_sql(query("keep_findings"), values)


def found(who: SignedIn, attempt_id: UUID, *, now: datetime) -> tuple[Service, Findings] | None:
    """What this session can still choose from. Raises CryptoError."""
    values = {"id": attempt_id, "session_id": who.session_id, "user_id": who.user_id, "now": now}
    with session(Role.ACCESS) as db:
        row = db.connection().exec_driver_sql(query("findings_of_attempt"), values).one_or_none()
    if row is None:
        return None
    opened = open_for_attempt(
        key_ring(), row.findings_encrypted, column=_FINDINGS, attempt_id=attempt_id, user_id=who.user_id
    )
    return Service(row.service), _read(opened)


def end(attempt_id: UUID) -> None:
    """The choice is made, or there is none to make."""
    with session(Role.ACCESS) as db:
        db.connection().exec_driver_sql(query("end_connect_attempt"), {"id": attempt_id})


def _written(findings: Findings) -> SecretStr:
    return SecretStr(orjson.dumps(asdict(findings), default=_plain).decode())


def _plain(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    raise TypeError(f"{type(value).__name__} is not kept")


def _read(kept: SecretStr) -> Findings:
    body: dict[str, Any] = orjson.loads(kept.get_secret_value())
    return Findings(
        person=body["person"],
        choices=tuple(
            Choice(
                account_id=choice["account_id"],
                name=choice["name"],
                address=choice["address"],
                access_token=SecretStr(choice["access_token"]),
                refresh_token=SecretStr(choice["refresh_token"]) if choice["refresh_token"] else None,
                expires_at=datetime.fromisoformat(choice["expires_at"]) if choice["expires_at"] else None,
                obstacle=Obstacle(choice["obstacle"]) if choice["obstacle"] else None,
            )
            for choice in body["choices"]
        ),
    )
