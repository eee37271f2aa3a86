"""Many posts, real workers, and everything going wrong at once; afterwards the truth is compared with the database."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from uuid import UUID

import psycopg

from models.base import utc_now
from models.settings import settings
from tasks import wiring
from tasks.publishing.preparations import DiscardReport, discard, sweep
from tasks.publishing.store import Store
from tests.faults.plan import BOUNDARIES, LEASE, SETTLE, Plan
from tests.faults.scenery import (
    Cluster,
    Sandbox,
    Town,
    configure,
    fill,
    misbehave,
    post_as_stranger,
    running_cluster,
    running_sandbox,
    settings_from,
    worker_environment,
)
from tests.faults.verdict import Verdict, judge
from tests.faults.worker import Order, doomed, live, stillborn

# A process that has everything imported and forks workers from itself, so that a life may be shorter than an import.
NURSERY = multiprocessing.get_context("forkserver")
NURSERY.set_forkserver_preload(["tests.faults.worker"])
DATABASE_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, OSError)


@dataclass(slots=True)
class Damage:
    """What was done to them."""

    boundaries: Counter[str] = field(default_factory=Counter)
    misbehaviours: Counter[str] = field(default_factory=Counter)
    random_kills: int = 0
    freezes: int = 0
    lives: int = 0
    cuts: int = 0
    crashes: int = 0
    reconnects: int = 0
    put_off: int = 0
    with_a_person: set[UUID] = field(default_factory=set)


class Run:
    """One run of a plan."""

    def __init__(self, plan: Plan, cluster: Cluster, sandbox: Sandbox, town: Town) -> None:
        self._plan = plan
        self._cluster = cluster
        self._sandbox = sandbox
        self._town = town
        self._dice = random.Random(plan.seed + 1)
        self._boundaries: list[str] = []
        self._trouble = True
        self._over = False
        self._database = asyncio.Lock()  # one trouble of the database at a time
        self.damage = Damage()
        self.log = str(cluster.home / "workers.log")
        self._order = Order(
            environment=worker_environment(plan, cluster, sandbox), window=3600, log=self.log, blind=plan.blind
        )

    async def go(self) -> Verdict:
        """Trouble first, then peace until everything is settled, then the comparison."""
        if self._plan.rate:
            misbehave(self._sandbox, self._plan)
        began = time.monotonic()
        places = [asyncio.create_task(self._keep_worker()) for _ in range(self._plan.workers)]
        around = [asyncio.create_task(self._time_passes())]
        around += [asyncio.create_task(self._strangers())] if self._plan.rate else []
        if self._plan.database_trouble:
            around.append(asyncio.create_task(self._database_trouble()))
        around.append(asyncio.create_task(self._owners()))
        try:
            trouble = self._plan.seconds + 1.5 + self._plan.posts / 600
            await asyncio.wait(places, timeout=trouble, return_when=asyncio.FIRST_COMPLETED)
            self._trouble = False
            async with self._database:
                for rule in await asyncio.to_thread(self._sandbox.control, "GET", "faults"):
                    self.damage.misbehaviours[rule["kind"]] += rule["fired"]
                await asyncio.to_thread(self._sandbox.control, "DELETE", "faults")
            settled = await self._until_settled(places)
        finally:
            self._over = True
            done = await asyncio.gather(*places, *around, return_exceptions=True)
        for problem in done:
            if isinstance(problem, BaseException):
                raise problem
        await asyncio.sleep(1.2)  # what is still hidden appears
        swept = await self._clear_away()
        truth = self._sandbox.control("GET", "truth")
        verdict = judge(self._cluster.url, truth, self._town, self.damage.with_a_person)
        verdict.figures |= self._figures(settled, time.monotonic() - began) | swept
        return verdict

    async def _clear_away(self) -> dict[str, object]:
        """What housekeeping does, without waiting a day: sweep, then delete until nothing is left."""
        discarded = DiscardReport()
        with settings_from(self._order.environment):
            config = settings()
            timeout = config.publish_timeout_seconds
            async with (
                wiring.open_platforms(config) as platforms,
                Store.open(self._cluster.url, worker="housekeeping", lease_seconds=LEASE) as store,
            ):
                swept = await sweep(
                    store.rows, platforms, now=utc_now(), timeout_seconds=timeout, older_than=timedelta(0)
                )
                for _ in range(1000):
                    with psycopg.connect(self._cluster.url, autocommit=True) as db:
                        db.execute("UPDATE publish_discards SET next_attempt_at = now()")
                    part = await discard(store.rows, platforms, timeout_seconds=timeout, batch=100)
                    discarded.add(part)
                    if not part.taken:
                        break
        return {"orphans swept": swept.orphans, "preparations deleted at the end": discarded.deleted}

    async def _keep_worker(self) -> None:
        """One place of work: whoever dies there is followed by another."""
        while not self._over:
            boundary = self._next_boundary() if self._trouble and self._plan.kills else None
            passes = 1 if boundary is None else self._dice.choice((1, 1, 2, 3, 5))
            worker = NURSERY.Process(target=live, args=(doomed(self._order, boundary, passes),))
            await asyncio.to_thread(worker.start)
            self.damage.lives += 1
            killed = await self._watch(worker)
            await asyncio.to_thread(worker.join)
            if self._over:
                break
            if killed:
                self.damage.random_kills += 1
            elif worker.exitcode == -signal.SIGKILL:
                self.damage.boundaries[str(boundary)] += 1
            else:
                raise RuntimeError(f"a worker ended by itself with exit code {worker.exitcode}; see {self.log}")
            await asyncio.sleep(self._dice.uniform(0, 0.2))

    async def _watch(self, worker: ForkServerProcess) -> bool:
        """Until it dies. Kills it at a random instant unless it kills itself before; True when we did."""
        end = time.monotonic() + self._dice.expovariate(1 / (2 * self._plan.life)) + 0.3
        freeze = time.monotonic() + self._dice.uniform(0.2, 4 * self._plan.life)
        while worker.is_alive():
            now = time.monotonic()
            if self._over:
                worker.kill()
                return False
            if self._trouble and self._plan.kills and now > end:
                worker.kill()
                return True
            if self._trouble and self._plan.kills and now > freeze and worker.pid is not None:
                freeze = float("inf")
                await self._freeze(worker.pid)
            await asyncio.sleep(0.01)
        return False

    async def _freeze(self, pid: int) -> None:
        """It stands still until its leases have run out, then goes on as if nothing had been. Shorter than what a
        lease and the settle time leave: nobody could notice a request that was decided on before and sent after."""
        self.damage.freezes += 1
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(self._dice.uniform(LEASE / 2, LEASE + SETTLE / 3))
            os.kill(pid, signal.SIGCONT)

    def _next_boundary(self) -> str | None:
        """All of them in turn, in a random order; one life in four has none."""
        if self._dice.random() < 0.25:
            return None
        if not self._boundaries:
            self._boundaries = list(BOUNDARIES)
            self._dice.shuffle(self._boundaries)
        return self._boundaries.pop()

    async def _database_trouble(self) -> None:
        """Connections are cut; the server crashes and comes back at once or after seconds."""
        while self._trouble:
            await asyncio.sleep(self._dice.uniform(1.5, 4.0))
            async with self._database:
                if not self._trouble:
                    return
                if self._dice.random() < 0.6:
                    await asyncio.to_thread(self._cluster.cut)
                    self.damage.cuts += 1
                else:
                    away = self._dice.choice((0.0, 0.3, 1.0, LEASE))
                    await asyncio.to_thread(self._cluster.crash, away)
                    self.damage.crashes += 1

    async def _strangers(self) -> None:
        while self._trouble:
            await asyncio.to_thread(post_as_stranger, self._sandbox, self._town, self._dice)
            await asyncio.sleep(self._dice.uniform(0.05, 0.3))

    async def _owners(self) -> None:
        """They put posts off by a moment: what was prepared is thrown away, and made anew."""
        while self._trouble:
            await asyncio.sleep(self._dice.uniform(0.05, 0.2))
            with suppress(*DATABASE_AWAY):
                await asyncio.to_thread(self._put_off)

    def _put_off(self) -> None:
        with psycopg.connect(self._cluster.url, autocommit=True) as db:
            chosen = db.execute(
                "SELECT id FROM post_queue WHERE prepared_hash IS NOT NULL AND scheduled_for > now() "
                "AND status IN ('pending', 'approved') ORDER BY random() LIMIT 1"
            ).fetchone()
            if chosen is None:
                return
            try:
                db.execute(
                    "UPDATE post_queue SET scheduled_for = scheduled_for + interval '700 ms' WHERE id = %s", chosen
                )
            except psycopg.errors.LockNotAvailable:
                return  # a worker has it
        self.damage.put_off += 1

    async def _time_passes(self) -> None:
        """Waits of minutes (rate limits, a dead worker's hold on a token) end at once, and an owner who lost the
        connection makes it again. Leases and the time between two looks stay real."""
        while not self._over:
            await asyncio.sleep(1.0)
            with suppress(*DATABASE_AWAY):
                await asyncio.to_thread(self._move_clocks)

    def _move_clocks(self) -> None:
        with psycopg.connect(self._cluster.url, autocommit=True) as db:
            lost = db.execute("SELECT id FROM connected_accounts WHERE status <> 'active'").fetchall()
            if lost:
                doubtful = db.execute(
                    "SELECT id FROM post_queue p WHERE account_id = ANY(%s) AND (in_doubt_since IS NOT NULL OR EXISTS "
                    "(SELECT 1 FROM publish_attempts t WHERE t.post_id = p.id AND t.finished_at IS NULL))",
                    ([row[0] for row in lost],),
                ).fetchall()
                self.damage.with_a_person |= {row[0] for row in doubtful}
                self.damage.reconnects += len(lost)
            db.execute(
                "UPDATE connected_accounts SET status = 'active', status_reason = NULL, "
                "refresh_after = NULL, refreshing_until = NULL WHERE status <> 'active' "
                "OR refresh_after > now() OR refreshing_until > now()"
            )
            db.execute(
                "UPDATE connected_accounts SET slowed_until = NULL, full_until = NULL "
                "WHERE slowed_until > now() OR full_until > now()"
            )
            db.execute("UPDATE shared_quotas SET slowed_until = NULL WHERE slowed_until > now()")
            db.execute("UPDATE post_queue SET next_attempt_at = now() WHERE next_attempt_at > now() + interval '4 s'")
            db.execute("UPDATE post_queue SET prepare_after = now() WHERE prepare_after > now() + interval '4 s'")

    async def _until_settled(self, places: list[asyncio.Task[None]]) -> float:
        """Seconds until nothing is open any more; gives up when nothing was settled for the plan's patience."""
        began = last = time.monotonic()
        fewest = self._plan.posts + 1
        while (now := time.monotonic()) - last < self._plan.patience and not any(p.done() for p in places):
            with suppress(*DATABASE_AWAY):
                left = await asyncio.to_thread(self._open_posts)
                if left == 0:
                    break
                if left < fewest:
                    fewest, last = left, now
            await asyncio.sleep(0.25)
        return time.monotonic() - began

    def _open_posts(self) -> int:
        with psycopg.connect(self._cluster.url, autocommit=True) as db:
            row = db.execute(
                "SELECT count(*) FROM post_queue WHERE status IN ('pending', 'approved') OR lease_owner IS NOT NULL "
                "OR in_doubt_since IS NOT NULL"
            ).fetchone()
        assert row is not None
        return int(row[0])

    def _unexpected(self) -> dict[str, int]:
        """What workers logged with a traceback, by its last line."""
        log = Path(self.log)
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return dict(Counter(line.split(": unexpected", 1)[1].strip() for line in lines if ": unexpected" in line))

    def _figures(self, settled: float, seconds: float) -> dict[str, object]:
        damage = self.damage
        return {
            "worker lives": damage.lives,
            "SIGKILL at a random instant": damage.random_kills,
            "SIGKILL at a step boundary": sum(damage.boundaries.values()),
            "boundaries died at": f"{len(damage.boundaries)} of {len(BOUNDARIES)}",
            "frozen beyond their lease": damage.freezes,
            "database cut off": damage.cuts,
            "database crashed": damage.crashes,
            "connections made anew by an owner": damage.reconnects,
            "put off by their owners": damage.put_off,
            "strangers' posts": len(self._town.foreign),
            "deadlocks in the database": self._cluster.told("deadlock detected"),
            "unexpected errors in workers": self._unexpected(),
            "misbehaviours of platforms": sum(damage.misbehaviours.values()),
            "settled after (s)": round(settled, 1),
            "seconds": round(seconds, 1),
            "by misbehaviour": dict(damage.misbehaviours),
            "by step boundary": dict(damage.boundaries),
        }


def run(plan: Plan) -> Verdict:
    """Carry out a plan in a world of its own."""
    first = NURSERY.Process(target=stillborn)
    first.start()
    first.join()
    first.close()
    with running_cluster() as cluster, running_sandbox() as sandbox:
        configure(sandbox, plan)
        with settings_from(worker_environment(plan, cluster, sandbox)):
            town = fill(cluster, sandbox, plan)
        return asyncio.run(Run(plan, cluster, sandbox, town).go())
