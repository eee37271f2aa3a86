"""`postagent users facts`: what an owner states, and reviews, from the command line."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest

from ops.cli import main
from tests.factories import make_owner

Connection = psycopg.Connection[Any]


def _add(text: str, *more: str, user: str = "dana@example.com") -> int:
    return main(["users", "facts", "add", text, "--user", user, *more])


def test_facts_and_reviews_are_kept_listed_and_removed(owner: Connection, capsys: pytest.CaptureFixture[str]) -> None:
    someone = make_owner(owner, email="dana@example.com", business_name="Hill Plumbing")
    assert _add(" Drain cleaning from $89. ", user="DANA@example.com") == 0
    assert _add("They came on a Sunday.", "--kind", "review", "--author", "Maria G.") == 0
    rows = owner.execute("SELECT user_id, business_id, kind, text, author FROM business_facts ORDER BY kind").fetchall()
    assert rows == [
        (someone.user_id, someone.business_id, "fact", "Drain cleaning from $89.", None),
        (someone.user_id, someone.business_id, "review", "They came on a Sunday.", "Maria G."),
    ]
    capsys.readouterr()
    assert main(["users", "facts", "list", "--user", "dana@example.com"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [re.sub(r"^\S{36}  ", "", line) for line in listed] == [
        "fact    Drain cleaning from $89.",
        "review  They came on a Sunday. - Maria G.",
    ]
    assert main(["users", "facts", "remove", listed[0][:36], "--user", "dana@example.com"]) == 0
    assert capsys.readouterr().out.startswith("Removed fact ")
    assert owner.execute("SELECT kind FROM business_facts").fetchall() == [("review",)]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["x", "--kind", "rumor"], "'rumor' is unknown: choose fact or review"),
        (["  "], "The text is empty"),
        (["x" * 1001], "The text has 1,001 characters, at most 1,000"),
        (["x", "--author", "Maria"], "--author is for reviews"),
        (["x", "--kind", "review", "--author", " "], "--author is empty"),
        (["Two brothers and a van."], "This fact is there already"),
    ],
)
def test_what_cannot_be_right_is_one_line(
    owner: Connection, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    make_owner(owner, email="dana@example.com")
    assert _add("Two brothers and a van.") == 0
    capsys.readouterr()
    assert _add(arguments[0], *arguments[1:]) == 1
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert owner.execute("SELECT count(*) FROM business_facts").fetchone() == (1,)


def test_nobody_removes_what_belongs_to_somebody_else(owner: Connection, capsys: pytest.CaptureFixture[str]) -> None:
    make_owner(owner, email="dana@example.com")
    make_owner(owner, email="eve@example.com", business_name="Eve's Bakery")
    assert _add("Two brothers and a van.") == 0
    fact = owner.execute("SELECT id::text FROM business_facts").fetchone()
    assert fact is not None
    for wanted, told in ((fact[0], "Eve's Bakery has no fact or review"), ("7", "'7' is not an id")):
        assert main(["users", "facts", "remove", wanted, "--user", "eve@example.com"]) == 1
        assert told in capsys.readouterr().err
    assert main(["users", "facts", "list", "--user", "eve@example.com"]) == 0
    assert capsys.readouterr().out == "Eve's Bakery has no facts and no reviews yet\n"


def test_an_unknown_owner_is_named(owner: Connection, capsys: pytest.CaptureFixture[str]) -> None:
    assert _add("x", user="nobody@example.com") == 1
    assert capsys.readouterr().err == "There is no user nobody@example.com\n"
