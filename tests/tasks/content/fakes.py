"""A writer, a photo service and a picture server that do what a test tells them, and remember what they were asked."""

from __future__ import annotations

import asyncio
import io
import random
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

from obstore.store import MemoryStore
from PIL import Image

from models.ai_prices import PriceList
from platforms.errors import PlatformError
from platforms.object_storage import LOCAL, ObjectStorage
from platforms.openai_writer import Draft, DraftPost, Usage
from platforms.safe_fetch import Fetched
from platforms.stock_photos import StockPhoto
from tasks.content.generation import Generation, Studio
from tasks.content.ledger import BudgetSpent, Ledger, Reservation, Wish
from tasks.content.pictures import PictureFinder
from tasks.content.stock import Service, StockShelf
from tasks.content.writing import Models
from tasks.media.preparing import Workshop
from tasks.media.storage import Storages

KEYS = ("PEXELS_API_KEY", "UNSPLASH_ACCESS_KEY")  # of the services, in their order

# So many that hardly two posts name the same: no two posts of a test are near duplicates.
_THINGS = """
    attic basement bucket cabinet carpet ceiling chimney closet corner counter cupboard curtain cushion desk door
    drawer driveway fence floor garden gate gutter hallway handle hinge hose kettle kitchen knob ladder lamp landing
    lawn ledge mailbox mat mirror mop paint pantry path pipe porch railing roof rug screw shelf shutter sill sink
    socket sofa sponge stair stove switch table tile towel valve vent wall window apron basket bench blanket bottle
    bowl broom brush candle chair clock crate cup fan fork frame glass hook iron jar key knife lid mug nail
    needle oven pan pillow plate pot quilt rack rope saw scale shovel spoon stool tape teapot tray vase wheel
""".split()  # noqa: SIM905 - a hundred words read better without quotes
_posts = count()
Answer = Callable[[Mapping[str, Any]], DraftPost | None]


def plain_post(slot: Mapping[str, Any]) -> DraftPost:
    """A post that every gate lets pass, another one every time; it quotes the review where there is one."""
    things = ", the ".join(random.Random(next(_posts)).sample(_THINGS, 12))
    words = f" \u201c{slot['review']['text']}\u201d" if "review" in slot else ""
    return DraftPost(
        slot=slot["slot"],
        text=f"A thought for {slot['weekday']}, {slot['slot']}: mind the {things}.{words}",
        hashtags=["#Plumbing", "plumbing", "austin tx"],
        picture_query="kitchen sink",
    )


class FakeWriter:
    """Answers every slot with `answers` in turn, call by call; the last one stays. An exception is raised."""

    def __init__(self, *answers: Answer | PlatformError, pause: asyncio.Barrier | None = None) -> None:
        self._answers = list(answers) or [plain_post]
        self._pause = pause
        self.requests: list[dict[str, Any]] = []
        self.models: list[str] = []
        self.cache_keys: list[str] = []

    async def write_week(self, instructions: str, request: Mapping[str, Any], model: str, cache_key: str) -> Draft:
        """One call."""
        assert "REPAIR" in instructions
        self.requests.append(dict(request))
        self.models.append(model)
        self.cache_keys.append(cache_key)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if self._pause is not None:
            await self._pause.wait()
        if isinstance(answer, PlatformError):
            raise answer
        posts = [post for slot in request["slots"] if (post := answer(slot)) is not None]
        usage = Usage(input_tokens=1000, cached_tokens=600, output_tokens=50 * len(posts))
        return Draft(posts=tuple(posts), usage=usage, model=model, request_id="req_1")


