"""A new owner with their business and preferences: what is asked of them, and the one way in which they are stored."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import Session

from models import calendar_slots, plan_rights
from models.queries import query

LONGEST_EMAIL = 254  # RFC 5321
LONGEST_WORDS = 100  # characters of a name, a trade or a city
# As browsers check it (HTML): nothing that could end a header or name a second recipient.
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class OwnerError(ValueError):
    """A value cannot be right. `field` is its name in NewOwner; the message says what is wrong, without naming it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOwner:
    """What an owner or an operator gave."""

    email: str
    plan: str = "starter"
    trial: bool
    business_name: str
    business_type: str
    city: str
    state: str
    zone: str
    description: str | None = None
    website: str | None = None
    voice: str = "professional"
    frequency: int = 3


def check_owner(owner: NewOwner) -> None:
    """Raise OwnerError for the first value that cannot be right."""
    if len(owner.email) > LONGEST_EMAIL or not _EMAIL.fullmatch(owner.email):
        raise OwnerError("email", f"{owner.email!r} is not an e-mail address: write name@example.com")
    try:
        rights = plan_rights.plan(owner.plan)
    except ValueError as error:
        raise OwnerError("plan", str(error)) from None
    try:
        calendar_slots.zone(owner.zone)
    except ValueError as error:
        raise OwnerError("zone", str(error)) from None
    for field, value in (
        ("business_name", owner.business_name),
        ("business_type", owner.business_type),
        ("city", owner.city),
    ):
        if not value.strip():
            raise OwnerError(field, "is empty: posts are written from it")
        if len(value) > LONGEST_WORDS or not value.isprintable():
            raise OwnerError(field, f"is too long, or not plain text: use at most {LONGEST_WORDS} characters")
    if not re.fullmatch(r"[A-Z]{2}", owner.state):
        raise OwnerError("state", f"{owner.state!r} is not a state: write its two letters, such as TX")
    if owner.website is not None and not re.fullmatch(r"https?://[^\s/]+\.[^\s]+", owner.website):
        raise OwnerError("website", f"{owner.website!r} is not a web address: write https://example.com")
    most = plan_rights.PLANS["pro"].posts_per_week if owner.trial else rights.posts_per_week
    if not 0 <= owner.frequency <= most:
        plan = "the trial" if owner.trial else f"the plan {owner.plan}"
        raise OwnerError(
            "frequency", f"{owner.frequency} does not fit: {plan} allows 0 to {most} posts a week and account"
        )


def add_owner(db: Session, owner: NewOwner, password_hash: str, *, now: datetime, verified: bool) -> UUID | None:
    """Add owner, business and preferences, for values that `check_owner` let through; the owner's id.

    None, and nothing is added, when somebody has this address already, in any case. `verified`: somebody vouches for
    the address; otherwise nothing is written or published for the owner before they proved it.
    """
    run, email = db.connection().exec_driver_sql, owner.email.lower()
    if run(query("owner_of_address"), {"email": email}).one_or_none() is not None:
        return None
    user = {
        "id": uuid4(),
        "email": email,
        "password_hash": password_hash,
        "plan_tier": owner.plan,
        "status": "trial" if owner.trial else "active",
        "trial_ends_at": now + plan_rights.TRIAL_LENGTH if owner.trial else None,
        "unverified_since": None if verified else now,
    }
    user_id: UUID | None = run(query("add_user"), user).scalar_one_or_none()
    if user_id is None:
        return None
    business = {
        "user_id": user_id,
        "name": owner.business_name.strip(),
        "type": re.sub(r"[\s-]+", "_", owner.business_type.strip().lower()),
        "city": owner.city.strip(),
        "state": owner.state,
        "description": owner.description,
        "website": owner.website,
        "voice": owner.voice,
    }
    run(query("add_business"), business)
    run(query("add_preferences"), {"user_id": user_id, "zone": owner.zone, "frequency": owner.frequency})
    return user_id
