"""Who is looking at a page, checked anew in every run of a script, and their data through row-level security."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

import streamlit as st
from sqlalchemy import Row
from sqlmodel import Session

from dashboards.logins import is_alive
from dashboards.parts.times import zone_of
from models.base import utc_now
from models.database import Role, session
from models.plan_rights import Rights, may_publish, rights
from models.queries import query


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The person at the page. `zone` is their IANA zone's name; `now` the moment of this run (UTC)."""

    user_id: UUID
    email: str
    plan_tier: str
    status: str
    trial_ends_at: datetime | None
    zone: str
    business_name: str | None
    avoid_keywords: Sequence[str]
    is_verified: bool
    now: datetime

    @property
    def clock_zone(self) -> tzinfo:
        """Where their wall clock hangs."""
        return zone_of(self.zone)

    @property
    def rights(self) -> Rights:
        """What their plan allows at this moment."""
        return rights(self.plan_tier, self.status, self.trial_ends_at, self.now)

    @property
    def publishing(self) -> bool:
        """Whether anything of theirs goes out at all."""
        return may_publish(self.status) and self.is_verified

    @property
    def may_change(self) -> bool:
        """A canceled owner may log in and read, nothing more."""
        return self.status != "canceled"

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction as the role that sees this owner's rows and nobody else's."""
        with session(Role.DASHBOARD, tenant=self.user_id) as opened:
            yield opened

    def rows(self, name: str, **parameters: Any) -> Sequence[Row[Any]]:
        """The rows of a named query, as this owner sees them."""
        with self.session() as opened:
            return opened.connection().exec_driver_sql(query(name), parameters).all()


def current_owner() -> Owner | None:
    """The owner whose session opened this page, None when it has ended since (logged out, revoked, expired).

    The websocket stays open after a logout, so every run and every callback asks the database again.
    """
    now = utc_now()
    try:
        session_id, user_id = (UUID(str(st.user.get(key))) for key in ("session_id", "user_id"))
    except ValueError:
        return None
    return owner_of(user_id, now) if is_alive(session_id, user_id, now=now) else None


def session_check() -> Callable[[], bool]:
    """Asks later, outside of this page's run, whether the session that opened it still stands."""
    session_id, user_id = (UUID(str(st.user.get(key))) for key in ("session_id", "user_id"))
    return lambda: is_alive(session_id, user_id, now=utc_now())


def owner_of(user_id: UUID, now: datetime) -> Owner | None:
    """The owner behind a session that was looked up already."""
    with session(Role.DASHBOARD, tenant=user_id) as opened:
        row = opened.connection().exec_driver_sql(query("dashboard_owner")).one_or_none()
    return Owner(**row._mapping, now=now) if row is not None else None


def require_owner() -> Owner:
    """The owner; without a live session the page ends here with the way back in."""
    owner = current_owner()
    if owner is None:
        st.warning("You are logged out. Log in again to go on.", icon=":material/lock:")
        st.html('<a class="pa-button" href="/login" target="_self">Log in again</a>')
        st.stop()
    return owner
