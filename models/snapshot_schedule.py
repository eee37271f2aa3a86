"""When the numbers of a post are read: at once after publishing, then ever more seldom, as they change ever less."""

from __future__ import annotations

from datetime import datetime, timedelta

AGES = (
    timedelta(0),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=24),
    timedelta(days=3),
    timedelta(days=7),
    timedelta(days=28),
)


def next_due(published_at: datetime, now: datetime) -> datetime | None:
    """The first moment after `now` at which a snapshot is due; None when the last one is behind us.

    Snapshots that were missed (an outage, a lost connection) are not caught up: the latest one counts.
    """
    return next((published_at + age for age in AGES if published_at + age > now), None)
