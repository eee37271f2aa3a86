"""The mail that tells an owner which posts wait for their yes: who gets it, when it leaves, how long links decide."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlmodel import Session

from models.calendar_slots import instant, zone
from models.queries import query

MORNING = time(8)  # on the owner's wall
LINK_LIFE = timedelta(days=7)
MOST_POSTS = 10  # in one mail; the others are counted


def leaves_at(now: datetime, first_post_at: datetime, tz: ZoneInfo, *, is_first_week: bool) -> datetime:
    """When the mail about posts that are queued at `now` leaves, in UTC: on the owner's next morning, or at once where
    the first of them would have left by then, or where it is the very first week that is written for them."""
    morning = next_morning(now, tz)
    return now if is_first_week or morning >= first_post_at else morning


def next_morning(now: datetime, tz: ZoneInfo) -> datetime:
    """The first 8:00 in `tz` that is not before `now`, in UTC."""
    today = now.astimezone(tz).date()
    days = (instant(datetime.combine(today + timedelta(days=n), MORNING), tz) for n in range(3))
    return next(at for at in days if at >= now)


def link_ends_at(now: datetime, post_at: datetime) -> datetime:
    """Until when a link that is made at `now` decides: up to the post's own time, and never for longer than a week."""
    return min(post_at, now + LINK_LIFE)


def want_approval_mail(
    db: Session, user_id: UUID, week_start: date, *, first_post_at: datetime, zone_name: str, now: datetime
) -> None:
    """Write down that an owner is to be told of a week's posts, in the transaction that queues them.

    Nothing for who is not served or does not want to be told. While the mail of that week has not left it stays one; it
    may leave sooner than it would have. Raises UnknownZone.
    """
    run, whose = db.connection().exec_driver_sql, {"user_id": user_id, "week_start": week_start}
    wanted = run(query("approval_mail_wanted"), whose).one_or_none()
    if wanted is None:
        return
    due_at = leaves_at(now, first_post_at, zone(zone_name), is_first_week=wanted.is_first)
    run(query("want_approval_mail"), whose | {"id": uuid4(), "address": wanted.address, "due_at": due_at, "now": now})
