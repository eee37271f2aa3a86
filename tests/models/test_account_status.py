"""A lost connection is told in the owner's words, by the platform's code."""

from __future__ import annotations

import pytest

from models.account_status import NO_REFRESH_TOKEN, lost


@pytest.mark.parametrize(
    ("platform", "code", "status", "words"),
    [
        ("instagram", "190/463", "expired", "The connection to Instagram ran out"),
        ("google", NO_REFRESH_TOKEN, "expired", "ran out and cannot be renewed"),
        ("google", "invalid_grant", "revoked", "it was taken back or ran out"),
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