class FreeLedger(Ledger):
    """Every call has room and costs a cent; `room` calls, then the budget is spent. Nothing is written down."""

    def __init__(self, room: int | None = None) -> None:
        super().__init__(PriceList(), Decimal(1))
        self._room = room
        self.wishes: list[Wish] = []

    def check(self, model: str) -> None:
        """Every model has a price."""

    async def reserve(self, wish: Wish) -> Reservation:
        """Room for a call."""
        if self._room is not None and len(self.wishes) >= self._room:
            raise BudgetSpent("this month's budget for writing ($1) is used up")
        self.wishes.append(wish)
        return Reservation(call_id=uuid4(), price=None, batch=False)

    async def settle(
        self, reservation: Reservation, usage: Usage | None, model: str | None, *, billed: bool
    ) -> Decimal:
        """A cent."""
        return Decimal("0.01")


class FakePhotos:
    """Finds `count` photos for any query, or raises."""

    def __init__(self, count: int = 40, error: PlatformError | None = None, **shape: Any) -> None:
        self._count, self._error, self._shape = count, error, shape
        self.searches: list[str] = []

    async def search(self, query: str, orientation: Any = "landscape", per_page: int = 15) -> Sequence[StockPhoto]:
        """One search."""
        self.searches.append(query)
        await asyncio.sleep(0)
        if self._error is not None:
            raise self._error
        return [photo(f"{query.replace(' ', '-')}-{number}", **self._shape) for number in range(self._count)]


def photo(name: str, **shape: Any) -> StockPhoto:
    """A photo as a search gives it."""
    facts: dict[str, Any] = {"width": 1600, "height": 1067, "full_url": f"https://pictures.example/{name}.jpg"} | shape
    return StockPhoto(
        source="pexels",
        source_id=name,
        page_url=f"https://pictures.example/{name}",
        author="Mara Lindqvist",
        author_url="https://pictures.example/@mara",
        alt=f"What {name} shows",
        **facts,
    )


def picture_of(name: str, size: tuple[int, int] = (640, 427)) -> bytes:
    """A JPEG of patches of colour, always the same for a name."""
    dice = random.Random(name)
    patches = Image.frombytes("RGB", (12, 8), dice.randbytes(12 * 8 * 3))
    out = io.BytesIO()
    patches.resize(size, Image.Resampling.BICUBIC).save(out, "JPEG", quality=80)
    return out.getvalue()


class FakeFetcher:
    """Gives every address a picture of its own, or what `instead` says for it; an exception is raised."""

    def __init__(self, instead: Callable[[str], bytes | PlatformError | None] | None = None) -> None:
        self._instead = instead or (lambda url: None)
        self.fetched: list[str] = []

    async def fetch(self, url: str) -> Fetched:
        """One fetch."""
        self.fetched.append(url)
        await asyncio.sleep(0)
        content = self._instead(url) or picture_of(url)
        if isinstance(content, PlatformError):
            raise content
        return Fetched(url, content, "image/jpeg")


def memory_storages() -> Storages:
    """A storage of the test's own, in memory."""
    kept = ObjectStorage(MemoryStore(), place=LOCAL, public_url="https://media.example/m")
    return Storages(kept, kept)


def finder_of(
    *photos: FakePhotos, fetcher: FakeFetcher | None = None, storages: Storages | None = None
) -> PictureFinder:
    """Whom to ask for pictures; several services are asked in their order."""
    shelf = StockShelf([Service(source, key) for source, key in zip(photos, KEYS, strict=False)])
    return PictureFinder(shelf, Workshop(fetcher or FakeFetcher(), storages or memory_storages()))


def studio(
    writer: FakeWriter | None = None,
    photos: FakePhotos | None = None,
    *,
    fallback_model: str | None = None,
    hashtag_cap: int = 5,
    ledger: Ledger | None = None,
) -> Studio:
    """Whom a run works with."""
    return Studio(
        writer=writer or FakeWriter(),
        finder=finder_of(photos or FakePhotos()),
        models=Models(model="first-model", fallback_model=fallback_model, hashtag_cap=hashtag_cap),
        ledger=ledger or FreeLedger(),
    )


def generation(writer: FakeWriter | None = None, photos: FakePhotos | None = None, **options: Any) -> Generation:
    """A run with fakes."""
    return Generation(studio(writer, photos, **options))
