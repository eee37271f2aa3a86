"""The picture of a post: own before stock, ready before it is queued, none twice within 60 days, whoever chooses."""

from __future__ import annotations

import asyncio
import io
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from PIL import Image

from models.base import utc_now
from models.database import Role, session
from models.picture_encoding import prepare
from models.plan_rights import PLANS
from platforms.errors import OperatorNeeded, PlatformError, Refused, TryLater
from tasks.content.pictures import Album, Picture, PictureFinder, bind, read_album
from tasks.media.storage import Storages
from tasks.media.uploading import keep_upload
from tests.factories import Owner, insert, make_account, make_owner, make_post
from tests.tasks.content.fakes import FakeFetcher, FakePhotos, finder_of, memory_storages, picture_of

Connection = psycopg.Connection[Any]


@pytest.fixture
def bob(owner: Connection) -> Owner:
    """A plumber on Pro."""
    return make_owner(owner)


def _album(who: Owner, plan: str = "pro") -> Album:
    return read_album(who.user_id, PLANS[plan])


async def _find(
    finder: PictureFinder,
    album: Album,
    wanted: str = "kitchen sink",
    *,
    seed: str = "",
    platform: str = "facebook",
) -> Picture | None:
    return await finder.find("plumber", platform, wanted, album, utc_now() + timedelta(days=3), seed=seed)


def _use(owner: Connection, picture: Picture | None) -> dict[str, Any]:
    assert picture is not None
    cursor = owner.cursor(row_factory=psycopg.rows.dict_row)
    found = cursor.execute("SELECT * FROM picture_uses WHERE id = %s", (picture.use_id,)).fetchone()
    assert found is not None
    return found


def _queue(owner: Connection, who: Owner, picture: Picture | None, **columns: Any) -> UUID:
    """A post that shows the picture, as the weekly run queues it."""
    assert picture is not None
    post = make_post(owner, who, make_account(owner, who), media_url=picture.url, **columns)
    with session(Role.WORKER) as db:
        bind(db, {picture.use_id: post}, [picture.use_id])
    return post


def _upload(storages: Storages, who: Owner, name: str, size: tuple[int, int] = (640, 427)) -> UUID:
    content = picture_of(name, size)
    return keep_upload(storages, who.user_id, PLANS["pro"], filename=f"{name}.jpg", content=content)


