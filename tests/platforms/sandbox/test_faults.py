"""Misbehaviour: what was accepted really happened, whatever the answer, and connections really break."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from platforms.sandbox.app import Sandbox, create_app
from platforms.sandbox.faults import Faults
from tests.platforms.sandbox.conftest import Bench

Serve = Callable[[Sandbox], str]


async def test_accept_then_500_does_it_and_denies_it(bench: Bench) -> None:
    page = await bench.account("facebook")
    await bench.control("faults", [{"service": "facebook", "operation": "create", "kind": "accept_then_500"}])
    answer = await bench.facebook("POST", f"{page['account_id']}/feed", page, message="There")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == 1
    assert [post["text"] for post in (await bench.truth(page["account_id"]))["posts"]] == ["There"]


async def test_what_is_refused_anyway_is_refused_honestly(bench: Bench) -> None:
    page = await bench.account("facebook")
    await bench.control("faults", [{"service": "facebook", "kind": "accept_then_500"}])
    answer = await bench.facebook("POST", f"{page['account_id']}/feed", page, message="")
    assert answer.json()["error"]["code"] == 100


async def test_plain_5xx_does_nothing_and_sounds_like_the_platform(bench: Bench) -> None:
    place = await bench.account("google")
    await bench.control("faults", [{"service": "google", "kind": "503", "times": 1}])
    answer = await bench.local_post(place, summary="x")
    assert (answer.status_code, answer.json()["error"]["status"]) == (503, "UNAVAILABLE")
    assert (await bench.truth(place["account_id"]))["posts"] == []
    assert (await bench.local_post(place, summary="x")).status_code == 200


@pytest.mark.parametrize(
    ("service", "status", "code"), [("google", 429, 429), ("facebook", 400, 80001), ("instagram", 400, 80002)]
)
async def test_rate_limits_are_worded_by_each_platform(bench: Bench, service: str, status: int, code: int) -> None:
    account = await bench.account(service)
    await bench.control("faults", [{"service": service, "kind": "429", "retry_after": 120}])
    match service:
        case "google":
            answer = await bench.local_post(account, summary="x")
            assert answer.headers["Retry-After"] == "120"
        case "facebook":
            answer = await bench.facebook("GET", account["account_id"], account)
            assert '"estimated_time_to_regain_access":2' in answer.headers["X-Business-Use-Case-Usage"]
        case _:
            answer = await bench.container(account)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_delayed_visibility_hides_from_lists_but_not_from_who_knows_the_id(bench: Bench) -> None:
    page, place = await bench.account("facebook"), await bench.account("google")
    await bench.control("faults", [{"kind": "delayed_visibility", "seconds": 30}])
    post_id = (await bench.facebook("POST", f"{page['account_id']}/feed", page, message="Slow")).json()["id"]
    name = (await bench.local_post(place, summary="Slow")).json()["name"]

    async def seen() -> tuple[int, int, int, int]:
        listed = await bench.facebook("GET", f"{page['account_id']}/published_posts", page)
        found = await bench.google("GET", f"posts/v4/{place['account_id']}/localPosts", place)
        read = await bench.facebook("GET", post_id, page)
        got = await bench.google("GET", f"posts/v4/{name}", place)
        return len(listed.json()["data"]), len(found.json().get("localPosts", [])), read.status_code, got.status_code

    assert await seen() == (0, 0, 200, 200)
    bench.wait(31)
    assert await seen() == (1, 1, 200, 200)


async def test_delayed_visibility_on_instagram_still_tells_the_container_is_published(bench: Bench) -> None:
    account = await bench.account("instagram")
    container = (await bench.container(account)).json()["id"]
    bench.wait(1)
    await bench.control("faults", [{"kind": "delayed_visibility", "seconds": 30, "operation": "publish"}])
    where = f"{account['account_id']}/media"
    await bench.instagram("POST", f"{where}_publish", account, creation_id=container)
    read = await bench.instagram("GET", container, account, fields="status_code")
    assert read.json()["status_code"] == "PUBLISHED"
    assert (await bench.instagram("GET", where, account)).json()["data"] == []
    bench.wait(31)
    assert len((await bench.instagram("GET", where, account)).json()["data"]) == 1


async def test_token_troubles_and_any_code_can_be_asked_for(bench: Bench) -> None:
    page = await bench.account("facebook")
    other = await bench.account("facebook", "Other")
    await bench.control(
        "faults",
        [
            {"service": "facebook", "kind": "token_expired", "times": 1, "account": page["account_id"]},
            {"service": "facebook", "kind": "token_revoked", "times": 1},
            {"service": "facebook", "kind": "error_code", "code": 368, "subcode": 1390008, "times": 1},
        ],
    )
    codes = []
    for account in (page, other, page, page):
        body = (await bench.facebook("GET", account["account_id"], account)).json()
        codes.append((body.get("error", {}).get("code"), body.get("error", {}).get("error_subcode")))
    assert codes == [(190, 463), (190, 458), (368, 1390008), (None, None)]


async def test_a_token_fault_on_googles_token_endpoint_is_invalid_grant(bench: Bench) -> None:
    await bench.control("faults", [{"service": "google", "operation": "token", "kind": "token_revoked"}])
    answer = await bench.client.post("/google/token/token", data={"client_id": "i", "grant_type": "refresh_token"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_reject_makes_google_and_instagram_refuse_while_processing(bench: Bench) -> None:
    place, account = await bench.account("google"), await bench.account("instagram")
    await bench.control("faults", [{"kind": "reject"}])
    name = (await bench.local_post(place, summary="Fine text")).json()["name"]
    container = (await bench.container(account)).json()["id"]
    bench.wait(5)
    assert (await bench.google("GET", f"posts/v4/{name}", place)).json()["state"] == "REJECTED"
    read = await bench.instagram("GET", container, account, fields="status_code")
    assert read.json()["status_code"] == "ERROR"


def test_probability_is_the_same_for_the_same_seed_and_near_its_value() -> None:
    def fired(seed: int) -> list[bool]:
        faults = Faults()
        faults.add([{"kind": "drop_before", "probability": 0.3, "seed": seed}])
        return [faults.decide("google", "create", None)[0] is not None for _ in range(1000)]

    assert fired(1) == fired(1) != fired(2)
    assert 240 < sum(fired(1)) < 360


def test_times_and_after_count_matching_calls_only() -> None:
    faults = Faults()
    faults.add([{"service": "google", "operation": "create", "kind": "5xx", "after": 1, "times": 2}])
    asked = ["list", "create", "create", "list", "create", "create"]
    assert [faults.decide("google", name, None)[0] is not None for name in asked] == [
        False, False, True, False, True, False,
    ]  # fmt: skip


def test_latencies_add_up_and_the_first_other_rule_decides() -> None:
    faults = Faults()
    faults.add([{"kind": "latency", "seconds": 0.1}, {"kind": "latency", "seconds": 0.2}, {"kind": "429"}])
    trouble, latency = faults.decide("facebook", "read", "1")
    assert trouble is not None
    assert trouble.kind == "429"
    assert latency == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"kind": "explode"}, "unknown kind 'explode'"),
        ({"kind": "429", "service": "myspace"}, "unknown service 'myspace'"),
        ({"kind": "429", "colour": 1}, "unknown field 'colour'"),
        ({"kind": "429", "probability": 2}, "probability is 2"),
    ],
)
async def test_a_wrong_rule_is_named_and_none_of_its_list_is_set(bench: Bench, rule: dict[str, Any], told: str) -> None:
    answer = await bench.client.post("/_sandbox/faults", json=[{"kind": "latency", "seconds": 1}, rule])
    assert answer.status_code == 400
    assert told in answer.json()["error"]
    assert await bench.control("faults", method="GET") == []


async def test_faults_are_shown_with_how_often_they_fired_and_cleared(bench: Bench) -> None:
    page = await bench.account("facebook")
    await bench.control("faults", {"service": "facebook", "kind": "5xx", "times": 3})
    await bench.facebook("GET", page["account_id"], page)
    (shown,) = await bench.control("faults", method="GET")
    assert (shown["kind"], shown["times"], shown["fired"]) == ("5xx", 3, 1)
    assert await bench.control("faults", method="DELETE") == []
    assert (await bench.facebook("GET", page["account_id"], page)).status_code == 200


class OverASocket:
    """A page on a sandbox behind a real TCP connection."""

    def __init__(self, app: Sandbox, url: str) -> None:
        self.app = app
        self.http = httpx.Client(base_url=url, timeout=10)
        made = self.http.post("/_sandbox/accounts", json={"platform": "facebook", "name": "Bob"}).json()
        self.page, self.token = made["account_id"], made["access_token"]

    def fault(self, **rule: Any) -> None:
        self.http.post("/_sandbox/faults", json=[{"service": "facebook", "operation": "create", **rule}])

    def post(self, text: str, timeout: float = 10) -> httpx.Response:
        fields = {"message": text, "access_token": self.token}
        return self.http.post(f"/facebook/graph/v26.0/{self.page}/feed", data=fields, timeout=timeout)

    def live(self) -> list[str]:
        told = self.http.get("/_sandbox/truth").json()["accounts"][self.page]["posts"]
        return [post["text"] for post in told]


@pytest.fixture
def wire(serve: Serve) -> Iterator[OverASocket]:
    app = create_app()
    wire = OverASocket(app, serve(app))
    yield wire
    wire.http.close()


def test_accept_then_drop_closes_the_connection_without_a_byte(wire: OverASocket) -> None:
    wire.fault(kind="accept_then_drop", times=1)
    with pytest.raises(httpx.TransportError):  # reset, or closed without a response
        wire.post("There")
    assert wire.live() == ["There"]
    assert wire.post("Next").status_code == 200  # the server lives on
    assert wire.http.get("/_sandbox/calls").json()["facebook"]["create"]["statuses"] == {"0": 1, "200": 1}


def test_drop_before_closes_it_and_does_nothing(wire: OverASocket) -> None:
    wire.fault(kind="drop_before", times=1)
    with pytest.raises(httpx.TransportError):
        wire.post("Nowhere")
    assert wire.live() == []


def test_accept_then_hang_keeps_silent_and_ends_when_the_client_leaves(wire: OverASocket) -> None:
    wire.fault(kind="accept_then_hang", seconds=30, times=1)
    begin = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        wire.post("There", timeout=0.3)
    assert wire.live() == ["There"]
    assert time.monotonic() - begin < 20


def test_a_short_hang_ends_in_a_closed_connection(wire: OverASocket) -> None:
    wire.fault(kind="accept_then_hang", seconds=0.2, times=1)
    with pytest.raises(httpx.TransportError) as caught:
        wire.post("There")
    assert not isinstance(caught.value, httpx.TimeoutException)


def test_latency_beyond_the_clients_patience_still_takes_effect(wire: OverASocket) -> None:
    wire.fault(kind="latency", seconds=0.4, times=1)
    with pytest.raises(httpx.ReadTimeout):
        wire.post("Late", timeout=0.1)
    assert wire.live() == []
    deadline = time.monotonic() + 5
    while not wire.live() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert wire.live() == ["Late"]


def test_malformed_answers_are_not_json(wire: OverASocket) -> None:
    wire.fault(kind="malformed_json", times=1)
    with pytest.raises(ValueError):
        wire.post("Nowhere").json()
    wire.fault(kind="accept_then_malformed", times=1)
    with pytest.raises(ValueError):
        wire.post("There").json()
    assert wire.live() == ["There"]
