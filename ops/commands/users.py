"""`postagent users add`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import SecretStr
from sqlalchemy.exc import IntegrityError
from sqlmodel import func, select

from models import calendar_slots, plan_rights
from models.base import utc_now
from models.business import Business, UserPreferences
from models.database import Role, session
from models.passwords import PasswordError, hash_password
from models.user import User
from ops.errors import OpsError

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOwner:
    """What the command line gave."""

    email: str
    plan: str
    trial: bool
    business_name: str
    business_type: str
    city: str
    state: str
    zone: str
    description: str | None
    website: str | None
    voice: str
    frequency: int


def check(owner: NewOwner) -> None:
    """Raise OpsError, naming the first value that cannot be right, before a password is asked for."""
    if not _EMAIL.fullmatch(owner.email):
        raise OpsError(f"{owner.email!r} is not an e-mail address: write name@example.com")
    try:
        rights = plan_rights.plan(owner.plan)
        calendar_slots.zone(owner.zone)
    except ValueError as error:
        raise OpsError(str(error)) from None
    for name, value in (
        ("--business-name", owner.business_name),
        ("--type", owner.business_type),
        ("--city", owner.city),
    ):
        if not value.strip():
            raise OpsError(f"{name} is empty: posts are written from it")
    if not re.fullmatch(r"[A-Z]{2}", owner.state):
        raise OpsError(f"--state {owner.state!r} is not a state: write its two letters, such as TX")
    if owner.website is not None and not re.fullmatch(r"https?://[^\s/]+\.[^\s]+", owner.website):
        raise OpsError(f"--website {owner.website!r} is not a web address: write https://example.com")
    most = plan_rights.PLANS["pro"].posts_per_week if owner.trial else rights.posts_per_week
    if not 0 <= owner.frequency <= most:
        plan = "the trial" if owner.trial else f"the plan {owner.plan}"
        raise OpsError(
            f"--frequency {owner.frequency} does not fit: {plan} allows 0 to {most} posts a week and account"
        )


def add(owner: NewOwner, password: SecretStr) -> str:
    """Add owner, business and preferences in one transaction; returns the line to print.

    Raises OpsError when the e-mail is taken (in any case) or the password is not good enough.
    """
    email = owner.email.lower()
    taken = OpsError(f"There is a user {email} already: choose another e-mail")
    try:
        hashed = hash_password(password, email=email)
    except PasswordError as error:
        raise OpsError(str(error)) from None
    business_type = re.sub(r"[\s-]+", "_", owner.business_type.strip().lower())
    try:
        with session(Role.OWNER) as db:
            if db.exec(select(User.id).where(func.lower(User.email) == email)).first() is not None:
                raise taken
            user = User(
                email=email,
                password_hash=hashed,
                plan_tier=owner.plan,
                status="trial" if owner.trial else "active",
                trial_ends_at=utc_now() + plan_rights.TRIAL_LENGTH if owner.trial else None,
            )
            db.add(user)
            db.flush()
            db.add(
                Business(
                    user_id=user.id,
                    name=owner.business_name.strip(),
                    type=business_type,
                    location_city=owner.city.strip(),
                    location_state=owner.state,
                    description=owner.description,
                    website=owner.website,
                    brand_voice=owner.voice,
                )
            )
            db.add(UserPreferences(user_id=user.id, timezone=owner.zone, posting_frequency=owner.frequency))
            user_id = user.id
    except IntegrityError:
        raise taken from None
    return f"Added {email} ({owner.business_name.strip()}), user {user_id}"
