"""The bank of evergreen posts: enough for a long outage, never the same twice, only what the owner stated."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import islice
from uuid import uuid4

import pytest

from models.business import Business
from models.evergreen import EvergreenPost, evergreen

DAY = date(2026, 11, 24)


def _business(type_: str = "plumber", city: str | None = "Austin", state: str | None = "TX") -> Business:
    return Business(user_id=uuid4(), name="Hill Country Plumbing", type=type_, location_city=city, location_state=state)


def _first(
    business: Business, used: list[str], *, theme: str = "tip", platform: str = "facebook", seed: str = ""
) -> EvergreenPost:
    return next(evergreen(business, theme=theme, platform=platform, day=DAY, used=used, seed=seed))


@pytest.mark.parametrize("type_", ["plumber", "bakery", "tattoo studio"])
@pytest.mark.parametrize("platform", ["google", "facebook", "instagram"])
def test_a_full_week_says_nothing_twice(type_: str, platform: str) -> None:
    business = _business(type_)
    used: list[str] = []
    cores: list[str] = []
    themes = ["tip", "promotion", "seasonal", "fun_fact"] * 3
    for number, theme in enumerate(themes):
        post = _first(business, used, theme=theme, platform=platform, seed=str(number))
        used.append(post.text)
        cores.append(post.core)
    assert len(set(used)) == len(used)
    assert len(set(cores)) == len(cores)


def test_weeks_of_outage_still_never_repeat_a_whole_post() -> None:
    used: list[str] = []
    for number in range(63):
        used.append(_first(_business(), used, seed=str(number)).text)
    assert len(set(used)) == 63


def test_endings_take_turns() -> None:
    used: list[str] = []
    for number in range(4):
        used.append(_first(_business(), used, seed=str(number)).text)
    assert len({text.rpartition("\n")[2] for text in used}) == 4


def test_the_same_seed_gives_the_same_post() -> None:
    assert _first(_business(), [], seed="a") == _first(_business(), [], seed="a")
    assert len({_first(_business(), [], seed=str(n)).core for n in range(20)}) > 2


def test_two_businesses_of_a_trade_differ() -> None:
    week = [
        [
            post.text
            for post in islice(evergreen(_business(), theme="tip", platform="facebook", day=DAY, used=[], seed=s), 3)
        ]
        for s in ("one", "two")
    ]
    assert week[0] != week[1]


def test_the_season_is_the_slots() -> None:
    texts = [_first(_business(), [], theme="seasonal", seed=str(n)).text for n in range(10)]
    assert any("frost" in text or "year ends" in text for text in texts)
    july = evergreen(
        _business(), theme="seasonal", platform="facebook", day=DAY - timedelta(days=120), used=[], seed=""
    )
    assert "frost" not in next(july).text


def _cores(business: Business, day: date) -> str:
    posts = evergreen(business, theme="seasonal", platform="google", day=day, used=[], seed="")
    return "\n".join({post.core for post in islice(posts, 40) if post.theme == "seasonal"})


@pytest.mark.parametrize("type_", ["plumber", "roofer", "hvac", "tree_service", "chiropractor"])
def test_frost_snow_and_fallen_leaves_are_told_only_where_they_are(type_: str) -> None:
    january, november = date(2027, 1, 12), date(2026, 11, 10)
    cold = ("freez", "frost", "snow", "Icicles", "Leaves are down", "Without leaves")
    north = _cores(_business(type_, state="MN"), january) + _cores(_business(type_, state="MN"), november)
    assert any(word in north for word in cold)
    for state in ("FL", "HI", "PR", None):
        for day in (january, november):
            told = _cores(_business(type_, state=state), day)
            assert told
            assert not any(word in told for word in cold), state


def test_south_of_the_equator_january_is_summer() -> None:
    told = _cores(_business("plumber", state="AS"), date(2027, 1, 12))
    assert "this summer" in told
    assert "this winter" not in told


def test_without_a_town_the_text_still_reads_well() -> None:
    posts = evergreen(_business(city=None), theme="promotion", platform="google", day=DAY, used=[], seed="")
    texts = [post.text for post in islice(posts, 30)]
    assert not any("None" in text or "{" in text or "in ." in text for text in texts)


def test_hashtags_are_for_instagram_and_name_the_town() -> None:
    post = _first(_business(city="St. Paul"), [], platform="instagram")
    assert post.hashtags == ("plumbing", "plumber", "homecare", "StPaul")
    assert _first(_business(), [], platform="facebook").hashtags == ()
