"""A refresher in a process of its own, for tests that race or kill it.

python -m tests.tasks.tokens.refresher callers NOW NUMBER ACCOUNT   so many threads, each with an event loop of its own,
    say "ready", wait for a line, and want the account's token at once; prints the SHA-256 of what each was given
python -m tests.tasks.tokens.refresher dies NOW SECONDS ACCOUNT...  renews, holding the accounts for SECONDS; says
    "answered" when all platforms have answered and nothing is written yet, and waits to be killed
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

from platforms.base import Account, Tokens
from tasks import tokens
from tasks.tokens import StoredAccount, renewal


def callers(account: UUID, number: int, now: datetime) -> None:
    """Threads that know nothing of each other."""
    together = threading.Barrier(number + 1)

    def caller(_: int) -> str:
        together.wait(60)
        given = asyncio.run(tokens.account_for_call(account, now=now))
        return hashlib.sha256(given.access_token.get_secret_value().encode()).hexdigest()

    with ThreadPoolExecutor(number) as pool:
        given = [pool.submit(caller, index) for index in range(number)]
        print("ready", flush=True)
        sys.stdin.readline()
        together.wait(60)
        for one in given:
            print(one.result())


async def dies(accounts: list[UUID], seconds: float, now: datetime) -> None:
    """Stops between the platforms' answers and our writes."""
    answers = asyncio.Barrier(len(accounts))

    async def never(stored: StoredAccount, account: Account, tokens: Tokens, now: datetime) -> renewal.Renewal:
        if await answers.wait() == 0:
            print("answered", flush=True)
        await asyncio.sleep(600)
        raise AssertionError("it should have been killed")

    renewal.LEASE = timedelta(seconds=seconds)
    renewal._save = never
    rows = [await tokens.stored_account(account) for account in accounts]
    await asyncio.gather(*(renewal.renew(row, None, now) for row in rows))


if __name__ == "__main__":
    what, at, number, *which = sys.argv[1:]
    moment, ids = datetime.fromisoformat(at), [UUID(one) for one in which]
    if what == "callers":
        callers(ids[0], int(number), moment)
    else:
        asyncio.run(dies(ids, float(number), moment))
