"""What an owner states about their business beyond its description: facts, and reviews that customers wrote.

Only what stands here or in the description may be said in a post. A review is quoted word for word or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, Uuid
from sqlalchemy import text as sql
from sqlmodel import Field

from models import business  # noqa: F401 - its table is referenced
from models.base import Table, id_field, text_column, time_column, utc_now

KINDS = ("fact", "review")
LONGEST_TEXT = 1000
LONGEST_AUTHOR = 100
REVIEW_RESTS = timedelta(days=90)  # as long as nothing may resemble an earlier post

_AUTHOR = "author IS NULL OR (kind = 'review' AND btrim(author) <> '' AND char_length(author) <= 100)"


class BusinessFact(Table, table=True):
    """One fact or one review, as the owner gave it."""

    __tablename__ = "business_facts"
    __table_args__ = (
        CheckConstraint("kind IN ('fact', 'review')", name="kind"),
        CheckConstraint("btrim(text) <> '' AND char_length(text) <= 1000", name="text"),
        CheckConstraint(_AUTHOR, name="author"),
        ForeignKeyConstraint(
            ["user_id", "business_id"],
            ["businesses.user_id", "businesses.id"],
            ondelete="CASCADE",
            name="business_facts_business_tenant_fkey",
        ),
        Index("idx_business_facts_business", "business_id"),
        Index("idx_business_facts_once", "business_id", "kind", sql("md5(text)"), unique=True),
    )

    id: UUID = id_field()
    user_id: UUID = Field(sa_column=Column(Uuid, nullable=False))
    business_id: UUID = Field(sa_column=Column(Uuid, nullable=False))
    kind: str = Field(sa_column=text_column())
    text: str = Field(sa_column=text_column())
    author: str | None = Field(default=None, sa_column=text_column(null=True))
    used_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    created_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="now()"))


class _Used(Protocol):
    @property
    def used_at(self) -> datetime | None: ...


R = TypeVar("R", bound=_Used)


def free_reviews(reviews: Iterable[R], now: datetime) -> list[R]:
    """The reviews that a post may be written from, those that rested longest first, never used ones before them.

    Equally rested ones keep their order. A review rests for 90 days after the post that used it.
    """
    free = [review for review in reviews if review.used_at is None or review.used_at + REVIEW_RESTS <= now]
    return sorted(free, key=lambda review: (review.used_at is not None, review.used_at or now))
