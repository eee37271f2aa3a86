"""The queue as a calendar: days of the owner's own zone, drawn as a grid that becomes a list on a phone. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from html import escape
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

from dashboards.parts.wording import Tone, count, platform_name

Span = Literal["week", "month"]
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MOST_A_DAY = {"month": 4, "week": 40}  # in a month's small fields; the rest is one click away, in the week


class CalendarPost(Protocol):
    """A row of `dashboard_queue_days`."""

    id: UUID
    platform: str
    status: str
    requires_approval: bool
    in_doubt: bool
    at: datetime
    beginning: str


class Mark(NamedTuple):
    """Where a post stands, in a word."""

    word: str
    tone: Tone


def mark_of(post: CalendarPost, now: datetime) -> Mark:
    """Where a post stands, as far as a calendar tells it."""
    if post.status == "published":
        return Mark("live", "good")
    if post.status == "rejected":
        return Mark("not sent", "off")
    if post.status == "failed":
        return Mark("did not go out", "bad")
    if post.in_doubt:
        return Mark("checking", "warn")
    if post.status == "pending" and post.requires_approval:
        return Mark("waits for you", "warn")
    return Mark("going out" if post.at <= now else "scheduled", "calm")


def days_of(span: Span, day: date) -> list[date]:
    """The whole weeks, Monday to Sunday, that show this day's week or month."""
    first = day if span == "week" else day.replace(day=1)
    last = day if span == "week" else _next_month(day) - timedelta(days=1)
    start = first - timedelta(days=first.weekday())
    end = last + timedelta(days=6 - last.weekday())
    return [start + timedelta(days=number) for number in range((end - start).days + 1)]


def bounds(days: Sequence[date], zone: tzinfo) -> tuple[datetime, datetime]:
    """The instants at which these days begin and are over in the zone: a day of 23 or 25 hours is a whole day."""
    return tuple(  # type: ignore[return-value]
        datetime.combine(day, time(), tzinfo=zone).astimezone(UTC) for day in (days[0], days[-1] + timedelta(days=1))
    )


def step(span: Span, day: date, direction: Literal[-1, 1]) -> date:
    """The same look one week or month earlier or later."""
    if span == "week":
        return day + timedelta(days=7 * direction)
    return _next_month(day) if direction == 1 else (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def title_of(span: Span, day: date) -> str:
    """ "November 2026", or "Nov 23 to 29, 2026"."""
    if span == "month":
        return f"{day:%B %Y}"
    first, last = days_of(span, day)[0], days_of(span, day)[-1]
    until = f"{last.day}" if last.month == first.month else f"{last:%b} {last.day}"
    return f"{first:%b} {first.day} to {until}, {last.year}"


def draw(
    posts: Iterable[CalendarPost],
    *,
    span: Span,
    day: date,
    zone: tzinfo,
    now: datetime,
    address: Callable[..., str],
) -> str:
    """The grid. `address` gives the address of this look with changes: `post` opened, another `view` or `day`."""
    by_day: defaultdict[date, list[CalendarPost]] = defaultdict(list)
    for post in posts:
        by_day[post.at.astimezone(zone).date()].append(post)
    here = now.astimezone(zone).date()
    head = "".join(f"<span>{name}</span>" for name in _WEEKDAYS)
    fields = "".join(
        _day(each, by_day[each], span=span, month=day.month, here=here, zone=zone, now=now, address=address)
        for each in days_of(span, day)
    )
    weekdays = f'<div class="pa-weekdays" aria-hidden="true">{head}</div>'
    return f'<div class="pa-calendar pa-{span}">{weekdays}<ol>{fields}</ol></div>'


def _day(
    day: date,
    posts: Sequence[CalendarPost],
    *,
    span: Span,
    month: int,
    here: date,
    zone: tzinfo,
    now: datetime,
    address: Callable[..., str],
) -> str:
    classes = ["pa-day"]
    classes += ["pa-today"] if day == here else []
    classes += ["pa-outside"] if span == "month" and day.month != month else []
    classes += [] if posts else ["pa-empty"]
    shown = posts[: _MOST_A_DAY[span]]
    lines = "".join(_entry(post, zone, now, address) for post in shown)
    if len(posts) > len(shown):
        more = escape(address(view="week", day=day.isoformat()))
        lines += f'<li><a class="pa-more" href="{more}" target="_self">{len(posts) - len(shown):,} more</a></li>'
    today = " <em>Today</em>" if day == here else ""
    name = f'<time datetime="{day.isoformat()}"><span class="pa-long">{day:%A}, {day:%b} </span>{day.day}</time>{today}'
    told = f'<span class="pa-unseen">, {count(len(posts), "post")}</span>' if posts else ""
    return f'<li class="{" ".join(classes)}"><div class="pa-date">{name}{told}</div><ul>{lines}</ul></li>'


def _entry(post: CalendarPost, zone: tzinfo, now: datetime, address: Callable[..., str]) -> str:
    mark, local = mark_of(post, now), post.at.astimezone(zone)
    at = f"{local.hour % 12 or 12}:{local:%M}"
    half = "AM" if local.hour < 12 else "PM"
    words = " ".join(post.beginning.split())
    return (
        f'<li><a class="pa-entry pa-{mark.tone}" href="{escape(address(post=str(post.id)))}" target="_self">'
        f'<span class="pa-dot pa-{escape(post.platform)}" aria-hidden="true"></span>'
        f"<b>{at} <small>{half}</small></b> <span>{escape(platform_name(post.platform))}, {mark.word}</span>"
        f'<span class="pa-words">{escape(words)}</span></a></li>'
    )


def told_of(posts: Sequence[Any], most: int) -> str | None:
    """What to say when there were too many posts to be shown."""
    return f"Only the first {most:,} posts are shown. Filter them to see the others." if len(posts) >= most else None
