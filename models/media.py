"""Pictures: the owner's own, stock photos found, the files of both, and which post shows which."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlmodel import Field

from models import user  # noqa: F401 - its table is referenced
from models.base import Table, id_field, integer_column, owner_column, text_column, time_column, utc_now

_FINGERPRINT = "fingerprint ~ '^[0-9a-f]{64}$'"


def _stored(column: str, name: str) -> ForeignKeyConstraint:
    """A file of the same tenant."""
    return ForeignKeyConstraint(
        ["user_id", column], ["stored_objects.user_id", "stored_objects.key"], name=f"media_library_{name}_tenant_fkey"
    )


class StoredObject(Table, table=True):
    """A file in our media storage, written down before it is stored."""

    __tablename__ = "stored_objects"
    __table_args__ = (
        UniqueConstraint("user_id", "key", name="stored_objects_tenant_key"),
        Index("idx_stored_objects_created", "created_at"),
    )

    key: str = Field(sa_column=Column(Text, primary_key=True))
    user_id: UUID | None = Field(
        default=None, sa_column=Column(Uuid, ForeignKey("users.id", ondelete="SET NULL"), nullable=True)
    )
    place: str = Field(sa_column=text_column())
    created_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="clock_timestamp()"))


class MediaFile(Table, table=True):
    """A picture of the owner's library."""

    __tablename__ = "media_library"
    __table_args__ = (
        CheckConstraint("source IN ('upload', 'stock')", name="source"),
        CheckConstraint("width > 0", name="width"),
        CheckConstraint("height > 0", name="height"),
        CheckConstraint(_FINGERPRINT, name="fingerprint"),
        UniqueConstraint("user_id", "id", name="media_library_tenant_key"),
        UniqueConstraint("user_id", "sha256", name="media_library_file_key"),
        _stored("storage_key", "storage"),
        _stored("instagram_key", "instagram"),
        Index("idx_media_user", "user_id"),
    )

    id: UUID = id_field()
    user_id: UUID = Field(sa_column=owner_column())
    filename: str = Field(sa_column=text_column())
    url: str = Field(sa_column=text_column())
    size_bytes: int | None = Field(default=None, sa_column=integer_column(null=True))
    mime_type: str | None = Field(default=None, sa_column=text_column(null=True))
    source: str = Field(default="upload", sa_column=text_column(default="upload"))
    uploaded_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="now()"))
    storage_key: str | None = Field(default=None, sa_column=text_column(null=True, unique=True))
    instagram_key: str | None = Field(default=None, sa_column=text_column(null=True, unique=True))
    width: int | None = Field(default=None, sa_column=integer_column(null=True))
    height: int | None = Field(default=None, sa_column=integer_column(null=True))
    sha256: str | None = Field(default=None, sa_column=text_column(null=True))
    fingerprint: str | None = Field(default=None, sa_column=text_column(null=True))
    alt_text: str | None = Field(default=None, sa_column=text_column(null=True))
    last_used_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    refusal: str | None = Field(default=None, sa_column=text_column(null=True))


class StockPhoto(Table, table=True):
    """A found stock photo with what its licence asks us to show."""

    __tablename__ = "stock_photo_cache"
    __table_args__ = (
        CheckConstraint("source IN ('pexels', 'unsplash')", name="source"),
        CheckConstraint(_FINGERPRINT, name="fingerprint"),
        UniqueConstraint("business_type", "photo_url"),
        Index("idx_stock_cache_type", "business_type"),
        Index("idx_stock_cache_storage", "storage_key", postgresql_where=text("storage_key IS NOT NULL")),
    )

    id: UUID = id_field()
    business_type: str = Field(sa_column=text_column())
    search_query: str = Field(sa_column=text_column())
    photo_url: str = Field(sa_column=text_column())
    photographer_name: str | None = Field(default=None, sa_column=text_column(null=True))
    photographer_url: str | None = Field(default=None, sa_column=text_column(null=True))
    source: str = Field(sa_column=text_column())
    cached_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="now()"))
    alt_text: str | None = Field(default=None, sa_column=text_column(null=True))
    page_url: str | None = Field(default=None, sa_column=text_column(null=True))
    storage_key: str | None = Field(
        default=None, sa_column=Column(Text, ForeignKey("stored_objects.key"), nullable=True)
    )
    fingerprint: str | None = Field(default=None, sa_column=text_column(null=True))
    download_ping_url: str | None = Field(default=None, sa_column=text_column(null=True))
    refusal: str | None = Field(default=None, sa_column=text_column(null=True))


class PictureUse(Table, table=True):
    """The picture of a post and its attribution; without a post yet, a picture that a run has chosen."""

    __tablename__ = "picture_uses"
    __table_args__ = (
        CheckConstraint("source IN ('upload', 'pexels', 'unsplash')", name="source"),
        CheckConstraint(_FINGERPRINT, name="fingerprint"),
        ForeignKeyConstraint(
            ["user_id", "post_id"],
            ["post_queue.user_id", "post_queue.id"],
            ondelete="CASCADE",
            name="picture_uses_post_tenant_fkey",
        ),
        ForeignKeyConstraint(
            ["user_id", "media_id"],
            ["media_library.user_id", "media_library.id"],
            ondelete="SET NULL (media_id)",
            name="picture_uses_media_tenant_fkey",
        ),
        Index("picture_uses_post_key", "post_id", unique=True, postgresql_where=text("post_id IS NOT NULL")),
        Index("idx_picture_uses_user", "user_id"),
        Index("idx_picture_uses_media", "media_id", postgresql_where=text("media_id IS NOT NULL")),
        Index("idx_picture_uses_storage", "storage_key", postgresql_where=text("storage_key IS NOT NULL")),
        Index("idx_picture_uses_unbound", "created_at", postgresql_where=text("post_id IS NULL")),
        Index("idx_picture_uses_ping", "ping_due_at", postgresql_where=text("ping_due_at IS NOT NULL")),
    )

    id: UUID = id_field()
    user_id: UUID = Field(sa_column=owner_column())
    post_id: UUID | None = Field(default=None, sa_column=Column(Uuid, nullable=True))
    media_id: UUID | None = Field(default=None, sa_column=Column(Uuid, nullable=True))
    source: str = Field(sa_column=text_column())
    source_key: str = Field(sa_column=text_column())
    fingerprint: str | None = Field(default=None, sa_column=text_column(null=True))
    storage_key: str | None = Field(
        default=None, sa_column=Column(Text, ForeignKey("stored_objects.key", ondelete="SET NULL"), nullable=True)
    )
    url: str = Field(sa_column=text_column())
    show_url: str | None = Field(default=None, sa_column=text_column(null=True))
    author: str | None = Field(default=None, sa_column=text_column(null=True))
    author_url: str | None = Field(default=None, sa_column=text_column(null=True))
    page_url: str | None = Field(default=None, sa_column=text_column(null=True))
    planned_for: datetime = Field(sa_column=time_column())
    created_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="clock_timestamp()"))
    ping_url: str | None = Field(default=None, sa_column=text_column(null=True))
    ping_due_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    ping_attempts: int = Field(default=0, sa_column=integer_column(default=0))
