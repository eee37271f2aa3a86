"""Tables of limits that all workers share; their rules are in models/quota_rules.py."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Integer, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from models import account  # noqa: F401 - its table is referenced
from models.account import PLATFORM_CHECK
from models.base import Table, integer_column, owner_column, text_column, time_column


class SharedQuota(Table, table=True):
    """A limit of our whole application on one platform, shared by all workers."""

    __tablename__ = "shared_quotas"
    __table_args__ = (CheckConstraint("cardinality(slots) = cardinality(counts)", name="counts"),)

    name: str = Field(sa_column=Column(Text, primary_key=True))
    slots: list[int] = Field(
        default_factory=list, sa_column=Column(ARRAY(BigInteger), nullable=False, server_default=text("'{}'"))
    )
    counts: list[int] = Field(
        default_factory=list, sa_column=Column(ARRAY(Integer), nullable=False, server_default=text("'{}'"))
    )
    slowed_until: datetime | None = Field(default=None, sa_column=time_column(null=True))


class PublishingQuota(Table, table=True):
    """What a platform last said of an account's posts in its moving window; its row is the lock of the places left."""

    __tablename__ = "publishing_quotas"
    __table_args__ = (
        CheckConstraint(PLATFORM_CHECK, name="platform"),
        CheckConstraint("used >= 0", name="used"),
        CheckConstraint("total >= 0", name="total"),
        CheckConstraint("window_seconds > 0", name="window_seconds"),
        ForeignKeyConstraint(
            ["user_id", "account_id", "platform"],
            ["connected_accounts.user_id", "connected_accounts.id", "connected_accounts.platform"],
            ondelete="CASCADE",
            name="publishing_quotas_account_tenant_fkey",
        ),
    )

    user_id: UUID = Field(sa_column=owner_column(reference=None))
    account_id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    platform: str = Field(sa_column=text_column())
    used: int = Field(sa_column=integer_column())
    total: int | None = Field(default=None, sa_column=integer_column(null=True))
    window_seconds: int = Field(sa_column=integer_column())
    read_at: datetime = Field(sa_column=time_column())
