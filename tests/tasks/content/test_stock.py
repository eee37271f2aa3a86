"""Stock photos: searched once for all, kept with their attribution, and a service that is down is left alone."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest

from platforms.errors import OperatorNeeded, PlatformError, Refused, TryLater
from tasks.content.stock import Service, StockShelf, is_fit, nearest
from tests.tasks.content.fakes import FakePhotos, photo

Connection = psycopg.Connection[Any]


def _shelf(*photos: FakePhotos) -> StockShelf:
    return StockShelf([Service(source, f"KEY_{number}") for number, source in enumerate(photos)])


async def _names(shelf: StockShelf, wanted: str = "kitchen sink", trade: str = "plumber") -> list[str]:
    return [found.url.rsplit("/", 1)[1] for found in await shelf.photos(trade, wanted)]


async def test_a_search_is_made_once_and_kept(owner: Connection) -> None:
    photos = FakePhotos()
    assert len(await _names(_shelf(photos))) == 40
    assert len(await _names(_shelf(photos), "Kitchen  sink")) == 40
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
    shelf = _shelf(photos)
    await _names(shelf, "copper pipes")  # opens the database's engine before the threads do
    await asyncio.gather(*(_names(shelf) for _ in range(10)))
    assert photos.searches.count("kitchen sink") == 1


async def test_a_search_that_means_the_same_is_served_from_the_cache(owner: Connection) -> None:
    photos = FakePhotos()
    shelf = _shelf(photos)
    await _names(shelf, "kitchen sink")
    assert "kitchen-sink-0.jpg" in await _names(shelf, "sinks in the kitchen")
    assert photos.searches == ["kitchen sink"]
    await _names(shelf, "garden hose")
    assert photos.searches == ["kitchen sink", "garden hose"]


async def test_another_trade_has_a_cache_of_its_own(owner: Connection) -> None:
    photos = FakePhotos()
    shelf = _shelf(photos)
    await _names(shelf)
    await _names(shelf, trade="bakery")
    assert photos.searches == ["kitchen sink", "kitchen sink"]


async def test_a_trade_that_we_do_not_know_shares_its_cache_with_its_own_kind_only(owner: Connection) -> None:
    photos = FakePhotos()
    for type_ in ("Locksmith", "locksmith ", "notary"):
        await _shelf(photos).photos(type_, "front door")
    assert photos.searches == ["front door", "front door"]
    assert owner.execute("SELECT DISTINCT business_type FROM stock_photo_cache ORDER BY 1").fetchall() == [
        ("locksmith",),
        ("notary",),
    ]


@pytest.mark.parametrize(
    ("error", "searches"),
    [
        (OperatorNeeded("Pexels answered HTTP 401: no"), 1),
        (TryLater("Pexels answered HTTP 429: slow down", http_status=429), 1),
        (TryLater("Unsplash answered HTTP 403: Rate Limit Exceeded", http_status=403), 1),
        (TryLater("Pexels answered HTTP 503", http_status=503), 3),
        (Refused("Pexels answered HTTP 400"), 4),  # an odd word does not stop the others
    ],
)
async def test_a_service_is_left_alone_when_it_wants_no_more(
    owner: Connection, error: PlatformError, searches: int
) -> None:
    photos = FakePhotos(error=error)
    shelf = _shelf(photos)
    for words in ("one", "two", "three", "four"):
        assert await _names(shelf, words) == []
    assert len(photos.searches) == searches
    assert (shelf.problem, shelf.problem_setting) == (error, "KEY_0")


async def test_the_second_service_serves_where_the_first_has_nothing_or_is_down(owner: Connection) -> None:
    for first in (FakePhotos(count=0), FakePhotos(error=TryLater("down"))):
        second = FakePhotos()
        shelf = _shelf(first, second)
        words = f"pipe {id(first)}"
        assert len(await _names(shelf, words)) == 40
        assert first.searches == second.searches == [words]


async def test_the_second_service_is_not_asked_where_the_first_has_photos(owner: Connection) -> None:
    second = FakePhotos()
    await _names(_shelf(FakePhotos(count=1), second))
    assert second.searches == []


async def test_readiness_is_known_before_anything_is_written(owner: Connection) -> None:
    assert not await _shelf(FakePhotos(error=TryLater("down"))).ready("plumber")
    assert not await _shelf(FakePhotos(count=0)).ready("plumber")
    assert await _shelf(FakePhotos()).ready("plumber")
    assert await _shelf(FakePhotos(error=TryLater("down"))).ready("plumber")  # from the cache now


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
