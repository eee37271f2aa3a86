"""Weeks by the Batch API over real HTTP: written once, paid once, judged like all others, and never left empty."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from models.base import utc_now
from models.gates import Draft, GateContext, objection
from models.settings import settings
from tasks.content import batches, collecting, writing
from tasks.content import generation as module
from tasks.content.batches import COMPLETION, NEAR, BatchWork
from tasks.content.generation import Generation, open_studio, write_missing_weeks
from tasks.content.report import GenerationReport, rows_of
from tests.factories import Owner, make_account, make_fact, make_owner, next_monday
from tests.tasks.house import House


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_wait(_seconds: float) -> None:
        return

    monkeypatch.setattr(module, "_wait", no_wait)


@pytest.fixture
def house(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """Batches are asked for, and over at once."""
    monkeypatch.setenv("POSTAGENT_OPENAI_BATCH", "true")
    settings.cache_clear()
    house.sandbox.configure(openai_batch_seconds=0.0)
    return house


def _owner(house: House, **options: Any) -> Owner:
    someone = make_owner(house.connection, **options)
    for platform in ("google", "facebook", "instagram"):
        make_account(house.connection, someone, platform)
    return someone


def _posts(house: House) -> list[dict[str, Any]]:
    return house.rows("SELECT * FROM post_queue ORDER BY user_id, slot, platform")


def _calls(house: House) -> list[dict[str, Any]]:
    return house.rows("SELECT * FROM ai_calls ORDER BY created_at, id")


def _lines(house: House) -> list[dict[str, Any]]:
    """One for each week that was given to a batch, with what it cost."""
    return house.rows("SELECT r.*, c.cost FROM ai_batch_requests r JOIN ai_calls c ON c.id = r.call_id ORDER BY r.id")


def _states(house: House, table: str) -> list[str]:
    return sorted(row["state"] for row in house.rows(f"SELECT state FROM {table}"))


async def _run() -> GenerationReport:
    return await write_missing_weeks.fn()


async def _collect() -> GenerationReport:
    return await write_missing_weeks.fn(only_batches=True)


def _far(house: House) -> list[dict[str, Any]]:
    """Queued posts that a batch could have written."""
    return [post for post in _posts(house) if post["scheduled_for"] > utc_now() + COMPLETION + timedelta(minutes=5)]


async def test_what_can_wait_is_written_by_a_batch_at_half_the_price(house: House) -> None:
    for _ in range(3):
        _owner(house, avoid_keywords=["drain"])
    first = await _run()
    assert first.waiting >= 3 * 9  # the whole of next week
    assert f"{first.waiting} posts being written by a batch" in first.summary
    assert _far(house) == []
    direct = len(_posts(house))
    second = await _collect()
    assert (second.made, second.fell_back, second.problems.line) == (first.waiting, 0, None)
    posts = _posts(house)
    assert len(posts) == direct + first.waiting
    context = GateContext(avoid_keywords=("drain",), hashtag_cap=5, business_type="plumber", city="Austin", state="TX")
    for post in posts:
        draft = Draft(platform=post["platform"], text=post["content"], hashtags=tuple(post["hashtags"] or ()))
        assert objection(draft, context) is None
        assert post["media_url"]
        assert post["generation_id"] is not None
    calls = [call for call in _calls(house) if call["batch"]]
    assert len(calls) == len(_lines(house)) >= 3
    for call in calls:
        at_luna = (call["input_tokens"] * Decimal("0.10") + call["output_tokens"] * Decimal("0.50")) / 1_000_000
        assert (call["outcome"], call["cost"]) == ("answered", at_luna / 2)
        assert call["generation_id"] is not None
    everything = _calls(house)  # with repairs of what a gate refused
    assert first.cost_usd + second.cost_usd == sum(call["cost"] for call in everything)
    assert first.calls + second.calls == len(everything)
    assert (_states(house, "ai_batches"), set(_states(house, "ai_batch_requests"))) == (["finished"], {"used"})
    assert all(upload.deleted for upload in house.sandbox.world.uploads.values())


async def test_all_businesses_go_into_one_file_and_a_second_run_sends_nothing(house: House) -> None:
    for _ in range(4):
        _owner(house)
    await _run()
    again = await _run()
    assert house.sandbox.calls("openai", "create_batch") == 1
    assert again.made > 0  # the first one's answers were collected on the way
    assert (await _run()).summary.startswith("nothing to write")
    assert house.sandbox.calls("openai", "create_batch") == 1


async def test_what_a_batch_is_at_is_waited_for(house: House) -> None:
    _owner(house)
    house.sandbox.configure(openai_batch_seconds=86_400.0)
    first = await _run()
    lines = _lines(house)
    for _ in range(2):
        again = await _run()
        assert (again.made, again.waiting) == (0, first.waiting)
        assert "batches under way: 1" in again.summary
    assert (await _collect()).made == 0
    assert house.sandbox.calls("openai", "create_batch") == 1
    assert _lines(house) == lines


async def test_a_refused_post_of_a_batch_is_asked_for_again_directly(house: House) -> None:
    someone = make_owner(house.connection)
    make_account(house.connection, someone, "google")
    await _run()
    direct = house.sandbox.calls("openai", "complete")
    house.sandbox.fault(service="openai", operation="complete", kind="poor_text", code="phone")
    report = await _collect()
    assert report.fell_back == 0
    assert house.sandbox.calls("openai", "complete") == direct + 1
    refusals = [note for row in house.rows("SELECT refusals FROM content_generations") for note in row["refusals"]]
    assert {note["gate"] for note in refusals} == {"platform_limits"}
    assert all("555-0147" not in post["content"] for post in _posts(house))
    paid = house.rows("SELECT g.calls, count(*) n FROM content_generations g JOIN ai_calls c ON c.generation_id = g.id "
                      "GROUP BY g.id, g.calls")  # fmt: skip
    assert all(row["calls"] == row["n"] for row in paid)


@pytest.mark.parametrize("kind", ["refusal", "truncated", "bad_json", "5xx"])
async def test_a_line_without_posts_is_written_directly(house: House, kind: str) -> None:
    _owner(house)
    waiting = (await _run()).waiting
    house.sandbox.fault(service="openai", operation="complete", kind=kind)
    report = await _collect()
    assert (report.made, report.fell_back) == (waiting, 0)
    assert "came back without posts" in report.summary
    (line,) = [line for line in _lines(house) if line["state"] == "lost"]
    assert (line["cost"] > 0) is (kind != "5xx")  # an answer of no use is on the bill too


async def test_what_an_expired_batch_finished_is_used_and_the_rest_is_written_directly(house: House) -> None:
    for _ in range(4):
        _owner(house)
    house.sandbox.fault(service="openai", operation="create_batch", kind="batch_expires")
    waiting = (await _run()).waiting
    report = await _collect()
    assert (report.made, report.fell_back) == (waiting, 0)
    lines = _lines(house)
    assert [line["state"] for line in lines].count("lost") == len(lines) - len(lines) // 2
    assert all((line["cost"] > 0) is (line["state"] == "used") for line in lines)


async def test_a_batch_that_fails_is_told_and_its_weeks_are_written_directly(house: House) -> None:
    _owner(house)
    house.sandbox.fault(service="openai", operation="create_batch", kind="batch_fails")
    waiting = (await _run()).waiting
    report = await _collect()
    assert report.made == waiting
    assert "a batch was refused: The batch could not be validated." in str(report.problems.line)
    assert {call["outcome"] for call in _calls(house) if call["batch"]} == {"not_billed"}


async def test_a_server_without_batches_costs_the_discount_and_nothing_else(house: House) -> None:
    for _ in range(2):
        _owner(house)
    house.sandbox.configure(openai_batches=False)
    report = await _run()
    assert (report.waiting, report.fell_back, report.made) == (0, 0, len(_posts(house)))
    assert len(_far(house)) >= 2 * 9
    assert "no batch could be sent" in str(report.problems.line)
    assert _states(house, "ai_batches") == ["dropped"]
    assert house.rows("SELECT * FROM ai_batch_requests") == []


async def test_when_a_week_comes_near_its_posts_are_written_directly(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    _owner(house)
    house.sandbox.configure(openai_batch_seconds=86_400.0)
    waiting = (await _run()).waiting
    house.connection.execute("UPDATE ai_batch_requests SET first_at = now() + interval '3 hours'")
    for place in (batches, collecting):
        monkeypatch.setattr(place, "NEAR", timedelta(days=30))
    report = await _collect()
    assert (report.made, report.fell_back) == (waiting, 0)
    made = len(_posts(house))
    house.sandbox.configure(openai_batch_seconds=0.0)
    late = await _collect()  # the batch answers after all: it is paid for, and nothing is doubled
    assert (late.made, len(_posts(house))) == (0, made)
    assert all(call["cost"] > 0 for call in _calls(house))
    assert _states(house, "ai_batches") == ["finished"]


async def test_without_room_in_the_budget_no_line_is_sent(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTAGENT_AI_MONTHLY_BUDGET_USD", "0.0001")
    settings.cache_clear()
    _owner(house)
    report = await _run()
    assert report.made == report.fell_back >= 9
    assert "budget: this month's budget for writing ($0.0001) is used up" in rows_of(report)[0]["notes"]
    assert (house.sandbox.calls("openai", "upload"), _calls(house)) == (0, [])
    reasons = {row["reason"] for row in house.rows("SELECT reason FROM post_events")}
    assert reasons == {"taken from the evergreen bank: this month's budget for writing ($0.0001) is used up"}


class Killed(BaseException):
    """The process ends here."""


class TestKilled:
    """Wherever a sender or a collector dies, a batch is paid for once and every slot gets one post."""

    async def _end(self, house: House) -> None:
        """Time passes, and later runs find what is there."""
        house.connection.execute("UPDATE ai_batches SET lease_expires_at = now() WHERE lease_expires_at IS NOT NULL")
        await _collect()
        await _run()
        await _collect()
        posts = _posts(house)
        assert len({(post["account_id"], post["slot"]) for post in posts}) == len(posts)
        assert len(_far(house)) >= 9
        truth = house.sandbox.world.batches
        paid = [call for call in _calls(house) if call["batch"] and call["outcome"] == "answered"]
        assert len(truth) == 1
        assert len(paid) == len(_lines(house)) >= 1
        assert set(_states(house, "ai_batches")) <= {"finished", "dropped"}
        assert not [call for call in _calls(house) if call["settled_at"] is None]

    @pytest.mark.parametrize("where", ["upload", "create"])
    async def test_before_it_was_sent(self, house: House, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
        _owner(house)

        async def die(*_: Any) -> Any:
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(f"tasks.content.batches.BatchDesk.{where}", die)
            with pytest.raises(Killed):
                await _run()
        assert _states(house, "ai_batches") == ["preparing"]
        await self._end(house)

    async def test_between_create_and_commit(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        _owner(house)
        execute = batches.execute

        def die(name: str, **values: Any) -> None:
            if name == "ai_batch_was_submitted":
                raise Killed
            execute(name, **values)

        with monkeypatch.context() as patch:
            patch.setattr(batches, "execute", die)
            with pytest.raises(Killed):
                await _run()
        assert _states(house, "ai_batches") == ["preparing"]
        await self._end(house)

    @pytest.mark.parametrize("kind", ["accept_then_drop", "accept_then_500", "accept_then_malformed"])
    async def test_or_only_the_answer_was_lost(self, house: House, kind: str) -> None:
        _owner(house)
        house.sandbox.fault(service="openai", operation="create_batch", kind=kind)
        assert (await _run()).waiting >= 9
        assert (await _collect()).made == 0  # the sender has it until its lease is over
        await self._end(house)

    async def test_after_its_results_were_read(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        _owner(house)
        await _run()

        async def die(*_: Any, **__: Any) -> Any:
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(module, "queue_week", die)
            with pytest.raises(BaseExceptionGroup):
                await _collect()
        await self._end(house)

    async def test_after_its_posts_were_queued(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        _owner(house)
        await _run()

        async def die(*_: Any, **__: Any) -> Any:
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(module, "finish", die)
            with pytest.raises(Killed):
                await _collect()
        assert _states(house, "ai_batches") == ["submitted"]
        await self._end(house)


async def test_two_collectors_at_once_make_nothing_twice(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    # a refused post would rightly be asked for again
    monkeypatch.setattr(writing._Work, "_objection", lambda *_, **__: None)
    for _ in range(3):
        _owner(house)
    waiting = (await _run()).waiting
    before = house.sandbox.calls("openai", "complete")
    reports = await asyncio.gather(*(_collect() for _ in range(3)))
    assert sum(report.made for report in reports) == waiting
    assert house.sandbox.calls("openai", "complete") == before  # no direct call beside it


async def test_two_senders_at_once_send_a_week_once(house: House) -> None:
    someone = _owner(house)
    config = settings()
    async with open_studio(config) as studio:
        works = [BatchWork(studio.ledger, studio.models.model, studio.desk) for _ in range(2)]
        for work in works:
            await Generation(studio, batches=work).run([someone.user_id], last_chance=False)
        for work in works:
            await work.send()
    assert _states(house, "ai_batches") == ["dropped", "submitted"]
    outcomes = [call["outcome"] for call in _calls(house) if call["batch"]]
    assert outcomes.count(None) == outcomes.count("not_billed") == len(_lines(house)) >= 1


async def test_a_very_large_week_is_asked_for_in_parts(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    # the sandbox has not so much to say without repeating
    monkeypatch.setattr(writing._Work, "_objection", lambda *_, **__: None)
    _owner(house, plan="premium", posting_frequency=21)
    waiting = (await _run()).waiting
    assert waiting >= 45
    assert {row["part"] for row in house.rows("SELECT part FROM ai_batch_requests")} >= {0, 1, 2}
    report = await _collect()
    assert (report.made, report.fell_back) == (waiting, 0)


async def test_an_owner_who_left_meanwhile_ends_the_wait(house: House) -> None:
    someone = _owner(house)
    await _run()
    house.connection.execute("UPDATE users SET status = 'paused' WHERE id = %s", (someone.user_id,))
    made = len(_posts(house))
    report = await _collect()
    assert len(_posts(house)) == made
    assert "the user is paused" in rows_of(report)[0]["notes"]
    assert (_states(house, "ai_batches"), set(_states(house, "ai_batch_requests"))) == (["finished"], {"lost"})


async def test_an_owner_who_is_erased_takes_everything_along(house: House) -> None:
    someone = _owner(house)
    await _run()
    await _collect()
    house.connection.execute("DELETE FROM users WHERE id = %s", (someone.user_id,))
    assert (_calls(house), _lines(house), _states(house, "ai_batches")) == ([], [], ["finished"])


async def test_a_run_for_one_week_leaves_the_answers_for_others_alone(house: House) -> None:
    _owner(house)
    waiting = (await _run()).waiting
    await write_missing_weeks.fn(None, next_monday() + timedelta(weeks=4))
    assert "lost" not in _states(house, "ai_batch_requests")
    assert (await _collect()).made >= waiting


async def test_one_owners_request_does_not_wait_for_a_batch(house: House) -> None:
    someone = _owner(house)
    report = await write_missing_weeks.fn(someone.user_id)
    assert (report.waiting, house.sandbox.calls("openai", "create_batch")) == (0, 0)
    assert report.made >= 9


def test_the_times_fit_together() -> None:
    assert NEAR + timedelta(hours=1) < COMPLETION
    assert timedelta(hours=25) <= COMPLETION  # a day, and an hour until somebody looks


async def test_a_testimonial_marks_the_review_that_it_was_written_from(house: House) -> None:
    someone = _owner(house, themes=["testimonial"])
    db = house.connection
    words = [f"They came on time and left the {thing} spotless." for thing in ("kitchen", "hallway", "garage", "attic")]
    words += [f"Our {thing} works again, thank you." for thing in ("sink", "shower", "boiler", "dishwasher", "toilet")]
    words += [f"A fair price for the {thing}." for thing in ("tap", "pump", "drain", "heater", "bath", "hose", "valve")]
    for said in words:
        make_fact(db, someone, said, kind="review", author="Maria G.")
    await _run()
    given = {slot["review"] for line in _lines(house) for slot in line["slots"] if "review" in slot}
    assert given
    # A plan of today would take these first.
    for number in range(10):
        make_fact(db, someone, f"Never heard of before {number}.", kind="review", author="Maria G.")
    db.execute("UPDATE business_facts SET used_at = now() WHERE id = ANY(%s::uuid[])", (list(given),))
    await _collect()
    facts = house.rows("SELECT id, text, used_at FROM business_facts")
    at = {
        fact["text"]: post["scheduled_for"] for fact in facts for post in _far(house) if fact["text"] in post["content"]
    }
    used = {fact["text"]: fact["used_at"] for fact in facts}
    assert len(at) > 1
    assert {said: used[said] for said in at} == at
    assert {str(fact["id"]) for fact in facts if fact["text"] in at} <= given
