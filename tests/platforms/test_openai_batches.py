"""The Batch API's client against the sandbox's twin: nothing is paid twice, and no answer is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from platforms.errors import OperatorNeeded, PlatformError, Refused, TryLater
from platforms.openai_batches import BatchDesk, BatchLine, BatchState
from platforms.openai_forms import Draft
from tests.platforms.test_openai_writer import SLOTS, WEEK

KEY = SecretStr("sk-proj-0123456789abcdef")
MODEL = "gpt-6-luna"


@pytest.fixture(params=["responses", "chat"])
async def desk(request: pytest.FixtureRequest, sandbox: Any) -> AsyncIterator[BatchDesk]:
    """Our client, once for each form; batches are over at once."""
    sandbox.configure(openai_batch_seconds=0.0)
    async with BatchDesk(api_key=KEY, base_url=f"{sandbox.url}/openai", timeout_seconds=5, form=request.param) as made:
        yield made


def lines(*names: str) -> list[BatchLine]:
    return [
        BatchLine(custom_id=name, instructions="Write.", request={**WEEK, "business": {"name": name, "type": "bakery"}})
        for name in names
    ]


async def begin(desk: BatchDesk, *names: str, model: str = MODEL) -> BatchState:
    return await desk.create("our-batch", await desk.upload("our-batch", lines(*names), model))


async def results(desk: BatchDesk, state: BatchState) -> dict[str, Any]:
    state = await desk.look(state.provider_id)
    assert state.over
    return await desk.results(state, MODEL)


async def test_every_request_gets_its_own_answer(desk: BatchDesk) -> None:
    names = [f"week-{number}" for number in range(20)]
    found = await results(desk, await begin(desk, *names))
    assert set(found) == set(names)
    assert list(found) != names  # the service keeps no order
    for draft in found.values():
        assert isinstance(draft, Draft)
        assert [post.slot for post in draft.posts] == [slot["slot"] for slot in SLOTS]
        assert draft.usage.output_tokens > 0


async def test_it_is_not_over_before_its_time(desk: BatchDesk, sandbox: Any) -> None:
    sandbox.configure(openai_batch_seconds=3600.0)
    state = await begin(desk, "a")
    assert (state.status, state.over, state.files) == ("validating", False, ())
    sandbox.control("POST", "clock", {"advance_seconds": 3601})
    assert (await desk.look(state.provider_id)).status == "completed"


async def test_a_batch_whose_answer_was_lost_is_found_by_our_name(desk: BatchDesk, sandbox: Any) -> None:
    since = datetime.now(UTC) - timedelta(hours=1)
    assert await desk.find("our-batch", since) is None
    file_id = await desk.upload("our-batch", lines("a"), MODEL)
    sandbox.fault(service="openai", operation="create_batch", kind="accept_then_drop")
    with pytest.raises(TryLater) as raised:
        await desk.create("our-batch", file_id)
    assert raised.value.http_status is None
    found = await desk.find("our-batch", since)
    assert found is not None
    assert set(await results(desk, found)) == {"a"}
    assert await desk.find("another", since) is None
    assert await desk.find("our-batch", datetime.now(UTC) + timedelta(hours=1)) is None


async def test_a_batch_is_found_among_many(desk: BatchDesk) -> None:
    wanted = await begin(desk, "a")
    file_id = await desk.upload("other", lines("b"), MODEL)
    for number in range(120):  # more than a page
        await desk.create(f"other-{number}", file_id)
    found = await desk.find("our-batch", datetime.now(UTC) - timedelta(hours=1))
    assert found is not None
    assert found.provider_id == wanted.provider_id


async def test_one_that_expired_gives_what_was_finished(desk: BatchDesk, sandbox: Any) -> None:
    sandbox.fault(service="openai", operation="create_batch", kind="batch_expires")
    found = await results(desk, await begin(desk, "a", "b", "c", "d"))
    assert {name for name, told in found.items() if isinstance(told, Draft)} == {"a", "b"}
    assert {told.code for told in found.values() if isinstance(told, PlatformError)} == {"batch_expired"}


async def test_one_that_failed_says_why(desk: BatchDesk, sandbox: Any) -> None:
    sandbox.fault(service="openai", operation="create_batch", kind="batch_fails")
    state = await desk.look((await begin(desk, "a")).provider_id)
    assert (state.status, state.over, state.problem) == ("failed", True, "The batch could not be validated.")
    assert await desk.results(state, MODEL) == {}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"kind": "refusal"}, Refused),
        ({"kind": "truncated"}, TryLater),
        ({"kind": "5xx"}, TryLater),
        ({"kind": "error_code", "status": 429, "code": "insufficient_quota"}, OperatorNeeded),
    ],
)
async def test_one_bad_answer_is_that_ones_alone(
    desk: BatchDesk, sandbox: Any, fault: dict[str, Any], expected: Any
) -> None:
    sandbox.fault(service="openai", operation="complete", **fault)
    found = await results(desk, await begin(desk, "a", "b", "c"))
    failures = [told if isinstance(told, PlatformError) else told.failure for told in found.values()]
    assert [type(failure) for failure in failures if failure is not None] == [expected]


async def test_an_unknown_model_fails_line_by_line(desk: BatchDesk) -> None:
    found = await results(desk, await begin(desk, "a", model="gpt-2"))
    assert {(type(told), told.code) for told in found.values() if isinstance(told, PlatformError)} == {
        (OperatorNeeded, "model_not_found")
    }


async def test_files_can_be_forgotten_twice(desk: BatchDesk, sandbox: Any) -> None:
    state = await desk.look((await begin(desk, "a")).provider_id)
    assert state.input_file_id is not None
    for _ in range(2):
        await desk.forget([state.input_file_id, *state.files])
    assert all(upload.deleted for upload in sandbox.world.uploads.values())


async def test_a_server_without_batches_is_the_operators(desk: BatchDesk, sandbox: Any) -> None:
    sandbox.configure(openai_batches=False)
    with pytest.raises(OperatorNeeded, match="404"):
        await begin(desk, "a")


async def test_an_answer_that_is_no_batch(desk: BatchDesk, sandbox: Any) -> None:
    file_id = await desk.upload("x", lines("a"), MODEL)
    sandbox.fault(service="openai", operation="create_batch", kind="accept_then_malformed")
    with pytest.raises(TryLater) as raised:
        await desk.create("x", file_id)
    assert raised.value.code == "unreadable"
