"""Signing up, proving an address, a forgotten password: real routes, guard, database roles and mail server."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx2
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from starlette.testclient import TestClient

from dashboards import beat, errands, first_week, joining
from dashboards.beat import rest_of_beat
from models.base import utc_now
from models.database import Role, connect
from models.mails import MailKind
from models.passwords import verify_password
from models.settings import settings
from tasks.mails.sending import send_waiting
from tests.dashboards.conftest import MakeClient
from tests.dashboards.house import PASSWORD, PASSWORD_HASH, cookie_of, make_login, post_login
from tests.factories import Owner, make_account, make_owner
from tests.sandbox_server import Server

Connection = psycopg.Connection[Any]

FORM = {
    "email": "Dana@Example.com",
    "password": PASSWORD,
    "business_name": "Dana's Heating",
    "business_type": "Heating and cooling company",
    "city": "El Paso",
    "state": "TX",
}
NEW_PASSWORD = "green ladder by dawn"


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """For whom the deployment that writes weeks was started; and answers leave on a quicker beat."""
    monkeypatch.setattr(beat, "BEAT_SECONDS", 0.01)
    users: list[Any] = []
    monkeypatch.setattr(first_week, "_start", users.append)
    return users


@pytest.fixture
def visitor(make_client: MakeClient, sandbox: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """Somebody at a dashboard whose mails go to the sandbox."""
    monkeypatch.setenv("POSTAGENT_SMTP_URL", sandbox.smtp_url)
    monkeypatch.setenv("POSTAGENT_EMAIL_FROM", "PostAgentPro <hello@example.com>")
    with make_client() as opened:
        yield opened


def send(client: TestClient, path: str, form: dict[str, str], **headers: str) -> httpx2.Response:
    """Post a form as our own page would."""
    return client.post(path, data=form, headers={"origin": str(client.base_url).rstrip("/")} | headers)


def mail_to(sandbox: Server, address: str, number: int = 1) -> dict[str, Any]:
    """The newest mail, once so many have come."""
    until = time.monotonic() + 30
    while len(mails := sandbox.mails(address)) < number:
        assert time.monotonic() < until, f"{len(mails)} mails to {address}"
        time.sleep(0.01)
    return mails[0]


def link_in(mail: dict[str, Any]) -> str:
    """The path and query that its link leads to."""
    found = re.search(r"http://localhost:8501(/(?:verify|reset)\?token=[\w-]{43})\n", mail["text"])
    assert found is not None, mail["text"]
    return found[1]


def token_of(link: str) -> str:
    return link.partition("token=")[2]


def one(owner: Connection, statement: str) -> tuple[Any, ...]:
    row = owner.execute(statement.encode()).fetchone()
    assert row is not None
    return tuple(row)


class TestSigningUp:
    def test_a_trial_with_business_and_preferences_is_there_and_not_served(
        self, visitor: TestClient, owner: Connection, sandbox: Server
    ) -> None:
        answer = send(visitor, "/signup", FORM)
        assert (answer.status_code, cookie_of(visitor)) == (200, None)
        assert "Look into your mailbox" in answer.text
        email, hashed, status, served, days, unverified = one(
            owner,
            "SELECT email, password_hash, status, is_served, round(extract(epoch FROM trial_ends_at - now()) / 86400), "
            "unverified_since IS NOT NULL FROM users",
        )
        assert (email, status, served, days, unverified) == ("dana@example.com", "trial", False, 14, True)
        assert verify_password(hashed, SecretStr(PASSWORD))
        assert one(owner, "SELECT name, type, location_city, location_state FROM businesses") == (
            "Dana's Heating", "hvac", "El Paso", "TX",
        )  # fmt: skip
        assert one(owner, "SELECT timezone, posting_frequency FROM user_preferences") == ("America/Denver", 3)
        assert "Confirm my address" in mail_to(sandbox, "dana@example.com")["text"]

    def test_a_trade_that_we_do_not_know_stays_the_owners_word(self, visitor: TestClient, owner: Connection) -> None:
        send(visitor, "/signup", FORM | {"business_type": "Sword Swallower"})
        assert one(owner, "SELECT type FROM businesses") == ("sword_swallower",)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"email": "dana"}, "Please give your e-mail address"),
            ({"email": "dana@example.com\r\nBcc: eve@example.com"}, "Please give your e-mail address"),
            ({"email": "a@b.c,d@e.f"}, "Please give your e-mail address"),
            ({"email": f"{'a' * 250}@b.example"}, "Please give your e-mail address"),
            ({"password": "short"}, "The password is too short: use at least 10 characters."),
            ({"password": "password123"}, "too easy to guess"),
            ({"password": "dana@example.com"}, "too close to the e-mail address"),
            ({"business_name": "  "}, "name of your business"),
            ({"business_name": "x" * 101}, "name of your business"),
            ({"business_name": "a\nb"}, "name of your business"),
            ({"business_type": ""}, "what your business does"),
            ({"city": ""}, "the town"),
            ({"state": "ZZ"}, "choose your state"),
            ({"state": ""}, "choose your state"),
        ],
    )
    def test_what_cannot_be_right_is_told_and_nothing_is_kept(
        self, visitor: TestClient, owner: Connection, change: dict[str, str], words: str
    ) -> None:
        answer = send(visitor, "/signup", FORM | change)
        assert answer.status_code == 422
        assert words in answer.text
        assert PASSWORD not in answer.text
        assert one(owner, "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM login_attempts)") == (0, 0)

    def test_what_was_typed_is_shown_again_and_runs_nowhere(self, visitor: TestClient) -> None:
        evil = '"><script>alert(1)</script>'
        answer = send(visitor, "/signup", FORM | {"business_name": evil, "state": ""})
        assert evil not in answer.text
        assert "&lt;script&gt;" in answer.text
        assert '<option value="TX" selected>' in send(visitor, "/signup", FORM | {"city": ""}).text

    def test_nothing_beside_the_forms_fields_is_taken(self, visitor: TestClient, owner: Connection) -> None:
        send(visitor, "/signup", FORM | {"plan": "premium", "status": "active", "unverified_since": "", "id": "1"})
        assert one(owner, "SELECT plan_tier, status, is_served FROM users") == ("starter", "trial", False)

    def test_who_is_logged_in_goes_on(self, visitor: TestClient, bob_in: Any) -> None:
        visitor.cookies.set("postagent_session", bob_in.token)
        answer = visitor.get("/signup")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")

    def test_two_at_once_with_one_address_make_one_owner(
        self, visitor: TestClient, owner: Connection, sandbox: Server
    ) -> None:
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: send(visitor, "/signup", FORM), range(4)))
        assert {answer.status_code for answer in answers} == {200}
        assert one(owner, "SELECT count(*) FROM users") == (1,)
        assert one(owner, "SELECT count(*) FROM businesses") == (1,)

    def test_without_a_mail_server_it_is_closed(self, client: TestClient, owner: Connection) -> None:
        for path in ("/signup", "/forgot"):
            assert client.get(path).status_code == 503
            assert send(client, path, FORM).status_code == 503
        assert one(owner, "SELECT count(*) FROM users") == (0,)


class TestWhoHasAnAddressStaysUnknown:
    def test_signing_up_looks_the_same_and_mails_the_one_who_has_it(
        self, visitor: TestClient, owner: Connection, bob: Owner, sandbox: Server
    ) -> None:
        before = one(owner, "SELECT to_jsonb(users)::text FROM users")
        known = send(visitor, "/signup", FORM | {"email": "BOB@example.com"})
        unknown = send(visitor, "/signup", FORM | {"email": "new@example.com"})
        assert (known.status_code, known.text.replace("BOB@", "new@")) == (unknown.status_code, unknown.text)
        assert dict(known.headers) | {"content-length": ""} == dict(unknown.headers) | {"content-length": ""}
        assert "You have an account already" in mail_to(sandbox, "bob@example.com")["subject"]
        assert "token=" not in mail_to(sandbox, "bob@example.com")["text"]
        assert one(owner, "SELECT to_jsonb(users)::text FROM users WHERE email = 'bob@example.com'") == before
        assert one(owner, f"SELECT count(*) FROM businesses WHERE user_id = '{bob.user_id}'") == (1,)

    def test_who_did_not_confirm_yet_is_sent_the_link_again_and_keeps_their_password(
        self, visitor: TestClient, owner: Connection, sandbox: Server
    ) -> None:
        send(visitor, "/signup", FORM)
        mail_to(sandbox, "dana@example.com")
        send(visitor, "/signup", FORM | {"password": NEW_PASSWORD})
        assert "confirm" in mail_to(sandbox, "dana@example.com", 2)["subject"]
        assert verify_password(one(owner, "SELECT password_hash FROM users")[0], SecretStr(PASSWORD))

    def test_a_forgotten_password_looks_the_same(self, visitor: TestClient, bob: Owner, sandbox: Server) -> None:
        known = send(visitor, "/forgot", {"email": "bob@example.com"})
        unknown = send(visitor, "/forgot", {"email": "eve@example.com"})
        assert (known.status_code, known.text) == (200, unknown.text.replace("eve@", "bob@"))
        mail_to(sandbox, "bob@example.com")
        assert sandbox.mails("eve@example.com") == []

    def test_the_wait_is_counted_by_what_was_asked_for(self, visitor: TestClient, bob: Owner) -> None:
        told = []
        for email in ("bob@example.com", "eve@example.com"):
            answers = [send(visitor, "/forgot", {"email": email}) for _ in range(joining.PER_MAILBOX.free + 1)]
            assert [answer.status_code for answer in answers] == [200] * joining.PER_MAILBOX.free + [429]
            assert int(answers[-1].headers["retry-after"]) >= 1
            told.append(answers[-1].text.replace(email, ""))
        assert told[0] == told[1]

    @given(seconds=st.floats(0, 100))
    def test_answers_leave_on_the_beat(self, seconds: float) -> None:
        rest = rest_of_beat(seconds)
        assert 0 < rest <= beat.BEAT_SECONDS
        beats = (seconds + rest) / beat.BEAT_SECONDS
        assert beats == pytest.approx(round(beats), abs=1e-6)

    def test_both_answers_take_whole_beats(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(beat, "BEAT_SECONDS", 0.2)

        async def answered(work: float) -> float:
            began = time.monotonic()
            async with beat.on_the_beat():
                await asyncio.sleep(work)
            return time.monotonic() - began

        assert min(asyncio.run(answered(work)) for work in (0.0, 0.05)) >= 0.2


class TestProvingAnAddress:
    @pytest.fixture
    def link(self, visitor: TestClient, sandbox: Server) -> str:
        """The link that Dana was sent."""
        send(visitor, "/signup", FORM)
        return link_in(mail_to(sandbox, "dana@example.com"))

    def served(self, owner: Connection) -> bool:
        return bool(one(owner, "SELECT is_served FROM users WHERE email = 'dana@example.com'")[0])

    def test_a_scanner_that_follows_the_link_changes_nothing(
        self, visitor: TestClient, owner: Connection, link: str
    ) -> None:
        for _ in range(3):
            answer = visitor.get(link)
            assert answer.status_code == 200
        assert visitor.head(link).status_code == 200
        assert not self.served(owner)
        assert one(owner, "SELECT used_at FROM mail_links") == (None,)
        assert "no-store" in answer.headers["cache-control"]
        assert answer.headers["referrer-policy"] == "same-origin"

    def test_with_the_password_it_proves_and_logs_in_and_works_once(
        self, visitor: TestClient, owner: Connection, link: str
    ) -> None:
        assert 'type="password"' in visitor.get(link).text
        answer = send(visitor, "/verify", {"token": token_of(link), "password": PASSWORD})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert self.served(owner)
        assert visitor.get("/queue").status_code == 200
        again = send(visitor, "/verify", {"token": token_of(link), "password": PASSWORD})
        assert again.status_code == 410
        assert visitor.get(link).status_code == 410

    def test_who_does_not_know_the_password_cannot_have_it_confirmed(
        self, visitor: TestClient, owner: Connection, link: str
    ) -> None:
        """Else: sign up with somebody's address, and wait until they click."""
        for password in ("", "wrong horse battery", NEW_PASSWORD):
            answer = send(visitor, "/verify", {"token": token_of(link), "password": password})
            assert answer.status_code == 401
        assert not self.served(owner)
        assert cookie_of(visitor) is None

    def test_guessing_that_password_is_slowed_down_as_at_the_login(self, visitor: TestClient, link: str) -> None:
        form = {"token": token_of(link), "password": "wrong horse battery"}
        assert 429 in {send(visitor, "/verify", form).status_code for _ in range(8)}
        assert post_login(visitor, email="dana@example.com").status_code == 429

    def test_logged_in_one_button_is_enough(self, visitor: TestClient, owner: Connection, link: str) -> None:
        assert post_login(visitor, email="dana@example.com").status_code == 303
        assert 'type="password"' not in visitor.get(link).text
        assert send(visitor, "/verify", {"token": token_of(link)}).status_code == 303
        assert self.served(owner)

    def test_somebody_elses_session_is_not_enough_and_ends(
        self, visitor: TestClient, owner: Connection, bob_in: Any, link: str
    ) -> None:
        visitor.cookies.set("postagent_session", bob_in.token)
        assert send(visitor, "/verify", {"token": token_of(link)}).status_code == 401
        assert not self.served(owner)
        visitor.cookies.clear()
        visitor.cookies.set("postagent_session", bob_in.token)
        answer = send(visitor, "/verify", {"token": token_of(link), "password": PASSWORD})
        assert "postagent_session=" in answer.headers["set-cookie"]
        assert bob_in.token not in answer.headers["set-cookie"], "no fixation"
        revoked = owner.execute("SELECT revoked_at FROM dashboard_sessions WHERE id = %s", (bob_in.session_id,))
        assert revoked.fetchone() != (None,)

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE mail_links SET expires_at = now()",
            "UPDATE users SET email = 'other@example.com'",
            "UPDATE mail_links SET purpose = 'reset_password'",
            "DELETE FROM users",
        ],
    )
    def test_it_opens_nothing_any_more(self, visitor: TestClient, owner: Connection, link: str, change: str) -> None:
        owner.execute(change.encode())
        assert visitor.get(link).status_code == 410
        assert send(visitor, "/verify", {"token": token_of(link), "password": PASSWORD}).status_code == 410

    @pytest.mark.parametrize("token", ["", "x", "x" * 43, "\0" * 43, "é" * 43, "'; DROP TABLE users; --", "x" * 9000])
    def test_a_made_up_one_opens_nothing(self, visitor: TestClient, token: str) -> None:
        for path in ("/verify", "/reset"):
            assert visitor.get(path, params={"token": token}).status_code == 410
            assert send(visitor, path, {"token": token, "password": PASSWORD}).status_code == 410

    def test_clicked_twice_at_once_it_works_once(self, owner: Connection, link: str) -> None:
        with ThreadPoolExecutor(6) as pool:
            done = list(pool.map(lambda _: joining.prove(token_of(link), utc_now()), range(6)))
        assert sorted(done) == [False] * 5 + [True]

    def test_another_mail_can_be_asked_for_and_ends_with_the_proof(
        self, visitor: TestClient, owner: Connection, sandbox: Server, link: str
    ) -> None:
        assert send(visitor, "/verify/again", {}).status_code == 401
        post_login(visitor, email="dana@example.com")
        assert "another mail to dana@example.com" in send(visitor, "/verify/again", {}).text
        newer = link_in(mail_to(sandbox, "dana@example.com", 2))
        assert send(visitor, "/verify", {"token": token_of(link)}).status_code == 303
        assert visitor.get(newer).status_code == 410, "the other link is used up with it"
        assert send(visitor, "/verify/again", {}).headers["location"] == "/"
        assert len(sandbox.mails("dana@example.com")) == 2

    def test_the_first_week_is_written_once_there_is_an_account(
        self, visitor: TestClient, owner: Connection, link: str, started: list[Any]
    ) -> None:
        (user_id,) = one(owner, "SELECT id FROM users")
        dana = Owner(user_id=user_id, business_id=user_id, email="dana@example.com", business_name="", plan="", zone="")
        first_week._write(user_id)
        make_account(owner, dana)
        first_week._write(user_id)
        assert started == [], "nobody is served before they proved their address"
        send(visitor, "/verify", {"token": token_of(link), "password": PASSWORD})
        errands.finish()
        assert started == [user_id]