class TestReady:
    async def test_what_the_platform_fetches_is_what_was_checked(self, owner: Connection, bob: Owner) -> None:
        storages, fetcher = memory_storages(), FakeFetcher()
        picture = await _find(finder_of(FakePhotos(), fetcher=fetcher, storages=storages), _album(bob))
        use = _use(owner, picture)
        assert picture is not None
        assert picture.url == use["url"] == f"https://media.example/m/{use['storage_key']}"
        assert storages.current.get(use["storage_key"]) == prepare(picture_of(fetcher.fetched[0])).picture.content
        assert (use["source"], use["author"], use["source_key"]) == ("pexels", "Mara Lindqvist", fetcher.fetched[0])
        assert use["page_url"].startswith("https://pictures.example/kitchen-sink-")
        assert picture.alt_text is not None
        assert picture.alt_text.startswith("What kitchen-sink")

    async def test_a_photo_is_made_ready_once_for_all_businesses(self, owner: Connection, bob: Owner) -> None:
        fetcher, storages = FakeFetcher(), memory_storages()
        for who in (bob, make_owner(owner)):
            finder = finder_of(FakePhotos(count=1), fetcher=fetcher, storages=storages)
            assert await _find(finder, _album(who)) is not None
        assert len(fetcher.fetched) == 1

    async def test_many_at_once_make_it_ready_once(self, owner: Connection) -> None:
        albums = [_album(make_owner(owner)) for _ in range(6)]
        fetcher = FakeFetcher()
        finder = finder_of(FakePhotos(count=1), fetcher=fetcher)
        found = await asyncio.gather(*(_find(finder, album) for album in albums))
        assert all(found)
        assert len({picture.url for picture in found if picture}) == len(fetcher.fetched) == 1

    async def test_two_runs_at_once_agree_on_one_copy(self, owner: Connection, bob: Owner) -> None:
        storages, ann = memory_storages(), make_owner(owner)
        photos = FakePhotos(count=1)
        finders = [finder_of(photos, storages=storages) for _ in range(2)]
        for finder in finders:  # both know the photo before either has made it ready
            await finder.shelf.photos("plumber", "kitchen sink")
        found = [await _find(finder, _album(who)) for finder, who in zip(finders, (bob, ann), strict=True)]
        keys = {_use(owner, picture)["storage_key"] for picture in found}
        assert owner.execute("SELECT storage_key FROM stock_photo_cache").fetchall() == [(key,) for key in keys]

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"<html>no</html>", "it is not a JPEG, PNG or WebP picture"),
            (picture_of("cut")[:900], "it is damaged or cut short"),
            (picture_of("small", (300, 200)), "it is too small"),
            (Refused("this address is not asked: its address is not on the open internet"), "this address is not"),
        ],
        ids=["no picture", "cut short", "too small", "closed address"],
    )
    async def test_what_can_never_be_used_is_written_down_and_not_asked_for_again(
        self, owner: Connection, bob: Owner, content: bytes | PlatformError, reason: str
    ) -> None:
        bad = "https://pictures.example/kitchen-sink-0.jpg"
        for _ in range(3):  # the first one may begin with the other photo
            fetcher = FakeFetcher(lambda url: content if url == bad else None)
            await _find(finder_of(FakePhotos(count=2), fetcher=fetcher), _album(bob), seed="3")
        refused = owner.execute("SELECT photo_url, refusal FROM stock_photo_cache WHERE refusal IS NOT NULL").fetchone()
        assert refused is not None
        assert refused[0] == bad
        assert refused[1].startswith(reason)
        assert bad not in fetcher.fetched

    async def test_a_search_with_enough_ready_photos_fetches_no_more(self, owner: Connection) -> None:
        fetcher, storages, photos = FakeFetcher(), memory_storages(), FakePhotos()
        for number in range(30):
            finder = finder_of(photos, fetcher=fetcher, storages=storages)
            assert await _find(finder, _album(make_owner(owner)), seed=str(number)) is not None
        assert len(fetcher.fetched) == len(set(fetcher.fetched)) == 3

    async def test_a_storage_that_fails_leaves_nothing_half_done(self, owner: Connection, bob: Owner) -> None:
        storages = memory_storages()

        def broken(key: str, content: bytes) -> None:
            raise TryLater("the media storage does not work")

        put, storages.current.put = storages.current.put, broken  # type: ignore[method-assign]
        finder = finder_of(FakePhotos(), storages=storages)
        assert await _find(finder, _album(bob)) is None
        assert str(finder.problem) == "the media storage does not work"
        assert owner.execute("SELECT count(*) FROM picture_uses").fetchone() == (0,)
        assert owner.execute("SELECT count(*) FROM stored_objects").fetchone() == (3,)  # tries, not one a photo
        storages.current.put = put  # type: ignore[method-assign]
        assert await _find(finder_of(FakePhotos(), storages=storages), _album(bob)) is not None

    async def test_a_storage_that_lets_nobody_in_is_asked_once(self, owner: Connection, bob: Owner) -> None:
        fetcher = FakeFetcher(lambda url: OperatorNeeded("the media storage does not let us in"))
        assert await _find(finder_of(FakePhotos(), fetcher=fetcher), _album(bob)) is None
        assert len(fetcher.fetched) == 1


