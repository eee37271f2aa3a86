"""What language models cost, call by call, and the batches in which weeks are written at half the price."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Date, ForeignKeyConstraint, Index, Numeric, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models import content  # noqa: F401 - its table is referenced
from models.base import Table, flag_column, id_field, integer_column, owner_column, text_column, time_column, utc_now

_COUNTERS = ("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens")


def _money(*, null: bool = False) -> Column[Any]:
    """US dollars."""
    return Column(Numeric(16, 10), nullable=null)


class AiCall(Table, table=True):
    """One call: what was reserved for it, and once it is settled what it used and cost."""

    __tablename__ = "ai_calls"
    __table_args__ = (
        CheckConstraint("reserved >= 0", name="reserved"),
        CheckConstraint("outcome IN ('answered', 'not_billed', 'unknown')", name="outcome"),
        *(CheckConstraint(f"{name} >= 0", name=name) for name in _COUNTERS),
        CheckConstraint("cost >= 0", name="cost"),
        CheckConstraint(
            "(settled_at IS NULL) = (cost IS NULL) AND (settled_at IS NULL) = (outcome IS NULL)", name="settled"
        ),
        UniqueConstraint("user_id", "id", name="ai_calls_tenant_key"),
        ForeignKeyConstraint(
            ["user_id", "generation_id"],
            ["content_generations.user_id", "content_generations.id"],
            ondelete="SET NULL (generation_id)",
            name="ai_calls_generation_tenant_fkey",
        ),
        Index("idx_ai_calls_budget", "user_id", "month"),
        Index("idx_ai_calls_month", "month"),
        Index("idx_ai_calls_generation", "generation_id", postgresql_where=text("generation_id IS NOT NULL")),
    )

    id: UUID = id_field()
    user_id: UUID = Field(sa_column=owner_column())
    generation_id: UUID | None = Field(default=None, sa_column=owner_column(reference=None, null=True))
    month: date = Field(sa_column=Column(Date, nullable=False))
    model: str = Field(sa_column=text_column())
    batch: bool = Field(default=False, sa_column=flag_column(False))
    price_date: date = Field(sa_column=Column(Date, nullable=False))
    reserved: Decimal = Field(sa_column=_money())
    reserved_until: datetime = Field(sa_column=time_column())
    outcome: str | None = Field(default=None, sa_column=text_column(null=True))
    settled_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    input_tokens: int = Field(default=0, sa_column=integer_column(default=0))
    cached_tokens: int = Field(default=0, sa_column=integer_column(default=0))
    cache_write_tokens: int = Field(default=0, sa_column=integer_column(default=0))
    output_tokens: int = Field(default=0, sa_column=integer_column(default=0))
    cost: Decimal | None = Field(default=None, sa_column=_money(null=True))
    created_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="clock_timestamp()"))


class AiBatch(Table, table=True):
    """One batch of requests; no tenant's data."""

    __tablename__ = "ai_batches"
    __table_args__ = (
        CheckConstraint("state IN ('preparing', 'submitted', 'finished', 'dropped')", name="state"),
        UniqueConstraint("provider_id"),
        Index("idx_ai_batches_open", "created_at", postgresql_where=text("state IN ('preparing', 'submitted')")),
    )

    id: UUID = id_field()
    model: str = Field(sa_column=text_column())
    state: str = Field(default="preparing", sa_column=text_column(default="preparing"))
    provider_id: str | None = Field(default=None, sa_column=text_column(null=True))
    input_file_id: str | None = Field(default=None, sa_column=text_column(null=True))
    error_message: str | None = Field(default=None, sa_column=text_column(null=True))
    lease_expires_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    created_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="clock_timestamp()"))
    finished_at: datetime | None = Field(default=None, sa_column=time_column(null=True))


class AiBatchRequest(Table, table=True):
    """One line of a batch: a business's week, or a part of a very large one."""

    __tablename__ = "ai_batch_requests"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'used', 'lost')", name="state"),
        UniqueConstraint("user_id", "week_start", "part", name="ai_batch_requests_week_key"),
        ForeignKeyConstraint(
            ["user_id", "call_id"],
            ["ai_calls.user_id", "ai_calls.id"],
            ondelete="CASCADE",
            name="ai_batch_requests_call_tenant_fkey",
        ),
        Index("idx_ai_batch_requests_batch", "batch_id"),
        Index("idx_ai_batch_requests_call", "call_id"),
    )

    id: UUID = id_field()
    batch_id: UUID = Field(sa_column=owner_column(reference="ai_batches.id"))
    user_id: UUID = Field(sa_column=owner_column(reference=None))
    call_id: UUID = Field(sa_column=owner_column(reference=None))
    week_start: date = Field(sa_column=Column(Date, nullable=False))
    part: int = Field(sa_column=integer_column())
    slots: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    first_at: datetime = Field(sa_column=time_column())
    state: str = Field(default="waiting", sa_column=text_column(default="waiting"))