class TestAForgottenPassword:
    @pytest.fixture
    def link(self, visitor: TestClient, bob: Owner, sandbox: Server) -> str:
        """The link that Bob was sent."""
        send(visitor, "/forgot", {"email": " BOB@example.com "})
        return link_in(mail_to(sandbox, "bob@example.com"))

    def hash_of_bob(self, owner: Connection) -> str:
        return str(one(owner, "SELECT password_hash FROM users WHERE email = 'bob@example.com'")[0])

    def test_a_scanner_that_follows_the_link_changes_nothing(
        self, visitor: TestClient, owner: Connection, link: str
    ) -> None:
        assert "bob@example.com" in visitor.get(link).text
        assert one(owner, "SELECT used_at FROM mail_links") == (None,)
        assert self.hash_of_bob(owner) == PASSWORD_HASH

    def test_it_gives_a_new_password_ends_every_session_and_tells_the_owner(
        self, visitor: TestClient, owner: Connection, bob: Owner, sandbox: Server, link: str
    ) -> None:
        for _ in range(2):
            make_login(owner, bob)
        eve = make_login(owner, make_owner(owner))
        answer = send(visitor, "/reset", {"token": token_of(link), "password": NEW_PASSWORD})
        assert (answer.status_code, answer.headers["location"]) == (303, "/login?changed=1")
        assert cookie_of(visitor) is None, "the new password is asked for"
        assert "Log in with the new one" in visitor.get("/login?changed=1").text
        assert owner.execute("SELECT user_id FROM dashboard_sessions WHERE revoked_at IS NULL").fetchall() == [
            (eve.owner.user_id,)
        ]
        assert post_login(visitor).status_code == 401
        assert post_login(visitor, password=NEW_PASSWORD).status_code == 303
        assert "was changed" in mail_to(sandbox, "bob@example.com", 2)["subject"]
        assert visitor.get(link).status_code == 410

    def test_a_password_that_is_not_good_enough_leaves_the_link_open(
        self, visitor: TestClient, owner: Connection, link: str
    ) -> None:
        answer = send(visitor, "/reset", {"token": token_of(link), "password": "short"})
        assert answer.status_code == 422
        assert "use at least 10 characters" in answer.text
        assert self.hash_of_bob(owner) == PASSWORD_HASH
        assert send(visitor, "/reset", {"token": token_of(link), "password": NEW_PASSWORD}).status_code == 303

    def test_a_newer_one_uses_the_older_up(
        self, visitor: TestClient, owner: Connection, sandbox: Server, link: str
    ) -> None:
        send(visitor, "/forgot", {"email": "bob@example.com"})
        newer = link_in(mail_to(sandbox, "bob@example.com", 2))
        assert send(visitor, "/reset", {"token": token_of(newer), "password": NEW_PASSWORD}).status_code == 303
        assert send(visitor, "/reset", {"token": token_of(link), "password": PASSWORD}).status_code == 410
        assert verify_password(self.hash_of_bob(owner), SecretStr(NEW_PASSWORD))

    def test_after_an_hour_it_is_over(self, visitor: TestClient, owner: Connection, link: str) -> None:
        life = owner.execute("SELECT expires_at - made_at FROM mail_links").fetchone()
        assert life == (timedelta(hours=1),)
        assert joining.opened(token_of(link), MailKind.RESET_PASSWORD, utc_now() + timedelta(minutes=59)) is not None
        late = utc_now() + timedelta(minutes=61)
        assert joining.opened(token_of(link), MailKind.RESET_PASSWORD, late) is None
        assert joining.change_forgotten(token_of(link), "hash", late) is None
        assert self.hash_of_bob(owner) == PASSWORD_HASH

    def test_it_proves_the_address_and_ends_a_strangers_session(
        self, visitor: TestClient, owner: Connection, sandbox: Server
    ) -> None:
        """Somebody else signed up with Dana's address; Dana takes it over."""
        send(visitor, "/signup", FORM)
        mail_to(sandbox, "dana@example.com")
        post_login(visitor, email="dana@example.com")
        assert visitor.get("/queue").status_code == 200
        joining.forget_password("dana@example.com", utc_now())
        send_waiting(settings())
        link = link_in(mail_to(sandbox, "dana@example.com", 2))
        with TestClient(visitor.app, base_url="http://localhost:8501", follow_redirects=False) as dana:
            send(dana, "/reset", {"token": token_of(link), "password": NEW_PASSWORD})
        assert visitor.get("/queue").status_code == 303, "logged out"
        assert one(owner, "SELECT is_served FROM users") == (True,)


