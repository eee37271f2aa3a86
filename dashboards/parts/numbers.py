"""The arithmetic of the metrics: sums of days, one period against another, rates. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol, TypeVar

MOST_DAYS = 92  # bars that a phone can show


class DayRow(Protocol):
    """A row of `dashboard_daily`."""

    day: date
    platform: str
    posts: int
    reach: int
    clicks: int
    likes: int
    comments: int
    shares: int


class Dated(Protocol):
    """Something of a day."""

    day: date


Row = TypeVar("Row", bound=Dated)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over days. `engagement` counts likes, comments and shares."""

    posts: int = 0
    reach: int = 0
    clicks: int = 0
    engagement: int = 0

    @property
    def rate(self) -> float | None:
        """Engagement per person reached, in percent; None when nobody was reached."""
        return 100 * self.engagement / self.reach if self.reach else None


def engagement(row: Any) -> int:
    """What people did with a post: likes, comments and shares."""
    return int(row.likes + row.comments + row.shares)


def totals(rows: Iterable[DayRow]) -> Totals:
    """The sum of days."""
    posts = reach = clicks = engaged = 0
    for row in rows:
        posts += row.posts
        reach += row.reach
        clicks += row.clicks
        engaged += engagement(row)
    return Totals(posts, reach, clicks, engaged)


@dataclass(frozen=True, slots=True)
class Period:
    """Calendar days of the owner, both included, and the days before them to compare with."""

    first: date
    last: date

    @classmethod
    def ending(cls, last: date, days: int) -> Period:
        """The `days` days that end with `last`."""
        return cls(last - timedelta(days=days - 1), last)

    @property
    def before(self) -> Period:
        """As many days directly before."""
        return Period.ending(self.first - timedelta(days=1), self.length)

    @property
    def length(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    @property
    def days(self) -> list[date]:
        """Every day."""
        return [self.first + timedelta(days=n) for n in range(self.length)]

    @property
    def by_week(self) -> bool:
        """Whether days are too many to be told apart, so that weeks are drawn."""
        return self.length > MOST_DAYS

    @property
    def steps(self) -> list[date]:
        """The first day of each bar of a chart: every day, or the Monday of every week."""
        return list(dict.fromkeys(self.step_of(day) for day in self.days))

    def step_of(self, day: date) -> date:
        """The bar that a day belongs to."""
        return day - timedelta(days=day.weekday()) if self.by_week else day

    def of(self, rows: Iterable[Row]) -> list[Row]:
        """The rows of this period."""
        return [row for row in rows if self.first <= row.day <= self.last]

    def has_before(self, first_day: date | None) -> bool:
        """Whether the days before can be compared with: something was there from (a tenth after) their beginning on."""
        return first_day is not None and first_day <= self.before.first + timedelta(days=self.length // 10)


def change(now: float | None, before: float | None) -> str | None:
    """One period against another: "12%", "-5%"; None when there is nothing to compare with."""
    if not before or now is None:
        return None
    return f"{round(100 * (now - before) / before):,}%"


def per_step(period: Period, rows: Iterable[DayRow]) -> list[tuple[date, Totals]]:
    """The sums of each bar of a chart, zero where there was nothing."""
    found: dict[date, list[DayRow]] = {step: [] for step in period.steps}
    for row in period.of(rows):
        found[period.step_of(row.day)].append(row)
    return [(step, totals(days)) for step, days in found.items()]


def per_day(period: Period, rows: Sequence[DayRow]) -> dict[str, list[int]]:
    """Reach, engagement and posts of each day, zero where there was nothing."""
    by_day: dict[date, list[int]] = {day: [0, 0, 0] for day in period.days}
    for row in period.of(rows):
        day = by_day[row.day]
        day[0] += row.reach
        day[1] += engagement(row)
        day[2] += row.posts
    columns = list(zip(*by_day.values(), strict=True))
    return dict(zip(("reach", "engagement", "posts"), (list(column) for column in columns), strict=True))