class TestRest:
    async def test_a_picture_rests_for_sixty_days(self, owner: Connection, bob: Owner) -> None:
        storages = memory_storages()
        post = _queue(owner, bob, await _find(finder_of(FakePhotos(count=1), storages=storages), _album(bob)))

        async def again() -> Picture | None:
            return await _find(finder_of(FakePhotos(count=0), storages=storages), _album(bob))

        for status, days, comes_back in (("pending", -10, False), ("published", 59, False), ("published", 61, True)):
            shown = utc_now() - timedelta(days=days)
            owner.execute(
                "UPDATE post_queue SET status = %s, scheduled_for = %s, published_at = %s, platform_post_id = '1'"
                " WHERE id = %s",
                (status, shown, shown if status == "published" else None, post),
            )
            assert (await again() is not None) is comes_back, (status, days)

    async def test_never_the_same_twice_however_few_there_are(self, owner: Connection, bob: Owner) -> None:
        finder, album = finder_of(FakePhotos(count=2)), _album(bob)
        found = [await _find(finder, album) for _ in range(14)]
        urls = [picture.url for picture in found if picture]
        (there_are,) = owner.execute("SELECT count(*)::int FROM stock_photo_cache").fetchone() or (0,)
        assert 14 > there_are == len(urls) == len(set(urls))
        assert found[there_are:] == [None] * (14 - there_are)  # none rather than one again

    async def test_a_picture_that_a_post_got_in_another_way_rests_too(self, owner: Connection, bob: Owner) -> None:
        urls = [f"https://pictures.example/kitchen-sink-{n}.jpg" for n in range(3)]
        facebook = make_account(owner, bob)
        make_post(owner, bob, facebook, media_url=urls[0], more_media_urls=[urls[1]])
        picture = await _find(finder_of(FakePhotos(count=3)), _album(bob))
        assert _use(owner, picture)["source_key"] == urls[2]

    async def test_another_business_may_show_it(self, owner: Connection, bob: Owner) -> None:
        storages, photos = memory_storages(), FakePhotos(count=1)
        for who in (bob, make_owner(owner)):
            assert await _find(finder_of(photos, storages=storages), _album(who)) is not None

    async def test_the_same_look_is_the_same_picture_across_own_and_stock(self, owner: Connection, bob: Owner) -> None:
        storages = memory_storages()
        url = "https://pictures.example/kitchen-sink-0.jpg"
        keep_upload(
            storages,
            bob.user_id,
            PLANS["pro"],
            filename="downloaded.jpg",
            content=picture_of(url, (1000, 667)),  # the very photo, in another size
        )
        finder = finder_of(FakePhotos(count=1), storages=storages)
        own = await _find(finder, _album(bob))
        assert _use(owner, own)["source"] == "upload"
        other = await _find(finder, _album(bob))
        assert other is None or _use(owner, other)["source_key"] != url

    async def test_two_runs_at_once_never_take_the_same(self, owner: Connection, bob: Owner) -> None:
        storages, photos = memory_storages(), FakePhotos(count=4)
        await finder_of(photos, storages=storages).shelf.photos("plumber", "kitchen sink")

        async def run() -> list[Picture]:
            finder, album = finder_of(FakePhotos(count=0), storages=storages), _album(bob)
            found = [await _find(finder, album) for _ in range(4)]
            return [picture for picture in found if picture]

        runs = await asyncio.gather(*(run() for _ in range(4)))
        sources = [_use(owner, picture)["source_key"] for taken in runs for picture in taken]
        assert len(sources) == len(set(sources)) == 4

    async def test_the_database_itself_refuses_a_resting_picture(self, owner: Connection, bob: Owner) -> None:
        use = _use(owner, await _find(finder_of(FakePhotos()), _album(bob)))
        row = {"user_id": bob.user_id, "source": "upload", "url": "x", "planned_for": utc_now()}
        for same in ({"source_key": use["source_key"]}, {"source_key": "other", "fingerprint": use["fingerprint"]}):
            insert(owner, "picture_uses", **row, **same)
        assert owner.execute("SELECT count(*) FROM picture_uses").fetchone() == (1,)
        insert(owner, "picture_uses", **row, source_key="other", fingerprint=f"{uuid4().hex}{uuid4().hex}")
        assert owner.execute("SELECT count(*) FROM picture_uses").fetchone() == (2,)

    async def test_what_is_not_queued_is_let_go_of(self, owner: Connection, bob: Owner) -> None:
        finder, album = finder_of(FakePhotos()), _album(bob)
        queued, lost = await _find(finder, album), await _find(finder, album)
        assert queued is not None
        assert lost is not None
        post = make_post(owner, bob, make_account(owner, bob), media_url=queued.url)
        with session(Role.WORKER) as db:
            bind(db, {queued.use_id: post}, [queued.use_id, lost.use_id])
        assert owner.execute("SELECT id, post_id FROM picture_uses").fetchall() == [(queued.use_id, post)]


