"""Pexels and Unsplash: searches, duties and limits; the sandbox's own pictures."""

from __future__ import annotations

import io

import httpx
from PIL import Image

from tests.platforms.sandbox.conftest import Bench

PEXELS = {"Authorization": "key"}
UNSPLASH = {"Authorization": "Client-ID key"}


async def test_a_pexels_search_gives_pictures_that_can_be_fetched(bench: Bench) -> None:
    asked: dict[str, str | int] = {"query": "bathroom tap", "per_page": 5, "orientation": "square"}
    answer = await bench.client.get("/pexels/v1/search", params=asked, headers=PEXELS)
    body = answer.json()
    assert len(body["photos"]) == 5
    assert int(answer.headers["X-Ratelimit-Remaining"]) < 20_000
    photo = body["photos"][0]
    assert photo["photographer"]
    assert photo["photographer_url"].startswith("https://www.pexels.com/@")
    picture = await bench.client.get(photo["src"]["landscape"])
    with Image.open(io.BytesIO(picture.content)) as image:
        assert (image.format, image.size) == ("JPEG", (1200, 627))


async def test_pages_follow_each_other_and_photos_differ(bench: Bench) -> None:
    answer = await bench.client.get("/pexels/v1/search", params={"query": "roof", "per_page": 80}, headers=PEXELS)
    first = answer.json()
    assert "prev_page" not in first
    second = (await bench.client.get(first["next_page"], headers=PEXELS)).json()
    ids = [photo["id"] for photo in first["photos"] + second["photos"]]
    assert len(set(ids)) == 160
    third = (await bench.client.get(second["next_page"], headers=PEXELS)).json()
    assert "next_page" not in third


async def test_pexels_refuses_bearer_keys_and_has_no_rate_headers_on_429(bench: Bench) -> None:
    for key in ("", "Bearer key"):
        answer = await bench.client.get("/pexels/v1/search?query=x", headers={"Authorization": key})
        assert answer.status_code == 401
    await bench.control("config", {"pexels_hourly_limit": 1})
    await bench.client.get("/pexels/v1/search?query=x", headers=PEXELS)
    over = await bench.client.get("/pexels/v1/search?query=x", headers=PEXELS)
    assert over.status_code == 429
    assert "X-Ratelimit-Limit" not in over.headers
    bench.wait(3600)
    assert (await bench.client.get("/pexels/v1/search?query=x", headers=PEXELS)).status_code == 200


async def test_unsplash_gives_a_download_ping_and_clamps_per_page(bench: Bench) -> None:
    answer = await bench.client.get(
        "/unsplash/search/photos", params={"query": "roof", "per_page": 99}, headers=UNSPLASH
    )
    body = answer.json()
    assert len(body["results"]) == 30
    photo = body["results"][0]
    assert photo["user"]["links"]["html"].startswith("https://unsplash.com/@")
    ping = await bench.client.get(photo["links"]["download_location"], headers=UNSPLASH)
    assert (await bench.client.get(ping.json()["url"])).headers["content-type"] == "image/jpeg"
    assert (await bench.control("calls", method="GET"))["unsplash"]["download"]["requests"] == 1


async def test_unsplash_answers_its_hourly_limit_with_403_in_plain_text(bench: Bench) -> None:
    await bench.control("config", {"unsplash_hourly_limit": 1})
    where = "/unsplash/search/photos?query=x"
    assert (await bench.client.get(where, headers=UNSPLASH)).headers["X-Ratelimit-Remaining"] == "0"
    over = await bench.client.get(where, headers=UNSPLASH)
    assert (over.status_code, over.text) == (403, "Rate Limit Exceeded")
    assert (await bench.client.get(where, headers={"Authorization": "Bearer x"})).status_code == 401


async def test_a_picture_is_always_the_same_and_sizes_are_bounded(bench: Bench) -> None:
    async def fetch(path: str) -> httpx.Response:
        return await bench.client.get(f"/_sandbox/pictures/{path}")

    one, same, other = await fetch("640x480/a.jpg"), await fetch("640x480/a.jpg"), await fetch("640x480/b.jpg")
    assert one.content == same.content != other.content
    assert len(one.content) > 10_000
    assert (await fetch("9000x9000/a.jpg")).status_code == 400
