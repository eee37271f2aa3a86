"""What our mails say, as text and as HTML. Pure; the words are for owners, nothing in them comes from anybody else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import assert_never

from jinja2 import Environment, Template

from models.mails import MailKind

_SANDBOX = "Sandbox: this mail comes from a trial installation, where nothing leaves the machine."


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A mail before it has a form. `button` is what the link says; `link` the path that it leads to."""

    subject: str
    paragraphs: tuple[str, ...]
    button: str | None = None
    link: str = ""
    closing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A mail in both its forms."""

    subject: str
    text: str
    html: str


def write(kind: MailKind, *, public_url: str, token: str | None, sandbox: bool) -> Written:
    """The mail of a kind. `token` opens its link, where the kind has one that opens something; `sandbox`: say so."""
    words = _words(kind, token)
    address = f"{public_url}{words.link}" if words.button is not None else None
    note = _SANDBOX if sandbox else None
    lines = [note, *words.paragraphs, f"{words.button}:\n{address}" if address else None, words.closing]
    text = "\n\n".join(line for line in lines if line is not None)
    html = _layout().render(words=words, address=address, note=note)
    subject = f"[Sandbox] {words.subject}" if sandbox else words.subject
    return Written(subject=subject, text=f"{text}\n\nPostAgentPro\n{public_url}\n", html=html)


def _words(kind: MailKind, token: str | None) -> Words:
    match kind:
        case MailKind.VERIFY_EMAIL:
            return Words(
                subject="Please confirm your e-mail address",
                paragraphs=(
                    "Welcome to PostAgentPro.",
                    "Confirm that this is your address: from then on we write posts for your business. The link works "
                    "for 24 hours.",
                ),
                button="Confirm my address",
                link=f"/verify?token={token}",
                closing="If you did not sign up, do nothing. Without your password nobody can confirm it.",
            )
        case MailKind.ALREADY_REGISTERED:
            return Words(
                subject="You have an account already",
                paragraphs=(
                    "Somebody, most likely you, wanted to sign up with this address. It has an account already, and "
                    "nothing was changed.",
                    "Log in with your password. If you have forgotten it, the login page helps you to a new one.",
                ),
                button="Log in",
                link="/login",
                closing="If that was not you, do nothing. Whoever it was did not learn that you have an account.",
            )
        case MailKind.RESET_PASSWORD:
            return Words(
                subject="Choose a new password",
                paragraphs=("You told us that you forgot your password. Here you choose a new one, within an hour.",),
                button="Choose a new password",
                link=f"/reset?token={token}",
                closing="If you did not ask for it, do nothing: your password stays as it is.",
            )
        case MailKind.PASSWORD_CHANGED:
            return Words(
                subject="Your password was changed",
                paragraphs=("Your password is new, and everybody who was logged in as you is logged out.",),
                button="I did not do that",
                link="/forgot",
                closing="If that was you, there is nothing to do.",
            )
        case _:
            assert_never(kind)


@cache
def _layout() -> Template:
    text = files("tasks.mails").joinpath("letter.html").read_text(encoding="utf-8")
    return Environment(autoescape=True).from_string(text)
