"""Login and logout through the real routes and the real guard."""

from __future__ import annotations

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event
from starlette.testclient import TestClient

from dashboards import access, logins
from dashboards.logins import PER_EMAIL
from models import passwords
from tests.dashboards.conftest import MakeClient
from tests.dashboards.house import CHEAP, PASSWORD, cookie_of, make_login, post_login
from tests.factories import Owner, make_owner

NOON = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOON
        monkeypatch.setattr(access, "utc_now", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def _sessions(owner: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return owner.execute(
        "SELECT token_hash, revoked_at, expires_at - created_at FROM dashboard_sessions ORDER BY created_at"
    ).fetchall()


def test_the_right_password_opens_a_session_and_leads_on(
    client: TestClient, bob: Owner, owner: psycopg.Connection[Any]
) -> None:
    answer = post_login(client, next="/queue?show=waiting")
    assert (answer.status_code, answer.headers["location"]) == (303, "/queue?show=waiting")
    assert client.get("/queue").json()["x-postagent-user"] == str(bob.user_id)
    ((token_hash, revoked_at, life),) = _sessions(owner)
    token = cookie_of(client)
    assert token is not None
    assert token_hash == hashlib.sha256(token.encode()).hexdigest(), "only the hash is kept"
    assert (revoked_at, life) == (None, timedelta(days=30))


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(client: TestClient, bob: Owner) -> None:
    cookie = post_login(client).headers["set-cookie"]
    assert cookie.startswith("postagent_session=")
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Max-Age=2592000"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert "Domain" not in cookie


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(make_client: MakeClient, bob: Owner) -> None:
    with make_client("https://posts.example.com") as client:
        answer = post_login(client)
        assert answer.headers["set-cookie"].startswith("__Host-postagent_session=")
        assert "Secure" in answer.headers["set-cookie"].split("; ")
        assert "max-age" in answer.headers["strict-transport-security"]
        assert client.get("/").status_code == 200


def test_the_email_may_be_typed_in_any_case_and_with_spaces(client: TestClient, bob: Owner) -> None:
    assert post_login(client, email="  BOB@Example.com ").status_code == 303


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("bob@example.com", "wrong password here"),
        ("nobody@example.com", PASSWORD),
        ("bob@example.com\0", "x" * 400),
        ("' OR 1=1 --", PASSWORD),
    ],
)
def test_a_wrong_password_and_an_unknown_email_get_the_same_answer(
    client: TestClient, bob: Owner, email: str, password: str
) -> None:
    answer = post_login(client, email=email, password=password)
    assert answer.status_code == 401
    assert "do not belong together" in answer.text
    assert "set-cookie" not in answer.headers
    assert password not in answer.text
    assert client.get("/").status_code == 303


def test_known_and_unknown_emails_differ_in_nothing_but_the_email(client: TestClient, bob: Owner) -> None:
    known = post_login(client, email="bob@example.com", password="wrong password here")
    unknown = post_login(client, email="eve@example.com", password="wrong password here")
    assert known.text.replace("bob@", "eve@") == unknown.text
    assert {n: v for n, v in known.headers.items() if n != "date"} == {
        n: v for n, v in unknown.headers.items() if n != "date"
    }


