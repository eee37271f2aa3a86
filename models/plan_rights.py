"""What each plan may do: the one table, and the two questions that every worker asks first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

TRIAL_LENGTH = timedelta(days=14)
MEGABYTE = 2**20


class UnknownPlan(ValueError):
    """A plan that we do not sell; the message names it and the ones that exist."""


class UnknownStatus(ValueError):
    """A user status that does not exist; the message names it and the ones that do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What an owner may do.

    `posts_per_week` caps each connected account by itself, as `posting_frequency` counts for each of them.
    """

    plan: str
    accounts_per_platform: int
    posts_per_week: int
    approval: bool
    own_media: bool
    media_pictures: int  # in the library
    media_bytes: int  # of all of them together, as they are kept
    weekly_report: bool
    monthly_report: bool


PLANS: dict[str, Rights] = {
    plan.plan: plan
    for plan in (
        Rights(
            plan="starter",
            accounts_per_platform=1,
            posts_per_week=3,
            approval=False,
            own_media=False,
            media_pictures=0,
            media_bytes=0,
            weekly_report=True,
            monthly_report=False,
        ),
        Rights(
            plan="pro",
            accounts_per_platform=3,
            posts_per_week=7,
            approval=True,
            own_media=True,
            media_pictures=200,
            media_bytes=200 * MEGABYTE,
            weekly_report=True,
            monthly_report=True,
        ),
        Rights(
            plan="premium",
            accounts_per_platform=10,
            posts_per_week=21,
            approval=True,
            own_media=True,
            media_pictures=1_000,
            media_bytes=1_000 * MEGABYTE,
            weekly_report=True,
            monthly_report=True,
        ),
    )
}

# Whether a user in this state has new posts written, and due posts published.
_AT_WORK = {"active": True, "trial": True, "paused": False, "canceled": False}


def plan(name: str) -> Rights:
    """The rights of a plan. Raises UnknownPlan naming what was asked for."""
    try:
        return PLANS[name]
    except KeyError:
        raise UnknownPlan(f"There is no plan {name!r}: choose one of {', '.join(PLANS)}") from None


def rights(plan_tier: str, status: str, trial_ends_at: datetime | None, now: datetime) -> Rights:
    """What this user may do at `now`.

    A trial has Pro's rights until `trial_ends_at`, Starter's from that moment on. A trial without a recorded end still
    runs: the other reading would let posts out without the approval that its owner was promised.
    Raises UnknownPlan or UnknownStatus.
    """
    own = plan(plan_tier)
    may_generate(status)
    if status != "trial":
        return own
    return PLANS["pro"] if trial_ends_at is None or now < trial_ends_at else PLANS["starter"]


def may_generate(status: str) -> bool:
    """Whether new posts are written for a user in this state. Raises UnknownStatus."""
    try:
        return _AT_WORK[status]
    except KeyError:
        raise UnknownStatus(f"There is no user status {status!r}: choose one of {', '.join(_AT_WORK)}") from None


def may_publish(status: str) -> bool:
    """Whether due posts of a user in this state go out. Raises UnknownStatus."""
    return may_generate(status)
