"""An owner's data as one ZIP: all of it, nothing secret, nothing of anybody else, in little memory."""

from __future__ import annotations

import csv
import io
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import psycopg
import pytest

from models.base import utc_now
from models.queries import query
from models.settings import settings
from tasks.owners.exporting import CHUNK, NOT_EXPORTED, export
from tests.dashboards.house import make_login
from tests.factories import Connected, Owner, insert, make_account, make_owner, make_post

Connection = psycopg.Connection[Any]
Eve = tuple[Owner, Connected, UUID]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTAGENT_HOME", str(tmp_path))
    settings.cache_clear()


def exported(user_id: UUID) -> zipfile.ZipFile:
    """The whole file, read back."""
    archive = zipfile.ZipFile(io.BytesIO(b"".join(export(settings(), user_id, now=utc_now()))))
    assert archive.testzip() is None
    return archive


def rows(archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(archive.read(f"json/{name}.json"))
    return found


def cells(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read(f"csv/{name}.csv").decode("utf-8-sig"), newline="")))


def owned(owner: Connection) -> set[str]:
    return {row[0] for row in owner.execute(query("owned_tables").encode()).fetchall()}


def test_every_table_with_an_owner_is_in_it_or_is_left_out_for_a_reason(
    owner: Connection, database_url: str, eve: Eve
) -> None:
    """A new table: let the dashboard read what is the owner's of it, or say in NOT_EXPORTED why not."""
    archive = exported(eve[0].user_id)
    inside = {name.removeprefix("json/").removesuffix(".json") for name in archive.namelist() if name[:5] == "json/"}
    # Sessions are read as the login does, without their tokens.
    assert inside - {"sessions"} | {"dashboard_sessions"} | set(NOT_EXPORTED) == owned(owner)
    assert not inside & set(NOT_EXPORTED)
    for name in inside:
        assert rows(archive, name), f"Eve has {name}"
        assert len(rows(archive, name)) == len(cells(archive, name)), name
    assert rows(archive, "users")[0]["email"] == "eve@example.com"
    assert rows(archive, "post_queue")[0]["content"] == cells(archive, "post_queue")[0]["content"] == "Eve's words"
    assert "eve@example.com" in archive.read("README.txt").decode()
    assert all(f"  {name}" in archive.read("README.txt").decode() for name in inside)


def test_nothing_of_another_tenant_is_in_it(owner: Connection, database_url: str, eve: Eve) -> None:
    bob = make_owner(owner, email="bob@example.com")
    make_post(owner, bob, make_account(owner, bob), content="Bob's words")
    archive = exported(bob.user_id)
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"Bob's words" in everything
    for mark in ("Eve's", "eve@", "eve.jpg", "EVES", str(eve[0].user_id), str(eve[1].id), str(eve[2])):
        assert mark.encode() not in everything
    nobody = exported(uuid4())
    assert rows(nobody, "users") == rows(nobody, "post_queue") == []


def test_no_secret_is_in_it(owner: Connection, database_url: str) -> None:
    bob = make_owner(owner, password_hash="BOBS-HASH")
    owner.execute("UPDATE users SET stripe_customer_id = 'cus_BOB' WHERE id = %s", (bob.user_id,))
    make_account(owner, bob, access_token="BOBS-TOKEN", refresh_token="BOBS-REFRESH")
    login = make_login(owner, bob)
    secrets = ["BOBS-", "cus_BOB", login.token]
    secrets += [row[0] for row in owner.execute("SELECT token_hash FROM dashboard_sessions").fetchall()]
    secrets += [
        value
        for row in owner.execute("SELECT access_token_encrypted, refresh_token_encrypted FROM connected_accounts")
        for value in row
    ]
    archive = exported(bob.user_id)
    everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert len(rows(archive, "sessions")) == len(rows(archive, "connected_accounts")) == 1
    assert [secret for secret in secrets if secret in everything] == []
    assert "encrypted" not in everything
    assert "hash" not in ",".join(rows(archive, "sessions")[0])


def test_pictures_are_listed_with_their_addresses(owner: Connection, database_url: str) -> None:
    bob = make_owner(owner)
    insert(owner, "stored_objects", key="k.jpg", user_id=bob.user_id, place="local")
    for name, key in (("van.jpg", "k.jpg"), ("old.jpg", None)):
        address = "https://example.com/old.jpg"
        insert(owner, "media_library", user_id=bob.user_id, filename=name, url=address, storage_key=key)
    listed = {row["filename"]: row["address"] for row in orjson.loads(exported(bob.user_id).read("pictures.json"))}
    assert listed == {"van.jpg": f"{settings().public_url}/m/k.jpg", "old.jpg": "https://example.com/old.jpg"}


def test_texts_survive_and_none_of_them_runs_in_a_spreadsheet(owner: Connection, database_url: str) -> None:
    bob = make_owner(owner)
    text = '=HYPERLINK("https://evil.example")\n"quoted", with umlauts äöü and a \t tab'
    make_post(owner, bob, make_account(owner, bob), content=text, hashtags=["one", "two"])
    archive = exported(bob.user_id)
    (post,), (cell,) = rows(archive, "post_queue"), cells(archive, "post_queue")
    assert (post["content"], post["hashtags"]) == (text, ["one", "two"])
    assert (cell["content"], cell["hashtags"]) == (f"'{text}", '["one","two"]')
    assert not {"lease_owner", "lease_token"} & set(post)


def test_memory_does_not_grow_with_what_is_in_it(owner: Connection, database_url: str) -> None:
    bob = make_owner(owner)
    post = make_post(owner, bob, make_account(owner, bob), status="published")
    snapshots = 6_000
    owner.execute(
        "INSERT INTO analytics (post_id, user_id, platform, reach, fetched_at) "
        "SELECT %s, %s, 'facebook', n, now() - n * interval '1 second' FROM generate_series(1, %s) n",
        (post, bob.user_id, snapshots),
    )
    tracemalloc.start()
    try:
        largest = max(len(piece) for piece in export(settings(), bob.user_id, now=utc_now()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert largest < 2 * CHUNK
    assert peak < 5_000_000, "all rows together are more"
