"""Connecting through the real routes, the real guard and the sandbox's dialogs."""

from __future__ import annotations

from typing import Any

import psycopg

from tests.dashboards.connecting.walk import Walk

Connection = psycopg.Connection[Any]


def rows(owner: Connection, columns: str = "account_id, account_name, status, login_provider") -> list[Any]:
    return owner.execute(f"SELECT {columns} FROM connected_accounts ORDER BY account_name".encode()).fetchall()


def test_google(owner: Connection, walk: Walk) -> None:
    place = walk.sandbox.account("google", "Bob's South", city="Austin", address="1 Main St").account_id
    answer = walk.connect("google", place)
    assert (answer.status_code, answer.headers["location"]) == (303, "/accounts?done=connected")
    assert rows(owner) == [(place, "Bob's South", "active", None)]


def test_facebook(owner: Connection, walk: Walk) -> None:
    page = walk.sandbox.account("facebook", "Bob's Page").account_id
    answer = walk.connect("facebook", page)
    assert answer.status_code == 303, answer.text
    assert rows(owner) == [(page, "Bob's Page", "active", None)]


def test_instagram(owner: Connection, walk: Walk) -> None:
    page = walk.sandbox.account("instagram", "Bob").account_id
    answer = walk.connect("instagram", page)
    assert answer.status_code == 303, answer.text
    assert rows(owner) == [(page, "@bob", "active", "instagram")]


def test_instagram_facebook(owner: Connection, walk: Walk) -> None:
    made = walk.sandbox.control("POST", "accounts", {"platform": "instagram", "name": "Bob", "login": "facebook"})
    answer = walk.connect("instagram-facebook", made["linked_id"])
    assert answer.status_code == 303, answer.text
    assert rows(owner) == [(made["account_id"], "@bob", "active", "facebook")]