def test_known_and_unknown_emails_cost_the_same_work(
    client: TestClient, bob: Owner, owner: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, as a clock only tells how busy the machine is: statements, and checks of a password by their cost."""
    owner.execute("UPDATE users SET password_hash = 'no hash at all' WHERE email = %s", (make_owner(owner).email,))
    checked: list[str] = []
    verify = CHEAP.verify

    class Counting:
        def verify(self, kept: str, guess: str) -> bool:
            checked.append(kept.rsplit("$", 2)[0])
            return verify(kept, guess)

    monkeypatch.setattr(passwords, "_HASHER", Counting())
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    event.listen(Engine, "before_cursor_execute", note)
    try:
        work = []
        owners = [row[0] for row in owner.execute("SELECT email FROM users ORDER BY email").fetchall()]
        for email in (*owners, "nobody@example.com", "nobody at all", "x" * 400):
            checked.clear()
            statements.clear()
            assert post_login(client, email=email, password="a wrong guess").status_code == 401
            work.append((list(checked), list(statements)))
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert len(owners) == 2
    assert work == work[:1] * len(work)
    assert len(work[0][0]) == 1


@pytest.mark.parametrize("email", ["bob@example.com", "nobody@example.com"])
def test_guessing_is_slowed_down_alike_for_known_and_unknown_emails(
    client: TestClient, bob: Owner, clock: Clock, email: str
) -> None:
    for _ in range(PER_EMAIL.free):
        assert post_login(client, email=email, password="a wrong guess").status_code == 401
    waits = []
    for _ in range(3):
        refused = post_login(client, email=email, password="a wrong guess")
        assert refused.status_code == 429
        waits.append(int(refused.headers["retry-after"]))
        assert re.search(rf"Try again in {waits[-1]} seconds?\.", refused.text)
        assert post_login(client, email=email, password=PASSWORD).status_code == 429, "not even with the right one"
        clock.now += timedelta(seconds=waits[-1])
        assert post_login(client, email=email, password="a wrong guess").status_code == 401
    assert waits == [1, 2, 4]


def test_the_owner_gets_in_after_the_wait_and_starts_afresh(client: TestClient, bob: Owner, clock: Clock) -> None:
    for _ in range(PER_EMAIL.free):
        post_login(client, password="a wrong guess")
    assert post_login(client).status_code == 429
    clock.now += PER_EMAIL.longest
    assert post_login(client).status_code == 303
    clock.now += timedelta(seconds=1)
    assert post_login(client, password="a wrong guess").status_code == 401
    assert post_login(client).status_code == 303, "a success forgives what was before it"


def test_guesses_sent_at_once_are_counted_one_after_the_other(database_url: str) -> None:
    """Twelve threads at the same instant, as on several machines: no more than the free ones are looked at."""
    together = Barrier(12)

    def guess(_: int) -> object:
        together.wait()
        return logins._begin("bob@example.com", "203.0.113.9", NOON)

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(guess, range(12)))
    assert sum(isinstance(answer, logins.TooSoon) for answer in answers) == 12 - PER_EMAIL.free


def test_one_address_guessing_many_emails_is_slowed_down_too(
    make_client: MakeClient, bob: Owner, owner: psycopg.Connection[Any], clock: Clock
) -> None:
    owner.execute(
        "INSERT INTO login_attempts (subject, attempted_at, succeeded) "
        "SELECT 'address:198.51.100.7', %s, false FROM generate_series(1, 36)",
        (NOON,),
    )
    with make_client(address="198.51.100.7") as guesser, make_client(address="198.51.100.8") as neighbour:
        assert post_login(guesser).headers["retry-after"] == "64"
        assert post_login(neighbour).status_code == 303


def test_attempts_are_kept_without_the_email(client: TestClient, bob: Owner, owner: psycopg.Connection[Any]) -> None:
    post_login(client, email="somebody.private@example.com", password="a wrong guess")
    subjects = [row[0] for row in owner.execute("SELECT subject FROM login_attempts ORDER BY subject").fetchall()]
    assert subjects[0] == "address:203.0.113.9"
    assert re.fullmatch(r"email:[0-9a-f]{64}", subjects[1])


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/logout",
        "/login?next=/",
        "",
    ],
)
def test_after_login_nobody_is_led_to_another_site(client: TestClient, bob: Owner, target: str) -> None:
    assert post_login(client, next=target).headers["location"] == "/"
    assert client.get("/login", params={"next": target}).headers["location"] == "/"


def test_a_visitor_comes_back_to_the_page_they_wanted(client: TestClient, bob: Owner) -> None:
    away = client.get("/queue?show=problems")
    assert (away.status_code, away.headers["location"]) == (303, "/login?next=/queue%3Fshow%3Dproblems")
    form = client.get(away.headers["location"]).text
    assert 'value="/queue?show=problems"' in form
    assert client.get("/").headers["location"] == "/login"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:8501.evil.example"},
        {"origin": "", "referer": "https://evil.example/http://localhost:8501"},
        {"origin": ""},
        {"origin": "http://localhost:8501", "sec-fetch-site": "cross-site"},
        {"origin": "http://localhost:8501", "sec-fetch-site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/login", "/logout", "/change", "/_stcore/upload_file/x"])
def test_a_form_from_another_site_does_nothing(
    client: TestClient, bob: Owner, owner: psycopg.Connection[Any], headers: dict[str, str], path: str
) -> None:
    login = make_login(owner, bob)
    client.cookies.set("postagent_session", login.token)
    form = {"email": "bob@example.com", "password": PASSWORD}
    answer = client.post(path, data=form, headers={n: v for n, v in headers.items() if v})
    assert answer.status_code == 403
    assert [(revoked is None) for _, revoked, _ in _sessions(owner)] == [True], "no login, no logout"


def test_a_form_of_our_own_may_also_be_named_by_its_referer(client: TestClient, bob: Owner) -> None:
    form = {"email": "bob@example.com", "password": PASSWORD}
    assert client.post("/login", data=form, headers={"referer": "http://localhost:8501/login"}).status_code == 303


def test_a_signed_call_of_another_server_needs_no_origin(client: TestClient) -> None:
    assert client.post("/hook", content=b"{}").json() == {"taken": True}


def test_logging_out_ends_the_session_on_the_server(client: TestClient, bob: Owner) -> None:
    post_login(client)
    token = cookie_of(client)
    answer = client.post("/logout", headers={"origin": "http://localhost:8501"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?bye=1")
    assert cookie_of(client) is None
    assert token is not None
    client.cookies.set("postagent_session", token)  # somebody kept a copy
    assert client.get("/").status_code == 303


def test_a_login_over_another_one_ends_the_old_session(client: TestClient, bob: Owner) -> None:
    post_login(client)
    first = cookie_of(client)
    post_login(client)
    second = cookie_of(client)
    assert first != second
    client.cookies.clear()
    assert first is not None
    client.cookies.set("postagent_session", first)
    assert client.get("/").status_code == 303


def test_a_session_id_that_an_attacker_planted_is_never_used(
    client: TestClient, bob: Owner, owner: psycopg.Connection[Any]
) -> None:
    planted = "A" * 43
    client.cookies.set("postagent_session", planted)
    post_login(client)
    ((kept, *_),) = _sessions(owner)
    assert kept != hashlib.sha256(planted.encode()).hexdigest()


def test_a_tampered_an_expired_and_a_revoked_cookie_open_nothing(
    client: TestClient, bob: Owner, owner: psycopg.Connection[Any]
) -> None:
    alive = make_login(owner, bob).token
    expired = make_login(owner, bob, days=-1).token
    swapped = ("B" if alive[0] != "B" else "C") + alive[1:]
    for token in (swapped, alive + "A", alive[:-1], "", "' OR ''='", expired, hashlib.sha256(b"x").hexdigest()):
        client.cookies.clear()
        client.cookies.set("postagent_session", token)
        assert client.get("/").status_code == 303, token
    client.cookies.clear()
    client.cookies.set("postagent_session", alive)
    assert client.get("/").status_code == 200
    owner.execute("UPDATE dashboard_sessions SET revoked_at = now()")
    assert client.get("/").status_code == 303


def test_being_seen_is_written_once_a_minute(client: TestClient, bob: Owner, owner: psycopg.Connection[Any]) -> None:
    login = make_login(owner, bob)
    client.cookies.set("postagent_session", login.token)

    def seen() -> datetime:
        row = owner.execute("SELECT last_seen_at FROM dashboard_sessions").fetchone()
        assert row is not None
        found: datetime = row[0]
        return found

    first = seen()
    client.get("/")
    assert seen() == first
    owner.execute("UPDATE dashboard_sessions SET last_seen_at = now() - interval '2 minutes'")
    client.get("/")
    assert seen() > first


@pytest.mark.parametrize("status", ["paused", "canceled", "trial"])
def test_whoever_does_not_pay_may_still_log_in_and_read(
    client: TestClient, bob: Owner, owner: psycopg.Connection[Any], status: str
) -> None:
    owner.execute("UPDATE users SET status = %s", (status,))
    assert post_login(client).status_code == 303


def test_what_is_typed_is_shown_again_as_text_only(client: TestClient) -> None:
    answer = post_login(client, email='"><script>alert(1)</script>', password="a wrong guess", next='/x"><b>')
    assert "<script>" not in answer.text
    assert "<b>" not in answer.text


@pytest.mark.parametrize(
    ("form", "status"),
    [({"email": "", "password": "x"}, 422), ({"email": "bob@example.com"}, 422), ({"email": "a" * 20_000}, 413)],
)
def test_an_empty_or_overlong_form_is_turned_down_before_any_work(
    client: TestClient, form: dict[str, str], status: int
) -> None:
    assert client.post("/login", data=form, headers={"origin": "http://localhost:8501"}).status_code == status


def test_only_our_own_kind_of_form_is_read(client: TestClient) -> None:
    headers = {"origin": "http://localhost:8501"}
    assert client.post("/login", json={"email": "bob@example.com"}, headers=headers).status_code == 415
    assert client.post("/login", files={"email": b"x"}, headers=headers).status_code == 415
