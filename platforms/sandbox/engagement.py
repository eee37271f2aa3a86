"""How many people see, like and click: made up, but the same for the same post at the same age, and only ever growing.

A post's final audience is drawn once from its id; what is visible of it at an age follows a curve that shows the first
few people within seconds, about a third within hours and nearly all within three days.
"""

from __future__ import annotations

import math
import random
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from platforms.sandbox.state import Post

MEDIAN_REACH = {"facebook": 210.0, "instagram": 290.0, "google": 0.0}
WEEKDAY = (0.97, 1.08, 1.12, 1.1, 0.98, 0.84, 0.8)  # Monday first
US_CENTRAL = timedelta(hours=-6)  # whose clock decides what a good hour is; the sandbox does not know the owner's


@dataclass(frozen=True, slots=True)
class Counts:
    """A post's numbers at one moment."""

    views: int = 0
    reach: int = 0
    likes: int = 0
    comments: int = 0
    shares: int = 0
    saves: int = 0
    clicks: int = 0
    profile_visits: int = 0
    follows: int = 0


def grown(age: float) -> float:
    """The share (0..1) of its final audience that a post has after `age` seconds."""
    if age <= 0:
        return 0.0
    return 0.03 * -math.expm1(-age / 22) + 0.37 * -math.expm1(-age / 9_000) + 0.6 * -math.expm1(-age / 75_000)


def counts(post: Post, now: float) -> Counts:
    """The numbers of a post at `now` (Unix seconds); all zero while nobody can see it."""
    if not post.is_visible(now) or post.platform == "google":
        return Counts()
    dice = random.Random(post.id)
    local = datetime.fromtimestamp(post.created, UTC) + US_CENTRAL
    page_size = random.Random(post.account_id).lognormvariate(0.0, 0.45)
    audience = MEDIAN_REACH[post.platform] * page_size * dice.lognormvariate(0.0, 0.4)
    audience *= WEEKDAY[local.weekday()] * _hour_factor(local.hour) * (1.25 if post.media else 0.9)
    text = post.text.lower()
    asks, sells = "?" in text, bool(re.search(r"\b(book|estimate|quote|schedule|appointment|order)", text))
    teaches = bool(re.search(r"\b(tip|check|how to|before you|make sure|avoid)", text))
    amuses = bool(re.search(r"\b(did you know|fun fact|believe it|once|centur)", text))
    audience *= (1.12 if teaches else 1.0) * (0.88 if sells else 1.0)
    visual = 1.7 if post.platform == "instagram" else 1.0
    likes = audience * dice.uniform(0.022, 0.055) * visual * (1.25 if amuses else 1.0)
    comments = audience * dice.uniform(0.002, 0.009) * (1.9 if asks else 1.0)
    shares = audience * dice.uniform(0.002, 0.008) * (1.7 if amuses else 1.0)
    saves = audience * dice.uniform(0.003, 0.012) * (1.8 if teaches else 1.0)
    clicks = audience * dice.uniform(0.006, 0.02) * (2.0 if sells else 1.0)
    again = dice.uniform(1.12, 1.5)
    age = now - max(post.created, post.visible_from)
    part, later = grown(age), grown(age * 0.8)  # reactions follow the seeing
    return Counts(
        views=int(audience * again * part),
        reach=int(audience * part),
        likes=int(likes * later),
        comments=int(comments * later),
        shares=int(shares * later),
        saves=int(saves * later),
        clicks=int(clicks * later),
        profile_visits=int(clicks * 0.6 * later),
        follows=int(clicks * 0.08 * later),
    )


def _hour_factor(hour: int) -> float:
    if hour < 6:
        return 0.62
    return {7: 1.05, 8: 1.15, 9: 1.12, 12: 1.18, 13: 1.1, 17: 1.12, 18: 1.22, 19: 1.25, 20: 1.15}.get(hour, 0.95)


LOCATION_METRICS = {
    "BUSINESS_IMPRESSIONS_DESKTOP_MAPS": 9.0,
    "BUSINESS_IMPRESSIONS_DESKTOP_SEARCH": 16.0,
    "BUSINESS_IMPRESSIONS_MOBILE_MAPS": 34.0,
    "BUSINESS_IMPRESSIONS_MOBILE_SEARCH": 41.0,
    "BUSINESS_DIRECTION_REQUESTS": 3.2,
    "CALL_CLICKS": 2.6,
    "WEBSITE_CLICKS": 4.4,
    "MESSAGING_CLICKS": 0.5,
    "BUSINESS_BOOKINGS": 0.3,
    "BUSINESS_FOOD_MENU_CLICKS": 0.0,
    "BUSINESS_CONVERSATIONS": 0.0,
    "BUSINESS_FOOD_ORDERS": 0.0,
}
"""Google's daily metrics and what a middling location has of each in a day."""


def location_count(location_id: str, metric: str, day: date, recent_posts: int, now: float) -> int:
    """A location's number for one day (UTC); today's grows until the day ends, a later day's is 0.

    Posts of the last week lift it: `recent_posts` is how many were live on that day.
    """
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    elapsed = min(1.0, (now - begin) / 86_400)
    if elapsed <= 0:
        return 0
    size = random.Random(location_id).lognormvariate(0.0, 0.5)
    noise = random.Random(f"{location_id} {metric} {day}").lognormvariate(0.0, 0.25)
    lift = 1 + 0.05 * min(recent_posts, 8)
    return int(LOCATION_METRICS[metric] * size * noise * lift * WEEKDAY[day.weekday()] * elapsed + 0.4)
