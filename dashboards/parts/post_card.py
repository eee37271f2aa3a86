"""A post as the dashboard reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PostCard:
    """One row of `dashboard_posts`. The numbers are those of the latest snapshot, None where there is none."""

    id: UUID
    platform: str
    content: str
    hashtags: Sequence[str] | None
    media_url: str | None
    alt_text: str | None
    link_url: str | None
    call_to_action: str | None
    more_media_urls: Sequence[str] | None
    more_alt_texts: Sequence[str | None] | None
    topic_type: str | None
    event_title: str | None
    event_starts_at: datetime | None
    event_ends_at: datetime | None
    offer_coupon_code: str | None
    offer_redeem_url: str | None
    offer_terms: str | None
    theme: str | None
    scheduled_for: datetime
    status: str
    requires_approval: bool
    content_hash: str
    approved_by: str | None
    approved_at: datetime | None
    published_at: datetime | None
    permalink: str | None
    platform_state: str | None
    error_message: str | None
    retry_count: int
    next_attempt_at: datetime | None
    in_doubt_since: datetime | None
    leased: bool
    photo_source: str | None  # "upload", or the stock service; None where nothing is known of the picture
    photo_author: str | None
    photo_author_url: str | None
    photo_page_url: str | None
    photo_show_url: str | None  # where the service asks that the photo is shown from
    account_name: str | None
    account_status: str
    account_disconnected: bool  # by the owner
    account_waits_until: datetime | None  # the platform asks for a pause, or the day's posts are used up
    last_reason: str | None
    last_actor: str | None
    last_at: datetime | None
    reach: int | None
    likes: int | None
    comments: int | None
    shares: int | None
    clicks: int | None
