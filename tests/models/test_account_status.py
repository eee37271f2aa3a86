"""A lost connection is told in the owner's words, by the platform's code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models.account_status import (
    NO_REFRESH_TOKEN,
    REAUTH,
    TESTING,
    TOO_MANY,
    UNUSED,
    access_ends,
    grant_cause,
    lost,
)


@pytest.mark.parametrize(
    ("platform", "code", "status", "words"),
    [
        ("instagram", "190/463", "expired", "The connection to Instagram ran out"),
        ("google", NO_REFRESH_TOKEN, "expired", "ran out and cannot be renewed"),
        ("google", "invalid_grant", "revoked", "it was taken back or ran out"),
        ("google", REAUTH, "expired", "makes its people log in again"),
        ("google", TESTING, "expired", "after seven days"),
        ("google", TOO_MANY, "revoked", "keeps a hundred connections of one account"),
        ("google", UNUSED, "expired", "was not used for six months"),
        ("google", "admin_policy_enforced", "revoked", "Workspace does not allow PostAgent"),
        ("facebook", "100/33", "revoked", "does not find the account any more"),
        ("facebook", "other_app", "revoked", "not made with PostAgent's own app"),
        ("facebook", "190/458", "revoked", "PostAgent was removed"),
        ("facebook", "190/460", "revoked", "password was changed"),
        ("facebook", "190/492", "revoked", "no role on this Page"),
        ("facebook", "200", "revoked", "A permission that posting needs"),
        ("facebook", "10", "revoked", "A permission that posting needs"),
        ("facebook", "283", "revoked", "A permission that posting needs"),
        ("instagram", "25/2207050", "revoked", "restricted the account"),
        ("facebook", "190/99999", "revoked", "Facebook does not accept the connection any more"),
        ("google", None, "revoked", "Google does not accept the connection any more"),
        ("mastodon", "x", "revoked", "Mastodon does not accept"),
    ],
)
def test_what_the_owner_reads(platform: str, code: str | None, status: str, words: str) -> None:
    told = lost(platform, code)
    assert told.status == status
    assert words in told.reason
    assert told.reason.endswith("again.")
    assert "{" not in told.reason
    assert not any(character.isdigit() for character in told.reason), "no code in an owner's sentence"


NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAYS, HOURS = timedelta(days=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("connected", "used", "newer", "cause"),
    [
        (7 * DAYS + HOURS, HOURS * 2, 0, TESTING),
        (7 * DAYS, HOURS, 0, TESTING),
        (8 * DAYS, DAYS * 1.5, 0, TESTING),  # our machine was down: the first try after the seventh day
        (7 * DAYS - HOURS, HOURS, 0, "invalid_grant"),  # it ended before: somebody took it back
        (9 * DAYS, HOURS, 0, "invalid_grant"),  # it lived on after the seventh day
        (300 * DAYS, 181 * DAYS, 0, UNUSED),
        (300 * DAYS, 179 * DAYS, 0, "invalid_grant"),
        (300 * DAYS, HOURS, 99, "invalid_grant"),
        (300 * DAYS, HOURS, 100, TOO_MANY),
    ],
)
def test_why_google_probably_ended_a_grant(connected: timedelta, used: timedelta, newer: int, cause: str) -> None:
    story = {"connected_at": NOW - connected, "used_at": NOW - used}
    assert grant_cause("invalid_grant", **story, newer=newer, now=NOW) == cause
    assert grant_cause(REAUTH, **story, newer=newer, now=NOW) == REAUTH, "what Google says itself is not guessed"


def test_an_end_that_is_near_is_told_with_what_to_do() -> None:
    assert access_ends("facebook").startswith("Facebook ends a part")
    assert "connect Facebook again" in access_ends("facebook")
