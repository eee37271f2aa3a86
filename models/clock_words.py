"""Times of day in an owner's words: on the wall clock of their own zone, with the zone named."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
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


def hour(local: datetime) -> str:
    """A wall-clock time without its zone: "9:07 AM"."""
    return f"{local.hour % 12 or 12}:{local:%M} {'AM' if local.hour < 12 else 'PM'}"


def clock(at: datetime, zone: tzinfo) -> str:
    """Time of day: "9:07 AM CST"."""
    local = at.astimezone(zone)
    return f"{hour(local)} {_abbreviation(local)}"


def weekday(local: datetime) -> str:
    """A day of this year: "Tue, Nov 24"."""
    return f"{local:%a, %b} {local.day}"
