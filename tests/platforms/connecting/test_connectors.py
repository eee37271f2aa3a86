"""The logins against answers as the platforms give them: pages of lists, closed accounts, odd shapes, lost permissions.

The whole ways through the sandbox's dialogs are in tests/dashboards/connecting.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from pydantic import SecretStr

from platforms.connecting.base import ConnectError, Findings, Obstacle, Problem, Service, dialog_problem
from platforms.connecting.instagram import SCOPES
from platforms.connecting.registry import (
    ConnectConfig,
    build_connector,
    login_of,
    missing_settings,
    platform_of,
    service_of,
)
from platforms.errors import OperatorNeeded, PlatformError, ReconnectNeeded, TryLater

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRETS = ("google-secret", "meta-secret", "instagram-secret", "THE-CODE", "THE-VERIFIER", "ya29.ACCESS", "1//REFRESH")
CONFIG = ConnectConfig(
    google_auth_url="https://auth.example",
    google_token_url="https://token.example",
    google_accounts_url="https://accounts.example",
    google_locations_url="https://locations.example",
    google_client_id="client",
    google_client_secret=SecretStr("google-secret"),
    facebook_dialog_url="https://dialog.example",
    facebook_graph_url="https://graph.example",
    meta_app_id="app",
    meta_app_secret=SecretStr("meta-secret"),
    instagram_auth_url="https://ig-auth.example",
    instagram_token_url="https://ig-token.example",
    instagram_graph_url="https://ig-graph.example",
    instagram_app_id="ig-app",
    instagram_app_secret=SecretStr("instagram-secret"),
    graph_version="v26.0",
    timeout_seconds=5.0,
)
Answers = dict[str, Any]
TOKEN = {"access_token": "ya29.ACCESS", "refresh_token": "1//REFRESH", "expires_in": 3599,
         "scope": "https://www.googleapis.com/auth/business.manage openid"}  # fmt: skip


async def find(service: Service, answers: Answers) -> Findings:
    """Come back with a code to a platform that answers `answers`, by a pattern of method and address."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked = f"{request.method} {request.url}"
        for pattern, given in answers.items():
            if re.search(pattern, asked):
                made = given(dict(parse_qsl(request.url.query.decode()))) if callable(given) else given
                status, body = made if isinstance(made, tuple) else (200, made)
                return httpx.Response(status, json=body)
        raise AssertionError(f"not expected: {asked}")

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        connector = build_connector(service, CONFIG, http)
        return await connector.find(
            "THE-CODE", redirect_uri="https://us.example/back", verifier=SecretStr("THE-VERIFIER"), now=NOW
        )


def location(number: int, **more: Any) -> dict[str, Any]:
    return {"name": f"locations/{number}", "title": f"Shop {number}", **more}


def google(accounts: Any, locations: Any, token: Any = TOKEN) -> Answers:
    return {"POST https://token": token, r"/v1/accounts\?": accounts, "/locations": locations}


