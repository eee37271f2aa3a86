"""The dashboard's words: platforms, themes, where a post stands and what happens next. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Literal, assert_never

from dashboards.parts.post_card import PostCard
from dashboards.parts.times import distance, moment
from models.post_status import Status

PLATFORMS = {"facebook": "Facebook", "google": "Google", "instagram": "Instagram"}
THEMES = {
    "tip": "Tip",
    "promotion": "Promotion",
    "seasonal": "Seasonal",
    "testimonial": "Customer voice",
    "fun_fact": "Fun fact",
}
STOCK_SERVICES = {"pexels": "Pexels", "unsplash": "Unsplash"}
CALLS_TO_ACTION = {
    "BOOK": "Book",
    "ORDER": "Order online",
    "SHOP": "Shop",
    "LEARN_MORE": "Learn more",
    "SIGN_UP": "Sign up",
    "CALL": "Call now",
}

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# Streamlit makes a link of whatever looks like an address, escaped or not, unless something invisible is in it.
_LIKE_A_LINK = re.compile(r"https?:/(?=/)|www(?=\.)|@(?=[\w-])", re.IGNORECASE)
_WORD_JOINER = "\u2060"

Tone = Literal["good", "calm", "warn", "bad"]


def plain(text: str) -> str:
    """A tenant's text for a place that reads Markdown: every sign is only a sign, no address a link, and there is one
    line."""
    line = _LIKE_A_LINK.sub(rf"\g<0>{_WORD_JOINER}", " ".join(text.split()))
    return _PUNCTUATION.sub(r"\\\1", line)


def platform_name(platform: str) -> str:
    """What people call it."""
    return PLATFORMS.get(platform, platform.capitalize())


def theme_name(theme: str | None) -> str:
    """What people call a theme; posts from elsewhere have none."""
    return THEMES.get(theme, theme.replace("_", " ").capitalize()) if theme else "No theme"


def count(number: int, one: str, many: str | None = None) -> str:
    """ "1 post", "3 posts", "1,204 posts"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


@dataclass(frozen=True, slots=True)
class State:
    """Where a post stands: a word or two, a sentence, and how it should look."""

    label: str
    sentence: str
    tone: Tone


def state_of(post: PostCard, *, zone: tzinfo, now: datetime, publishing: bool) -> State:
    """Where a post stands, in the owner's words. `publishing`: whether anything of this owner goes out at all."""
    name = platform_name(post.platform)
    status = Status(post.status)
    match status:
        case Status.PUBLISHED:
            when = moment(post.published_at, zone, now) if post.published_at else "some time ago"
            return State("Live", f"Published {when}.", "good")
        case Status.REJECTED:
            told, _, reason = (post.last_reason or "").partition("rejected: ")
            why = f" Your reason: {reason}." if not told and reason not in ("", "no reason") else ""
            return State("Rejected", f"You said no, so it will not go out.{why}", "calm")
        case Status.FAILED:
            why = post.error_message or f"{name} did not take it."
            return State("Did not go out", why if why.endswith((".", "!", "?")) else f"{why}.", "bad")
        case Status.PENDING | Status.APPROVED:
            return _open_state(post, name, zone=zone, now=now, publishing=publishing)
        case _:
            assert_never(status)


def _open_state(post: PostCard, name: str, *, zone: tzinfo, now: datetime, publishing: bool) -> State:
    waiting = post.status == Status.PENDING and post.requires_approval
    when = moment(post.scheduled_for, zone, now)
    if post.in_doubt_since is not None:
        since = distance(post.in_doubt_since, now)
        return State(
            "Checking",
            f"We are checking whether it went out: {name} did not answer clearly ({since}). "
            "It will not be sent a second time before we know.",
            "warn",
        )
    if post.platform_state == "PROCESSING":
        return State("With " + name, f"{name} has it and is looking at it before showing it.", "calm")
    if not publishing:
        return State("On hold", "Nothing goes out while your account is not active.", "warn")
    if post.account_disconnected:
        return State(
            "On hold", f"You disconnected this account from {name}. It waits until you connect it again.", "warn"
        )
    if post.account_status != "active":
        return State("On hold", f"The connection to {name} is broken. It waits until you connect again.", "warn")
    if waiting:
        if post.scheduled_for <= now:
            return State("Waiting for you", f"Its time was {when}. It goes out as soon as you approve it.", "warn")
        return State("Waiting for you", f"Goes out {when}, if you approve it.", "calm")
    if post.leased and post.scheduled_for <= now + timedelta(minutes=1):
        return State("Going out", f"It is on its way to {name} right now.", "calm")
    until = post.account_waits_until
    if until is not None and until > now and post.scheduled_for <= until:
        again = moment(until, zone, now)
        return State(
            "Waiting", f"{name} takes no posts of this account for now. It goes out by itself {again}.", "warn"
        )
    if post.error_message and post.next_attempt_at is not None and post.next_attempt_at > now:
        again = moment(post.next_attempt_at, zone, now)
        return State("Trying again", f"{name} could not take it yet. Next try {again}.", "warn")
    if post.scheduled_for <= now:
        return State("Going out", "Its time has come; it is next in line.", "calm")
    if post.status == Status.APPROVED:
        by = f" by {post.approved_by}" if post.approved_by else ""
        return State("Approved", f"Approved{by}. Goes out {when}.", "good")
    return State("Scheduled", f"Goes out by itself {when}.", "good")
