"""Uploads and served pictures by plain requests: who may, how much, what becomes of it, and what is served to whom."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from starlette.testclient import TestClient

from dashboards import media_files
from dashboards.guard import cookie_name
from models import plan_rights
from models.settings import settings
from platforms.object_storage import KEY, new_key
from tests.dashboards.conftest import MakeClient
from tests.dashboards.house import Login, make_login
from tests.factories import make_owner
from tests.s3_server import BUCKET, KEY_ID, SECRET, S3Server, running_s3
from tests.tasks.content.fakes import picture_of

Connection = psycopg.Connection[Any]
ORIGIN = {"origin": "http://localhost:8501"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the embedded set-up keeps pictures."""
    monkeypatch.setenv("POSTAGENT_HOME", str(tmp_path))
    return tmp_path / "media"


@pytest.fixture
def client(home: Path, make_client: MakeClient, bob_in: Login) -> Iterator[TestClient]:
    """Bob's browser."""
    with make_client() as opened:
        _log_in(opened, bob_in)
        yield opened


def _log_in(client: TestClient, login: Login) -> None:
    client.cookies.clear()
    client.cookies.set(cookie_name("http://localhost:8501"), login.token)


def _send(client: TestClient, *files: tuple[str, bytes], **headers: str) -> dict[str, list[str]]:
    """Upload, and what the address says that is come back to."""
    sent = [("picture", (name, content, "image/jpeg")) for name, content in files]
    answer = client.post("/pictures/upload", files=sent, headers=ORIGIN | headers)
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["location"])
    assert parts.path == "/pictures"
    return parse_qs(parts.query)


def _rows(owner: Connection) -> list[dict[str, Any]]:
    cursor = owner.cursor(row_factory=psycopg.rows.dict_row)
    return cursor.execute("SELECT * FROM media_library ORDER BY uploaded_at, filename").fetchall()


def test_a_picture_is_taken_checked_and_served(
    owner: Connection, client: TestClient, bob_in: Login, home: Path
) -> None:
    content = picture_of("van", (900, 1600))
    assert _send(client, ("C:\\Photos\\our \u202evan.jpg", content)) == {"added": ["1"]}
    (row,) = _rows(owner)
    assert row["user_id"] == bob_in.owner.user_id
    assert row["filename"] == "our van.jpg"
    assert row["sha256"] == hashlib.sha256(content).hexdigest()
    assert (row["width"], row["height"], row["mime_type"], row["source"]) == (900, 1600, "image/jpeg", "upload")
    assert row["url"] == f"http://localhost:8501/m/{row['storage_key']}"
    kept = [home / row["storage_key"], home / row["instagram_key"]]
    assert row["size_bytes"] == sum(path.stat().st_size for path in kept)
    client.cookies.clear()  # a platform has none
    answer = client.get(f"/m/{row['storage_key']}")
    assert answer.status_code == 200
    assert answer.content == kept[0].read_bytes()
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    with Image.open(io.BytesIO(client.get(f"/m/{row['instagram_key']}").content)) as image:
        assert image.size == (900, 1125)


NOBODYS = f"{'aB3_-' * 8}xyz.jpg"  # of the form of a key; the same in every process, as the tests' names must be


def test_a_key_of_nobody_has_the_form_of_one() -> None:
    assert KEY.fullmatch(NOBODYS)
    assert KEY.fullmatch(new_key())


@pytest.mark.parametrize(
    "path",
    [
        "/m/", "/m/..", "/m/%2e%2e%2fkeys", "/m/../../etc/passwd", "/m/secret.txt", "/m/a/b.jpg", f"/m/{NOBODYS}",
        f"/m/{NOBODYS}/x", f"/m/{NOBODYS.upper()}", "/m/%00.jpg", "/m/.jpg",
    ],
)  # fmt: skip
def test_nothing_else_is_served_and_nothing_is_listed(client: TestClient, home: Path, path: str) -> None:
    home.mkdir(parents=True)
    (home / "secret.txt").write_text("secret")
    (home.parent / "keys").write_text("secret")
    client.cookies.clear()
    answer = client.get(path)
    assert answer.status_code in (303, 404)
    assert "secret" not in answer.text


