"""The Google twin keeps Google's rules."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.platforms.sandbox.conftest import Bench

ACTION = {"actionType": "LEARN_MORE", "url": "https://bob.example"}
SCHEDULE = {
    "startDate": {"year": 2026, "month": 12, "day": 1}, "startTime": {"hours": 9},
    "endDate": {"year": 2026, "month": 12, "day": 2}, "endTime": {"hours": 17},
}  # fmt: skip


EVENT = {"title": "Open day", "schedule": SCHEDULE}


def status_of(answer: httpx.Response) -> tuple[int, str]:
    error = answer.json()["error"]
    assert error["code"] == answer.status_code
    return answer.status_code, error["status"]


async def state(bench: Bench, account: dict[str, Any], name: str) -> str:
    answer = await bench.google("GET", f"posts/v4/{name}", account)
    told: str = answer.json()["state"]
    return told


async def test_a_post_is_processing_then_live_and_listed(bench: Bench) -> None:
    place = await bench.account("google", city="Austin")
    made = await bench.local_post(place, summary="Frost tonight", callToAction=ACTION)
    post = made.json()
    assert post["name"].startswith(place["account_id"] + "/localPosts/")
    assert post["state"] == "PROCESSING"
    assert post["createTime"] == "2026-11-22T12:00:00.000Z"
    bench.wait(5)
    assert await state(bench, place, post["name"]) == "LIVE"
    listed = await bench.google("GET", f"posts/v4/{place['account_id']}/localPosts", place)
    assert [item["name"] for item in listed.json()["localPosts"]] == [post["name"]]


@pytest.mark.parametrize("phone", ["Call 512-555-0123", "(512) 555 0123 today", "+1 512.555.0123", "5125550123"])
async def test_a_phone_number_in_the_text_is_rejected_after_processing(bench: Bench, phone: str) -> None:
    place = await bench.account("google")
    made = (await bench.local_post(place, summary=f"Burst pipe? {phone}")).json()
    assert made["state"] == "PROCESSING"
    bench.wait(5)
    assert await state(bench, place, made["name"]) == "REJECTED"
    (told,) = (await bench.truth(place["account_id"]))["posts"]
    assert told["visible"] is False


@pytest.mark.parametrize(
    "body",
    [
        {"summary": "x", "topicType": "NEWS"},
        {"summary": "x" * 1501},
        {},
        {"summary": "x", "callToAction": {"actionType": "CALL", "url": "https://bob.example"}},
        {"summary": "x", "callToAction": {"actionType": "BOOK"}},
        {"summary": "x", "callToAction": {"actionType": "GET_OFFER", "url": "https://bob.example"}},
        {"summary": "x", "media": [{"mediaFormat": "PHOTO"}]},
        {"summary": "x", "media": [{"mediaFormat": "PHOTO", "sourceUrl": "https://cdn.example/a.jpg"}] * 2},
        {"summary": "x", "media": [{"mediaFormat": "PHOTO", "sourceUrl": "https://cdn.example/a.webp"}]},
        {"summary": "x", "topicType": "EVENT"},
        {"summary": "x", "topicType": "OFFER", "event": {"title": "Sale", "schedule": {"startDate": {}}}},
        {"summary": "x", "topicType": "EVENT", "event": {"title": " ", "schedule": SCHEDULE}},
        {"summary": "x", "topicType": "EVENT", "event": {"title": "Sale", "schedule": {**SCHEDULE, "endDate": {}}}},
        {
            "summary": "x",
            "topicType": "EVENT",
            "event": {"title": "Sale", "schedule": {**SCHEDULE, "endDate": SCHEDULE["startDate"], "endTime": {}}},
        },
        {"summary": "x", "topicType": "EVENT", "event": {"title": "", "schedule": {**SCHEDULE, "startTime": {"h": 1}}}},
        {"summary": "x", "offer": {"couponCode": "A"}},
        {"summary": "x", "topicType": "EVENT", "event": EVENT, "offer": {"couponCode": "A"}},
        {"summary": "x", "topicType": "OFFER", "event": EVENT, "offer": {"coupon": "A"}},
        {"summary": "x", "topicType": "OFFER", "event": EVENT, "offer": {"couponCode": 7}},
        {"summary": "x", "topicType": "OFFER", "event": EVENT, "offer": {"redeemOnlineUrl": "our shop"}},
        {"summary": "x", "hashtags": ["no"]},
    ],
    ids=lambda body: ",".join(f"{k}" for k in body) or "empty",
)
async def test_bad_bodies_are_invalid_arguments(bench: Bench, body: dict[str, Any]) -> None:
    place = await bench.account("google")
    assert status_of(await bench.local_post(place, **body)) == (400, "INVALID_ARGUMENT")
    assert (await bench.truth(place["account_id"]))["posts"] == []


async def test_events_and_offers_are_taken_and_offers_drop_the_button(bench: Bench) -> None:
    place = await bench.account("google")
    made = await bench.local_post(place, summary="Come by", topicType="EVENT", event=EVENT, callToAction=ACTION)
    assert made.json()["callToAction"] == ACTION
    offer = {"couponCode": "TAP", "termsConditions": "One each"}
    made = await bench.local_post(
        place, summary="Sale", topicType="OFFER", event=EVENT, offer=offer, callToAction=ACTION
    )
    assert made.json()["offer"] == offer
    assert "callToAction" not in made.json()


async def test_lists_page_to_the_end_and_refuse_a_page_size_above_100(bench: Bench) -> None:
    place = await bench.account("google")
    where = f"posts/v4/{place['account_id']}/localPosts"
    for number in range(7):
        await bench.local_post(place, summary=f"Post {number}")
        bench.wait(1)
    seen: list[str] = []
    token = ""
    while True:
        body = (await bench.google("GET", where, place, params={"pageSize": 3, "pageToken": token})).json()
        seen += [post["summary"] for post in body["localPosts"]]
        if not (token := body.get("nextPageToken", "")):
            break
    assert seen == [f"Post {number}" for number in reversed(range(7))]
    assert status_of(await bench.google("GET", where, place, params={"pageSize": 101}))[0] == 400


async def test_patch_needs_a_mask_and_changes_only_what_it_names(bench: Bench) -> None:
    place = await bench.account("google")
    name = (await bench.local_post(place, summary="Old", callToAction=ACTION)).json()["name"]
    assert status_of(await bench.google("PATCH", f"posts/v4/{name}", place, json={"summary": "New"}))[0] == 400
    changed = await bench.google(
        "PATCH", f"posts/v4/{name}", place, params={"updateMask": "summary"}, json={"summary": "New"}
    )
    assert changed.json()["summary"] == "New"
    assert changed.json()["callToAction"] == ACTION
    assert (await bench.google("DELETE", f"posts/v4/{name}", place)).json() == {}
    assert status_of(await bench.google("GET", f"posts/v4/{name}", place)) == (404, "NOT_FOUND")


async def test_a_scheduled_post_is_listed_as_such_and_appears_in_time(bench: Bench) -> None:
    place = await bench.account("google")
    name = (await bench.local_post(place, summary="Later", scheduledTime="2026-11-22T12:10:00Z")).json()["name"]
    assert await state(bench, place, name) == "SCHEDULED"
    bench.wait(610)
    assert await state(bench, place, name) == "LIVE"


async def test_a_text_can_be_trimmed_as_platforms_do(bench: Bench) -> None:
    place = await bench.account("google")
    await bench.control("config", {"google_normalise": "squash"})
    made = await bench.local_post(place, summary="  Two  blanks \r\nand a line  ")
    assert made.json()["summary"] == "Two blanks\nand a line"


async def test_wrong_expired_and_foreign_tokens_are_refused(bench: Bench) -> None:
    place, other = await bench.account("google", "A"), await bench.account("google", "B")
    where = f"posts/v4/{place['account_id']}/localPosts"
    assert status_of(await bench.google("GET", where, other)) == (403, "PERMISSION_DENIED")
    assert status_of(await bench.google("GET", where, {"access_token": "no"})) == (401, "UNAUTHENTICATED")
    bench.wait(3_600)
    assert status_of(await bench.google("GET", where, place)) == (401, "UNAUTHENTICATED")


async def test_refresh_gives_a_new_token_without_a_refresh_token_until_revoked(bench: Bench) -> None:
    place = await bench.account("google")
    asked = {"grant_type": "refresh_token", "refresh_token": place["refresh_token"], "client_id": "i",
             "client_secret": "s"}  # fmt: skip
    fresh = (await bench.client.post("/google/token/token", data=asked)).json()
    assert set(fresh) == {"access_token", "expires_in", "scope", "token_type"}
    assert fresh["expires_in"] == 3599
    assert (await bench.google("GET", "accounts/v1/accounts", fresh)).status_code == 200
    assert (await bench.client.post("/google/token/revoke", data={"token": fresh["access_token"]})).json() == {}
    assert status_of(await bench.google("GET", "accounts/v1/accounts", fresh))[0] == 401
    dead = await bench.client.post("/google/token/token", data=asked)
    assert dead.status_code == 400
    assert dead.json() == {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}


async def test_a_wrong_client_secret_is_our_own_fault(bench: Bench) -> None:
    place = await bench.account("google")
    await bench.control("config", {"google_client_secret": "right"})
    asked = {"grant_type": "refresh_token", "refresh_token": place["refresh_token"], "client_id": "i",
             "client_secret": "wrong"}  # fmt: skip
    answer = await bench.client.post("/google/token/token", data=asked)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_locations_need_a_read_mask_and_carry_no_account(bench: Bench) -> None:
    place = await bench.account("google", city="Austin", address="1 Main St")
    account, location = place["account_id"].split("/locations/")
    listed = (await bench.google("GET", "accounts/v1/accounts", place)).json()
    assert [item["name"] for item in listed["accounts"]] == [account]
    assert status_of(await bench.google("GET", f"locations/v1/{account}/locations", place))[0] == 400
    mask = {"readMask": "name,title,storefrontAddress,metadata"}
    for wanted in (account, "accounts/-"):
        found = await bench.google("GET", f"locations/v1/{wanted}/locations", place, params=mask)
        (told,) = found.json()["locations"]
        assert told["name"] == f"locations/{location}"
        assert told["storefrontAddress"]["locality"] == "Austin"


async def test_daily_metrics_are_strings_and_absent_when_zero(bench: Bench) -> None:
    place = await bench.account("google")
    location = place["account_id"].rsplit("/", 1)[1]
    where = f"performance/v1/locations/{location}:fetchMultiDailyMetricsTimeSeries"
    dates = {
        f"dailyRange.{end}Date.{part}": value
        for end, day in (("start", 12), ("end", 22))
        for part, value in (("year", 2026), ("month", 11), ("day", day))
    }
    metrics = ["BUSINESS_IMPRESSIONS_MOBILE_SEARCH", "BUSINESS_FOOD_MENU_CLICKS"]
    answer = await bench.google("GET", where, place, params={"dailyMetrics": metrics, **dates})
    seen, menu = answer.json()["multiDailyMetricTimeSeries"][0]["dailyMetricTimeSeries"]
    assert len(seen["timeSeries"]["datedValues"]) == 11
    assert all(isinstance(dated["value"], str) for dated in seen["timeSeries"]["datedValues"])
    assert all("value" not in dated for dated in menu["timeSeries"]["datedValues"])
    again = await bench.google("GET", where, place, params={"dailyMetrics": metrics, **dates})
    assert again.json() == answer.json()
    wrong = await bench.google("GET", where, place, params={"dailyMetrics": "LOCAL_POST_VIEWS_SEARCH", **dates})
    assert status_of(wrong)[0] == 400


async def test_a_quota_per_minute_is_resource_exhausted_until_the_minute_ends(bench: Bench) -> None:
    place = await bench.account("google")
    await bench.control("config", {"google_queries_per_minute": 3})
    where = f"posts/v4/{place['account_id']}/localPosts"
    answers = [await bench.google("GET", where, place) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert status_of(answers[3])[1] == "RESOURCE_EXHAUSTED"
    bench.wait(60)
    assert (await bench.google("GET", where, place)).status_code == 200


async def test_the_minute_of_the_quota_moves_and_does_not_begin_anew_with_the_clocks(bench: Bench) -> None:
    place = await bench.account("google")
    await bench.control("config", {"google_queries_per_minute": 2})
    where = f"posts/v4/{place['account_id']}/localPosts"
    statuses = []
    for _ in range(4):
        statuses.append((await bench.google("GET", where, place)).status_code)
        bench.wait(25)
    assert statuses == [200, 200, 429, 200]
