"""What an owner may state about the business and wish for their posts, checked before it is kept. Pure.

Owners type; what comes out here is clean, or `Unfit` says in their words, for every value that cannot be kept, what is
wrong with it and what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import time
from urllib.parse import urlsplit

from models.calendar_slots import MOST_POSTS_PER_WEEK, UnknownZone, zone
from models.regions import state_code
from models.texts import one_line, paragraphs
from models.themes import THEMES

VOICES = ("professional", "friendly", "casual")
LONGEST_NAME, LONGEST_TRADE, LONGEST_CITY, LONGEST_VOICE = 80, 60, 60, 60
LONGEST_WEBSITE, LONGEST_DESCRIPTION = 300, 1_500
MOST_TIMES, MOST_AVOIDED, LONGEST_AVOIDED = 12, 100, 60

_TIME = re.compile(r"(\d{1,2})(?:[:.h]?(\d{2}))?\s*(?:([ap])\.?(?:m\.?)?)?", re.IGNORECASE)
_HOST = re.compile(r"(?:[^\W_](?:[\w-]*[^\W_])?\.)+(?:xn--[\w-]+|[^\W\d_]{2,})")
_BETWEEN_WORDS = re.compile(r"[\n;]|,\s|,$")


class ProfileRefusal(Exception):
    """Something about the business is not kept; the text is in the owner's words."""


class Unfit(ValueError):
    """Values that cannot be kept; `problems` has a sentence for each, in the order of the form."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessDetails:
    """A business as it is kept. `location_state` is two letters; what is not given is None."""

    name: str
    type: str
    location_city: str
    location_state: str
    website: str | None
    description: str | None
    brand_voice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Preferences as they are kept: `posting_frequency` for each account, times on the clock of `timezone`."""

    posting_frequency: int
    preferred_times: list[time]
    timezone: str
    themes_enabled: list[str]
    avoid_keywords: list[str]
    email_weekly_summary: bool
    email_monthly_report: bool
    push_approval_needed: bool


def business_details(
    *, name: str, type: str, city: str, state: str, website: str, description: str, voice: str
) -> BusinessDetails:
    """The details that an owner typed, clean. Raises Unfit."""
    problems: list[str] = []
    details = BusinessDetails(
        name=_required(problems, "name", name, LONGEST_NAME, "write it as it stands on your sign"),
        type=_required(problems, "trade", type, LONGEST_TRADE, "choose yours from the list or write it"),
        location_city=_required(problems, "city", city, LONGEST_CITY, "posts say where you are"),
        location_state=_kept(problems, _state, state),
        website=_kept(problems, _website, website) or None,
        description=_kept(problems, _description, description) or None,
        brand_voice=_required(problems, "voice", voice, LONGEST_VOICE, "choose one from the list or write your own"),
    )
    if problems:
        raise Unfit(problems)
    return details


def wishes(
    *,
    frequency: int | None,
    most_per_week: int,
    times: Sequence[str],
    timezone: str,
    themes: Sequence[str],
    avoid: str,
    weekly_summary: bool,
    monthly_report: bool,
    approval_needed: bool,
) -> Wishes:
    """The wishes that an owner typed, clean; `most_per_week` is what the plan has room for. Raises Unfit."""
    problems: list[str] = []
    most = min(most_per_week, MOST_POSTS_PER_WEEK)
    if frequency is None:
        problems.append(f"How many posts a week is empty: write a number from 0 to {most}.")
    elif not 0 <= frequency <= most:
        problems.append(f"{frequency} posts a week do not fit: your plan has room for {most}. Write 0 to {most}.")
    kept = Wishes(
        posting_frequency=frequency or 0,
        preferred_times=_times(problems, times),
        timezone=_kept(problems, _zone, timezone),
        themes_enabled=[theme for theme in THEMES if theme in themes],
        avoid_keywords=_avoided(problems, avoid),
        email_weekly_summary=weekly_summary,
        email_monthly_report=monthly_report,
        push_approval_needed=approval_needed,
    )
    if not kept.themes_enabled:
        problems.append("No theme is chosen: choose at least one, posts have to be about something.")
    if problems:
        raise Unfit(problems)
    return kept


