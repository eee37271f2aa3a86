"""On the way to a platform and back: what has to be remembered between "Connect" and the owner's choice."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlmodel import Field

from models import user  # noqa: F401 - its tables are referenced
from models.base import Table, id_field, integer_column, owner_column, text_column, time_column, utc_now
from models.crypto import KeyRing

STATE_LIFE = timedelta(minutes=10)  # for the platform's dialog
CHOICE_LIFE = timedelta(minutes=15)  # for the list of what was found


class ConnectAttempt(Table, table=True):
    """One way to a platform and back, bound to the session that began it. Only the state's hash is kept; what the
    platform gave (`findings_encrypted`) and the PKCE verifier are envelopes of `models.crypto`."""

    __tablename__ = "connect_attempts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["user_id", "session_id"],
            ["dashboard_sessions.user_id", "dashboard_sessions.id"],
            ondelete="CASCADE",
            name="connect_attempts_session_tenant_fkey",
        ),
        Index("idx_connect_attempts_user", "user_id"),
        Index("idx_connect_attempts_session", "session_id"),
    )

    id: UUID = id_field()
    user_id: UUID = Field(sa_column=owner_column())
    session_id: UUID = Field(sa_column=owner_column(reference=None))
    service: str = Field(sa_column=text_column())
    reconnects: UUID | None = Field(default=None, sa_column=owner_column(reference=None, null=True))
    state_hash: str = Field(sa_column=text_column(unique=True), repr=False)
    verifier_encrypted: str = Field(sa_column=text_column(), repr=False)
    findings_encrypted: str | None = Field(default=None, sa_column=text_column(null=True), repr=False)
    granted_by: str | None = Field(default=None, sa_column=text_column(null=True))
    started_at: datetime = Field(sa_column=time_column())
    expires_at: datetime = Field(sa_column=time_column())
    returned_at: datetime | None = Field(default=None, sa_column=time_column(null=True))


class DataDeletion(Table, table=True):
    """What became of a request to delete a person's data. Who it was is deleted with the rest."""

    __tablename__ = "data_deletions"
    __table_args__ = (CheckConstraint("app IN ('facebook', 'instagram')", name="app"),)

    id: UUID = id_field()
    code_hash: str = Field(sa_column=text_column(unique=True), repr=False)
    app: str = Field(sa_column=text_column())
    accounts: int = Field(sa_column=integer_column())
    deleted_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="clock_timestamp()"))


def hashed(secret: str) -> str:
    """States, codes and tokens are random: a plain hash is enough, and a stolen table opens nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def seal_for_attempt(ring: KeyRing, secret: SecretStr, *, column: str, attempt_id: UUID, user_id: UUID) -> str:
    """An envelope for a column of one attempt."""
    return ring.seal(secret, table="connect_attempts", column=column, row_id=attempt_id, user_id=user_id)


def open_for_attempt(ring: KeyRing, envelope: str, *, column: str, attempt_id: UUID, user_id: UUID) -> SecretStr:
    """What was sealed for that column. Raises CryptoError."""
    return ring.open(envelope, table="connect_attempts", column=column, row_id=attempt_id, user_id=user_id)
