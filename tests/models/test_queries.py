"""Every named query fits the migrated schema, as the role that runs it."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest

from models.queries import all_queries, query


@pytest.mark.parametrize("name", sorted(all_queries()))
def test_a_query_can_be_prepared_against_the_migrated_schema(owner: psycopg.Connection[Any], name: str) -> None:
    order: list[str] = []

    def numbered(match: re.Match[str]) -> str:
        if match[1] not in order:
            order.append(match[1])
        return f"${order.index(match[1]) + 1}"

    text = re.sub(r"%\((\w+)\)s", numbered, query(name)).replace("%%", "%")
    owner.execute(f"PREPARE checked AS {text}".encode())


@pytest.mark.parametrize("name", sorted(all_queries()))
def test_a_query_says_what_it_does(name: str) -> None:
    lines = query(name).splitlines()
    assert lines[0] == f"-- {name}"
    assert lines[1].startswith("-- "), f"{name} lacks a description"


def test_an_unknown_query_is_named() -> None:
    with pytest.raises(KeyError, match="no query named 'nonsense'"):
        query("nonsense")
