"""The words of the pages about the business and the plan: what a wish means, how much of a plan is used. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from dashboards.parts.cards import definition_list
from dashboards.parts.tables import Cell
from dashboards.parts.times import day_name, moment
from dashboards.parts.wording import PLATFORMS, THEMES, State, count, platform_name
from models.business_facts import REVIEW_RESTS
from models.calendar_slots import Slot, slots
from models.plan_rights import MEGABYTE, PLANS, Rights
from models.profile_rules import time_words
from models.regions import states
from models.trades import GENERIC, trade_name, trades

FACT_EXAMPLES = (
    "We are two brothers, and have been in Austin since 2009.",
    "A first visit costs $89.",
    "We answer the phone until eight in the evening, also on Saturdays.",
    "Licensed and insured, license M-12345.",
)
REVIEW_EXAMPLE = "They came on a Sunday, found the leak in ten minutes and left the kitchen cleaner than before."
ABOUT_THEMES = {
    "tip": "something useful to know or do",
    "promotion": "a warm invitation to get in touch",
    "seasonal": "what these weeks bring",
    "testimonial": "quotes a real review",
    "fun_fact": "something surprising and true",
}
FIELDS = {
    "name": "name",
    "type": "trade",
    "city": "city",
    "state": "state",
    "website": "website",
    "description": "description",
    "voice": "voice",
    "frequency": "posts a week",
    "times": "times of day",
    "zone": "time zone",
    "themes": "themes",
    "avoid": "words to avoid",
    "weekly_summary": "weekly summary",
    "monthly_report": "monthly report",
    "approval_needed": "notice of posts that wait",
}
_AMERICAN_ZONES = {
    "America/New_York": "Eastern time (New York)",
    "America/Chicago": "Central time (Chicago)",
    "America/Denver": "Mountain time (Denver)",
    "America/Phoenix": "Arizona (Phoenix)",
    "America/Los_Angeles": "Pacific time (Los Angeles)",
    "America/Anchorage": "Alaska (Anchorage)",
    "Pacific/Honolulu": "Hawaii (Honolulu)",
    "America/Puerto_Rico": "Puerto Rico (San Juan)",
}


@cache
def zone_names() -> tuple[str, ...]:
    """Every IANA zone to choose from, those of most owners first."""
    others = sorted(name for name in available_timezones() if "/" in name and name not in _AMERICAN_ZONES)
    return (*_AMERICAN_ZONES, *others)


def zone_choice(name: str) -> str:
    """What a zone is called in a list."""
    return _AMERICAN_ZONES.get(name, name.replace("_", " "))


def trade_choice(business_type: str) -> str:
    """What a trade is called in a list: ours by what its people are, any other by the owner's own word."""
    known = trades().get(business_type)
    text = known.noun if known is not None else business_type.replace("_", " ")
    return text[:1].upper() + text[1:]


def trade_names() -> list[str]:
    """The trades that we have words of their own for, by what they are called."""
    return sorted((name for name in trades() if name != GENERIC), key=trade_choice)


def trade_told(business_type: str) -> str:
    """What a trade means for the posts, for one that is not on our list; "" for one that is."""
    if not business_type.strip() or business_type in trades():
        return ""
    known = trade_name(business_type)
    if known != GENERIC:
        return f"Posts are written as for a {trades()[known].noun}."
    return "We have no tips of our own for this trade: posts live from your description and facts."


def state_choice(code: str) -> str:
    """What a state is called in a list; one that we do not know as it was written."""
    return states().get(code, code)


def theme_choice(theme: str) -> str:
    """A theme with what it is about."""
    return f"{THEMES[theme]}: {ABOUT_THEMES[theme]}"


