"""A post's story for its owner: who did what, in their words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from html import escape
from typing import Any, Protocol

from dashboards.parts.times import moment, sentence_start
from dashboards.parts.wording import platform_name
from models.post_status import APPROVED_BY_MAIL, SKIPPED, SKIPPED_BY_MAIL


class StoryLine(Protocol):
    """A row of `post_story`."""

    at: datetime
    from_status: str | None
    to_status: str
    actor: str
    reason: str
    details: Mapping[str, Any]
    intact: bool


# What stands in the story, and what an owner is told of it. {who} is "You", or somebody's name; {where} the platform.
_SENTENCES = {
    "written": "Written for you.",
    "approved": "{who} approved it.",
    APPROVED_BY_MAIL: "{who} approved it by the link in a mail.",
    "approved: publish now": "{who} approved it and sent it at once.",
    "approval withdrawn": "{who} took the approval back.",
    SKIPPED: "{who} skipped it. Its place stays empty.",
    SKIPPED_BY_MAIL: "{who} skipped it by the link in a mail. Its place stays empty.",
    "given up": "{who} gave it up.",
    "edited": "{who} changed it.",
    "edited: the approval is void": "{who} changed it, so it needed a new approval.",
    "try again": "{who} asked for another try.",
    "the approval of this content stands": "The approval of exactly these words still counted.",
}
_BEGINNINGS = {
    "rejected: ": "{who} said no: {rest}.",
    "taken from the evergreen bank": "Taken from our ready-made posts, because none could be written.",
    "try later: ": "{where} could not take it yet: {rest}. It is tried again by itself.",
    "in doubt: ": "{where} did not answer clearly, so we looked whether it was there before anything else.",
}


def drawn(lines: Iterable[StoryLine], *, email: str, platform: str, zone: tzinfo, now: datetime) -> str:
    """The story as a list, oldest first."""
    items = [
        f"<li><small>{escape(sentence_start(moment(line.at, zone, now)))}</small>"
        f'<span class="pa-grow">{escape(told(line, email=email, platform=platform, zone=zone, now=now))}</span></li>'
        for line in lines
    ]
    return f'<ol class="pa-list pa-story">{"".join(items)}</ol>'


def told(line: StoryLine, *, email: str, platform: str, zone: tzinfo, now: datetime) -> str:
    """One line in a sentence or two. A line that was tampered with says so."""
    sentence = _sentence(line, email=email, where=platform_name(platform), zone=zone, now=now)
    return sentence if line.intact else f"{sentence} (This entry was changed afterwards; please tell us.)"


def _sentence(line: StoryLine, *, email: str, where: str, zone: tzinfo, now: datetime) -> str:
    who = "You" if line.actor == email else line.actor if "@" in line.actor else "We"
    reason = line.reason
    known = _SENTENCES.get(reason)
    if known is not None:
        return known.format(who=who, where=where)
    if "scheduled_for" in line.details and not reason.startswith("edited"):
        at = datetime.fromisoformat(str(line.details["scheduled_for"]))
        why = "" if reason == "rescheduled" else f" ({reason})"
        return f"{who} moved it to {moment(at, zone, now)}{why}."
    for beginning, words in _BEGINNINGS.items():
        if reason.startswith(beginning):
            rest = reason.removeprefix(beginning).rstrip(".")
            return words.format(who=who, where=where, rest="no reason given" if rest == "no reason" else rest)
    if line.to_status == "published":
        return f"It went live on {where}."
    if line.to_status == "failed":
        return _closed(f"It did not go out: {reason}")
    if line.from_status is None:
        return "It came into your queue."
    return _closed(sentence_start(reason) or "Something was noted")


def _closed(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
