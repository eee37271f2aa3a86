"""A new password, all data, and leaving, through the real routes and the real guard."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import orjson
import psycopg
import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from dashboards.logins import find_session
from models.base import utc_now
from models.passwords import verify_password
from models.settings import settings
from tests.dashboards.conftest import MakeClient
from tests.dashboards.house import PASSWORD, Login, make_login, post_login
from tests.factories import Owner, make_account, make_owner, make_post

ORIGIN = "http://localhost:8501"
NEW = "green ladder by the lake"
Connection = psycopg.Connection[Any]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTAGENT_HOME", str(tmp_path))


@pytest.fixture
def at_home(client: TestClient, bob_in: Login) -> TestClient:
    """Bob's browser."""
    client.cookies.set("postagent_session", bob_in.token)
    return client


def send(client: TestClient, path: str, **form: str) -> httpx2.Response:
    """A form of ours, posted from our own page."""
    return client.post(path, data=form, headers={"origin": ORIGIN})


def is_in(login: Login) -> bool:
    return find_session(login.token, now=utc_now()) is not None


def hash_of(owner: Connection, bob: Owner) -> str:
    row = owner.execute("SELECT password_hash FROM users WHERE id = %s", (bob.user_id,)).fetchone()
    assert row is not None
    return str(row[0])


