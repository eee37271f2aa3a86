"""Connecting, mending and disconnecting through the real routes, the real guard and the sandbox's dialogs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import psycopg
import pytest

from dashboards import connect
from models.account_tokens import open_access_token, open_refresh_token
from models.base import utc_now
from models.crypto import key_ring
from models.settings import settings
from platforms.connecting.base import Service
from tests.dashboards.conftest import MakeClient
from tests.dashboards.connecting.conftest import MakeWalk
from tests.dashboards.connecting.walk import ORIGIN, Walk
from tests.dashboards.house import PASSWORD, Login, make_login, post_login
from tests.factories import Connected, make_account, make_owner, make_post

Connection = psycopg.Connection[Any]


def rows(owner: Connection, columns: str = "account_id, account_name, status, login_provider") -> list[Any]:
    return owner.execute(f"SELECT {columns} FROM connected_accounts ORDER BY account_name, id".encode()).fetchall()


def one(owner: Connection, columns: str) -> tuple[Any, ...]:
    (row,) = rows(owner, columns)
    return tuple(row)


def tokens(owner: Connection, account_id: str) -> tuple[str, str | None]:
    """Access and refresh token of an account, opened."""
    row = owner.execute(
        "SELECT id, user_id, access_token_encrypted, refresh_token_encrypted FROM connected_accounts "
        "WHERE account_id = %s", (account_id,)
    ).fetchone()  # fmt: skip
    assert row is not None
    place = {"row_id": row[0], "user_id": row[1]}
    refresh = open_refresh_token(key_ring(), row[3], **place)
    access = open_access_token(key_ring(), row[2], **place)
    return access.get_secret_value(), refresh.get_secret_value() if refresh is not None else None


def attempts(owner: Connection) -> int:
    return len(owner.execute("SELECT 1 FROM connect_attempts").fetchall())


def told(answer: Any, title: str, *words: str, status: int = 422) -> None:
    """A page of our own that says so and leads on."""
    assert answer.status_code == status, answer.text
    assert f"<h1>{title}</h1>" in answer.text.replace("&#39;", "'")
    for word in words:
        assert word in answer.text.replace("&#39;", "'"), answer.text
    assert 'href="/accounts"' in answer.text or "/login?next=/accounts" in answer.text
    assert "POSTAGENT" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


class TestEveryLogin:
    def test_google_keeps_both_ids_and_the_refresh_token(self, owner: Connection, walk: Walk) -> None:
        place = walk.sandbox.account("google", "Bob's South", city="Austin", address="1 Main St").account_id
        answer = walk.connect("google", place)
        assert (answer.status_code, answer.headers["location"]) == (303, "/accounts?done=connected")
        assert rows(owner) == [(place, "Bob's South", "active", None)]
        access, refresh = tokens(owner, place)
        assert walk.sandbox.world.tokens[access].kind == "google_access"
        assert walk.sandbox.world.tokens[refresh or ""].kind == "google_refresh"
        assert attempts(owner) == 0

    def test_facebook_keeps_the_pages_own_token_and_the_long_lived_one_behind_it(
        self, owner: Connection, walk: Walk
    ) -> None:
        page = walk.sandbox.account("facebook", "Bob's Page").account_id
        assert walk.connect("facebook", page).status_code == 303
        assert rows(owner) == [(page, "Bob's Page", "active", None)]
        access, refresh = tokens(owner, page)
        assert walk.sandbox.world.tokens[access].kind == "page"
        assert walk.sandbox.world.tokens[access].expires is None, "made from a long-lived token"
        assert walk.sandbox.world.tokens[refresh or ""].kind == "user"
        assert one(owner, "token_expires_at > now() + interval '59 days', granted_by ~ '^10[0-9]+$'") == (True, True)

    @pytest.mark.parametrize("shape", ["data", "flat"])
    def test_instagram_by_its_own_login(self, owner: Connection, walk: Walk, shape: str) -> None:
        walk.sandbox.configure(instagram_code_shape=shape, instagram_code_permissions="list")
        account = walk.sandbox.account("instagram", "Bob").account_id
        assert walk.connect("instagram", account).status_code == 303
        assert rows(owner) == [(account, "@bob", "active", "instagram")]
        access, refresh = tokens(owner, account)
        assert (walk.sandbox.world.tokens[access].kind, refresh) == ("instagram", None)
        assert one(owner, "token_expires_at > now() + interval '59 days'") == (True,)

    def test_instagram_through_facebook(self, owner: Connection, walk: Walk) -> None:
        made = walk.sandbox.control("POST", "accounts", {"platform": "instagram", "name": "Bob", "login": "facebook"})
        path = walk.to_choice("instagram-facebook", made["linked_id"])
        assert "Linked to the Page Bob" in walk.client.get(path).text
        assert walk.pick(path, made["account_id"]).status_code == 303
        assert rows(owner) == [(made["account_id"], "@bob", "active", "facebook")]
        access, refresh = tokens(owner, made["account_id"])
        assert [walk.sandbox.world.tokens[token].kind for token in (access, refresh or "")] == ["page", "user"]

    @pytest.mark.parametrize("service", list(Service))
    def test_the_dialog_is_asked_for_what_posting_needs_and_comes_back_to_us(
        self, walk: Walk, service: Service
    ) -> None:
        asked = parse_qs(urlsplit(walk.dialog(service.value)).query)
        assert asked["redirect_uri"] == [f"{ORIGIN}/connect/{service.value}/callback"]
        assert asked["response_type"] == ["code"]
        assert len(asked["state"][0]) == 43
        scopes = asked["scope"][0].replace(" ", ",").split(",")
        if service is Service.GOOGLE:
            assert scopes == ["https://www.googleapis.com/auth/business.manage"]
            assert (asked["access_type"], asked["code_challenge_method"]) == (["offline"], ["S256"])
            assert "consent" in asked["prompt"][0].split()
        else:
            assert "code_challenge" not in asked
            assert any("publish" in scope or "manage_posts" in scope for scope in scopes)


class TestTheChoice:
    def test_the_owner_sees_names_and_addresses_and_takes_some(self, owner: Connection, walk: Walk) -> None:
        south = walk.sandbox.account("google", "Bob's", city="Austin", address="1 Main St").account_id
        north = walk.sandbox.account("google", "Bob's North", city="Round Rock", address="9 Hill Rd").account_id
        path = walk.to_choice("google", south, north)
        page = walk.client.get(path).text
        assert "1 Main St, Austin" in page
        assert "9 Hill Rd, Round Rock" in page
        assert "checked" not in page, "nothing is chosen for the owner"
        assert walk.pick(path, north).status_code == 303
        assert [row[0] for row in rows(owner)] == [north]

    def test_the_only_one_is_ticked_but_still_asked_for(self, owner: Connection, walk: Walk) -> None:
        place = walk.sandbox.account("google", "Bob's").account_id
        page = walk.client.get(walk.to_choice("google", place)).text
        assert page.count("checked") == 1
        assert rows(owner) == []

    def test_more_locations_than_fit_on_a_page_are_all_there(self, walk: Walk) -> None:
        ids = [walk.sandbox.account("google", f"Shop {number:03}").account_id for number in range(45)]
        page = walk.client.get(walk.to_choice("google", *ids)).text
        assert page.count('name="pick"') == 45, "accounts come in pages of 20"

    def test_nothing_ticked_or_something_that_was_not_listed(self, owner: Connection, walk: Walk) -> None:
        place = walk.sandbox.account("google", "Bob's").account_id
        path = walk.to_choice("google", place)
        for picks in ((), ("accounts/1/locations/2",), ("' OR 1=1",)):
            answer = walk.pick(path, *picks)
            assert (answer.status_code, "Tick at least one." in answer.text) == (422, True)
        assert rows(owner) == []
        assert walk.pick(path, place).status_code == 303, "the list is still open"

    def test_what_cannot_be_posted_to_is_shown_and_cannot_be_taken(self, owner: Connection, walk: Walk) -> None:
        closed = walk.sandbox.account("facebook", "Of others", may_post=False).account_id
        page = walk.sandbox.account("facebook", "Bob's Page").account_id
        path = walk.to_choice("facebook", closed, page)
        assert "You may not post here." in walk.client.get(path).text
        assert walk.pick(path, closed).status_code == 422
        assert rows(owner) == []
        unverified = walk.sandbox.account("google", "New", may_post=False).account_id
        assert "has not verified" in walk.client.get(walk.to_choice("google", unverified)).text

    def test_names_of_others_are_only_text(self, walk: Walk) -> None:
        place = walk.sandbox.account("google", "<script>alert(1)</script>", address='"><b>').account_id
        page = walk.client.get(walk.to_choice("google", place)).text
        assert "<script>" not in page
        assert "&lt;script&gt;" in page

    def test_a_list_is_closed_after_the_choice_after_its_time_and_for_everybody_else(
        self, owner: Connection, walk: Walk, make_walk: MakeWalk, bob_in: Login
    ) -> None:
        place = walk.sandbox.account("google", "Bob's").account_id
        eve = make_walk(make_login(owner, make_owner(owner)))
        path = walk.to_choice("google", place)
        also_bob = make_walk(make_login(owner, bob_in.owner))
        for stranger in (eve, also_bob):
            told(stranger.client.get(path), "This list is closed", status=410)
            told(stranger.pick(path, place), "This list is closed", status=410)
        assert walk.pick(path, place).status_code == 303
        told(walk.pick(path, place), "This list is closed", status=410)
        late = walk.to_choice("google", place)
        owner.execute("UPDATE connect_attempts SET expires_at = now() - interval '1 second'")
        told(walk.pick(late, place), "This list is closed", status=410)
        told(walk.client.get("/connect/choice/nonsense"), "This list is closed", status=410)


class TestWhatGoesWrongAtThePlatform:
    @pytest.mark.parametrize("service", list(Service))
    def test_denied(self, owner: Connection, walk: Walk, service: Service) -> None:
        answer = walk.come_back(walk.consent(walk.dialog(service.value), answer="deny"))
        told(answer, "Nothing was connected", "You said no at", f'action="/connect/{service.value}"')
        assert (rows(owner), attempts(owner)) == ([], 0)

    @pytest.mark.parametrize("service", list(Service))
    def test_partial_consent_names_what_is_missing(self, owner: Connection, walk: Walk, service: Service) -> None:
        platform = {"google": "google", "facebook": "facebook", "instagram": "instagram"}.get(service.value, "facebook")
        account = walk.sandbox.account(platform, "Bob").account_id
        some = {
            Service.GOOGLE: "openid",
            Service.FACEBOOK: "pages_show_list",
            Service.INSTAGRAM: "instagram_business_basic",
            Service.INSTAGRAM_FACEBOOK: "instagram_basic",
        }
        answer = walk.come_back(walk.consent(walk.dialog(service.value), account, scope=[some[service]]))
        told(answer, "A permission is missing", "publish" if service is not Service.GOOGLE else "manage your Business")
        assert (rows(owner), attempts(owner)) == ([], 0)

    def test_nothing_shared(self, walk: Walk) -> None:
        titles = {"google": "No Business Profile found", "facebook": "No Page was shared with us"}
        for service, title in titles.items():
            told(walk.come_back(walk.consent(walk.dialog(service))), title)
        page = walk.sandbox.account("facebook", "A Page without Instagram").account_id
        answer = walk.come_back(walk.consent(walk.dialog("instagram-facebook"), page))
        told(answer, "No Instagram account found", "its own login")

    def test_a_personal_instagram_account(self, owner: Connection, walk: Walk) -> None:
        account = walk.sandbox.account("instagram", "Bob in private", kind="PERSONAL").account_id
        answer = walk.come_back(walk.consent(walk.dialog("instagram"), account))
        told(answer, "This is a personal account", "switch to a professional account")
        linked = walk.sandbox.control(
            "POST", "accounts", {"platform": "instagram", "name": "B", "login": "facebook", "kind": "PERSONAL"}
        )
        answer = walk.come_back(walk.consent(walk.dialog("instagram-facebook"), linked["linked_id"]))
        told(answer, "No Instagram account found")
        assert rows(owner) == []

    def test_a_code_that_was_used_or_is_made_up(self, owner: Connection, walk: Walk) -> None:
        place = walk.sandbox.account("google", "Bob's").account_id
        back = walk.consent(walk.dialog("google"), place)
        assert walk.come_back(back).status_code == 303
        used = parse_qs(urlsplit(back).query)["code"][0]
        for service in Service:
            state = parse_qs(urlsplit(walk.dialog(service.value)).query)["state"][0]
            answer = walk.come_back(f"/connect/{service.value}/callback?state={state}&code={used}")
            told(answer, "The login was not completed")
        assert rows(owner) == []

    def test_a_code_that_another_way_brought_does_not_pass_for_ours(self, owner: Connection, walk: Walk) -> None:
        """PKCE: a code of another attempt is refused by Google itself, although state and session are right."""
        place = walk.sandbox.account("google", "Bob's").account_id
        code = parse_qs(urlsplit(walk.consent(walk.dialog("google"), place)).query)["code"][0]
        state = parse_qs(urlsplit(walk.dialog("google")).query)["state"][0]
        told(walk.come_back(f"/connect/google/callback?state={state}&code={code}"), "The login was not completed")
        assert rows(owner) == []

    @pytest.mark.parametrize(
        ("service", "kind"),
        [
            ("google", "5xx"),
            ("google", "hang_before"),
            ("google", "drop_before"),
            ("google", "malformed_json"),
            ("facebook", "hang_before"),
            ("facebook", "5xx"),
            ("instagram", "429"),
            ("instagram", "accept_then_500"),
        ],
    )
    def test_a_platform_that_fails_at_the_exchange_changes_nothing(
        self, owner: Connection, walk: Walk, service: str, kind: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        account = walk.sandbox.account(service, "Bob").account_id
        monkeypatch.setenv("POSTAGENT_PUBLISH_TIMEOUT_SECONDS", "0.3")
        settings.cache_clear()
        back = walk.consent(walk.dialog(service), account)
        walk.sandbox.fault(service=service, operation="token", kind=kind, seconds=5, times=2)
        name = service.capitalize()
        told(walk.come_back(back), f"{name} does not answer", "Try again", status=503)
        assert (rows(owner), attempts(owner)) == ([], 0)
        walk.sandbox.control("DELETE", "faults")
        assert walk.connect(service, account).status_code == 303, "and the next try works"

    @pytest.mark.parametrize(
        ("service", "operation"), [("google", "accounts"), ("google", "locations"), ("facebook", "accounts")]
    )
    def test_a_platform_that_fails_at_the_list(
        self, owner: Connection, walk: Walk, service: str, operation: str
    ) -> None:
        account = walk.sandbox.account(service, "Bob").account_id
        back = walk.consent(walk.dialog(service), account)
        walk.sandbox.fault(service=service, operation=operation, kind="5xx", status=503)
        told(walk.come_back(back), f"{service.capitalize()} does not answer", status=503)
        assert rows(owner) == []

    def test_a_dialog_that_comes_back_with_something_else(self, walk: Walk, caplog: pytest.LogCaptureFixture) -> None:
        state = parse_qs(urlsplit(walk.dialog("google")).query)["state"][0]
        answer = walk.come_back(f"/connect/google/callback?state={state}&error=invalid_scope")
        told(answer, "Google does not let us in", status=502)
        assert "invalid_scope" in caplog.text

    def test_an_administrator_who_forbids_it(self, walk: Walk) -> None:
        state = parse_qs(urlsplit(walk.dialog("google")).query)["state"][0]
        answer = walk.come_back(f"/connect/google/callback?state={state}&error=admin_policy_enforced")
        told(answer, "Your organization does not allow it")

    @pytest.mark.parametrize("service", ["google", "facebook"])
    def test_our_own_wrong_secret_is_the_operators_matter(
        self, walk: Walk, service: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        account = walk.sandbox.account(service, "Bob").account_id
        back = walk.consent(walk.dialog(service), account)
        walk.sandbox.configure(google_client_secret="another")
        walk.sandbox.fault(service="facebook", operation="debug_token", kind="error_code", code=190, subcode=None)
        told(walk.come_back(back), f"{service.capitalize()} does not let us in", status=502)
        assert "was not connected" in caplog.text

    def test_no_code_token_or_state_reaches_a_log(
        self, walk: Walk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        caplog.set_level(0)
        account = walk.sandbox.account("facebook", "Bob").account_id
        for kind in ("5xx", "drop_before", "error_code", ""):
            back = walk.consent(walk.dialog("facebook"), account)
            if kind:
                walk.sandbox.fault(service="facebook", operation="token", kind=kind, code=190)
            shown = walk.come_back(back).text
            query = parse_qs(urlsplit(back).query)
            ours = "".join(r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "httpcore")))
            for secret in (query["code"][0], query["state"][0], *walk.sandbox.world.tokens):
                assert secret not in ours
                assert secret not in shown


class TestTheState:
    def callback(self, walk: Walk, service: str = "google") -> str:
        place = walk.sandbox.account("google", "Bob's").account_id
        return walk.consent(walk.dialog(service), place)

    def test_it_works_once(self, owner: Connection, walk: Walk) -> None:
        back = self.callback(walk)
        assert walk.come_back(back).status_code == 303
        told(walk.come_back(back), "This was done already", status=409)
        assert walk.sandbox.calls("google", "token") == 1, "a replayed state is not even asked for at the platform"

    def test_two_at_once_have_one_winner(self, walk: Walk) -> None:
        back, gate = self.callback(walk), Barrier(2)

        def come(_: int) -> int:
            gate.wait()
            return int(walk.come_back(back).status_code)

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(come, range(2))) == [303, 409]

    def test_it_works_only_in_the_session_that_began(
        self, owner: Connection, walk: Walk, make_walk: MakeWalk, bob_in: Login
    ) -> None:
        """An attacker's own state (their account would land in the victim's dashboard), or a victim's, stolen."""
        back = self.callback(walk)
        eve = make_walk(make_login(owner, make_owner(owner)))
        bob_elsewhere = make_walk(make_login(owner, bob_in.owner))
        for other in (eve, bob_elsewhere):
            told(other.come_back(back), "This did not start here", status=403)
        assert walk.sandbox.calls("google", "token") == 0
        assert walk.come_back(back).status_code == 303, "and it is not used up by them"

    def test_it_works_for_its_own_service_only(self, walk: Walk) -> None:
        back = self.callback(walk)
        told(walk.come_back(back.replace("/google/", "/facebook/")), "This did not start here", status=403)

    def test_it_works_for_ten_minutes(self, owner: Connection, walk: Walk) -> None:
        back = self.callback(walk)
        (life,) = owner.execute("SELECT expires_at - started_at FROM connect_attempts").fetchall()[0]
        assert life == timedelta(minutes=10)
        owner.execute("UPDATE connect_attempts SET expires_at = now() - interval '1 second'")
        told(walk.come_back(back), "That took too long", status=410)

    @pytest.mark.parametrize("state", ["", "nonsense", "x" * 3000, "%00"])
    def test_a_made_up_one_is_refused(self, walk: Walk, state: str) -> None:
        for rest in ("code=x", "error=access_denied"):
            answer = walk.come_back(f"/connect/google/callback?state={state}&{rest}")
            told(answer, "This did not start here", status=403)

    def test_the_database_holds_neither_state_nor_token(self, owner: Connection, walk: Walk) -> None:
        place = walk.sandbox.account("google", "Bob's").account_id
        address = walk.dialog("google")
        walk.come_back(walk.consent(address, place))
        kept = str(owner.execute("SELECT to_jsonb(c) FROM connect_attempts c").fetchall())
        assert parse_qs(urlsplit(address).query)["state"][0] not in kept
        assert not [token for token in walk.sandbox.world.tokens if token in kept]
        assert place not in kept, "the list is sealed as a whole"

    def test_who_was_logged_out_on_the_way_is_told_so_and_the_code_goes_nowhere(
        self, owner: Connection, walk: Walk
    ) -> None:
        back = self.callback(walk)
        owner.execute("UPDATE dashboard_sessions SET revoked_at = now()")
        answer = walk.come_back(back)
        told(answer, "You were logged out here", 'href="/login?next=/accounts"', status=401)
        assert "code=" not in answer.text

    def test_logging_in_anew_does_not_take_over_what_was_begun_before(
        self, owner: Connection, walk: Walk, make_client: MakeClient
    ) -> None:
        """No fixation: the state hangs on the session, not on the browser or the owner."""
        back = self.callback(walk)
        assert post_login(walk.client, "bob@example.com", PASSWORD).status_code == 303
        assert walk.come_back(back).status_code in (401, 403)
        assert rows(owner) == []


