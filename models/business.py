"""Businesses: the facts that posts are written from; and what their owners prefer."""

from __future__ import annotations

from datetime import datetime, time
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, Time, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from models import user  # noqa: F401 - its table is referenced
from models.base import (
    Table,
    flag_column,
    id_field,
    integer_column,
    owner_column,
    text_column,
    texts_column,
    time_column,
    utc_now,
)


class Business(Table, table=True):
    """A local business. Posts may only claim what stands here."""

    __tablename__ = "businesses"
    __table_args__ = (
        UniqueConstraint("user_id", "id", name="businesses_tenant_key"),
        Index("idx_businesses_user", "user_id"),
        Index("idx_businesses_town", text("lower(btrim(location_city))")),
    )

    id: UUID = id_field()
    user_id: UUID = Field(sa_column=owner_column())
    name: str = Field(sa_column=text_column())
    type: str = Field(sa_column=text_column())
    location_city: str | None = Field(default=None, sa_column=text_column(null=True))
    location_state: str | None = Field(default=None, sa_column=text_column(null=True))
    description: str | None = Field(default=None, sa_column=text_column(null=True))
    website: str | None = Field(default=None, sa_column=text_column(null=True))
    logo_url: str | None = Field(default=None, sa_column=text_column(null=True))
    brand_voice: str = Field(default="professional", sa_column=text_column(default="professional"))
    created_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="now()"))
    updated_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="now()"))


class UserPreferences(Table, table=True):
    """How often, when (wall clock in `timezone`, an IANA name), about what, and which notices."""

    __tablename__ = "user_preferences"
    __table_args__ = (CheckConstraint("posting_frequency BETWEEN 0 AND 21", name="posting_frequency"),)

    id: UUID = id_field()
    user_id: UUID = Field(sa_column=owner_column(unique=True))
    posting_frequency: int = Field(default=3, sa_column=integer_column(default=3))
    preferred_times: list[time] | None = Field(default=None, sa_column=Column(ARRAY(Time), nullable=True))
    timezone: str = Field(default="America/New_York", sa_column=text_column(default="America/New_York"))
    themes_enabled: list[str] = Field(
        default_factory=lambda: ["tip", "promotion", "seasonal"],
        sa_column=texts_column(null=False, default="ARRAY['tip'::text, 'promotion'::text, 'seasonal'::text]"),
    )
    avoid_keywords: list[str] | None = Field(default=None, sa_column=texts_column())
    email_weekly_summary: bool = Field(default=True, sa_column=flag_column(True))
    email_monthly_report: bool = Field(default=True, sa_column=flag_column(True))
    push_approval_needed: bool = Field(default=True, sa_column=flag_column(True))
    created_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="now()"))
    updated_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="now()"))
