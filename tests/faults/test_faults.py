"""Exactly once under every fault at once; and a harness that finds duplicates where there are some."""

from __future__ import annotations

import pytest

from tests.faults.harness import run
from tests.faults.plan import BOUNDARIES, Plan
from tests.faults.verdict import VIOLATIONS, Verdict


def told(verdict: Verdict) -> str:
    """What a failing test shows."""
    return "\n".join([str(verdict.violations), str(verdict.figures), *verdict.stories])


@pytest.mark.parametrize("mode", ["prepared", "direct"])
def test_every_post_appears_exactly_once_and_is_reported_rightly_whatever_breaks(mode: str) -> None:
    plan = Plan(posts=150, seed=20261122, seconds=12, workers=3, facebook_mode=mode, life=1.2, patience=75)
    verdict = run(plan)
    assert verdict.violations == dict.fromkeys(VIOLATIONS, 0), told(verdict)
    assert verdict.figures["SIGKILL at a random instant"] + verdict.figures["SIGKILL at a step boundary"] > 5
    assert verdict.figures["database cut off"] + verdict.figures["database crashed"] > 0
    assert verdict.figures["found live after a lost answer"] > 0
    assert verdict.figures["proved absent and sent again"] > 0


def test_the_harness_finds_duplicates_where_nobody_looks() -> None:
    """Reconciliation is switched off in the workers: what is in doubt is sent again. Google cannot notice, and
    Facebook's direct mode neither."""
    plan = Plan(
        posts=40,
        seed=7,
        seconds=3,
        workers=2,
        tenants=6,
        facebook_mode="direct",
        platforms=("google", "facebook"),
        blind=True,
        rate=2.0,
        kills=False,
        database_trouble=False,
        patience=30,
    )
    verdict = run(plan)
    assert verdict.violations["duplicates"] > 0, told(verdict)
    assert verdict.violations["lost"] == 0, told(verdict)
    assert any("duplicates" in story for story in verdict.stories)


def test_every_boundary_is_a_query_or_a_call_that_exists() -> None:
    from models.queries import query
    from platforms.base import Platform

    for boundary in BOUNDARIES:
        side, name = boundary.split(" ")
        assert side in ("before", "after")
        assert hasattr(Platform, name) or query(name)