class TestGoogle:
    async def test_all_pages_of_accounts_and_of_locations_are_read(self) -> None:
        def accounts(query: dict[str, str]) -> dict[str, Any]:
            assert query["pageSize"] == "20"
            first = int(query.get("pageToken", "0"))
            page = [{"name": f"accounts/{n}", "type": "LOCATION_GROUP"} for n in range(first, min(first + 20, 45))]
            return {"accounts": page} | ({"nextPageToken": str(first + 20)} if first + 20 < 45 else {})

        def locations(query: dict[str, str]) -> dict[str, Any]:
            assert query["readMask"] == "name,title,storefrontAddress,metadata"
            return {"locations": [location(1)], "nextPageToken": "x"} if "pageToken" not in query else {
                "locations": [location(2)]
            }  # fmt: skip

        found = await find(Service.GOOGLE, google(accounts, locations))
        assert [choice.account_id for choice in found.choices] == ["accounts/0/locations/1", "accounts/0/locations/2"]
        assert found.person is None

    async def test_a_location_reached_by_two_accounts_is_one_and_the_person_is_their_own_account(self) -> None:
        accounts = {
            "accounts": [{"name": "accounts/5", "type": "LOCATION_GROUP"}, {"name": "accounts/9", "type": "PERSONAL"}]
        }
        found = await find(Service.GOOGLE, google(accounts, {"locations": [location(1)]}))
        assert [choice.account_id for choice in found.choices] == ["accounts/5/locations/1"]
        assert found.person == "accounts/9"

    async def test_an_account_that_is_closed_to_us_does_not_hide_the_others(self) -> None:
        accounts = {"accounts": [{"name": "accounts/1"}, {"name": "accounts/2"}]}
        denied = (403, {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "No."}})
        answers = {
            "POST https://token": TOKEN, r"/v1/accounts\?": accounts, "/accounts/1/locations": denied,
            "/accounts/2/locations": {"locations": [location(7)]},
        }  # fmt: skip
        found = await find(Service.GOOGLE, answers)
        assert [choice.account_id for choice in found.choices] == ["accounts/2/locations/7"]
        with pytest.raises(ReconnectNeeded):
            await find(Service.GOOGLE, google({"accounts": [{"name": "accounts/1"}]}, denied))

    @pytest.mark.parametrize(
        ("address", "line"),
        [
            ({"addressLines": ["1 Main St", "Suite 4"], "locality": "Austin", "administrativeArea": "TX",
              "postalCode": "78701"}, "1 Main St, Suite 4, Austin, TX 78701"),
            ({"locality": "Austin"}, "Austin"),
            ({}, ""),
            ({"addressLines": [None, 5], "locality": 7}, ""),
        ],
    )  # fmt: skip
    async def test_an_address_is_one_line(self, address: dict[str, Any], line: str) -> None:
        locations = {"locations": [location(1, storefrontAddress=address)]}
        found = await find(Service.GOOGLE, google({"accounts": [{"name": "accounts/1"}]}, locations))
        assert found.choices[0].address == line

    @pytest.mark.parametrize(
        ("metadata", "obstacle"),
        [({"hasVoiceOfMerchant": False}, Obstacle.UNVERIFIED), ({"hasVoiceOfMerchant": True}, None),
         ({"canOperateLocalPost": False}, None), ({}, None)],
    )  # fmt: skip
    async def test_only_a_plain_no_is_an_obstacle(self, metadata: dict[str, Any], obstacle: Obstacle | None) -> None:
        locations = {"locations": [location(1, metadata=metadata)]}
        found = await find(Service.GOOGLE, google({"accounts": [{"name": "accounts/1"}]}, locations))
        assert found.choices[0].obstacle == obstacle

    @pytest.mark.parametrize(
        ("answer", "problem"),
        [
            ((400, {"error": "invalid_grant"}), Problem.LOGIN_FAILED),
            ((400, {"error": "admin_policy_enforced"}), Problem.FORBIDDEN),
            (TOKEN | {"scope": "openid"}, Problem.MISSING_PERMISSION),
        ],
    )
    async def test_what_the_owner_can_mend(self, answer: Any, problem: Problem) -> None:
        with pytest.raises(ConnectError) as error:
            await find(Service.GOOGLE, google({}, {}, answer))
        assert error.value.problem is problem

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            ((401, {"error": "invalid_client", "error_description": "google-secret THE-CODE"}), OperatorNeeded),
            ((400, {"error": "redirect_uri_mismatch"}), OperatorNeeded),
            ((503, {}), TryLater),
            ({"token_type": "Bearer"}, TryLater),
            ({"access_token": "ya29.ACCESS", "expires_in": -5}, TryLater),
            ((200, []), TryLater),
        ],
    )
    async def test_what_is_not_theirs(self, answer: Any, kind: type[PlatformError]) -> None:
        with pytest.raises(kind) as error:
            await find(Service.GOOGLE, google({}, {}, answer))
        assert not [secret for secret in SECRETS if secret in str(error.value)]

    async def test_no_account_and_no_location(self) -> None:
        for accounts in ({}, {"accounts": [{"name": "accounts/1", "type": "PERSONAL"}]}, {"accounts": "odd"}):
            with pytest.raises(ConnectError) as error:
                await find(Service.GOOGLE, google(accounts, {}))
            assert error.value.problem is Problem.NOTHING_THERE

    async def test_a_list_that_does_not_end_is_left(self) -> None:
        with pytest.raises(TryLater, match="does not end"):
            await find(Service.GOOGLE, google({"accounts": [], "nextPageToken": "again"}, {}))


PAGES = ["pages_show_list", "pages_manage_posts", "pages_read_engagement", "read_insights"]
INSTAGRAM = ["instagram_basic", "instagram_content_publish", "instagram_manage_insights", *PAGES]


