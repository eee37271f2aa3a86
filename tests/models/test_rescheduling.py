"""Which new time a post may get, on the owner's wall clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rescheduling import FARTHEST, SOONEST, TimeRefused, moments, new_time

CHICAGO = ZoneInfo("America/Chicago")
NOW = datetime(2026, 3, 7, 18, tzinfo=UTC)  # noon in Chicago, the day before the clocks go forward
ZONES = [
    ZoneInfo(name) for name in ("America/Chicago", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca", "UTC")
]


def wall(text: str) -> datetime:
    """What a clock on the wall shows."""
    return datetime.fromisoformat(text)


def test_an_ordinary_time_is_the_owners_wall_clock() -> None:
    assert new_time(wall("2026-03-07 13:30"), CHICAGO, now=NOW) == datetime(2026, 3, 7, 19, 30, tzinfo=UTC)
    assert new_time(wall("2026-03-09 09:00"), CHICAGO, now=NOW) == datetime(2026, 3, 9, 14, tzinfo=UTC), "summer time"


def test_a_time_that_the_clocks_skip_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(TimeRefused, match=r"no 2:30 AM on that day.*3:30 AM is the nearest"):
        new_time(wall("2026-03-08 02:30"), CHICAGO, now=NOW)


def test_of_a_time_that_comes_twice_the_owner_chooses_one() -> None:
    now, local = datetime(2026, 10, 30, tzinfo=UTC), wall("2026-11-01 01:30")
    first, second = new_time(local, CHICAGO, now=now), new_time(local, CHICAGO, now=now, second=True)
    assert (first, second) == (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), datetime(2026, 11, 1, 7, 30, tzinfo=UTC))
    between = first + timedelta(minutes=20)
    assert new_time(local, CHICAGO, now=between, second=True) == second, "the first one is over, the second is not"


@pytest.mark.parametrize(
    ("away", "told"),
    [
        (timedelta(minutes=-1), "is over"),
        (timedelta(), "is over"),
        (SOONEST - timedelta(minutes=1), "less than 5 minutes away"),
        (FARTHEST + timedelta(days=1), "more than half a year"),
    ],
)
def test_a_time_that_is_over_too_near_or_too_far_is_refused_kindly(away: timedelta, told: str) -> None:
    with pytest.raises(TimeRefused, match=told):
        new_time((NOW + away).astimezone(CHICAGO).replace(tzinfo=None), CHICAGO, now=NOW)


@pytest.mark.parametrize("away", [SOONEST, FARTHEST - timedelta(days=1)])
def test_the_nearest_and_the_farthest_time_are_taken(away: timedelta) -> None:
    local = (NOW + away).astimezone(CHICAGO).replace(tzinfo=None)
    assert new_time(local, CHICAGO, now=NOW) == NOW + away


@given(at=st.datetimes(wall("2020-01-01 00:00"), wall("2030-01-01 00:00")), zone=st.sampled_from(ZONES))
def test_every_moment_is_found_by_what_its_clock_shows(at: datetime, zone: ZoneInfo) -> None:
    moment = at.replace(tzinfo=UTC)
    assert moment in moments(moment.astimezone(zone).replace(tzinfo=None), zone)


@given(local=st.datetimes(wall("2020-01-01 00:00"), wall("2030-01-01 00:00")), zone=st.sampled_from(ZONES))
def test_every_moment_that_is_found_shows_that_time(local: datetime, zone: ZoneInfo) -> None:
    found = moments(local, zone)
    assert len(found) <= 2
    assert found == sorted(found)
    assert all(at.astimezone(zone).replace(tzinfo=None) == local for at in found)