class TestOwn:
    async def test_own_pictures_come_first_and_the_one_that_rested_longest(self, owner: Connection, bob: Owner) -> None:
        storages = memory_storages()
        ids = [_upload(storages, bob, name) for name in ("a", "b", "c")]
        owner.execute("UPDATE media_library SET last_used_at = now() - interval '90 days' WHERE id = %s", (ids[0],))
        owner.execute("UPDATE media_library SET last_used_at = now() - interval '70 days' WHERE id = %s", (ids[1],))
        finder, album = finder_of(FakePhotos(), storages=storages), _album(bob)
        found = [_use(owner, await _find(finder, album)) for _ in range(4)]
        assert [use["media_id"] for use in found] == [ids[2], ids[0], ids[1], None]
        assert [use["source"] for use in found] == ["upload"] * 3 + ["pexels"]

    async def test_a_queued_post_and_the_library_know_of_each_other(self, owner: Connection, bob: Owner) -> None:
        storages = memory_storages()
        media = _upload(storages, bob, "van")
        post = _queue(owner, bob, await _find(finder_of(FakePhotos(), storages=storages), _album(bob)))
        assert owner.execute("SELECT media_id FROM post_queue WHERE id = %s", (post,)).fetchone() == (media,)
        assert owner.execute(
            "SELECT last_used_at = (SELECT scheduled_for FROM post_queue) FROM media_library"
        ).fetchone() == (True,)

    async def test_instagram_gets_the_cropped_one_and_the_others_the_whole(self, owner: Connection, bob: Owner) -> None:
        storages = memory_storages()
        for name in ("a", "b"):
            _upload(storages, bob, name, (500, 1000))
        finder, album = finder_of(FakePhotos(), storages=storages), _album(bob)
        shapes = {}
        for platform in ("instagram", "google"):
            content = storages.current.get(_use(owner, await _find(finder, album, platform=platform))["storage_key"])
            with Image.open(io.BytesIO(content or b"")) as image:
                shapes[platform] = image.size
        assert shapes == {"instagram": (500, 625), "google": (500, 1000)}

    async def test_a_plan_without_a_library_does_not_use_it(self, owner: Connection, bob: Owner) -> None:
        storages = memory_storages()
        _upload(storages, bob, "van")
        finder = finder_of(FakePhotos(), storages=storages)
        assert _use(owner, await _find(finder, _album(bob, "starter")))["source"] == "pexels"
        assert await finder.ready("plumber", _album(bob, "starter"))

    async def test_own_pictures_serve_while_no_stock_service_does(self, owner: Connection, bob: Owner) -> None:
        storages = memory_storages()
        finder = finder_of(FakePhotos(error=TryLater("down")), storages=storages)
        assert not await finder.ready("plumber", _album(bob))
        _upload(storages, bob, "van")
        album = _album(bob)
        assert await finder.ready("plumber", album)
        assert await _find(finder, album) is not None
        assert await _find(finder, album) is None
        assert not await finder.ready("plumber", _album(bob))

    async def test_a_picture_deleted_at_that_moment_is_not_taken(self, owner: Connection, bob: Owner) -> None:
        storages = memory_storages()
        _upload(storages, bob, "van")
        album = _album(bob)
        owner.execute("DELETE FROM media_library")
        picture = await _find(finder_of(FakePhotos(), storages=storages), album)
        assert _use(owner, picture)["source"] == "pexels"

    async def test_a_picture_from_elsewhere_is_made_ready_first(self, owner: Connection, bob: Owner) -> None:
        storages, url = memory_storages(), "https://old.example/van.jpg"
        insert(owner, "media_library", user_id=bob.user_id, filename="van.jpg", url=url)
        insert(owner, "media_library", user_id=bob.user_id, filename="no.jpg", url="https://old.example/no.jpg")
        fetcher = FakeFetcher(lambda asked: b"no picture" if asked.endswith("no.jpg") else None)
        finder = finder_of(FakePhotos(), fetcher=fetcher, storages=storages)
        use = _use(owner, await _find(finder, _album(bob)))
        assert use["source"] == "upload"
        assert storages.current.get(use["storage_key"]) == prepare(picture_of(url)).picture.content
        _use(owner, await _find(finder, _album(bob)))
        rows = owner.execute("SELECT filename, storage_key, width, refusal FROM media_library ORDER BY 1").fetchall()
        assert rows == [
            ("no.jpg", None, None, "it is not a JPEG, PNG or WebP picture"),
            ("van.jpg", use["storage_key"], 640, None),
        ]


async def test_two_businesses_of_a_trade_get_different_photos(owner: Connection) -> None:
    finder = finder_of(FakePhotos())
    urls = {picture.url for n in range(10) if (picture := await _find(finder, _album(make_owner(owner)), seed=str(n)))}
    assert len(urls) > 2


async def test_without_a_word_to_search_for_the_trades_photos_serve(owner: Connection, bob: Owner) -> None:
    photos = FakePhotos()
    assert await _find(finder_of(photos), _album(bob), "  ") is not None
    assert photos.searches == ["plumber repairing sink"]


async def test_the_cache_serves_while_the_service_is_down(owner: Connection, bob: Owner) -> None:
    storages = memory_storages()
    await _find(finder_of(FakePhotos(), storages=storages), _album(bob))
    broken = finder_of(FakePhotos(error=TryLater("down")), storages=storages)
    assert await _find(broken, _album(bob), "something quite different") is not None
