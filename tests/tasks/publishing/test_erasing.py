"""An owner is deleted while their posts go out: what is under way is seen to its end, nothing goes out afterwards."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import Any

import psycopg
import pytest

from models.base import utc_now
from models.settings import settings
from platforms.base import Published
from tasks.owners.erasing import Erased, erase
from tasks.publishing.store import LeaseLost, Store
from tests.factories import make_account, make_owner, make_post
from tests.tasks.publishing.conftest import Publish, Town
from tests.tasks.publishing.test_preparations import handles, unseen


async def until(town: Town, question: str) -> None:
    """Wait for the database to say yes."""
    while town.db.execute(question.encode()).fetchone() != (True,):
        await asyncio.sleep(0.02)


def rows_left(town: Town) -> int:
    row = town.db.execute("SELECT count(*) FROM users WHERE id = %s", (town.owner.user_id,)).fetchone()
    assert row is not None
    return int(row[0])


async def test_a_call_under_way_is_seen_to_its_end_and_nothing_follows(
    town: Town, publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    going = town.post("google", content="On its way.")
    for number in range(3):
        town.post("google", content=f"Never {number}.", due=1.5)
    neighbour = make_owner(town.db)
    theirs = town.connect("facebook", neighbour, name="Neighbour")
    make_post(town.db, neighbour, theirs, content="Next door.", status="approved", scheduled_for=utc_now())
    town.sandbox.fault(service="google", operation="create", kind="latency", seconds=1.0)
    window = asyncio.create_task(publish(4.0))
    await until(town, f"SELECT EXISTS (SELECT FROM publish_attempts WHERE post_id = '{going}' AND finished_at IS NULL)")

    erased = await erase(settings(), town.owner.user_id)

    assert (erased.is_gone, rows_left(town)) == (True, 0)
    assert town.live("google") == ["On its way."]
    report = await window
    assert town.live("google") == ["On its way."]
    assert report.counts["published"] == 2, "what was under way, and the neighbour's"
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_what_was_made_ahead_is_deleted_at_the_platform(town: Town, publish: Publish) -> None:
    post = town.post("facebook", due=300, content="Soon.")
    await publish(1.0)
    assert handles(town, post)
    assert unseen(town) == ["Soon."]
    assert (await erase(settings(), town.owner.user_id)).is_gone
    assert unseen(town) == []


async def test_a_worker_that_holds_a_claim_ends_cleanly_and_its_neighbours_go_on(
    database_url: str, owner: psycopg.Connection[Any]
) -> None:
    leaving, staying = make_owner(owner), make_owner(owner)
    for person in (leaving, staying):
        account = make_account(owner, person)
        for _ in range(2):
            make_post(owner, person, account, status="approved")
    owner.execute("UPDATE post_queue SET scheduled_for = now() - interval '1 second'")
    async with Store.open(database_url, worker="one", lease_seconds=60) as store:
        claims = await store.claim(batch=10, ahead=0, share=10, missed=86_400)
        assert len(claims) == 4
        assert (await erase(settings(), leaving.user_id)).is_gone, "claimed only: nobody is waited for"
        answers = await asyncio.gather(
            *(store.write_intent(claim, margin=1) for claim in claims), return_exceptions=True
        )
        lost = [claim.user_id for claim, answer in zip(claims, answers, strict=True) if isinstance(answer, LeaseLost)]
        assert lost == [claim.user_id for claim in claims if claim.user_id == leaving.user_id]
        assert len(lost) == 2
        for claim in claims:
            if claim.user_id == leaving.user_id:
                with pytest.raises(LeaseLost):
                    await store.remember(claim, "container", "1")
                with pytest.raises(LeaseLost):
                    await store.published(claim, Published(platform_post_id="1"), reason="late")
            else:
                await store.published(claim, Published(platform_post_id=str(claim.id)), reason="published")


@pytest.mark.parametrize("seed", range(6))
async def test_no_call_is_ever_made_for_somebody_who_is_gone(
    database_url: str, owner: psycopg.Connection[Any], seed: int
) -> None:
    """Three workers and an erasure that begins at any moment: whoever has an intent still has an owner at its end."""
    chance = random.Random(seed)
    leaving, staying = make_owner(owner), make_owner(owner)
    accounts = {person.user_id: make_account(owner, person) for person in (leaving, staying)}
    for person in (leaving, staying):
        for _ in range(25):
            make_post(owner, person, accounts[person.user_id], status="approved")
    owner.execute("UPDATE post_queue SET scheduled_for = now() - interval '1 second'")
    gone = asyncio.Event()
    calls: list[bool] = []

    async def work(store: Store) -> None:
        async def one(claim: Any) -> None:
            await asyncio.sleep(chance.random() * 0.02)
            try:
                await store.write_intent(claim, margin=1)
                await asyncio.sleep(chance.random() * 0.03)  # the call
                if claim.user_id == leaving.user_id:
                    calls.append(gone.is_set())
                await store.published(claim, Published(platform_post_id=str(claim.id)), reason="published")
            except LeaseLost:
                assert claim.user_id == leaving.user_id

        while claims := await store.claim(batch=6, ahead=0, share=6, missed=86_400):
            await asyncio.gather(*map(one, claims))

    async def leave() -> Erased:
        await asyncio.sleep(chance.random() * 0.15)
        erased = await erase(settings(), leaving.user_id)
        gone.set()
        return erased

    async with Store.open(database_url, worker="one", lease_seconds=60) as store:
        leaves = asyncio.create_task(leave())
        await asyncio.gather(*(work(store) for _ in range(3)))
        erased = await leaves
    assert erased.is_gone
    assert not any(calls)
    left = owner.execute("SELECT status, count(*) FROM post_queue GROUP BY status").fetchall()
    assert left == [("published", 25)], "the neighbour's, all of them"
