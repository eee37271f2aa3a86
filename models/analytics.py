"""Analytics: snapshots per post and the latest of each, daily rollups, Google's daily numbers per location."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, ForeignKeyConstraint, Index, Numeric, Text, Uuid, text
from sqlmodel import Field

from models import post  # noqa: F401 - its table is referenced
from models.account import PLATFORM_CHECK
from models.base import Table, id_field, integer_column, owner_column, text_column, time_column, utc_now


def _of_account(table: str) -> ForeignKeyConstraint:
    """Belongs to an account of the same tenant and goes with it."""
    return ForeignKeyConstraint(
        ["user_id", "account_id", "platform"],
        ["connected_accounts.user_id", "connected_accounts.id", "connected_accounts.platform"],
        ondelete="CASCADE",
        name=f"{table}_account_tenant_fkey",
    )


def _count() -> Column[int]:
    return Column(BigInteger, nullable=False, server_default=text("0"))


class Analytics(Table, table=True):
    """One snapshot of a post's numbers. The latest one counts, never the sum."""

    __tablename__ = "analytics"
    __table_args__ = (
        ForeignKeyConstraint(
            ["user_id", "post_id"],
            ["post_queue.user_id", "post_queue.id"],
            ondelete="CASCADE",
            name="analytics_post_tenant_fkey",
        ),
        Index("idx_analytics_post", "post_id"),
        Index("idx_analytics_latest", "post_id", Column("fetched_at").desc()),
    )

    id: UUID = id_field()
    post_id: UUID = Field(sa_column=owner_column(reference="post_queue.id"))
    platform: str = Field(sa_column=text_column())
    reach: int = Field(default=0, sa_column=integer_column(default=0))
    impressions: int = Field(default=0, sa_column=integer_column(default=0))
    clicks: int = Field(default=0, sa_column=integer_column(default=0))
    likes: int = Field(default=0, sa_column=integer_column(default=0))
    comments: int = Field(default=0, sa_column=integer_column(default=0))
    shares: int = Field(default=0, sa_column=integer_column(default=0))
    engagement_rate: Decimal | None = Field(default=None, sa_column=Column(Numeric(5, 2), nullable=True))
    fetched_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="now()"))
    user_id: UUID = Field(sa_column=owner_column(reference=None))


class PostResult(Table, table=True):
    """What counts of a post: its latest snapshot. A trigger on `analytics` keeps it; pages read it."""

    __tablename__ = "post_results"
    __table_args__ = (
        CheckConstraint(PLATFORM_CHECK, name="platform"),
        ForeignKeyConstraint(
            ["user_id", "post_id"],
            ["post_queue.user_id", "post_queue.id"],
            ondelete="CASCADE",
            name="post_results_post_tenant_fkey",
        ),
        Index("idx_post_results_owner_time", "user_id", Column("published_at").desc(), "post_id"),
    )

    post_id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    user_id: UUID = Field(sa_column=owner_column(reference=None))
    platform: str = Field(sa_column=text_column())
    theme: str | None = Field(default=None, sa_column=text_column(null=True))
    published_at: datetime = Field(sa_column=time_column())
    reach: int = Field(default=0, sa_column=integer_column(default=0))
    impressions: int = Field(default=0, sa_column=integer_column(default=0))
    clicks: int = Field(default=0, sa_column=integer_column(default=0))
    likes: int = Field(default=0, sa_column=integer_column(default=0))
    comments: int = Field(default=0, sa_column=integer_column(default=0))
    shares: int = Field(default=0, sa_column=integer_column(default=0))
    engagement_rate: Decimal | None = Field(default=None, sa_column=Column(Numeric(5, 2), nullable=True))
    fetched_at: datetime = Field(sa_column=time_column())


class AnalyticsDaily(Table, table=True):
    """An account's posts of one day (the owner's zone), each counted by its latest snapshot."""

    __tablename__ = "analytics_daily"
    __table_args__ = (
        CheckConstraint(PLATFORM_CHECK, name="platform"),
        CheckConstraint("posts >= 0", name="posts"),
        _of_account("analytics_daily"),
    )

    user_id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    account_id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    platform: str = Field(sa_column=text_column())
    day: date = Field(sa_column=Column(Date, primary_key=True))
    posts: int = Field(default=0, sa_column=integer_column(default=0))
    reach: int = Field(default=0, sa_column=_count())
    impressions: int = Field(default=0, sa_column=_count())
    clicks: int = Field(default=0, sa_column=_count())
    likes: int = Field(default=0, sa_column=_count())
    comments: int = Field(default=0, sa_column=_count())
    shares: int = Field(default=0, sa_column=_count())
    updated_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="now()"))


class LocationMetric(Table, table=True):
    """A daily number of a Google location; never faked per post."""

    __tablename__ = "location_metrics"
    __table_args__ = (
        CheckConstraint(PLATFORM_CHECK, name="platform"),
        CheckConstraint("value >= 0", name="value"),
        _of_account("location_metrics"),
    )

    user_id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    account_id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    platform: str = Field(sa_column=text_column())
    day: date = Field(sa_column=Column(Date, primary_key=True))
    metric: str = Field(sa_column=Column(Text, primary_key=True))
    value: int = Field(sa_column=Column(BigInteger, nullable=False))
    fetched_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="now()"))
