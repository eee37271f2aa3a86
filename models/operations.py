"""Running the house: when each job last did its work, and rows set aside instead of lost."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, Identity, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.base import Table, id_field, text_column, time_column, utc_now


class JobRun(Table, table=True):
    """One run of a deployment, by what it did. `finished_at` NULL = it is at it, or died."""

    __tablename__ = "job_runs"
    __table_args__ = (Index("idx_job_runs_job", "job", Column("started_at").desc()),)

    id: UUID = id_field()
    job: str = Field(sa_column=text_column())
    started_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="now()"))
    finished_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    succeeded: bool | None = Field(default=None, sa_column=Column(Boolean, nullable=True))
    summary: str | None = Field(default=None, sa_column=text_column(null=True))


class QuarantinedRow(Table, table=True):
    """A row of an adopted database that could not be kept in its table, whole."""

    __tablename__ = "quarantined_rows"

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    table_name: str = Field(sa_column=text_column())
    reason: str = Field(sa_column=text_column())
    row_data: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    quarantined_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="now()"))
