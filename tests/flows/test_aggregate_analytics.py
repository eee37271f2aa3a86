"""The deployment: what a run is called, what it tells, and when it is Failed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.logging import disable_run_logger

from flows.aggregate_analytics import aggregate_analytics
from tasks.analytics import batch
from tests.tasks.house import House, house

__all__ = ["house"]

HOUR = timedelta(hours=1)


@pytest.mark.usefixtures("prefect_harness")
async def test_a_run_says_what_and_when(house: House) -> None:
    house.publish(house.connect("facebook", name="Good"), HOUR, 2 * HOUR)
    house.connect("google")
    held = house.connect("instagram", name="Held", status="expired", status_reason="Please connect Instagram again.")
    house.publish(held, HOUR)
    state = await aggregate_analytics(return_state=True)
    assert (state.name, state.message) == (
        "Completed",
        "2 snapshots of 2 posts, 1 location; 1 account not connected",
    )
    run_id = state.state_details.flow_run_id
    assert run_id is not None
    async with get_client() as client:
        run = await client.read_flow_run(run_id)
        of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run.id]))
        artifacts = await client.read_artifacts(artifact_filter=of_run)
    assert run.name.startswith("aggregate analytics 20")
    (table,) = [artifact for artifact in artifacts if artifact.type == "table"]
    assert table.key == "collected-numbers"
    assert '"account": "Good"' in str(table.data)
    assert "Please connect Instagram again." in str(table.data)
    (job,) = house.rows("SELECT job, succeeded, summary FROM job_runs")
    assert job == {"job": "aggregate-analytics", "succeeded": True, "summary": state.message}


class TestInProcess:
    """The flow's own lines, without a server."""

    @pytest.fixture(autouse=True)
    def _no_server(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        for name in ("take_due_snapshots", "read_locations", "roll_up_moved_days"):
            monkeypatch.setattr(f"flows.aggregate_analytics.{name}", getattr(batch, name).fn)
        with disable_run_logger():
            yield

    async def test_nothing_to_do_is_a_success_that_says_so(self, house: House) -> None:
        state = await aggregate_analytics.fn()
        assert (state.name, state.message) == ("Completed", "no numbers were due")

    async def test_our_own_mistake_is_a_failed_run_with_one_line(self, house: House) -> None:
        account = house.connect("facebook")
        house.publish(account, HOUR)
        house.change(account, access_token_encrypted="EAAplaintext")
        state = await aggregate_analytics.fn()
        assert state.name == "Failed"
        assert str(state.message).startswith("A person has to mend this: Facebook: connected_accounts.")
        assert "EAAplaintext" not in str(state.message)
        assert "\n" not in str(state.message)
