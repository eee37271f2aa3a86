"""The demo: a dozen different businesses, made once, with a history that the sandbox confirms."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from pydantic import SecretStr

from models import database
from models.account_tokens import open_access_token
from models.crypto import KeyRing, generate_key
from models.passwords import check_password, verify_password
from models.plan_rights import PLANS
from models.settings import settings
from ops.demo.businesses import BUSINESSES, PASSWORD, demo_logins
from ops.demo.seed import seed_demo
from ops.errors import OpsError
from ops.stack.environment import sandbox_environment
from tests.databases import Databases
from tests.sandbox_server import Server


@dataclass(frozen=True, slots=True)
class Made:
    """The demo data, made once for the tests that only look at them."""

    connection: psycopg.Connection[Any]
    truth: dict[str, Any]  # what the sandbox says is there
    keys: KeyRing

    def all(self, statement: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(statement.encode()).fetchall()


def point_at(patch: pytest.MonkeyPatch, sandbox: Server) -> None:
    """The settings as `up` sets them."""
    for name, value in sandbox_environment(sandbox.url).items():
        patch.setenv(name, value)
    settings.cache_clear()


@pytest.fixture(scope="module")
def made(databases: Databases, _running_sandbox: Server) -> Iterator[Made]:
    keys = generate_key()
    _running_sandbox.control("POST", "reset")
    with databases.copied() as url:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("POSTAGENT_DATABASE_URL", url)
            patch.setenv("POSTAGENT_ENCRYPTION_KEYS", keys)
            point_at(patch, _running_sandbox)
            database.close_engines()
            assert asyncio.run(seed_demo()) == len(BUSINESSES)
            database.close_engines()
        settings.cache_clear()
        with psycopg.connect(url, autocommit=True) as connection:
            truth = _running_sandbox.control("GET", "truth")["accounts"]
            yield Made(connection, truth, KeyRing.parse(SecretStr(keys)))


def counts(owner: psycopg.Connection[Any]) -> tuple[int, ...]:
    row = owner.execute(
        "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM businesses), "
        "(SELECT count(*) FROM user_preferences), (SELECT count(*) FROM connected_accounts), "
        "(SELECT count(*) FROM post_queue)"
    ).fetchone()
    assert row is not None
    return tuple(row)


def test_the_businesses_differ_in_trade_town_zone_and_plan() -> None:
    assert len(BUSINESSES) == 12
    assert len({business.trade for business in BUSINESSES}) == 12
    assert len({business.city for business in BUSINESSES}) == 12
    assert len({business.zone for business in BUSINESSES}) >= 7
    assert {business.plan for business in BUSINESSES} == set(PLANS)
    assert [plan for plan, _, _ in demo_logins()] == ["starter", "pro", "premium", "trial"]


@pytest.mark.parametrize("business", BUSINESSES, ids=lambda business: business.name)
def test_a_business_keeps_to_its_plan_and_to_names_that_belong_to_nobody(business: Any) -> None:
    rights = PLANS["pro"] if business.status == "trial" else PLANS[business.plan]
    assert business.frequency <= rights.posts_per_week
    assert business.email.endswith(".example")
    ZoneInfo(business.zone)
    check_password(SecretStr(PASSWORD), email=business.email)


async def test_made_again_only_what_is_missing_is_made(
    sandbox: Server, owner: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    point_at(monkeypatch, sandbox)
    assert await seed_demo() == 12
    first = counts(owner)
    assert first[:3] == (12, 12, 12)
    assert first[3] == sum(len(business.platforms) for business in BUSINESSES) == len(sandbox.world.accounts)
    assert first[4] > 400
    assert await seed_demo() == 0
    assert counts(owner) == first

    # As if it had been killed before the last owner was committed.
    owner.execute("DELETE FROM users WHERE email = %s", (BUSINESSES[0].email,))
    assert await seed_demo() == 1
    assert counts(owner)[:4] == first[:4]
    assert len(sandbox.world.accounts) == first[3]


def test_every_past_post_is_live_in_the_sandbox_under_its_id(made: Made) -> None:
    live = {post["id"]: post["text"] for account in made.truth.values() for post in account["posts"] if post["visible"]}
    rows = made.all("SELECT platform_post_id, content, hashtags FROM post_queue WHERE status = 'published'")
    assert {post_id for post_id, _, _ in rows} == set(live)
    for post_id, content, hashtags in rows:
        assert live[post_id].startswith(content)
        assert all(f"#{tag}" in live[post_id] for tag in hashtags or ())


def test_owners_log_in_with_the_password_that_up_prints(made: Made) -> None:
    hashes = [hashed for (hashed,) in made.all("SELECT password_hash FROM users")]
    assert len(set(hashes)) == 12
    assert verify_password(hashes[0], SecretStr(PASSWORD))


def test_every_token_opens_and_is_one_of_the_account_in_the_sandbox(made: Made) -> None:
    rows = made.all("SELECT id, user_id, access_token_encrypted FROM connected_accounts")
    tokens = {
        open_access_token(made.keys, text, row_id=row, user_id=user).get_secret_value() for row, user, text in rows
    }
    assert len(tokens) == len(rows) == len(made.truth)


def test_only_starter_owners_have_posts_due_in_the_first_two_minutes(made: Made) -> None:
    rows = made.all(
        "SELECT u.plan_tier, u.status, p.requires_approval, p.scheduled_for < p.created_at + interval '2 minutes' "
        "FROM post_queue p JOIN users u ON u.id = p.user_id WHERE p.status = 'pending'"
    )
    assert Counter(rows) == {("starter", "active", False, True): 8}


def test_no_business_says_the_same_twice(made: Made) -> None:
    assert made.all("SELECT user_id, content FROM post_queue GROUP BY 1, 2 HAVING count(*) > 1") == []


def test_the_history_says_where_it_comes_from(made: Made) -> None:
    told = made.all("SELECT DISTINCT actor, reason FROM post_events ORDER BY 2")
    assert told == [("demo", "demo history"), ("demo", "demo post")]


@pytest.mark.usefixtures("database_url")
async def test_without_a_sandbox_there_is_no_demo() -> None:
    with pytest.raises(OpsError, match="Demo data needs the sandbox"):
        await seed_demo()
