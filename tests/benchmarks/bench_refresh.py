"""Renewing thousands of tokens: accounts per second, CPU, memory and calls, beside a bare loop of the same concurrency.

python -m tests.benchmarks.bench_refresh [--accounts 5000] [--repeats 3] [--concurrency 20 100]

Both renew the same Google accounts from the same durable PostgreSQL at the same stub with 100 ms latency, each in a
process of its own, alternating. The bare loop opens, asks, seals and writes, with none of our guarantees: no lease, no
compare-and-set, no report, no breaker. Memory is also measured with a fifth of the accounts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from urllib.request import urlopen
from uuid import UUID, uuid4

import psycopg
from pydantic import SecretStr

from tests.benchmarks.house import KEY, environment, postgres, stub

MODULE = "tests.benchmarks.bench_refresh"


def seed(url: str, accounts: int) -> None:
    """So many accounts whose token ends within minutes, all of one owner."""
    from models.account_tokens import seal_tokens
    from models.base import utc_now
    from models.crypto import key_ring
    from tests.factories import make_owner

    os.environ["POSTAGENT_ENCRYPTION_KEYS"] = KEY
    ring, now = key_ring(), utc_now()
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("DELETE FROM users")
        owner = make_owner(db).user_id
        with db.cursor().copy(
            "COPY connected_accounts (id, user_id, platform, account_id, access_token_encrypted, "
            "refresh_token_encrypted, token_expires_at) FROM STDIN"
        ) as copy:
            for number in range(accounts):
                row, old = uuid4(), SecretStr(f"ya29.old-{number}")
                refresh = SecretStr(f"refresh-{row.hex}")
                sealed = seal_tokens(ring, row_id=row, user_id=owner, access_token=old, refresh_token=refresh)
                copy.write_row(
                    (row, owner, "google", f"accounts/1/locations/{number}", sealed.access_token_encrypted,
                     sealed.refresh_token_encrypted, now + timedelta(minutes=5))
                )  # fmt: skip
        db.execute("VACUUM ANALYZE connected_accounts")


def renewed(url: str) -> int:
    """How many accounts have a token that is good for most of an hour."""
    with psycopg.connect(url) as db:
        row = db.execute(
            "SELECT count(*) FROM connected_accounts WHERE token_expires_at > now() + interval '50 minutes'"
        ).fetchone()
    assert row is not None
    return int(row[0])


async def ours(concurrency: int) -> None:
    """The deployment's round."""
    from models.base import utc_now
    from models.settings import settings
    from tasks.tokens.batch import accounts_due, refreshing
    from tasks.wiring import open_platforms

    now = utc_now()
    due = accounts_due(now)
    async with open_platforms(settings()) as platforms:
        report = await refreshing(platforms, now).run(due, at_once=concurrency)
    assert report.problem is None
    assert not report.left


async def bare(concurrency: int) -> None:
    """The hand-written loop, as wide as told."""
    import aiohttp
    from psycopg_pool import AsyncConnectionPool

    from models import database
    from models.account_tokens import open_refresh_token, seal_tokens
    from models.base import utc_now
    from models.crypto import key_ring
    from models.settings import settings

    config, ring = settings(), key_ring()
    url = database.database_url(config)
    gate = asyncio.Semaphore(concurrency)
    async with (
        AsyncConnectionPool(url, min_size=4, max_size=6, kwargs={"autocommit": True}) as pool,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
    ):

        async def one(row_id: UUID, user_id: UUID, sealed: str) -> None:
            async with gate:
                refresh = open_refresh_token(ring, sealed, row_id=row_id, user_id=user_id)
                assert refresh is not None
                form = {"grant_type": "refresh_token", "client_id": "client", "client_secret": "secret"}
                form["refresh_token"] = refresh.get_secret_value()
                async with http.post(f"{config.google_token_url}/token", data=form) as answer:
                    told = await answer.json()
                fresh = seal_tokens(
                    ring, row_id=row_id, user_id=user_id, access_token=SecretStr(told["access_token"]),
                    refresh_token=None,
                )  # fmt: skip
                async with pool.connection() as db:
                    await db.execute(
                        "UPDATE connected_accounts SET access_token_encrypted = %s, token_expires_at = %s "
                        "WHERE id = %s",
                        (fresh.access_token_encrypted, utc_now() + timedelta(seconds=told["expires_in"]), row_id),
                    )

        async with pool.connection() as db:
            rows = await (
                await db.execute("SELECT id, user_id, refresh_token_encrypted FROM connected_accounts")
            ).fetchall()
        await asyncio.gather(*(one(*row) for row in rows))


