"""Users: who logs in, on which plan, in which state; and their dashboard sessions."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Identity,
    Index,
    UniqueConstraint,
    text,
)
from sqlmodel import Field

from models.base import Table, id_field, owner_column, text_column, time_column, utc_now


class User(Table, table=True):
    """An owner. `status` paused or canceled stops generating and publishing at once, and nothing begins while their
    address is unproved: `is_served` says both."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("plan_tier IN ('starter', 'pro', 'premium')", name="plan_tier"),
        CheckConstraint("status IN ('active', 'paused', 'canceled', 'trial')", name="status"),
        Index("idx_users_email", "email"),
        Index("idx_users_email_lower", text("lower(email)")),
        Index("idx_users_stripe", "stripe_customer_id"),
        Index("idx_users_erasing", "erasing_at", postgresql_where=text("erasing_at IS NOT NULL")),
    )

    id: UUID = id_field()
    email: str = Field(sa_column=text_column(unique=True))
    password_hash: str = Field(sa_column=text_column(), repr=False)
    stripe_customer_id: str | None = Field(default=None, sa_column=text_column(null=True, unique=True))
    plan_tier: str = Field(default="starter", sa_column=text_column(default="starter"))
    status: str = Field(default="active", sa_column=text_column(default="active"))
    trial_ends_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    created_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="now()"))
    updated_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="now()"))
    unverified_since: datetime | None = Field(default=None, sa_column=time_column(null=True))
    is_served: bool | None = Field(
        default=None,
        sa_column=Column(
            Boolean,
            Computed(
                "(status = ANY (ARRAY['active'::text, 'trial'::text])) AND unverified_since IS NULL", persisted=True
            ),
            nullable=False,
        ),
    )
    erasing_at: datetime | None = Field(default=None, sa_column=time_column(null=True))


class ErasedCustomer(Table, table=True):
    """Somebody who left and whose invoices have to be kept: all that is left of them here is Stripe's number."""

    __tablename__ = "erased_customers"

    id: UUID = id_field()
    stripe_customer_id: str = Field(sa_column=text_column(unique=True))
    erased_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="clock_timestamp()"))


class DashboardSession(Table, table=True):
    """A login. The cookie holds a random token, this table only its hash."""

    __tablename__ = "dashboard_sessions"
    __table_args__ = (
        UniqueConstraint("user_id", "id", name="dashboard_sessions_tenant_key"),
        Index("idx_dashboard_sessions_user", "user_id"),
    )

    id: UUID = id_field()
    token_hash: str = Field(sa_column=text_column(unique=True), repr=False)
    user_id: UUID = Field(sa_column=owner_column())
    user_agent: str | None = Field(default=None, sa_column=text_column(null=True))
    created_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="now()"))
    last_seen_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="now()"))
    expires_at: datetime = Field(sa_column=time_column())
    revoked_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    address: str | None = Field(default=None, sa_column=text_column(null=True))


class LoginAttempt(Table, table=True):
    """One try to log in; `subject` is a hashed e-mail or an address, never a plain e-mail."""

    __tablename__ = "login_attempts"
    __table_args__ = (Index("idx_login_attempts_subject", "subject", Column("attempted_at").desc()),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    subject: str = Field(sa_column=text_column())
    attempted_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="now()"))
    succeeded: bool = Field(sa_column=Column(Boolean, nullable=False))


def email_subject(email: str) -> str:
    """The `subject` of tries with an e-mail: hashed, as it may be of somebody who is no user."""
    return f"email:{hashlib.sha256(email.casefold().encode()).hexdigest()}"
