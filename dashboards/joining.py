"""Signing up, proving an address, and coming back after a forgotten password: what happens in the database.

Everything here acts as `postagent_access`. Whoever asks learns nothing about an address that is not theirs: known and
unknown ones get the same answer, on the beat of `dashboards.beat`, and what there is to say goes by mail. Mails are
rows, committed with what they are about; `send_soon` has them sent from there.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

from sqlmodel import Session

from dashboards import errands
from dashboards.logins import Slowdown, TooSoon, begin_attempt, network_of
from models.connecting import hashed
from models.database import Role, session
from models.mails import MailKind, want_mail
from models.owners import NewOwner, add_owner
from models.queries import query
from models.settings import settings
from tasks.mails.sending import send_waiting

log = logging.getLogger(__name__)

# Nobody's mailbox is filled by us, and nobody tries out addresses by the thousand.
PER_MAILBOX = Slowdown(free=4, longest=timedelta(minutes=15), remembered=timedelta(hours=6), forgiving=False)
PER_VISITOR = Slowdown(free=20, longest=timedelta(minutes=15), remembered=timedelta(hours=1), forgiving=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What the link of a mail opens, and for whom."""

    user_id: UUID
    email: str


def may_ask(email: str, *, address: str, now: datetime) -> TooSoon | None:
    """Count that somebody wants a mail sent to this address, or say how long they have to wait. `address` is the
    visitor's IP address. Counted by what was asked for, whether anybody has it or not."""
    subjects = {f"mail:{hashed(email.casefold())}": PER_MAILBOX, f"asks:{network_of(address)}": PER_VISITOR}
    begun = begin_attempt(subjects, now)
    return begun if isinstance(begun, TooSoon) else None


def sign_up(owner: NewOwner, password_hash: str, now: datetime) -> UUID:
    """A new owner, unproved; or, where somebody has the address, a mail to them. The id of the mail."""
    with session(Role.ACCESS) as db:
        user_id = add_owner(db, owner, password_hash, now=now, verified=False)
        if user_id is not None:
            return want_mail(db, MailKind.VERIFY_EMAIL, user_id, owner.email.lower(), now)
    with session(Role.ACCESS) as db:  # anew, so that one who came at the same moment is seen
        known = db.connection().exec_driver_sql(query("owner_of_address"), {"email": owner.email}).one()
        kind = MailKind.VERIFY_EMAIL if known.is_unverified else MailKind.ALREADY_REGISTERED
        return want_mail(db, kind, known.id, known.email, now)


def send_soon(mail_id: UUID) -> None:
    """Have a mail sent whose row is committed; what fails waits for the deployment `refresh-tokens`. Never blocks."""
    errands.soon(partial(_send, mail_id))


def _send(mail_id: UUID) -> None:
    problem = send_waiting(settings(), mail_id=mail_id).problem
    if problem is not None:
        log.error("%s", problem)


def ask_again(user_id: UUID, email: str, now: datetime) -> UUID:
    """Another mail to prove the address of who is logged in; its id."""
    with session(Role.ACCESS) as db:
        return want_mail(db, MailKind.VERIFY_EMAIL, user_id, email, now)


def forget_password(email: str, now: datetime) -> UUID:
    """A mail with a way to a new password, where somebody has this address: one statement for both cases. Its id."""
    mail_id = uuid4()
    with session(Role.ACCESS) as db:
        db.connection().exec_driver_sql(query("want_reset_mail"), {"id": mail_id, "email": email, "now": now})
    return mail_id


def opened(token: str, purpose: MailKind, now: datetime) -> Opened | None:
    """What a link opens; None when it is over, used, or was never made. Changes nothing: scanners follow links too."""
    with session(Role.ACCESS) as db:
        return _link(db, "open_mail_link", token, purpose, now)


def prove(token: str, now: datetime) -> bool:
    """Use the link of a mail up: its owner reads mails there. False when it opens nothing any more."""
    with session(Role.ACCESS) as db:
        used = _used(db, token, MailKind.VERIFY_EMAIL, now)
        if used is not None:
            db.connection().exec_driver_sql(query("prove_address"), {"user_id": used.user_id})
    return used is not None


def change_forgotten(token: str, password_hash: str, now: datetime) -> UUID | None:
    """Use the link of a mail up for a new password: every session ends, the address is proved, and the owner is told.

    The id of the mail that tells them; None, and nothing is changed, when the link opens nothing any more.
    """
    with session(Role.ACCESS) as db:
        used = _used(db, token, MailKind.RESET_PASSWORD, now)
        if used is None:
            return None
        run, whose = db.connection().exec_driver_sql, {"user_id": used.user_id}
        run(query("set_password"), whose | {"password_hash": password_hash})
        run(query("end_all_sessions"), whose | {"now": now})
        run(query("prove_address"), whose)
        return want_mail(db, MailKind.PASSWORD_CHANGED, used.user_id, used.email, now)


def _used(db: Session, token: str, purpose: MailKind, now: datetime) -> Opened | None:
    return _link(db, "use_mail_link", token, purpose, now)


def _link(db: Session, name: str, token: str, purpose: MailKind, now: datetime) -> Opened | None:
    parameters = {"token_hash": hashed(token), "purpose": purpose.value, "now": now}
    row = db.connection().exec_driver_sql(query(name), parameters).one_or_none()
    return None if row is None else Opened(user_id=row.user_id, email=row.email)
