"""The same run over real HTTP: our writer and photo clients against the sandbox, with everything it can do wrong."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from models.gates import Draft, GateContext, objection
from models.settings import settings
from tasks.content import generation as module
from tasks.content.generation import write_missing_weeks
from tasks.content.report import GenerationReport, rows_of
from tests.factories import Owner, make_account, make_fact, make_owner, next_monday
from tests.tasks.house import House


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the run would have waited; it does not."""
    noted: list[float] = []

    async def no_wait(seconds: float) -> None:
        noted.append(seconds)

    monkeypatch.setattr(module, "_wait", no_wait)
    return noted


def _owner(house: House, **options: Any) -> Owner:
    someone = make_owner(house.connection, **options)
    for platform in ("google", "facebook", "instagram"):
        make_account(house.connection, someone, platform)
    return someone


def _posts(house: House) -> list[dict[str, Any]]:
    return house.rows("SELECT * FROM post_queue ORDER BY user_id, slot, platform")


async def _run(someone: Owner | None = None) -> GenerationReport:
    return await write_missing_weeks.fn(someone.user_id if someone else None)


async def test_a_week_is_written_varied_and_past_every_gate(house: House) -> None:
    someone = _owner(house, avoid_keywords=["drain", "holidays"])
    report = await _run(someone)
    posts = _posts(house)
    assert report.made == len(posts) >= 9
    assert report.fell_back == 0
    assert report.problems.line is None
    context = GateContext(avoid_keywords=("drain", "holidays"), business_type="plumber", city="Austin", state="TX")
    for post in posts:
        draft = Draft(platform=post["platform"], text=post["content"], hashtags=tuple(post["hashtags"] or ()))
        assert objection(draft, context) is None
        assert post["media_url"].startswith("http://localhost:8501/m/")
        assert post["alt_text"]
    assert len({post["content"] for post in posts}) == len(posts)
    assert len({post["media_url"] for post in posts}) == len(posts)


async def test_the_constant_instructions_are_cached_by_the_provider(house: House) -> None:
    for _ in range(2):
        _owner(house, posting_frequency=1)
    await _run()
    used = house.rows("SELECT * FROM content_generations ORDER BY created_at")
    assert all(row["input_tokens"] > row["cached_tokens"] for row in used)
    assert sum(row["cached_tokens"] for row in used) >= 1024 * (len(used) - 1)


async def test_a_second_run_calls_nobody(house: House) -> None:
    _owner(house, posting_frequency=1)
    await _run()
    before = (house.sandbox.calls("openai", "complete"), house.sandbox.calls("pexels", "search"))
    assert (await _run()).summary.startswith("nothing to write")
    assert (house.sandbox.calls("openai", "complete"), house.sandbox.calls("pexels", "search")) == before


@pytest.mark.parametrize(
    ("code", "gate"),
    [
        ("phone", "platform_limits"),
        ("long", "platform_limits"),
        ("price", "grounding"),
        ("claim", "grounding"),
        ("chatter", "leftovers"),
        ("placeholder", "leftovers"),
    ],
)
async def test_what_a_gate_refuses_is_written_again(house: House, code: str, gate: str) -> None:
    someone = make_owner(house.connection)
    make_account(house.connection, someone, "google")
    house.sandbox.fault(service="openai", operation="complete", kind="poor_text", code=code)
    report = await _run(someone)
    refusals = [note for row in house.rows("SELECT refusals FROM content_generations") for note in row["refusals"]]
    assert gate in {note["gate"] for note in refusals}
    assert report.fell_back == 0
    for post in _posts(house):
        draft = Draft(platform=post["platform"], text=post["content"], hashtags=tuple(post["hashtags"] or ()))
        assert objection(draft, GateContext(business_type="plumber", city="Austin", state="TX")) is None


