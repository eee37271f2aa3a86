"""Any number of runs, any change of mind in between, anywhere in the world: planning stays true to its promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import available_timezones

from hypothesis import given, settings
from hypothesis import strategies as st

from models.business import Business
from models.calendar_slots import instant, zone
from models.plan_rights import PLANS
from models.themes import THEMES
from tasks.content.plan import LEAD, AccountFacts, OwnerFacts, plan_weeks

ACCOUNTS = tuple(
    AccountFacts(id=UUID(int=number), platform=platform, name=platform, active=True)
    for number, platform in enumerate(("google", "facebook", "facebook"), 1)
)
wishes = st.tuples(
    st.integers(0, 21),
    st.lists(st.sampled_from([time(hour, minute) for hour in range(24) for minute in (0, 30)]), max_size=4),
    st.integers(1, 24 * 9),  # hours until the next run
)


def _owner(zone_name: str, themes: list[str]) -> OwnerFacts:
    return OwnerFacts(
        user_id=UUID(int=7),
        rights=PLANS["premium"],
        business=Business(user_id=UUID(int=7), name="Hill Plumbing", type="plumber"),
        frequency=0,
        preferred_times=(),
        zone_name=zone_name,
        themes_enabled=tuple(themes),
        avoid_keywords=(),
        accounts=ACCOUNTS,
        taken={},
        recent_texts=(),
        templates=(),
    )


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(available_timezones())),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1)),  # noqa: DTZ001
    st.lists(st.sampled_from(THEMES), min_size=4, unique=True),
    st.lists(wishes, min_size=1, max_size=5),
)
def test_runs_and_changes_never_make_anything_twice_too_much_or_too_soon(
    zone_name: str, start: datetime, themes: list[str], changes: list[tuple[int, list[time], int]]
) -> None:
    now = start.replace(tzinfo=UTC)
    owner = _owner(zone_name, themes)
    taken: dict[UUID, dict[str, str | None]] = {account.id: {} for account in ACCOUNTS}
    most = 0
    for frequency, times, hours in changes:
        most = max(most, frequency)
        owner = replace(owner, frequency=frequency, preferred_times=tuple(times), taken=taken)
        weeks, _ = plan_weeks(owner, now)
        for week in weeks:
            for post in week.posts:
                assert post.slot.local not in taken[post.account_id]
                assert now + LEAD <= post.slot.at
                assert week.week_start <= post.slot.day < week.week_start + timedelta(days=7)
                late = post.slot.at - instant(datetime.fromisoformat(post.slot.local), zone(zone_name))
                assert timedelta(0) <= late <= timedelta(minutes=9)
                taken[post.account_id][post.slot.local] = post.theme
        assert plan_weeks(replace(owner, taken=taken), now)[0] == []  # the same run again has nothing to do
        now += timedelta(hours=hours)
    for turn in taken.values():
        slots = sorted(turn)
        assert all(turn[one] != turn[other] for one, other in pairwise(slots))
        mondays = [(date.fromisoformat(slot[:10]).toordinal() - 1) // 7 for slot in slots]
        assert all(mondays.count(monday) <= most for monday in set(mondays))