def facebook(pages: Any, scopes: Any = INSTAGRAM, code: Any = None) -> Answers:
    return {
        "fb_exchange_token": {"access_token": "EAALONG", "expires_in": 5_183_944},
        "oauth/access_token": code or {"access_token": "EAASHORT", "expires_in": 5_400},
        "debug_token": {"data": {"scopes": scopes, "user_id": "10158", "is_valid": True}},
        "me/accounts": pages if isinstance(pages, tuple) else {"data": pages},
    }


class TestFacebook:
    async def test_a_page_that_cannot_be_posted_to_is_shown_as_such(self) -> None:
        pages = [
            {"id": "1", "name": "Mine", "access_token": "EAA1", "tasks": ["CREATE_CONTENT"], "category": "Plumber",
             "location": {"street": "1 Main St", "city": "Austin", "state": "TX", "zip": "78701"}},
            {"id": "2", "name": "To read", "access_token": "EAA2", "tasks": ["ANALYZE"]},
            {"id": "3", "name": "Without a token", "tasks": ["CREATE_CONTENT"]},
            {"id": "4", "access_token": "EAA4"},
            {"name": "Without an id"},
        ]  # fmt: skip
        found = await find(Service.FACEBOOK, facebook(pages))
        told = [(choice.account_id, choice.name, choice.address, choice.obstacle) for choice in found.choices]
        assert told == [
            ("1", "Mine", "1 Main St, Austin, TX 78701, Plumber", None),
            ("2", "To read", "", Obstacle.NO_ROLE),
            ("3", "Without a token", "", Obstacle.NO_ROLE),
            ("4", "4", "", None),
        ]
        assert found.person == "10158"
        assert {choice.refresh_token.get_secret_value() for choice in found.choices if choice.refresh_token} == {
            "EAALONG"
        }

    async def test_only_pages_with_a_professional_account_lead_to_instagram(self) -> None:
        linked = {"id": "17841", "username": "hill.plumbing"}
        pages = [
            {"id": "1", "name": "With", "access_token": "EAA1", "instagram_business_account": linked},
            {"id": "2", "name": "Without", "access_token": "EAA2"},
        ]
        found = await find(Service.INSTAGRAM_FACEBOOK, facebook(pages))
        told = [(choice.account_id, choice.name, choice.address) for choice in found.choices]
        assert told == [("17841", "@hill.plumbing", "Linked to the Page With")]
        assert found.choices[0].access_token.get_secret_value() == "EAA1"

    @pytest.mark.parametrize("missing", PAGES)
    async def test_every_permission_is_needed(self, missing: str) -> None:
        """One that only reads numbers too: without it reading them would look like a broken connection."""
        with pytest.raises(ConnectError) as error:
            await find(Service.FACEBOOK, facebook([], [scope for scope in PAGES if scope != missing]))
        assert (error.value.problem, error.value.missing) == (Problem.MISSING_PERMISSION, (missing,))

    @pytest.mark.parametrize(
        ("subcode", "kind"),
        [(36007, ConnectError), (36009, ConnectError), (36008, OperatorNeeded), (None, OperatorNeeded)],
    )
    async def test_what_is_wrong_with_a_code(self, subcode: int | None, kind: type[Exception]) -> None:
        refused = {"error": {"code": 100, "error_subcode": subcode, "message": "meta-secret THE-CODE"}}
        with pytest.raises(kind) as error:
            await find(Service.FACEBOOK, facebook([], code=(400, refused)))
        assert not [secret for secret in SECRETS if secret in str(error.value)]