async def test_what_is_refused_again_and_again_comes_from_the_bank(house: House) -> None:
    someone = _owner(house)
    house.sandbox.fault(service="openai", operation="complete", kind="poor_text", code="long", times=None)
    report = await _run(someone)
    assert report.fell_back > 0
    assert f"{report.fell_back} of them from the evergreen bank" in report.summary
    stored = house.rows("SELECT sum(posts_fallen_back) AS n FROM content_generations")
    assert stored[0]["n"] == report.fell_back
    assert len(_posts(house)) == report.made >= 9


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "5xx", "status": 503},
        {"kind": "429", "retry_after": 7},
        {"kind": "drop_before"},
        {"kind": "accept_then_drop"},
        {"kind": "malformed_json"},
        {"kind": "bad_json"},
    ],
    ids=lambda fault: fault["kind"],
)
async def test_a_passing_trouble_costs_a_try_and_nothing_else(
    house: House, waits: list[float], fault: dict[str, Any]
) -> None:
    someone = _owner(house, posting_frequency=2)
    house.sandbox.fault(service="openai", operation="complete", **fault)
    report = await _run(someone)
    assert report.fell_back == 0
    assert report.problems.line is None
    assert len(_posts(house)) == report.made >= 6
    assert len(waits) == 2
    assert waits[1] >= 7


@pytest.mark.parametrize("kind", ["refusal", "truncated"])
async def test_an_answer_that_cannot_be_used_never_leaves_a_slot_empty(house: House, kind: str) -> None:
    someone = _owner(house, posting_frequency=1)
    house.sandbox.fault(service="openai", operation="complete", kind=kind, times=None)
    report = await _run(someone)
    assert len(_posts(house)) == report.made == report.fell_back >= 3
    assert "writer: the model" in rows_of(report)[0]["notes"]


async def test_an_outage_ends_in_evergreen_posts_after_every_wait(house: House, waits: list[float]) -> None:
    someone = _owner(house)
    house.sandbox.fault(service="openai", kind="5xx", status=500, times=None)
    report = await _run(someone)
    assert len(waits) == len(module.WAITS)
    assert report.made == report.fell_back >= 9
    assert {post["status"] for post in _posts(house)} == {"pending"}


