"""What stands in front of every request and websocket."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from dashboards import guard, health
from dashboards.guard import content_security_policy
from dashboards.logins import find_session, is_alive
from models.base import utc_now
from tests.dashboards.conftest import MakeClient
from tests.dashboards.house import Login, make_login
from tests.factories import Owner, make_owner

STREAM = "ws://localhost:8501/_stcore/stream"
FORGED = {
    "x-postagent-user": "00000000-0000-0000-0000-000000000001",
    "X-PostAgent-Session": "00000000-0000-0000-0000-000000000002",
    "x-postagent-email": "boss@example.com",
}


@pytest.fixture
def bob_client(client: TestClient, bob_in: Login) -> TestClient:
    client.cookies.set("postagent_session", bob_in.token)
    return client


@pytest.mark.parametrize("path", ["/", "/queue", "/metrics?span=7", "/anything/else"])
def test_a_page_without_a_login_leads_to_the_login(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize(
    "path",
    ["/_stcore/health", "/_stcore/host-config", "/media/abc.csv", "/component/x/y.js", "/auth/login", "/_stcore"],
)
def test_what_scripts_read_is_refused_plainly_without_a_login(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 401


@pytest.mark.parametrize("path", ["/static/js/index.js", "/favicon.png", "/login", "/healthz"])
def test_what_is_the_same_for_everybody_is_open(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_a_page_knows_who_is_looking(bob_client: TestClient, bob_in: Login) -> None:
    assert bob_client.get("/").json() == {
        "x-postagent-user": str(bob_in.owner.user_id),
        "x-postagent-session": str(bob_in.session_id),
        "x-postagent-email": "bob@example.com",
    }


@pytest.mark.parametrize("path", ["/static/js/index.js", "/favicon.png"])
def test_nobody_can_say_who_they_are_by_a_header(client: TestClient, path: str) -> None:
    assert "boss@example.com" not in client.get(path, headers=FORGED).text


def test_a_forged_header_does_not_reach_the_page(bob_client: TestClient, bob_in: Login) -> None:
    assert bob_client.get("/", headers=FORGED).json()["x-postagent-user"] == str(bob_in.owner.user_id)
    with bob_client.websocket_connect(STREAM, headers=FORGED) as stream:
        assert stream.receive_json()["x-postagent-email"] == "bob@example.com"


def test_a_websocket_without_a_login_is_refused(client: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(STREAM, headers=FORGED):
        raise AssertionError("it was let in")


def test_a_websocket_cannot_be_opened_with_a_session_that_was_logged_out_of(
    bob_client: TestClient, bob_in: Login
) -> None:
    with bob_client.websocket_connect(STREAM):
        pass
    bob_client.post("/logout", headers={"origin": "http://localhost:8501"})
    bob_client.cookies.set("postagent_session", bob_in.token)  # somebody kept a copy
    with pytest.raises(WebSocketDisconnect), bob_client.websocket_connect(STREAM):
        raise AssertionError("it was let in")


def test_a_websocket_under_a_foreign_host_name_is_refused(bob_client: TestClient) -> None:
    headers = {"host": "rebound.example"}
    with pytest.raises(WebSocketDisconnect), bob_client.websocket_connect(STREAM, headers=headers):
        raise AssertionError("it was let in")


@pytest.mark.parametrize("host", ["rebound.example", "localhost.evil.example", "", "[", "localhost@evil.example"])
def test_pages_answer_only_under_our_own_names(bob_client: TestClient, host: str) -> None:
    assert bob_client.get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1:8501", "[::1]:8501", "LOCALHOST"])
def test_this_machines_own_names_are_ours(bob_client: TestClient, host: str) -> None:
    assert bob_client.get("/", headers={"host": host}).status_code == 200


def test_health_answers_under_any_name(client: TestClient) -> None:
    answer = client.get("/healthz", headers={"host": "10.0.0.7"})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "database": "ok"})


@pytest.mark.parametrize("path", ["/", "/login", "/healthz", "/static/x.js", "/_stcore/health"])
def test_every_answer_carries_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers, "plain http on this machine"


def test_our_own_pages_run_no_script_at_all(client: TestClient) -> None:
    policy = client.get("/login").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy


def test_streamlits_pages_run_only_their_own_scripts() -> None:
    rules = dict(rule.split(" ", 1) for rule in content_security_policy(["http://127.0.0.1:8600"]).split("; "))
    assert "unsafe" not in rules["script-src"].replace("'wasm-unsafe-eval'", "")
    assert "sha256-" in rules["script-src"]
    assert rules["img-src"].endswith(" http://127.0.0.1:8600")


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: Any, **__: Any) -> None:
        raise OperationalError("SELECT", {}, Exception("connection refused"))

    monkeypatch.setattr(guard, "find_session", unreachable)
    monkeypatch.setattr(health, "_ask_database", unreachable)


@pytest.mark.usefixtures("no_database")
def test_without_a_database_everybody_is_told_so_and_nobody_is_let_in(bob_client: TestClient) -> None:
    page = bob_client.get("/")
    assert page.status_code == 503
    assert page.headers["retry-after"] == "30"
    assert "connection refused" not in page.text
    assert bob_client.get("/healthz").status_code == 503
    assert bob_client.get("/login").status_code == 200
    with pytest.raises(WebSocketDisconnect), bob_client.websocket_connect(STREAM):
        raise AssertionError("it was let in")


def test_a_session_is_alive_only_for_its_own_user(bob_in: Login, owner: psycopg.Connection[Any]) -> None:
    eve = make_owner(owner)
    now = utc_now()
    assert is_alive(bob_in.session_id, bob_in.owner.user_id, now=now)
    assert not is_alive(bob_in.session_id, eve.user_id, now=now)


def test_deleting_a_user_ends_their_sessions(bob: Owner, owner: psycopg.Connection[Any]) -> None:
    login = make_login(owner, bob)
    owner.execute("DELETE FROM users WHERE id = %s", (bob.user_id,))
    assert find_session(login.token, now=utc_now()) is None


def test_an_email_with_letters_beyond_ascii_is_passed_on_readably(
    make_client: MakeClient, owner: psycopg.Connection[Any]
) -> None:
    login = make_login(owner, make_owner(owner, email="jörg@example.com"))
    with make_client() as client:
        client.cookies.set("postagent_session", login.token)
        assert client.get("/").json()["x-postagent-email"] == "j%C3%B6rg@example.com"
