"""What our mails say, as text and as HTML. Pure; the words are for owners, beside them only an owner's own posts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import cache
from importlib.resources import files
from typing import assert_never

from jinja2 import Environment, Template

from models.clock_words import hour, weekday, zone_label
from models.mails import MailKind

DECIDE = "Approve or skip it"
PICTURE = "Its picture"
_SANDBOX = "Sandbox: this mail comes from a trial installation, where nothing leaves the machine."


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A post that waits for its owner's yes. `where` is its platform and account, `text` with its hashtags at the end,
    `picture` a web address; `token` opens the page on which it is decided about."""

    where: str
    at: datetime
    text: str
    picture: str | None
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What a mail about a week says: the posts that it shows, how many wait in all, and the owner's zone."""

    start: date
    posts: Sequence[Waiting]
    waiting: int
    zone: tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A post in a mail before it has a form; `link` is the path that it is decided at."""

    head: str
    text: str
    picture: str | None
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A mail before it has a form. `button` is what the link says; `link` the path that it leads to."""

    subject: str
    paragraphs: tuple[str, ...]
    posts: tuple[Shown, ...] = ()
    button: str | None = None
    link: str = ""
    closing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A mail in both its forms."""

    subject: str
    text: str
    html: str


def write(
    kind: MailKind, *, public_url: str, token: str | None = None, week: Week | None = None, sandbox: bool
) -> Written:
    """The mail of a kind. `token` opens its link, where the kind has one that opens something; `week` is what one about
    a week says; `sandbox`: say so."""
    words = _words(kind, token, week)
    address = f"{public_url}{words.link}" if words.button is not None else None
    note = _SANDBOX if sandbox else None
    posts = [line for post in words.posts for line in _as_text(post, public_url)]
    lines = [note, *words.paragraphs, *posts, f"{words.button}:\n{address}" if address else None, words.closing]
    text = "\n\n".join(line for line in lines if line is not None)
    html = _layout().render(
        words=words, address=address, note=note, public_url=public_url, decide=DECIDE, picture=PICTURE
    )
    subject = f"[Sandbox] {words.subject}" if sandbox else words.subject
    return Written(subject=subject, text=f"{text}\n\nPostAgentPro\n{public_url}\n", html=html)


def _as_text(post: Shown, public_url: str) -> list[str]:
    picture = [f"{PICTURE}: {post.picture}"] if post.picture else []
    return ["- - - - -", post.head, post.text, *picture, f"{DECIDE}:\n{public_url}{post.link}"]


def _words(kind: MailKind, token: str | None, week: Week | None) -> Words:
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
        case MailKind.APPROVAL_NEEDED:
            if week is None:
                raise ValueError("a mail about a week says nothing without one")
            return _waiting(week)
        case _:
            assert_never(kind)


def _waiting(week: Week) -> Words:
    one, more = week.waiting == 1, week.waiting - len(week.posts)
    these = "1 post waits" if one else f"{week.waiting} posts wait"
    paragraphs = [
        f"{these} for your yes. Nothing goes out without it.",
        f"{'The link' if one else 'Each link'} shows the post once more; there you approve or skip it.",
    ]
    if more:
        others = "One more waits" if more == 1 else f"{more} more wait"
        paragraphs.append(f"These are the {len(week.posts)} that leave first. {others} in your queue.")
    posts = tuple(
        Shown(
            head=f"{post.where}: {_moment(post.at, week.zone)}",
            text=post.text,
            picture=post.picture,
            link=f"/decide?token={post.token}",
        )
        for post in week.posts
    )
    return Words(
        subject=f"{these} for your yes (week of {week.start:%b} {week.start.day})",
        paragraphs=tuple(paragraphs),
        posts=posts,
        button="See it in your queue" if one else "See all of them in your queue",
        link="/queue",
        closing="You do not want these mails? Turn them off on the page Business of your dashboard, under Notices.",
    )


def _moment(at: datetime, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    return f"{weekday(local)}, {hour(local)}, {zone_label(zone, at)}"


@cache
def _layout() -> Template:
    text = files("tasks.mails").joinpath("letter.html").read_text(encoding="utf-8")
    return Environment(autoescape=True).from_string(text)
