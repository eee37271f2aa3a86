"""How a connection stands: pauses that a platform asks for are told with their end and their reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboards.parts.accounts import (
    account_state,
    day_quota,
    ending_access,
    list_item,
    lost_connection,
    pause_of,
    permission,
)
from models.account_status import access_ends
from models.quota_rules import blocked_words, slowed_words

NOW = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
ZONE = ZoneInfo("America/Chicago")
HOURS = timedelta(hours=1)


@dataclass
class Account:
    """A row of `dashboard_accounts`."""

    platform: str = "facebook"
    account_name: str | None = "Bob's Plumbing"
    account_id: str = "1"
    status: str = "active"
    status_reason: str | None = None
    token_expires_at: datetime | None = None
    last_refreshed_at: datetime | None = None
    connected_at: datetime = NOW
    disconnected_at: datetime | None = None
    open_posts: int = 0
    slowed_until: datetime | None = None
    slowed_reason: str | None = None
    full_until: datetime | None = None
    posts_used: int | None = None
    posts_total: int | None = None
    lost_at: datetime | None = None
    ends_message: str | None = None
    ends_at: datetime | None = None


def test_a_block_is_told_in_the_owners_zone_with_its_reason() -> None:
    account = Account(slowed_until=NOW + 4 * HOURS, slowed_reason=blocked_words("facebook"))
    state = account_state(account, zone=ZONE, now=NOW)
    assert (state.label, state.tone) == ("Waiting", "warn")
    assert state.sentence.startswith("Facebook has blocked this account from posting for some hours.")
    assert state.sentence.endswith("Posts go out again by themselves today, 4:30 PM CST.")
    assert "has blocked" in list_item(account, state, zone=ZONE)


def test_a_day_that_is_used_up_names_the_number() -> None:
    account = Account(platform="instagram", full_until=NOW + HOURS, posts_used=50, posts_total=50)
    sentence = account_state(account, zone=ZONE, now=NOW).sentence
    assert sentence.startswith("Instagram allows 50 posts in 24 hours, and they are used up. ")
    assert sentence.endswith("Posts go out again by themselves today, 1:30 PM CST.")


def test_a_pause_of_seconds_is_nothing_to_worry_about() -> None:
    account = Account(slowed_until=NOW + timedelta(seconds=20), slowed_reason=slowed_words("facebook"))
    state = account_state(account, zone=ZONE, now=NOW)
    assert state.tone == "calm"
    assert "limits how much" not in list_item(account, state, zone=ZONE)


@pytest.mark.parametrize(
    "account",
    [
        Account(),
        Account(slowed_until=NOW, slowed_reason="x", full_until=NOW - HOURS),
        Account(slowed_until=NOW + HOURS, slowed_reason="x", status="revoked"),
    ],
)
def test_a_pause_that_is_over_or_matters_no_more_is_not_told(account: Account) -> None:
    assert pause_of(account, zone=ZONE, now=NOW) is None


@pytest.mark.parametrize(
    ("used", "total", "told"), [(12, 50, "12 of 50 used"), (None, None, None), (3, None, None), (0, 25, "0 of 25 used")]
)
def test_the_days_posts_are_told_where_they_are_known(used: int | None, total: int | None, told: str | None) -> None:
    assert day_quota(Account(posts_used=used, posts_total=total)) == told


def test_a_lost_connection_is_told_with_its_reason_its_age_and_what_waits() -> None:
    reason = "The account's password was changed, so Facebook ended the connection. Please connect Facebook again."
    account = Account(status="revoked", status_reason=reason, open_posts=6, lost_at=NOW - 3 * HOURS)
    said = lost_connection(account, now=NOW).replace("\\", "")
    assert said.startswith("**Facebook: Bob's Plumbing** is not connected. The account's password was changed")
    assert "Noticed 3 hours ago. 6 posts wait for it. Nothing is lost" in said
    assert "Noticed just now." in lost_connection(Account(status="revoked", lost_at=NOW), now=NOW)
    assert "Noticed" not in lost_connection(Account(status="revoked"), now=NOW), "an account that was lost before"


def test_an_end_that_only_the_owner_can_put_off_is_told_with_its_day_in_the_owners_zone() -> None:
    account = Account(ends_message=access_ends("facebook"), ends_at=datetime(2026, 12, 2, 3, tzinfo=UTC))
    said = ending_access(account, zone=ZONE).replace("\\", "")
    assert said.startswith("**Facebook: Bob's Plumbing** has to be connected again by ")
    assert "1 December" in said or "Dec 1" in said or "December 1" in said
    state = account_state(account, zone=ZONE, now=NOW)
    assert (state.label, state.tone) == ("Needs you soon", "warn")
    assert "connect again by then" in permission(account, zone=ZONE, now=NOW)
