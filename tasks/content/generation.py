"""The deployment's work: write what is missing, business by business, a few at once, and tell what was done.

No transaction is open while somebody outside is asked. What a run did not finish is simply missing, and the next one
writes it; two runs at once cost tokens, but make nothing twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import httpx
from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import SecretStr
from sqlalchemy.exc import IntegrityError

from models.ai_costs import money
from models.ai_prices import PriceList, UnknownPrice, own_prices
from models.base import utc_now
from models.calendar_slots import UnknownZone, zone
from models.gates import needs_picture
from models.picture_rules import LARGEST_FETCH
from models.settings import Settings, settings
from platforms import http as transport
from platforms.errors import OperatorNeeded
from platforms.openai_batches import BatchDesk
from platforms.openai_writer import Writer
from platforms.safe_fetch import SafeFetcher
from platforms.stock_photos import Pexels, Unsplash
from tasks.batches import work_through
from tasks.content.batches import BatchWork
from tasks.content.collecting import Collected, collect, finish
from tasks.content.ledger import Ledger
from tasks.content.paying import PaidWriter
from tasks.content.pictures import Album, PictureFinder, read_album
from tasks.content.plan import NothingToWrite, OwnerFacts, WeekPlan, owners_at_work, plan_weeks, read_owner
from tasks.content.queueing import Paid, Queued, no_picture, queue_week, with_pictures
from tasks.content.report import GenerationReport, counted, tell_of_batches
from tasks.content.stock import Service, StockShelf
from tasks.content.wall_clock import follow_slots
from tasks.content.writing import Models, WeekWriter, WrittenWeek, write_week
from tasks.media.preparing import Workshop
from tasks.media.storage import Storages, trusted_origins
from tasks.media.tidying import MediaTidied, ping_downloads

logger = logging.getLogger(__name__)
_wait = asyncio.sleep

AT_ONCE = 16  # calls
# Owners in work for each call: while some wait for the writer, others are read, judged and queued.
OWNERS_A_CALL = 1.5
RUN_SECONDS = 3000.0  # after that nothing new is begun; the next run goes on
# Seconds before each try while the writer is down; after the last one the evergreen bank fills what is missing.
WAITS = (0.0, 20.0, 90.0)
_LONGEST_WAIT = 180.0
# OpenAI wants no more than some 15 requests a minute for one key of its cache; each key has to be warmed up.
_OWNERS_A_CACHE_KEY = 15
_MOST_CACHE_KEYS = 16
_WORDS_TOLD = 400


class BadRequest(ValueError):
    """A run was asked for that cannot be: no such user, no Monday. The message is one line that names the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """Whom a run works with."""

    writer: WeekWriter
    finder: PictureFinder
    models: Models
    ledger: Ledger
    desk: BatchDesk | None = None  # where batches are looked at; None = the server has none


