"""Made-up numbers that behave like real ones."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from platforms.sandbox.engagement import Counts, counts, grown, location_count
from platforms.sandbox.state import Post
from tests.platforms.sandbox.conftest import NOON

DAY = 86_400.0


def post(number: int = 1, *, platform: str = "facebook", text: str = "Hello", created: float = NOON) -> Post:
    return Post(id=f"1_{number}", account_id="1", platform=platform, text=text, created=created, visible_from=created)


def total(values: Counts) -> int:
    return values.reach + values.likes + values.comments + values.shares + values.clicks


def average(text: str = "Hello", platform: str = "facebook", created: float = NOON, what: str = "reach") -> float:
    values = [
        getattr(counts(post(n, platform=platform, text=text, created=created), created + 5 * DAY), what)
        for n in range(300)
    ]
    return float(sum(values) / len(values))


@given(st.floats(0, 30 * DAY), st.floats(0, 30 * DAY), st.integers(1, 500))
def test_numbers_only_grow_and_stay_in_proportion(one: float, other: float, number: int) -> None:
    early, late = sorted((one, other))
    before, after = counts(post(number), NOON + early), counts(post(number), NOON + late)
    for name in Counts.__slots__:
        assert getattr(before, name) <= getattr(after, name)
    assert after.views >= after.reach >= after.likes + after.comments


def test_something_is_seen_within_twenty_seconds_and_most_within_three_days() -> None:
    for platform in ("facebook", "instagram"):
        seen = [counts(post(n, platform=platform), NOON + 20).reach for n in range(100)]
        assert sum(value >= 1 for value in seen) >= 90
        assert max(seen) <= 20
    assert grown(3 * DAY) > 0.95
    assert grown(0) == 0


def test_the_same_post_has_the_same_numbers_and_others_have_others() -> None:
    assert counts(post(1), NOON + DAY) == counts(post(1), NOON + DAY)
    assert len({total(counts(post(n), NOON + DAY)) for n in range(20)}) > 10


def test_words_weekday_and_hour_matter() -> None:
    assert average("Any questions?", what="comments") > 1.4 * average("No questions.", what="comments")
    assert average("Book today", what="clicks") > 1.4 * average("Hello", what="clicks")
    assert average("Did you know?", what="shares") > 1.3 * average("Hello", what="shares")
    wednesday = NOON + 3 * DAY
    assert average(created=wednesday) > 1.2 * average(created=NOON)  # NOON is on a Sunday
    assert average(created=wednesday + 13 * 3600) > 1.2 * average(created=wednesday - 3 * 3600)
    assert average(platform="instagram", what="likes") > average(platform="facebook", what="likes")


def test_what_nobody_sees_has_no_numbers() -> None:
    hidden, gone, waiting = post(1), post(2), post(3)
    hidden.visible_from = NOON + 2 * DAY
    gone.deleted = NOON + 10
    waiting.published = False
    for each in (hidden, gone, waiting):
        assert counts(each, NOON + DAY) == Counts()
    assert counts(post(4, platform="google"), NOON + DAY) == Counts()


def test_a_locations_days_are_stable_once_over_and_grow_while_they_last() -> None:
    today = date(2026, 11, 22)
    morning, evening = NOON - 6 * 3600, NOON + 11 * 3600

    def impressions(day: date, now: float, posts: int = 0) -> int:
        return location_count("accounts/1/locations/2", "BUSINESS_IMPRESSIONS_MOBILE_SEARCH", day, posts, now)

    assert impressions(date(2026, 11, 20), morning) == impressions(date(2026, 11, 20), evening) > 0
    assert 0 < impressions(today, morning) < impressions(today, evening)
    assert impressions(date(2026, 11, 23), evening) == 0
    assert impressions(date(2026, 11, 20), evening, posts=6) > impressions(date(2026, 11, 20), evening)
