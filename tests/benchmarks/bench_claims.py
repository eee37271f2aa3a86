"""Whether a claim costs the same whatever the size of the queue: python -m tests.benchmarks.bench_claims [--rows ...].

For each size of `post_queue` and each number of due posts: the median time of a claim of 100 posts (each given back
before the next), of one at the end of a giant's backlog, and the memory of the process that claims. Rows that are not
due are published ones of the past and some that are scheduled for the coming weeks.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Sequence
from typing import Any

import psutil
import psycopg

from tasks.publishing.store import Store
from tests.benchmarks.house import connect_accounts, postgres

ACCOUNTS = 500
BATCH = 100
SHARE = 6  # places an account gets at PUBLISH_CONCURRENCY = 50
ROUNDS = 15
_ROWS = (
    "INSERT INTO post_queue (user_id, account_id, platform, content, content_hash, scheduled_for, status, published_at,"
    " platform_post_id)"
    " SELECT a.user_id, a.id, 'google', {text}, md5(n::text), {time}, {status}, {published}, {platform_id}"
    " FROM generate_series(%s::int, %s::int) n"
    " JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS r FROM connected_accounts) a ON a.r = {account}"
)


def fill(db: psycopg.Connection[Any], first: int, last: int) -> None:
    """Rows `first` to `last` of history and future; triggers are left out, indexes are made anew at the end."""
    indexes = db.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'post_queue' AND indexname NOT IN"
        " (SELECT conname FROM pg_constraint WHERE conrelid = 'post_queue'::regclass)"
    ).fetchall()
    for name, _ in indexes:
        db.execute(f"DROP INDEX {name}")
    past = _ROWS.format(
        text="'Old post ' || n",
        time="now() - n * interval '7 seconds' - interval '1 hour'",
        status="'published'",
        published="now() - n * interval '7 seconds' - interval '1 hour'",
        platform_id="'old/' || n",
        account=f"n % {ACCOUNTS}",
    )
    future = _ROWS.format(
        text="'Coming post ' || n",
        time="now() + interval '1 day' + n %% 2000000 * interval '1 second'",
        status="'pending'",
        published="NULL",
        platform_id="NULL",
        account=f"n % {ACCOUNTS}",
    )
    middle = last - (last - first) // 20
    db.execute("SET session_replication_role = replica")
    db.execute(past.replace("n % ", "n %% "), (first, middle))
    db.execute(future.replace("n % ", "n %% "), (middle + 1, last))
    db.execute("SET session_replication_role = origin")
    db.execute("SET maintenance_work_mem = '1GB'")
    for _, definition in indexes:
        db.execute(definition)
    db.execute("VACUUM ANALYZE post_queue")


def make_due(db: psycopg.Connection[Any], number: int, *, giant: bool) -> None:
    """`number` posts that are due, spread over all accounts; or all but 20 of them one account's."""
    db.execute("DELETE FROM post_queue WHERE content LIKE 'Due post %%'")
    account = f"CASE WHEN n <= %s - 20 THEN 0 ELSE n %% {ACCOUNTS} END" if giant else f"n %% {ACCOUNTS}"
    statement = _ROWS.format(
        text="'Due post ' || n",
        time="now() - interval '5 minutes' + n * interval '1 millisecond'",
        status="'pending'",
        published="NULL",
        platform_id="NULL",
        account=account,
    )
    db.execute("SET session_replication_role = replica")
    db.execute(statement, (1, number, number) if giant else (1, number))
    db.execute("SET session_replication_role = origin")
    db.execute("VACUUM ANALYZE post_queue")


async def claims(url: str, *, full: Sequence[Any] = ()) -> tuple[float, int, float]:
    """(median seconds of a claim, how many it took, megabytes of this process afterwards)."""
    took: list[float] = []
    number = 0
    async with Store.open(url, worker="bench", lease_seconds=60) as store:
        await store.ask_the_time()
        for _ in range(ROUNDS):
            began = time.perf_counter()
            held = await store.claim(batch=BATCH, ahead=0.5, share=SHARE, missed=86_400, full=full)
            took.append(time.perf_counter() - began)
            number = len(held)
            await store.release(held)
    return statistics.median(took), number, psutil.Process().memory_info().rss / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000, 5_000_000])
    parser.add_argument("--due", type=int, nargs="+", default=[1, 1_000, 50_000])
    args = parser.parse_args()
    print(f"\nOne claim of up to {BATCH} posts, median of {ROUNDS}")
    print(f"{'rows':>10}{'due':>8}{'':>3}{'ms':>8}{'taken':>7}{'of first':>10}{'MB':>6}")
    table = Table()
    with postgres() as url, psycopg.connect(url, autocommit=True) as db:
        connect_accounts(db, ACCOUNTS)
        giant = db.execute("SELECT id FROM connected_accounts ORDER BY id LIMIT 1").fetchone()
        assert giant is not None
        there = 0
        for rows in sorted(args.rows):
            fill(db, there + 1, rows)
            there = rows
            for due in args.due:
                make_due(db, due, giant=False)
                table.add(rows, due, asyncio.run(claims(url)))
            make_due(db, max(args.due), giant=True)
            table.add(rows, max(args.due), asyncio.run(claims(url)), "one giant, not at work yet")
            has_places = asyncio.run(claims(url, full=giant))
            table.add(rows, max(args.due), has_places, "the giant has its places: its 20 neighbours")


class Table:
    """Rows printed as they are measured, in ratio to the first full claim."""

    def __init__(self) -> None:
        self._first: float | None = None

    def add(self, rows: int, due: int, measured: tuple[float, int, float], note: str = "") -> None:
        """One row."""
        seconds, taken, memory = measured
        if self._first is None and taken == BATCH:
            self._first = seconds
        ratio = f"{seconds / self._first:.2f}x" if self._first else "-"
        print(
            f"{rows:>10,}{due:>8,}{'':>3}{seconds * 1000:>8.1f}{taken:>7}{ratio:>10}{memory:>6.0f}  {note}", flush=True
        )


if __name__ == "__main__":
    main()
