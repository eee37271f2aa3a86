"""The dashboard's words: platforms, themes, where a post stands and what happens next. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Literal, assert_never

from dashboards.parts.post_card import PostCard
from dashboards.parts.times import distance, moment
from models.post_status import SKIPPED, SKIPPED_BY_MAIL, Status

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

Tone = Literal["good", "calm", "warn", "bad", "off"]
_NOTHING_TO_DO = "You do not have to do anything."


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
    """Where a post stands: a word or two, a sentence, how it should look, and what its owner can do about it."""

    label: str
    sentence: str
    tone: Tone
    advice: str = ""


def state_of(post: PostCard, *, zone: tzinfo, now: datetime, publishing: bool) -> State:
    """Where a post stands, in the owner's words. `publishing`: whether anything of this owner goes out at all."""
    name = platform_name(post.platform)
    status = Status(post.status)
    match status:
        case Status.PUBLISHED:
            when = moment(post.published_at, zone, now) if post.published_at else "some time ago"
            return State("Live", f"Published {when}.", "good")
        case Status.REJECTED:
            if post.last_reason in (SKIPPED, SKIPPED_BY_MAIL):
                return State("Skipped", "You left its place empty: nothing goes out instead.", "off")
            told, _, reason = (post.last_reason or "").partition("rejected: ")
            why = f" Your reason: {reason}." if not told and reason not in ("", "no reason") else ""
            return State("Rejected", f"You said no, so it will not go out.{why}", "off")
        case Status.FAILED:
            why = post.error_message or f"{name} did not take it."
            sentence = why if why.endswith((".", "!", "?")) else f"{why}."
            if not publishing:
                return State("Did not go out", sentence, "bad", "It can be tried again once your account is active.")
            if post.account_status != "active":
                mend = f"Connect {name} again on the page Accounts, then press Try again here."
                return State("Did not go out", sentence, "bad", mend)
            advice = (
                "Change what was wrong and press Try again, give it another time, or skip it. It is nowhere to be seen."
            )
            return State("Did not go out", sentence, "bad", advice)
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
            f"{_NOTHING_TO_DO} We look again and again, and until we know it cannot be changed.",
        )
    if post.platform_state == "PROCESSING":
        sentence = f"{name} has it and is looking at it before showing it."
        return State("With " + name, sentence, "calm", f"{_NOTHING_TO_DO} It usually takes minutes.")
    if not publishing:
        advice = "It keeps its place in the queue until your account is active again."
        return State("On hold", "Nothing goes out while your account is not active.", "warn", advice)
    if post.account_disconnected:
        sentence = f"You disconnected this account from {name}. It waits until you connect it again."
        return State("On hold", sentence, "warn", "Connect it on the page Accounts, or skip this post.")
    if post.account_status != "active":
        sentence = f"The connection to {name} is broken. It waits until you connect again."
        return State("On hold", sentence, "warn", "Connect it on the page Accounts; then it goes out by itself.")
    if waiting:
        if post.scheduled_for <= now:
            sentence = f"Its time was {when}. It goes out as soon as you approve it."
            return State("Waiting for you", sentence, "warn", "Without your yes it never goes out.")
        return State("Waiting for you", f"Goes out {when}, if you approve it.", "calm")
    if post.leased and post.scheduled_for <= now + timedelta(minutes=1):
        return State("Going out", f"It is on its way to {name} right now.", "calm")
    until = post.account_waits_until
    if until is not None and until > now and post.scheduled_for <= until:
        again = moment(until, zone, now)
        return State(
            "Waiting",
            f"{name} takes no posts of this account for now. It goes out by itself {again}.",
            "warn",
            _NOTHING_TO_DO,
        )
    if post.error_message and post.next_attempt_at is not None and post.next_attempt_at > now:
        again = moment(post.next_attempt_at, zone, now)
        return State("Trying again", f"{name} could not take it yet. Next try {again}.", "warn", _NOTHING_TO_DO)
    if post.scheduled_for <= now:
        return State("Going out", "Its time has come; it is next in line.", "calm")
    if post.status == Status.APPROVED:
        by = f" by {post.approved_by}" if post.approved_by else ""
        at = f" {moment(post.approved_at, zone, now)}" if post.approved_at else ""
        return State("Approved", f"Approved{by}{at}. Goes out {when}.", "good")
    return State("Scheduled", f"Goes out by itself {when}.", "good")
