"""A claimed post: what the publisher knows of it while it holds the lease."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from models.calendar_slots import UnknownZone, zone
from platforms.base import Content, Event, Offer
from platforms.errors import Refused
from tasks.publishing.clock import DatabaseClock
from tasks.tokens import StoredAccount


@dataclass(slots=True, kw_only=True)
class Claim:
    """One row of `claim_posts`, with the clock that its second is kept by. `lease_until` is of our monotonic clock."""

    id: UUID
    user_id: UUID
    account_id: UUID
    platform: str
    content: str
    media_url: str | None
    hashtags: list[str] | None
    link_url: str | None
    call_to_action: str | None
    alt_text: str | None
    more_media_urls: list[str] | None
    more_alt_texts: list[str | None] | None
    topic_type: str | None
    event_title: str | None
    event_starts_at: datetime | None
    event_ends_at: datetime | None
    offer_coupon_code: str | None
    offer_redeem_url: str | None
    offer_terms: str | None
    owner_zone: str | None  # IANA; only where there is an event
    status: str
    content_hash: str
    scheduled_for: datetime
    approved_at: datetime | None
    retry_count: int
    lease_token: int
    platform_post_id: str | None
    platform_state: str | None
    in_doubt_since: datetime | None
    seen_absent_at: datetime | None
    prepared_hash: str | None
    prepared_at: datetime | None
    platform_account_id: str
    login_provider: str | None
    access_token_encrypted: str = field(repr=False)
    refresh_token_encrypted: str | None = field(repr=False)
    token_expires_at: datetime | None
    account_status: str
    account_status_reason: str | None
    refresh_after: datetime | None
    open_since: datetime | None
    first_attempt_at: datetime | None
    handles: dict[str, str]
    clock: DatabaseClock = field(repr=False)
    lease_until: float = 0.0

    @classmethod
    def of(cls, row: dict[str, Any], *, clock: DatabaseClock, lease_until: float) -> Claim:
        """From a dictionary row; the lease is counted from before the claim was asked for."""
        return cls(**row, clock=clock, lease_until=lease_until)

    @property
    def seconds_left(self) -> float:
        """Until its second; negative afterwards."""
        return self.clock.seconds_until(self.scheduled_for)

    @property
    def doubtful_since(self) -> datetime | None:
        """When the first attempt with an unknown end began; None when there is no doubt."""
        return self.open_since or self.in_doubt_since

    def stored_account(self) -> StoredAccount:
        """The account's row as it was claimed."""
        return StoredAccount(
            id=self.account_id,
            user_id=self.user_id,
            platform=self.platform,
            account_id=self.platform_account_id,
            login_provider=self.login_provider,
            access_token_encrypted=self.access_token_encrypted,
            refresh_token_encrypted=self.refresh_token_encrypted,
            token_expires_at=self.token_expires_at,
            status=self.account_status,
            status_reason=self.account_status_reason,
            refresh_after=self.refresh_after,
        )

    def final_content(self) -> Content:
        """Exactly what shall appear: Instagram's hashtags become part of the caption, an event's times stand on the
        owner's wall clock.

        Raises Refused when there is no such wall clock: better no event than one at the wrong hour.
        """
        text = self.content
        if self.platform == "instagram" and self.hashtags:
            text = f"{text}\n\n" + " ".join(f"#{tag.lstrip('#')}" for tag in self.hashtags)
        pictures = (self.media_url, *(self.more_media_urls or ())) if self.media_url else ()
        shows = (self.alt_text or "", *(words or "" for words in self.more_alt_texts or ()))
        return Content(
            text=text,
            media_urls=pictures,
            alt_texts=shows if pictures and any(shows) else (),
            link=self.link_url,
            call_to_action=self.call_to_action,
            event=self._event(),
            offer=self._offer(),
        )

    def _event(self) -> Event | None:
        if self.event_title is None or self.event_starts_at is None or self.event_ends_at is None:
            return None
        try:
            clock = zone(self.owner_zone or "")
        except UnknownZone as error:
            raise Refused(f"The event's times cannot be told: {error}", code="time_zone") from None
        return Event(
            title=self.event_title,
            starts_at=self.event_starts_at.astimezone(clock),
            ends_at=self.event_ends_at.astimezone(clock),
        )

    def _offer(self) -> Offer | None:
        if self.topic_type != "OFFER":
            return None
        return Offer(coupon_code=self.offer_coupon_code, redeem_url=self.offer_redeem_url, terms=self.offer_terms)
