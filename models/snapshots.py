"""What one snapshot of a post's numbers is worth. The latest one counts, never the sum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

LARGEST_COUNT = 2**31 - 1  # of the INTEGER columns
LARGEST_RATE = Decimal("999.99")  # of NUMERIC(5,2)
# From when on a post's rate can be compared with another's.
RIPE_AFTER = timedelta(days=3)  # by then most of the people who will see a post have seen it
LEAST_REACH = 20  # a like among three people is no rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """A post's numbers since it was published."""

    reach: int = 0
    impressions: int = 0
    clicks: int = 0
    likes: int = 0
    comments: int = 0
    shares: int = 0

    @property
    def engagement_rate(self) -> Decimal | None:
        """(likes + comments + shares) / reach * 100, half up to two places; None without reach. A tiny reach that the
        platform counts later than the likes gives at most 999.99."""
        if self.reach == 0:
            return None
        rate = Decimal(self.likes + self.comments + self.shares) * 100 / Decimal(self.reach)
        return min(rate.quantize(Decimal("0.01"), ROUND_HALF_UP), LARGEST_RATE)


def merged(told: Mapping[str, int | None], before: Counts | None) -> Counts:
    """The numbers that a platform told; what it did not tell this time (None) stays as it was.

    A Page's insights come and go with its number of followers: that is no reason to show a reach of 0 again.
    """
    known = asdict(before) if before is not None else {}
    return Counts(
        **{
            field.name: min(max(known.get(field.name, 0) if value is None else value, 0), LARGEST_COUNT)
            for field in fields(Counts)
            for value in (told.get(field.name),)
        }
    )
