"""Plans: the one table, trials, and who is at work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models.plan_rights import (
    PLANS,
    TRIAL_LENGTH,
    UnknownPlan,
    UnknownStatus,
    may_generate,
    may_publish,
    plan,
    rights,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "accounts", "posts", "approval", "own_media", "monthly"),
    [("starter", 1, 3, False, False, False), ("pro", 3, 7, True, True, True), ("premium", 10, 21, True, True, True)],
)
def test_the_table_is_the_one_we_sell(
    name: str, accounts: int, posts: int, approval: bool, own_media: bool, monthly: bool
) -> None:
    sold = plan(name)
    assert (sold.accounts_per_platform, sold.posts_per_week) == (accounts, posts)
    assert (sold.approval, sold.own_media, sold.monthly_report) == (approval, own_media, monthly)
    assert sold.weekly_report


@pytest.mark.parametrize("status", ["active", "paused", "canceled"])
@pytest.mark.parametrize("tier", list(PLANS))
def test_outside_a_trial_the_plan_decides(tier: str, status: str) -> None:
    assert rights(tier, status, NOW - timedelta(days=1), NOW) == plan(tier)


@pytest.mark.parametrize("tier", list(PLANS))
def test_a_trial_has_pros_rights_while_it_lasts_and_starters_afterwards(tier: str) -> None:
    ends = NOW + TRIAL_LENGTH
    assert rights(tier, "trial", ends, NOW) == plan("pro")
    assert rights(tier, "trial", ends, ends - timedelta(seconds=1)) == plan("pro")
    assert rights(tier, "trial", ends, ends) == plan("starter")


def test_a_trial_without_an_end_keeps_its_approval() -> None:
    assert rights("starter", "trial", None, NOW).approval


@pytest.mark.parametrize(
    ("status", "works"), [("active", True), ("trial", True), ("paused", False), ("canceled", False)]
)
def test_only_active_and_trial_users_get_and_publish_posts(status: str, works: bool) -> None:
    assert may_generate(status) is works
    assert may_publish(status) is works


def test_an_unknown_plan_is_named() -> None:
    with pytest.raises(UnknownPlan, match="There is no plan 'gold': choose one of starter, pro, premium"):
        rights("gold", "active", None, NOW)


def test_an_unknown_status_is_named() -> None:
    with pytest.raises(UnknownStatus, match="There is no user status 'asleep'"):
        rights("pro", "asleep", None, NOW)
