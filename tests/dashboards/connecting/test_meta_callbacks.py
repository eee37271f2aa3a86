"""Meta calls back: somebody removed our app, or wants their data deleted."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import httpx2
import orjson
import psycopg
import pytest
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from dashboards import meta_callbacks
from models.settings import settings
from tests.dashboards.connecting.conftest import CREDENTIALS
from tests.dashboards.connecting.walk import Walk
from tests.dashboards.house import Login, make_login
from tests.factories import Connected, Owner, make_account, make_owner, make_post

Connection = psycopg.Connection[Any]
SECRETS = {"facebook": CREDENTIALS["META_APP_SECRET"], "instagram": CREDENTIALS["INSTAGRAM_APP_SECRET"]}


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTAGENT_META_APP_SECRET", SECRETS["facebook"])
    monkeypatch.setenv("POSTAGENT_INSTAGRAM_APP_SECRET", SECRETS["instagram"])
    settings.cache_clear()


def signed(person: str, secret: str, **changes: Any) -> str:
    """A request as Meta sends it."""
    given = {"algorithm": "HMAC-SHA256", "user_id": person, "issued_at": 1} | changes
    body = base64.urlsafe_b64encode(orjson.dumps(given)).decode().rstrip("=")
    mac = hmac.new(secret.encode(), body.encode(), hashlib.sha256).digest()
    return f"{base64.urlsafe_b64encode(mac).decode().rstrip('=')}.{body}"


def call(client: TestClient, app: str, what: str, request: str) -> httpx2.Response:
    """From Meta's servers: no cookie, no origin."""
    return client.post(f"/meta/{app}/{what}", data={"signed_request": request})


def granted(owner: Connection, whose: Owner, person: str, platform: str = "facebook", **more: Any) -> Connected:
    """An account that this person connected."""
    account = make_account(owner, whose, platform, refresh_token="REFRESH", **more)
    owner.execute("UPDATE connected_accounts SET granted_by = %s WHERE id = %s", (person, account.id))
    return account


def row(owner: Connection, account: Connected, columns: str) -> tuple[Any, ...]:
    found = owner.execute(
        f"SELECT {columns} FROM connected_accounts WHERE id = %s".encode(), (account.id,)
    ).fetchone()  # fmt: skip
    assert found is not None
    return tuple(found)


def test_who_removes_the_app_has_their_accounts_held_and_nobody_else(
    client: TestClient, owner: Connection, bob: Owner
) -> None:
    page = granted(owner, bob, "10158")
    linked = granted(owner, bob, "10158", "instagram", login_provider="facebook")
    untouched = [
        granted(owner, bob, "10999"),
        granted(owner, bob, "10158", "instagram", login_provider="instagram"),
        granted(owner, bob, "10158", "google"),
        make_account(owner, make_owner(owner)),
    ]
    post = make_post(owner, bob, page, status="approved")
    answer = call(client, "facebook", "deauthorize", signed("10158", SECRETS["facebook"]))
    assert answer.status_code == 200
    for account, name in ((page, "Facebook"), (linked, "Instagram")):
        status, reason = row(owner, account, "status, status_reason")
        assert (status, reason) == (
            "revoked",
            f"PostAgent was removed from the account's settings on {name}. Please connect {name} again.",
        )
    assert [row(owner, account, "status") for account in untouched] == [("active",)] * 4
    assert owner.execute("SELECT status FROM post_queue WHERE id = %s", (post,)).fetchone() == ("approved",)
    again = call(client, "facebook", "deauthorize", signed("10158", SECRETS["facebook"]))
    assert again.status_code == 200


@pytest.mark.parametrize("by", ["the app's own id", "the account's id"])
def test_instagrams_own_app_may_name_the_person_or_the_account(
    client: TestClient, owner: Connection, bob: Owner, by: str
) -> None:
    account = granted(owner, bob, "777", "instagram", login_provider="instagram")
    through_facebook = granted(owner, bob, "777", "instagram", login_provider="facebook")
    person = "777" if by == "the app's own id" else account.account_id
    answer = call(client, "instagram", "deauthorize", signed(person, SECRETS["instagram"]))
    assert answer.status_code == 200
    assert row(owner, account, "status") == ("revoked",)
    assert row(owner, through_facebook, "status") == ("active",)


