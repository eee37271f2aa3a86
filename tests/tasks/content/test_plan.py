"""What an owner is missing: read from the real database, planned without it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from models.calendar_slots import UnknownZone
from tasks.content.plan import (
    NothingToWrite,
    WeekPlan,
    business_name,
    owners_at_work,
    plan_weeks,
    read_owner,
)
from tests.factories import Owner, make_account, make_owner, make_post

# A Sunday evening in the United States, when the weekly run comes; in Auckland it is already Monday.
NOW = datetime(2026, 11, 22, 22, tzinfo=UTC)
Connection = psycopg.Connection[Any]


def _plan(owner: Owner, now: datetime = NOW, week_start: date | None = None) -> tuple[list[WeekPlan], list[str]]:
    return plan_weeks(read_owner(owner.user_id, now), now, week_start)


def _slots(weeks: list[WeekPlan]) -> list[str]:
    return [post.slot.local for week in weeks for post in week.posts]


class TestHorizon:
    def test_reaches_to_the_end_of_next_week(self, owner: Connection) -> None:
        someone = make_owner(owner)
        make_account(owner, someone)
        weeks, notes = _plan(someone)
        assert [week.week_start for week in weeks] == [date(2026, 11, 23)]  # this week is over
        assert _slots(weeks) == ["2026-11-24T09:00", "2026-11-26T13:00", "2026-11-28T17:00"]
        assert notes == []

    def test_fills_the_rest_of_this_week_for_somebody_who_joins_in_the_middle(self, owner: Connection) -> None:
        someone = make_owner(owner)
        make_account(owner, someone)
        weeks, _ = _plan(someone, datetime(2026, 11, 26, 12, tzinfo=UTC))
        assert [(week.week_start, len(week.posts)) for week in weeks] == [
            (date(2026, 11, 23), 2),
            (date(2026, 11, 30), 3),
        ]

    def test_is_the_owners_own_week(self, owner: Connection) -> None:
        someone = make_owner(owner, zone="Pacific/Auckland")
        make_account(owner, someone)
        assert [week.week_start for week in _plan(someone)[0]] == [date(2026, 11, 23), date(2026, 11, 30)]

    def test_may_be_one_week_asked_for(self, owner: Connection) -> None:
        someone = make_owner(owner)
        make_account(owner, someone)
        assert [week.week_start for week in _plan(someone, week_start=date(2026, 12, 14))[0]] == [date(2026, 12, 14)]
        assert _plan(someone, week_start=date(2026, 11, 9))[0] == []
        with pytest.raises(ValueError, match="Monday"):
            _plan(someone, week_start=date(2026, 12, 15))

    def test_slots_that_are_filled_are_left_alone_whatever_became_of_their_posts(self, owner: Connection) -> None:
        someone = make_owner(owner)
        account = make_account(owner, someone)
        for slot, status in (("2026-11-24T09:00", "rejected"), ("2026-11-26T13:00", "failed")):
            make_post(owner, someone, account, slot=slot, status=status, theme="tip")
        assert _slots(_plan(someone)[0]) == ["2026-11-28T17:00"]

    def test_posts_without_a_slot_take_none(self, owner: Connection) -> None:
        someone = make_owner(owner)
        make_post(owner, someone, make_account(owner, someone), scheduled_for=NOW + timedelta(days=2))
        assert len(_slots(_plan(someone)[0])) == 3


class TestPreferences:
    def test_times_and_frequency_are_the_owners(self, owner: Connection) -> None:
        someone = make_owner(owner, posting_frequency=2, preferred_times=[time(7, 15)])
        make_account(owner, someone)
        assert _slots(_plan(someone)[0]) == ["2026-11-24T07:15", "2026-11-28T07:15"]

    def test_the_plan_caps_the_frequency(self, owner: Connection) -> None:
        counts = {}
        for plan in ("starter", "pro", "premium"):
            someone = make_owner(owner, plan=plan, posting_frequency=21)
            make_account(owner, someone)
            counts[plan] = len(_slots(_plan(someone, week_start=date(2026, 11, 23))[0]))
        assert counts == {"starter": 3, "pro": 7, "premium": 21}

    def test_the_frequency_counts_for_each_account(self, owner: Connection) -> None:
        someone = make_owner(owner)
        for platform in ("google", "facebook", "instagram"):
            make_account(owner, someone, platform)
        posts = _plan(someone)[0][0].posts
        assert sorted({post.platform for post in posts}) == ["facebook", "google", "instagram"]
        assert len(posts) == 9

    def test_none_a_week_is_none(self, owner: Connection) -> None:
        someone = make_owner(owner, posting_frequency=0)
        make_account(owner, someone)
        assert _plan(someone) == ([], [])

    def test_without_preferences_the_usual_ones_serve(self, owner: Connection) -> None:
        someone = make_owner(owner)
        make_account(owner, someone)
        owner.execute("DELETE FROM user_preferences WHERE user_id = %s", (someone.user_id,))
        assert len(_slots(_plan(someone)[0])) == 3

    def test_an_unknown_zone_is_named(self, owner: Connection) -> None:
        someone = make_owner(owner, zone="Amerika/Chicago")
        make_account(owner, someone)
        with pytest.raises(UnknownZone, match="Amerika/Chicago"):
            _plan(someone)

    def test_changed_times_do_not_make_the_week_fuller(self, owner: Connection) -> None:
        someone = make_owner(owner)
        account = make_account(owner, someone)
        for slot in _slots(_plan(someone)[0]):
            make_post(owner, someone, account, slot=slot)
        owner.execute("UPDATE user_preferences SET preferred_times = ARRAY['06:00'::time]")
        assert _slots(_plan(someone)[0]) == []


class TestThemes:
    def test_no_account_has_the_same_theme_twice_in_a_row_over_weeks(self, owner: Connection) -> None:
        someone = make_owner(owner, posting_frequency=7, themes=["tip", "seasonal"])
        accounts = [make_account(owner, someone, platform) for platform in ("google", "facebook")]
        make_post(owner, someone, accounts[0], slot="2026-11-22T09:00", theme="seasonal", status="rejected")
        weeks, _ = _plan(someone, NOW - timedelta(days=2))
        there = {accounts[0].id: {"2026-11-22T09:00": "seasonal"}}
        for account in accounts:
            turn = there.get(account.id, {}) | {
                post.slot.local: post.theme for week in weeks for post in week.posts if post.account_id == account.id
            }
            assert len(turn) >= 8
            assert all(turn[one] != turn[other] for one, other in pairwise(sorted(turn)))

    def test_the_first_theme_follows_the_last_one_posted(self, owner: Connection) -> None:
        someone = make_owner(owner, themes=["tip", "seasonal", "fun_fact"])
        account = make_account(owner, someone)
        make_post(owner, someone, account, slot="2026-11-21T09:00", theme="seasonal", status="rejected")
        assert [post.theme for post in _plan(someone)[0][0].posts] == ["fun_fact", "tip", "seasonal"]

    def test_testimonial_rests_with_a_reason(self, owner: Connection) -> None:
        someone = make_owner(owner, themes=["tip", "testimonial"])
        make_account(owner, someone)
        weeks, notes = _plan(someone)
        assert {post.theme for post in weeks[0].posts} == {"tip"}
        assert notes == ["testimonial rests: it needs a real review that was not used for 90 days"]

    def test_templates_change_from_week_to_week(self, owner: Connection) -> None:
        someone = make_owner(owner, themes=["tip"], posting_frequency=1)
        make_account(owner, someone)
        templates = [
            _plan(someone, week_start=date(2026, 11, 23) + timedelta(weeks=n))[0][0].posts[0].template for n in range(4)
        ]
        assert len(set(templates)) == 4

    def test_a_broken_template_of_the_operators_is_told_and_the_shipped_one_serves(self, owner: Connection) -> None:
        someone = make_owner(owner, themes=["tip"], posting_frequency=1)
        make_account(owner, someone)
        owner.execute(
            "INSERT INTO content_templates (business_type, theme, template_text)"
            " VALUES ('plumber', 'tip', 'Call {phone}')"
        )
        weeks, notes = _plan(someone)
        assert "Unknown placeholder {phone}" in notes[0]
        assert weeks[0].posts[0].template
        assert "{" not in weeks[0].posts[0].template


class TestAccounts:
    def test_broken_ones_are_left_out_with_a_reason(self, owner: Connection) -> None:
        someone = make_owner(owner)
        make_account(owner, someone, "facebook", status="expired", account_name="Our page")
        make_account(owner, someone, "google")
        weeks, notes = _plan(someone)
        assert {post.platform for post in weeks[0].posts} == {"google"}
        assert notes == ["facebook Our page: not connected any more"]

    def test_more_than_the_plan_allows_get_nothing(self, owner: Connection) -> None:
        someone = make_owner(owner, plan="starter")
        first = make_account(owner, someone, connected_at=NOW - timedelta(days=2))
        make_account(owner, someone, account_name="Second page", connected_at=NOW - timedelta(days=1))
        weeks, notes = _plan(someone)
        assert {post.account_id for post in weeks[0].posts} == {first.id}
        assert notes == ["facebook Second page: the starter plan has 1 a platform"]

    def test_none_connected_is_told(self, owner: Connection) -> None:
        assert _plan(make_owner(owner)) == ([], ["no account is connected"])


class TestOwners:
    def test_only_those_at_work_are_served(self, owner: Connection) -> None:
        served = {make_owner(owner, status=status).user_id for status in ("active", "trial")}
        paused = make_owner(owner, status="paused")
        make_owner(owner, status="canceled")
        assert set(owners_at_work(None)) == served
        assert owners_at_work(paused.user_id) == [paused.user_id]
        with pytest.raises(NothingToWrite, match="the user is paused"):
            read_owner(paused.user_id, NOW)

    def test_nobody_has_an_unknown_id(self, owner: Connection) -> None:
        assert owners_at_work(uuid4()) == []

    def test_a_user_without_a_business_waits(self, owner: Connection) -> None:
        someone = make_owner(owner)
        owner.execute("DELETE FROM businesses")
        with pytest.raises(NothingToWrite, match="no business"):
            read_owner(someone.user_id, NOW)

    def test_of_two_businesses_the_older_one_is_written_for(self, owner: Connection) -> None:
        someone = make_owner(owner)
        owner.execute(
            "INSERT INTO businesses (user_id, name, type, created_at)"
            " VALUES (%s, 'Newer', 'gym', now() + interval '1 day')",
            (someone.user_id,),
        )
        assert read_owner(someone.user_id, NOW).business.id == someone.business_id

    def test_a_run_is_named_after_the_business(self, owner: Connection) -> None:
        someone = make_owner(owner, business_name="Rossi & Sons")
        assert business_name(None) == "all"
        assert business_name(str(someone.user_id)) == "Rossi & Sons"
        assert business_name("nonsense") == "nonsense"

    def test_no_tenant_reads_anothers_posts(self, owner: Connection) -> None:
        someone, other = make_owner(owner), make_owner(owner)
        make_post(owner, other, make_account(owner, other), content="Somebody else's", slot="2026-11-24T09:00")
        facts = read_owner(someone.user_id, NOW)
        assert facts.recent_texts == ()
        assert facts.taken == {}
        assert facts.accounts == ()
