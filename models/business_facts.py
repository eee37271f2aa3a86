"""What an owner states about their business beyond its description: facts, and reviews that customers wrote.

Only what stands here or in the description may be said in a post. A review is quoted word for word or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, Uuid
from sqlalchemy import text as sql
from sqlmodel import Field

from models.base import Table, id_field, text_column, time_column, utc_now
from models.business import Business
from models.gates.draft import GateContext
from models.regions import state_code

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A customer's own words. `used_at` is the time of the latest post that was written from them."""

    id: UUID
    text: str
    author: str | None = None
    used_at: datetime | None = None


def free_reviews(reviews: Iterable[Review], now: datetime) -> list[Review]:
    """The reviews that a post may be written from, those that rested longest first, never used ones before them.

    Equally rested ones keep their order. A review rests for 90 days after the post that used it.
    """
    free = [review for review in reviews if review.used_at is None or review.used_at + REVIEW_RESTS <= now]
    return sorted(free, key=lambda review: (review.used_at is not None, review.used_at or now))


def gate_context(
    business: Business,
    *,
    facts: Sequence[str],
    reviews: Sequence[Review],
    avoid_keywords: Sequence[str],
    hashtag_cap: int,
    own_texts: Sequence[str] = (),
    neighbours_texts: Sequence[str] = (),
) -> GateContext:
    """What the gates may know of a business: all that its owner stated, and what was posted before (newest first).

    Who wrote a review may be named as the owner gave it. The theme is the post's and comes later.
    """
    authors = [review.author for review in reviews if review.author]
    return GateContext(
        avoid_keywords=tuple(avoid_keywords),
        hashtag_cap=hashtag_cap,
        business_name=business.name,
        business_type=business.type,
        city=business.location_city or "",
        state=state_code(business.location_state),
        website=business.website or "",
        stated=tuple(dict.fromkeys(text for text in (business.description, *facts, *authors) if text)),
        reviews=tuple(review.text for review in reviews),
        own_texts=tuple(own_texts),
        neighbours_texts=tuple(neighbours_texts),
    )
