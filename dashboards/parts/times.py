"""Times as an owner reads them: on the wall clock of their own zone, with the zone named."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo

from models.clock_words import clock, hour, weekday, zone_label, zone_of

__all__ = [
    "clock",
    "day_name",
    "distance",
    "moment",
    "one_line",
    "sentence_start",
    "span",
    "today",
    "zone_label",
    "zone_of",
]


def today(zone: tzinfo, now: datetime) -> date:
    """The owner's calendar day."""
    return now.astimezone(zone).date()


def moment(at: datetime, zone: tzinfo, now: datetime) -> str:
    """Day and time: "today, 9:07 AM CST", "tomorrow, ...", "Tue, Nov 24, ...", with the year when it is another one."""
    local, here = at.astimezone(zone), now.astimezone(zone)
    days = (local.date() - here.date()).days
    if days in (-1, 0, 1):
        day = ("yesterday", "today", "tomorrow")[days + 1]
    else:
        day = weekday(local) + (f", {local.year}" if local.year != here.year else "")
    return f"{day}, {clock(at, zone)}"


def span(starts: datetime, ends: datetime, zone: tzinfo) -> str:
    """From when to when, with the zone named: "Sat, Dec 5, 2026, 10:00 AM to 2:00 PM, Chicago time (CST)"."""
    first, last = starts.astimezone(zone), ends.astimezone(zone)
    until = hour(last) if last.date() == first.date() else f"{_full_day(last)}, {hour(last)}"
    return f"{_full_day(first)}, {hour(first)} to {until}, {zone_label(zone, starts)}"


def _full_day(local: datetime) -> str:
    return f"{weekday(local)}, {local.year}"


def sentence_start(text: str) -> str:
    """The same text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def day_name(day: date) -> str:
    """A calendar day: "Nov 24, 2026"."""
    return f"{day:%b} {day.day}, {day.year}"


def one_line(day: date) -> str:
    """A calendar day that no narrow column breaks."""
    return day_name(day).replace(" ", "\u00a0")


def distance(at: datetime, now: datetime) -> str:
    """How far away: "in 3 hours", "2 days ago", "now"."""
    seconds = (at - now) / timedelta(seconds=1)
    size = abs(seconds)
    if size < 45:
        return "now"
    for limit, unit, name in ((90 * 60, 60, "minute"), (36 * 3600, 3600, "hour"), (float("inf"), 86400, "day")):
        if size < limit:
            count = max(1, round(size / unit))
            words = f"{count} {name}{'' if count == 1 else 's'}"
            return f"in {words}" if seconds > 0 else f"{words} ago"
    raise AssertionError("the last limit holds everything")
