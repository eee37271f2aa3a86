"""The three consent dialogs, from the question to a token that works."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.platforms.sandbox.conftest import Bench

BACK = "https://us.example/oauth/callback?x=1"
PATHS = {
    "google": "/google/auth/o/oauth2/v2/auth",
    "facebook": "/facebook/dialog/v26.0/dialog/oauth",
    "instagram": "/instagram/auth/oauth/authorize",
}


async def answer(bench: Bench, platform: str, form: dict[str, Any], **asked: str) -> dict[str, str]:
    """Open the dialog, answer it as its form would, and give what comes back to the product."""
    query = {"client_id": "app", "redirect_uri": BACK, "response_type": "code", "state": "s/1", **asked}
    shown = await bench.client.get(PATHS[platform], params=query)
    assert shown.status_code == 200
    scopes = re.findall(r'name="scope" value="([^"]+)"', shown.text)
    sent = {"answer": "allow", "scope": scopes, **form}
    gone = await bench.client.post(PATHS[platform], params=query, data=sent)
    assert gone.status_code == 303
    address = urlsplit(gone.headers["location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == "https://us.example/oauth/callback"
    told = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert told.pop("x") == "1"
    assert told["state"] == "s/1"
    if platform == "instagram" and "code" in told:
        assert address.fragment == "_"
    return told


@pytest.mark.parametrize("platform", list(PATHS))
async def test_deny_comes_back_as_access_denied(bench: Bench, platform: str) -> None:
    told = await answer(bench, platform, {"answer": "deny"})
    assert told["error"] == "access_denied"
    assert "code" not in told


async def test_google_gives_a_refresh_token_for_offline_access_with_proof_of_the_verifier(bench: Bench) -> None:
    one, two = await bench.account("google", "One"), await bench.account("google", "Two")
    verifier = "v" * 60
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    told = await answer(
        bench, "google", {"account": [one["account_id"], two["account_id"]]}, access_type="offline", prompt="consent",
        code_challenge=challenge, code_challenge_method="S256",
    )  # fmt: skip
    exchange = {"grant_type": "authorization_code", "code": told["code"], "client_id": "app", "client_secret": "s",
                "redirect_uri": BACK, "code_verifier": "wrong"}  # fmt: skip
    wrong = await bench.client.post("/google/token/token", data=exchange)
    assert wrong.json()["error"] == "invalid_grant"
    tokens = (await bench.client.post("/google/token/token", data={**exchange, "code_verifier": verifier})).json()
    assert tokens["refresh_token"]
    found = await bench.google("GET", "locations/v1/accounts/-/locations", tokens, params={"readMask": "name,title"})
    assert {item["title"] for item in found.json()["locations"]} == {"One", "Two"}
    used = await bench.client.post("/google/token/token", data={**exchange, "code_verifier": verifier})
    assert used.json()["error"] == "invalid_grant"


async def test_google_without_offline_access_gives_no_refresh_token(bench: Bench) -> None:
    place = await bench.account("google")
    told = await answer(bench, "google", {"account": [place["account_id"]]})
    exchange = {"grant_type": "authorization_code", "code": told["code"], "client_id": "app", "redirect_uri": BACK}
    assert "refresh_token" not in (await bench.client.post("/google/token/token", data=exchange)).json()


async def test_facebook_shares_the_chosen_pages_only_and_their_instagram_accounts(bench: Bench) -> None:
    page, other = await bench.account("facebook", "Bob"), await bench.account("facebook", "Other")
    linked = await bench.account("instagram", "Bob", login="facebook")
    told = await answer(bench, "facebook", {"account": [page["account_id"]]})
    graph = "/facebook/graph/v26.0"
    asked = {"client_id": "app", "client_secret": "s", "redirect_uri": BACK, "code": told["code"]}
    moved = await bench.client.get(f"{graph}/oauth/access_token", params={**asked, "redirect_uri": "https://x.example"})
    assert moved.json()["error"]["error_subcode"] == 36008
    user = (await bench.client.get(f"{graph}/oauth/access_token", params=asked)).json()["access_token"]
    asked = {"grant_type": "fb_exchange_token", "client_id": "app", "client_secret": "s", "fb_exchange_token": user}
    longer = (await bench.client.get(f"{graph}/oauth/access_token", params=asked)).json()["access_token"]
    pages = (await bench.client.get(f"{graph}/me/accounts", params={"access_token": longer})).json()["data"]
    assert [told["id"] for told in pages] == [page["account_id"]] != [other["account_id"]]
    mine = {**linked, "access_token": pages[0]["access_token"]}
    assert (await bench.container(mine)).status_code == 200


async def test_instagram_connects_one_account_also_one_that_is_named_in_the_dialog(bench: Bench) -> None:
    told = await answer(bench, "instagram", {"new_name": "Fresh Bakery"})
    asked = {"client_id": "app", "client_secret": "s", "grant_type": "authorization_code", "redirect_uri": BACK,
             "code": told["code"] + "#_"}  # fmt: skip
    body = (await bench.client.post("/instagram/token/oauth/access_token", data=asked)).json()["data"][0]
    assert bench.app.world.accounts[body["user_id"]].name == "Fresh Bakery"
    assert "instagram_business_content_publish" in body["permissions"]


async def test_a_scope_that_was_unticked_is_missing(bench: Bench) -> None:
    page = await bench.account("facebook")
    scopes = ["pages_show_list", "pages_read_engagement"]
    told = await answer(bench, "facebook", {"account": [page["account_id"]], "scope": scopes})
    asked = {"client_id": "app", "redirect_uri": BACK, "code": told["code"]}
    user = (await bench.client.get("/facebook/graph/v26.0/oauth/access_token", params=asked)).json()["access_token"]
    pages = await bench.client.get("/facebook/graph/v26.0/me/accounts", params={"access_token": user})
    mine = {**page, "access_token": pages.json()["data"][0]["access_token"]}
    refused = await bench.facebook("POST", f"{page['account_id']}/feed", mine, message="x")
    assert refused.json()["error"]["code"] == 200


@pytest.mark.parametrize("broken", [{"client_id": ""}, {"redirect_uri": "nowhere"}, {"response_type": "token"}])
async def test_a_broken_request_is_refused_on_the_spot(bench: Bench, broken: dict[str, str]) -> None:
    query = {"client_id": "app", "redirect_uri": BACK, "response_type": "code", **broken}
    shown = await bench.client.get(PATHS["google"], params=query)
    assert shown.status_code == 400
    assert next(iter(broken)) in shown.text


@pytest.mark.parametrize(
    ("method", "challenge", "verifier", "fits"),
    [
        ("plain", "v" * 50, "v" * 50, True),
        ("plain", "v" * 50, "w" * 50, False),
        ("S256", "v" * 50, "v" * 50, False),
        ("S256", "v" * 50, "", False),
    ],
)
async def test_a_verifier_fits_by_the_method_that_was_named(
    bench: Bench, method: str, challenge: str, verifier: str, fits: bool
) -> None:
    place = await bench.account("google")
    told = await answer(
        bench, "google", {"account": [place["account_id"]]}, code_challenge=challenge, code_challenge_method=method
    )
    exchange = {"grant_type": "authorization_code", "code": told["code"], "client_id": "app", "redirect_uri": BACK,
                "code_verifier": verifier}  # fmt: skip
    tokens = await bench.client.post("/google/token/token", data=exchange)
    assert tokens.status_code == (200 if fits else 400)


async def user_token(bench: Bench, person: str, *accounts: str) -> str:
    """What Facebook gives for a person who shared these."""
    told = await answer(bench, "facebook", {"account": list(accounts), "person": person})
    asked = {"client_id": "app", "redirect_uri": BACK, "code": told["code"]}
    answered = await bench.client.get("/facebook/graph/v26.0/oauth/access_token", params=asked)
    return str(answered.json()["access_token"])


async def test_who_takes_a_permission_back_ends_all_that_they_gave_and_nothing_of_others(bench: Bench) -> None:
    one, two = await bench.account("facebook", "One"), await bench.account("facebook", "Two")
    first, again = [await user_token(bench, "Sam", account["account_id"]) for account in (one, two)]
    other = await user_token(bench, "Kim", one["account_id"])
    graph = "/facebook/graph/v26.0"

    async def pages(token: str) -> int:
        return (await bench.client.get(f"{graph}/me/accounts", params={"access_token": token})).status_code

    assert [await pages(token) for token in (first, again, other)] == [200, 200, 200]
    removed = await bench.client.delete(f"{graph}/me/permissions", params={"access_token": first})
    assert removed.json() == {"success": True}
    assert [await pages(token) for token in (first, again, other)] == [400, 400, 200]


async def test_an_app_knows_a_person_by_an_id_of_its_own(bench: Bench) -> None:
    page = await bench.account("facebook", "One")

    async def known_as(token: str) -> str:
        told = await bench.client.get(
            "/facebook/graph/debug_token", params={"input_token": token, "access_token": "a|b"}
        )
        return str(told.json()["data"]["user_id"])

    sam, sam_again, kim = [await user_token(bench, who, page["account_id"]) for who in ("Sam", "Sam", "Kim")]
    assert await known_as(sam) == await known_as(sam_again) != await known_as(kim)


async def test_a_role_and_a_kind_of_account_are_told(bench: Bench) -> None:
    asked = {"platform": "facebook", "name": "Of others", "may_post": False}
    page = (await bench.client.post("/_sandbox/accounts", json=asked)).json()
    token = await user_token(bench, "Sam", page["account_id"])
    pages = (await bench.client.get("/facebook/graph/v26.0/me/accounts", params={"access_token": token})).json()["data"]
    assert pages[0]["tasks"] == ["ANALYZE"]
    wrong = await bench.client.post("/_sandbox/accounts", json=asked | {"kind": "ROBOT"})
    assert "ROBOT" in wrong.json()["error"]


async def test_a_method_that_does_not_exist_is_refused_on_the_spot(bench: Bench) -> None:
    query = {"client_id": "app", "redirect_uri": BACK, "response_type": "code", "code_challenge_method": "S512"}
    assert (await bench.client.get(PATHS["google"], params=query)).status_code == 400
