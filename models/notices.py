"""What owners have to be told, once until it is mended."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from models import account  # noqa: F401 - its table is referenced
from models.account import PLATFORM_CHECK
from models.base import Table, id_field, owner_column, text_column, time_column, utc_now


class OwnerNotice(Table, table=True):
    """Something that an owner has to know of an account. `resolved_at` NULL = it still has to be told."""

    __tablename__ = "owner_notices"
    __table_args__ = (
        CheckConstraint(PLATFORM_CHECK, name="platform"),
        CheckConstraint("kind IN ('connection_lost', 'access_ends')", name="kind"),
        ForeignKeyConstraint(
            ["user_id", "account_id", "platform"],
            ["connected_accounts.user_id", "connected_accounts.id", "connected_accounts.platform"],
            ondelete="CASCADE",
            name="owner_notices_account_tenant_fkey",
        ),
        Index(
            "owner_notices_open_key", "account_id", "kind", unique=True, postgresql_where=text("resolved_at IS NULL")
        ),
        Index("idx_owner_notices_user", "user_id", Column("created_at").desc()),
        Index("idx_owner_notices_account", "account_id"),
    )

    id: UUID = id_field()
    user_id: UUID = Field(sa_column=owner_column(reference=None))
    account_id: UUID = Field(sa_column=owner_column(reference=None))
    platform: str = Field(sa_column=text_column())
    kind: str = Field(sa_column=text_column())
    message: str = Field(sa_column=text_column())
    takes_effect_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    created_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="clock_timestamp()"))
    resolved_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
