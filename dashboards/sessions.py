"""Where an owner is logged in, and their password: what they look after themselves once they are in.

As `postagent_access`, like the login: the dashboard's own role sees neither sessions nor passwords.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import Row

from dashboards.logins import Known, SignedIn, TooSoon, WrongPassword, check_password_of
from models.database import Role, session
from models.passwords import hash_password
from models.queries import query


class Changed(Enum):
    """What became of a new password."""

    YES = "yes"
    MEANWHILE = "meanwhile"  # another tab was faster: the password that was checked is not the one any more


def sessions_of(user_id: UUID, *, now: datetime) -> Sequence[Row[Any]]:
    """The live ones with device and address, the latest first."""
    with session(Role.ACCESS) as db:
        return db.connection().exec_driver_sql(query("sessions_of"), {"user_id": user_id, "now": now}).all()


def end_session(user_id: UUID, session_id: UUID, *, now: datetime) -> None:
    """End one of the owner's sessions; quiet where there is none, and for another owner's."""
    _run("end_session", id=session_id, user_id=user_id, now=now)


def end_other_sessions(user_id: UUID, *, staying: UUID, now: datetime) -> int:
    """End all of the owner's sessions but one; returns how many."""
    return _run("end_other_sessions", user_id=user_id, staying=staying, now=now)


def change_password(
    who: SignedIn, old: SecretStr, new: SecretStr, *, address: str, now: datetime
) -> Changed | WrongPassword | TooSoon:
    """Set a new password and end every session but this one. Raises PasswordError when it is not good enough."""
    known = check_password_of(who.email, old, address=address, now=now)
    if not isinstance(known, Known):
        return known
    new_hash = hash_password(new, email=who.email)
    values = {
        "user_id": who.user_id,
        "checked_hash": known.password_hash,
        "new_hash": new_hash,
        "staying": who.session_id,
    }
    with session(Role.ACCESS) as db:
        is_changed = db.connection().exec_driver_sql(query("change_password"), values).scalar_one()
    return Changed.YES if is_changed else Changed.MEANWHILE


def _run(name: str, **values: Any) -> int:
    with session(Role.ACCESS) as db:
        return db.connection().exec_driver_sql(query(name), values).rowcount