@pytest.mark.parametrize("path", ["/signup", "/verify", "/verify/again", "/forgot", "/reset"])
@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}, {}],
    ids=str,
)
def test_no_other_site_can_send_these_forms(
    visitor: TestClient, owner: Connection, bob_in: Any, path: str, headers: dict[str, str]
) -> None:
    visitor.cookies.set("postagent_session", bob_in.token)
    answer = visitor.post(path, data=FORM, headers=headers)
    assert answer.status_code == 403
    assert one(owner, "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM mails)") == (1, 0)


@pytest.mark.parametrize("path", ["/signup", "/forgot"])
def test_nothing_leads_to_another_site(visitor: TestClient, bob_in: Any, path: str) -> None:
    answer = send(visitor, f"{path}?next=https://evil.example", FORM | {"next": "https://evil.example"})
    assert "evil.example" not in answer.text
    assert "location" not in answer.headers


def test_one_visitor_cannot_ask_for_ever(visitor: TestClient, owner: Connection) -> None:
    for number in range(joining.PER_VISITOR.free):
        joining.may_ask(f"{number}@example.com", address="203.0.113.9", now=utc_now())
    answer = send(visitor, "/signup", FORM)
    assert answer.status_code == 429
    assert one(owner, "SELECT count(*) FROM users") == (0,)


