"""When posts go out: a week's slots in the owner's wall-clock time, right across changes of the clock.

`posting_frequency` counts for each connected account, so an owner with three accounts and a frequency of 3 gets nine
posts a week. A slot's key is the wall-clock time ("2026-11-24T09:00"); the instant has a small jitter of the account's
own beside it, so that thousands of accounts do not share nine o'clock. Weeks begin on Monday.

A key and a zone name the instant at any time (`placed`): when the owner moves to another zone, or a zone changes its
rules, a post that waits keeps its wall-clock time and gets a new instant (`tasks.content.wall_clock`).
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

DEFAULT_TIMES = (time(9), time(13), time(17))
MOST_POSTS_PER_WEEK = 21
MOST_JITTER = timedelta(minutes=9)
_DAY_MINUTES = 24 * 60
_SQUEEZED = 600  # seconds: so near to the end of its week a slot gets less jitter, so that it stays inside
_LOCAL_FORMAT = "%Y-%m-%dT%H:%M"


class UnknownZone(ValueError):
    """A time zone that the IANA database does not hold; the message names it and the nearest known one."""


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """One place in the week: `local` is its key (wall clock, no jitter), `at` the instant in UTC (with jitter)."""

    local: str
    at: datetime

    @property
    def day(self) -> date:
        """The wall-clock day of the slot."""
        return date.fromisoformat(self.local[:10])


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The IANA zone of this name. Raises UnknownZone naming it and what to write."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        close = difflib.get_close_matches(name, available_timezones(), n=1)
        hint = f"did you mean {close[0]}?" if close else "write an IANA name such as America/Chicago"
        raise UnknownZone(f"Unknown time zone {name!r}: {hint}") from None


def week_of(now: datetime, tz: ZoneInfo) -> date:
    """The Monday of the week in which `now` lies for somebody living in `tz`."""
    today = now.astimezone(tz).date()
    return today - timedelta(days=today.weekday())


def instant(local: datetime, tz: ZoneInfo) -> datetime:
    """The UTC instant of a naive wall-clock time.

    A time that the clock skips moves forward by the gap (02:30 becomes 03:30); of a time that comes twice the first
    one counts. Both are what PEP 495 gives for fold=0.
    """
    return local.replace(tzinfo=tz, fold=0).astimezone(UTC)


def jitter(seed: str) -> timedelta:
    """0 seconds to 9 minutes, always the same for one seed (an account's id)."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4])
    return timedelta(seconds=number % (int(MOST_JITTER.total_seconds()) + 1))


def placed(local: datetime, tz: ZoneInfo, *, seed: str) -> Slot:
    """The slot of a naive wall-clock time, with the jitter of `seed`.

    The jitter shrinks over the last ten minutes of a week: it never leaves the week and never changes the order.
    """
    week_ends = datetime.combine(local.date() + timedelta(days=7 - local.weekday()), time())
    room = min(int((week_ends - local).total_seconds()), _SQUEEZED)
    shift = int(jitter(seed).total_seconds()) * room // _SQUEEZED
    return Slot(local=f"{local:{_LOCAL_FORMAT}}", at=instant(local, tz) + timedelta(seconds=shift))


def slots(
    week_start: date, posting_frequency: int, preferred_times: Sequence[time] | None, tz: ZoneInfo, *, seed: str
) -> list[Slot]:
    """The `posting_frequency` slots (0 to 21) of one account in the week from Monday `week_start`, in order.

    They are spread evenly over the seven days and take the preferred times in turn (default 9:00, 13:00, 17:00); a day
    that needs more times than are preferred gets others well apart from them. Every slot is distinct and lies inside
    the local week. The same arguments always give the same slots.
    Raises ValueError when `week_start` is no Monday or the frequency is out of range.
    """
    if week_start.weekday() != 0:
        raise ValueError(f"A week begins on a Monday, {week_start} is a {week_start:%A}")
    if not 0 <= posting_frequency <= MOST_POSTS_PER_WEEK:
        raise ValueError(f"{posting_frequency} posts a week: choose 0 to {MOST_POSTS_PER_WEEK}")
    wanted = _spread(week_start, posting_frequency, _clean(preferred_times or DEFAULT_TIMES))
    taken: set[datetime] = set()
    for local in wanted:
        taken.add(_existing(local, tz, week_start, taken))
    return [placed(local, tz, seed=seed) for local in sorted(taken)]


def still_open(
    planned: Iterable[Slot], existing: Collection[str], posting_frequency: int, *, earliest: datetime
) -> list[Slot]:
    """Which of a week's planned slots are to be filled now: from `earliest` (UTC) on, and only as many as are missing.

    `existing` holds the keys of the posts that this week has already, whatever became of them. A changed preference
    moves the planned slots, but never makes a week fuller than its frequency; what is added stays away from the days
    that have a post.
    """
    missing = posting_frequency - len(existing)
    free = [slot for slot in planned if slot.at >= earliest and slot.local not in existing]
    if missing <= 0:
        return []
    if len(free) <= missing:
        return free
    filled = [datetime.fromisoformat(key) for key in existing]

    def distance(slot: Slot) -> timedelta:
        return min(abs(datetime.fromisoformat(slot.local) - other) for other in filled)

    return sorted(sorted(free, key=lambda slot: (-distance(slot), slot.local))[:missing])


def _clean(times: Iterable[time]) -> list[time]:
    """Distinct whole minutes, in order."""
    return sorted({time(t.hour, t.minute) for t in times})


def _spread(week_start: date, count: int, times: list[time]) -> list[datetime]:
    """`count` wall-clock times: the middles of `count` equal parts of the week, each day's times taken in turn."""
    by_day: dict[int, int] = {}
    for number in range(count):
        day = (2 * number + 1) * 7 // (2 * count)
        by_day[day] = by_day.get(day, 0) + 1
    wanted: list[datetime] = []
    turn = 0
    for day, needed in by_day.items():
        mine = [times[(turn + n) % len(times)] for n in range(min(needed, len(times)))]
        turn += len(mine)
        wanted += [datetime.combine(week_start + timedelta(days=day), at) for at in _filled(mine, needed)]
    return wanted


def _filled(mine: list[time], needed: int) -> list[time]:
    """`needed` distinct times of one day: `mine`, and where they are too few the usual ones that lie well apart."""
    chosen = list(mine)
    usual = [*DEFAULT_TIMES, *(time(hour) for hour in (11, 15, 19, *range(24)))]
    for apart in (120, 30, 1):
        for candidate in usual:
            if len(chosen) < needed and all(abs(_minutes(candidate) - _minutes(t)) >= apart for t in chosen):
                chosen.append(candidate)
    return sorted(chosen)


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


def _existing(local: datetime, tz: ZoneInfo, week_start: date, taken: Collection[datetime]) -> datetime:
    """The wall-clock time that exists, inside the week, and not taken: the wanted one or the nearest after it."""
    first = datetime.combine(week_start, time())
    last = first + timedelta(days=7)
    for minutes in (*range(0, _DAY_MINUTES, 30), *range(-30, -_DAY_MINUTES, -30)):
        real = instant(local + timedelta(minutes=minutes), tz).astimezone(tz).replace(tzinfo=None, fold=0)
        if first <= real < last and real not in taken:
            return real
    raise ValueError(f"No free time near {local:{_LOCAL_FORMAT}} in {tz.key}")
