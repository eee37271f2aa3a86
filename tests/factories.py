"""Rows that tests start from: an owner, what they connected, what they posted. Plain parametrised SQL.

`connection` is the `owner` fixture: an autocommit psycopg connection as the tables' owner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from pydantic import SecretStr

from models.account_tokens import ACCESS_COLUMN, REFRESH_COLUMN, TABLE
from models.base import utc_now
from models.crypto import KeyRing
from models.settings import settings

_number = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """An owner with one business and their preferences."""

    user_id: UUID
    business_id: UUID
    email: str
    business_name: str
    plan: str
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A connected account; `id` is our row, `account_id` the platform's own."""

    id: UUID
    user_id: UUID
    platform: str
    account_id: str
    account_name: str


def insert(connection: psycopg.Connection[Any], table: str, **values: Any) -> None:
    """Insert one row; columns that are not given take their defaults."""
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(sql.Placeholder(name) for name in values),
    )
    connection.execute(statement, values)


def make_owner(
    connection: psycopg.Connection[Any],
    *,
    plan: str = "pro",
    status: str = "active",
    zone: str = "America/Chicago",
    email: str | None = None,
    password_hash: str = "no password opens this",
    trial_ends_at: datetime | None = None,
    business_name: str | None = None,
    business_type: str = "plumber",
    city: str = "Austin",
    state: str = "TX",
    description: str | None = "Family plumbers for homes and small shops.",
    website: str | None = "https://example.com",
    brand_voice: str = "friendly",
    posting_frequency: int = 3,
    preferred_times: Sequence[time] | None = (time(9), time(13), time(17)),
    themes: Sequence[str] = ("tip", "promotion", "seasonal"),
    avoid_keywords: Sequence[str] | None = None,
) -> Owner:
    """A user, their business and preferences."""
    number = next(_number)
    made = Owner(
        user_id=uuid4(),
        business_id=uuid4(),
        email=email or f"owner{number}@example.com",
        business_name=business_name or f"Hill Country Plumbing {number}",
        plan=plan,
        zone=zone,
    )
    insert(
        connection,
        "users",
        id=made.user_id,
        email=made.email,
        password_hash=password_hash,
        plan_tier=plan,
        status=status,
        trial_ends_at=trial_ends_at,
    )
    insert(
        connection,
        "businesses",
        id=made.business_id,
        user_id=made.user_id,
        name=made.business_name,
        type=business_type,
        location_city=city,
        location_state=state,
        description=description,
        website=website,
        brand_voice=brand_voice,
    )
    insert(
        connection,
        "user_preferences",
        user_id=made.user_id,
        posting_frequency=posting_frequency,
        preferred_times=None if preferred_times is None else list(preferred_times),
        timezone=zone,
        themes_enabled=list(themes),
        avoid_keywords=None if avoid_keywords is None else list(avoid_keywords),
    )
    return made


def make_account(
    connection: psycopg.Connection[Any],
    owner: Owner,
    platform: str = "facebook",
    *,
    account_id: str | None = None,
    account_name: str | None = None,
    access_token: str = "access-token-of-a-test",
    refresh_token: str | None = None,
    token_expires_at: datetime | None = None,
    status: str = "active",
    status_reason: str | None = None,
    login_provider: str | None = None,
    connected_at: datetime | None = None,
    last_refreshed_at: datetime | None = None,
) -> Connected:
    """A connected account, its tokens sealed."""
    number = next(_number)
    ids = {
        "google": f"accounts/{100_000 + number}/locations/{900_000 + number}",
        "facebook": f"{700_000_000 + number}",
        "instagram": f"{17_841_400_000_000_000 + number}",
    }
    made = Connected(
        id=uuid4(),
        user_id=owner.user_id,
        platform=platform,
        account_id=account_id or ids[platform],
        account_name=account_name or owner.business_name,
    )
    now = utc_now()
    insert(
        connection,
        "connected_accounts",
        id=made.id,
        user_id=owner.user_id,
        platform=platform,
        account_id=made.account_id,
        account_name=made.account_name,
        access_token_encrypted=seal(access_token, made, ACCESS_COLUMN),
        refresh_token_encrypted=refresh_token and seal(refresh_token, made, REFRESH_COLUMN),
        token_expires_at=token_expires_at,
        status=status,
        status_reason=status_reason,
        login_provider=login_provider,
        connected_at=connected_at or now,
        last_refreshed_at=last_refreshed_at,
    )
    return made


def seal(token: str, account: Connected, column: str) -> str:
    """An envelope that the process's own keys open (the `database_url` fixture sets a test key)."""
    return KeyRing.from_settings(settings()).seal(
        SecretStr(token), table=TABLE, column=column, row_id=account.id, user_id=account.user_id
    )


def make_post(
    connection: psycopg.Connection[Any],
    owner: Owner,
    account: Connected,
    *,
    content: str | None = None,
    status: str = "pending",
    scheduled_for: datetime | None = None,
    requires_approval: bool = False,
    **columns: Any,
) -> UUID:
    """A post of the account, due in an hour unless told otherwise; `columns` are any others of post_queue.

    `published` gets an id of the platform and a time where none are given.
    """
    number, post_id = next(_number), uuid4()
    when = scheduled_for or utc_now() + timedelta(hours=1)
    if status == "published":
        columns.setdefault("platform_post_id", f"{account.account_id}_{number}")
        columns.setdefault("published_at", when)
    insert(
        connection,
        "post_queue",
        id=post_id,
        user_id=owner.user_id,
        account_id=account.id,
        platform=account.platform,
        content=content or f"Know where your main shut-off valve is before you need it. ({number})",
        status=status,
        scheduled_for=when,
        requires_approval=requires_approval,
        **columns,
    )
    return post_id


def next_monday() -> date:
    """The first day of a week of which nothing has passed, in any zone."""
    soon = (utc_now() + timedelta(days=2)).date()
    return soon + timedelta(days=-soon.weekday() % 7)
