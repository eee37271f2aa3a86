"""What an owner is missing: read from the real database, planned without it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from models.calendar_slots import UnknownZone
from models.themes import ThemeResult
from tasks.content import knowledge
from tasks.content.plan import (
    NothingToWrite,
    WeekPlan,
    business_name,
    owners_at_work,
    plan_weeks,
    read_owner,
)
from tests.factories import Connected, Owner, insert, make_account, make_fact, make_owner, make_post

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


class TestChanges:
    """What is queued stays; the rest of the week follows what the owner wants now."""

    def _queued(self, owner: Connection, someone: Owner, account: Connected, now: datetime = NOW) -> list[str]:
        """Plan and queue, as a run does; returns the new slots of this account."""
        posts = [post for week in _plan(someone, now)[0] for post in week.posts if post.account_id == account.id]
        for post in posts:
            make_post(owner, someone, account, slot=post.slot.local, theme=post.theme, scheduled_for=post.slot.at)
        return [post.slot.local for post in posts]

    def _wants(self, owner: Connection, frequency: int, *times: str) -> None:
        owner.execute("UPDATE user_preferences SET posting_frequency = %s", (frequency,))
        if times:
            owner.execute("UPDATE user_preferences SET preferred_times = %s::time[]", (list(times),))

    def test_more_posts_fill_up_both_weeks_on_other_days(self, owner: Connection) -> None:
        someone = make_owner(owner, posting_frequency=3)
        account = make_account(owner, someone)
        monday = datetime(2026, 11, 23, 6, tzinfo=UTC)
        first = self._queued(owner, someone, account, monday)
        self._wants(owner, 5)
        added = self._queued(owner, someone, account, monday)
        assert (len(first), len(added)) == (6, 4)
        assert not {slot[:10] for slot in added} & {slot[:10] for slot in first}
        assert self._queued(owner, someone, account, monday) == []

    def test_fewer_posts_take_none_away_and_the_week_after_has_fewer(self, owner: Connection) -> None:
        someone = make_owner(owner, posting_frequency=5)
        account = make_account(owner, someone)
        self._queued(owner, someone, account)
        self._wants(owner, 2)
        assert self._queued(owner, someone, account) == []
        assert len(self._queued(owner, someone, account, NOW + timedelta(weeks=1))) == 2

    def test_other_times_hold_from_the_first_unwritten_slot_on(self, owner: Connection) -> None:
        someone = make_owner(owner, posting_frequency=3)
        account = make_account(owner, someone)
        self._queued(owner, someone, account)
        self._wants(owner, 3, "06:45")
        after = self._queued(owner, someone, account, NOW + timedelta(weeks=1))
        assert [slot[11:] for slot in after] == ["06:45", "06:45", "06:45"]

    def test_who_comes_back_from_a_pause_gets_what_lies_ahead_and_no_burst(self, owner: Connection) -> None:
        someone = make_owner(owner, posting_frequency=7, status="paused")
        account = make_account(owner, someone)
        with pytest.raises(NothingToWrite):
            _plan(someone)
        owner.execute("UPDATE users SET status = 'active'")
        back = datetime(2026, 11, 26, 17, tzinfo=UTC)  # Thursday, eleven o'clock in Chicago
        slots = self._queued(owner, someone, account, back)
        assert min(slots) >= "2026-11-26T11:30"
        days = [slot[:10] for slot in slots]
        assert len(days) == len(set(days)) == 3 + 7  # Friday to Sunday, and next week

    def test_a_second_account_of_a_platform_has_its_own_week(self, owner: Connection) -> None:
        someone = make_owner(owner, plan="pro", posting_frequency=3)
        first = make_account(owner, someone, connected_at=NOW - timedelta(days=9))
        self._queued(owner, someone, first)
        second = make_account(owner, someone, connected_at=NOW)
        weeks, _ = _plan(someone)
        posts = weeks[0].posts
        assert {post.account_id for post in posts} == {second.id}
        assert [post.slot.local for post in posts] == ["2026-11-24T09:00", "2026-11-26T13:00", "2026-11-28T17:00"]

    def test_who_moved_to_another_zone_gets_nothing_twice(self, owner: Connection) -> None:
        someone = make_owner(owner, posting_frequency=7)
        account = make_account(owner, someone)
        self._queued(owner, someone, account)
        owner.execute("UPDATE user_preferences SET timezone = 'America/Los_Angeles'")
        assert [slot for slot in self._queued(owner, someone, account) if slot >= "2026-11-23"] == []


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

    def test_a_hole_between_two_posts_gets_another_theme_than_both(self, owner: Connection) -> None:
        someone = make_owner(owner, themes=["tip", "seasonal", "fun_fact"])
        account = make_account(owner, someone)
        make_post(owner, someone, account, slot="2026-11-24T09:00", theme="tip")
        make_post(owner, someone, account, slot="2026-11-28T17:00", theme="seasonal")
        assert [(post.slot.local, post.theme) for post in _plan(someone)[0][0].posts] == [
            ("2026-11-26T13:00", "fun_fact")
        ]


class TestReviews:
    def test_testimonial_runs_on_real_reviews_each_used_once(self, owner: Connection) -> None:
        someone = make_owner(owner, themes=["tip", "testimonial"], posting_frequency=7)
        for platform in ("google", "facebook"):
            make_account(owner, someone, platform)
        for number in range(3):
            make_fact(owner, someone, f"Kind words {number}.", kind="review", author="Maria G.")
        weeks, notes = _plan(someone)
        posts = [post for post in weeks[0].posts if post.theme == "testimonial"]
        assert sorted(post.review.text for post in posts if post.review) == [f"Kind words {n}." for n in range(3)]
        assert len(posts) == 3  # the rest of the fourteen are tips
        assert all("Maria G." in post.template for post in posts)
        assert notes == []

    def test_the_one_that_rested_longest_is_first(self, owner: Connection) -> None:
        someone = make_owner(owner, themes=["testimonial"], posting_frequency=3)
        make_account(owner, someone)
        for text, days in (("Newer.", 100), ("Resting.", 10), ("Older.", 200)):
            make_fact(owner, someone, text, kind="review", used_at=NOW - timedelta(days=days))
        make_fact(owner, someone, "Never used.", kind="review")
        posts = _plan(someone)[0][0].posts
        assert [post.review.text for post in posts if post.review] == ["Never used.", "Older.", "Newer."]

    def test_alone_and_without_a_review_its_posts_ask_for_one(self, owner: Connection) -> None:
        someone = make_owner(owner, themes=["testimonial"])
        make_account(owner, someone)
        make_fact(owner, someone, "Resting.", kind="review", used_at=NOW - timedelta(days=10))
        posts = _plan(someone)[0][0].posts
        assert {(post.theme, post.review) for post in posts} == {("testimonial", None)}
        assert all("uote nobody" in post.template for post in posts)

    def test_facts_and_reviews_are_the_business_own(self, owner: Connection) -> None:
        someone, other = make_owner(owner), make_owner(owner)
        make_fact(owner, someone, "Two brothers and a van.")
        make_fact(owner, someone, "Thanks!", kind="review")
        make_fact(owner, other, "Somebody else's.")
        known = read_owner(someone.user_id, NOW).knowledge
        assert known.facts == ("Two brothers and a van.",)
        assert [review.text for review in known.reviews] == ["Thanks!"]


class TestWhatWorked:
    def _measured(
        self,
        owner: Connection,
        someone: Owner,
        account: Connected,
        theme: str,
        rate: float,
        *,
        posts: int = 8,
        days_ago: int = 20,
        reach: int = 1000,
    ) -> None:
        for number in range(posts):
            post = make_post(
                owner,
                someone,
                account,
                status="published",
                theme=theme,
                scheduled_for=NOW - timedelta(days=days_ago + number),
            )
            for hours, value in ((1, 0.0), (24, rate)):  # the latest counts, never both
                insert(
                    owner,
                    "analytics",
                    post_id=post,
                    platform=account.platform,
                    reach=reach,
                    engagement_rate=value,
                    fetched_at=NOW - timedelta(days=days_ago + number) + timedelta(hours=hours),
                )

    def test_themes_that_did_well_come_more_often_and_the_week_says_why(self, owner: Connection) -> None:
        someone = make_owner(
            owner, plan="premium", posting_frequency=21, themes=["tip", "promotion", "seasonal", "fun_fact"]
        )
        account = make_account(owner, someone)
        for theme, rate in (("tip", 6.0), ("promotion", 0.5), ("seasonal", 2.0), ("fun_fact", 2.0)):
            self._measured(owner, someone, account, theme, rate)
        next_week = date(2026, 11, 23)
        (week,), _ = _plan(someone, week_start=next_week)
        themes = [post.theme for post in week.posts]
        assert themes.count("tip") >= 9
        assert all(one != other for one, other in pairwise(themes))
        assert week.themes_why == (
            "Facebook: tips got 6.0 % over 8 posts, fun facts 2.0 % over 8, seasonal posts 2.0 % over 8, "
            "promotions 0.5 % over 8"
        )
        again = _plan(someone, week_start=next_week)[0][0]
        assert [post.theme for post in again.posts] == themes

    def test_a_slot_keeps_its_theme_when_the_run_before_filled_the_ones_before_it(self, owner: Connection) -> None:
        someone = make_owner(owner, posting_frequency=7, themes=["tip", "promotion", "seasonal", "fun_fact"])
        account = make_account(owner, someone)
        for theme in ("tip", "promotion", "seasonal"):
            self._measured(owner, someone, account, theme, 2.0)
        planned = _plan(someone)[0][0].posts
        for post in planned[:3]:
            make_post(owner, someone, account, slot=post.slot.local, theme=post.theme, scheduled_for=post.slot.at)
        assert [(p.slot, p.theme) for p in _plan(someone)[0][0].posts] == [(p.slot, p.theme) for p in planned[3:]]

    def test_a_platform_without_numbers_takes_its_themes_in_turn(self, owner: Connection) -> None:
        someone = make_owner(owner, themes=["tip", "promotion", "seasonal"])
        facebook, google = make_account(owner, someone, "facebook"), make_account(owner, someone, "google")
        for theme in ("tip", "promotion"):
            self._measured(owner, someone, facebook, theme, 3.0)
        (week, *_), _ = _plan(someone)
        turn = [post.theme for post in week.posts if post.account_id == google.id]
        assert sorted(turn) == ["promotion", "seasonal", "tip"]
        assert week.themes_why == (
            "Facebook: promotions got 3.0 % over 8 posts, tips 3.0 % over 8; not known yet: seasonal posts; "
            "Google: in turn, because there are not enough numbers yet"
        )

    def test_what_is_too_young_too_old_or_reached_nobody_does_not_count(self, owner: Connection) -> None:
        someone = make_owner(owner)
        account = make_account(owner, someone)
        self._measured(owner, someone, account, "tip", 9.0, posts=2, days_ago=1)
        self._measured(owner, someone, account, "promotion", 9.0, days_ago=181)
        self._measured(owner, someone, account, "seasonal", 90.0, reach=19)
        found = read_owner(someone.user_id, NOW).knowledge.results
        assert found == {"facebook": {}} or found == {}

    def test_mean_and_spread_are_of_the_latest_snapshots(self, owner: Connection) -> None:
        someone = make_owner(owner)
        account = make_account(owner, someone)
        self._measured(owner, someone, account, "tip", 2.0, posts=1, days_ago=10)
        self._measured(owner, someone, account, "tip", 4.0, posts=1, days_ago=12)
        assert read_owner(someone.user_id, NOW).knowledge.results == {
            "facebook": {"tip": ThemeResult(posts=2, mean=3.0, variance=2.0)}
        }


class TestNeighbours:
    def _texts(self, someone: Owner) -> tuple[str, ...]:
        return read_owner(someone.user_id, NOW).knowledge.neighbours_texts

    def _posted(
        self, owner: Connection, content: str, *, days_ago: float = 1, status: str = "published", **who: Any
    ) -> None:
        other = make_owner(owner, **who)
        make_post(
            owner,
            other,
            make_account(owner, other),
            content=content,
            status=status,
            scheduled_for=NOW - timedelta(days=days_ago),
        )

    def test_are_others_of_the_same_trade_and_town_newest_first(self, owner: Connection) -> None:
        someone = make_owner(owner, business_type="plumber", city="Austin", state="TX")
        make_post(owner, someone, make_account(owner, someone), content="Ours.", scheduled_for=NOW)
        self._posted(owner, "Older.", days_ago=9, business_type="Plumbing Services", city=" austin ", state="Texas")
        self._posted(owner, "Newer.", days_ago=-2, status="pending", business_type="plumber")
        self._posted(owner, "A baker's.", business_type="bakery")
        self._posted(owner, "Of another town.", city="Dallas")
        self._posted(owner, "Of another Austin.", state="MN")
        self._posted(owner, "Rejected.", status="rejected")
        self._posted(owner, "Long ago.", days_ago=91)
        assert self._texts(someone) == ("Newer.", "Older.")

    def test_of_a_trade_that_we_do_not_know_are_who_call_it_the_same(self, owner: Connection) -> None:
        someone = make_owner(owner, business_type="Tattoo & Piercing")
        self._posted(owner, "Ink.", business_type="tattoo and piercing")
        self._posted(owner, "Wax.", business_type="candle maker")
        assert self._texts(someone) == ("Ink.",)

    def test_without_a_town_there_are_none(self, owner: Connection) -> None:
        someone = make_owner(owner, city="")
        self._posted(owner, "Somewhere.", city="")
        assert self._texts(someone) == ()

    def test_are_no_more_than_a_gate_can_hold(self, owner: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(knowledge, "MOST_NEIGHBOURS_TEXTS", 3)
        monkeypatch.setattr(knowledge, "MOST_TEXTS_EACH", 2)
        someone, busy = make_owner(owner), make_owner(owner)
        account = make_account(owner, busy)
        for number in range(5):
            make_post(owner, busy, account, content=f"Busy {number}.", scheduled_for=NOW - timedelta(hours=number))
        for number in range(3):
            self._posted(owner, f"Quiet {number}.", days_ago=number + 1)
        assert self._texts(someone) == ("Busy 0.", "Busy 1.", "Quiet 0.")


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
        unverified = make_owner(owner, status="trial")
        owner.execute("UPDATE users SET unverified_since = now() WHERE id = %s", (unverified.user_id,))
        assert set(owners_at_work(None)) == served
        assert owners_at_work(paused.user_id) == [paused.user_id]
        with pytest.raises(NothingToWrite, match="the user is paused"):
            read_owner(paused.user_id, NOW)
        with pytest.raises(NothingToWrite, match="has not confirmed their e-mail address"):
            read_owner(unverified.user_id, NOW)

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
