"""Reading what others sent: nothing here trusts a shape, and nothing raises for one that is wrong."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_WORD = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_LONGEST_LIFE = 10 * 366 * 86_400.0  # seconds; no token lives longer
_LAST_MOMENT = 253_402_300_799  # Unix seconds; the end of the year 9999


def rows(value: object) -> list[dict[str, Any]]:
    """The objects of a JSON array; nothing of anything else."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def part(value: object) -> dict[str, Any]:
    """A JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str | None:
    """A text that is not empty."""
    return value if isinstance(value, str) and value else None


def word(value: object) -> str | None:
    """A short name such as an error code or a state; never a sentence, a token or a nested thing."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def count(value: object) -> int | None:
    """A whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def moment(value: object) -> datetime | None:
    """An aware datetime from RFC 3339 or Meta's `2026-11-22T10:00:00+0000`."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed if parsed.tzinfo is not None else None


def unix_moment(value: object) -> datetime | None:
    """A time (UTC) from whole Unix seconds; None for 0, which Meta writes where there is none, and what is no time."""
    seconds = count(value)
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and 0 < seconds <= _LAST_MOMENT else None


def end_of_life(now: datetime, seconds: object) -> datetime | None:
    """When something ends that lives `seconds` from now; None when that is no sensible number."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= _LONGEST_LIFE:
        return None
    return now + timedelta(seconds=seconds)


def insight_values(answer: object) -> dict[str, int]:
    """Meta's insights, `{"data": [{"name", "values": [{"value"}]}]}`, as name -> newest value."""
    found: dict[str, int] = {}
    for metric in rows(part(answer).get("data")):
        values, name = rows(metric.get("values")), text(metric.get("name"))
        value = count(values[-1].get("value")) if values else None
        if name is not None and value is not None:
            found[name] = value
    return found
