"""Times as an owner reads them: on the wall clock of their own zone, with the zone named."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone_of(name: str) -> tzinfo:
    """The IANA zone; UTC when the database holds a name that this machine does not know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def zone_label(zone: tzinfo, now: datetime) -> str:
    """What to call the zone: "Chicago time (CST)"."""
    local = now.astimezone(zone)
    key = getattr(zone, "key", None)
    if key is None or key in ("UTC", "Etc/UTC"):
        return "UTC"
    city = key.rsplit("/", 1)[-1].replace("_", " ")
    return f"{city} time ({_abbreviation(local)})"


def _abbreviation(local: datetime) -> str:
    name = local.tzname() or ""
    return f"UTC{name}" if name[:1] in "+-" else name


def today(zone: tzinfo, now: datetime) -> date:
    """The owner's calendar day."""
    return now.astimezone(zone).date()


def clock(at: datetime, zone: tzinfo) -> str:
    """Time of day: "9:07 AM CST"."""
    local = at.astimezone(zone)
    return f"{_hour(local)} {_abbreviation(local)}"


def moment(at: datetime, zone: tzinfo, now: datetime) -> str:
    """Day and time: "today, 9:07 AM CST", "tomorrow, ...", "Tue, Nov 24, ...", with the year when it is another one."""
    local, here = at.astimezone(zone), now.astimezone(zone)
    days = (local.date() - here.date()).days
    if days in (-1, 0, 1):
        day = ("yesterday", "today", "tomorrow")[days + 1]
    else:
        day = f"{local:%a, %b} {local.day}" + (f", {local.year}" if local.year != here.year else "")
    return f"{day}, {clock(at, zone)}"


def span(starts: datetime, ends: datetime, zone: tzinfo) -> str:
    """From when to when, with the zone named: "Sat, Dec 5, 2026, 10:00 AM to 2:00 PM, Chicago time (CST)"."""
    first, last = starts.astimezone(zone), ends.astimezone(zone)
    until = _hour(last) if last.date() == first.date() else f"{_full_day(last)}, {_hour(last)}"
    return f"{_full_day(first)}, {_hour(first)} to {until}, {zone_label(zone, starts)}"


def _full_day(local: datetime) -> str:
    return f"{local:%a, %b} {local.day}, {local.year}"


def _hour(local: datetime) -> str:
    return f"{local.hour % 12 or 12}:{local:%M} {'AM' if local.hour < 12 else 'PM'}"


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
