"""What `postagent doctor` says about mails: whether the server takes them, and whether any wait or were given up."""

from __future__ import annotations

from datetime import timedelta

from models.database import Role, session
from models.queries import query
from models.settings import Settings
from ops.finding import Finding, note, ok, wrong
from ops.stack.environment import has_real_credentials
from platforms.errors import PlatformError
from tasks.mails.sending import mailer_of

LATE = timedelta(minutes=30)  # two runs of refresh-tokens


def mails(config: Settings) -> list[Finding]:
    """The mail server, where there is one or should be one, and the mails themselves."""
    mailer = mailer_of(config)
    if mailer is None:
        mend = "set POSTAGENT_SMTP_URL and POSTAGENT_EMAIL_FROM"
        told = "no mail server: nobody can sign up, or get a new password"
        return [wrong(told, mend)] if has_real_credentials(config) else []
    try:
        mailer.check()
    except PlatformError as error:
        return [wrong(error.message, "correct POSTAGENT_SMTP_URL, or see whether that server runs")]
    found = [ok(f"the mail server takes mails from {config.email_from}")]
    with session(Role.ACCESS) as db:
        late, failed = db.connection().exec_driver_sql(query("mail_health"), {"late": LATE}).one()
    if late:
        found.append(wrong(f"mails that wait for more than half an hour: {late}", "run `postagent run refresh-tokens`"))
    if failed:
        found.append(note(f"mails given up in the last day: {failed}", "see `error` in the table mails"))
    return found