WAYS = {"ours": ours, "bare": bare}


def measure(way: str, concurrency: int) -> None:
    """Run in a process of its own; prints one JSON line."""
    import aiohttp  # noqa: F401 - imports are not counted
    import psycopg_pool  # noqa: F401

    import tasks.tokens.batch  # noqa: F401

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began, cpu = time.perf_counter(), time.process_time()
    asyncio.run(WAYS[way](concurrency))
    took, used = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": took, "cpu": used, "peak_mb": peak, "grown_mb": peak - before}))


def once(
    url: str, surroundings: dict[str, str], address: str, way: str, concurrency: int, accounts: int
) -> dict[str, float]:
    """One measured run, and proof that it did the work with one call an account."""
    seed(url, accounts)
    calls_before = sum(calls(address).values())
    command = [sys.executable, "-m", MODULE, "--only", way, str(concurrency)]
    run = subprocess.run(command, env=surroundings, capture_output=True, text=True)
    if run.returncode:
        sys.exit(run.stderr)
    assert renewed(url) == accounts, f"{way}: {renewed(url)} of {accounts}"
    told = calls(address)
    assert max(told.values()) == 1, "an account was asked for twice"
    assert sum(told.values()) - calls_before == accounts
    result: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return {**result, "rate": accounts / result["seconds"], "accounts": accounts}


def calls(address: str) -> Counter[str]:
    """How often each refresh token was used."""
    with urlopen(f"{address}/refreshes") as answer:
        return Counter(json.load(answer))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=5000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[20, 100])
    parser.add_argument("--latency", type=float, default=0.1)
    parser.add_argument("--only", nargs=2, metavar=("WAY", "CONCURRENCY"))
    args = parser.parse_args()
    if args.only:
        measure(args.only[0], int(args.only[1]))
        return
    with postgres() as url, stub(args.latency) as address:
        surroundings = environment(url, address)
        results: dict[tuple[str, int], list[dict[str, float]]] = {}
        for _ in range(args.repeats):
            for concurrency in args.concurrency:
                for way in WAYS:
                    found = once(url, surroundings, address, way, concurrency, args.accounts)
                    results.setdefault((way, concurrency), []).append(found)
                    print(f"{way} at {concurrency}: {found['rate']:.0f} accounts/s", file=sys.stderr, flush=True)
        fifth = once(url, surroundings, address, "ours", args.concurrency[0], args.accounts // 5)
    show(results, args, fifth)


def show(
    results: dict[tuple[str, int], list[dict[str, float]]], args: argparse.Namespace, fifth: dict[str, float]
) -> None:
    """A table with ratios against the bare loop of the same concurrency."""
    rate = {key: statistics.median(run["rate"] for run in runs) for key, runs in results.items()}
    print(f"\nRenewing {args.accounts} tokens at {args.latency * 1000:.0f} ms latency, median of {args.repeats} runs")
    print(
        f"{'way':<6}{'at once':>8}{'accounts/s':>12}{'ms CPU each':>13}{'peak MB':>9}{'grown MB':>10}{'calls':>7}"
        f"{'of bare':>9}"
    )
    for (way, concurrency), runs in results.items():
        cpu = statistics.median(run["cpu"] / run["accounts"] * 1000 for run in runs)
        peak, grown = (statistics.median(run[name] for run in runs) for name in ("peak_mb", "grown_mb"))
        of_bare = rate[way, concurrency] / rate["bare", concurrency]
        print(
            f"{way:<6}{concurrency:>8}{rate[way, concurrency]:>12.0f}{cpu:>13.2f}{peak:>9.0f}{grown:>10.0f}"
            f"{args.accounts:>7}{of_bare:>9.2f}"
        )
    few, peak, grown = (fifth[name] for name in ("accounts", "peak_mb", "grown_mb"))
    print(f"\nours with {few:.0f} accounts: peak {peak:.0f} MB, grown {grown:.0f} MB")


if __name__ == "__main__":
    main()
