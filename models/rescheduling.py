"""Which new time an owner may give a post: one that their clock shows, not over, not too near, not too far. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

SOONEST = timedelta(minutes=5)  # what goes out sooner is "publish now": by then it may be on its way
FARTHEST = timedelta(days=180)


class TimeRefused(ValueError):
    """A post cannot get this time; the text is in the owner's words."""


def moments(local: datetime, zone: tzinfo) -> list[datetime]:
    """The UTC instants at which the clocks of a zone show a naive wall-clock time, in order.

    None when the clock skips it (spring), two when it comes twice (autumn).
    """
    both = sorted({local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)})
    return [at for at in both if at.astimezone(zone).replace(tzinfo=None) == local]


def new_time(local: datetime, zone: tzinfo, *, now: datetime, second: bool = False) -> datetime:
    """The UTC instant that an owner means; `second`: of a time that comes twice, the later one.

    Raises TimeRefused for a time that is skipped, over, less than 5 minutes away, or more than 180 days.
    """
    found = moments(local, zone)
    if not found:
        after = local.replace(tzinfo=zone, fold=0).astimezone(UTC).astimezone(zone)
        raise TimeRefused(
            f"There is no {_told(local)} on that day: the clocks go forward and skip it. "
            f"{_told(after)} is the nearest time after it."
        )
    at = found[-1] if second else found[0]
    if at <= now:
        raise TimeRefused("That time is over. Choose a later one, or publish the post now.")
    if at < now + SOONEST:
        raise TimeRefused("That is less than 5 minutes away. Choose a later time, or publish the post now.")
    if at > now + FARTHEST:
        raise TimeRefused("That is more than half a year away. Choose an earlier day.")
    return at


def _told(local: datetime) -> str:
    return f"{local.hour % 12 or 12}:{local:%M} {'AM' if local.hour < 12 else 'PM'}"
