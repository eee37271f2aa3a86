"""Stock photos made ready ahead: enough of every search, no more, and a run that follows converts none."""

from __future__ import annotations

from typing import Any

from models.settings import settings
from tasks.media.stocking import READY_A_SEARCH, stock_up
from tests.factories import insert
from tests.tasks.house import House, house

__all__ = ["house"]


def _found(house: House, search: str, number: int, **columns: Any) -> None:
    for place in range(number):
        url = f"{house.sandbox.url}/_sandbox/pictures/640x427/{search}-{place}.jpg"
        insert(
            house.connection,
            "stock_photo_cache",
            **{"business_type": "plumber", "search_query": search, "photo_url": url, "source": "pexels"} | columns,
        )


def _ready(house: House) -> dict[str, int]:
    rows = house.rows("SELECT search_query, count(storage_key) AS ready FROM stock_photo_cache GROUP BY 1")
    return {row["search_query"]: row["ready"] for row in rows}


async def test_every_search_gets_enough_and_a_second_run_has_nothing_to_do(house: House) -> None:
    _found(house, "sink", 40)
    _found(house, "boiler", 3)
    done = await stock_up(settings())
    assert (done.photos, done.left, done.problem) == (READY_A_SEARCH + 3, 0, None)
    assert _ready(house) == {"sink": READY_A_SEARCH, "boiler": 3}
    assert (await stock_up(settings())).photos == 0


async def test_what_can_never_be_used_makes_room_for_the_next(house: House) -> None:
    _found(house, "tiny", 1, photo_url=f"{house.sandbox.url}/_sandbox/pictures/100x100/tiny-0.jpg", search_query="sink")
    _found(house, "sink", READY_A_SEARCH)
    done = await stock_up(settings())
    assert (done.photos, done.left) == (READY_A_SEARCH - 1, 0)
    assert (await stock_up(settings())).photos == 1
    assert _ready(house) == {"sink": READY_A_SEARCH}


async def test_a_server_that_does_not_answer_leaves_them_for_the_next_run(house: House) -> None:
    closed = "http://127.0.0.1:9"  # trusted, as a photo service in the settings is, and nobody listens
    _found(house, "sink", 8)
    house.connection.execute(
        "UPDATE stock_photo_cache SET photo_url = replace(photo_url, %s, %s)", (house.sandbox.url, closed)
    )
    done = await stock_up(settings().model_copy(update={"pexels_url": closed}))
    assert (done.photos, done.left, done.problem) == (0, 8, None)
    assert _ready(house) == {"sink": 0}
