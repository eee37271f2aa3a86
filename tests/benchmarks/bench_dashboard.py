"""How long the dashboard's own code and queries take: python -m tests.benchmarks.bench_dashboard [--posts ...].

200 tenants, one of them with 100,000 posts and 1,000,000 snapshots. First every page, also its last page, its longest
time and its parts, run in this process as Streamlit runs it (AppTest) for the giant and for a normal tenant: p50 and
p95 of a run, and what of it was waiting for the database. Then a real server with concurrent sessions over websockets:
p95 of a page run as a browser sees it, and the memory that each session takes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import psycopg
from sqlalchemy import event
from streamlit.testing.v1 import AppTest

from models import database
from models.settings import settings
from tests.benchmarks.dashboard_house import Run, make_tenant, session
from tests.benchmarks.house import KEY, postgres
from tests.dashboards.conftest import serving
from tests.dashboards.house import ROOT, Login

AIM_MS = 300
PAGES = sorted(path.stem for path in (ROOT / "dashboards" / "views").glob("[!_]*.py"))
# What is set before a page runs: the parts of it that could be slow.
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "metrics": [{"span": 7}, {"span": 30}, {"span": 90}, {"span": 365}, {"span": 365, "results-page": 10**6}],
    "queue": [
        *({"show": show} for show in ("waiting", "scheduled", "published", "problems", "rejected")),
        {"show": "published", "page-published": 10**6},
    ],
}


class DatabaseClock:
    """Statements of the dashboard's engines, and the seconds they took."""

    def __init__(self) -> None:
        self.statements, self.seconds = 0, 0.0
        for role in (database.Role.DASHBOARD, database.Role.ACCESS):
            engine = database.engine(role)
            event.listen(engine, "before_cursor_execute", self._begins)
            event.listen(engine, "after_cursor_execute", self._ends)

    def _begins(self, _connection: Any, _cursor: Any, _text: str, _values: Any, context: Any, _many: bool) -> None:
        context.began = time.perf_counter()

    def _ends(self, _connection: Any, _cursor: Any, _text: str, _values: Any, context: Any, _many: bool) -> None:
        self.statements += 1
        self.seconds += time.perf_counter() - context.began


def p95(values: Sequence[float]) -> float:
    """The value that 19 of 20 stay below."""
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


def measure(login: Login, who: str, page: str, state: dict[str, Any], rounds: int, clock: DatabaseClock) -> None:
    """One line: a page in one state for one tenant."""
    took: list[float] = []
    asked: list[float] = []
    ours: list[float] = []
    test = AppTest.from_file(str(ROOT / "dashboards" / "main.py"), default_timeout=120)
    test.user = login.user
    for name, value in state.items():
        test.session_state[name] = value
    if page != "overview":
        test.switch_page(f"views/{page}.py")
    test.run()  # compiles the page, which a server does once for all
    for _ in range(rounds):
        clock.statements, clock.seconds = 0, 0.0
        began, worked = time.perf_counter(), time.process_time()
        test.run()
        took.append(1000 * (time.perf_counter() - began))
        ours.append(1000 * (time.process_time() - worked))
        asked.append(1000 * clock.seconds)
        if test.exception:
            raise RuntimeError(f"{page} {state}: {test.exception[0].message}")
    told = ", ".join(f"{name} {value:,}" if isinstance(value, int) else str(value) for name, value in state.items())
    over = "  OVER THE AIM" if p95(took) > AIM_MS else ""
    print(
        f"{who:<8}{page:<12}{told:<36}{statistics.median(took):>7.0f}{p95(took):>7.0f}{statistics.median(ours):>9.0f}"
        f"{statistics.median(asked):>9.0f}{p95(asked):>7.0f}{clock.statements:>6}{over}",
        flush=True,
    )


def sessions(url: str, logins: Sequence[Login], *, seconds: float, think: float) -> None:
    """Concurrent sessions at a real server: what each page run takes, and each session's memory."""
    with TemporaryDirectory(prefix="pa-bench-") as folder, serving(url, Path(folder)) as address:
        server = next(
            process
            for process in psutil.Process().children(recursive=True)
            if "dashboards.app" in " ".join(process.cmdline())
        )
        # Everything is loaded and the pools are full before memory is read.
        asyncio.run(_together(address, logins[:1], seconds=8, think=0.2))
        before = server.memory_full_info().uss
        peak = [before]
        runs = asyncio.run(_together(address, logins, seconds=seconds, think=think, peak=peak, server=server))
    for page in [*sorted({run.page for run in runs}), None]:
        mine = [1000 * run.seconds for run in runs if page in (None, run.page)]
        print(f"  {page or 'all':<12}{len(mine):>6} runs{statistics.median(mine):>8.0f}{p95(mine):>8.0f}")
    grown = (peak[0] - before) / 2**20
    print(f"  server {before / 2**20:.0f} MB with one session, {peak[0] / 2**20:.0f} MB with {len(logins)}: "
          f"{grown / len(logins):.1f} MB a session")  # fmt: skip


async def _together(
    address: str,
    logins: Sequence[Login],
    *,
    seconds: float,
    think: float,
    peak: list[int] | None = None,
    server: psutil.Process | None = None,
) -> list[Run]:
    looking = asyncio.gather(*(session(address, who, PAGES, seconds=seconds, think=think) for who in logins))
    while not looking.done():
        await asyncio.wait([looking], timeout=2)
        if server is not None and peak is not None:
            peak[0] = max(peak[0], server.memory_full_info().uss)
    return [run for runs in await looking for run in runs]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=200)
    parser.add_argument("--posts", type=int, default=100_000, help="of the giant")
    parser.add_argument("--normal-posts", type=int, default=300)
    parser.add_argument("--snapshots", type=int, default=10, help="of each post")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60, help="how long the sessions look around")
    parser.add_argument("--think", type=float, default=5, help="pause between two looks of a session")
    args = parser.parse_args()
    with postgres() as url, psycopg.connect(url, autocommit=True) as db:
        os.environ |= {"POSTAGENT_DATABASE_URL": url, "POSTAGENT_ENCRYPTION_KEYS": KEY}
        settings.cache_clear()
        began = time.perf_counter()
        giant = make_tenant(db, posts=args.posts, snapshots=args.snapshots, accounts_each=10)
        normal = [
            make_tenant(db, posts=args.normal_posts, snapshots=args.snapshots, accounts_each=1)
            for _ in range(args.tenants - 1)
        ]
        db.execute("VACUUM ANALYZE")
        print(f"\n{args.tenants} tenants made in {time.perf_counter() - began:.0f} s; milliseconds of one run, "
              f"{args.rounds} runs each")  # fmt: skip
        print(
            f"{'tenant':<8}{'page':<12}{'':<36}{'p50':>7}{'p95':>7}{'CPU p50':>9}{'SQL p50':>9}{'p95':>7}{'stmts':>6}"
        )
        clock = DatabaseClock()
        for login, who in ((giant, "giant"), (normal[0], "normal")):
            for page in PAGES:
                for state in VARIANTS.get(page, [{}]):
                    measure(login, who, page, state, args.rounds, clock)
        database.close_engines()
        print(f"\n{args.sessions} sessions at one server for {args.seconds:.0f} s, {args.think:.0f} s between two "
              "looks; p50 and p95 in ms")  # fmt: skip
        sessions(url, [giant, *normal][: args.sessions], seconds=args.seconds, think=args.think)


if __name__ == "__main__":
    main()
