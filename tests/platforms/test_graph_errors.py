"""Every row of Meta's error tables, asked for through the clients: once by a publication, once by a read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from platforms.base import Account, Content
from platforms.errors import Blocked, InDoubt, OperatorNeeded, Paced, PlatformError, ReconnectNeeded, Refused, TryLater
from platforms.graph_errors import Usage, usages
from platforms.registry import PlatformConfig, build_platforms

PAGE = Account(account_id="104958162837", access_token=SecretStr("EAAtoken"))
GRAM = Account(account_id="17841400000000000", access_token=SecretStr("IGAAtoken"), login="instagram")
TEXT = Content(text="Check your boiler before the frost does.")
HANDLES = {"container": "17900000000000000"}

MINUTES = 60.0
HOURS = 3600.0

# code, subcode, the class when publishing, the class when reading, seconds to wait
SHARED: list[tuple[int, int | None, type[PlatformError], type[PlatformError], float | None]] = [
    (1, None, InDoubt, TryLater, None),
    (2, None, InDoubt, TryLater, None),
    (3, None, OperatorNeeded, OperatorNeeded, None),
    (4, None, TryLater, TryLater, 5 * MINUTES),
    (10, None, ReconnectNeeded, ReconnectNeeded, None),
    (17, None, TryLater, TryLater, 5 * MINUTES),
    (32, None, TryLater, TryLater, 5 * MINUTES),
    (101, None, OperatorNeeded, OperatorNeeded, None),
    (102, None, ReconnectNeeded, ReconnectNeeded, None),
    (104, None, OperatorNeeded, OperatorNeeded, None),
    (190, None, ReconnectNeeded, ReconnectNeeded, None),
    (190, 458, ReconnectNeeded, ReconnectNeeded, None),
    (190, 459, ReconnectNeeded, ReconnectNeeded, None),
    (190, 460, ReconnectNeeded, ReconnectNeeded, None),
    (190, 463, ReconnectNeeded, ReconnectNeeded, None),
    (190, 464, ReconnectNeeded, ReconnectNeeded, None),
    (190, 467, ReconnectNeeded, ReconnectNeeded, None),
    (190, 492, ReconnectNeeded, ReconnectNeeded, None),
    (190, 999, ReconnectNeeded, ReconnectNeeded, None),
    (200, None, ReconnectNeeded, ReconnectNeeded, None),
    (210, None, ReconnectNeeded, ReconnectNeeded, None),
    (240, None, ReconnectNeeded, ReconnectNeeded, None),
    (283, None, InDoubt, ReconnectNeeded, None),
    (299, None, ReconnectNeeded, ReconnectNeeded, None),
    (341, None, TryLater, TryLater, 5 * MINUTES),
    (368, None, Blocked, Blocked, 4 * HOURS),
    (613, None, TryLater, TryLater, 5 * MINUTES),
    (613, 1996, TryLater, TryLater, 5 * MINUTES),
    (2635, None, OperatorNeeded, OperatorNeeded, None),
    *[(code, None, TryLater, TryLater, 5 * MINUTES) for code in (80000, 80001, 80002, 80003, 80004, 80005)],
    *[(code, None, TryLater, TryLater, 5 * MINUTES) for code in (80006, 80008, 80009, 80014)],
    (424242, None, InDoubt, TryLater, None),  # in no table
]
FACEBOOK = [
    *SHARED,
    (100, 1366051, InDoubt, TryLater, None),
    (324, None, Refused, Refused, None),
    (382, None, Refused, Refused, None),
    (389, None, Refused, Refused, None),
    (506, None, InDoubt, TryLater, 5 * MINUTES),
    (506, 1455006, InDoubt, TryLater, 5 * MINUTES),
    (3001, 1504028, Refused, Refused, None),
    (1363030, None, Refused, Refused, None),
    (1366046, None, Refused, Refused, None),
    (1609005, None, Refused, Refused, None),
    (6000, None, Refused, Refused, None),
    (6001, None, InDoubt, TryLater, None),
]
INSTAGRAM = [
    *SHARED,
    (-2, 2207003, InDoubt, TryLater, None),
    (-2, 2207020, InDoubt, TryLater, 30.0),
    (-2, None, InDoubt, TryLater, 30.0),
    (-1, 2207001, InDoubt, TryLater, None),
    (-1, 2207032, InDoubt, TryLater, 30.0),
    (-1, 2207053, InDoubt, TryLater, 30.0),
    (-1, 2207073, InDoubt, TryLater, None),
    (-1, None, InDoubt, TryLater, None),
    (1, 2207057, Refused, Refused, None),
    (4, 2207051, Blocked, Blocked, 4 * HOURS),
    (9, 2207042, Paced, Paced, 1 * HOURS),
    (9, None, Paced, Paced, 1 * HOURS),
    (24, 2207008, InDoubt, TryLater, 30.0),
    (24, None, InDoubt, TryLater, 30.0),
    (25, 2207050, ReconnectNeeded, ReconnectNeeded, None),
    (352, 2207026, Refused, Refused, None),
    (9004, 2207052, InDoubt, TryLater, 1 * MINUTES),
    (9007, 2207027, TryLater, TryLater, 10.0),
    (36000, 2207004, Refused, Refused, None),
    (36001, 2207005, Refused, Refused, None),
    (36003, 2207009, Refused, Refused, None),
    (36004, 2207010, Refused, Refused, None),
]


def envelope(code: int, subcode: int | None = None, **more: Any) -> dict[str, Any]:
    body = {"message": "some words", "type": "OAuthException", "code": code, "fbtrace_id": "AtRaCe", **more}
    return {"error": body | ({"error_subcode": subcode} if subcode is not None else {})}


async def outcome(platform: Any, account: Account, *, publishing: bool) -> PlatformError:
    if publishing:
        call = platform.publish(account, TEXT, HANDLES if platform.name == "instagram" else {})
    else:
        call = platform.prepare(account, Content(text="x", media_urls=("https://p.example/a.jpg",)), {}, _forget)
    with pytest.raises(PlatformError) as raised:
        await call
    return raised.value


async def _forget(kind: str, handle: str) -> None:
    raise AssertionError("nothing was made that could be remembered")


@pytest.mark.parametrize(("code", "subcode", "publishing", "reading", "wait"), FACEBOOK)
async def test_facebook_row(
    answering: Callable[..., Any], code: int, subcode: int | None, publishing: Any, reading: Any, wait: float | None
) -> None:
    direct = answering("facebook", 400, envelope(code, subcode), facebook_mode="direct")
    error = await outcome(direct, PAGE, publishing=True)
    assert (type(error), error.retry_after) == (publishing, wait if issubclass(publishing, TryLater) else None)
    assert error.code == (f"{code}/{subcode}" if subcode is not None else str(code))
    assert error.trace_id == "AtRaCe"
    error = await outcome(answering("facebook", 400, envelope(code, subcode)), PAGE, publishing=False)
    assert (type(error), error.retry_after) == (reading, wait)


@pytest.mark.parametrize(("code", "subcode", "publishing", "reading", "wait"), INSTAGRAM)
async def test_instagram_row(
    answering: Callable[..., Any], code: int, subcode: int | None, publishing: Any, reading: Any, wait: float | None
) -> None:
    platform = answering("instagram", 400, envelope(code, subcode))
    error = await outcome(platform, GRAM, publishing=True)
    assert (type(error), error.retry_after) == (publishing, wait if issubclass(publishing, TryLater) else None)
    error = await outcome(platform, GRAM, publishing=False)
    assert (type(error), error.retry_after) == (reading, wait)


@pytest.mark.parametrize("code", [100, 10, 190, 324, 3])
async def test_transient_errors_are_not_final_whatever_their_code(answering: Callable[..., Any], code: int) -> None:
    body = envelope(code, is_transient=True)
    platform = answering("facebook", 400, body, facebook_mode="direct")
    assert type(await outcome(platform, PAGE, publishing=True)) is InDoubt
    assert type(await outcome(answering("facebook", 400, body), PAGE, publishing=False)) is TryLater


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
@pytest.mark.parametrize("body", [envelope(1), envelope(190, 463), envelope(324), b"<html>Sorry</html>", b""])
async def test_server_errors_on_a_publication_are_always_in_doubt(
    answering: Callable[..., Any], status: int, body: Any
) -> None:
    platform = answering("facebook", status, body, facebook_mode="direct")
    assert type(await outcome(platform, PAGE, publishing=True)) is InDoubt


@pytest.mark.parametrize(
    ("status", "publishing", "reading"),
    [
        (401, ReconnectNeeded, ReconnectNeeded),
        (429, TryLater, TryLater),
        (400, InDoubt, TryLater),
        (403, InDoubt, TryLater),
        (404, InDoubt, TryLater),
        (302, InDoubt, TryLater),
        (500, InDoubt, TryLater),
    ],
)
@pytest.mark.parametrize("body", [b"<html></html>", {"error": "words"}, {"error": {"message": "no code"}}])
async def test_answers_without_a_code_are_judged_by_their_status(
    answering: Callable[..., Any], status: int, publishing: Any, reading: Any, body: Any
) -> None:
    platform = answering("facebook", status, body, facebook_mode="direct")
    assert type(await outcome(platform, PAGE, publishing=True)) is publishing
    assert type(await outcome(answering("facebook", status, body), PAGE, publishing=False)) is reading


@pytest.mark.parametrize("body", [b"", b"<html></html>", b'{"id": "1', b"[]", b"{}", b'{"id": 5}', b'{"id": ""}'])
@pytest.mark.parametrize(("name", "account"), [("facebook", PAGE), ("instagram", GRAM)])
async def test_success_that_cannot_be_read_is_in_doubt(
    answering: Callable[..., Any], body: bytes, name: str, account: Account
) -> None:
    platform = answering(name, 200, body, facebook_mode="direct")
    assert type(await outcome(platform, account, publishing=True)) is InDoubt
    if name == "instagram":
        assert type(await outcome(platform, account, publishing=False)) is TryLater


async def test_a_code_inside_a_200_is_an_error(answering: Callable[..., Any]) -> None:
    platform = answering("facebook", 200, envelope(368), facebook_mode="direct")
    assert type(await outcome(platform, PAGE, publishing=True)) is Blocked


async def test_words_for_users_come_first_and_advice_last(answering: Callable[..., Any]) -> None:
    body = envelope(190, 460, error_user_title="T", error_user_msg="Please log in again.")
    error = await outcome(answering("facebook", 400, body, facebook_mode="direct"), PAGE, publishing=True)
    assert str(error) == "Please log in again. (code 190/460). The password was changed."


class TestWaiting:
    """How long a rate limit asks us to wait."""

    async def test_minutes_of_the_usage_header_become_seconds(self, answering: Callable[..., Any]) -> None:
        header = '{"104958162837":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":19}]}'
        platform = answering(
            "facebook", 400, envelope(80001), {"x-business-use-case-usage": header}, facebook_mode="direct"
        )
        assert (await outcome(platform, PAGE, publishing=True)).retry_after == 19 * 60

    async def test_a_block_lasts_hours_whatever_the_header_says(self, answering: Callable[..., Any]) -> None:
        for headers in ({"retry-after": "60"}, {}):
            platform = answering("facebook", 400, envelope(368), headers, facebook_mode="direct")
            assert (await outcome(platform, PAGE, publishing=True)).retry_after == 4 * HOURS

    async def test_retry_after_goes_before_everything(self, answering: Callable[..., Any]) -> None:
        platform = answering("facebook", 429, envelope(4), {"retry-after": "77"}, facebook_mode="direct")
        assert (await outcome(platform, PAGE, publishing=True)).retry_after == 77

    async def test_headers_that_make_no_sense_are_passed_over(self, answering: Callable[..., Any]) -> None:
        headers = {"x-app-usage": "{nonsense", "x-page-usage": "[]", "x-business-use-case-usage": '{"1": [7, {}]}'}
        platform = answering("facebook", 400, envelope(4), headers, facebook_mode="direct")
        assert (await outcome(platform, PAGE, publishing=True)).retry_after == 5 * MINUTES


class TestUsage:
    """Usage headers, percent and seconds."""

    def test_all_three_headers_are_read(self) -> None:
        headers = httpx.Headers(
            {
                "x-app-usage": '{"call_count":28,"total_time":25,"total_cputime":31}',
                "x-page-usage": '{"call_count":7,"total_time":2,"total_cputime":3}',
                "x-business-use-case-usage": '{"1":[{"type":"pages","call_count":80,"total_cputime":1,"total_time":1,'
                '"estimated_time_to_regain_access":2}],"2":[{"type":"instagram","call_count":1,"total_time":101}]}',
            }
        )
        assert usages(headers) == [
            Usage(scope="app", percent=31.0),
            Usage(scope="page", percent=7.0),
            Usage(scope="1", percent=80.0, regain_seconds=120.0),
            Usage(scope="2", percent=101.0),
        ]

    async def test_is_told_with_answers_good_and_bad(self, answering: Callable[..., Any]) -> None:
        for status, body in ((200, {"id": "1_2"}), (400, envelope(4))):
            told: list[Usage] = []
            headers = {"x-app-usage": '{"call_count":90}'}
            platform = answering("facebook", status, body, headers, told.append, facebook_mode="direct")
            try:
                await platform.publish(PAGE, TEXT, {})
            except TryLater:
                assert status == 400
            assert told == [Usage(scope="app", percent=90.0)]

    async def test_usage_that_names_nobody_is_the_account_of_the_call(self, answering: Callable[..., Any]) -> None:
        told: list[Usage] = []
        platform = answering("facebook", 200, {"id": "1_2"}, {"x-page-usage": '{"call_count":81}'}, told.append)
        await platform.follow(PAGE, "1_2")
        assert told == [Usage(scope=PAGE.account_id, percent=81.0)]

    async def test_the_two_hosts_know_different_apps(self, answering: Callable[..., Any]) -> None:
        for login, scope in (("facebook", "app"), ("instagram", "instagram_app")):
            told: list[Usage] = []
            headers = {"x-app-usage": '{"call_count":90}'}
            platform = answering("instagram", 200, {"id": "1"}, headers, told.append)
            await platform.follow(Account(account_id="1", access_token=SecretStr("token"), login=login), "2")
            assert {usage.scope for usage in told} == {scope}


class TestBlame:
    """Code 100 is also how a wrong app secret and a lost account are refused: they must not fail the post."""

    @staticmethod
    def platform(answer_to_read: httpx.Response, name: str) -> Any:
        async def answer(request: httpx.Request) -> httpx.Response:
            return answer_to_read if request.method == "GET" else httpx.Response(400, json=envelope(100))

        http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
        config = PlatformConfig(
            google_posts_url="",
            google_token_url="",
            google_performance_url="",
            google_client_id=None,
            google_client_secret=None,
            facebook_graph_url="https://outside.example",
            instagram_graph_url="https://outside.example",
            graph_version="v26.0",
            meta_app_id=None,
            meta_app_secret=None,
            facebook_mode="direct",
        )
        return build_platforms(config, http)[name]

    @pytest.mark.parametrize(
        ("status", "body", "expected"),
        [
            (200, {"id": "104958162837"}, Refused),
            (400, envelope(100), OperatorNeeded),
            (400, envelope(104), OperatorNeeded),
            (400, envelope(100, 33), ReconnectNeeded),
            (400, envelope(190, 463), ReconnectNeeded),
            (500, envelope(2), TryLater),
        ],
    )
    @pytest.mark.parametrize(("name", "account"), [("facebook", PAGE), ("instagram", GRAM)])
    async def test_is_found_by_reading_the_account(
        self, status: int, body: Any, expected: Any, name: str, account: Account
    ) -> None:
        platform = self.platform(httpx.Response(status, json=body), name)
        assert type(await outcome(platform, account, publishing=True)) is expected