class TestWhoMayPress:
    @pytest.mark.parametrize("path", ["/connect/google", "/connect/again/{id}", "/connect/end/{id}"])
    def test_another_site_cannot_press_a_button(self, owner: Connection, walk: Walk, bob_in: Login, path: str) -> None:
        account = make_account(owner, bob_in.owner)
        for headers in (
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {},
            {"origin": ORIGIN, "sec-fetch-site": "cross-site"},
        ):
            answer = walk.client.post(path.format(id=account.id), headers=headers)
            assert answer.status_code == 403, headers
        assert walk.client.get(path.format(id=account.id)).status_code in (200, 405)
        assert (attempts(owner), one(owner, "status")) == (0, ("active",))

    def test_nobody_without_a_login(self, client: Any, owner: Connection) -> None:
        for path in ("/connect/google", f"/connect/again/{uuid4()}", f"/connect/end/{uuid4()}"):
            assert client.post(path, headers={"origin": ORIGIN}).status_code == 401
        assert client.get(f"/connect/choice/{uuid4()}").status_code == 303
        assert attempts(owner) == 0

    def test_anothers_account_is_not_there(self, owner: Connection, walk: Walk) -> None:
        eves = make_account(owner, make_owner(owner))
        before = owner.execute("SELECT to_jsonb(a) FROM connected_accounts a").fetchall()
        for answer in (
            walk.post(f"/connect/again/{eves.id}"),
            walk.post(f"/connect/end/{eves.id}"),
            walk.client.get(f"/connect/end/{eves.id}"),
            walk.post("/connect/again/nonsense"),
            walk.post("/connect/tiktok"),
        ):
            told(answer, "There is no such account", status=404)
        assert owner.execute("SELECT to_jsonb(a) FROM connected_accounts a").fetchall() == before

    def test_a_canceled_owner_connects_nothing_but_may_take_access_back(
        self, owner: Connection, walk: Walk, bob_in: Login
    ) -> None:
        account = make_account(owner, bob_in.owner)
        owner.execute("UPDATE users SET status = 'canceled'")
        told(walk.post("/connect/google"), "Your plan is canceled", status=403)
        assert walk.post(f"/connect/end/{account.id}").status_code == 303

    @pytest.mark.parametrize("service", list(Service))
    def test_what_is_not_set_up_is_the_operators_matter(
        self, owner: Connection, walk: Walk, service: Service, monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:  # fmt: skip
        for name in ("GOOGLE_CLIENT_SECRET", "META_APP_ID", "INSTAGRAM_APP_SECRET"):
            monkeypatch.delenv(f"POSTAGENT_{name}")
        settings.cache_clear()
        answer = walk.post(f"/connect/{service.value}")
        assert answer.status_code == 503
        assert "cannot be connected yet" in answer.text
        assert "POSTAGENT" not in answer.text
        assert "set POSTAGENT_" in caplog.text

    def test_without_encryption_keys_nothing_begins(
        self, owner: Connection, walk: Walk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("POSTAGENT_ENCRYPTION_KEYS", "nonsense")
        settings.cache_clear()
        answer = walk.post("/connect/google")
        assert (answer.status_code, attempts(owner)) == (503, 0)
        assert "nonsense" not in answer.text


class TestThePlan:
    def test_the_list_says_how_much_room_there_is_and_takes_no_more(
        self, owner: Connection, walk: Walk, bob_in: Login
    ) -> None:
        make_account(owner, bob_in.owner, "google")
        ids = [walk.sandbox.account("google", f"Shop {number}").account_id for number in range(3)]
        path = walk.to_choice("google", *ids)
        assert "Your plan has room for 2 more." in walk.client.get(path).text
        answer = walk.pick(path, *ids)
        assert (answer.status_code, "more than your plan holds" in answer.text) == (422, True)
        assert answer.text.count("checked") == 3, "what was ticked stays ticked"
        assert len(rows(owner)) == 1
        assert walk.pick(path, *ids[:2]).status_code == 303
        assert len(rows(owner)) == 3

    def test_a_full_plan_says_so_before_anything_is_ticked(self, owner: Connection, walk: Walk, bob_in: Login) -> None:
        for _ in range(3):
            make_account(owner, bob_in.owner, "google")
        place = walk.sandbox.account("google", "A fourth").account_id
        page = walk.client.get(walk.to_choice("google", place)).text
        assert "all of it is used" in page
        assert "<button" not in page

    def test_what_is_connected_already_takes_no_room(self, owner: Connection, walk: Walk, bob_in: Login) -> None:
        place = walk.sandbox.account("google", "Bob's").account_id
        make_account(owner, bob_in.owner, "google", account_id=place)
        for _ in range(2):
            make_account(owner, bob_in.owner, "google")
        page = walk.client.get(path := walk.to_choice("google", place)).text
        assert "Connected already" in page
        assert walk.pick(path, place).status_code == 303
        assert len(rows(owner)) == 3

    def test_two_tabs_at_once_do_not_go_over_it(
        self, owner: Connection, walk: Walk, make_walk: MakeWalk, bob_in: Login
    ) -> None:
        owner.execute("UPDATE users SET plan_tier = 'starter'")
        ids = [walk.sandbox.account("google", f"Shop {number}").account_id for number in range(4)]
        tabs = [(walk.to_choice("google", place, person=place), place) for place in ids]
        gate = Barrier(len(tabs))

        def press(tab: tuple[str, str]) -> int:
            walker = make_walk(bob_in)
            gate.wait()
            return int(walker.pick(*tab).status_code)

        with ThreadPoolExecutor(len(tabs)) as pool:
            answers = sorted(pool.map(press, tabs))
        assert answers.count(303) == 1, answers
        assert set(answers) <= {303, 409, 422}
        assert len(rows(owner)) == 1


class TestOnePlaceOneOwner:
    @pytest.mark.parametrize("service", ["google", "facebook", "instagram"])
    def test_what_another_owner_has_is_refused_and_nothing_of_theirs_is_touched(
        self, owner: Connection, walk: Walk, service: str
    ) -> None:
        eve = make_owner(owner)
        account = walk.sandbox.account(service, "Contested").account_id
        held = account.replace("accounts/1", "accounts/2") if service == "google" else account
        make_account(owner, eve, service, account_id=held, access_token="EVES", status="revoked")
        before = owner.execute("SELECT to_jsonb(a) FROM connected_accounts a").fetchall()
        answer = walk.connect(service, account)
        told(answer, "Nothing was connected", "is connected in another PostAgentPro account already.", status=409)
        assert eve.email not in answer.text
        assert owner.execute("SELECT to_jsonb(a) FROM connected_accounts a").fetchall() == before

    def test_the_others_of_the_list_are_connected(self, owner: Connection, walk: Walk) -> None:
        eve = make_owner(owner)
        held, free = (walk.sandbox.account("facebook", name).account_id for name in ("Held", "Free"))
        make_account(owner, eve, "facebook", account_id=held)
        answer = walk.connect("facebook", held, free)
        told(answer, "Not everything is connected", "Held is connected in another", "Connected: Free.", status=409)
        assert [row[0] for row in rows(owner) if row[0] == free] == [free]

    def test_two_owners_at_once_have_one_winner(
        self, owner: Connection, walk: Walk, make_walk: MakeWalk, bob_in: Login
    ) -> None:
        place = walk.sandbox.account("google", "Contested").account_id
        walkers = [walk, *(make_walk(make_login(owner, make_owner(owner))) for _ in range(3))]
        paths = [walker.to_choice("google", place) for walker in walkers]
        gate = Barrier(len(walkers))

        def press(number: int) -> int:
            gate.wait()
            return int(walkers[number].pick(paths[number], place).status_code)

        with ThreadPoolExecutor(len(walkers)) as pool:
            answers = sorted(pool.map(press, range(len(walkers))))
        assert answers == [303, 409, 409, 409]
        assert len(rows(owner)) == 1

    def test_a_place_that_was_disconnected_is_free_for_another(
        self, owner: Connection, walk: Walk, make_walk: MakeWalk, bob_in: Login
    ) -> None:
        page = walk.sandbox.account("facebook", "Sold business").account_id
        walk.connect("facebook", page)
        (account_id,) = one(owner, "id")
        walk.post(f"/connect/end/{account_id}")
        eve = make_walk(make_login(owner, make_owner(owner)))
        assert eve.connect("facebook", page).status_code == 303
        answer = walk.come_back(walk.consent(walk.dialog(again=account_id), page))
        told(answer, "Nothing was connected", "another PostAgentPro account", status=409)


class TestMending:
    def broken(
        self, owner: Connection, walk: Walk, bob_in: Login, service: str = "facebook", **more: Any
    ) -> tuple[Any, str]:
        account_id = walk.sandbox.account(service, "Bob's").account_id
        account = make_account(
            owner, bob_in.owner, service, account_id=account_id, account_name="Bob's", status="revoked",
            status_reason="The password was changed.", access_token="OLD", **more,
        )  # fmt: skip
        return account, account_id

    def test_one_button_mends_it_and_id_history_and_queue_stay(
        self, owner: Connection, walk: Walk, bob_in: Login
    ) -> None:
        account, page = self.broken(owner, walk, bob_in)
        live = make_post(owner, bob_in.owner, account, status="published")
        waiting = make_post(
            owner, bob_in.owner, account, status="approved", scheduled_for=utc_now() - timedelta(hours=1)
        )
        owner.execute(
            "UPDATE connected_accounts SET refresh_after = now(), refreshing_until = now() + interval '1 min'"
        )
        other = walk.sandbox.account("facebook", "Never asked for").account_id
        with owner.cursor() as cursor:
            cursor.execute("LISTEN postagent_due")
        answer = walk.come_back(walk.consent(walk.dialog(again=account.id), page, other))
        assert (answer.status_code, answer.headers["location"]) == (303, "/accounts?done=again")
        assert one(owner, "id, status, status_reason, refresh_after, refreshing_until, disconnected_at") == (
            account.id, "active", None, None, None, None,
        )  # fmt: skip
        assert tokens(owner, page)[0] != "OLD"
        assert [row[0] for row in owner.execute("SELECT id FROM post_queue ORDER BY status DESC").fetchall()] == [
            live, waiting,
        ]  # fmt: skip
        assert list(owner.notifies(timeout=5, stop_after=1)), "windows that sleep are woken"
        assert attempts(owner) == 0

    def test_another_account_is_never_taken_for_it(self, owner: Connection, walk: Walk, bob_in: Login) -> None:
        account, _ = self.broken(owner, walk, bob_in)
        other = walk.sandbox.account("facebook", "Another Page").account_id
        answer = walk.come_back(walk.consent(walk.dialog(again=account.id), other))
        told(
            answer, "Another account came back", "access to Another Page, but not to Bob's",
            f'action="/connect/again/{account.id}"',
        )  # fmt: skip
        assert rows(owner, "account_name, status") == [("Bob's", "revoked")]

    def test_other_broken_ones_of_the_same_login_are_mended_too_but_none_that_was_disconnected(
        self, owner: Connection, walk: Walk, bob_in: Login
    ) -> None:
        account, page = self.broken(owner, walk, bob_in)
        north = walk.sandbox.account("facebook", "North").account_id
        gone = walk.sandbox.account("facebook", "Gone").account_id
        make_account(owner, bob_in.owner, account_id=north, account_name="North", status="expired")
        make_account(owner, bob_in.owner, account_id=gone, account_name="Gone")
        owner.execute(
            "UPDATE connected_accounts SET status = 'revoked', access_token_encrypted = '', disconnected_at = now() "
            "WHERE account_name = 'Gone'"
        )
        assert walk.come_back(walk.consent(walk.dialog(again=account.id), page, north, gone)).status_code == 303
        assert rows(owner, "account_name, status") == [("Bob's", "active"), ("Gone", "revoked"), ("North", "active")]

    def test_a_login_that_brings_no_refresh_token_leaves_the_one_that_is_there(
        self, owner: Connection, walk: Walk, bob_in: Login, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Google sends one only at a consent; what breaks most often in every competitor is that it is wiped."""
        account, place = self.broken(owner, walk, bob_in, "google", refresh_token="KEPT")
        address = walk.dialog(again=account.id).replace("access_type=offline", "access_type=online")
        assert walk.come_back(walk.consent(address, place)).status_code == 303
        access, refresh = tokens(owner, place)
        assert (access != "OLD", refresh) == (True, "KEPT")

    def test_a_new_account_without_a_refresh_token_is_not_taken(self, owner: Connection, walk: Walk) -> None:
        place = walk.sandbox.account("google", "Bob's").account_id
        address = walk.dialog("google").replace("access_type=offline", "access_type=online")
        path = walk.come_back(walk.consent(address, place)).headers["location"]
        told(walk.pick(path, place), "The access would end within the hour", "myaccount.google.com")
        assert rows(owner) == []

    def test_a_location_reached_by_another_google_account_is_the_same_place(
        self, owner: Connection, walk: Walk, bob_in: Login
    ) -> None:
        place = walk.sandbox.account("google", "Bob's").account_id
        location = place[place.index("locations/") :]
        account = make_account(owner, bob_in.owner, "google", account_id=f"accounts/77/{location}", status="revoked")
        assert walk.come_back(walk.consent(walk.dialog(again=account.id), place)).status_code == 303
        assert one(owner, "id, account_id, status") == (account.id, place, "active")

    def test_instagram_may_change_its_login_and_the_old_one_leaves_nothing(
        self, owner: Connection, walk: Walk, bob_in: Login
    ) -> None:
        account, page = self.broken(
            owner, walk, bob_in, "instagram", login_provider="facebook", refresh_token="OF FACEBOOK"
        )
        assert walk.connect("instagram", page).status_code == 303
        assert one(owner, "id, login_provider, status") == (account.id, "instagram", "active")
        assert tokens(owner, page)[1] is None

    @pytest.mark.parametrize(
        ("service", "login"),
        [
            ("google", None),
            ("facebook", None),
            ("instagram", "instagram"),
            ("instagram", None),
            ("instagram", "facebook"),
        ],
    )
    def test_the_button_knows_which_login_it_was(
        self, owner: Connection, walk: Walk, bob_in: Login, service: str, login: str | None
    ) -> None:
        account = make_account(owner, bob_in.owner, service, login_provider=login, status="revoked")
        asked = parse_qs(urlsplit(walk.dialog(again=account.id)).query)
        wanted = "instagram-facebook" if login == "facebook" else service
        assert asked["redirect_uri"] == [f"{ORIGIN}/connect/{wanted}/callback"]


class TestDisconnecting:
    def connected(
        self, owner: Connection, walk: Walk, service: str = "facebook", name: str = "Bob's"
    ) -> tuple[UUID, str]:
        account_id = walk.sandbox.account(service, name).account_id
        assert walk.connect(service, account_id, person="bob").status_code == 303
        row = owner.execute("SELECT id FROM connected_accounts WHERE account_id = %s", (account_id,)).fetchone()
        assert row is not None
        return row[0], account_id

    def alive(self, walk: Walk, account_id: str) -> list[str]:
        """Tokens of the platform that a person gave us and that still work."""
        tokens = walk.sandbox.world.tokens.values()
        return [t.kind for t in tokens if account_id in t.account_ids and t.person and not t.dead and t.kind != "code"]

    def test_the_owner_is_asked_first(self, owner: Connection, walk: Walk, bob_in: Login) -> None:
        account = make_account(owner, bob_in.owner, account_name="Bob's <Page>")
        for _ in range(2):
            make_post(owner, bob_in.owner, account)
        page = walk.client.get(f"/connect/end/{account.id}").text.replace("&#39;", "'")
        assert "Disconnect Bob's &lt;Page&gt;?" in page
        assert "2 posts in your queue wait for it" in page
        assert 'href="/accounts">Keep it' in page
        assert one(owner, "status") == ("active",)

    @pytest.mark.parametrize("service", ["google", "facebook"])
    def test_access_ends_at_the_platform_and_here_and_posts_wait(
        self, owner: Connection, walk: Walk, bob_in: Login, service: str
    ) -> None:
        row_id, account_id = self.connected(owner, walk, service)
        account = Connected(
            id=row_id, user_id=bob_in.owner.user_id, platform=service, account_id=account_id, account_name="Bob's"
        )
        an_hour_ago = utc_now() - timedelta(hours=1)
        post = make_post(owner, bob_in.owner, account, status="approved", scheduled_for=an_hour_ago)
        assert self.alive(walk, account_id)
        answer = walk.post(f"/connect/end/{row_id}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/accounts?done=ended&at={service}")
        assert self.alive(walk, account_id) == []
        assert one(
            owner, "access_token_encrypted, refresh_token_encrypted, token_expires_at, status, disconnected_at <= now()"
        ) == ("", None, None, "revoked", True)
        assert "You disconnected it" in one(owner, "status_reason")[0]
        assert owner.execute("SELECT id, status FROM post_queue").fetchall() == [(post, "approved")]

        answer = walk.come_back(walk.consent(walk.dialog(again=row_id), account_id))
        assert answer.headers["location"] == "/accounts?done=again"
        assert one(owner, "id, status, status_reason, disconnected_at") == (row_id, "active", None, None)
        assert owner.execute("SELECT account_id FROM post_queue").fetchall() == [(row_id,)]

    def test_connecting_the_place_as_if_it_were_new_finds_the_old_row(
        self, owner: Connection, walk: Walk, bob_in: Login
    ) -> None:
        row_id, page = self.connected(owner, walk)
        walk.post(f"/connect/end/{row_id}")
        assert walk.connect("facebook", page).status_code == 303
        assert one(owner, "id, status") == (row_id, "active")

    def test_a_disconnected_account_takes_no_room_and_comes_back_only_into_room(
        self, owner: Connection, walk: Walk, bob_in: Login
    ) -> None:
        owner.execute("UPDATE users SET plan_tier = 'starter'")
        row_id, page = self.connected(owner, walk)
        walk.post(f"/connect/end/{row_id}")
        self.connected(owner, walk, name="The new Page")
        answer = walk.come_back(walk.consent(walk.dialog(again=row_id), page))
        told(answer, "Nothing was connected", "your plan has no room", status=409)

    @pytest.mark.parametrize("service", ["google", "facebook"])
    def test_a_permission_on_which_another_account_lives_is_left_alone(
        self, owner: Connection, walk: Walk, bob_in: Login, service: str
    ) -> None:
        south, north = (walk.sandbox.account(service, name).account_id for name in ("South", "North"))
        walk.connect(service, south, north)
        ids = dict(owner.execute("SELECT account_id, id FROM connected_accounts").fetchall())
        answer = walk.post(f"/connect/end/{ids[south]}")
        assert answer.headers["location"] == f"/accounts?done=ended-shared&at={service}"
        assert self.alive(walk, north)
        assert walk.post(f"/connect/end/{ids[north]}").headers["location"] == f"/accounts?done=ended&at={service}"
        assert self.alive(walk, north) == []

    def test_instagram_itself_has_no_way_to_revoke_and_the_owner_is_told(self, owner: Connection, walk: Walk) -> None:
        row_id, _ = self.connected(owner, walk, "instagram")
        answer = walk.post(f"/connect/end/{row_id}")
        assert answer.headers["location"] == "/accounts?done=ended-not-there&at=instagram"
        assert one(owner, "access_token_encrypted") == ("",)

    @pytest.mark.parametrize("kind", ["5xx", "drop_before", "hang_before"])
    def test_a_platform_that_does_not_answer_keeps_nobody_from_disconnecting(
        self, owner: Connection, walk: Walk, kind: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row_id, _ = self.connected(owner, walk)
        monkeypatch.setattr(connect, "LONGEST_SECONDS", 0.5)
        walk.sandbox.fault(service="facebook", operation="revoke", kind=kind, seconds=5, times=2)
        answer = walk.post(f"/connect/end/{row_id}")
        assert answer.headers["location"] == "/accounts?done=ended-not-there&at=facebook"
        assert one(owner, "access_token_encrypted") == ("",)

    def test_a_token_that_does_not_open_is_gone_all_the_same(self, owner: Connection, walk: Walk) -> None:
        row_id, _ = self.connected(owner, walk)
        owner.execute("UPDATE connected_accounts SET access_token_encrypted = 'not an envelope'")
        answer = walk.post(f"/connect/end/{row_id}")
        assert answer.headers["location"] == "/accounts?done=ended-not-there&at=facebook"
        assert one(owner, "access_token_encrypted, status") == ("", "revoked")

    def test_twice_is_once(self, owner: Connection, walk: Walk) -> None:
        row_id, _ = self.connected(owner, walk)
        assert walk.post(f"/connect/end/{row_id}").status_code == 303
        told(walk.post(f"/connect/end/{row_id}"), "There is no such account", status=404)
        assert walk.sandbox.calls("facebook", "revoke") == 1