class TestPassword:
    def test_a_new_one_ends_every_other_session(
        self, owner: Connection, at_home: TestClient, bob: Owner, bob_in: Login, make_client: MakeClient
    ) -> None:
        elsewhere, neighbour = make_login(owner, bob), make_login(owner, make_owner(owner))
        answer = send(at_home, "/settings/password", old=PASSWORD, new=NEW, again=NEW)
        assert (answer.status_code, answer.headers["location"]) == (303, "/settings?done=password")
        assert (is_in(bob_in), is_in(elsewhere), is_in(neighbour)) == (True, False, True)
        assert verify_password(hash_of(owner, bob), SecretStr(NEW))
        with make_client() as other:
            assert post_login(other).status_code == 401
            assert post_login(other, password=NEW).status_code == 303

    @pytest.mark.parametrize(
        ("form", "status", "words"),
        [
            ({"old": "orange van at ten", "new": NEW, "again": NEW}, 401, "not your current password"),
            ({"old": PASSWORD, "new": NEW, "again": f"{NEW}s"}, 422, "differ"),
            ({"old": PASSWORD, "new": "short", "again": "short"}, 422, "too short"),
            ({"old": PASSWORD, "new": "bob@example.com", "again": "bob@example.com"}, 422, "too close"),
            ({"old": PASSWORD, "new": PASSWORD, "again": PASSWORD}, 422, "already"),
            ({"old": PASSWORD}, 422, "fill in"),
            ({"new": NEW}, 422, "fill in"),
        ],
    )
    def test_what_does_not_fit_is_said_and_changes_nothing(
        self, owner: Connection, at_home: TestClient, bob: Owner, form: dict[str, str], status: int, words: str
    ) -> None:
        before, elsewhere = hash_of(owner, bob), make_login(owner, bob)
        answer = send(at_home, "/settings/password", **form)
        assert answer.status_code == status
        assert words in answer.text
        assert hash_of(owner, bob) == before
        assert is_in(elsewhere)
        assert PASSWORD not in answer.text
        assert NEW not in answer.text

    def test_of_two_tabs_one_wins(
        self, owner: Connection, at_home: TestClient, bob: Owner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def other_tab_is_faster(*_args: object, **_more: object) -> str:
            owner.execute("UPDATE users SET password_hash = 'of the other tab' WHERE id = %s", (bob.user_id,))
            return "of this tab"

        monkeypatch.setattr("dashboards.sessions.hash_password", other_tab_is_faster)
        answer = send(at_home, "/settings/password", old=PASSWORD, new=NEW, again=NEW)
        assert answer.headers["location"] == "/settings?done=password-meanwhile"
        assert hash_of(owner, bob) == "of the other tab"

    def test_guesses_are_slowed_down_as_at_the_login_and_together_with_it(
        self, at_home: TestClient, make_client: MakeClient
    ) -> None:
        with make_client(address="198.51.100.1") as elsewhere:
            for _ in range(3):
                post_login(elsewhere, password="a wrong guess")
        for _ in range(2):
            assert send(at_home, "/settings/password", old="a wrong guess", new=NEW, again=NEW).status_code == 401
        refused = send(at_home, "/settings/password", old=PASSWORD, new=NEW, again=NEW)
        assert refused.status_code == 429
        assert "Too many tries" in refused.text
        assert send(at_home, "/settings/delete", word="DELETE", password=PASSWORD).status_code == 429


class TestSessions:
    def test_a_login_remembers_where_it_came_from(self, owner: Connection, client: TestClient, bob: Owner) -> None:
        post_login(client, headers={"user-agent": "Mozilla/5.0 (X11; Linux) Firefox/145.0"})
        row = owner.execute("SELECT address, user_agent FROM dashboard_sessions").fetchone()
        assert row == ("203.0.113.9", "Mozilla/5.0 (X11; Linux) Firefox/145.0")


class TestExport:
    def test_everything_comes_as_one_file(self, owner: Connection, at_home: TestClient, bob: Owner) -> None:
        make_post(owner, bob, make_account(owner, bob), content="Bob's words")
        answer = send(at_home, "/settings/export")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/zip"
        assert re.fullmatch(r'attachment; filename="postagent-[\d-]{10}\.zip"', answer.headers["content-disposition"])
        assert answer.headers["cache-control"] == "no-store"
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert orjson.loads(archive.read("json/post_queue.json"))[0]["content"] == "Bob's words"
            assert len(orjson.loads(archive.read("json/sessions.json"))) == 1

    def test_no_link_on_another_page_makes_one(self, at_home: TestClient) -> None:
        assert at_home.get("/settings/export").headers.get("content-type") != "application/zip"
        assert at_home.post("/settings/export", headers={"origin": "https://evil.example"}).status_code == 403


class TestDelete:
    def test_the_page_says_what_goes(self, owner: Connection, at_home: TestClient, bob: Owner) -> None:
        account = make_account(owner, bob)
        make_post(owner, bob, account)
        make_post(owner, bob, account, status="published")
        shown = at_home.get("/settings/delete").text
        assert "1 post in your queue will not go out." in shown
        assert "1 connected account" in shown

    def test_with_word_and_password_everything_is_gone_and_nobody_logged_in(
        self, owner: Connection, at_home: TestClient, bob: Owner, make_client: MakeClient
    ) -> None:
        elsewhere, neighbour = make_login(owner, bob), make_login(owner, make_owner(owner))
        answer = send(at_home, "/settings/delete", word=" delete ", password=PASSWORD)
        assert (answer.status_code, answer.headers["location"]) == (303, "/goodbye?listed=")
        assert 'postagent_session=""' in answer.headers["set-cookie"]
        assert "Your account is deleted" in at_home.get("/goodbye?listed=").text
        assert owner.execute("SELECT count(*) FROM users WHERE id = %s", (bob.user_id,)).fetchone() == (0,)
        assert (is_in(elsewhere), is_in(neighbour)) == (False, True)
        with make_client() as again:
            assert post_login(again).status_code == 401

    @pytest.mark.parametrize(
        ("form", "status", "words"),
        [
            ({"word": "DELETE", "password": "orange van at ten"}, 401, "not your password"),
            ({"word": "DELETE", "password": ""}, 422, "password is needed"),
            ({"word": "yes", "password": PASSWORD}, 422, "Type the word DELETE"),
            ({"password": PASSWORD}, 422, "Type the word DELETE"),
        ],
    )
    def test_half_of_it_deletes_nothing(
        self, owner: Connection, at_home: TestClient, bob: Owner, form: dict[str, str], status: int, words: str
    ) -> None:
        answer = send(at_home, "/settings/delete", **form)
        assert answer.status_code == status
        assert words in answer.text
        assert PASSWORD not in answer.text
        row = owner.execute("SELECT status, erasing_at FROM users WHERE id = %s", (bob.user_id,)).fetchone()
        assert row == ("active", None)

    def test_a_post_that_is_going_out_just_now_is_told_of(
        self, owner: Connection, at_home: TestClient, bob: Owner, bob_in: Login, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("POSTAGENT_PUBLISH_TIMEOUT_SECONDS", "0.1")
        monkeypatch.setenv("POSTAGENT_PUBLISH_LEASE_SECONDS", "0.2")
        settings.cache_clear()
        lease = utc_now() + timedelta(minutes=5)  # a worker that keeps its lease for longer than anybody waits
        post = make_post(
            owner, bob, make_account(owner, bob), status="approved", lease_owner="w", lease_expires_at=lease
        )
        owner.execute(
            "INSERT INTO publish_attempts (post_id, user_id, attempt_number, fingerprint, worker, lease_token) "
            "VALUES (%s, %s, 1, 'f', 'w', 0)",
            (post, bob.user_id),
        )
        answer = send(at_home, "/settings/delete", word="DELETE", password=PASSWORD)
        assert "soon=1" in answer.headers["location"]
        assert "is being deleted" in at_home.get(answer.headers["location"]).text
        assert not is_in(bob_in)

    def test_the_last_page_shows_only_words_of_ours(self, client: TestClient) -> None:
        shown = client.get("/goodbye?listed=google,<b>evil</b>,facebook").text
        assert "At Google and Facebook our access may still be listed" in shown
        assert "evil" not in shown

    def test_a_canceled_owner_may_leave_too(self, owner: Connection, at_home: TestClient, bob: Owner) -> None:
        owner.execute("UPDATE users SET status = 'canceled' WHERE id = %s", (bob.user_id,))
        assert send(at_home, "/settings/delete", word="DELETE", password=PASSWORD).status_code == 303
        assert owner.execute("SELECT count(*) FROM users").fetchone() == (0,)


@pytest.mark.parametrize("path", ["/settings/password", "/settings/export", "/settings/delete"])
@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {}, {"origin": ORIGIN, "sec-fetch-site": "cross-site"}],
)
def test_other_sites_can_post_none_of_it(
    owner: Connection, at_home: TestClient, bob: Owner, path: str, headers: dict[str, str]
) -> None:
    before = hash_of(owner, bob)
    form = {"old": PASSWORD, "new": NEW, "again": NEW, "word": "DELETE", "password": PASSWORD}
    assert at_home.post(path, data=form, headers=headers).status_code == 403
    assert hash_of(owner, bob) == before


@pytest.mark.parametrize("path", ["/settings/password", "/settings/export", "/settings/delete"])
def test_nobody_who_is_not_logged_in_gets_anywhere(client: TestClient, path: str) -> None:
    assert send(client, path).status_code == 401
    assert client.get(path).headers["location"].startswith("/login")