class Generation:
    """One run over a list of owners."""

    def __init__(self, studio: Studio, *, week_start: date | None = None, batches: BatchWork | None = None) -> None:
        """`week_start` (a Monday) limits the run to that week; without it the current and the next one are written.

        `batches` takes posts that can wait, and gives those that it has written.
        """
        self._studio = studio
        self._models = studio.models
        self._room = asyncio.Semaphore(AT_ONCE)
        self._batches = batches
        self.served: set[UUID] = set()  # owners for whom nothing is left to be done
        self._week_start = week_start
        self._stopped = False
        self._helped: set[UUID] = set()
        self._held: dict[tuple[UUID, date], int] = {}  # posts of a week that a batch writes
        self.report = GenerationReport()
        self.wait_seconds = 0.0  # what the writer asked us to wait, when it was down

    async def run(self, owners: list[UUID], *, last_chance: bool, at_once: int = AT_ONCE) -> list[UUID]:
        """Write what they miss with `at_once` calls; returns those that wait because the writer is down."""
        waiting: list[UUID] = []
        keys = max(1, min(_MOST_CACHE_KEYS, len(owners) // _OWNERS_A_CACHE_KEY))
        self._models = replace(self._studio.models, cache_keys=keys)

        async def one(user_id: UUID) -> None:
            if self._stopped:
                self.report.left += 1
                return
            try:
                if await self._owner(user_id, last_chance=last_chance):
                    waiting.append(user_id)
                else:
                    self.served.add(user_id)
            except OperatorNeeded as error:
                self._stopped = True  # the same for everybody
                self.report.left += 1
                self.report.problems.add(f"{error.message}; see POSTAGENT_OPENAI_API_KEY and POSTAGENT_OPENAI_MODEL")
            except Exception as error:  # one business must not cost the others their week
                if isinstance(error, IntegrityError) and not await asyncio.to_thread(owners_at_work, user_id):
                    self.report.rows.add({"business": str(user_id), "notes": "erased meanwhile"}, trouble=False)
                    return
                logger.exception("the week of user %s could not be written", user_id)
                self.report.problems.add(f"{type(error).__name__} with the week of user {user_id}, see the log")

        self._room = asyncio.Semaphore(at_once)
        left = await work_through(owners, one, at_once=round(at_once * OWNERS_A_CALL), seconds=RUN_SECONDS)
        self.report.left += left
        return waiting if not self._stopped else []

    async def _owner(self, user_id: UUID, *, last_chance: bool) -> bool:
        """Whether something is still to be written because the writer is down."""
        now = utc_now()
        try:
            owner = await asyncio.to_thread(read_owner, user_id, now)
            weeks, notes = plan_weeks(owner, now, self._week_start)
        except (NothingToWrite, UnknownZone) as reason:
            self.report.rows.add({"business": str(user_id), "notes": str(reason)}, trouble=True)
            return False
        if not weeks:
            if notes:
                self._tell(owner, None, WrittenWeek(), Queued(), notes)
            return False
        album, late = await asyncio.to_thread(read_album, user_id, owner.rights), False
        for week in weeks:
            week, without = await self._with_pictures_only(owner, week, album)
            arrived, held = None, 0
            if self._batches is not None:
                week, held = await self._batches.take(owner, week, now)
                arrived = self._batches.arrived.get((owner.user_id, week.week_start))
            self._held[user_id, week.week_start] = held
            self.report.waiting = sum(self._held.values())
            if held and not week.posts:
                continue
            today = now.astimezone(zone(owner.zone_name)).date()
            writer = PaidWriter(self._studio.writer, self._studio.ledger, owner.user_id, self._room)
            written = await write_week(
                writer, self._models, owner, week, today=today, last_chance=last_chance, arrived=arrived
            )
            written.skipped += without
            late = late or written.late is not None
            self.wait_seconds = max(self.wait_seconds, (written.late and written.late.retry_after) or 0.0)
            ready = await with_pictures(self._studio.finder, owner, written, album)
            queued, cost = Queued(), writer.cost_usd
            paid = Paid(writer.call_ids)
            if arrived is not None:
                paid, cost = Paid([*arrived.call_ids, *paid.call_ids], arrived.request_ids), cost + arrived.cost_usd
            if ready or written.output_tokens:
                queued = await queue_week(owner, week, written, ready, model=self._studio.models.model, paid=paid)
                if arrived is not None:
                    arrived.is_used()
            self._count(owner, written, queued, cost)
            self._tell(owner, week, written, queued, notes, cost)
            texts = tuple(post.written.text for post in ready)
            owner, notes = replace(owner, recent_texts=(*texts, *owner.recent_texts)), []
        return late

    async def _with_pictures_only(self, owner: OwnerFacts, week: WeekPlan, album: Album) -> tuple[WeekPlan, list[str]]:
        """Before anything is paid for: the week without the posts that would end without the picture they need."""
        needy = [post for post in week.posts if needs_picture(post.platform)]
        if not needy or await self._studio.finder.ready(owner.business.type, album):
            return week, []
        reason = no_picture(self._studio.finder)
        kept = tuple(post for post in week.posts if not needs_picture(post.platform))
        return replace(week, posts=kept), [f"{post.key}: {reason}" for post in needy]

    def _count(self, owner: OwnerFacts, written: WrittenWeek, queued: Queued, cost: Decimal) -> None:
        report = self.report
        report.cost_usd += cost
        report.made += queued.made
        report.fell_back += queued.fell_back
        report.skipped += len(written.skipped)
        report.calls += written.calls
        report.input_tokens += written.input_tokens
        report.cached_tokens += written.cached_tokens
        report.output_tokens += written.output_tokens
        if queued.made and owner.user_id not in self._helped:
            self._helped.add(owner.user_id)
            report.businesses += 1

    def _tell(
        self,
        owner: OwnerFacts,
        week: WeekPlan | None,
        written: WrittenWeek,
        queued: Queued,
        notes: list[str],
        cost: Decimal = Decimal(0),
    ) -> None:
        told = [*notes, *written.skipped]
        told += dict.fromkeys(f"{note['gate']}: {note['reason']}" for note in written.refusals if not note["slot"])
        words = "; ".join(told)
        self.report.rows.add(
            {
                "business": owner.business.name,
                "plan": owner.rights.plan,
                "week": week.week_start.isoformat() if week else "",
                "slots wanted": week.wanted if week else 0,
                "made": queued.made,
                "fell back": queued.fell_back,
                "skipped": len(written.skipped),
                "tokens in": written.input_tokens,
                "of them cached": written.cached_tokens,
                "tokens out": written.output_tokens,
                "cost": money(cost),
                "cost per post": money(cost / queued.made) if queued.made else "",
                "notes": words if len(words) <= _WORDS_TOLD else f"{words[:_WORDS_TOLD]}...",
            },
            trouble=bool(written.skipped or written.fell_back or written.late),
        )


@asynccontextmanager
async def open_studio(config: Settings) -> AsyncIterator[Studio]:
    """Writer, picture finder and ledger from the settings, closed at the end.

    Without a key a word stands in for it: compatible servers need none, and the others say that it is wrong.
    """
    no_key = SecretStr("not-set")
    async with (
        Writer(
            api_key=config.openai_api_key or no_key,
            base_url=config.openai_base_url,
            timeout_seconds=config.openai_timeout_seconds,
            api=config.openai_api,
        ) as writer,
        BatchDesk(
            api_key=config.openai_api_key or no_key,
            base_url=config.openai_base_url,
            form="chat" if config.openai_api == "chat" else "responses",
        ) as desk,
        transport.client() as http,
        SafeFetcher(trusted_origins(config), max_bytes=LARGEST_FETCH) as fetcher,
    ):
        workshop = Workshop(fetcher, Storages.from_settings(config))
        yield Studio(
            writer=writer,
            finder=PictureFinder(StockShelf(_photo_services(config, http)), workshop),
            models=Models(
                model=config.openai_model,
                fallback_model=config.openai_fallback_model,
                hashtag_cap=config.instagram_hashtag_cap,
            ),
            ledger=Ledger(PriceList(own_prices(config.ai_prices)), config.ai_monthly_budget_usd),
            desk=desk,
        )


def _photo_services(config: Settings, http: httpx.AsyncClient) -> list[Service]:
    """Pexels first; Unsplash only where its key is given. Without any key Pexels is asked, and says what is missing."""
    services = []
    if config.pexels_api_key is not None or config.unsplash_access_key is None:
        key = config.pexels_api_key or SecretStr("not-set")
        services.append(Service(Pexels(http, base_url=config.pexels_url, api_key=key), "PEXELS_API_KEY"))
    if config.unsplash_access_key is not None:
        unsplash = Unsplash(http, base_url=config.unsplash_url, access_key=config.unsplash_access_key)
        services.append(Service(unsplash, "UNSPLASH_ACCESS_KEY"))
    return services


@task(name="write missing weeks", cache_policy=NO_CACHE, retries=0)
async def write_missing_weeks(
    user_id: UUID | None = None, week_start: date | None = None, *, only_batches: bool = False
) -> GenerationReport:
    """Write the missing posts of everybody, or of one user: until the end of next week, or of one week (its Monday).

    What batches have written is queued first; with `only_batches` nobody else is served. One user asks on demand, and
    does not wait for a new batch. Not retried by Prefect: while the writer is down it tries again by itself, then takes
    evergreen posts.
    """
    moved = await asyncio.to_thread(follow_slots, user_id, utc_now())
    config = settings()
    async with open_studio(config) as studio:
        desk, collected, work = studio.desk, Collected(), None
        if desk is not None:
            if user_id is None and week_start is None:
                collected = await collect(desk, studio.ledger, utc_now())
            new = desk if config.openai_batch and user_id is None else None
            work = BatchWork(studio.ledger, studio.models.model, new, collected.arrived)
        generation = Generation(studio, week_start=week_start, batches=work)
        owners = collected.owners if only_batches else await asyncio.to_thread(owners_at_work, user_id)
        await write_for(generation, studio, owners)
        if work is not None:
            await work.send()
            await write_for(generation, studio, sorted(work.undone))
        if desk is not None:
            await finish(desk, collected, generation.served)
        tell_of_batches(generation.report, collected, work)
        _picture_problem(generation.report, studio.finder, config)
    async with transport.client() as http:
        await ping_downloads(config, http, MediaTidied())  # what fails is told again by housekeeping
    if moved:
        generation.report.notices.add(f"{counted(moved, 'waiting post')} moved to keep the time on the owner's clock")
    return generation.report


async def write_for(generation: Generation, studio: Studio, owners: list[UUID]) -> None:
    """Try until everybody is served; the last time what the writer does not give is taken from the evergreen bank."""
    if not owners:
        return
    try:
        for model in filter(None, (studio.models.model, studio.models.fallback_model)):
            studio.ledger.check(model)
    except UnknownPrice as unknown:  # before anything is paid for
        generation.report.problems.add(str(unknown))
        generation.report.left += len(owners)
        return
    for number, wait in enumerate(WAITS):
        await _wait(min(max(wait, generation.wait_seconds), _LONGEST_WAIT))
        generation.wait_seconds = 0.0
        owners = await generation.run(owners, last_chance=number == len(WAITS) - 1)
        if not owners:
            break


def _picture_problem(report: GenerationReport, finder: PictureFinder, config: Settings) -> None:
    """A refused key is for a person to mend; no key at all is their choice."""
    shelf, workshop = finder.shelf, finder.workshop
    if isinstance(shelf.problem, OperatorNeeded):
        chosen = config.pexels_api_key is None and config.unsplash_access_key is None
        asked = report.notices if chosen else report.problems
        asked.add(f"no stock photos: {shelf.problem.message}; see POSTAGENT_{shelf.problem_setting}")
    if isinstance(workshop.problem, OperatorNeeded):
        report.problems.add(f"{workshop.problem.message}; see POSTAGENT_S3_BUCKET and POSTAGENT_S3_ACCESS_KEY_ID")


def asked_for(user_id: str | None, week_start: date | None) -> UUID | None:
    """The user that a run is for (None = everybody), looked up before anything is begun.

    Raises BadRequest for what is no id, for an id that nobody has, and when `week_start` is no Monday.
    """
    if week_start is not None and week_start.weekday() != 0:
        raise BadRequest(f"week_start must be a Monday: {week_start} is a {week_start:%A}")
    if user_id is None:
        return None
    try:
        wanted = UUID(user_id)
    except ValueError:
        example = "123e4567-e89b-12d3-a456-426614174000"
        raise BadRequest(f"user_id {user_id!r} is not the id of a user: it looks like {example}") from None
    if not owners_at_work(wanted):
        raise BadRequest(f"There is no user with the id {wanted}")
    return wanted
