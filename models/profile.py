"""Keeping what an owner states about the business and wishes for their posts. As the dashboard's role.

Each change is one row, written at once and only over the very row that the owner was shown (`seen`, its `updated_at`):
of two browser tabs the second one is told, and nothing is lost. Row-level security keeps every statement to the owner
whose transaction it is; column privileges keep plan, accounts and owner out of reach.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from models.profile_rules import BusinessDetails, ProfileRefusal, Wishes
from models.queries import query


def save_business(session: Session, user_id: UUID, details: BusinessDetails, *, seen: datetime | None) -> None:
    """Keep the details of the business that posts are written for (the oldest one).

    `seen` is its `updated_at` as shown, None where there was none yet. Raises ProfileRefusal when it changed since.
    """
    values = asdict(details) | {"user_id": user_id, "seen": seen}
    if seen is None:
        lock_profile(session, user_id)
    _write(session, "add_first_business" if seen is None else "save_business", values)


def save_wishes(session: Session, user_id: UUID, wishes: Wishes, *, seen: datetime | None) -> None:
    """Keep the preferences; `seen` as in `save_business`. Raises ProfileRefusal when they changed since."""
    values = asdict(wishes) | {"user_id": user_id, "seen": seen}
    _write(session, "add_wishes" if seen is None else "save_wishes", values)


def lock_profile(session: Session, user_id: UUID) -> None:
    """One at a time for an owner, until the transaction ends: for what a single statement cannot count or find."""
    session.connection().exec_driver_sql(query("lock_profile"), {"user_id": user_id})


def _write(session: Session, name: str, values: dict[str, Any]) -> None:
    if session.connection().exec_driver_sql(query(name), values).one_or_none() is None:
        raise ProfileRefusal(
            "Not saved: this was changed meanwhile, in another tab or on another device. What you wrote is still here."
        )
