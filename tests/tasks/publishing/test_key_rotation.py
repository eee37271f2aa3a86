"""Keys rotate while posts go out and tokens are renewed: no call fails, and the old key can be dropped afterwards."""

from __future__ import annotations

import asyncio
import threading
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from pydantic import SecretStr

from models.base import utc_now
from models.crypto import KeyRing
from models.database import Role, connect
from models.key_rotation import key_uses, rotate
from models.settings import settings
from tasks.tokens import access, account_from_row, stored_account
from tasks.tokens.batch import accounts_due, refreshing
from tasks.tokens.renewal import End, renew
from tasks.wiring import open_platforms
from tests.conftest import ENCRYPTION_KEYS as OLD
from tests.factories import Connected, make_post
from tests.tasks.publishing.conftest import Publish, Town, settle

NEW = f"new:{b64encode(bytes(range(32, 64))).decode()}"
NEW_FIRST, OLD_FIRST = (KeyRing.parse(SecretStr(",".join(keys))) for keys in ((NEW, OLD), (OLD, NEW)))

UseKeys = Callable[..., None]


@pytest.fixture
def use_keys(town: Town, monkeypatch: pytest.MonkeyPatch) -> Iterator[UseKeys]:
    """This process's keys, as a start with other settings would have them."""

    def use(*keys: str) -> None:
        monkeypatch.setenv("POSTAGENT_ENCRYPTION_KEYS", ",".join(keys))
        settings.cache_clear()

    yield use
    settings.cache_clear()


@contextmanager
def rotating_to_and_fro() -> Iterator[Counter[str]]:
    """Another process's rotations, one after the other, each to the other key; the last one is to the new key. Counts
    the values that each key sealed."""
    over, counts = threading.Event(), Counter[str]()

    def rotate_on() -> None:
        with connect(Role.OWNER, autocommit=True) as connection:
            while not over.is_set():
                for ring in (OLD_FIRST, NEW_FIRST):
                    counts[ring.key_ids[0]] += rotate(connection, ring, patience=0.0).resealed
                    over.wait(0.05)
            counts["new"] += rotate(connection, NEW_FIRST, patience=30.0).resealed

    thread = threading.Thread(target=rotate_on)
    thread.start()
    try:
        yield counts
    finally:
        over.set()
        thread.join()


def keys_in_use(town: Town) -> set[str | None]:
    return {use.key_id for use in key_uses(town.db)}


def calls(town: Town) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = town.sandbox.control("GET", "calls?last=1000")
    return found


def seconds_of_posts(town: Town, account: Connected, number: int, *, first: float, last: float) -> list[UUID]:
    """Posts of an account that fall due between `first` and `last` seconds from now."""
    step = (last - first) / max(number - 1, 1)
    picture = f"{town.sandbox.url}/_sandbox/pictures/1080x1080/pipes.jpg" if account.platform == "instagram" else None
    return [
        make_post(
            town.db,
            town.owner,
            account,
            media_url=picture,
            scheduled_for=utc_now() + timedelta(seconds=first + index * step),
        )
        for index in range(number)
    ]