def test_deletion_leaves_nothing_that_meta_told_us(
    client: TestClient, owner: Connection, bob: Owner, bob_in: Login
) -> None:
    page = granted(owner, bob, "10158", account_name="Bob's Page")
    ended = granted(owner, bob, "10158", account_name="Ended before")
    owner.execute(
        "UPDATE connected_accounts SET status = 'revoked', access_token_encrypted = '', "
        "refresh_token_encrypted = NULL, disconnected_at = now() WHERE id = %s", (ended.id,)
    )  # fmt: skip
    other = granted(owner, make_owner(owner), "10999")
    post = make_post(owner, bob, page, status="published", content="Bob's own words")
    owner.execute(
        "INSERT INTO connect_attempts (user_id, session_id, service, state_hash, verifier_encrypted, "
        "findings_encrypted, granted_by, started_at, expires_at) "
        "VALUES (%s, %s, 'facebook', 'h', 'v', 'f', '10158', now(), now())",
        (bob.user_id, bob_in.session_id),
    )
    before = row(owner, other, "to_jsonb(connected_accounts)")
    answer = call(client, "facebook", "deletion", signed("10158", SECRETS["facebook"]))
    assert answer.status_code == 200
    told = answer.json()
    assert set(told) == {"url", "confirmation_code"}
    assert told["url"] == f"http://localhost:8501/meta/deletion/{told['confirmation_code']}"

    for account in (page, ended):
        kept = str(row(owner, account, "to_jsonb(connected_accounts)"))
        for gone in ("10158", "Bob's Page", "Ended before", account.account_id, "v1."):
            assert gone not in kept
        assert row(owner, account, "status, access_token_encrypted, refresh_token_encrypted, account_name") == (
            "revoked", "", None, None,
        )  # fmt: skip
    assert owner.execute("SELECT count(*) FROM connect_attempts").fetchone() == (0,)
    assert owner.execute("SELECT content FROM post_queue WHERE id = %s", (post,)).fetchone() == ("Bob's own words",)
    assert row(owner, other, "to_jsonb(connected_accounts)") == before

    shown = client.get(f"/meta/deletion/{told['confirmation_code']}")
    assert shown.status_code == 200
    assert "Your data is deleted" in shown.text
    assert "2 connections with names, ids and access" in shown.text
    evidence = str(owner.execute("SELECT to_jsonb(d) FROM data_deletions d").fetchall())
    assert told["confirmation_code"] not in evidence
    assert "10158" not in evidence

    again = call(client, "facebook", "deletion", signed("10158", SECRETS["facebook"])).json()
    assert again["confirmation_code"] != told["confirmation_code"]
    assert "nothing of yours any more" in client.get(f"/meta/deletion/{again['confirmation_code']}").text


@pytest.mark.parametrize("what", ["deauthorize", "deletion"])
def test_only_what_meta_signed_for_this_app_counts(
    client: TestClient, owner: Connection, bob: Owner, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    account = granted(owner, bob, "10158")
    for request in (
        signed("10158", SECRETS["instagram"]),
        signed("10158", SECRETS["facebook"], algorithm="none"),
        signed("10158", SECRETS["facebook"])[1:],
        "nonsense",
        "",
    ):
        answer = call(client, "facebook", what, request)
        assert (answer.status_code, answer.json()) == (400, {"error": "not signed"})
    assert row(owner, account, "status") == ("active",)
    assert "10158" not in caplog.text
    assert client.post(f"/meta/facebook/{what}", json={"signed_request": "x"}).status_code == 415
    assert call(client, "tiktok", what, "x").status_code == 404
    assert client.get(f"/meta/facebook/{what}").status_code in (303, 405), "nothing happens by a link"
    assert owner.execute("SELECT count(*) FROM data_deletions").fetchone() == (0,)


def test_a_code_that_we_did_not_give_is_told(client: TestClient) -> None:
    answer = client.get("/meta/deletion/0123456789abcdef0123")
    assert answer.status_code == 404
    assert "do not know this code" in answer.text


def test_without_the_apps_secret_nothing_is_believed(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("POSTAGENT_META_APP_SECRET")
    settings.cache_clear()
    assert call(client, "facebook", "deletion", signed("1", "")).status_code == 503
    assert "POSTAGENT_META_APP_SECRET is not set" in caplog.text


def test_while_the_database_is_away_meta_is_asked_to_come_again(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("SELECT", {}, Exception("connection refused"))

    monkeypatch.setattr(meta_callbacks, "session", away)
    answer = call(client, "facebook", "deletion", signed("1", SECRETS["facebook"]))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")


def test_the_whole_way_from_the_dialog_to_the_deletion(owner: Connection, walk: Walk) -> None:
    """The id in Meta's callback is the one that was kept when the account was connected."""
    page = walk.sandbox.account("facebook", "Bob's Page").account_id
    walk.connect("facebook", page)
    token = next(t for t in walk.sandbox.world.tokens.values() if t.kind == "user" and not t.dead)
    answer = call(walk.client, "facebook", "deletion", signed(token.person_id, SECRETS["facebook"]))
    assert "1 connection with" in walk.client.get(answer.json()["url"]).text
    assert owner.execute("SELECT access_token_encrypted FROM connected_accounts").fetchall() == [("",)]
    (row_id,) = owner.execute("SELECT id FROM connected_accounts").fetchall()[0]
    assert "no such account" in walk.post(f"/connect/again/{row_id}").text
    assert walk.connect("facebook", page).status_code == 303, "and the Page can be connected anew"
    assert owner.execute("SELECT count(*) FROM connected_accounts").fetchone() == (2,)


def test_an_emptied_account_says_so_on_the_dashboard(
    client: TestClient, owner: Connection, bob: Owner, open_page: Any
) -> None:
    from tests.dashboards.house import words

    granted(owner, bob, "10158", account_name="Bob's Page")
    call(client, "facebook", "deletion", signed("10158", SECRETS["facebook"]))
    said = words(open_page(make_login(owner, bob), "accounts"))
    assert "deleted account" in said
    assert "was deleted, as was asked for there" in said
    assert "/connect/again/" not in said