def time_of_day(text: str) -> time:
    """ "9 AM", "9:30pm", "14:30", "1430": a time on the clock. Raises ValueError naming it and what to write."""
    match = _TIME.fullmatch(text.strip())
    if match is not None:
        hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "").lower()
        told = bool(match[2] or half)  # a bare "9" could be either half of the day
        if half and 1 <= hour <= 12:
            hour = hour % 12 + (12 if half == "p" else 0)
        elif half:
            told = False
        if told and hour < 24 and minute < 60:
            return time(hour, minute)
    raise ValueError(f"“{one_line(text)}” is not a time of day: write it like 9:00 AM or 14:30.")


def time_words(at: time) -> str:
    """ "9:00 AM". What `time_of_day` reads back."""
    return f"{at.hour % 12 or 12}:{at:%M} {'AM' if at.hour < 12 else 'PM'}"


def avoided_words(text: str) -> list[str]:
    """The words and phrases of a list that is written one a line, or with commas between them; none twice."""
    found = (part.strip(" ,") for part in _BETWEEN_WORDS.split(paragraphs(text)))
    return list({part.casefold(): part for part in found if part}.values())


def _required(problems: list[str], what: str, text: str, longest: int, mend: str) -> str:
    kept = one_line(text)
    if not kept:
        problems.append(f"The {what} is empty: {mend}.")
    elif len(kept) > longest:
        problems.append(f"The {what} “{kept[:30]}…” has {len(kept)} characters: shorten it to {longest}.")
    return kept


def _kept(problems: list[str], read: Callable[[str], str], text: str) -> str:
    """What `read` makes of a text; its ValueError is one more problem."""
    try:
        return read(text)
    except ValueError as error:
        problems.append(str(error))
        return ""


def _state(text: str) -> str:
    code = state_code(text)
    if code:
        return code
    given = one_line(text)
    raise ValueError(
        f"“{given}” is not a state that we know: choose yours from the list."
        if given
        else "The state is empty: choose yours, posts follow its seasons and holidays."
    )


def _website(text: str) -> str:
    given = one_line(text)
    if not given:
        return ""
    wrong = f"“{given[:60]}” is not a web address: write it like yourname.com, or leave it empty."
    address = given if "://" in given else f"https://{given}"
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise ValueError(wrong) from None
    host = parts.hostname or ""
    named = "@" not in parts.netloc and _HOST.fullmatch(host) is not None
    if parts.scheme not in ("http", "https") or not named or " " in given:
        raise ValueError(wrong)
    if len(address) > LONGEST_WEBSITE:
        raise ValueError(
            f"The website has {len(address)} characters: give the address of its first page, at most {LONGEST_WEBSITE}."
        )
    return address


def _description(text: str) -> str:
    kept = paragraphs(text)
    if len(kept) > LONGEST_DESCRIPTION:
        raise ValueError(
            f"The description has {len(kept):,} characters: shorten it to {LONGEST_DESCRIPTION:,}, "
            "and put single facts under “Facts and reviews”."
        )
    return kept


def _zone(name: str) -> str:
    try:
        return zone(name).key
    except UnknownZone:
        raise ValueError(f"“{one_line(name)}” is not a time zone that we know: choose yours from the list.") from None


def _times(problems: list[str], texts: Iterable[str]) -> list[time]:
    found: set[time] = set()
    for text in texts:
        try:
            found.add(time_of_day(text))
        except ValueError as error:
            problems.append(str(error))
    if len(found) > MOST_TIMES:
        problems.append(f"{len(found)} times of day are too many: choose at most {MOST_TIMES}.")
    return sorted(found)


def _avoided(problems: list[str], text: str) -> list[str]:
    found = avoided_words(text)
    problems += [
        f"“{word[:30]}…” has {len(word)} characters: words to avoid are single words or short phrases, "
        f"at most {LONGEST_AVOIDED} characters, one a line."
        for word in found
        if len(word) > LONGEST_AVOIDED
    ]
    if len(found) > MOST_AVOIDED:
        problems.append(f"{len(found)} words to avoid are too many: keep the {MOST_AVOIDED} that matter most.")
    return found