async def test_posts_go_out_and_tokens_are_renewed_while_keys_rotate(
    town: Town, publish: Publish, use_keys: UseKeys
) -> None:
    use_keys(OLD, NEW)  # a worker that was started before the new key became the first one
    ending = [town.connect("google", name=f"Ends {n}", token_life_seconds=60.0) for n in range(6)]
    everywhere = [*ending, town.accounts["facebook"], town.accounts["instagram"]]
    posts = [post for account in everywhere for post in seconds_of_posts(town, account, 3, first=0.3, last=2.5)]
    idle = [town.connect("google", name=f"Idle {n}", token_life_seconds=60.0) for n in range(6)]

    async def renew_ahead() -> Counter[End]:
        """What was rotated between its reading and its renewal is done "elsewhere", and due again at once."""
        ends, ids = Counter[End](), {account.id for account in idle}
        async with open_platforms(settings()) as platforms:
            while mine := [stored for stored in accounts_due(utc_now()) if stored.id in ids]:
                ends += (await refreshing(platforms, utc_now()).run(mine, at_once=2)).ends
        return ends

    with rotating_to_and_fro() as counts:
        _, renewed = await asyncio.gather(publish(3.5), renew_ahead())
        for post in posts:  # on a very slow machine the window's end may come first
            await settle(town, publish, post)
    assert {town.row(post)["status"] for post in posts} == {"published"}
    assert [town.attempts(post) for post in posts] == [["published"]] * len(posts)
    assert not [call for call in calls(town) if call["status"] >= 400]
    assert min(counts.values()) > 20  # it did happen meanwhile
    assert set(renewed) <= {End.REFRESHED, End.ELSEWHERE}
    assert renewed[End.REFRESHED] == len(idle)
    assert town.db.execute(
        "SELECT count(*) FROM connected_accounts WHERE id = ANY(%s) AND token_expires_at > now() + interval '50 min'",
        ([account.id for account in ending],),
    ).fetchone() == (6,)

    assert keys_in_use(town) == {"new"}
    use_keys(NEW)
    last = [post for account in everywhere for post in seconds_of_posts(town, account, 1, first=-1, last=-1)]
    assert (await publish()).counts["published"] == len(last)
    assert not [call for call in calls(town) if call["status"] >= 400]


async def test_a_token_that_the_platform_refuses_is_replaced_while_keys_rotate(
    town: Town, publish: Publish, use_keys: UseKeys
) -> None:
    use_keys(OLD, NEW)
    accounts = [town.connect("google", name=f"Refused {n}") for n in range(6)]
    for account in accounts:
        town.sandbox.control("POST", "tokens", {"account_id": account.account_id, "state": "expired"})
    posts = [post for account in accounts for post in seconds_of_posts(town, account, 1, first=-1, last=-1)]
    with rotating_to_and_fro():
        for post in posts:
            await settle(town, publish, post)
    assert {town.row(post)["status"] for post in posts} == {"published"}
    assert town.db.execute("SELECT DISTINCT status FROM connected_accounts").fetchall() == [("active",)]
    assert keys_in_use(town) == {"new"}


async def test_a_refused_token_that_was_only_sealed_again_is_not_taken_for_another_one(
    town: Town, use_keys: UseKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rotation between the reading of the row and the lease for its renewal."""
    use_keys(OLD, NEW)
    account = town.connect("google", name="Refused")
    town.sandbox.control("POST", "tokens", {"account_id": account.account_id, "state": "expired"})
    refused = account_from_row(await stored_account(account.id))

    async def rotated_first(*arguments: Any) -> Any:
        monkeypatch.setattr(access, "renew", renew)
        with connect(Role.OWNER, autocommit=True) as connection:
            assert rotate(connection, NEW_FIRST).resealed
        return await renew(*arguments)

    monkeypatch.setattr(access, "renew", rotated_first)
    async with open_platforms(settings()) as platforms:
        fresh = await access.replace_rejected(account.id, refused, platforms=platforms)
    assert fresh.access_token != refused.access_token


async def test_posts_wait_for_a_worker_that_has_the_key_and_nothing_is_lost(
    town: Town, publish: Publish, use_keys: UseKeys
) -> None:
    """The order of steps was not kept: a worker meets envelopes of a key that it does not know."""
    with psycopg.connect(town.database_url, autocommit=True) as connection:
        rotate(connection, NEW_FIRST)
    use_keys(OLD)
    posts = [town.post(platform) for platform in town.accounts]
    report = await publish()
    assert report.counts["operator"] == 3
    (message,) = {result.message.split(" needs ")[1] for result in report.results}
    assert message.startswith("the encryption key 'new', which POSTAGENT_ENCRYPTION_KEYS does not hold; add it")
    assert {(town.row(post)["status"], town.row(post)["retry_count"]) for post in posts} == {("pending", 0)}
    assert town.db.execute("SELECT DISTINCT status FROM connected_accounts").fetchall() == [("active",)]
    town.db.execute("UPDATE post_queue SET next_attempt_at = NULL")
    use_keys(OLD, NEW)
    assert (await publish()).counts["published"] == 3