def time_choices(chosen: Iterable[str]) -> list[str]:
    """Times of day to choose from: every half hour of the day when people read, and what is chosen beside these."""
    usual = [time_words(time(half // 2, half % 2 * 30)) for half in range(12, 44)]
    return [*usual, *(text for text in dict.fromkeys(chosen) if text not in usual)]


def read_only(fields: Mapping[str, Any]) -> str:
    """The fields of a form as HTML for somebody who can change nothing."""
    names: dict[str, Callable[[str], str]] = {"type": trade_choice, "state": state_choice, "zone": zone_choice}

    def shown(name: str, value: Any) -> str:
        if isinstance(value, bool):
            return _yes(value)
        if isinstance(value, list):
            return ", ".join(THEMES[entry] if entry in THEMES else str(entry) for entry in value) or "-"
        if name == "avoid":
            return ", ".join(value.splitlines()) or "-"
        return names.get(name, str)(value) if value not in (None, "") else "-"

    lines = [(FIELDS[name].capitalize(), shown(name, value)) for name, value in fields.items()]
    return definition_list(lines)


def week_told(frequency: int, times: Sequence[time], zone: ZoneInfo, now: datetime) -> str:
    """Which days and times come out of a frequency and times, in a sentence."""
    if frequency == 0:
        return "No new posts are written. Posts that are in the queue still go out."
    monday = now.astimezone(zone).date()
    monday += timedelta(days=7 - monday.weekday())
    return f"{_days_told(slots(monday, frequency, times, zone, seed=''))}, on each connected account."


def _days_told(week: Sequence[Slot]) -> str:
    by_day: dict[date, list[str]] = {}
    for slot in week:
        by_day.setdefault(slot.day, []).append(time_words(datetime.fromisoformat(slot.local).time()))
    told = {day: _listed(times) for day, times in by_day.items()}
    if len(told) == 7 and len(set(told.values())) == 1:
        return f"Every day at {next(iter(told.values()))}"
    return "; ".join(f"{day:%A} {times}" for day, times in told.items())


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def review_told(used_at: datetime | None, *, zone: tzinfo, now: datetime) -> str:
    """When a review is quoted next, or was."""
    if used_at is None:
        return "Not quoted yet"
    rests = used_at + REVIEW_RESTS
    when = "Quoted in a post for" if used_at > now else "Quoted"
    day = day_name(used_at.astimezone(zone).date())
    return f"{when} {day}" + (f", rests until {day_name(rests.astimezone(zone).date())}" if rests > now else "")


def plans_compared(own: str) -> list[dict[str, Cell]]:
    """All plans side by side, a row for each thing that they differ in; `own` is marked."""
    names = {name: f"{name.capitalize()} (yours)" if name == own else name.capitalize() for name in PLANS}

    def row(what: str, told: Sequence[Cell]) -> dict[str, Cell]:
        return {"Plan": what, **dict(zip(names.values(), told, strict=True))}

    plans = list(PLANS.values())
    return [
        row("Accounts on each platform", [plan.accounts_per_platform for plan in plans]),
        row("Posts a week, each account", [plan.posts_per_week for plan in plans]),
        row("You approve each post first", [_yes(plan.approval) for plan in plans]),
        row("Your own pictures", [f"{plan.media_pictures:,}" if plan.own_media else "No" for plan in plans]),
        row("Room for pictures", [_size(plan.media_bytes) if plan.own_media else "-" for plan in plans]),
        row("Weekly summary", [_yes(plan.weekly_report) for plan in plans]),
        row("Monthly report", [_yes(plan.monthly_report) for plan in plans]),
    ]


def _yes(is_there: bool) -> str:
    return "Yes" if is_there else "No"


def _size(size_bytes: int) -> str:
    return f"{size_bytes // MEGABYTE:,} MB"


def accounts_used(platforms: Sequence[str], rights: Rights) -> list[tuple[str, str]]:
    """For each platform how many accounts are connected, and what becomes of those that are too many."""
    most = rights.accounts_per_platform
    told = []
    for platform in PLATFORMS:
        used = platforms.count(platform)
        extra = ""
        if used > most:
            first = "the first one that works gets" if most == 1 else f"the first {most} that work get"
            extra = f", more than the plan has room for: only {first} new posts"
        told.append((platform_name(platform), f"{used} of {most}{extra}"))
    return told


def posts_used(posts: int, rights: Rights) -> str:
    """How many of the week's posts an account has."""
    return f"{posts} of {count(rights.posts_per_week, 'post')}"


def plan_state(
    *, status: str, plan: str, trial_ends_at: datetime | None, missed_after_hours: float, zone: tzinfo, now: datetime
) -> State:
    """What the owner's plan and state mean for their posts."""
    name = plan.capitalize()
    late = f"Posts that are more than {missed_after_hours:g} hours late by then are not sent any more."
    if status == "paused":
        return State(
            "Paused",
            "No posts are written and none go out. Everything is kept. When your account is active again, what is in "
            f"the queue goes out at its time. {late}",
            "warn",
        )
    if status == "canceled":
        return State(
            "Canceled",
            "No posts are written, none go out, and nothing can be changed. You can read everything here, and what is "
            "live on your platforms stays there. With a plan it goes on where it stopped.",
            "bad",
        )
    if status == "trial":
        if trial_ends_at is None:
            return State("Trial", "You have all of Pro.", "good")
        when = moment(trial_ends_at, zone, now)
        if trial_ends_at > now:
            return State(
                "Trial",
                f"You have all of Pro until {when}. Without another plan Starter applies from then on: "
                f"{count(PLANS['starter'].posts_per_week, 'post')} a week, "
                f"{count(PLANS['starter'].accounts_per_platform, 'account')} on each platform, and new posts go out "
                "without asking you first. Posts that wait for your approval by then still wait for it.",
                "calm",
            )
        return State("Trial over", f"Your trial of Pro ended {when}; the Starter plan applies now.", "warn")
    return State(name, f"You are on the {name} plan: posts are written and go out.", "good")
