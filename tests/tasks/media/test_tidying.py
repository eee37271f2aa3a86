"""What is cleared away and what stays, in a real bucket and a folder; thanks to Unsplash, once for every photo used."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from models.base import utc_now
from models.database import Role, session
from models.plan_rights import PLANS
from models.settings import settings
from platforms import http as transport
from platforms.errors import TryLater
from platforms.object_storage import local_storage
from tasks.content.generation import write_missing_weeks
from tasks.content.pictures import bind, read_album
from tasks.media.storage import Storages, begin_object
from tasks.media.tidying import MediaTidied, delete_orphans, ping_downloads, release_abandoned
from tasks.media.uploading import keep_upload
from tests.factories import Owner, insert, make_account, make_owner, make_post
from tests.s3_server import S3Server, running_s3
from tests.tasks.content.fakes import FakePhotos, finder_of, picture_of
from tests.tasks.house import House, house

__all__ = ["house"]
Connection = psycopg.Connection[Any]


@pytest.fixture
def s3() -> Iterator[S3Server]:
    """A bucket."""
    with running_s3() as server:
        yield server


@pytest.fixture
def storages(s3: S3Server, tmp_path: Path) -> Storages:
    """A bucket, and the folder from before there was one."""
    local = local_storage(tmp_path / "media", public_url="http://localhost:8501")
    return Storages(s3.storage(timeout_seconds=2), local)


@pytest.fixture
def bob(owner: Connection) -> Owner:
    """A plumber on Pro."""
    return make_owner(owner)


def _upload(storages: Storages, who: Owner, name: str) -> UUID:
    return keep_upload(storages, who.user_id, PLANS["pro"], filename=name, content=picture_of(name, (500, 1000)))


def _age(owner: Connection) -> None:
    owner.execute("UPDATE stored_objects SET created_at = now() - interval '2 hours'")


def _known(owner: Connection) -> set[str]:
    return {key for (key,) in owner.execute("SELECT key FROM stored_objects").fetchall()}


def test_what_an_unfinished_upload_left_goes_and_the_library_stays(
    owner: Connection, bob: Owner, s3: S3Server, storages: Storages
) -> None:
    s3.fails = 1_000
    for name in ("a", "b"):
        with pytest.raises(TryLater):
            _upload(storages, bob, name)
    s3.fails = 0
    _upload(storages, bob, "c")
    kept = {key for row in owner.execute("SELECT storage_key, instagram_key FROM media_library") for key in row}
    assert delete_orphans(storages).files == 0  # young: an upload may be under way
    _age(owner)
    assert len(s3.keys()) == 4
    done = delete_orphans(storages)
    assert (done.files, done.files_left) == (4, 0)  # two tries, each with a cropped one written down
    assert s3.keys() == _known(owner) == kept


def test_a_deleted_pictures_file_stays_while_a_post_waits_with_it(
    owner: Connection, bob: Owner, s3: S3Server, storages: Storages
) -> None:
    media = _upload(storages, bob, "van")
    (key,) = owner.execute("SELECT storage_key FROM media_library").fetchone() or ("",)
    post = make_post(owner, bob, make_account(owner, bob), media_url=storages.current.url(key))
    use = {"user_id": bob.user_id, "post_id": post, "media_id": media, "storage_key": key, "source": "upload"}
    insert(owner, "picture_uses", **use, source_key="x", url=storages.current.url(key), planned_for=utc_now())
    owner.execute("DELETE FROM media_library")
    _age(owner)
    assert delete_orphans(storages).files == 1  # the cropped one, which no post shows
    assert s3.keys() == {key}
    owner.execute("UPDATE post_queue SET status = 'published', platform_post_id = '1', published_at = now()")
    assert delete_orphans(storages).files == 1
    assert s3.keys() == _known(owner) == set()


def test_files_of_an_owner_who_leaves_go_with_them(
    owner: Connection, bob: Owner, s3: S3Server, storages: Storages
) -> None:
    _upload(storages, bob, "van")
    owner.execute("DELETE FROM users WHERE id = %s", (bob.user_id,))
    _age(owner)
    assert delete_orphans(storages).files == 2
    assert s3.keys() == set()


def test_both_places_are_cleared_and_foreign_ones_left_alone(
    owner: Connection, s3: S3Server, storages: Storages, tmp_path: Path
) -> None:
    before = Storages.from_settings(settings())
    for place in (storages, Storages(storages.at("local") or before.current, before.current)):
        with session(Role.WORKER) as db:
            key = begin_object(db, place, owner=None)
        place.current.put(key, picture_of("x"))
    insert(owner, "stored_objects", key="elsewhere", place="s3:another-bucket")
    s3.client().put_object(Bucket="pictures", Key="of-somebody-else.jpg", Body=b"x")
    _age(owner)
    assert delete_orphans(storages).files == 2
    assert list((tmp_path / "media").iterdir()) == []
    assert s3.keys() == {"of-somebody-else.jpg"}
    assert _known(owner) == {"elsewhere"}


def test_a_storage_that_does_not_let_go_is_tried_again(
    owner: Connection, bob: Owner, storages: Storages, tmp_path: Path
) -> None:
    _upload(storages, bob, "van")
    owner.execute("DELETE FROM media_library")
    _age(owner)
    closed = Storages(storages.current, storages.current)

    def broken(key: str) -> None:
        raise TryLater("the media storage does not work")

    delete, closed.current.delete = closed.current.delete, broken  # type: ignore[method-assign]
    done = delete_orphans(closed)
    assert (done.files, done.files_left, done.problem) == (0, 2, None)
    closed.current.delete = delete  # type: ignore[method-assign]
    assert delete_orphans(closed).files == 2


async def test_a_run_that_died_lets_go_of_its_pictures_a_day_later(owner: Connection, bob: Owner) -> None:
    finder = finder_of(FakePhotos())
    taken = await finder.find("plumber", "facebook", "pipes", read_album(bob.user_id, PLANS["pro"]), utc_now(), seed="")
    assert taken is not None
    assert release_abandoned() == 0
    owner.execute("UPDATE picture_uses SET created_at = now() - interval '25 hours'")
    assert release_abandoned() == 1


class TestUnsplash:
    @pytest.fixture
    def unsplash(self, house: House, monkeypatch: pytest.MonkeyPatch) -> House:
        """Only Unsplash has a key."""
        monkeypatch.setenv("POSTAGENT_UNSPLASH_ACCESS_KEY", "sandbox")
        settings.cache_clear()
        return house

    def _use(self, house: House, url: str) -> None:
        with session(Role.WORKER) as db:
            row = {"user_id": house.owner.user_id, "source": "unsplash", "source_key": url, "url": url}
            insert(house.connection, "picture_uses", **row, ping_url=url, planned_for=utc_now())
            use: UUID = house.rows("SELECT id FROM picture_uses WHERE url = %s", url)[0]["id"]
            post = make_post(house.connection, house.owner, make_account(house.connection, house.owner), media_url=url)
            bind(db, {use: post}, [use])

    async def _ping(self) -> MediaTidied:
        async with transport.client() as http:
            return await ping_downloads(settings(), http, MediaTidied())

    async def test_a_week_with_unsplash_does_its_duties(self, unsplash: House) -> None:
        make_account(unsplash.connection, unsplash.owner, "facebook")
        report = await write_missing_weeks.fn(unsplash.owner.user_id)
        uses = unsplash.rows("SELECT * FROM picture_uses")
        assert report.made == len(uses) > 0
        assert unsplash.sandbox.calls("pexels", "search") == 0
        assert unsplash.sandbox.calls("unsplash", "download") == len(uses)
        for use in uses:
            assert use["source"] == "unsplash"
            assert use["show_url"] == use["source_key"]  # hotlinked where pages show it
            assert "ixid=" in use["show_url"]
            assert use["url"].startswith("http://localhost:8501/m/")  # the platform gets what was checked
            assert "utm_source=postagentpro&utm_medium=referral" in use["author_url"]
            assert "utm_source=postagentpro&utm_medium=referral" in use["page_url"]
            assert use["author"]
            assert (use["ping_due_at"], use["ping_attempts"]) == (None, 1)

    async def test_what_could_not_be_told_is_told_later_and_once(self, unsplash: House) -> None:
        base = f"{unsplash.sandbox.url}/unsplash/photos"
        self._use(unsplash, f"{base}/roof_1/download?ixid=sandbox")
        unsplash.sandbox.fault(service="unsplash", kind="5xx", times=1)
        assert (await self._ping()).pings_left == 1
        assert (await self._ping()) == MediaTidied()  # not due yet
        due = unsplash.rows("SELECT ping_due_at FROM picture_uses")[0]["ping_due_at"]
        assert timedelta(minutes=50) < due - utc_now() < timedelta(minutes=70)
        unsplash.connection.execute("UPDATE picture_uses SET ping_due_at = now()")
        assert (await self._ping()).pings == 1
        assert (await self._ping()) == MediaTidied()
        assert unsplash.sandbox.calls("unsplash", "download") == 2

    async def test_the_key_goes_to_unsplash_alone(self, unsplash: House) -> None:
        self._use(unsplash, "https://evil.example/photos/1/download")
        assert (await self._ping()) == MediaTidied()
        assert unsplash.rows("SELECT ping_due_at FROM picture_uses") == [{"ping_due_at": None}]

    async def test_without_a_key_nothing_is_called(self, house: House) -> None:
        self._use(house, f"{house.sandbox.url}/unsplash/photos/roof_1/download")
        assert (await self._ping()) == MediaTidied()
        assert house.rows("SELECT ping_due_at IS NULL AS done FROM picture_uses") == [{"done": False}]
