"""When a platform's token is renewed: ahead of its end by the deployment, else just before a call.

Sources: Google's access tokens live `expires_in`, about an hour (developers.google.com/identity). Instagram Login's
live 60 days, can be renewed from 24 hours after they were made, and never after their end
(developers.facebook.com/docs/instagram-platform). A Facebook Page's token has no end of its own, but can only be
renewed while the long-lived user token behind it lives, 60 days; that end is what `token_expires_at` holds for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

SHORTEST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
LONGEST_OBEYED = timedelta(days=1)  # however long a platform asks us to wait
CHECK_AGAIN = timedelta(days=1)  # a token that dies without an end that is known is looked at so often
# With a run every 15 minutes trouble is known 45 minutes before a post is due, and still 30 if a run is left out.
PREFLIGHT_AHEAD = timedelta(minutes=60)
PROOF_LASTS = timedelta(minutes=30)  # a success of any kind proves the access for so long
TELL_AHEAD = timedelta(days=14)  # an end that only the owner can put off


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshRule:
    """How one kind of token is kept alive. Ages count from the last refresh, else from connecting."""

    ahead: timedelta  # renewed when its end is nearer than this
    oldest: timedelta | None  # renewed at this age, however far its end is
    youngest: timedelta  # the platform refuses to renew a younger one
    before_call: timedelta  # renewed just in time when a call begins so near its end
    ends: bool  # whether the access token itself is dead at `token_expires_at`
    by_refresh_token: bool  # cannot be renewed without one

    @property
    def dies_untold(self) -> bool:
        """Whether only a look tells that the token is dead: it has no end of its own."""
        return not self.ends


RULES: Mapping[str, RefreshRule] = {
    # 20 minutes are one run of the deployment every 15 minutes and some lateness.
    "google": RefreshRule(
        ahead=timedelta(minutes=20),
        oldest=None,
        youngest=timedelta(0),
        before_call=timedelta(minutes=2),
        ends=True,
        by_refresh_token=True,
    ),
    "instagram": RefreshRule(
        ahead=timedelta(days=10),
        oldest=timedelta(days=7),
        youngest=timedelta(hours=24),
        before_call=timedelta(hours=1),
        ends=True,
        by_refresh_token=False,
    ),
    # Also Instagram accounts that were connected through Facebook Login: theirs is the Page's token.
    "facebook": RefreshRule(
        ahead=timedelta(days=20),
        oldest=timedelta(days=30),
        youngest=timedelta(0),
        before_call=timedelta(0),
        ends=False,
        by_refresh_token=True,
    ),
}


def kind_of(platform: str, login_provider: str | None) -> str:
    """Whose rules an account's token follows."""
    return "facebook" if login_provider == "facebook" else platform


def refresh_due(
    rule: RefreshRule,
    *,
    has_refresh_token: bool,
    token_expires_at: datetime | None,
    refreshed_at: datetime,
    now: datetime,
) -> bool:
    """Whether the deployment renews the token now. An unknown end is found out by renewing.

    `accounts_to_refresh` in sql/queries/tokens.sql says the same; a test compares the two.
    """
    over = token_expires_at is not None and token_expires_at <= now
    if rule.by_refresh_token and not has_refresh_token:
        return over  # nothing to renew it with: at its end the owner is told
    if now - refreshed_at < rule.youngest and not over:
        return False
    if token_expires_at is None or token_expires_at < now + rule.ahead:
        return True
    return rule.oldest is not None and now - refreshed_at >= rule.oldest


def check_due(
    rule: RefreshRule,
    *,
    next_post_at: datetime | None,
    proven_at: datetime | None,
    checked_at: datetime | None,
    now: datetime,
) -> bool:
    """Whether an account's access is looked at now: daily where a token dies untold, and ahead of its next post.

    `proven_at` is its last success of any kind, None = none is known. `accounts_to_check` in sql/queries/tokens.sql
    says the same; a test compares the two.
    """
    if rule.dies_untold and (checked_at is None or now - checked_at >= CHECK_AGAIN):
        return True
    soon = next_post_at is not None and now < next_post_at <= now + PREFLIGHT_AHEAD
    return soon and (proven_at is None or now - proven_at >= PROOF_LASTS)


def to_be_told(access_ends_at: datetime | None, now: datetime) -> bool:
    """Whether the end of (a part of) the access is so near that the owner has to know."""
    return access_ends_at is not None and access_ends_at <= now + TELL_AHEAD


def needed_before_call(rule: RefreshRule, token_expires_at: datetime | None, now: datetime) -> bool:
    """Whether the token must be renewed before a call that begins now."""
    return rule.ends and token_expires_at is not None and token_expires_at <= now + rule.before_call


def is_over(rule: RefreshRule, token_expires_at: datetime | None, now: datetime) -> bool:
    """Whether the access token is certainly dead."""
    return rule.ends and token_expires_at is not None and token_expires_at <= now


def next_try(
    rule: RefreshRule,
    token_expires_at: datetime | None,
    now: datetime,
    *,
    retry_after: float | None,
    spread: float,
) -> datetime:
    """When a refresh that failed for the moment is tried again: sooner as the end comes nearer.

    `retry_after` is the platform's wish in seconds, obeyed up to a day; `spread` in 0..1 keeps many accounts from
    coming back at once.
    """
    left = token_expires_at - now if rule.ends and token_expires_at is not None else LONGEST_WAIT * 4
    wait = min(max(left / 4, SHORTEST_WAIT), LONGEST_WAIT)
    asked = timedelta(seconds=min(retry_after or 0.0, LONGEST_OBEYED.total_seconds()))
    return now + max(wait, asked) * (1 + spread / 4)
