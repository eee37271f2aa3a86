"""Where a post stands, in the owner's words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.parts.post_card import PostCard
from dashboards.parts.wording import State, count, plain, platform_name, state_of, theme_name
from models.post_status import SKIPPED

NOW = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
ZONE = ZoneInfo("America/Chicago")


def card(**changes: Any) -> PostCard:
    """A Facebook post that waits for approval, due in two hours."""
    values: dict[str, Any] = dict.fromkeys(PostCard.__dataclass_fields__)
    values |= {
        "id": UUID(int=1),
        "platform": "facebook",
        "content": "Know your valve.",
        "scheduled_for": NOW + timedelta(hours=2),
        "status": "pending",
        "requires_approval": True,
        "content_hash": "h",
        "retry_count": 0,
        "leased": False,
        "account_name": "Bob's Plumbing",
        "account_status": "active",
        "account_disconnected": False,
    }
    return PostCard(**values | changes)


def told(publishing: bool = True, **changes: Any) -> State:
    """What is said about such a post."""
    return state_of(card(**changes), zone=ZONE, now=NOW, publishing=publishing)


PAST = NOW - timedelta(hours=3)


@pytest.mark.parametrize(
    ("changes", "label", "part"),
    [
        ({}, "Waiting for you", "Goes out today, 2:30 PM CST, if you approve it."),
        ({"scheduled_for": PAST}, "Waiting for you", "as soon as you approve it"),
        ({"requires_approval": False}, "Scheduled", "by itself today, 2:30 PM CST"),
        ({"status": "approved", "approved_by": "bob@example.com"}, "Approved", "by bob@example.com"),
        ({"status": "approved", "scheduled_for": PAST}, "Going out", "next in line"),
        ({"status": "approved", "scheduled_for": NOW, "leased": True}, "Going out", "on its way to Facebook"),
        ({"status": "approved", "leased": True}, "Approved", "Goes out"),
        (
            {"status": "approved", "scheduled_for": PAST, "account_waits_until": NOW + timedelta(hours=1)},
            "Waiting",
            "takes no posts of this account for now. It goes out by itself today, 1:30 PM CST.",
        ),
        ({"status": "approved", "account_waits_until": NOW + timedelta(minutes=1)}, "Approved", "Goes out"),
        ({"status": "approved", "scheduled_for": PAST, "account_waits_until": PAST}, "Going out", "next in line"),
        (
            {"status": "approved", "error_message": "busy", "next_attempt_at": NOW + timedelta(minutes=9)},
            "Trying again",
            "Next try today, 12:39 PM CST",
        ),
        ({"status": "approved", "in_doubt_since": PAST}, "Checking", "We are checking whether it went out"),
        ({"status": "approved", "in_doubt_since": PAST, "account_status": "expired"}, "Checking", "second time"),
        ({"platform": "google", "status": "approved", "platform_state": "PROCESSING"}, "With Google", "looking at it"),
        ({"status": "approved", "account_status": "revoked"}, "On hold", "connection to Facebook is broken"),
        (
            {"status": "approved", "account_status": "revoked", "account_disconnected": True},
            "On hold",
            "You disconnected this account from Facebook",
        ),
        ({"status": "published", "published_at": PAST}, "Live", "Published today, 9:30 AM CST."),
        ({"status": "published"}, "Live", "Published"),
        ({"status": "failed", "error_message": "The picture is too large"}, "Did not go out", "too large."),
        ({"status": "failed"}, "Did not go out", "Facebook did not take it."),
        ({"status": "rejected", "last_reason": SKIPPED}, "Skipped", "nothing goes out instead"),
        (
            {"status": "approved", "approved_by": "bob@example.com", "approved_at": PAST},
            "Approved",
            "Approved by bob@example.com today, 9:30 AM CST. Goes out",
        ),
        ({"status": "rejected", "last_reason": "rejected: Not true for us"}, "Rejected", "reason: Not true for us."),
        (
            {"status": "rejected", "last_reason": "rejected: no reason"},
            "Rejected",
            "You said no, so it will not go out.",
        ),
    ],
)
def test_each_state_has_its_words(changes: dict[str, Any], label: str, part: str) -> None:
    state = told(**changes)
    assert state.label == label
    assert part in state.sentence


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"in_doubt_since": PAST}, "You do not have to do anything."),
        ({"platform_state": "PROCESSING"}, "usually takes minutes"),
        ({"account_status": "revoked"}, "on the page Accounts; then it goes out by itself"),
        ({"account_status": "revoked", "account_disconnected": True}, "or skip this post"),
        ({"scheduled_for": PAST}, "Without your yes it never goes out."),
        ({"status": "failed"}, "press Try again, give it another time, or skip it"),
        ({"status": "failed", "account_status": "expired"}, "Connect Facebook again on the page Accounts"),
        ({"status": "published"}, ""),
    ],
)
def test_what_an_owner_can_do_is_said_where_something_is_not_as_it_should_be(
    changes: dict[str, Any], advice: str
) -> None:
    assert advice in told(**changes).advice


@pytest.mark.parametrize("last", ["changed without PostAgent", "rejected: no reason", None])
def test_a_reason_that_is_none_is_not_told(last: str | None) -> None:
    assert told(status="rejected", last_reason=last).sentence == "You said no, so it will not go out."


def test_nothing_goes_out_of_a_paused_account() -> None:
    assert told(publishing=False, status="approved").label == "On hold"
    assert "keeps its place" in told(publishing=False, status="approved").advice
    assert "once your account is active" in told(publishing=False, status="failed").advice
    assert told(publishing=False, status="published", published_at=PAST).label == "Live"


def test_an_unknown_status_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(ValueError, match="lost"):
        told(status="lost")


def test_markdown_in_a_tenants_text_stays_text() -> None:
    assert plain("*a* [b](javascript:c) `d` <e> $f$ :red[g]\n# h") == (
        r"\*a\* \[b\]\(javascript\:c\) \`d\` \<e\> \$f\$ \:red\[g\] \# h"
    )


@given(st.text())
def test_plain_never_leaves_a_sign_that_markdown_reads(text: str) -> None:
    unescaped = plain(text).replace("\\\\", "")
    for position, sign in enumerate(unescaped):
        if sign in "*_[]()<>`#$:|~":
            assert unescaped[position - 1] == "\\"
    assert "\n" not in plain(text)


def test_names_and_numbers_read_well() -> None:
    assert (platform_name("google"), platform_name("threads")) == ("Google", "Threads")
    assert (theme_name("fun_fact"), theme_name("big_news"), theme_name(None)) == ("Fun fact", "Big news", "No theme")
    assert (count(1, "post"), count(1204, "post"), count(0, "post waits", "posts wait")) == (
        "1 post",
        "1,204 posts",
        "0 posts wait",
    )
