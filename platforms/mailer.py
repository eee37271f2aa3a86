"""Mails by SMTP: one connection a mail, and for each end of it one of the outcomes of `platforms.errors`.

A mail leaves over TLS, or to a server on this machine. 4xx is TryLater, 5xx Refused (this mail) or OperatorNeeded (our
login, sender, or a server that does not let us send at all); an answer lost after the text was sent is InDoubt, as SMTP
has no way to ask. A mail keeps its Message-ID, so that two copies can be told to be one.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import smtplib
import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, localtime, parseaddr
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from platforms.errors import InDoubt, OperatorNeeded, PlatformError, Refused, TryLater

_PORTS = {"smtp": 587, "smtps": 465}
_NOT_ALLOWED = re.compile(r"\b5\.7\.\d+\b")  # RFC 3463: policy, not this recipient
_LONGEST_REPLY = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail in both its forms. `mail_id` makes its Message-ID."""

    mail_id: str
    to: str
    subject: str
    text: str
    html: str


class Mailer:
    """A mail server, and whom our mails come from."""

    def __init__(
        self, url: SecretStr, sender: str, *, timeout_seconds: float = 20, tls: ssl.SSLContext | None = None
    ) -> None:
        """`url` is smtp://user:password@host:587 (STARTTLS) or smtps://user:password@host:465; `sender` an address or
        `Name <address>`. `timeout_seconds` holds for each step; `tls` is what servers are trusted by."""
        parts = urlsplit(url.get_secret_value())
        self._host, self._scheme = parts.hostname or "", parts.scheme
        self._port = parts.port or _PORTS[parts.scheme]
        self._user = unquote(parts.username or "")
        self._password = SecretStr(unquote(parts.password or ""))
        self._name, self._sender = parseaddr(sender)
        self._domain = self._sender.rpartition("@")[2]
        self._timeout = timeout_seconds
        self._tls = tls or ssl.create_default_context()

    def send(self, letter: Letter) -> None:
        """Hand a mail to the server. Blocking. Raises TryLater, Refused, InDoubt or OperatorNeeded."""
        message = self._message(letter)
        smtp = self._connected()
        try:
            self._hand_over(smtp, letter.to, message)
        except (OSError, smtplib.SMTPException) as error:
            raise TryLater(f"The mail server went away: {type(error).__name__}") from None
        finally:
            smtp.close()

    def check(self) -> None:
        """Whether the server lets us in; nothing is sent. Blocking. Raises TryLater or OperatorNeeded."""
        smtp = self._connected()
        with contextlib.suppress(OSError, smtplib.SMTPException):
            smtp.quit()
        smtp.close()

    def _message(self, letter: Letter) -> bytes:
        message = EmailMessage(policy=SMTP_POLICY)
        try:
            message["From"] = Address(self._name, addr_spec=self._sender)
            message["To"] = Address(addr_spec=letter.to)
            message["Subject"] = letter.subject
            message["Date"] = format_datetime(localtime())
            message["Message-ID"] = f"<{letter.mail_id}@{self._domain}>"
            message["Auto-Submitted"] = "auto-generated"
            message.set_content(letter.text)
            message.add_alternative(letter.html, subtype="html")
            letter.to.encode("ascii")
            return message.as_bytes()
        except (ValueError, IndexError, LookupError) as error:  # a line break in a header, an address that is none
            raise Refused(f"The mail cannot be written: {type(error).__name__}", code="header") from None

    def _connected(self) -> smtplib.SMTP:
        """A connection that may send: encrypted or local, and logged in where there is a login."""
        try:
            return self._opened()
        except (OSError, smtplib.SMTPException) as error:
            raise self._not_connected(error) from None

    def _opened(self) -> smtplib.SMTP:
        if self._scheme == "smtps":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, local_hostname=self._domain, timeout=self._timeout, context=self._tls
            )
        else:
            smtp = smtplib.SMTP(self._host, self._port, local_hostname=self._domain, timeout=self._timeout)
        try:
            smtp.ehlo_or_helo_if_needed()
            if self._scheme == "smtp" and (smtp.has_extn("starttls") or not _is_here(self._host)):
                if not smtp.has_extn("starttls"):
                    raise OperatorNeeded(
                        "The mail server offers no STARTTLS: a mail with a link in it does not leave in the clear",
                        code="no-tls",
                    )
                smtp.starttls(context=self._tls)
                smtp.ehlo()
            if self._user:
                smtp.login(self._user, self._password.get_secret_value())
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _not_connected(self, error: Exception) -> PlatformError:
        if isinstance(error, ssl.SSLCertVerificationError):
            return OperatorNeeded(f"The mail server's certificate is not trusted: {error.verify_message}", code="tls")
        if isinstance(error, smtplib.SMTPNotSupportedError):
            return OperatorNeeded(
                "The mail server takes no login: leave user and password out of SMTP_URL", code="auth"
            )
        if isinstance(error, smtplib.SMTPResponseException):  # its words stay here: they may repeat the login
            code = error.smtp_code
            if isinstance(error, smtplib.SMTPAuthenticationError) and code >= 500:
                return OperatorNeeded(f"The mail server does not take our login ({code})", code=str(code))
            return TryLater(f"The mail server is not ready ({code})", code=str(code))
        return TryLater(f"The mail server cannot be reached: {type(error).__name__}")

    def _hand_over(self, smtp: smtplib.SMTP, to: str, message: bytes) -> None:
        code, words = smtp.mail(self._sender)
        if code != 250:
            raise _answered(code, words, ours=True)
        code, words = smtp.rcpt(to)
        if code not in (250, 251):
            raise _answered(code, words, ours=bool(_NOT_ALLOWED.search(_plain(words))))
        code, words = smtp.docmd("DATA")
        if code != 354:
            raise _answered(code, words)
        try:
            smtp.send(_as_data(message))
            code, words = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise InDoubt(f"The mail was sent, the answer is lost: {type(error).__name__}") from None
        if code != 250:
            raise _answered(code, words)
        with contextlib.suppress(OSError, smtplib.SMTPException):
            smtp.quit()


def _answered(code: int, words: bytes, *, ours: bool = False) -> PlatformError:
    """What an answer that is no yes means; `ours`: the fault is not this mail's but our set-up's."""
    told = f"{code} {_plain(words)}".strip()[:_LONGEST_REPLY]
    if code < 500:
        return TryLater(told, code=str(code))
    return (OperatorNeeded if ours else Refused)(told, code=str(code))


def _plain(words: bytes) -> str:
    return " ".join(words.decode("utf-8", "replace").split())


def _as_data(message: bytes) -> bytes:
    """The text as DATA wants it: CRLF, a leading dot doubled, a dot at the end (RFC 5321, 4.5.2)."""
    lines = message.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n").split(b"\n")
    return b"".join((b"." + line if line.startswith(b".") else line) + b"\r\n" for line in lines) + b".\r\n"


def _is_here(host: str) -> bool:
    """Whether the server runs on this machine, so that nobody can listen on the way."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
