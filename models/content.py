"""Content: prompt templates, and what each generated week used and gave."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Date, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models import business  # noqa: F401 - its table is referenced
from models.base import Table, flag_column, id_field, integer_column, owner_column, text_column, time_column, utc_now

_COUNTERS = ("posts_made", "posts_fallen_back", "calls", "input_tokens", "cached_tokens", "output_tokens")


class ContentTemplate(Table, table=True):
    """A prompt template for (business type, theme, platform); `platform` NULL serves all."""

    __tablename__ = "content_templates"
    __table_args__ = (Index("idx_templates_type", "business_type"),)

    id: UUID = id_field()
    business_type: str = Field(sa_column=text_column())
    theme: str = Field(sa_column=text_column())
    template_text: str = Field(sa_column=text_column())
    platform: str | None = Field(default=None, sa_column=text_column(null=True))
    active: bool = Field(default=True, sa_column=flag_column(True))
    created_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="now()"))


class ContentGeneration(Table, table=True):
    """One generated business-week: tokens used, posts made, what was refused and why, and why it has these themes."""

    __tablename__ = "content_generations"
    __table_args__ = (
        CheckConstraint("slots_wanted >= 0", name="slots_wanted"),
        UniqueConstraint("user_id", "id", name="content_generations_tenant_key"),
        ForeignKeyConstraint(
            ["user_id", "business_id"],
            ["businesses.user_id", "businesses.id"],
            ondelete="CASCADE",
            name="content_generations_business_tenant_fkey",
        ),
        *(CheckConstraint(f"{name} >= 0", name=name) for name in _COUNTERS),
        Index("idx_content_generations_user", "user_id", Column("week_start").desc()),
        Index("idx_content_generations_business", "business_id"),
    )

    id: UUID = id_field()
    user_id: UUID = Field(sa_column=owner_column())
    business_id: UUID = Field(sa_column=owner_column(reference=None))
    week_start: date = Field(sa_column=Column(Date, nullable=False))
    model: str = Field(sa_column=text_column())
    prompt_version: str = Field(sa_column=text_column())
    slots_wanted: int = Field(sa_column=integer_column())
    posts_made: int = Field(default=0, sa_column=integer_column(default=0))
    posts_fallen_back: int = Field(default=0, sa_column=integer_column(default=0))
    calls: int = Field(default=0, sa_column=integer_column(default=0))
    input_tokens: int = Field(default=0, sa_column=integer_column(default=0))
    cached_tokens: int = Field(default=0, sa_column=integer_column(default=0))
    output_tokens: int = Field(default=0, sa_column=integer_column(default=0))
    refusals: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default=text("'[]'::jsonb"))
    )
    created_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="now()"))
    themes_why: str = Field(default="", sa_column=text_column(default=""))
