"""Pictures: searched once, fit for every platform, and none twice within 60 days while there are others."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from platforms.errors import OperatorNeeded, PlatformError, Refused, TryLater
from tasks.content.pictures import PictureFinder, is_fit, nearest
from tests.tasks.content.fakes import FakePhotos, photo

NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)
Connection = psycopg.Connection[Any]


async def _find(
    finder: PictureFinder, wanted: str = "kitchen sink", *, used: dict[str, datetime] | None = None, seed: str = ""
) -> str | None:
    found = await finder.find("plumber", wanted, used or {}, NOW, seed=seed)
    return found.url if found else None


async def test_a_search_is_made_once_and_kept(owner: Connection) -> None:
    photos = FakePhotos()
    assert await _find(PictureFinder(photos)) is not None
    assert await _find(PictureFinder(photos), "Kitchen  sink") is not None
    assert photos.searches == ["kitchen sink"]
    row = owner.execute(
        "SELECT business_type, source, photographer_name, photographer_url, alt_text, page_url FROM stock_photo_cache"
        " WHERE photo_url LIKE '%kitchen-sink-0.jpg'"
    ).fetchone()
    assert row == (
        "plumber",
        "pexels",
        "Mara Lindqvist",
        "https://pictures.example/@mara",
        "What kitchen-sink-0 shows",
        "https://pictures.example/kitchen-sink-0",
    )


async def test_many_at_once_make_one_search(owner: Connection) -> None:
    photos = FakePhotos()
    finder = PictureFinder(photos)
    await _find(finder, "copper pipes")  # opens the database's engine before the threads do
    await asyncio.gather(*(_find(finder) for _ in range(10)))
    assert photos.searches.count("kitchen sink") == 1


async def test_a_search_that_means_the_same_is_served_from_the_cache(owner: Connection) -> None:
    photos = FakePhotos()
    finder = PictureFinder(photos)
    await _find(finder, "kitchen sink")
    assert "kitchen-sink" in str(await _find(finder, "sinks in the kitchen"))
    assert photos.searches == ["kitchen sink"]
    await _find(finder, "garden hose")
    assert photos.searches == ["kitchen sink", "garden hose"]


async def test_another_trade_has_a_cache_of_its_own(owner: Connection) -> None:
    photos = FakePhotos()
    finder = PictureFinder(photos)
    await _find(finder)
    await finder.find("bakery", "kitchen sink", {}, NOW, seed="")
    assert photos.searches == ["kitchen sink", "kitchen sink"]


async def test_a_trade_that_we_do_not_know_shares_its_cache_with_its_own_kind_only(owner: Connection) -> None:
    photos = FakePhotos()
    for type_ in ("Locksmith", "locksmith ", "notary"):
        await PictureFinder(photos).find(type_, "front door", {}, NOW, seed="")
    assert photos.searches == ["front door", "front door"]
    assert owner.execute("SELECT DISTINCT business_type FROM stock_photo_cache ORDER BY 1").fetchall() == [
        ("locksmith",),
        ("notary",),
    ]


async def test_a_picture_rests_for_sixty_days(owner: Connection) -> None:
    finder = PictureFinder(FakePhotos(count=3))
    urls = [f"https://pictures.example/kitchen-sink-{n}.jpg" for n in range(3)]
    used = {urls[0]: NOW - timedelta(days=59), urls[1]: NOW + timedelta(days=3), urls[2]: NOW - timedelta(days=60)}
    assert await _find(finder, used=used) == urls[2]


async def test_when_a_search_is_used_up_the_trades_own_pictures_follow(owner: Connection) -> None:
    finder, used = PictureFinder(FakePhotos(count=2)), dict[str, datetime]()
    for _ in range(8):
        url = await _find(finder, used=used)
        assert url is not None
        assert url not in used
        used[url] = NOW


async def test_when_all_are_used_up_the_one_that_rested_longest_comes_again(owner: Connection) -> None:
    finder = PictureFinder(FakePhotos(count=1))
    used: dict[str, datetime] = {}
    for day in range(20):
        url = await _find(finder, used=used)
        assert url is not None
        if url in used:
            break
        used[url] = NOW - timedelta(days=30 - day)
    assert url == min(used, key=lambda other: used[other])


async def test_two_businesses_of_a_trade_get_different_pictures(owner: Connection) -> None:
    finder = PictureFinder(FakePhotos())
    assert len({await _find(finder, seed=str(n)) for n in range(10)}) > 5


async def test_without_a_word_to_search_for_the_trades_pictures_serve(owner: Connection) -> None:
    photos = FakePhotos()
    assert await _find(PictureFinder(photos), "  ") is not None
    assert photos.searches == ["plumber repairing sink"]


class TestTrouble:
    @pytest.mark.parametrize(
        ("error", "searches"),
        [
            (OperatorNeeded("Pexels answered HTTP 401: no"), 1),
            (TryLater("Pexels answered HTTP 429: slow down", http_status=429), 1),
            (TryLater("Pexels answered HTTP 503", http_status=503), 3),
        ],
    )
    async def test_the_service_is_left_alone_when_it_wants_no_more(
        self, owner: Connection, error: PlatformError, searches: int
    ) -> None:
        photos = FakePhotos(error=error)
        finder = PictureFinder(photos)
        for words in ("one", "two", "three", "four"):
            assert await _find(finder, words) is None
        assert len(photos.searches) == searches
        assert finder.problem is error

    async def test_a_refused_word_does_not_stop_the_others(self, owner: Connection) -> None:
        photos = FakePhotos(error=Refused("Pexels answered HTTP 400"))
        finder = PictureFinder(photos)
        await _find(finder, "odd")
        assert len(photos.searches) == 6  # the word, and the trade's five

    async def test_the_cache_serves_while_the_service_is_down(self, owner: Connection) -> None:
        await _find(PictureFinder(FakePhotos()))
        broken = PictureFinder(FakePhotos(error=TryLater("down")))
        assert await _find(broken, "something quite different") is not None

    async def test_readiness_is_known_before_anything_is_written(self, owner: Connection) -> None:
        assert not await PictureFinder(FakePhotos(error=TryLater("down"))).ready("plumber")
        assert not await PictureFinder(FakePhotos(count=0)).ready("plumber")
        assert await PictureFinder(FakePhotos()).ready("plumber")
        assert await PictureFinder(FakePhotos(error=TryLater("down"))).ready("plumber")  # from the cache now


@pytest.mark.parametrize(
    ("shape", "fit"),
    [
        ({"width": 1600, "height": 1067}, True),
        ({"width": 1000, "height": 1250}, True),
        ({"width": 1000, "height": 1251}, False),
        ({"width": 1910, "height": 1000}, True),
        ({"width": 1911, "height": 1000}, False),
        ({"width": 600, "height": 600}, False),
        ({"width": 1000, "height": 0}, False),
        ({"width": 0, "height": 0}, False),
        ({"full_url": "data:image/png;base64,xyz"}, False),
    ],
)
def test_only_shapes_that_every_platform_takes_are_kept(shape: dict[str, Any], fit: bool) -> None:
    assert is_fit(photo("x", **shape)) is fit


@pytest.mark.parametrize(
    ("wanted", "known", "found"),
    [
        ("kitchen sink", [], None),
        ("kitchen sink", ["garden hose"], None),
        ("kitchen sinks", ["garden hose", "kitchen sink"], "kitchen sink"),
        ("kitchen sink faucet", ["kitchen sink"], "kitchen sink"),
        ("sink", ["kitchen sink in old house"], None),
        ("", ["kitchen sink"], None),
    ],
)
def test_half_of_the_words_make_two_searches_the_same(wanted: str, known: list[str], found: str | None) -> None:
    assert nearest(wanted, known) == found
