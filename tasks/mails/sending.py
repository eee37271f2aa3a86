"""From a row to the mail server: taken under a lease, written now, handed over once, and what came of it recorded.

Links are made here: the token goes into the mail, its hash into the table, and nowhere else. A mail whose answer was
lost is sent again later under the same Message-ID: two copies of a link do no harm, none does.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from models.base import utc_now
from models.connecting import hashed
from models.database import Role, session
from models.mails import LEASE, LINK_LIFE, MailKind, next_try
from models.queries import query
from models.settings import Settings
from platforms.errors import InDoubt, OperatorNeeded, PlatformError, Refused
from platforms.mailer import Letter, Mailer
from tasks.mails.approving import waiting_week
from tasks.mails.letters import Written, write


class MailsSent:
    """What a run did. `problem`: what a person has to mend."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()
        self.problem: str | None = None

    @property
    def summary(self) -> str:
        """One line."""
        return ", ".join(f"{number} {what}" for what, number in sorted(self.count.items()))


def mailer_of(config: Settings) -> Mailer | None:
    """The mail server of the settings, None where there is none."""
    if config.smtp_url is None or config.email_from is None:
        return None
    return Mailer(config.smtp_url, config.email_from)


def send_waiting(config: Settings, *, mail_id: UUID | None = None, seconds: float = 240) -> MailsSent:
    """Send what is due for as long as `seconds`, or the one mail; blocking.

    A server that cannot be reached or does not take our login ends the run, as the next mail would fare no better.
    Nothing is raised for a mail that does not leave: its row says why.
    """
    done, mailer, ends_at = MailsSent(), mailer_of(config), time.monotonic() + seconds
    while mailer is not None and time.monotonic() < ends_at:
        mail = _take(mail_id, utc_now())
        if mail is None:
            break
        written = _written(config, mail)
        if written is None:
            done.count[_drop(mail, utc_now())] += 1
            continue
        error = _send(mailer, mail, written)
        done.count[_record(mail, error, utc_now())] += 1
        if isinstance(error, OperatorNeeded):
            done.problem = f"mails: {error.message}"
        if mail_id is not None or done.problem is not None or (error is not None and error.code is None):
            break
    return done


def _take(mail_id: UUID | None, now: datetime) -> Row[Any] | None:
    with session(Role.ACCESS) as db:
        taken = db.connection().exec_driver_sql(query("take_mail"), {"id": mail_id, "now": now, "lease": LEASE})
        return taken.one_or_none()


def _written(config: Settings, mail: Row[Any]) -> Written | None:
    """The mail as it is now; None when nothing is left to be said."""
    kind = MailKind(mail.kind)
    url, sandbox = config.public_url, config.uses_sandbox
    if kind is not MailKind.APPROVAL_NEEDED:
        return write(kind, public_url=url, token=_link(mail, kind), sandbox=sandbox)
    week = waiting_week(mail, utc_now())
    return write(kind, public_url=url, week=week, sandbox=sandbox) if week is not None else None


def _send(mailer: Mailer, mail: Row[Any], written: Written) -> PlatformError | None:
    """Hand it over; how that failed, if it did."""
    letter = Letter(
        mail_id=str(mail.id), to=mail.address, subject=written.subject, text=written.text, html=written.html
    )
    try:
        mailer.send(letter)
    except PlatformError as error:
        return error
    return None


def _link(mail: Row[Any], kind: MailKind) -> str | None:
    """A new token for the link of a mail, kept as its hash; None where the link opens nothing."""
    life = LINK_LIFE.get(kind)
    if life is None:
        return None
    token, now = secrets.token_urlsafe(32), utc_now()
    link = {
        "token_hash": hashed(token),
        "user_id": mail.user_id,
        "mail_id": mail.id,
        "purpose": kind.value,
        "address": mail.address,
        "now": now,
        "expires_at": now + life,
    }
    with session(Role.ACCESS) as db:
        db.connection().exec_driver_sql(query("make_mail_link"), link)
    return token


def _drop(mail: Row[Any], now: datetime) -> str:
    """Nothing is left to be said: the mail is finished without being sent; in a word."""
    told = {"id": mail.id, "attempts": mail.attempts, "error": None, "status": "dropped", "now": now}
    with session(Role.ACCESS) as db:
        db.connection().exec_driver_sql(query("finish_mail"), told)
    return "not needed"


def _record(mail: Row[Any], error: PlatformError | None, now: datetime) -> str:
    """Write down what came of it, unless somebody took the mail over meanwhile; in a word."""
    again_at = None if error is None or isinstance(error, Refused) else next_try(mail.attempts, mail.due_at, now)
    told = {"id": mail.id, "attempts": mail.attempts, "error": error.message if error is not None else None}
    with session(Role.ACCESS) as db:
        run = db.connection().exec_driver_sql
        if again_at is not None:
            run(query("put_off_mail"), told | {"next_attempt_at": again_at})
            return "in doubt" if isinstance(error, InDoubt) else "put off"
        status = "sent" if error is None else "failed"
        run(query("finish_mail"), told | {"status": status, "now": now})
        return status
