"""What a cron job that runs every minute does: everything that came due since the last one, 50 calls at once.

python -m tests.benchmarks.cron_process UNIX_TIME_OF_THE_FULL_MINUTE
"""

from __future__ import annotations

import asyncio
import sys
import time

import aiohttp
import psycopg

from models import database
from models.settings import settings

AT_ONCE = 50


async def run(at: float) -> None:
    """Wait for the full minute, then send."""
    config = settings()
    await asyncio.sleep(max(0.0, at - time.time()))
    url = database.database_url(config)
    async with await psycopg.AsyncConnection.connect(url) as db:
        cursor = await db.execute(
            "SELECT p.id, p.content, a.account_id FROM post_queue p JOIN connected_accounts a ON a.id = p.account_id"
            " WHERE p.content LIKE 'cron %%' AND p.scheduled_for <= to_timestamp(%s)",
            (at,),
        )
        posts = await cursor.fetchall()
        gate = asyncio.Semaphore(AT_ONCE)
        async with aiohttp.ClientSession() as http:

            async def send(content: str, account: str) -> None:
                async with (
                    gate,
                    http.post(
                        f"{config.google_posts_url}/v4/{account}/localPosts", json={"summary": content}
                    ) as answer,
                ):
                    await answer.read()

            await asyncio.gather(*(send(content, account) for _, content, account in posts))


if __name__ == "__main__":
    asyncio.run(run(float(sys.argv[1])))
