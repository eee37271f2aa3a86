"""How punctual publishing is: posts due at random instants over a minute, beside a cron that fires every minute.

python -m tests.benchmarks.bench_on_time [--rates 100 1000] [--seconds 60] [--without-kill]

Lateness is the arrival of the platform call (by the stub's clock, on this machine) minus `scheduled_for`. Ours and the
cron job run in processes of their own, at the same time, each on its own posts; the cron job starts when the minute is
over, as cron does, and sends everything that came due, 50 at once. In the middle of the minute one of our windows
ends and the next one, which was opened before, goes on. While ours runs, some posts are made due by an owner
("publish now") and some are approved late: told is how long until the call arrives. At the end one of two overlapping
windows is killed with SIGKILL: told is how late the posts became that it held, and the bound.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any
from urllib.request import urlopen
from uuid import UUID

import psycopg

from models.publishing import percentile
from models.settings import settings
from tests.benchmarks.house import clear_posts, connect_accounts, environment, postgres, stub

ACCOUNTS = 100
SPONTANEOUS = 20  # posts published now, and as many approved late
WARM_UP = 15.0  # seconds between the start of a window's process and the first post; `up` keeps one open always
LEASE = 10.0
TIMEOUT = 5.0
SETTLE = 2.0


def add_posts(db: psycopg.Connection[Any], whose: str, start: float, number: int, seconds: float) -> dict[str, float]:
    """`number` posts at random instants within `seconds` from `start` (unix time): {text: instant}."""
    times = {f"{whose} {n}": start + random.uniform(0, seconds) for n in range(number)}
    is_ours = not whose.startswith("cron")  # what waits for an approval is left alone by our windows
    accounts = db.execute("SELECT user_id, id FROM connected_accounts ORDER BY id").fetchall()
    with db.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO post_queue (user_id, account_id, platform, content, scheduled_for, requires_approval)"
            " VALUES (%s, %s, 'google', %s, to_timestamp(%s), %s)",
            [(*accounts[n % len(accounts)], text, at, not is_ours) for n, (text, at) in enumerate(times.items())],
        )
    return times


def arrivals(address: str) -> dict[str, float]:
    with urlopen(f"{address}/arrivals") as answer:
        told: dict[str, float] = json.load(answer)
    return told


def window(surroundings: dict[str, str], seconds: float) -> subprocess.Popen[str]:
    """Our publisher, as the flow runs it, in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.window_process", str(seconds)]
    return subprocess.Popen(command, env=surroundings, stdout=subprocess.PIPE, text=True)


def cron(surroundings: dict[str, str], at: float) -> subprocess.Popen[str]:
    """The baseline: wakes at the full minute and sends what came due since the last one."""
    command = [sys.executable, "-m", "tests.benchmarks.cron_process", str(at)]
    return subprocess.Popen(command, env=surroundings, stdout=subprocess.PIPE, text=True)


def spontaneous(url: str, name: str, start: float, seconds: float) -> dict[str, tuple[str, float]]:
    """Owners publish now and approve late while the minute runs: {text: (what, when it was committed)}."""
    from models import post_status
    from models.base import utc_now
    from models.database import Role, session

    with psycopg.connect(url, autocommit=True) as db:
        user, account = db.execute("SELECT user_id, id FROM connected_accounts LIMIT 1").fetchone() or (None, None)
        made: list[tuple[str, UUID, str]] = []
        for n in range(2 * SPONTANEOUS):
            what = "publish now" if n % 2 else "late approval"
            text = f"{name} {n}"
            row = db.execute(
                "INSERT INTO post_queue (user_id, account_id, platform, content, scheduled_for, requires_approval)"
                " VALUES (%s, %s, 'google', %s, now() + make_interval(secs => %s), true) RETURNING id, content_hash",
                (user, account, text, 86_400 if n % 2 else -1),
            ).fetchone()
            assert row is not None
            made.append((what, row[0], row[1]))
    told: dict[str, tuple[str, float]] = {}
    for n, (what, post, seen) in enumerate(made):
        time.sleep(max(0.0, start + (n + 0.5) * seconds / len(made) - time.time()))
        act = post_status.publish_now if what == "publish now" else post_status.approve
        with session(Role.WORKER) as own:
            act(own, post, seen_hash=seen, actor="owner", now=utc_now())
        told[f"{name} {n}"] = (what, time.time())
    return told


def line(name: str, lates: Sequence[float], missing: int = 0) -> str:
    """One row of the table, in milliseconds."""
    numbers = [percentile(lates, share) * 1000 for share in (0.5, 0.99)] + [max(lates, default=0.0) * 1000]
    return f"{name:<34}{len(lates):>7}{numbers[0]:>11,.1f}{numbers[1]:>11,.1f}{numbers[2]:>11,.1f}{missing:>9}"


