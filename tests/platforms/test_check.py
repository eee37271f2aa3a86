"""Whether access works is seen by one cheap read, whatever kind it is; what is wrong is told by its code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from platforms.base import Account
from platforms.errors import OperatorNeeded, ReconnectNeeded, TokenExpired, TryLater
from tests.sandbox_server import APP_ID, Server

Connect = Callable[..., Any]

KINDS = [("google", None), ("facebook", None), ("instagram", None), ("instagram", "facebook")]
READS = {
    ("google", None): ("google", "list"),
    ("facebook", None): ("facebook", "debug_token"),
    ("instagram", None): ("instagram", "account"),
    ("instagram", "facebook"): ("facebook", "debug_token"),
}
PAGE = Account(account_id="104958162837", access_token=SecretStr("EAAx"))
LIVING = {"app_id": "1834500000000001", "type": "PAGE", "is_valid": True, "expires_at": 0, "scopes": []}
LASTING = ["pages_manage_posts", "pages_read_engagement", "pages_show_list", "read_insights", "public_profile"]
SOON = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp())


def _account(sandbox: Server, platform: str, login: str | None) -> Account:
    return sandbox.account(platform, **({"login": login} if login else {}))


@pytest.mark.parametrize(("platform", "login"), KINDS)
async def test_a_working_access_costs_one_call(
    sandbox: Server, connect: Connect, platform: str, login: str | None
) -> None:
    account = _account(sandbox, platform, login)
    sandbox.control("DELETE", "calls")
    await connect(platform).check(account)
    service, operation = READS[platform, login]
    assert sandbox.control("GET", "calls") == {
        service: {operation: {"requests": 1, "statuses": {"200": 1}, "faults": {}}}
    }


@pytest.mark.parametrize(("platform", "login"), KINDS)
async def test_trouble_for_the_moment_is_no_lost_access(
    sandbox: Server, connect: Connect, platform: str, login: str | None
) -> None:
    account = _account(sandbox, platform, login)
    service, operation = READS[platform, login]
    for kind in ("5xx", "429", "malformed_json", "accept_then_500", "accept_then_malformed"):
        sandbox.fault(service=service, operation=operation, kind=kind)
        with pytest.raises(TryLater) as caught:
            await connect(platform).check(account)
        assert not isinstance(caught.value, TokenExpired)
        sandbox.control("DELETE", "faults")


@pytest.mark.parametrize(("platform", "login"), KINDS[1:])
@pytest.mark.parametrize("subcode", [458, 459, 460, 464, 467, 492])
async def test_metas_token_that_died_is_told_by_its_subcode(
    sandbox: Server, connect: Connect, platform: str, login: str | None, subcode: int
) -> None:
    account = _account(sandbox, platform, login)
    sandbox.control("POST", "tokens", {"account_id": account.account_id, "state": "revoked", "subcode": subcode})
    with pytest.raises(ReconnectNeeded) as caught:
        await connect(platform).check(account)
    assert caught.value.code == f"190/{subcode}"


async def test_googles_revoked_token_may_still_be_renewed(sandbox: Server, connect: Connect) -> None:
    place = sandbox.account("google")
    sandbox.control("POST", "tokens", {"account_id": place.account_id, "state": "expired"})
    with pytest.raises(TokenExpired):
        await connect("google").check(place)


async def test_a_token_that_ran_out_and_one_that_nobody_knows(sandbox: Server, connect: Connect) -> None:
    page = sandbox.account("facebook")
    sandbox.control("POST", "tokens", {"account_id": page.account_id, "state": "expired"})
    with pytest.raises(ReconnectNeeded) as over:
        await connect("facebook").check(page)
    assert over.value.code == "190/463"
    with pytest.raises(ReconnectNeeded) as unknown:
        await connect("facebook").check(replace(page, access_token=SecretStr("EAAnonsense")))
    assert unknown.value.code == "190"


async def test_a_wrong_app_secret_is_never_the_accounts_fault(sandbox: Server, connect: Connect) -> None:
    page = sandbox.account("facebook")
    with pytest.raises(OperatorNeeded, match="META_APP_SECRET"):
        await connect("facebook", meta_app_secret=SecretStr("wrong")).check(page)


async def test_without_the_apps_credentials_the_page_itself_is_read(sandbox: Server, connect: Connect) -> None:
    page = sandbox.account("facebook")
    sandbox.configure(require_appsecret_proof=False)
    bare = connect("facebook", meta_app_secret=None)
    assert (await bare.check(page)).ends_at is None
    assert sandbox.calls("facebook", "page") == 1
    with pytest.raises(ReconnectNeeded):
        await bare.check(replace(page, account_id="104958162837"))


async def test_the_end_of_data_access_is_predicted(sandbox: Server, connect: Connect) -> None:
    page = sandbox.account("facebook")
    now = datetime.fromtimestamp(sandbox.world.now(), UTC)
    assert (await connect("facebook").check(page)).ends_at - now > timedelta(days=89)
    sandbox.control("POST", "data-access", {"account_id": page.account_id, "seconds": 5 * 86_400})
    assert timedelta(days=4) < (await connect("facebook").check(page)).ends_at - now < timedelta(days=6)


@pytest.mark.parametrize(
    ("data", "ends"),
    [
        ({"data_access_expires_at": 0}, None),
        ({"data_access_expires_at": "soon"}, None),
        ({"data_access_expires_at": -5}, None),
        ({"data_access_expires_at": 10**30}, None),
        ({"data_access_expires_at": SOON}, SOON),  # no scopes are told: rather too much said than too little
        ({"data_access_expires_at": SOON, "scopes": [*LASTING, "instagram_basic"]}, SOON),
        ({"data_access_expires_at": SOON, "scopes": LASTING}, None),  # Meta lets all of these live on
        ({"data_access_expires_at": SOON, "expires_at": SOON - 9, "scopes": LASTING}, SOON - 9),
        ({"app_id": None}, None),
    ],
)
async def test_what_an_answer_says_of_the_end(answering: Connect, data: dict[str, Any], ends: int | None) -> None:
    standing = await answering("facebook", 200, {"data": LIVING | data}).check(PAGE)
    assert standing.ends_at == (None if ends is None else datetime.fromtimestamp(ends, UTC))


@pytest.mark.parametrize(
    ("data", "error", "code"),
    [
        ({"scopes": ["pages_show_list", "pages_read_engagement"]}, ReconnectNeeded, "200"),
        ({"app_id": "77"}, ReconnectNeeded, "other_app"),
        ({"is_valid": False}, ReconnectNeeded, "190"),
        ({"is_valid": False, "error": {"code": 190, "subcode": 460}}, ReconnectNeeded, "190/460"),
        ({"is_valid": False, "error": {"code": 10}}, ReconnectNeeded, "10"),
        (
            {"is_valid": False, "error": {"code": 2, "message": "Service temporarily unavailable"}},
            TryLater,
            "unreadable",
        ),
        ({"is_valid": "no"}, TryLater, "unreadable"),
        ({"is_valid": None}, TryLater, "unreadable"),
    ],
)
async def test_what_an_answer_says_of_the_access(
    answering: Connect, data: dict[str, Any], error: type[Exception], code: str
) -> None:
    with pytest.raises(error) as caught:
        await answering("facebook", 200, {"data": LIVING | data}).check(PAGE)
    assert caught.value.code == code  # type: ignore[attr-defined]


async def test_the_question_has_the_shape_that_facebook_wants(sandbox: Server) -> None:
    """Method, input_token, app token and proof: the sandbox insists on what the fact sheet says."""
    page = sandbox.account("facebook")
    token = page.access_token.get_secret_value()
    url = f"{sandbox.url}/facebook/graph/v26.0/debug_token"
    secret = sandbox.world.config.meta_app_secret

    def asked(**params: str) -> dict[str, Any]:
        answer: dict[str, Any] = sandbox.client.get(url, params=params).json()
        return answer

    app = f"{APP_ID}|{secret}"
    assert asked(input_token=token, access_token=app)["error"]["code"] == 104, "the app insists on the proof"
    sandbox.configure(require_appsecret_proof=False)
    assert asked(input_token=token, access_token=f"{APP_ID}|wrong")["error"]["code"] == 190
    assert asked(access_token=app)["error"]["code"] == 100
    assert asked(input_token=token)["error"]["code"] == 2500
    told = asked(input_token=token, access_token=app)["data"]
    assert set(told) == {
        "app_id", "type", "application", "is_valid", "issued_at", "expires_at", "data_access_expires_at", "scopes",
        "granular_scopes", "user_id", "profile_id",
    }  # fmt: skip
    assert (told["type"], told["expires_at"], told["profile_id"]) == ("PAGE", 0, page.account_id)
