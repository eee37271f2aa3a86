"""What one worker writes at the same moment never stands in its own way."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg

from models.base import utc_now
from platforms.base import Published
from tasks.publishing.store import Store
from tests.factories import make_account, make_owner, make_post

POSTS = 120


async def test_results_and_renewals_of_the_same_posts_never_deadlock(
    database_url: str, owner: psycopg.Connection[Any]
) -> None:
    """A deadlock costs a second until PostgreSQL notices, and everybody behind it is late."""
    person = make_owner(owner)
    account = make_account(owner, person)
    for _ in range(POSTS):
        make_post(owner, person, account, scheduled_for=utc_now())
    async with Store.open(database_url, worker="one", lease_seconds=60) as store:
        claims = await store.claim(batch=POSTS, ahead=0, share=POSTS, missed=86_400)
        assert len(claims) == POSTS
        done = asyncio.Event()

        async def keep() -> None:
            while not done.is_set():
                await store.rows(
                    "renew_leases",
                    ids=[c.id for c in reversed(claims)],
                    tokens=[c.lease_token for c in reversed(claims)],
                    lease=60.0,
                )

        keeping = [asyncio.create_task(keep()) for _ in range(3)]
        try:
            for start in range(0, POSTS, 40):
                await asyncio.gather(
                    *(
                        store.published(claim, Published(platform_post_id=f"page_{claim.id}"), reason="published")
                        for claim in claims[start : start + 40]
                    )
                )
        finally:
            done.set()
            ends = await asyncio.gather(*keeping, return_exceptions=True)
    assert ends == [None] * 3  # not DeadlockDetected
    row = owner.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()
    published = owner.execute("SELECT count(*) FROM post_queue WHERE status = 'published'").fetchone()
    assert (row, published) == ((0,), (POSTS,))
