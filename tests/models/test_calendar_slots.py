"""Slots: spread over the week, right across changes of the clock, the same on every run."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.calendar_slots import (
    MOST_JITTER,
    UnknownZone,
    instant,
    jitter,
    placed,
    slots,
    still_open,
    week_of,
    zone,
)

CHICAGO = "America/Chicago"
MONDAY = date(2026, 11, 23)

zones = st.sampled_from(sorted(available_timezones())).map(zone)
mondays = st.integers(0, 104).map(lambda week: date(2026, 1, 5) + timedelta(weeks=week))
times = st.lists(st.times().map(lambda t: t.replace(microsecond=0)), max_size=6)
counts = st.integers(0, 21)
seeds = st.text(max_size=8)


def _first_shown(local: datetime, tz: ZoneInfo) -> tuple[datetime, timedelta]:
    """The first instant at which the clock in `tz` shows `local`, and zero; in a gap where it lands, and how far on."""
    before = local.replace(tzinfo=UTC) - timedelta(hours=16)
    offsets = {(before + timedelta(hours=hour)).astimezone(tz).utcoffset() or timedelta(0) for hour in range(33)}
    instants = [local.replace(tzinfo=UTC) - offset for offset in offsets]
    shown = [at for at in instants if at.astimezone(tz).replace(tzinfo=None) == local]
    if shown:
        return min(shown), timedelta(0)
    return max(instants), max(offsets) - min(offsets)


def _keys(count: int, times: list[time] | None = None, *, week: date = MONDAY, tz: str = CHICAGO) -> list[str]:
    return [slot.local for slot in slots(week, count, times, zone(tz), seed="")]


class TestWeekOf:
    def test_begins_on_monday_in_the_owners_zone(self) -> None:
        late_sunday = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)  # still Sunday evening in Chicago
        assert week_of(late_sunday, zone(CHICAGO)) == date(2026, 11, 16)
        assert week_of(late_sunday, zone("Europe/Berlin")) == date(2026, 11, 23)

    @given(zones, st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)))  # noqa: DTZ001
    def test_holds_now_in_every_zone(self, tz: ZoneInfo, moment: datetime) -> None:
        now = moment.replace(tzinfo=UTC)
        start = week_of(now, tz)
        assert start.weekday() == 0
        assert start <= now.astimezone(tz).date() < start + timedelta(days=7)


class TestSlots:
    def test_three_a_week_are_spread_and_take_the_default_times_in_turn(self) -> None:
        assert _keys(3) == ["2026-11-24T09:00", "2026-11-26T13:00", "2026-11-28T17:00"]

    def test_one_a_week_lies_in_the_middle(self) -> None:
        assert _keys(1, [time(8, 30)]) == ["2026-11-26T08:30"]

    def test_seven_a_week_use_every_day(self) -> None:
        days = [key[:10] for key in _keys(7)]
        assert days == [str(MONDAY + timedelta(days=n)) for n in range(7)]

    def test_twenty_one_a_week_use_every_day_three_times(self) -> None:
        assert _keys(21)[:4] == ["2026-11-23T09:00", "2026-11-23T13:00", "2026-11-23T17:00", "2026-11-24T09:00"]

    def test_a_day_with_more_posts_than_preferred_times_gets_others_well_apart(self) -> None:
        assert [key[11:] for key in _keys(21, [time(9, 30)])[:3]] == ["09:30", "13:00", "17:00"]

    def test_preferred_times_may_come_twice_unordered_and_with_seconds(self) -> None:
        assert _keys(2, [time(18), time(7, 0, 30), time(7)]) == ["2026-11-24T07:00", "2026-11-28T18:00"]

    def test_none_a_week_is_no_slot(self) -> None:
        assert _keys(0) == []

    def test_a_skipped_time_moves_forward_by_the_gap(self) -> None:
        spring_forward = date(2027, 3, 8)  # the clock of Chicago jumps on Sunday 14 March from 2:00 to 3:00
        week = slots(spring_forward, 7, [time(2, 30)], zone(CHICAGO), seed="")
        assert week[-1].local == "2027-03-14T03:30"
        assert instant(datetime.fromisoformat(week[-1].local), zone(CHICAGO)) == datetime(
            2027, 3, 14, 8, 30, tzinfo=UTC
        )

    def test_two_times_that_a_gap_would_push_together_stay_apart(self) -> None:
        week = slots(date(2027, 3, 8), 14, [time(2, 30), time(3, 30)], zone(CHICAGO), seed="")
        assert [slot.local for slot in week if slot.local.startswith("2027-03-14")] == [
            "2027-03-14T03:30",
            "2027-03-14T04:00",
        ]

    def test_of_a_time_that_comes_twice_the_first_counts(self) -> None:
        assert instant(datetime(2026, 11, 1, 1, 30), zone(CHICAGO)) == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)  # noqa: DTZ001

    def test_nine_o_clock_stays_nine_o_clock_over_a_change_of_the_clock(self) -> None:
        before, after = (
            slots(week, 1, [time(9)], zone(CHICAGO), seed="")[0] for week in (date(2026, 10, 26), date(2026, 11, 2))
        )
        assert (before.local[11:], after.local[11:]) == ("09:00", "09:00")
        assert after.at - before.at == timedelta(days=7, hours=1)

    def test_the_jitter_is_the_accounts_own_and_not_part_of_the_key(self) -> None:
        one, other = (slots(MONDAY, 3, None, zone(CHICAGO), seed=seed) for seed in ("account-1", "account-2"))
        assert [slot.local for slot in one] == [slot.local for slot in other]
        assert {slot.at - instant(datetime.fromisoformat(slot.local), zone(CHICAGO)) for slot in one} == {
            jitter("account-1")
        }
        assert one[0].at != other[0].at

    def test_the_jitter_does_not_leave_the_week_nor_change_the_order(self) -> None:
        seed = next(str(n) for n in range(10_000) if jitter(str(n)) == MOST_JITTER)
        last_minutes = [datetime(2026, 11, 29, 23, minute) for minute in range(45, 60)]  # noqa: DTZ001
        ends = [placed(local, zone("UTC"), seed=seed).at for local in last_minutes]
        assert all(one < other for one, other in pairwise(ends))
        assert ends[0] == datetime(2026, 11, 29, 23, 54, tzinfo=UTC)
        assert ends[-1] == datetime(2026, 11, 29, 23, 59, 54, tzinfo=UTC)

    def test_thousands_share_nine_o_clock_evenly_to_the_second(self) -> None:
        seconds = [int(jitter(f"account {n}").total_seconds()) for n in range(20_000)]
        assert max(seconds.count(second) for second in set(seconds)) < 80  # 37 on average
        tenths = [second * 10 // 541 for second in seconds]
        assert all(1_800 < tenths.count(tenth) < 2_200 for tenth in range(10))

    @given(mondays, counts, times, zones, seeds)
    def test_hold_in_every_zone_and_week(
        self, week: date, count: int, preferred: list[time], tz: ZoneInfo, seed: str
    ) -> None:
        """Distinct, strictly ordered, inside the local week, true to their keys, and the same again."""
        planned = slots(week, count, preferred, tz, seed=seed)
        assert len(planned) == count
        assert [slot.local for slot in planned] == sorted({slot.local for slot in planned})
        assert all(one.at < other.at for one, other in pairwise(planned))
        shifts = set()
        for slot in planned:
            wall = slot.at.astimezone(tz)
            assert week <= wall.date() < week + timedelta(days=7)
            assert week <= slot.day < week + timedelta(days=7)
            meant = instant(datetime.fromisoformat(slot.local), tz)
            assert f"{meant.astimezone(tz):%Y-%m-%dT%H:%M}" == slot.local
            shifts.add(slot.at - meant)
            assert placed(datetime.fromisoformat(slot.local), tz, seed=seed) == slot
        assert all(timedelta(0) <= shift <= MOST_JITTER for shift in shifts)
        assert slots(week, count, list(reversed(preferred)), tz, seed=seed) == planned

    @given(mondays, st.times(), zones)
    def test_every_wanted_time_comes_once_as_the_clock_on_the_wall_shows_it(
        self, week: date, wanted: time, tz: ZoneInfo
    ) -> None:
        """Looked up on the zone's own clock, minute by minute: the first time that it shows the wanted one, or where
        it skips it, the time that it shows as much later as it skipped."""
        wanted = wanted.replace(second=0, microsecond=0)
        planned = slots(week, 7, [wanted], tz, seed="")
        shift = jitter("")
        for number, slot in enumerate(planned):
            local = datetime.combine(week + timedelta(days=number), wanted)
            shows, skipped = _first_shown(local, tz)
            if skipped and (shows + timedelta(minutes=1)).astimezone(tz).date() > week + timedelta(days=6):
                continue  # the gap ends in the next week: the nearest free time of this one
            assert slot.local == f"{local + skipped:%Y-%m-%dT%H:%M}"
            assert shows <= slot.at <= shows + shift

    @given(mondays, st.integers(1, 21), times, zones)
    def test_are_spread_evenly(self, week: date, count: int, preferred: list[time], tz: ZoneInfo) -> None:
        per_day = [slot.day for slot in slots(week, count, preferred, tz, seed="")]
        # A time that a change of the clock pushed over midnight may move one post to the next day.
        busiest = max(per_day.count(week + timedelta(days=n)) for n in range(7))
        assert busiest <= -(-count // 7) + 1

    def test_hold_in_every_week_of_two_years_in_which_any_zone_changes_its_clock(self) -> None:
        changes = 0
        for name in available_timezones():
            tz = zone(name)
            for week in (date(2026, 1, 5) + timedelta(weeks=n) for n in range(104)):
                start, end = (datetime.combine(week + timedelta(days=n), time(), tz) for n in (0, 7))
                if start.utcoffset() == end.utcoffset():
                    continue
                changes += 1
                planned = slots(week, 21, [time(0), time(1, 30), time(2, 30)], tz, seed=name)
                assert len({slot.local for slot in planned}) == 21
                assert all(one.at < other.at for one, other in pairwise(planned))
                assert all(week <= slot.at.astimezone(tz).date() < week + timedelta(days=7) for slot in planned)
        assert changes > 500

    @pytest.mark.parametrize(("week", "count"), [(date(2026, 11, 24), 3), (MONDAY, -1), (MONDAY, 22)])
    def test_nonsense_is_refused(self, week: date, count: int) -> None:
        with pytest.raises(ValueError):
            slots(week, count, None, zone("UTC"), seed="")


class TestStillOpen:
    planned = slots(MONDAY, 3, None, zone("UTC"), seed="")
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)

    def test_everything_in_a_new_week(self) -> None:
        assert still_open(self.planned, [], 3, earliest=self.long_ago) == self.planned

    def test_nothing_on_a_second_run(self) -> None:
        assert still_open(self.planned, [slot.local for slot in self.planned], 3, earliest=self.long_ago) == []

    def test_only_what_lies_ahead_for_somebody_who_joins_in_the_middle(self) -> None:
        ahead = still_open(self.planned, [], 3, earliest=self.planned[1].at)
        assert ahead == self.planned[1:]

    def test_a_changed_time_does_not_make_the_week_fuller(self) -> None:
        moved = slots(MONDAY, 3, [time(7)], zone("UTC"), seed="")
        assert still_open(moved, [slot.local for slot in self.planned], 3, earliest=self.long_ago) == []

    def test_a_higher_frequency_adds_the_difference_on_other_days(self) -> None:
        more = slots(MONDAY, 5, [time(7)], zone("UTC"), seed="")
        added = still_open(more, [slot.local for slot in self.planned], 5, earliest=self.long_ago)
        assert len(added) == 2
        assert not {slot.day for slot in added} & {slot.day for slot in self.planned}

    def test_a_lower_frequency_adds_nothing(self) -> None:
        fewer = slots(MONDAY, 1, None, zone("UTC"), seed="")
        assert still_open(fewer, [slot.local for slot in self.planned], 1, earliest=self.long_ago) == []

    @given(mondays, counts, counts, times, times, zones, seeds)
    def test_any_change_of_preferences_keeps_the_week_within_its_frequency(
        self,
        week: date,
        first: int,
        second: int,
        times_before: list[time],
        times_after: list[time],
        tz: ZoneInfo,
        seed: str,
    ) -> None:
        before = {slot.local for slot in slots(week, first, times_before, tz, seed=seed)}
        planned = slots(week, second, times_after, tz, seed=seed)
        added = still_open(planned, before, second, earliest=self.long_ago)
        assert len(before) + len(added) <= max(first, second)
        assert added == sorted(added)
        keys = before | {slot.local for slot in added}
        assert len(keys) == len(before) + len(added)
        assert still_open(planned, keys, second, earliest=self.long_ago) == []


class TestZone:
    @pytest.mark.parametrize("name", ["Amerika/Chicago", "", "../etc/passwd", "America", "CST6CDT7", "\x00"])
    def test_an_unknown_one_is_named(self, name: str) -> None:
        with pytest.raises(UnknownZone, match=r"^Unknown time zone ") as caught:
            zone(name)
        assert repr(name) in str(caught.value)

    def test_the_nearest_known_one_is_offered(self) -> None:
        with pytest.raises(UnknownZone, match=r"did you mean America/Chicago\?"):
            zone("America/Chicgo")