class TestInstagram:
    def answers(self, code: Any, me: Any = None) -> Answers:
        return {
            "POST https://ig-token": code,
            "ig_exchange_token": {"access_token": "IGAALONG", "expires_in": 5_183_944},
            "/me": me
            or {"id": "9", "user_id": "17841", "username": "hill", "name": "Hill", "account_type": "BUSINESS"},
        }

    @pytest.mark.parametrize(
        "code",
        [
            {"access_token": "IGAASHORT", "user_id": 17841},
            {"data": [{"access_token": "IGAASHORT", "user_id": "17841", "permissions": ", ".join(SCOPES)}]},
            {"data": [{"access_token": "IGAASHORT", "permissions": list(SCOPES)}]},
        ],
    )  # fmt: skip
    async def test_both_documented_shapes_are_read(self, code: Any) -> None:
        found = await find(Service.INSTAGRAM, self.answers(code))
        assert [(c.account_id, c.name, c.address) for c in found.choices] == [("17841", "@hill", "Hill")]
        assert found.person == "9"

    @pytest.mark.parametrize("kind", ["BUSINESS", "MEDIA_CREATOR", "Business", None])
    async def test_professional_accounts_of_every_spelling(self, kind: str | None) -> None:
        me = {"id": "9", "user_id": "17841", "username": "hill"} | ({"account_type": kind} if kind else {})
        assert (await find(Service.INSTAGRAM, self.answers({"access_token": "IGAASHORT"}, me))).choices

    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            ((400, {"error_type": "x", "code": 400, "error_message": "instagram-secret THE-CODE"}), ConnectError),
            ((400, {"error": {"code": 190, "message": "bad"}}), ReconnectNeeded),
            ((400, {"error": {"code": 80002, "message": "slow down"}}), TryLater),
            ((429, {}), TryLater),
            ((500, {}), TryLater),
            ({"data": []}, TryLater),
        ],
    )  # fmt: skip
    async def test_what_goes_wrong_with_the_code(self, code: Any, kind: type[Exception]) -> None:
        with pytest.raises(kind) as error:
            await find(Service.INSTAGRAM, self.answers(code))
        assert not [secret for secret in SECRETS if secret in str(error.value)]

    async def test_an_answer_that_names_no_account_is_no_account(self) -> None:
        with pytest.raises(TryLater):
            await find(Service.INSTAGRAM, self.answers({"access_token": "IGAASHORT"}, {"id": "9"}))


class TestRevoking:
    async def revoke(
        self, service: Service, answer: Callable[[httpx.Request], httpx.Response], refresh: str | None
    ) -> bool:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            connector = build_connector(service, CONFIG, http)
            return await connector.revoke(SecretStr("ACCESS"), SecretStr(refresh) if refresh else None)

    async def test_a_permission_that_is_gone_already_counts_as_ended(self) -> None:
        gone = httpx.Response(400, json={"error": "invalid_token"})
        assert await self.revoke(Service.GOOGLE, lambda _: gone, "REFRESH")
        dead = httpx.Response(400, json={"error": {"code": 190, "error_subcode": 458}})
        assert await self.revoke(Service.FACEBOOK, lambda _: dead, "USER")

    async def test_what_cannot_be_revoked_is_said(self) -> None:
        def nobody(request: httpx.Request) -> httpx.Response:
            raise AssertionError(f"nobody is asked: {request.url}")

        assert not await self.revoke(Service.INSTAGRAM, nobody, None)
        assert not await self.revoke(Service.FACEBOOK, nobody, None)

    async def test_a_failure_is_a_failure(self) -> None:
        broken = httpx.Response(503, json={})
        for service in (Service.GOOGLE, Service.FACEBOOK):
            with pytest.raises(TryLater):
                await self.revoke(service, lambda _: broken, "TOKEN")


@pytest.mark.parametrize("service", list(Service))
def test_a_service_is_found_again_from_what_is_stored(service: Service) -> None:
    assert service_of(platform_of(service), login_of(service)) is service


def test_an_instagram_account_of_unknown_login_is_its_own() -> None:
    assert service_of("instagram", None) is Service.INSTAGRAM


def test_what_is_missing_is_named() -> None:
    from dataclasses import replace

    bare = replace(
        CONFIG, google_client_id=None, meta_app_secret=None, instagram_app_id=None, instagram_app_secret=None
    )
    assert {service: missing_settings(service, bare) for service in Service} == {
        Service.GOOGLE: ["GOOGLE_CLIENT_ID"],
        Service.FACEBOOK: ["META_APP_SECRET"],
        Service.INSTAGRAM: ["INSTAGRAM_APP_ID", "INSTAGRAM_APP_SECRET"],
        Service.INSTAGRAM_FACEBOOK: ["META_APP_SECRET"],
    }
    assert not any(missing_settings(service, CONFIG) for service in Service)


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"error": "access_denied"}, Problem.DENIED),
        ({"error": "x", "error_reason": "user_denied"}, Problem.DENIED),
        ({"error": "admin_policy_enforced"}, Problem.FORBIDDEN),
        ({"error": "org_internal"}, Problem.FORBIDDEN),
        ({"error": "invalid_scope"}, None),
        ({}, None),
    ],
)
def test_what_a_dialog_says(asked: dict[str, str], problem: Problem | None) -> None:
    assert dialog_problem(asked) is problem