class TestTheRoleOfWhoComesFromOutside:
    """postagent_access adds an unproved trial, and nothing that would be served."""

    @pytest.fixture
    def outside(self, database_url: str) -> Iterator[Connection]:
        with connect(Role.ACCESS, autocommit=True) as connection:
            yield connection

    @pytest.mark.parametrize(
        "values",
        [
            "'trial', NULL",
            "'active', now()",
            "'active', NULL",
            "'paused', NULL",
        ],
    )
    def test_it_makes_nobody_who_is_served(self, outside: Connection, values: str) -> None:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            outside.execute(
                "INSERT INTO users (id, email, password_hash, status, unverified_since) "
                f"VALUES (gen_random_uuid(), 'x@example.com', 'h', {values})".encode()
            )

    def test_it_gives_a_proved_owner_no_further_business(self, outside: Connection, bob: Owner) -> None:
        for statement in (
            "INSERT INTO businesses (user_id, name, type) VALUES (%s, 'x', 'x')",
            "INSERT INTO user_preferences (user_id, timezone) VALUES (%s, 'UTC')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                outside.execute(statement, (bob.user_id,))

    @pytest.mark.parametrize("column", ["status", "plan_tier", "trial_ends_at", "email", "is_served"])
    def test_it_changes_nothing_else_of_a_user(self, outside: Connection, bob: Owner, column: str) -> None:
        with pytest.raises(psycopg.errors.Error):
            outside.execute(f"UPDATE users SET {column} = {column}".encode())

    @pytest.mark.parametrize("role", [Role.DASHBOARD, Role.WORKER])
    def test_no_other_role_can_prove_an_address(self, bob: Owner, role: Role) -> None:
        with connect(role, autocommit=True) as other:
            other.execute("SELECT set_config('request.jwt.claim.sub', %s, false)", (str(bob.user_id),))
            for statement in ("UPDATE users SET unverified_since = NULL", "SELECT * FROM mails", "TABLE mail_links"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    other.execute(statement.encode())
