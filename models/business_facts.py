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
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session

from models.base import Table, id_field, text_column, time_column, utc_now
from models.business import Business
from models.gates.draft import GateContext
from models.profile import lock_profile
from models.profile_rules import ProfileRefusal
from models.queries import query
from models.regions import state_code
from models.texts import one_line, paragraphs

KINDS = ("fact", "review")
LONGEST_TEXT = 1000
LONGEST_AUTHOR = 100
MOST_FACTS = 200  # facts and reviews together: posts are written from no more
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


def clean_fact(kind: str, text: str, author: str = "") -> tuple[str, str | None]:
    """Text and author of a fact or review as they are kept. Raises ProfileRefusal in the owner's words."""
    words, name = paragraphs(text), one_line(author)
    if not words:
        raise ProfileRefusal("The text is empty: write what posts may say.")
    if len(words) > LONGEST_TEXT:
        raise ProfileRefusal(f"The text has {len(words):,} characters, at most {LONGEST_TEXT:,} are kept: split it.")
    if kind == "fact":
        return words, None
    if len(name) > LONGEST_AUTHOR:
        raise ProfileRefusal(f"The name has {len(name)} characters, at most {LONGEST_AUTHOR} are kept: shorten it.")
    return words, name or None


def add_fact(session: Session, user_id: UUID, kind: str, text: str, author: str = "") -> None:
    """Keep one for the business that posts are written for. As the dashboard's role; raises ProfileRefusal."""
    words, name = clean_fact(kind, text, author)
    run = session.connection().exec_driver_sql
    lock_profile(session, user_id)
    if run(query("count_facts"), {"user_id": user_id}).scalar_one() >= MOST_FACTS:
        raise ProfileRefusal(f"Posts are written from {MOST_FACTS} facts and reviews at most: remove some first.")
    values = {"user_id": user_id, "kind": kind, "text": words, "author": name}
    if run(query("add_fact"), values).one_or_none() is None:
        raise ProfileRefusal(f"This {kind} stands here already.")


def change_fact(
    session: Session,
    user_id: UUID,
    fact_id: UUID,
    kind: str,
    *,
    seen: tuple[str, str | None],
    text: str,
    author: str = "",
) -> None:
    """Give one other words, if it still reads as `seen` (text, author).

    As the dashboard's role; raises ProfileRefusal.
    """
    words, name = clean_fact(kind, text, author)
    values = {"id": fact_id, "user_id": user_id, "text": words, "author": name}
    values |= {"seen_text": seen[0], "seen_author": seen[1]}
    try:
        changed = session.connection().exec_driver_sql(query("change_fact"), values).one_or_none()
    except IntegrityError:
        raise ProfileRefusal(f"This {kind} stands here already.") from None
    if changed is None:
        raise ProfileRefusal(f"Not saved: this {kind} was changed or removed meanwhile, in another tab or device.")


def remove_fact(session: Session, user_id: UUID, fact_id: UUID) -> None:
    """Forget one; quiet where it is gone. As the dashboard's role."""
    session.connection().exec_driver_sql(query("remove_fact"), {"id": fact_id, "user_id": user_id})
