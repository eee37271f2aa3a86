"""Posts: the queue, every attempt to publish, ids handed out on the way, and the append-only story."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models import content, media  # noqa: F401 - their tables are referenced
from models.account import PLATFORM_CHECK
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

# What forms a post can have (migration 017).
_PICTURES = """CASE WHEN more_media_urls IS NULL THEN more_alt_texts IS NULL
  ELSE platform <> 'google' AND media_url IS NOT NULL AND cardinality(more_media_urls) BETWEEN 1 AND 9
    AND array_ndims(more_media_urls) = 1 AND array_position(more_media_urls, NULL) IS NULL
    AND (more_alt_texts IS NULL OR cardinality(more_alt_texts) = cardinality(more_media_urls)) END"""
_TOPIC_TYPE = "topic_type IS NULL OR (platform = 'google' AND topic_type IN ('STANDARD', 'EVENT', 'OFFER'))"
_EVENT = """CASE WHEN topic_type IN ('EVENT', 'OFFER')
  THEN num_nonnulls(event_title, event_starts_at, event_ends_at) = 3 AND btrim(event_title) <> ''
    AND event_ends_at > event_starts_at AND extract(year FROM event_starts_at AT TIME ZONE 'UTC') >= 2000
    AND extract(year FROM event_ends_at AT TIME ZONE 'UTC') < 3000
  ELSE num_nonnulls(event_title, event_starts_at, event_ends_at) = 0 END"""
_OFFER = "topic_type IS NOT DISTINCT FROM 'OFFER' OR num_nonnulls(offer_coupon_code, offer_redeem_url, offer_terms) = 0"


def _of_post(table: str) -> ForeignKeyConstraint:
    """Belongs to a post of the same tenant and goes with it."""
    return ForeignKeyConstraint(
        ["user_id", "post_id"],
        ["post_queue.user_id", "post_queue.id"],
        ondelete="CASCADE",
        name=f"{table}_post_tenant_fkey",
    )


class Post(Table, table=True):
    """A scheduled or published post. States change only through `models.post_status`."""

    __tablename__ = "post_queue"
    __table_args__ = (
        CheckConstraint(PLATFORM_CHECK, name="platform"),
        CheckConstraint("status IN ('pending', 'approved', 'rejected', 'published', 'failed')", name="status"),
        CheckConstraint("retry_count >= 0", name="retry_count"),
        CheckConstraint(_PICTURES, name="pictures"),
        CheckConstraint(_TOPIC_TYPE, name="topic_type"),
        CheckConstraint(_EVENT, name="event"),
        CheckConstraint(_OFFER, name="offer"),
        UniqueConstraint("user_id", "id", name="post_queue_tenant_key"),
        UniqueConstraint("account_id", "slot", name="post_queue_slot_key"),
        ForeignKeyConstraint(
            ["user_id", "account_id", "platform"],
            ["connected_accounts.user_id", "connected_accounts.id", "connected_accounts.platform"],
            ondelete="CASCADE",
            name="post_queue_account_tenant_fkey",
        ),
        ForeignKeyConstraint(
            ["user_id", "media_id"],
            ["media_library.user_id", "media_library.id"],
            ondelete="SET NULL (media_id)",
            name="post_queue_media_tenant_fkey",
        ),
        ForeignKeyConstraint(
            ["user_id", "generation_id"],
            ["content_generations.user_id", "content_generations.id"],
            ondelete="SET NULL (generation_id)",
            name="post_queue_generation_tenant_fkey",
        ),
        Index("idx_post_queue_user", "user_id"),
        Index(
            "idx_post_queue_scheduled",
            "scheduled_for",
            postgresql_where=text("status IN ('pending', 'approved')"),
        ),
        Index(
            "idx_post_queue_owner_open",
            "user_id",
            "scheduled_for",
            postgresql_where=text("status IN ('pending', 'approved', 'failed')"),
        ),
        Index("idx_post_queue_status", "status"),
        Index("idx_post_queue_account", "account_id"),
        Index("idx_post_queue_media", "media_id", postgresql_where=text("media_id IS NOT NULL")),
        Index("idx_post_queue_generation", "generation_id", postgresql_where=text("generation_id IS NOT NULL")),
        Index("idx_post_queue_metrics_due", "metrics_due_at", postgresql_where=text("metrics_due_at IS NOT NULL")),
        Index(
            "idx_post_queue_account_published",
            "account_id",
            Column("published_at").desc(),
            postgresql_where=text("status = 'published'"),
        ),
        Index("idx_post_queue_owner_time", "user_id", Column("scheduled_for").desc()),
        Index(
            "idx_post_queue_owner_rejected",
            "user_id",
            Column("scheduled_for").desc(),
            postgresql_where=text("status = 'rejected'"),
        ),
        Index(
            "post_queue_platform_post_key",
            "account_id",
            "platform_post_id",
            unique=True,
            postgresql_where=text("platform_post_id IS NOT NULL"),
        ),
        Index(
            "idx_post_queue_due",
            "due_at",
            "account_id",
            postgresql_where=text("status = 'approved' OR (status = 'pending' AND NOT requires_approval)"),
        ),
    )

    id: UUID = id_field()
    user_id: UUID = Field(sa_column=owner_column())
    account_id: UUID = Field(sa_column=owner_column(reference="connected_accounts.id"))
    platform: str = Field(sa_column=text_column())
    content: str = Field(sa_column=text_column())
    media_url: str | None = Field(default=None, sa_column=text_column(null=True))
    hashtags: list[str] | None = Field(default=None, sa_column=texts_column())
    scheduled_for: datetime = Field(sa_column=time_column())
    status: str = Field(default="pending", sa_column=text_column(default="pending"))
    platform_post_id: str | None = Field(default=None, sa_column=text_column(null=True))
    published_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    error_message: str | None = Field(default=None, sa_column=text_column(null=True))
    retry_count: int = Field(default=0, sa_column=integer_column(default=0))
    requires_approval: bool = Field(default=False, sa_column=flag_column(False))
    approved_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    created_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="now()"))
    updated_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="now()"))
    media_id: UUID | None = Field(default=None, sa_column=Column(Uuid, nullable=True))
    link_url: str | None = Field(default=None, sa_column=text_column(null=True))
    call_to_action: str | None = Field(default=None, sa_column=text_column(null=True))
    alt_text: str | None = Field(default=None, sa_column=text_column(null=True))
    content_hash: str = Field(default="", sa_column=text_column())
    approved_hash: str | None = Field(default=None, sa_column=text_column(null=True))
    approved_by: str | None = Field(default=None, sa_column=text_column(null=True))
    permalink: str | None = Field(default=None, sa_column=text_column(null=True))
    platform_state: str | None = Field(default=None, sa_column=text_column(null=True))
    lease_owner: str | None = Field(default=None, sa_column=text_column(null=True))
    lease_token: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default=text("0")))
    lease_expires_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    next_attempt_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    in_doubt_since: datetime | None = Field(default=None, sa_column=time_column(null=True))
    seen_absent_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    prepared_hash: str | None = Field(default=None, sa_column=text_column(null=True))
    prepared_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    prepare_after: datetime | None = Field(default=None, sa_column=time_column(null=True))
    due_at: datetime | None = Field(
        default=None,
        sa_column=Column(
            TIMESTAMP(timezone=True),
            Computed("GREATEST(scheduled_for, next_attempt_at)", persisted=True),
        ),
    )
    theme: str | None = Field(default=None, sa_column=text_column(null=True))
    slot: str | None = Field(default=None, sa_column=text_column(null=True))
    slot_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    generation_id: UUID | None = Field(default=None, sa_column=owner_column(reference=None, null=True))
    metrics_due_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    more_media_urls: list[str] | None = Field(default=None, sa_column=texts_column())
    more_alt_texts: list[str] | None = Field(default=None, sa_column=texts_column())
    topic_type: str | None = Field(default=None, sa_column=text_column(null=True))
    event_title: str | None = Field(default=None, sa_column=text_column(null=True))
    event_starts_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    event_ends_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    offer_coupon_code: str | None = Field(default=None, sa_column=text_column(null=True))
    offer_redeem_url: str | None = Field(default=None, sa_column=text_column(null=True))
    offer_terms: str | None = Field(default=None, sa_column=text_column(null=True))


class PublishAttempt(Table, table=True):
    """The intent to make a post visible, committed before the call, and what came of it."""

    __tablename__ = "publish_attempts"
    __table_args__ = (
        CheckConstraint("attempt_number > 0", name="attempt_number"),
        CheckConstraint(
            "outcome IN ('published', 'refused', 'try_later', 'in_doubt', 'absent', 'reconnect', 'operator')",
            name="outcome",
        ),
        UniqueConstraint("post_id", "attempt_number", name="publish_attempts_number_key"),
        _of_post("publish_attempts"),
        Index(
            "idx_publish_attempts_quota",
            "quota_account_id",
            "started_at",
            postgresql_where=text("quota_account_id IS NOT NULL"),
        ),
    )

    id: UUID = id_field()
    post_id: UUID = Field(sa_column=owner_column(reference=None))
    user_id: UUID = Field(sa_column=owner_column(reference=None))
    attempt_number: int = Field(sa_column=integer_column())
    fingerprint: str = Field(sa_column=text_column())
    worker: str = Field(sa_column=text_column())
    lease_token: int = Field(sa_column=Column(BigInteger, nullable=False))
    started_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="clock_timestamp()"))
    finished_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    outcome: str | None = Field(default=None, sa_column=text_column(null=True))
    platform_post_id: str | None = Field(default=None, sa_column=text_column(null=True))
    http_status: int | None = Field(default=None, sa_column=integer_column(null=True))
    error_code: str | None = Field(default=None, sa_column=text_column(null=True))
    error_message: str | None = Field(default=None, sa_column=text_column(null=True))
    quota_account_id: UUID | None = Field(default=None, sa_column=Column(Uuid, nullable=True))


class PublishHandle(Table, table=True):
    """An id of something that exists unseen on the platform, made for exactly this content."""

    __tablename__ = "publish_handles"
    __table_args__ = (_of_post("publish_handles"), Index("idx_publish_handles_handle", "handle"))

    post_id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    user_id: UUID = Field(sa_column=owner_column(reference=None))
    content_hash: str = Field(sa_column=Column(Text, primary_key=True))
    kind: str = Field(sa_column=Column(Text, primary_key=True))
    handle: str = Field(sa_column=text_column())
    created_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="clock_timestamp()"))


class PublishDiscard(Table, table=True):
    """Ids of something unseen on a platform that has to be deleted there: nobody wants it any more."""

    __tablename__ = "publish_discards"
    __table_args__ = (
        ForeignKeyConstraint(
            ["user_id", "account_id", "platform"],
            ["connected_accounts.user_id", "connected_accounts.id", "connected_accounts.platform"],
            name="publish_discards_account_tenant_fkey",
            ondelete="CASCADE",
        ),
        Index("idx_publish_discards_next", "next_attempt_at"),
        Index("idx_publish_discards_account", "account_id"),
    )

    id: UUID = id_field()
    user_id: UUID = Field(sa_column=owner_column(reference=None))
    account_id: UUID = Field(sa_column=owner_column(reference=None))
    platform: str = Field(sa_column=text_column())
    post_id: UUID | None = Field(default=None, sa_column=Column(Uuid, nullable=True))
    handles: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    reason: str = Field(sa_column=text_column())
    created_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="clock_timestamp()"))
    next_attempt_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="clock_timestamp()"))
    attempts: int = Field(default=0, sa_column=integer_column(default=0))
    error_message: str | None = Field(default=None, sa_column=text_column(null=True))


class PostEvent(Table, table=True):
    """One line of a post's story; hashed over the line before it by the database."""

    __tablename__ = "post_events"
    __table_args__ = (_of_post("post_events"),)

    post_id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    seq: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    user_id: UUID = Field(sa_column=owner_column(reference=None))
    at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="clock_timestamp()"))
    from_status: str | None = Field(default=None, sa_column=text_column(null=True))
    to_status: str = Field(sa_column=text_column())
    actor: str = Field(sa_column=text_column())
    reason: str = Field(sa_column=text_column())
    details: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb"))
    )
    previous_hash: str = Field(sa_column=text_column())
    hash: str = Field(sa_column=text_column())