@pytest.mark.parametrize(
    ("status", "code"), [(401, "invalid_api_key"), (429, "insufficient_quota"), (404, "model_not_found")]
)
async def test_what_only_the_operator_can_mend_is_one_line_and_nothing_is_half_written(
    house: House, status: int, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTAGENT_OPENAI_API_KEY", "sk-a-very-secret-key-of-a-test")
    settings.cache_clear()
    for _ in range(3):
        _owner(house)
    house.sandbox.fault(service="openai", kind="error_code", status=status, code=code, times=None)
    report = await _run()
    line = report.problems.line
    assert line is not None
    assert code in line
    assert "\n" not in line
    assert "very-secret" not in line
    assert (_posts(house), house.rows("SELECT * FROM content_generations")) == ([], [])


async def test_an_unknown_model_is_named(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTAGENT_OPENAI_MODEL", "gpt-nonsense")
    monkeypatch.setenv("POSTAGENT_AI_PRICES", "gpt-nonsense=1/1/1/1")
    settings.cache_clear()
    _owner(house)
    assert "gpt-nonsense" in str((await _run()).problems.line)


@pytest.mark.parametrize("name", ["MODEL", "FALLBACK_MODEL"])
async def test_a_model_without_a_price_is_told_before_anything_is_paid_for(
    house: House, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"POSTAGENT_OPENAI_{name}", "gpt-5.4-mini")
    settings.cache_clear()
    _owner(house)
    report = await _run()
    assert "no price is known for the model 'gpt-5.4-mini'" in str(report.problems.line)
    assert "POSTAGENT_AI_PRICES" in str(report.problems.line)
    assert (report.left, house.sandbox.calls("openai", "complete"), _posts(house)) == (1 + 1, 0, [])


async def test_every_call_is_in_the_ledger_and_belongs_to_its_week(house: House) -> None:
    someone = _owner(house)
    house.sandbox.fault(service="openai", operation="complete", kind="poor_text", code="long")
    report = await _run(someone)
    calls = house.rows("SELECT * FROM ai_calls")
    assert len(calls) == report.calls == house.sandbox.calls("openai", "complete")
    assert {call["outcome"] for call in calls} == {"answered"}
    assert sum(call["cost"] for call in calls) == report.cost_usd > 0
    assert all(call["cost"] <= call["reserved"] for call in calls)
    generations = house.rows("SELECT id, input_tokens, cached_tokens, output_tokens FROM content_generations")
    for row in generations:
        mine = [call for call in calls if call["generation_id"] == row["id"]]
        for name in ("input_tokens", "cached_tokens", "output_tokens"):
            assert sum(call[name] for call in mine) == row[name]


async def test_at_the_cap_the_bank_takes_over_and_the_run_says_so(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTAGENT_AI_MONTHLY_BUDGET_USD", "0")
    settings.cache_clear()
    report = await _run(_owner(house))
    assert len(_posts(house)) == report.made == report.fell_back >= 9
    assert house.sandbox.calls("openai", "complete") == 0
    assert "budget: this month's budget for writing ($0) is used up" in rows_of(report)[0]["notes"]
    assert report.problems.line is None


async def test_the_second_model_takes_over_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    monkeypatch.setenv("POSTAGENT_OPENAI_FALLBACK_MODEL", "gpt-5.6-luna")
    settings.cache_clear()
    someone = _owner(house)
    house.sandbox.fault(service="openai", operation="complete", kind="5xx", status=503)
    report = await write_missing_weeks.fn(someone.user_id, next_monday())  # one week is one call, whatever day it is
    assert (report.fell_back, len(waits)) == (0, 1)
    assert {row["model"] for row in house.rows("SELECT model FROM content_generations")} == {"gpt-5.6-luna"}


async def test_without_photos_the_rest_is_written_and_instagram_says_why(house: House) -> None:
    someone = _owner(house)
    house.sandbox.fault(service="pexels", kind="5xx", status=500, times=None)
    report = await _run(someone)
    assert {post["platform"] for post in _posts(house)} == {"google", "facebook"}
    assert report.skipped >= 3
    assert "no picture (Pexels answered HTTP 500" in rows_of(report)[0]["notes"]
    house.sandbox.control("DELETE", "faults")
    assert (await _run(someone)).made >= 3
    assert "instagram" in {post["platform"] for post in _posts(house)}


async def test_two_runs_at_once_over_real_http_make_nothing_twice(house: House) -> None:
    for _ in range(3):
        _owner(house, posting_frequency=1)
    house.sandbox.fault(service="openai", kind="latency", seconds=0.3, times=None)
    reports = await asyncio.gather(*(_run() for _ in range(3)))
    posts = _posts(house)
    assert len({(post["account_id"], post["slot"]) for post in posts}) == len(posts)
    assert sum(report.made for report in reports) == len(posts)
    assert house.sandbox.calls("openai", "complete") > 3  # they did write at the same time


async def test_a_testimonial_quotes_a_real_review_word_for_word(house: House) -> None:
    words = "They came on a Sunday and stayed until it was dry."
    someone = make_owner(house.connection, themes=["testimonial"], posting_frequency=1)
    make_account(house.connection, someone, "google")
    make_fact(house.connection, someone, words, kind="review", author="Maria G.")
    report = await _run(someone)
    assert report.fell_back == 0
    texts = [post["content"] for post in _posts(house)]
    assert sum(words in text for text in texts) == 1
    assert sum("Maria G." in text for text in texts) == 1


async def test_who_moved_keeps_their_times_and_the_run_says_so(house: House) -> None:
    someone = _owner(house)
    await _run(someone)
    before = {post["id"]: post["scheduled_for"] for post in _posts(house)}
    house.connection.execute("UPDATE user_preferences SET timezone = 'America/New_York'")
    report = await _run(someone)
    after = {post["id"]: post["scheduled_for"] for post in _posts(house)}
    moved = [post for post, at in before.items() if after[post] == at - timedelta(hours=1)]
    assert len(moved) >= len(before) - 3  # all but what would have to leave within half an hour
    assert f"{len(moved)} waiting posts moved to keep the time on the owner's clock" in report.summary
