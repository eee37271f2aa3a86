"""Mails to owners: which there are, how long their links live, when one that could not be sent is tried again."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, Column, Date, ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlmodel import Field, Session

from models import post, user  # noqa: F401 - their tables are referenced
from models.base import Table, id_field, integer_column, owner_column, text_column, time_column, utc_now
from models.queries import query


class MailKind(StrEnum):
    """What a mail is about."""

    VERIFY_EMAIL = "verify_email"
    ALREADY_REGISTERED = "already_registered"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - names of mails
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    APPROVAL_NEEDED = "approval_needed"


# The mails whose link opens something, and for how long it does.
LINK_LIFE = {MailKind.VERIFY_EMAIL: timedelta(hours=24), MailKind.RESET_PASSWORD: timedelta(hours=1)}

LEASE = timedelta(minutes=5)  # longer than any mail takes to be sent
_FIRST_WAIT = timedelta(minutes=2)
_LONGEST_WAIT = timedelta(hours=2)
_WORTH_SENDING = timedelta(days=1)  # whoever asked for a later one has gone


class Mail(Table, table=True):
    """A mail that waits, was sent, or never will be. Its text is made when it leaves."""

    __tablename__ = "mails"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('verify_email', 'already_registered', 'reset_password', 'password_changed', 'approval_needed')",
            name="kind",
        ),
        CheckConstraint("status IN ('pending', 'sent', 'failed', 'dropped')", name="status"),
        CheckConstraint("(status = 'pending') = (finished_at IS NULL)", name="finished"),
        CheckConstraint("(kind = 'approval_needed') = (week_start IS NOT NULL)", name="week_start"),
        UniqueConstraint("user_id", "id", name="mails_tenant_key"),
        Index(
            "mails_open_key",
            "user_id",
            "kind",
            "address",
            "week_start",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("status = 'pending'"),
        ),
        Index("idx_mails_next", "next_attempt_at", postgresql_where=text("status = 'pending'")),
        Index("idx_mails_finished", "finished_at", postgresql_where=text("status <> 'pending'")),
    )

    id: UUID = id_field()
    user_id: UUID = Field(sa_column=owner_column())
    kind: str = Field(sa_column=text_column())
    address: str = Field(sa_column=text_column())
    status: str = Field(default="pending", sa_column=text_column(default="pending"))
    attempts: int = Field(default=0, sa_column=integer_column(default=0))
    next_attempt_at: datetime = Field(sa_column=time_column())
    error: str | None = Field(default=None, sa_column=text_column(null=True))
    created_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="clock_timestamp()"))
    finished_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    due_at: datetime = Field(default_factory=utc_now, sa_column=time_column(default="clock_timestamp()"))
    week_start: date | None = Field(default=None, sa_column=Column(Date, nullable=True))


class MailLink(Table, table=True):
    """What the link in a mail opens, once. Only the hash of its token is kept."""

    __tablename__ = "mail_links"
    __table_args__ = (
        CheckConstraint("purpose IN ('verify_email', 'reset_password', 'decide_post')", name="purpose"),
        CheckConstraint("purpose <> 'decide_post' OR num_nonnulls(post_id, content_hash) = 2", name="post"),
        ForeignKeyConstraint(
            ["user_id", "mail_id"],
            ["mails.user_id", "mails.id"],
            ondelete="CASCADE",
            name="mail_links_mail_tenant_fkey",
        ),
        ForeignKeyConstraint(
            ["user_id", "post_id"],
            ["post_queue.user_id", "post_queue.id"],
            ondelete="CASCADE",
            name="mail_links_post_tenant_fkey",
        ),
        Index("idx_mail_links_mail", "user_id", "mail_id"),
        Index("idx_mail_links_post", "user_id", "post_id"),
    )

    token_hash: str = Field(sa_column=Column(Text, primary_key=True), repr=False)
    user_id: UUID = Field(sa_column=owner_column(reference=None))
    mail_id: UUID = Field(sa_column=owner_column(reference=None))
    purpose: str = Field(sa_column=text_column())
    address: str = Field(sa_column=text_column())
    made_at: datetime = Field(sa_column=time_column())
    expires_at: datetime = Field(sa_column=time_column())
    used_at: datetime | None = Field(default=None, sa_column=time_column(null=True))
    post_id: UUID | None = Field(default=None, sa_column=owner_column(reference=None, null=True))
    content_hash: str | None = Field(default=None, sa_column=text_column(null=True))


def want_mail(db: Session, kind: MailKind, user_id: UUID, address: str, now: datetime) -> UUID:
    """Write down a mail in the transaction of what it is about; its id. One that waits already is enough."""
    mail_id = uuid4()
    db.connection().exec_driver_sql(
        query("want_mail"), {"id": mail_id, "user_id": user_id, "kind": kind.value, "address": address, "now": now}
    )
    return mail_id


def next_try(attempts: int, due_at: datetime, now: datetime) -> datetime | None:
    """When a mail that was due at `due_at` and could not be sent `attempts` times (from 1) is tried again; None when
    nobody waits for it any more."""
    at = now + min(_FIRST_WAIT * 2 ** min(attempts - 1, 16), _LONGEST_WAIT)
    return at if at < due_at + _WORTH_SENDING else None
