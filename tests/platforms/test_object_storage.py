"""Files in a bucket over real HTTP, and in a folder: the same calls, the same words for what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from platforms.errors import OperatorNeeded, TryLater
from platforms.object_storage import KEY, ObjectStorage, local_storage, new_key, s3_storage
from tests.s3_server import BUCKET, S3Server, running_s3

PICTURE = b"\xff\xd8\xff\xe0 a picture \xff\xd9"


@pytest.fixture(scope="module")
def running() -> Iterator[S3Server]:
    """One server for all tests."""
    with running_s3() as server:
        yield server


@pytest.fixture
def s3(running: S3Server) -> Iterator[S3Server]:
    """The server, well-behaved again afterwards."""
    yield running
    running.fails, running.hangs, running.writes = 0, [], 0


@pytest.fixture(params=["bucket", "folder"])
def storage(request: pytest.FixtureRequest, s3: S3Server, tmp_path: Path) -> ObjectStorage:
    """Both places."""
    if request.param == "bucket":
        return s3.storage()
    return local_storage(tmp_path / "media", public_url="http://localhost:8501/")


def test_a_file_is_stored_read_and_deleted(storage: ObjectStorage) -> None:
    key = new_key()
    assert storage.get(key) is None
    storage.put(key, PICTURE)
    storage.put(key, PICTURE)
    assert storage.get(key) == PICTURE
    storage.delete(key)
    storage.delete(key)
    assert storage.get(key) is None


def test_keys_cannot_be_guessed_and_lead_nowhere_else(storage: ObjectStorage) -> None:
    keys = {new_key() for _ in range(1000)}
    assert len(keys) == 1000
    assert all(KEY.fullmatch(key) for key in keys)
    for evil in ("", "../x.jpg", "a/b.jpg", f"{new_key()}/..", "x.jpg", new_key().replace(".jpg", ".svg"), "%2e%2e"):
        for call in (storage.get, storage.delete, lambda key: storage.put(key, PICTURE)):
            with pytest.raises(ValueError):
                call(evil)


def test_everybody_gets_the_right_type_and_may_keep_it(s3: S3Server) -> None:
    storage, key = s3.storage(), new_key()
    storage.put(key, PICTURE)
    answer = httpx.get(storage.url(key), trust_env=False)
    assert answer.content == PICTURE
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert storage.url(key) == f"{s3.url}/{BUCKET}/{key}"  # path style


def test_a_folders_files_are_below_the_dashboards_address(tmp_path: Path) -> None:
    storage, key = local_storage(tmp_path / "media", public_url="https://app.example/"), new_key()
    storage.put(key, PICTURE)
    assert storage.url(key) == f"https://app.example/m/{key}"
    assert [path.name for path in (tmp_path / "media").iterdir()] == [key]


def test_a_500_after_storing_is_tried_again_and_the_file_is_there(s3: S3Server) -> None:
    storage, key = s3.storage(), new_key()
    s3.fails = 1
    storage.put(key, PICTURE)
    assert s3.writes > 1
    assert storage.get(key) == PICTURE


def test_a_storage_that_stays_broken_is_tried_later_and_nothing_leaks(s3: S3Server) -> None:
    s3.fails = 99
    with pytest.raises(TryLater) as raised:
        s3.storage().put(new_key(), PICTURE)
    assert "the media storage does not work" in str(raised.value)
    assert BUCKET not in str(raised.value)
    assert raised.value.__suppress_context__


def test_a_storage_that_hangs_after_storing_does_not_hold_us(s3: S3Server) -> None:
    s3.hangs = [1.5] * 9
    with pytest.raises(TryLater):
        s3.storage(timeout_seconds=0.3).put(new_key(), PICTURE)


def test_what_only_the_operator_can_mend_says_so(s3: S3Server, tmp_path: Path) -> None:
    with pytest.raises(OperatorNeeded, match="bucket does not exist"):
        s3.storage(bucket="nobody-made-it").put(new_key(), PICTURE)


def test_nobody_there_is_tried_later() -> None:
    nobody = s3_storage(
        endpoint_url="http://127.0.0.1:9",
        bucket="b",
        access_key_id=SecretStr("a"),
        secret_access_key=SecretStr("b"),
        public_url="http://127.0.0.1:9/b",
        timeout_seconds=1,
    )
    with pytest.raises(TryLater):
        nobody.get(new_key())
