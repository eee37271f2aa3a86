"""The Facebook twin keeps Facebook's rules."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import orjson

from tests.platforms.sandbox.conftest import NOON, Bench


def error_of(answer: Any) -> tuple[int, int | None]:
    body = answer.json()["error"]
    assert {"message", "type", "code", "fbtrace_id"} <= set(body)
    return body["code"], body.get("error_subcode")


async def test_a_text_post_is_live_at_once_and_read_back_with_our_application(bench: Bench) -> None:
    page = await bench.account("facebook")
    made = await bench.facebook("POST", f"{page['account_id']}/feed", page, message="Hello Austin")
    assert made.status_code == 200
    post_id = made.json()["id"]
    assert post_id.startswith(page["account_id"] + "_")
    fields = "id,message,created_time,permalink_url,is_published,application,shares"
    listed = await bench.facebook("GET", f"{page['account_id']}/published_posts", page, fields=fields, limit=100)
    (post,) = listed.json()["data"]
    assert post["id"] == post_id
    assert post["message"] == "Hello Austin"
    assert post["created_time"] == "2026-11-22T12:00:00+0000"
    assert post["application"]["id"] == bench.app.world.config.meta_app_id
    assert "shares" not in post  # absent at zero


async def test_a_post_needs_text_or_link_or_photos(bench: Bench) -> None:
    page = await bench.account("facebook")
    assert error_of(await bench.facebook("POST", f"{page['account_id']}/feed", page))[0] == 100


async def test_one_photo_answers_with_photo_id_and_post_id(bench: Bench) -> None:
    page = await bench.account("facebook")
    where = f"{page['account_id']}/photos"
    made = (await bench.facebook("POST", where, page, url="https://cdn.example/a.jpg", caption="Done")).json()
    assert made["post_id"].startswith(page["account_id"] + "_")
    assert made["id"] != made["post_id"]
    shown = await bench.facebook("GET", made["post_id"], page, fields="message,attachments")
    assert shown.json()["attachments"]["data"][0]["media"]["image"]["src"] == "https://cdn.example/a.jpg"


async def test_a_photo_without_a_picture_or_with_something_else_is_refused(bench: Bench) -> None:
    page = await bench.account("facebook")
    where = f"{page['account_id']}/photos"
    assert error_of(await bench.facebook("POST", where, page, caption="x"))[0] == 324
    assert error_of(await bench.facebook("POST", where, page, url="https://cdn.example/a.pdf")) == (324, 1366046)


async def test_a_photo_can_be_uploaded_as_a_file(bench: Bench) -> None:
    page = await bench.account("facebook")
    url = f"/facebook/graph/v26.0/{page['account_id']}/photos"
    fields = {"access_token": page["access_token"], "caption": "From a file"}
    taken = await bench.client.post(url, data=fields, files={"source": ("a.jpg", b"\xff\xd8\xff\xe0data")})
    assert taken.json()["post_id"]
    refused = await bench.client.post(url, data=fields, files={"source": ("a.jpg", b"<html>")})
    assert error_of(refused) == (324, 1366046)


async def test_an_unpublished_post_is_seen_by_nobody_until_published_by_its_id(bench: Bench) -> None:
    page = await bench.account("facebook")
    photo = await bench.facebook(
        "POST", f"{page['account_id']}/photos", page, url="https://cdn.example/a.jpg", published="false"
    )
    assert set(photo.json()) == {"id"}
    attached = orjson.dumps([{"media_fbid": photo.json()["id"]}]).decode()
    made = await bench.facebook(
        "POST", f"{page['account_id']}/feed", page, message="Soon", published="false", attached_media=attached
    )
    post_id = made.json()["id"]
    where = f"{page['account_id']}/published_posts"
    assert (await bench.facebook("GET", where, page)).json()["data"] == []
    read = await bench.facebook("GET", post_id, page, fields="is_published")
    assert read.json() == {"is_published": False, "id": post_id}

    bench.wait(600)
    first = await bench.facebook("POST", post_id, page, is_published="true")
    bench.wait(60)
    again = await bench.facebook("POST", post_id, page, is_published="true")
    assert first.json() == again.json() == {"success": True}
    (shown,) = (await bench.facebook("GET", where, page, fields="id,created_time")).json()["data"]
    assert shown == {"id": post_id, "created_time": "2026-11-22T12:10:00+0000"}
    back = await bench.facebook("POST", post_id, page, is_published="false")
    assert error_of(back)[0] == 100


async def test_photos_attach_in_form_style_and_only_once(bench: Bench) -> None:
    page = await bench.account("facebook")
    ids = []
    for name in ("a", "b"):
        made = await bench.facebook(
            "POST", f"{page['account_id']}/photos", page, url=f"https://cdn.example/{name}.jpg", published="false"
        )
        ids.append(made.json()["id"])
    attached = {f"attached_media[{n}]": orjson.dumps({"media_fbid": i}).decode() for n, i in enumerate(ids)}
    made = await bench.facebook("POST", f"{page['account_id']}/feed", page, message="Two", **attached)
    truth = await bench.truth(page["account_id"])
    assert truth["posts"][0]["media"] == ["https://cdn.example/a.jpg", "https://cdn.example/b.jpg"]
    assert made.json()["id"] == truth["posts"][0]["id"]
    again = await bench.facebook("POST", f"{page['account_id']}/feed", page, message="Three", **attached)
    assert error_of(again)[0] == 100


async def test_an_unpublished_photo_is_gone_after_a_day(bench: Bench) -> None:
    page = await bench.account("facebook")
    made = await bench.facebook(
        "POST", f"{page['account_id']}/photos", page, url="https://cdn.example/a.jpg", published="false"
    )
    bench.wait(86_401)
    attached = {"attached_media[0]": orjson.dumps({"media_fbid": made.json()["id"]}).decode()}
    late = await bench.facebook("POST", f"{page['account_id']}/feed", page, message="Late", **attached)
    assert error_of(late)[0] == 100


async def test_the_same_text_twice_in_a_row_is_a_duplicate_but_not_after_another(bench: Bench) -> None:
    page = await bench.account("facebook")
    where = f"{page['account_id']}/feed"
    await bench.facebook("POST", where, page, message="Same")
    assert error_of(await bench.facebook("POST", where, page, message="Same"))[0] == 506
    await bench.facebook("POST", where, page, message="Other")
    assert (await bench.facebook("POST", where, page, message="Same")).status_code == 200


async def test_lists_page_by_cursor_to_the_end_newest_first(bench: Bench) -> None:
    page = await bench.account("facebook")
    for number in range(7):
        await bench.facebook("POST", f"{page['account_id']}/feed", page, message=f"Post {number}")
        bench.wait(10)
    seen: list[str] = []
    answer = await bench.facebook("GET", f"{page['account_id']}/published_posts", page, limit=3, fields="message")
    while True:
        body = answer.json()
        seen += [post["message"] for post in body["data"]]
        if "next" not in body["paging"]:
            break
        answer = await bench.client.get(body["paging"]["next"])
    assert seen == [f"Post {number}" for number in reversed(range(7))]
    since = await bench.facebook("GET", f"{page['account_id']}/published_posts", page, since=int(NOON) + 45)
    assert len(since.json()["data"]) == 2


async def test_a_limit_above_100_and_an_unknown_field_fail(bench: Bench) -> None:
    page = await bench.account("facebook")
    where = f"{page['account_id']}/published_posts"
    assert error_of(await bench.facebook("GET", where, page, limit=101))[0] == 100
    await bench.facebook("POST", f"{page['account_id']}/feed", page, message="Hi")
    assert error_of(await bench.facebook("GET", where, page, fields="impressions"))[0] == 100


async def test_posts_by_another_app_carry_its_id_and_cannot_be_edited(bench: Bench) -> None:
    page = await bench.account("facebook")
    made = await bench.control("posts", {"account_id": page["account_id"], "text": "By hand"})
    listed = await bench.facebook("GET", f"{page['account_id']}/published_posts", page, fields="application")
    assert listed.json()["data"][0]["application"]["id"] != bench.app.world.config.meta_app_id
    assert error_of(await bench.facebook("POST", made["id"], page, message="Mine"))[0] == 200


async def test_tokens_of_other_pages_dead_ones_and_none_are_refused(bench: Bench) -> None:
    page, other = await bench.account("facebook", "A"), await bench.account("facebook", "B")
    assert error_of(await bench.facebook("POST", f"{page['account_id']}/feed", other, message="x"))[0] == 200
    assert error_of(await bench.facebook("GET", page["account_id"], page, access_token="EAAwrong"))[0] == 190
    assert error_of(await bench.facebook("GET", page["account_id"], page, access_token=""))[0] == 2500
    await bench.control("tokens", {"account_id": page["account_id"], "state": "revoked", "subcode": 460})
    assert error_of(await bench.facebook("GET", page["account_id"], page)) == (190, 460)
    short = await bench.account("facebook", "C", token_life_seconds=60)
    bench.wait(61)
    assert error_of(await bench.facebook("GET", short["account_id"], short)) == (190, 463)


async def test_a_wrong_or_missing_appsecret_proof_is_error_104(bench: Bench) -> None:
    page = await bench.account("facebook")
    await bench.control("config", {"meta_app_secret": "s3cret", "require_appsecret_proof": True})
    proof = hmac.new(b"s3cret", page["access_token"].encode(), hashlib.sha256).hexdigest()
    assert (await bench.facebook("GET", page["account_id"], page, appsecret_proof=proof)).status_code == 200
    assert error_of(await bench.facebook("GET", page["account_id"], page, appsecret_proof="0" * 64))[0] == 104
    assert error_of(await bench.facebook("GET", page["account_id"], page))[0] == 104


async def test_a_long_lived_user_token_gives_page_tokens_without_end(bench: Bench) -> None:
    page = await bench.account("facebook")
    world = bench.app.world
    user = world.issue("user", [page["account_id"]], life=3600, app_id=world.config.meta_app_id)
    longer = await bench.client.get(
        "/facebook/graph/v26.0/oauth/access_token",
        params={"grant_type": "fb_exchange_token", "client_id": "1", "client_secret": "2",
                "fb_exchange_token": user.value},
    )  # fmt: skip
    assert longer.json()["expires_in"] == 5_183_944
    pages = await bench.client.get(
        "/facebook/graph/v26.0/me/accounts", params={"access_token": longer.json()["access_token"]}
    )
    (told,) = pages.json()["data"]
    assert told["id"] == page["account_id"]
    assert "CREATE_CONTENT" in told["tasks"]
    debug = await bench.client.get(
        "/facebook/graph/v26.0/debug_token", params={"input_token": told["access_token"], "access_token": "1|2"}
    )
    assert debug.json()["data"]["expires_at"] == 0
    assert debug.json()["data"]["is_valid"] is True
    bench.wait(5_400)
    expired = await bench.client.get(
        "/facebook/graph/v26.0/oauth/access_token",
        params={"grant_type": "fb_exchange_token", "client_id": "1", "fb_exchange_token": user.value},
    )
    assert error_of(expired) == (190, 463)


async def test_insights_grow_agree_with_the_post_and_fail_on_one_dead_metric(bench: Bench) -> None:
    page = await bench.account("facebook")
    post_id = (await bench.facebook("POST", f"{page['account_id']}/feed", page, message="Any questions?")).json()["id"]
    metrics = "post_media_view,post_total_media_view_unique,post_clicks,post_reactions_by_type_total"

    async def values() -> dict[str, Any]:
        told = await bench.facebook("GET", f"{post_id}/insights", page, metric=metrics)
        return {row["name"]: row["values"][0]["value"] for row in told.json()["data"]}

    bench.wait(20)
    early = await values()
    assert early["post_media_view"] >= early["post_total_media_view_unique"] >= 1
    bench.wait(3 * 86_400)
    late = await values()
    assert late["post_media_view"] > 10 * early["post_media_view"]
    read = await bench.facebook("GET", post_id, page, fields="likes.summary(true).limit(0),reactions.summary(1)")
    likes = read.json()["likes"]["summary"]["total_count"]
    assert likes == sum(late["post_reactions_by_type_total"].values()) > 0
    dead = await bench.facebook("GET", f"{post_id}/insights", page, metric=metrics + ",post_impressions")
    assert error_of(dead)[0] == 100
    assert error_of(await bench.facebook("GET", f"{post_id}/insights", page)) == (3001, 1504028)


async def test_a_batch_answers_200_with_a_code_and_a_json_string_for_each(bench: Bench) -> None:
    page = await bench.account("facebook")
    post_id = (await bench.facebook("POST", f"{page['account_id']}/feed", page, message="Hi")).json()["id"]
    asked = [{"method": "GET", "relative_url": f"v26.0/{post_id}?fields=message"},
             {"method": "GET", "relative_url": "v26.0/123_456"}]  # fmt: skip
    answer = await bench.facebook("POST", "", page, batch=orjson.dumps(asked).decode())
    assert answer.status_code == 200
    good, bad = answer.json()
    assert (good["code"], orjson.loads(good["body"])["message"]) == (200, "Hi")
    assert (bad["code"], orjson.loads(bad["body"])["error"]["code"]) == (400, 100)
    too_many = await bench.facebook("POST", "", page, batch=orjson.dumps(asked * 26).decode())
    assert error_of(too_many)[0] == 100


async def test_a_page_budget_refuses_with_80001_and_tells_the_wait_in_the_header(bench: Bench) -> None:
    page = await bench.account("facebook")
    await bench.control("config", {"facebook_page_budget": 4})
    answers = [await bench.facebook("GET", page["account_id"], page) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 400]
    assert error_of(answers[4])[0] == 80001
    usage = orjson.loads(answers[3].headers["X-Business-Use-Case-Usage"])[page["account_id"]][0]
    assert (usage["type"], usage["call_count"]) == ("pages", 100)
    assert orjson.loads(answers[4].headers["X-Business-Use-Case-Usage"])[page["account_id"]][0][
        "estimated_time_to_regain_access"
    ]


async def test_a_deleted_post_is_gone_from_lists_and_stays_in_the_truth(bench: Bench) -> None:
    page = await bench.account("facebook")
    post_id = (await bench.facebook("POST", f"{page['account_id']}/feed", page, message="Oops")).json()["id"]
    assert (await bench.facebook("DELETE", post_id, page)).json() == {"success": True}
    assert (await bench.facebook("GET", f"{page['account_id']}/published_posts", page)).json()["data"] == []
    assert error_of(await bench.facebook("GET", post_id, page)) == (100, 33)
    (told,) = (await bench.truth(page["account_id"]))["posts"]
    assert (told["state"], told["visible"]) == ("DELETED", False)


async def test_a_version_that_does_not_exist_yet_and_date_format_are_refused(bench: Bench) -> None:
    page = await bench.account("facebook")
    params = {"access_token": page["access_token"]}
    future = await bench.client.get(f"/facebook/graph/v99.0/{page['account_id']}", params=params)
    assert error_of(future)[0] == 2635
    dead = await bench.client.get(f"/facebook/graph/v15.0/{page['account_id']}", params=params)
    assert dead.status_code == 200  # served as the oldest living version
    assert error_of(await bench.facebook("GET", page["account_id"], page, date_format="U"))[0] == 100
