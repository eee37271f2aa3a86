"""Posts per second, CPU per post and memory: our publisher beside a bare loop and beside one Prefect task a post.

python -m tests.benchmarks.bench_throughput [--posts 5000] [--repeats 3] [--concurrency 100 200] [--without-prefect]
    [--without-workers]

All three publish the same kind of posts from the same durable PostgreSQL to the same stub with 100 ms latency, each in
a process of its own, alternating. The bare loop claims in batches and marks in batches, with none of our guarantees:
no intent, no lease, no fencing, no story, no look.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import resource
import statistics
import subprocess
import sys
import time
from tempfile import mkdtemp

import psycopg

from tasks.own_loop import run_fast
from tests.benchmarks.house import clear_posts, connect_accounts, environment, postgres, stub

ACCOUNTS = 200
PREFECT_POSTS = 600
SIDE_BY_SIDE = 20  # few enough that two cores are not what limits four workers


def seed(url: str, posts: int) -> None:
    """`posts` due posts, spread over accounts of as many owners."""
    with psycopg.connect(url, autocommit=True) as db:
        if db.execute("SELECT count(*) FROM connected_accounts").fetchone() == (0,):
            connect_accounts(db, ACCOUNTS)
        clear_posts(db)
        db.execute(
            "INSERT INTO post_queue (user_id, account_id, platform, content, scheduled_for) "
            "SELECT a.user_id, a.id, 'google', 'Post number ' || n, now() - interval '1 second' "
            "FROM generate_series(1, %s) n JOIN (SELECT *, row_number() OVER () - 1 AS r FROM connected_accounts) a "
            "ON a.r = n %% %s",
            (posts, ACCOUNTS),
        )
        db.execute("VACUUM ANALYZE post_queue, post_events, publish_attempts")


def published(url: str) -> int:
    """How many posts say that they are live."""
    with psycopg.connect(url) as db:
        row = db.execute("SELECT count(*) FROM post_queue WHERE status = 'published'").fetchone()
    assert row is not None
    return int(row[0])


async def ours(concurrency: int) -> None:
    """Our publisher as the flow runs it."""
    from models import database
    from models.settings import settings
    from tasks import wiring
    from tasks.publishing.window import open_window

    config = settings().model_copy(update={"publish_concurrency": concurrency})
    async with wiring.open_platforms(config) as platforms:
        await open_window(database.database_url(config), config, platforms, window_seconds=0)


async def bare(concurrency: int) -> None:
    """The hand-written loop: claim a batch, send it with aiohttp, mark it, as wide as told."""
    import aiohttp

    from models import database
    from models.settings import settings

    config = settings()
    base = f"{config.google_posts_url}/v4"
    claim = (
        "UPDATE post_queue p SET lease_token = lease_token + 1, lease_expires_at = now() + interval '1 minute' "
        "FROM (SELECT id FROM post_queue WHERE status = 'pending' AND NOT requires_approval AND due_at <= now() "
        "AND lease_expires_at IS NULL ORDER BY due_at LIMIT %s "
        "FOR UPDATE SKIP LOCKED) due JOIN LATERAL (SELECT 1) x ON true WHERE due.id = p.id "
        "RETURNING p.id, p.content, (SELECT account_id FROM connected_accounts WHERE id = p.account_id)"
    )
    mark = (
        "UPDATE post_queue p SET status = 'published', platform_post_id = d.name, published_at = now(), "
        "lease_expires_at = NULL FROM unnest(%s::uuid[], %s::text[]) d(id, name) WHERE d.id = p.id"
    )
    done: list[tuple[object, str]] = []
    url = database.database_url(config)
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
        await psycopg.AsyncConnection.connect(url, autocommit=True) as reader,
        await psycopg.AsyncConnection.connect(url, autocommit=True) as writer,
    ):

        async def send(post: tuple[object, str, str]) -> None:
            body = {"summary": post[1], "topicType": "STANDARD", "languageCode": "en"}
            async with http.post(f"{base}/{post[2]}/localPosts", json=body, headers={"authorization": "Bearer x"}) as r:
                done.append((post[0], (await r.json())["name"]))

        async def flush() -> None:
            batch, done[:] = done[:], []
            if batch:
                await writer.execute(mark, ([b[0] for b in batch], [b[1] for b in batch]))

        flying: set[asyncio.Task[None]] = set()
        while True:
            free = concurrency - len(flying)
            rows = await (await reader.execute(claim, (free,))).fetchall() if free else []
            flying |= {asyncio.create_task(send(row)) for row in rows}
            if not flying:
                break
            _, flying = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
            await flush()
        await flush()


async def prefect_task_per_post(concurrency: int) -> float:
    """What most Prefect code does: map a task over rows. Seconds from the flow's first line to its last: Prefect's
    temporary server starts before."""
    import aiohttp
    from prefect import flow, task

    from models import database
    from models.settings import settings

    config = settings()
    url = database.database_url(config)
    gate = asyncio.Semaphore(concurrency)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:

        @task
        async def one(post: str, account: str, content: str) -> None:
            async with gate:
                address = f"{config.google_posts_url}/v4/{account}/localPosts"
                async with http.post(address, json={"summary": content}) as answer:
                    name = (await answer.json())["name"]
                async with await psycopg.AsyncConnection.connect(url, autocommit=True) as db:
                    await db.execute(
                        "UPDATE post_queue SET status = 'published', platform_post_id = %s WHERE id = %s", (name, post)
                    )

        @flow
        async def every_post() -> float:
            began = time.perf_counter()
            async with await psycopg.AsyncConnection.connect(url) as db:
                cursor = await db.execute(
                    "SELECT p.id::text, a.account_id, p.content FROM post_queue p "
                    "JOIN connected_accounts a ON a.id = p.account_id WHERE p.status = 'pending'"
                )
                rows = await cursor.fetchall()
            await asyncio.gather(*(one(*row) for row in rows))
            return time.perf_counter() - began

        return await every_post()


def side_by_side(url: str, surroundings: dict[str, str], posts: int, concurrency: int) -> list[tuple[int, float]]:
    """Posts per second of one, two and four of our workers on one database, each with the same number of posts."""
    rates = []
    for workers in (1, 2, 4):
        seed(url, posts * workers)
        command = [sys.executable, "-m", "tests.benchmarks.bench_throughput", "--only", "ours", str(concurrency)]
        command += ["--at", str(time.time() + 5 + 3 * workers)]  # all have imported what they need by then
        running = [
            subprocess.Popen(command, env=surroundings, stdout=subprocess.PIPE, text=True) for _ in range(workers)
        ]
        told = [json.loads(process.communicate()[0].splitlines()[-1]) for process in running]
        assert published(url) == posts * workers
        rates.append((workers, posts * workers / (max(t["ended"] for t in told) - min(t["began"] for t in told))))
    return rates


WAYS = {"ours": ours, "bare": bare, "prefect": prefect_task_per_post}


def measure(way: str, concurrency: int, at: float) -> None:
    """Run in a process of its own, not before `at` (Unix time); prints one JSON line. Imports are not counted: a window
    lives for minutes."""
    for module in ("aiohttp", "httpx", "prefect", "models.database", "tasks.wiring", "tasks.publishing.window"):
        importlib.import_module(module)
    time.sleep(max(0.0, at - time.time()))
    started, began, cpu = time.time(), time.perf_counter(), time.process_time()
    run = run_fast if way == "ours" else asyncio.run
    told = run(WAYS[way](concurrency))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = {"seconds": told or time.perf_counter() - began, "cpu": time.process_time() - cpu, "peak_mb": peak}
    print(json.dumps(result | {"began": started, "ended": time.time()}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=5000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[100, 200])
    parser.add_argument("--latency", type=float, default=0.1)
    parser.add_argument("--without-prefect", action="store_true")
    parser.add_argument("--without-workers", action="store_true")
    parser.add_argument("--at", type=float, default=0.0)
    parser.add_argument("--only", nargs=2, metavar=("WAY", "CONCURRENCY"))
    args = parser.parse_args()
    if args.only:
        measure(args.only[0], int(args.only[1]), args.at)
        return
    with postgres() as url, stub(args.latency) as address:
        surroundings = environment(url, address) | {
            "PREFECT_HOME": mkdtemp(prefix="pa-bench-prefect-"),
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        }
        ways = [("bare", c) for c in args.concurrency] + [("ours", c) for c in args.concurrency]
        if not args.without_prefect:
            ways.append(("prefect", args.concurrency[0]))
        results: dict[tuple[str, int], list[dict[str, float]]] = {way: [] for way in ways}
        for _ in range(args.repeats):
            for way, concurrency in ways:
                posts = args.posts if way != "prefect" else min(args.posts, PREFECT_POSTS)
                seed(url, posts)
                command = [sys.executable, "-m", "tests.benchmarks.bench_throughput", "--only", way, str(concurrency)]
                run = subprocess.run(command, env=surroundings, capture_output=True, text=True)
                if run.returncode:
                    sys.exit(run.stderr)
                assert published(url) == posts, f"{way}: {published(url)} of {posts}"
                result = json.loads(run.stdout.splitlines()[-1])
                results[way, concurrency].append({**result, "posts": posts})
                print(f"{way} at {concurrency}: {posts / result['seconds']:.0f} posts/s", file=sys.stderr, flush=True)
        beside = side_by_side(url, surroundings, args.posts // 5, SIDE_BY_SIDE) if not args.without_workers else []
    show(results, args.latency)
    if beside:
        print(f"\nWorkers side by side on one database, {SIDE_BY_SIDE} calls at once each")
        print(f"{'workers':>8}{'posts/s':>10}{'of one':>9}")
        for workers, speed in beside:
            print(f"{workers:>8}{speed:>10.0f}{speed / beside[0][1]:>8.2f}x")


def show(results: dict[tuple[str, int], list[dict[str, float]]], latency: float) -> None:
    """A table with ratios against the bare loop of the same concurrency."""
    rate = {k: statistics.median(r["posts"] / r["seconds"] for r in runs) for k, runs in results.items()}
    print(
        f"\nPublishing at {latency * 1000:.0f} ms platform latency, median of {len(next(iter(results.values())))} runs"
    )
    print(f"{'way':<10}{'at once':>8}{'posts/s':>10}{'ms CPU/post':>13}{'peak MB':>9}{'of bare':>9}{'of prefect':>12}")
    prefect = next((rate[k] for k in rate if k[0] == "prefect"), None)
    for (way, concurrency), runs in results.items():
        cpu = statistics.median(r["cpu"] / r["posts"] * 1000 for r in runs)
        peak = statistics.median(r["peak_mb"] for r in runs)
        of_bare = rate[way, concurrency] / rate[("bare", concurrency)]
        of_prefect = f"{rate[way, concurrency] / prefect:.1f}x" if prefect else "-"
        speed = rate[way, concurrency]
        print(f"{way:<10}{concurrency:>8}{speed:>10.0f}{cpu:>13.2f}{peak:>9.0f}{of_bare:>9.2f}{of_prefect:>12}")


if __name__ == "__main__":
    main()
