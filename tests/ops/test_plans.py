"""`postagent users plan`: the way in which a plan is changed by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from models.base import utc_now
from ops.cli import main
from tests.factories import make_owner

Connection = psycopg.Connection[Any]


def plans(owner: Connection) -> list[tuple[str, str]]:
    return owner.execute("SELECT plan_tier, status FROM users ORDER BY email").fetchall()


def test_a_plan_is_set_and_a_trial_becomes_active(owner: Connection, capsys: pytest.CaptureFixture[str]) -> None:
    make_owner(owner, email="dana@example.com", plan="starter", status="trial", trial_ends_at=utc_now())
    make_owner(owner, email="eve@example.com", plan="pro", trial_ends_at=utc_now() + timedelta(days=1))
    assert main(["users", "plan", "premium", "--user", "DANA@example.com"]) == 0
    assert capsys.readouterr().out == "dana@example.com: premium, active (was starter, trial)\n"
    assert plans(owner) == [("premium", "active"), ("pro", "active")]
    assert main(["users", "plan", "pro", "--user", "dana@example.com", "--status", "paused"]) == 0
    assert main(["users", "plan", "starter", "--user", "dana@example.com"]) == 0
    assert plans(owner)[0] == ("starter", "paused"), "a pause is not ended by another plan"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["gold", "--user", "dana@example.com"], "There is no plan 'gold': choose one of starter, pro, premium"),
        (["pro", "--user", "dana@example.com", "--status", "gone"], "There is no user status 'gone'"),
        (["pro", "--user", "nobody@example.com"], "There is no user nobody@example.com"),
    ],
)
def test_what_cannot_be_right_is_one_line(
    owner: Connection, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    make_owner(owner, email="dana@example.com", plan="starter")
    assert main(["users", "plan", *arguments]) == 1
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert plans(owner) == [("starter", "active")]
