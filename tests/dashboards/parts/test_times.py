"""Times on the owner's wall clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.parts.times import clock, distance, moment, sentence_start, span, today, zone_label, zone_of

CHICAGO = ZoneInfo("America/Chicago")
NOW = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)  # 12:30 PM in Chicago


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2026, 11, 22, 21, 5, tzinfo=UTC), "today, 3:05 PM CST"),
        (datetime(2026, 11, 23, 5, 59, tzinfo=UTC), "today, 11:59 PM CST"),
        (datetime(2026, 11, 23, 6, 0, tzinfo=UTC), "tomorrow, 12:00 AM CST"),
        (datetime(2026, 11, 22, 5, 0, tzinfo=UTC), "yesterday, 11:00 PM CST"),
        (datetime(2026, 11, 24, 18, 0, tzinfo=UTC), "Tue, Nov 24, 12:00 PM CST"),
        (datetime(2027, 7, 4, 14, 7, tzinfo=UTC), "Sun, Jul 4, 2027, 9:07 AM CDT"),
    ],
)
def test_a_moment_is_told_on_the_owners_clock_with_its_zone(at: datetime, words: str) -> None:
    assert moment(at, CHICAGO, NOW) == words


@pytest.mark.parametrize(
    ("starts", "ends", "words"),
    [
        ("2026-12-05T16:00Z", "2026-12-05T20:30Z", "Sat, Dec 5, 2026, 10:00 AM to 2:30 PM, Chicago time (CST)"),
        (
            "2026-12-05T16:00Z",
            "2026-12-07T05:59Z",
            "Sat, Dec 5, 2026, 10:00 AM to Sun, Dec 6, 2026, 11:59 PM, Chicago time (CST)",
        ),
        ("2027-07-04T14:00Z", "2027-07-04T15:00Z", "Sun, Jul 4, 2027, 9:00 AM to 10:00 AM, Chicago time (CDT)"),
    ],
)
def test_from_when_to_when_names_the_zone_once(starts: str, ends: str, words: str) -> None:
    assert span(datetime.fromisoformat(starts), datetime.fromisoformat(ends), CHICAGO) == words


def test_both_sides_of_a_clock_change_are_told_apart() -> None:
    before = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    assert (clock(before, CHICAGO), clock(before + timedelta(hours=1), CHICAGO)) == ("1:30 AM CDT", "1:30 AM CST")


@pytest.mark.parametrize(
    ("zone", "label"),
    [
        (CHICAGO, "Chicago time (CST)"),
        (ZoneInfo("America/New_York"), "New York time (EST)"),
        (ZoneInfo("America/Sao_Paulo"), "Sao Paulo time (UTC-03)"),
        (ZoneInfo("America/Indiana/Knox"), "Knox time (CST)"),
        (UTC, "UTC"),
        (ZoneInfo("UTC"), "UTC"),
    ],
)
def test_the_zone_is_named(zone: tzinfo, label: str) -> None:
    assert zone_label(zone, NOW) == label


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd", "America", "x" * 300])
def test_a_zone_that_nobody_knows_is_read_as_utc(name: str) -> None:
    assert zone_of(name) is UTC


def test_the_owners_day_is_not_the_servers() -> None:
    assert today(CHICAGO, datetime(2026, 11, 23, 3, tzinfo=UTC)).isoformat() == "2026-11-22"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "now"),
        (-44, "now"),
        (50, "in 1 minute"),
        (-600, "10 minutes ago"),
        (89 * 60, "in 89 minutes"),
        (2 * 3600, "in 2 hours"),
        (-30 * 3600, "30 hours ago"),
        (3 * 86400, "in 3 days"),
        (-400 * 86400, "400 days ago"),
    ],
)
def test_distances_are_told_in_one_unit(seconds: int, words: str) -> None:
    assert distance(NOW + timedelta(seconds=seconds), NOW) == words


@given(
    at=st.integers(-(10**8), 10**8).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    zone=st.sampled_from(sorted(available_timezones())),
)
def test_every_zone_and_moment_can_be_told(at: datetime, zone: str) -> None:
    words = sentence_start(moment(at, zone_of(zone), NOW))
    assert words[0].isupper()
    assert "M " in words
