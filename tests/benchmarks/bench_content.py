"""What a business-week costs, and how fast a thousand of them are written, against the sandbox.

python -m tests.benchmarks.bench_content [--businesses 40] [--weeks 1000] [--cold-weeks 160] [--latency 1.0]
    [--at-once 8] [--without-weeks | --without-money]

(a) calls, tokens and money of a week written by one call, beside one call per post with the same instructions, the same
    gates and the same history. Tokens and prompt cache are the sandbox's imitation of the documented rules.
(b) weeks per second of a whole run (plan, call, gates, pictures, queue, ledger) in a process of its own, beside the
    time that the latency alone takes at that many calls at once: first with no photo known, as on a server's first day,
    then, for other businesses, with the photos that housekeeping has made ready.
(c) the same week by a batch.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
from pydantic import SecretStr

from models.ai_prices import PriceList, Tokens, cost
from models.base import utc_now
from models.business import Business
from models.plan_rights import PLANS
from platforms.openai_batches import BatchDesk, BatchLine
from platforms.openai_forms import Draft, Usage
from platforms.openai_writer import Writer
from tasks.content.plan import AccountFacts, OwnerFacts, WeekPlan, plan_weeks
from tasks.content.prompt import INSTRUCTIONS, request
from tasks.content.writing import Models, WeekWriter, write_week
from tests.benchmarks.house import environment, postgres
from tests.factories import next_monday

MODEL = "gpt-6-luna"
TRADES = ("plumber", "roofer", "bakery", "dentist", "landscaper", "auto_repair", "electrician", "florist")
# Of a thousand businesses about six have a trade and a town in common: more neighbours than the sandbox has texts for
# would measure how it repeats itself.
TOWNS = (
    ("Austin", "TX"), ("Denver", "CO"), ("Tampa", "FL"), ("Portland", "OR"), ("Columbus", "OH"), ("Boise", "ID"),
    ("Tucson", "AZ"), ("Omaha", "NE"), ("Tulsa", "OK"), ("Raleigh", "NC"), ("Madison", "WI"), ("Spokane", "WA"),
    ("Memphis", "TN"), ("Toledo", "OH"), ("Fresno", "CA"), ("Savannah", "GA"), ("Mobile", "AL"), ("Burlington", "VT"),
    ("Wichita", "KS"), ("St. Paul", "MN"),
)  # fmt: skip
PLATFORMS = ("google", "facebook", "instagram")
HISTORY_WEEKS = 3
SIZES = ((1, 3), (3, 3), (3, 7))  # accounts, posts a week on each


@contextmanager
def sandbox() -> Iterator[str]:
    """A sandbox in a process of its own; its address."""
    command = [sys.executable, "-m", "platforms.sandbox", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split(" at ")[1].split(" ")[0]
        finally:
            process.terminate()


@dataclass
class Bill:
    """What a way of writing used."""

    calls: int = 0
    posts: int = 0
    used: list[Usage] = field(default_factory=list)

    def money(self, *, batch: bool = False) -> Decimal:
        """In US dollars."""
        price = PriceList().price(MODEL, utc_now().date())
        return sum(
            (
                cost(
                    price,
                    Tokens(
                        input=u.input_tokens,
                        cached=u.cached_tokens,
                        cache_write=u.cache_write_tokens,
                        output=u.output_tokens,
                    ),
                    batch=batch,
                )
                for u in self.used
            ),
            Decimal(0),
        )

    def line(self, name: str, weeks: int, *, batch: bool = False) -> str:
        """Per business-week."""
        total = [sum(getattr(u, f"{kind}_tokens") for u in self.used) for kind in ("input", "cached", "output")]
        numbers = "".join(f"{number / weeks:>10,.0f}" for number in total)
        return (
            f"  {name:<28}{self.calls / weeks:>7.2f}{self.posts / weeks:>7.1f}{numbers}"
            f"{self.money(batch=batch) / weeks * 1000:>12.4f}"
        )


class Counted:
    """The writer, with a bill."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.bill = Bill()

    async def write_week(self, instructions: str, request: Mapping[str, Any], model: str, cache_key: str) -> Draft:
        """One call."""
        draft = await self._writer.write_week(instructions, request, model, cache_key)
        self.bill.calls += 1
        self.bill.used.append(draft.usage)
        return draft