def test_what_is_refused_says_why_and_the_rest_is_taken(owner: Connection, client: TestClient) -> None:
    van = picture_of("van")
    said = _send(
        client,
        ("van.jpg", van),
        ("again.jpg", van),
        ("page.jpg", b"<html><script>alert(1)</script></html>"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("cut.jpg", picture_of("cut")[:2000]),
        ("tiny.jpg", picture_of("tiny", (100, 100))),
        ("roof.jpg", picture_of("roof")),
    )
    assert said == {"added": ["2"], "refused": ["broken,known,not_a_picture,shape"]}
    assert sorted(row["filename"] for row in _rows(owner)) == ["roof.jpg", "van.jpg"]


def test_nothing_but_the_picture_is_kept_of_a_file(owner: Connection, client: TestClient, home: Path) -> None:
    """A file may be a picture and a page at once: notes inside of it, a page behind it, a page's name."""
    script = b"<script>alert(1)</script>"
    van, roof = io.BytesIO(picture_of("van")), io.BytesIO(picture_of("roof"))
    notes, exif = PngInfo(), Image.Exif()
    notes.add_itxt("Comment", script.decode())
    exif[0x010E] = script.decode()
    jpeg, png = io.BytesIO(), io.BytesIO()
    Image.open(van).save(jpeg, "JPEG", comment=script, exif=exif)
    Image.open(roof).save(png, "PNG", pnginfo=notes)
    assert script in jpeg.getvalue()
    assert script in png.getvalue()
    said = _send(client, ("a.html", jpeg.getvalue() + b"<html>" + script), ("b.svg", png.getvalue() + script))
    assert said == {"added": ["2"]}
    for row in _rows(owner):
        assert row["mime_type"] == "image/jpeg"
        for key in filter(None, (row["storage_key"], row["instagram_key"])):
            assert b"<script" not in (home / key).read_bytes()
            answer = client.get(f"/m/{key}")
            assert (answer.headers["content-type"], answer.headers["x-content-type-options"]) == (
                "image/jpeg",
                "nosniff",
            )


def test_two_owners_may_have_the_same_picture(owner: Connection, client: TestClient) -> None:
    van = picture_of("van")
    assert _send(client, ("van.jpg", van)) == {"added": ["1"]}
    _log_in(client, make_login(owner, make_owner(owner)))
    assert _send(client, ("van.jpg", van)) == {"added": ["1"]}
    assert len({row["storage_key"] for row in _rows(owner)}) == 2


def test_a_form_without_a_file_says_so(client: TestClient) -> None:
    assert _send(client, ("", b"")) == {"added": ["0"], "refused": ["nothing"]}


class TestWho:
    def test_nobody_uploads_without_a_login(self, owner: Connection, client: TestClient) -> None:
        client.cookies.clear()
        files = {"picture": ("van.jpg", picture_of("van"), "image/jpeg")}
        assert client.post("/pictures/upload", files=files, headers=ORIGIN).status_code == 401
        assert _rows(owner) == []

    @pytest.mark.parametrize("headers", [{}, {"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}])
    def test_no_other_site_uploads_in_an_owners_name(
        self, owner: Connection, client: TestClient, headers: dict[str, str]
    ) -> None:
        files = {"picture": ("van.jpg", picture_of("van"), "image/jpeg")}
        assert client.post("/pictures/upload", files=files, headers=headers).status_code == 403
        assert _rows(owner) == []

    @pytest.mark.parametrize(("plan", "status"), [("starter", "active"), ("pro", "canceled")])
    def test_a_plan_without_a_library_takes_nothing(
        self, owner: Connection, client: TestClient, plan: str, status: str
    ) -> None:
        _log_in(client, make_login(owner, make_owner(owner, plan=plan, status=status)))
        assert _send(client, ("van.jpg", picture_of("van"))) == {"added": ["0"], "refused": ["plan"]}
        assert _rows(owner) == []
        assert owner.execute("SELECT count(*) FROM stored_objects").fetchone() == (0,)

    def test_another_kind_of_request_is_none_of_ours(self, client: TestClient) -> None:
        assert client.post("/pictures/upload", content=b"x", headers=ORIGIN).status_code == 415


class TestHowMuch:
    def test_a_file_may_be_only_so_large(
        self, owner: Connection, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(media_files, "LARGEST_UPLOAD", 50_000)
        said = _send(client, ("large.jpg", picture_of("x") + bytes(50_000)), ("van.jpg", picture_of("van")))
        assert said == {"added": ["1"], "refused": ["size"]}

    @pytest.mark.parametrize("honest", [True, False])
    def test_a_body_is_not_kept_beyond_its_limit(
        self, owner: Connection, client: TestClient, monkeypatch: pytest.MonkeyPatch, honest: bool
    ) -> None:
        monkeypatch.setattr(media_files, "LARGEST_BODY", 200_000)
        largest = 0
        written = media_files._counted

        async def watched(request: Any) -> Any:
            nonlocal largest
            async for chunk in written(request):
                largest += len(chunk)
                yield chunk

        monkeypatch.setattr(media_files, "_counted", watched)
        body = b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a.jpg"\r\n\r\n' + bytes(900_000)

        def chunks() -> Iterator[bytes]:
            yield from (body[start : start + 10_000] for start in range(0, len(body), 10_000))

        headers = ORIGIN | {"content-type": "multipart/form-data; boundary=x"}
        headers |= {"content-length": str(len(body))} if honest else {}
        answer = client.post("/pictures/upload", content=chunks(), headers=headers)
        assert answer.headers["location"] == "/pictures?added=0&refused=size"
        assert largest <= 200_000

    def test_too_many_files_at_once_are_refused(self, owner: Connection, client: TestClient) -> None:
        files = [(f"{number}.jpg", b"x") for number in range(media_files.MOST_FILES + 1)]
        assert _send(client, *files) == {"added": ["0"], "refused": ["many"]}

    def test_a_library_has_room_for_so_many(
        self, owner: Connection, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _limit(monkeypatch, media_pictures=2)
        said = _send(client, *((f"{n}.jpg", picture_of(str(n))) for n in range(4)))
        assert said == {"added": ["2"], "refused": ["full"]}

    def test_a_library_has_room_for_so_many_bytes(
        self, owner: Connection, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert _send(client, ("0.jpg", picture_of("0"))) == {"added": ["1"]}
        _limit(monkeypatch, media_bytes=_rows(owner)[0]["size_bytes"] + 100)
        assert _send(client, ("1.jpg", picture_of("1"))) == {"added": ["0"], "refused": ["full"]}

    def test_the_limit_is_exact_with_many_uploads_at_once(
        self, owner: Connection, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _limit(monkeypatch, media_pictures=3)
        monkeypatch.setattr(media_files, "_one_at_a_time", lambda: None)
        with ThreadPoolExecutor(6) as pool:
            came = list(pool.map(lambda n: _send(client, (f"{n}.jpg", picture_of(f"many {n}"))), range(6)))
        assert sum(int(said["added"][0]) for said in came) == len(_rows(owner)) == 3

    def test_the_same_file_sent_twice_at_once_is_one_picture(
        self, owner: Connection, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(media_files, "_one_at_a_time", lambda: None)
        van = picture_of("van")
        with ThreadPoolExecutor(4) as pool:
            came = list(pool.map(lambda n: _send(client, (f"{n}.jpg", van)), range(4)))
        assert sum(int(said["added"][0]) for said in came) == len(_rows(owner)) == 1


def _limit(monkeypatch: pytest.MonkeyPatch, **limits: Any) -> None:
    monkeypatch.setitem(plan_rights.PLANS, "pro", replace(plan_rights.PLANS["pro"], **limits))


class TestBucket:
    @pytest.fixture
    def s3(self, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
        """The settings name a bucket."""
        with running_s3() as server:
            for name, value in {
                "ENDPOINT_URL": server.url, "BUCKET": BUCKET, "ACCESS_KEY_ID": KEY_ID, "SECRET_ACCESS_KEY": SECRET,
                "PUBLIC_URL": f"{server.url}/{BUCKET}",
            }.items():  # fmt: skip
                monkeypatch.setenv(f"POSTAGENT_S3_{name}", value)
            settings.cache_clear()
            yield server

    def test_pictures_go_to_the_bucket(self, owner: Connection, client: TestClient, s3: S3Server, home: Path) -> None:
        assert _send(client, ("van.jpg", picture_of("van"))) == {"added": ["1"]}
        (row,) = _rows(owner)
        assert s3.keys() == {row["storage_key"]}
        assert row["url"] == f"{s3.url}/{BUCKET}/{row['storage_key']}"
        assert owner.execute("SELECT place FROM stored_objects").fetchone() == (f"s3:{BUCKET}",)

    def test_a_bucket_that_keeps_what_it_refuses_loses_and_doubles_nothing(
        self, owner: Connection, client: TestClient, s3: S3Server
    ) -> None:
        van = picture_of("van")
        s3.fails = 1_000
        for _ in range(2):
            assert _send(client, ("van.jpg", van)) == {"added": ["0"], "refused": ["storage"]}
        assert _rows(owner) == []
        s3.fails = 0
        assert _send(client, ("van.jpg", van)) == {"added": ["1"]}
        (row,) = _rows(owner)
        stored = {key for (key,) in owner.execute("SELECT key FROM stored_objects").fetchall()}
        assert s3.keys() == stored  # every file is known, also the two that nobody needs
        assert len(stored) == 3
        assert row["storage_key"] in stored
