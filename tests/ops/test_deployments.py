"""prefect.yaml is read, not repeated."""

from __future__ import annotations

import importlib
from datetime import timedelta

import pytest
import yaml

from ops.deployments import FILE, deployments, find, period
from ops.errors import OpsError


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ({"interval": 150}, timedelta(seconds=150)),
        ({"cron": "* * * * *"}, timedelta(minutes=1)),
        ({"cron": "5 * * * *"}, timedelta(hours=1)),
        ({"cron": "5 4 * * *"}, timedelta(days=1)),
        ({"cron": "0 18 * * 0"}, timedelta(days=7)),
        ({"cron": "0 6 1 * *"}, timedelta(days=31)),
        ({"cron": "0 6 1 1 *"}, timedelta(days=366)),
    ],
)
def test_the_longest_time_between_two_runs_follows_from_the_schedule(
    schedule: dict[str, object], expected: timedelta
) -> None:
    assert period(schedule) == expected


@pytest.mark.parametrize("deployment", deployments(), ids=lambda d: d.name)
def test_a_deployment_is_named_like_its_flow_which_can_be_imported(deployment: object) -> None:
    flow = getattr(importlib.import_module(deployment.module), deployment.function)  # type: ignore[attr-defined]
    assert flow.name == deployment.name  # type: ignore[attr-defined]


def test_two_publishing_windows_are_open_at_any_time() -> None:
    from models.settings import Settings

    window = timedelta(seconds=Settings.model_fields["publish_window_seconds"].default)
    assert find("publish-due-posts").period * 2 <= window


def test_every_schedule_has_a_comment_that_says_why() -> None:
    lines = FILE.read_text(encoding="utf-8").splitlines()
    schedules = [number for number, line in enumerate(lines) if line.strip() == "schedules:"]
    assert len(schedules) == len(yaml.safe_load("\n".join(lines))["deployments"])
    for number in schedules:
        assert lines[number + 1].strip().startswith("# "), lines[number + 1]


def test_a_schedule_that_does_a_part_of_the_work_does_not_count_as_the_period() -> None:
    assert find("generate-weekly-content").period == timedelta(days=7)


def test_an_unknown_flow_is_refused_with_the_known_ones() -> None:
    with pytest.raises(OpsError, match=r"no flow 'publish'; the flows are publish-due-posts, generate-weekly-content"):
        find("publish")
