"""Verdicts by the age of work done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ops.deployments import Deployment
from ops.health import Status, judge, told_age

HOURLY = Deployment(name="aggregate-analytics", module="m", function="f", period=timedelta(hours=1))
RUN = timedelta(minutes=15)
LIMIT = 3600 + 900 + 120


def row(**given: Any) -> dict[str, Any]:
    return {
        "success_age": None, "running_age": None, "first_age": None, "last_succeeded": None, "last_summary": None
    } | given  # fmt: skip


@pytest.mark.parametrize(
    ("line", "house_age", "well", "words"),
    [
        (row(success_age=10.0, last_succeeded=True), 10.0, True, "as it should be"),
        (row(success_age=LIMIT - 1.0, last_succeeded=True), 9e4, True, "as it should be"),
        (row(success_age=10.0, last_succeeded=False), 9e4, True, "as it should be"),
        (row(success_age=LIMIT + 1.0, last_succeeded=True), 9e4, False, "its last success is 77 min old"),
        (row(success_age=9e5, last_succeeded=True, running_age=30.0), 9e5, True, "running"),
        (row(success_age=9e5, last_succeeded=True, running_age=9e4), 9e5, False, "its last success is 10 days old"),
        (row(last_succeeded=False, last_summary="OperatorNeeded"), 10.0, False, "its last run failed (OperatorNeeded)"),
        (None, None, False, "nothing ever ran here"),
        (None, 60.0, True, "waits for its first run"),
        (None, 9e4, False, "it never succeeded, expected every 60 min"),
        (row(running_age=5.0), 5.0, True, "running"),
    ],
)
def test_a_deployment_is_judged_by_what_it_did(
    line: dict[str, Any] | None, house_age: float | None, well: bool, words: str
) -> None:
    job = judge(HOURLY, line, house_age=house_age, longest=RUN)
    assert (job.well, words in job.verdict) == (well, True), job.verdict


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (89, "89 s"), (90, "2 min"), (5400, "2 h"), (172_800, "2 days")]
)
def test_ages_are_told_as_a_person_says_them(seconds: float, words: str) -> None:
    assert told_age(seconds) == words


def status(**queue: int) -> Status:
    numbers = {"overdue": 0, "in_doubt": 0, "failed_last_day": 0} | queue
    well = judge(HOURLY, row(success_age=1.0), house_age=1.0, longest=RUN)
    return Status(queue=numbers, lateness={}, tokens={"expiring": 0, "expired": 3}, pauses=[], keys=[], jobs=[well])


def test_a_failed_post_or_a_doubt_needs_nobody_but_an_overdue_post_does() -> None:
    assert not status(in_doubt=1, failed_last_day=5).needs_a_person
    overdue = status(overdue=2)
    assert overdue.needs_a_person
    assert overdue.troubles[0].startswith("2 posts are overdue")
