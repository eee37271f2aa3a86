"""A whole run over the real database: what is queued, what is told, and that two runs make nothing twice."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from models.base import utc_now
from models.calendar_slots import instant, zone
from models.gates import Draft, GateContext, objection
from platforms.errors import OperatorNeeded, TryLater
from tasks.content import generation as module
from tasks.content import writing
from tasks.content.generation import (
    BadRequest,
    Generation,
    asked_for,
    write_missing_weeks,
)
from tasks.content.plan import owners_at_work
from tasks.content.prompt import PROMPT_VERSION
from tasks.content.queueing import web_address
from tasks.content.report import GenerationReport, rows_of
from tests.factories import Owner, make_account, make_fact, make_owner, next_monday
from tests.tasks.content.fakes import FakePhotos, FakeWriter, generation, plain_post

Connection = psycopg.Connection[Any]
DOWN = TryLater("the model's server cannot be reached")


def _rows(connection: Connection, statement: str, *values: Any) -> list[dict[str, Any]]:
    return connection.cursor(row_factory=dict_row).execute(statement.encode(), values).fetchall()


def _pairs(connection: Connection, statement: str) -> list[tuple[Any, Any]]:
    return [(row[0], row[1]) for row in connection.execute(statement.encode()).fetchall()]


def _posts(connection: Connection) -> list[dict[str, Any]]:
    return _rows(connection, "SELECT * FROM post_queue ORDER BY account_id, slot")


def _connected(connection: Connection, *platforms: str, **options: Any) -> Owner:
    someone = make_owner(connection, **options)
    for platform in platforms:
        make_account(connection, someone, platform)
    return someone


async def _run(run: Generation, *, last_chance: bool = False) -> list[UUID]:
    return await run.run(owners_at_work(None), last_chance=last_chance)


class TestQueued:
    async def test_every_post_has_all_that_it_needs(self, owner: Connection) -> None:
        someone = _connected(owner, "google", "facebook", "instagram", website="hillplumbing.example.com/start")
        run = generation()
        assert await _run(run) == []
        posts = _posts(owner)
        assert run.report.made == len(posts) >= 9
        chicago = zone(someone.zone)
        for post in posts:
            assert post["status"] == "pending"
            assert post["requires_approval"]  # the pro plan
            assert post["user_id"] == someone.user_id
            assert post["theme"] in ("tip", "promotion", "seasonal")
            due = post["scheduled_for"] - instant(datetime.fromisoformat(post["slot"]), chicago)
            assert timedelta(0) <= due <= timedelta(minutes=9)
            assert post["scheduled_for"] >= utc_now() + timedelta(minutes=29)
            assert post["slot_at"] == post["scheduled_for"]  # it follows its slot when the owner's zone changes
            assert post["media_url"].startswith("https://media.example/m/")
            assert post["alt_text"].startswith("What kitchen-sink")
            instagram, google = post["platform"] == "instagram", post["platform"] == "google"
            assert post["hashtags"] == (["Plumbing", "austintx"] if instagram else None)
            assert post["call_to_action"] == ("LEARN_MORE" if google else None)
            assert post["link_url"] == ("https://hillplumbing.example.com/start" if google else None)
        assert len({post["media_url"] for post in posts}) == len(posts)

    async def test_the_generation_keeps_what_it_used(self, owner: Connection) -> None:
        someone = _connected(owner, "facebook")
        run = generation()
        await _run(run)
        generations = _rows(owner, "SELECT * FROM content_generations ORDER BY week_start")
        assert sum(row["posts_made"] for row in generations) == run.report.made
        for row in generations:
            assert row["user_id"] == someone.user_id
            assert row["business_id"] == someone.business_id
            assert row["week_start"].weekday() == 0
            assert (row["model"], row["prompt_version"]) == ("first-model", PROMPT_VERSION)
            assert (row["calls"], row["input_tokens"], row["cached_tokens"]) == (1, 1000, 600)
            assert row["output_tokens"] == 50 * row["slots_wanted"]
            assert row["themes_why"] == "Facebook: in turn, because there are not enough numbers yet"
            mine = _rows(owner, "SELECT id FROM post_queue WHERE generation_id = %s", row["id"])
            assert len(mine) == row["posts_made"] == row["slots_wanted"]

    async def test_a_review_rests_from_its_post_on(self, owner: Connection) -> None:
        someone = _connected(owner, "facebook", themes=["testimonial"], posting_frequency=1)
        used, left = (make_fact(owner, someone, text, kind="review") for text in ("Thanks!", "Nobody uses me."))
        await generation().run([someone.user_id], last_chance=False)
        (first, *rest) = _posts(owner)
        times = dict(_pairs(owner, "SELECT id, used_at FROM business_facts"))
        assert times[used] == first["scheduled_for"]
        assert times[left] == (rest[0]["scheduled_for"] if rest else None)

    async def test_a_review_that_no_post_came_of_stays_free(self, owner: Connection) -> None:
        someone = _connected(owner, "facebook", themes=["testimonial"], posting_frequency=1)
        make_fact(owner, someone, "Thanks!", kind="review")
        await generation(FakeWriter(DOWN)).run([someone.user_id], last_chance=True)
        assert _posts(owner)  # of the evergreen bank, which quotes nobody
        assert _rows(owner, "SELECT used_at FROM business_facts") == [{"used_at": None}]

    async def test_a_starters_posts_need_no_approval(self, owner: Connection) -> None:
        _connected(owner, "facebook", plan="starter")
        await _run(generation())
        assert {post["requires_approval"] for post in _posts(owner)} == {False}

    async def test_a_trials_posts_need_approval_while_it_lasts(self, owner: Connection) -> None:
        running = _connected(
            owner, "facebook", plan="starter", status="trial", trial_ends_at=utc_now() + timedelta(days=1)
        )
        _connected(owner, "facebook", plan="pro", status="trial", trial_ends_at=utc_now() - timedelta(days=1))
        await _run(generation())
        assert {post["user_id"] for post in _posts(owner) if post["requires_approval"]} == {running.user_id}
        assert {post["requires_approval"] for post in _posts(owner)} == {True, False}

    async def test_the_story_of_a_post_begins_with_who_wrote_it(self, owner: Connection) -> None:
        _connected(owner, "facebook")
        await _run(generation())
        events = _rows(owner, "SELECT * FROM post_events")
        assert len(events) == len(_posts(owner))
        assert {(e["seq"], e["from_status"], e["to_status"], e["actor"], e["reason"]) for e in events} == {
            (1, None, "pending", "generate-weekly-content", "written")
        }
        assert events[0]["details"] == {"model": "first-model", "prompt_version": PROMPT_VERSION}

    async def test_the_second_week_knows_the_first(self, owner: Connection) -> None:
        _connected(owner, "facebook", zone="Pacific/Auckland", posting_frequency=7)
        writer = FakeWriter()
        await _run(generation(writer))
        if len(writer.requests) == 2:  # on a Sunday night the current week has nothing left to fill
            first = [f"A thought for {slot['weekday']}, {slot['slot']}" for slot in writer.requests[0]["slots"]]
            assert all(text.startswith(tuple(first)) for text in writer.requests[1]["recent_posts"][: len(first)])
        assert len(writer.requests) in (1, 2)

    async def test_owners_who_are_paused_or_canceled_get_nothing(self, owner: Connection) -> None:
        for status in ("paused", "canceled"):
            _connected(owner, "facebook", status=status)
        writer = FakeWriter()
        run = generation(writer)
        assert await run.run([row["id"] for row in _rows(owner, "SELECT id FROM users")], last_chance=False) == []
        assert _posts(owner) == []
        assert writer.requests == []
        assert sorted(row["notes"] for row in rows_of(run.report)) == ["the user is canceled", "the user is paused"]

    @pytest.mark.parametrize("change", ["status = 'paused'", "unverified_since = now()"])
    async def test_an_owner_paused_while_their_week_is_written_gets_nothing(
        self, owner: Connection, change: str
    ) -> None:
        _connected(owner, "facebook")

        def pause(slot: Any) -> Any:
            owner.execute(f"UPDATE users SET {change}".encode())
            return plain_post(slot)

        run = generation(FakeWriter(pause))
        await _run(run)
        assert _posts(owner) == []
        assert run.report.made == 0

    async def test_an_account_lost_while_its_week_is_written_gets_nothing(self, owner: Connection) -> None:
        _connected(owner, "facebook", "google")

        def disconnect(slot: Any) -> Any:
            owner.execute("DELETE FROM connected_accounts WHERE platform = 'facebook'")
            return plain_post(slot)

        await _run(generation(FakeWriter(disconnect)))
        assert {post["platform"] for post in _posts(owner)} == {"google"}


class TestTwice:
    async def test_a_second_run_makes_nothing_and_asks_nobody(self, owner: Connection) -> None:
        _connected(owner, "google", "facebook", "instagram")
        await _run(generation())
        before = _posts(owner)
        writer, photos = FakeWriter(), FakePhotos()
        run = generation(writer, photos)
        await _run(run)
        assert _posts(owner) == before
        assert (writer.requests, photos.searches) == ([], [])
        assert run.report.summary == "nothing to write: no slot is waiting for a post"

    async def test_two_runs_at_once_make_nothing_twice(
        self, owner: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # who had to ask again would wait for the other
        monkeypatch.setattr(writing._Work, "_objection", lambda *_, **__: None)
        owners = [_connected(owner, "google", "facebook", "instagram").user_id for _ in range(4)]
        # Every call waits until both runs have read the same missing slots and are writing them.
        both = asyncio.Barrier(2)
        runs = [generation(FakeWriter(plain_post, pause=both)) for _ in range(2)]
        weeks = 0
        for user_id in owners:
            await asyncio.gather(*(run.run([user_id], last_chance=False) for run in runs))
            weeks += len(
                _rows(owner, "SELECT DISTINCT week_start FROM content_generations WHERE user_id = %s", user_id)
            )
        posts = _posts(owner)
        assert len({(post["account_id"], post["slot"]) for post in posts}) == len(posts)
        assert len(posts) == runs[0].report.made + runs[1].report.made
        assert len(posts) >= 36
        assert len(_rows(owner, "SELECT * FROM content_generations")) == 2 * weeks
        assert len(_rows(owner, "SELECT * FROM post_events")) == len(posts)
        assert {row["calls"] for row in _rows(owner, "SELECT calls FROM content_generations")} == {1}

    async def test_many_runs_over_many_owners_at_once_make_nothing_twice(self, owner: Connection) -> None:
        for _ in range(6):
            _connected(owner, "google", "facebook")
        owners = owners_at_work(None)
        runs = [generation() for _ in range(4)]
        for number, result in enumerate(
            await asyncio.gather(*(run.run(owners[n:] + owners[:n], last_chance=False) for n, run in enumerate(runs)))
        ):
            assert result == [], number
        posts = _posts(owner)
        assert len(posts) == sum(run.report.made for run in runs)
        assert len({(post["account_id"], post["slot"]) for post in posts}) == len(posts)
        assert all(run.report.problems.line is None for run in runs)
        per_account = [
            row["n"]
            for row in _rows(
                owner,
                "SELECT count(*) n FROM post_queue GROUP BY account_id, date_trunc('week', slot::timestamp)",
            )
        ]
        assert max(per_account) == 3


class TestTold:
    """The mail that tells of posts that wait is written down with them."""

    def mails(self, connection: Connection) -> list[dict[str, Any]]:
        return _rows(connection, "SELECT kind, status, address, week_start, due_at FROM mails ORDER BY week_start")

    async def test_one_mail_a_week_however_often_and_wherever_it_is_run(self, owner: Connection) -> None:
        someone = _connected(owner, "google", "facebook", "instagram")
        await asyncio.gather(*(_run(generation()) for _ in range(3)))
        make_account(owner, someone, "facebook")
        await _run(generation())  # new posts for the same weeks, before the mails have left
        await _run(generation())
        weeks = [row["week_start"] for row in _rows(owner, "SELECT DISTINCT week_start FROM content_generations")]
        told = self.mails(owner)
        assert [row["week_start"] for row in told] == sorted(weeks)
        assert {(row["kind"], row["status"], row["address"]) for row in told} == {
            ("approval_needed", "pending", someone.email)
        }

    async def test_the_first_week_is_told_at_once_and_the_next_one_in_the_morning(self, owner: Connection) -> None:
        someone = _connected(owner, "facebook", posting_frequency=7)
        before = utc_now()
        await _run(generation())
        first, *later = self.mails(owner)
        assert before <= first["due_at"] <= utc_now()
        for mail in later:
            assert mail["due_at"].astimezone(zone(someone.zone)).time() == time(8)
        for mail in (first, *later):
            at = _rows(
                owner,
                "SELECT min(p.scheduled_for) AS at FROM post_queue p JOIN content_generations g "
                "ON g.id = p.generation_id WHERE g.week_start = %s",
                mail["week_start"],
            )
            assert mail["due_at"] < at[0]["at"], "before the first of its posts leaves"

    async def test_a_run_that_makes_nothing_wants_none(self, owner: Connection) -> None:
        _connected(owner, "facebook")
        await _run(generation())
        owner.execute("UPDATE mails SET status = 'sent', finished_at = now()")
        await _run(generation())
        assert {row["status"] for row in self.mails(owner)} == {"sent"}

    async def test_posts_that_go_out_by_themselves_are_not_told(self, owner: Connection) -> None:
        _connected(owner, "facebook", plan="starter")
        await _run(generation())
        assert _posts(owner)
        assert self.mails(owner) == []

    async def test_who_does_not_want_it_is_not_told(self, owner: Connection) -> None:
        _connected(owner, "facebook")
        owner.execute("UPDATE user_preferences SET push_approval_needed = false")
        await _run(generation())
        assert _posts(owner)
        assert self.mails(owner) == []


class TestPictures:
    async def test_without_any_picture_instagram_is_skipped_before_it_costs_anything(self, owner: Connection) -> None:
        _connected(owner, "instagram", "facebook")
        writer = FakeWriter()
        run = generation(writer, FakePhotos(error=OperatorNeeded("Pexels answered HTTP 401: no key")))
        await _run(run)
        assert {post["platform"] for post in _posts(owner)} == {"facebook"}
        assert {post["media_url"] for post in _posts(owner)} == {None}
        assert {slot["platform"] for request in writer.requests for slot in request["slots"]} == {"facebook"}
        assert run.report.skipped >= 3
        notes = " ".join(row["notes"] for row in rows_of(run.report))
        assert "-instagram: no picture (Pexels answered HTTP 401: no key)" in notes
        generations = _rows(owner, "SELECT * FROM content_generations ORDER BY week_start DESC")
        assert (generations[0]["slots_wanted"], generations[0]["posts_made"]) == (6, 3)

    async def test_only_instagram_and_no_picture_is_no_call_at_all(self, owner: Connection) -> None:
        _connected(owner, "instagram")
        writer = FakeWriter()
        run = generation(writer, FakePhotos(count=0))
        await _run(run)
        assert (_posts(owner), writer.requests) == ([], [])
        assert "no picture (none fits that was not shown for 60 days)" in rows_of(run.report)[0]["notes"]
        assert "slots skipped" in run.report.summary

    async def test_the_next_run_mends_it(self, owner: Connection) -> None:
        _connected(owner, "instagram")
        await _run(generation(photos=FakePhotos(error=TryLater("down"))))
        await _run(generation())
        assert len(_posts(owner)) >= 3

    async def test_no_picture_comes_twice_to_one_business_over_runs(self, owner: Connection) -> None:
        someone = _connected(owner, "facebook", plan="premium", posting_frequency=21)
        await _run(generation(photos=FakePhotos(count=30)))
        make_account(owner, someone, "instagram")
        await _run(generation(photos=FakePhotos(count=30)))
        pictures = [post["media_url"] for post in _posts(owner)]
        assert len(pictures) >= 42
        assert len(set(pictures)) == len(pictures)


class TestTrouble:
    async def test_a_writer_that_is_down_postpones_and_writes_nothing(self, owner: Connection) -> None:
        someone = _connected(owner, "facebook")
        run = generation(FakeWriter(TryLater("busy", retry_after=12.0)))
        assert await _run(run) == [someone.user_id]
        assert run.wait_seconds == 12.0
        assert _posts(owner) == []
        assert _rows(owner, "SELECT * FROM content_generations") == []

    async def test_the_last_chance_fills_the_week_from_the_bank_and_says_so(self, owner: Connection) -> None:
        _connected(owner, "google", "facebook", "instagram")
        run = generation(FakeWriter(DOWN))
        assert await _run(run, last_chance=True) == []
        posts = _posts(owner)
        assert len(posts) == run.report.made == run.report.fell_back >= 9
        for post in posts:
            draft = Draft(platform=post["platform"], text=post["content"], hashtags=tuple(post["hashtags"] or ()))
            assert objection(draft, GateContext(business_type="plumber", city="Austin", state="TX")) is None
        assert len({post["content"] for post in posts}) == len(posts)
        generations = _rows(owner, "SELECT * FROM content_generations")
        assert all(row["posts_fallen_back"] == row["posts_made"] > 0 for row in generations)
        assert "from the evergreen bank" in run.report.summary
        assert {event["reason"] for event in _rows(owner, "SELECT reason FROM post_events")} == {
            "taken from the evergreen bank: the writer had nothing that may go out"
        }

    async def test_a_wrong_key_stops_the_run_and_leaves_nothing_half_written(self, owner: Connection) -> None:
        for _ in range(30):
            _connected(owner, "facebook")
        writer = FakeWriter(OperatorNeeded("the model's server answered HTTP 401: wrong key (code invalid_api_key)"))
        run = generation(writer)
        assert await _run(run) == []
        assert _posts(owner) == []
        assert _rows(owner, "SELECT * FROM content_generations") == []
        assert len(writer.requests) <= module.AT_ONCE * module.OWNERS_A_CALL
        assert run.report.left == 30
        line = run.report.problems.line
        assert line is not None
        assert line.startswith("the model's server answered HTTP 401")
        assert "POSTAGENT_OPENAI_API_KEY" in line
        assert "\n" not in line

    async def test_no_money_in_the_middle_keeps_the_weeks_that_are_whole(self, owner: Connection) -> None:
        for _ in range(3):
            _connected(owner, "facebook")
        out_of_money = OperatorNeeded("the model's server answered HTTP 429: no money (code insufficient_quota)")
        run = generation(FakeWriter(plain_post, plain_post, out_of_money))
        await run.run(owners_at_work(None), last_chance=False, at_once=1)
        for row in _rows(owner, "SELECT * FROM content_generations"):
            mine = _rows(owner, "SELECT id FROM post_queue WHERE generation_id = %s", row["id"])
            assert len(mine) == row["posts_made"] == row["slots_wanted"]
        assert len(_rows(owner, "SELECT * FROM content_generations")) == 2
        assert run.report.problems.line is not None

    async def test_one_strange_business_does_not_cost_the_others_their_week(self, owner: Connection) -> None:
        strange, fine = _connected(owner, "facebook", zone="Amerika/Chicago"), _connected(owner, "facebook")

        def broken(slot: Any) -> Any:
            raise ZeroDivisionError

        run = generation()
        await _run(run)
        assert {post["user_id"] for post in _posts(owner)} == {fine.user_id}
        assert any("Amerika/Chicago" in row["notes"] for row in rows_of(run.report))
        assert run.report.problems.line is None
        owner.execute("DELETE FROM post_queue")
        odd = generation(FakeWriter(broken, plain_post))
        owner.execute("UPDATE user_preferences SET timezone = 'UTC' WHERE user_id = %s", (strange.user_id,))
        await odd.run(owners_at_work(None), last_chance=False, at_once=1)
        assert len({post["user_id"] for post in _posts(owner)}) == 1
        assert "ZeroDivisionError" in str(odd.report.problems.line)


class TestTask:
    async def test_tries_again_before_it_takes_evergreen_posts(
        self, owner: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _connected(owner, "facebook")
        writer = FakeWriter(DOWN, DOWN, plain_post)
        waits = self._serve(monkeypatch, writer)
        report = await write_missing_weeks.fn()
        assert report.fell_back == 0
        assert report.made == len(_posts(owner)) >= 3
        assert waits[0] == 0
        assert all(wait > 0 for wait in waits[1:])

    async def test_obeys_the_wait_that_the_writer_asks_for_within_reason(
        self, owner: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _connected(owner, "facebook")
        waits = self._serve(
            monkeypatch, FakeWriter(TryLater("slow down", retry_after=50.0), TryLater("x", retry_after=9e9))
        )
        report = await write_missing_weeks.fn(None, next_monday())  # one week is one call, whatever day it is
        assert waits == [0, 50, 180]
        assert report.fell_back == report.made > 0

    async def test_serves_one_owner_alone(self, owner: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
        mine, _other = _connected(owner, "facebook"), _connected(owner, "facebook")
        self._serve(monkeypatch, FakeWriter())
        await write_missing_weeks.fn(mine.user_id)
        assert {post["user_id"] for post in _posts(owner)} == {mine.user_id}

    async def test_serves_one_week_alone(self, owner: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
        _connected(owner, "facebook")
        self._serve(monkeypatch, FakeWriter())
        monday = next_monday() + timedelta(weeks=2)
        await write_missing_weeks.fn(None, monday)
        assert {row["week_start"] for row in _rows(owner, "SELECT week_start FROM content_generations")} == {monday}

    async def test_a_user_who_is_gone_meanwhile_gets_nothing(
        self, owner: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self._serve(monkeypatch, FakeWriter())
        assert (await write_missing_weeks.fn(UUID(int=1))).summary.startswith("nothing to write")

    def test_a_run_is_for_everybody_or_one_user(self, owner: Connection) -> None:
        someone = _connected(owner, "facebook")
        assert asked_for(None, None) is None
        assert asked_for(str(someone.user_id), date(2026, 11, 23)) == someone.user_id

    @pytest.mark.parametrize("text", ["", "nonsense", "123"])
    def test_what_is_no_id_is_named(self, text: str) -> None:
        with pytest.raises(BadRequest, match=f"user_id {text!r} is not the id of a user"):
            asked_for(text, None)

    def _serve(self, monkeypatch: pytest.MonkeyPatch, writer: FakeWriter) -> list[float]:
        """Let the task work with this writer, and note how long it waits instead of waiting."""
        from contextlib import asynccontextmanager

        from tests.tasks.content.fakes import studio

        @asynccontextmanager
        async def open_fakes(_config: Any) -> Any:
            yield studio(writer)

        waits: list[float] = []
        sleep = asyncio.sleep

        async def no_wait(seconds: float) -> None:
            waits.append(seconds)
            await sleep(0)

        monkeypatch.setattr(module, "open_studio", open_fakes)
        monkeypatch.setattr(module, "_wait", no_wait)
        return waits


@pytest.mark.parametrize(
    ("website", "link"),
    [
        ("https://example.com", "https://example.com"),
        ("http://example.com/a?b=c", "http://example.com/a?b=c"),
        ("example.com", "https://example.com"),
        (" www.example.com/shop ", "https://www.example.com/shop"),
        ("", None),
        (None, None),
        ("no website yet", None),
        ("soon", None),
        ("ftp://example.com", None),
        ("javascript:alert(1)", None),
        ("https://", None),
        ("https://[broken", None),
    ],
)
def test_only_a_web_address_becomes_a_link(website: str | None, link: str | None) -> None:
    assert web_address(website) == link


def test_the_summary_counts_in_plain_words() -> None:
    report = GenerationReport(businesses=1, made=9, fell_back=2, skipped=1, calls=1, input_tokens=1200, waiting=3)
    assert report.summary == (
        "9 posts for 1 business, 2 of them from the evergreen bank, 1 slot skipped, 3 posts being written by a "
        "batch; 1,200 tokens in 1 call for $0.00"
    )
