"""The one way in which an account comes into `connected_accounts`, for the first time or again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from psycopg.errors import UniqueViolation
from pydantic import SecretStr
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from models.account_tokens import seal_tokens
from models.crypto import KeyRing
from models.plan_rights import Rights
from models.queries import query

_PLACE_KEY = "connected_accounts_place_key"


class CannotConnect(Exception):
    """An account cannot be stored; nothing of it was."""


class PlanIsFull(CannotConnect):
    """The plan holds no more accounts on this platform."""

    def __init__(self, rights: Rights, connected: int) -> None:
        super().__init__(f"{connected} of {rights.accounts_per_platform} accounts that the plan {rights.plan} holds")
        self.rights = rights
        self.connected = connected


class PlaceIsTaken(CannotConnect):
    """Another owner has connected this Page, location or account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """What a platform gave access to. An empty or missing refresh token leaves the one that is there.

    `login` is for Instagram only; `granted_by` the platform's id of the person who gave the access, where known.
    """

    platform: str
    account_id: str
    name: str | None
    access_token: SecretStr
    refresh_token: SecretStr | None = None
    expires_at: datetime | None = None
    login: str | None = None
    granted_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAccount:
    """An owner's row for a place that they connected before, now disconnected or not."""

    id: UUID
    login_provider: str | None
    is_connected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectedPlace:
    """Something that an owner has connected at this moment, whether or not it works."""

    platform: str
    place: str
    status: str


def place_of(account_id: str) -> str:
    """What an account id stands for, whichever way leads there: a Google location is reached by several accounts. The
    column `place` says the same."""
    google, slash, location = account_id.partition("/locations/")
    return f"locations/{location}" if slash and google.startswith("accounts/") and "/" not in google[9:] else account_id


def known_account(db: Session, user_id: UUID, platform: str, account_id: str) -> KnownAccount | None:
    """The owner's row for the place that `account_id` names."""
    values = {"user_id": user_id, "platform": platform, "account_id": account_id}
    row = db.connection().exec_driver_sql(query("account_at_place"), values).mappings().one_or_none()
    return KnownAccount(**row) if row is not None else None


def connected_places(db: Session, user_id: UUID) -> list[ConnectedPlace]:
    """All that the owner has connected."""
    rows = db.connection().exec_driver_sql(query("connected_places"), {"user_id": user_id}).mappings()
    return [ConnectedPlace(**row) for row in rows]


def check_room(db: Session, user_id: UUID, platform: str, account_id: str, rights: Rights) -> KnownAccount | None:
    """The owner's row for the place, if any; until the transaction ends nobody else connects for them.

    Raises PlanIsFull where it would be one account too many.
    """
    db.connection().exec_driver_sql(query("lock_accounts_of"), {"user_id": user_id})
    known = known_account(db, user_id, platform, account_id)
    if known is None or not known.is_connected:
        connected = sum(place.platform == platform for place in connected_places(db, user_id))
        if connected >= rights.accounts_per_platform:
            raise PlanIsFull(rights, connected)
    return known


def store_account(
    db: Session, ring: KeyRing, user_id: UUID, account: NewAccount, rights: Rights, now: datetime
) -> UUID:
    """Keep an account with its tokens sealed; its row's id. One that the owner had before keeps id, history and queue.

    Works for the tables' owner and for the dashboard's role with its tenant set. Raises PlanIsFull or
    PlaceIsTaken; the transaction can go on then.
    """
    run = db.connection().exec_driver_sql
    known = check_room(db, user_id, account.platform, account.account_id, rights)
    row_id = known.id if known is not None else uuid4()
    sealed = seal_tokens(
        ring,
        row_id=row_id,
        user_id=user_id,
        access_token=account.access_token,
        refresh_token=account.refresh_token,
    )
    has_refresh = sealed.refresh_token_encrypted is not None
    values = {
        "id": row_id,
        "user_id": user_id,
        "platform": account.platform,
        "account_id": account.account_id,
        "account_name": account.name,
        "access": sealed.access_token_encrypted,
        "refresh": sealed.refresh_token_encrypted,
        "token_expires_at": account.expires_at,
        "login_provider": account.login,
        "granted_by": account.granted_by,
        "now": now,
    }
    statement = query("connect_account" if known is None else "reconnect_account")
    try:
        with db.begin_nested():
            db.connection().exec_driver_sql(statement, values)  # asked anew: only this begins the savepoint
    except IntegrityError as error:
        if isinstance(error.orig, UniqueViolation) and error.orig.diag.constraint_name == _PLACE_KEY:
            raise PlaceIsTaken(account.account_id) from None
        raise
    if known is not None and (has_refresh or known.login_provider != account.login):
        run(query("replace_refresh_token"), values)
    run(query("wake_publishers"))
    return row_id
