"""Pictures: the owner's own, and the cache of stock photo searches."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from models import user  # noqa: F401 - its table is referenced
from models.base import Table, id_field, integer_column, owner_column, text_column, time_column, utc_now


class MediaFile(Table, table=True):
    """A picture of the owner's library."""

    __tablename__ = "media_library"
    __table_args__ = (
        CheckConstraint("source IN ('upload', 'stock')", name="source"),
        UniqueConstraint("user_id", "id", name="media_library_tenant_key"),
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


class StockPhoto(Table, table=True):
    """A found stock photo with what its licence asks us to show."""

    __tablename__ = "stock_photo_cache"
    __table_args__ = (
        CheckConstraint("source IN ('pexels', 'unsplash')", name="source"),
        UniqueConstraint("business_type", "photo_url"),
        Index("idx_stock_cache_type", "business_type"),
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