def trade_and_place(number: int) -> tuple[str, str, str]:
    """Trade, town and state of a business: every pair of trade and town once before any comes again."""
    town, state = TOWNS[number // len(TRADES) % len(TOWNS)]
    return TRADES[number % len(TRADES)], town, state


def owner(number: int, accounts: int, frequency: int) -> OwnerFacts:
    """A business that exists only here."""
    trade, town, state = trade_and_place(number)
    user_id = uuid4()
    business = Business(
        id=uuid4(), user_id=user_id, name=f"{town} {trade.replace('_', ' ').title()} {number}", type=trade,
        location_city=town, location_state=state, description="Family-run, for homes and small shops.",
        website="https://example.com", brand_voice="friendly" if number % 2 else "professional",
    )  # fmt: skip
    connected = tuple(AccountFacts(id=uuid4(), platform=name, name=name, active=True) for name in PLATFORMS[:accounts])
    return OwnerFacts(
        user_id=user_id, rights=PLANS["pro"], business=business, frequency=frequency, preferred_times=(),
        zone_name="America/Chicago", themes_enabled=("tip", "promotion", "seasonal", "fun_fact"), avoid_keywords=(),
        accounts=connected,
        taken={}, recent_texts=(), templates=(),
    )  # fmt: skip


def week_of(facts: OwnerFacts, monday: date) -> WeekPlan:
    """What is missing in that week."""
    return plan_weeks(facts, utc_now(), monday)[0][0]


async def written(writer: WeekWriter, facts: OwnerFacts, week: WeekPlan, bill: Bill) -> tuple[str, ...]:
    """Write a week past every gate; the texts, newest first."""
    done = await write_week(writer, Models(model=MODEL), facts, week, today=utc_now().date(), last_chance=True)
    bill.posts += len(done.posts) - done.fell_back
    return tuple(post.text for post in done.posts)


async def cost_of_a_week(address: str, businesses: int) -> None:
    """(a) and (c)."""
    key, monday = SecretStr("bench"), next_monday()
    print(f"Per business-week: {businesses} businesses, {HISTORY_WEEKS} weeks of history, {MODEL}, money in $/1000")
    print(f"  {'':<28}{'calls':>7}{'posts':>7}{'input':>10}{'cached':>10}{'output':>10}{'money':>12}")
    async with (
        Writer(api_key=key, base_url=f"{address}/openai", api="responses") as plain,
        BatchDesk(api_key=key, base_url=f"{address}/openai") as desk,
    ):
        for accounts, frequency in SIZES:
            whole, single, batch = Counted(plain), Counted(plain), Bill()
            lines: list[BatchLine] = []
            for number in range(businesses):
                facts = owner(number, accounts, frequency)
                for back in range(HISTORY_WEEKS, 0, -1):
                    earlier = week_of(facts, monday + timedelta(weeks=HISTORY_WEEKS - back))
                    texts = await written(plain, facts, earlier, Bill())
                    facts = replace(facts, recent_texts=(*texts, *facts.recent_texts))
                week = week_of(facts, monday + timedelta(weeks=HISTORY_WEEKS))
                document = request(
                    facts, week.week_start, week.posts, recent=facts.recent_texts, today=utc_now().date()
                )
                lines.append(BatchLine(custom_id=str(number), instructions=INSTRUCTIONS, request=document))
                await written(whole, facts, week, whole.bill)
                for post in week.posts:
                    alone = replace(week, posts=(post,))
                    texts = await written(single, facts, alone, single.bill)
                    facts = replace(facts, recent_texts=(*texts, *facts.recent_texts))
            state = await desk.create(f"bench-{accounts}", await desk.upload("bench", lines, MODEL))
            results = await desk.results(await desk.look(state.provider_id), MODEL)
            for told in results.values():
                assert isinstance(told, Draft)
                batch.calls += 1
                batch.posts += len(told.posts)
                batch.used.append(told.usage)
            print(f" {accounts} accounts x {frequency} posts")
            print(whole.bill.line("one call a week", businesses))
            print(single.bill.line("one call a post", businesses))
            print(batch.line("one call a week, by batch", businesses, batch=True))
            ratio, half = whole.bill.money() / single.bill.money(), batch.money(batch=True) / whole.bill.money()
            print(f"  one call a week costs {ratio:.1%} of one call a post (aim 40 %); a batch {half:.1%} of that")


def seed(url: str, first: int, number: int) -> None:
    """So many owners with an account on each platform, counted on from `first`."""
    import psycopg

    from tests.factories import make_account, make_owner

    with psycopg.connect(url) as db:
        for business in range(first, first + number):
            trade, town, state = trade_and_place(business)
            made = make_owner(
                db, business_type=trade, business_name=f"{town} {trade} {business}", city=town, state=state,
                brand_voice="friendly" if business % 2 else "professional",
            )  # fmt: skip
            for platform in PLATFORMS:
                make_account(db, made, platform)


def weeks_per_second(weeks: int, cold_weeks: int, latency: float, at_once: int) -> None:
    """(b)."""
    with postgres() as url, sandbox() as address:
        with httpx.Client(base_url=address, timeout=30, trust_env=False) as control:
            rule = {"service": "openai", "operation": "complete", "kind": "latency", "seconds": latency}
            control.post("/_sandbox/faults", json=[rule]).raise_for_status()
        env = environment(url, address, OPENAI_API_KEY="bench", PEXELS_API_KEY="bench")
        seed(url, 0, cold_weeks)
        _tell(
            "no photo known yet", cold_weeks, latency, _in_a_process(env, "--worker", cold_weeks, "--at-once", at_once)
        )
        stocked = _in_a_process(env, "--stock")
        print(f"housekeeping made {stocked['photos']} more photos ready in {stocked['seconds']:.1f} s")
        seed(url, cold_weeks, weeks)
        _tell("photos stocked up", weeks, latency, _in_a_process(env, "--worker", weeks, "--at-once", at_once))


def _in_a_process(env: Mapping[str, str], *arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.bench_content", *map(str, arguments)]
    done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _tell(what: str, weeks: int, latency: float, told: Mapping[str, Any]) -> None:
    at_once = told["at_once"]
    print(f"{weeks} weeks at {latency:g} s latency, {at_once} calls at once, {what}: {told['seconds']:.1f} s")
    print(f"  {told['summary']}; {told['photos']} photos converted meanwhile")
    for which, calls in (("one call a week", weeks), ("the calls made, repairs included", told["calls"])):
        alone = -(-calls // at_once) * latency
        print(f"  latency of {which} alone {alone:.1f} s: {alone / told['seconds']:.2f} of it (aim 0.80)")
    print(f"  our CPU {told['cpu']:.1f} s ({told['cpu'] / weeks * 1000:.1f} ms a week), load {os.getloadavg()[0]:.1f}")
    begin, middle, end = told["rss"]
    print(f"  memory {begin:.0f} MiB at the start, {middle:.0f} in the middle, {end:.0f} at the end")


def stock() -> None:
    """Housekeeping's share, in this process."""
    from models.settings import settings
    from tasks.media.stocking import stock_up

    start = time.perf_counter()
    done = asyncio.run(stock_up(settings()))
    assert not done.left, done
    print(json.dumps({"photos": done.photos, "seconds": time.perf_counter() - start}))


async def worker(weeks: int, at_once: int) -> None:
    """The deployment's work in this process; prints its numbers as JSON."""
    import psutil

    from models.database import Role, session
    from tasks.content import generation
    from tasks.content.plan import owners_at_work

    process, rss, begun = psutil.Process(), [], 0
    original = generation.Generation._owner

    async def watched(self: generation.Generation, user_id: UUID, *, last_chance: bool) -> bool:
        nonlocal begun
        begun += 1
        if begun in (weeks // 10, weeks // 2):
            rss.append(process.memory_info().rss / 2**20)
        return await original(self, user_id, last_chance=last_chance)

    run = generation.Generation.run

    async def bounded(self: generation.Generation, owners: list[UUID], *, last_chance: bool) -> list[UUID]:
        return await run(self, owners, last_chance=last_chance, at_once=at_once)

    def converted() -> int:
        with session(Role.WORKER) as db:
            ready = "SELECT count(storage_key) FROM stock_photo_cache"
            return int(db.connection().exec_driver_sql(ready).scalar_one())

    generation.Generation._owner = watched  # type: ignore[method-assign]
    generation.Generation.run = bounded  # type: ignore[method-assign,assignment]
    owners_at_work(None)  # the engine is made, as it is in a worker that has just started
    before = converted()
    cpu, start = time.process_time(), time.perf_counter()
    report = await generation.write_missing_weeks.fn(None, next_monday())
    told = {
        "seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu, "at_once": at_once,
        "photos": converted() - before, "calls": report.calls,
        "summary": report.summary, "rss": [*rss, process.memory_info().rss / 2**20],
    }  # fmt: skip
    assert report.made == 9 * weeks, report.summary
    print(json.dumps(told))


def main() -> None:
    """Parse and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--businesses", type=int, default=40)
    parser.add_argument("--weeks", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=1.0)
    parser.add_argument("--without-weeks", action="store_true")
    parser.add_argument("--without-money", action="store_true")
    parser.add_argument("--cold-weeks", type=int, default=160)  # every pair of trade and town once
    parser.add_argument("--worker", type=int)
    parser.add_argument("--stock", action="store_true")
    # The product makes 16 calls at once, as real writers take many seconds. At one second that is more work than two
    # cores do that this run, the sandbox and PostgreSQL share.
    parser.add_argument("--at-once", type=int, default=8)
    given = parser.parse_args()
    if given.worker is not None:
        asyncio.run(worker(given.worker, given.at_once))
        return
    if given.stock:
        stock()
        return
    if not given.without_money:
        with sandbox() as address:
            with httpx.Client(base_url=address, timeout=30, trust_env=False) as control:
                control.post("/_sandbox/config", json={"openai_batch_seconds": 0.0}).raise_for_status()
            asyncio.run(cost_of_a_week(address, given.businesses))
    if not given.without_weeks:
        weeks_per_second(given.weeks, given.cold_weeks, given.latency, given.at_once)


if __name__ == "__main__":
    main()