def measure(url: str, address: str, rate: int, seconds: float) -> None:
    """One rate (posts a minute): ours, spontaneous posts, and cron, at the same time."""
    surroundings = environment(url, address)
    with psycopg.connect(url, autocommit=True) as db:
        clear_posts(db)
        start = time.time() + WARM_UP
        number = round(rate * seconds / 60)
        ours = add_posts(db, f"ours{rate}", start, number, seconds)
        theirs = add_posts(db, f"cron {rate}", start, number, seconds)
        db.execute("ANALYZE post_queue")
    # The windows of a house overlap: the second takes over in the middle, while the first comes to its end.
    half = seconds / 2
    running = [window(surroundings, WARM_UP + half + 2), cron(surroundings, start + seconds)]
    time.sleep(max(0.0, start + half - WARM_UP - time.time()))
    running.append(window(surroundings, WARM_UP + half + 3))
    time.sleep(max(0.0, start + half - time.time()))
    acted = spontaneous(url, f"now{rate}", time.time(), seconds / 2)
    for process in running:
        process.communicate()
    seen = arrivals(address)
    lates = [max(0.0, seen[text] - at) for text, at in ours.items() if text in seen]
    early = [at - seen[text] for text, at in ours.items() if text in seen and seen[text] < at - 0.0005]
    print(line(f"ours, {rate:,} posts/min", lates, len(ours) - len(lates)))
    for what in ("publish now", "late approval"):
        waited = [seen[text] - at for text, (kind, at) in acted.items() if kind == what and text in seen]
        print(line(f"  {what}", waited, SPONTANEOUS - len(waited)))
    waited = [seen[text] - at for text, at in theirs.items() if text in seen]
    print(line("cron every minute, same posts", waited, len(theirs) - len(waited)))
    if early:
        print(f"  too early: {len(early)} posts, the worst by {max(early) * 1000:.1f} ms")


def killed(url: str, address: str, rate: int) -> None:
    """Two windows are open, one is killed: how late do posts become?"""
    surroundings = environment(
        url,
        address,
        PUBLISH_LEASE_SECONDS=str(LEASE),
        PUBLISH_TIMEOUT_SECONDS=str(TIMEOUT),
        RECONCILE_SETTLE_SECONDS="2",
    )
    with psycopg.connect(url, autocommit=True) as db:
        clear_posts(db)
        start = time.time() + WARM_UP
        posts = add_posts(db, "killed", start, rate // 2, 30.0)
    first, second = (window(surroundings, WARM_UP + 30 + LEASE + 15) for _ in range(2))
    time.sleep(max(0.0, start + 15 - time.time()))
    first.kill()
    died = time.time()
    first.communicate()
    second.communicate()
    with psycopg.connect(url) as db:
        rows = db.execute(
            "SELECT content, status, (SELECT count(*) FROM publish_attempts t WHERE t.post_id = p.id) FROM post_queue p"
        ).fetchall()
    seen = arrivals(address)
    lates = {text: seen[text] - at for text, at in posts.items() if text in seen}
    hit = [late for late in lates.values() if late > 0.5]
    print(f"\nOne of two windows killed with SIGKILL, {rate:,} posts/min, lease {LEASE:.0f} s")
    print(f"  posts: {len(posts)}, published: {sum(status == 'published' for _, status, _ in rows)}")
    on_time = [late for late in lates.values() if late <= 0.5]
    print(f"  on time: {len(on_time)} (p99 {percentile(on_time, 0.99) * 1000:.1f} ms, also while it died)")
    called = [text for text in lates if seen[text] <= died]
    worst = max(hit, default=0.0)
    print(f"  held by the dead one: {len(hit)} came late, the worst by {worst:.1f} s; {len(called)} were out before")
    config = settings()
    print(
        f"  bound: claimed only: the lease and 5 s; call begun: two looks more. Here {LEASE + 5:.0f} and "
        f"{LEASE + SETTLE + 9:.0f} s, "
        f"by default {config.publish_lease_seconds + 5:.0f} and "
        f"{config.publish_lease_seconds + config.reconcile_settle_seconds + 9:.0f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--without-kill", action="store_true")
    args = parser.parse_args()
    with postgres() as url, stub(0.1) as address:
        os.environ["POSTAGENT_DATABASE_URL"] = url
        settings.cache_clear()
        with psycopg.connect(url, autocommit=True) as db:
            connect_accounts(db, ACCOUNTS)
        print(f"\nLateness over {args.seconds:.0f} s, in ms (platform latency 100 ms)")
        print(f"{'':<34}{'posts':>7}{'p50':>11}{'p99':>11}{'max':>11}{'missing':>9}")
        for rate in args.rates:
            measure(url, address, rate, args.seconds)
        if not args.without_kill:
            killed(url, address, args.rates[-1])


if __name__ == "__main__":
    main()
