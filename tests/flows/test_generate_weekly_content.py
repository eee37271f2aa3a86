"""The deployment: what a run is called, what it tells, and when it is Failed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import asynccontextmanager
from datetime import date
from typing import Any
from uuid import UUID

import psycopg
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.logging import disable_run_logger

from flows.generate_weekly_content import generate_weekly_content
from models.settings import settings
from platforms.errors import OperatorNeeded
from tasks.content import generation
from tests.factories import Owner, make_account, make_owner
from tests.tasks.content.fakes import FakePhotos, FakeWriter, studio

Connection = psycopg.Connection[Any]
Serve = Callable[..., None]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Let the run work with this writer and these photos."""

    def with_these(writer: FakeWriter, photos: FakePhotos | None = None) -> None:
        @asynccontextmanager
        async def open_fakes(_config: Any) -> Any:
            yield studio(writer, photos)

        monkeypatch.setattr(generation, "open_studio", open_fakes)

    with_these(FakeWriter())
    return with_these


def _owner(connection: Connection, **options: Any) -> Owner:
    someone = make_owner(connection, **options)
    for platform in ("google", "facebook", "instagram"):
        make_account(connection, someone, platform)
    return someone


def _count(connection: Connection, what: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {what}".encode()).fetchone()
    assert row is not None
    return int(row[0])


async def test_a_real_run_has_a_name_a_table_and_one_line(
    prefect_harness: None, owner: Connection, serve: Serve
) -> None:
    someone = _owner(owner, business_name="Rossi & Sons")
    state = await generate_weekly_content(str(someone.user_id), return_state=True)
    made = _count(owner, "post_queue")
    assert made >= 9
    assert state.name == "Completed"
    assert state.message is not None
    assert state.message.startswith(f"{made} posts for 1 business; ")
    run_id = state.state_details.flow_run_id
    assert run_id is not None
    async with get_client() as client:
        run = await client.read_flow_run(run_id)
        assert run.name.startswith("generate week of 20")
        assert run.name.endswith(" for Rossi & Sons")
        flow_run_id = ArtifactFilterFlowRunId(any_=[run.id])
        artifacts = await client.read_artifacts(artifact_filter=ArtifactFilter(flow_run_id=flow_run_id))
    tables = {artifact.key: str(artifact.data) for artifact in artifacts if artifact.type == "table"}
    assert set(tables) == {"written-weeks", "writing-costs"}
    assert '"business": "Rossi & Sons", "plan": "pro"' in tables["written-weeks"]
    assert '"who": "plan pro"' in tables["writing-costs"]
    jobs = owner.execute("SELECT job, succeeded, summary FROM job_runs").fetchall()
    assert jobs == [("generate-weekly-content", True, state.message)]


class TestInProcess:
    """The flow's own lines, without a server."""

    @pytest.fixture(autouse=True)
    def _no_server(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        monkeypatch.setattr("flows.generate_weekly_content.write_missing_weeks", generation.write_missing_weeks.fn)
        with disable_run_logger():
            yield

    async def test_no_new_posts_needed_is_a_success_that_says_so(self, owner: Connection, serve: Serve) -> None:
        _owner(owner)
        await generate_weekly_content.fn()
        state = await generate_weekly_content.fn()
        assert (state.name, state.message) == ("Completed", "nothing to write: no slot is waiting for a post")

    async def test_a_wrong_key_is_a_failed_run_with_one_line_and_nothing_half_written(
        self, owner: Connection, serve: Serve
    ) -> None:
        _owner(owner)
        serve(FakeWriter(OperatorNeeded("the model's server answered HTTP 401: Incorrect API key provided.")))
        state = await generate_weekly_content.fn()
        assert state.name == "Failed"
        assert state.message is not None
        assert state.message.startswith("A person has to mend this: the model's server answered HTTP 401")
        assert "\n" not in state.message
        assert _count(owner, "post_queue") == 0
        assert _count(owner, "content_generations") == 0

    @pytest.mark.parametrize(("key", "name"), [(None, "Completed"), ("a-wrong-key", "Failed")])
    async def test_a_refused_photo_key_is_for_a_person_only_where_one_is_set(
        self, owner: Connection, serve: Serve, monkeypatch: pytest.MonkeyPatch, key: str | None, name: str
    ) -> None:
        _owner(owner)
        if key is not None:
            monkeypatch.setenv("POSTAGENT_PEXELS_API_KEY", key)
            settings.cache_clear()
        serve(FakeWriter(), FakePhotos(error=OperatorNeeded("Pexels answered HTTP 401: no")))
        state = await generate_weekly_content.fn()
        assert state.name == name
        assert "see POSTAGENT_PEXELS_API_KEY" in str(state.message)
        assert "a-wrong-key" not in str(state.message)
        assert _count(owner, "post_queue WHERE platform <> 'instagram'") >= 6
        assert _count(owner, "post_queue WHERE platform = 'instagram'") == 0

    async def test_collecting_alone_serves_nobody_else_and_is_a_job_of_its_own(
        self, owner: Connection, serve: Serve
    ) -> None:
        _owner(owner)
        state = await generate_weekly_content.fn(only_batches=True)
        assert (state.name, _count(owner, "post_queue")) == ("Completed", 0)
        assert owner.execute("SELECT job FROM job_runs").fetchall() == [("collect-batches",)]

    @pytest.mark.parametrize(
        ("asked", "line"),
        [
            (("nonsense",), "user_id 'nonsense' is not the id of a user: it looks like 123e4567-"),
            ((str(UUID(int=5)),), f"There is no user with the id {UUID(int=5)}"),
            ((None, date(2026, 11, 24)), "week_start must be a Monday: 2026-11-24 is a Tuesday"),
        ],
    )
    async def test_a_wrong_request_is_one_line_and_no_stain_on_the_job(
        self, owner: Connection, serve: Serve, asked: tuple[Any, ...], line: str
    ) -> None:
        _owner(owner)
        state = await generate_weekly_content.fn(*asked)
        assert state.name == "Failed"
        assert str(state.message).startswith(line)
        assert _count(owner, "post_queue") == 0
        assert _count(owner, "job_runs") == 0

    async def test_a_paused_owner_is_a_success_that_writes_nothing(self, owner: Connection, serve: Serve) -> None:
        paused = _owner(owner, status="paused")
        state = await generate_weekly_content.fn(str(paused.user_id))
        assert state.name == "Completed"
        assert _count(owner, "post_queue") == 0
