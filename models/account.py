"""Connected accounts: where posts go, with encrypted tokens."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Computed, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from models import user  # noqa: F401 - its table is referenced
from models.base import Table, flag_column, id_field, owner_column, text_column, time_column, utc_now

PLATFORM_CHECK = "platform IN ('google', 'facebook', 'instagram')"
NO_TOKEN = ""  # what stands in access_token_encrypted, which is never NULL, after the owner disconnected the account


class ConnectedAccount(Table, table=True):
    """A page, profile or location of an owner. Tokens are envelopes of `models.crypto`; never logged.

    An account that its owner disconnected has a `disconnected_at` and no tokens: `access_token_encrypted` is NO_TOKEN.
    """

    __tablename__ = "connected_accounts"
    __table_args__ = (
        CheckConstraint(PLATFORM_CHECK, name="platform"),
        CheckConstraint("status IN ('active', 'expired', 'revoked')", name="status"),
        CheckConstraint("login_provider IN ('instagram', 'facebook')", name="login_provider"),
        CheckConstraint(
            f"disconnected_at IS NULL OR (access_token_encrypted = '{NO_TOKEN}' AND refresh_token_encrypted IS NULL"
            " AND status <> 'active')",
            name="disconnected",
        ),
        UniqueConstraint("user_id", "platform", "account_id"),
        UniqueConstraint("user_id", "id", "platform", name="connected_accounts_tenant_key"),
        Index("idx_connected_accounts_user", "user_id"),
        Index("idx_connected_accounts_expires", "token_expires_at", postgresql_where=text("status = 'active'")),
        Index(
            "idx_connected_accounts_catch_up",
            "catch_up_after",
            postgresql_where=text("catch_up_after IS NOT NULL"),
        ),
        Index(
            "connected_accounts_place_key",
            "platform",
            "place",
            unique=True,
            postgresql_where=text("disconnected_at IS NULL AND NOT is_duplicate"),
        ),
        Index(
            "idx_connected_accounts_granted_by",
            "granted_by",
            postgresql_where=text("granted_by IS NOT NULL"),
        ),
    )

    id: UUID = id_field()
    user_id: UUID = Field(sa_column=owner_column())
    platform: str = Field(sa_column=text_column())
    account_id: str = Field(sa_column=text_column())
    account_name: str | None = Field(default=None, sa_column=text_column(null=True))
    access_token_encrypted: str = Field(sa_column=text_column(), repr=False)
    refresh_token_encrypted: str | None = Field(default=None, sa_column=text_column(null=True), repr=False)
    token_expires_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    status: str = Field(default="active", sa_column=text_column(default="active"))
    connected_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="now()"))
    last_refreshed_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    login_provider: str | None = Field(default=None, sa_column=text_column(null=True))
    status_reason: str | None = Field(default=None, sa_column=text_column(null=True))
    refresh_after: datetime | None = Field(default=None, sa_column=time_column(null=True))
    refreshing_until: datetime | None = Field(default=None, sa_column=time_column(null=True))
    catch_up_after: datetime | None = Field(default=None, sa_column=time_column(null=True))
    slowed_until: datetime | None = Field(default=None, sa_column=time_column(null=True))
    slowed_reason: str | None = Field(default=None, sa_column=text_column(null=True))
    full_until: datetime | None = Field(default=None, sa_column=time_column(null=True))
    checked_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    access_ends_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    place: str | None = Field(
        default=None,
        sa_column=Column(
            Text, Computed("regexp_replace(account_id, '^accounts/[^/]+/'::text, ''::text)", persisted=True)
        ),
    )
    is_duplicate: bool = Field(default=False, sa_column=flag_column(False))
    granted_by: str | None = Field(default=None, sa_column=text_column(null=True))
    disconnected_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
