"""The Instagram twin keeps Instagram's rules, through both logins."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.platforms.sandbox.conftest import Bench


def error_of(answer: httpx.Response) -> tuple[int, int | None]:
    body = answer.json()["error"]
    return body["code"], body.get("error_subcode")


async def status(bench: Bench, account: dict[str, Any], container: str) -> str:
    told: str = (await bench.instagram("GET", container, account, fields="status_code,status")).json()["status_code"]
    return told


async def publish(bench: Bench, account: dict[str, Any], container: str) -> httpx.Response:
    return await bench.instagram("POST", f"{account['account_id']}/media_publish", account, creation_id=container)


@pytest.mark.parametrize("login", ["instagram", "facebook"])
async def test_a_container_is_processed_published_once_and_read_back(bench: Bench, login: str) -> None:
    account = await bench.account("instagram", login=login)
    container = (await bench.container(account, caption="Tap\n\n#plumber", alt_text="A tap")).json()["id"]
    assert await status(bench, account, container) == "IN_PROGRESS"
    assert error_of(await publish(bench, account, container)) == (9007, 2207027)
    bench.wait(1)
    assert await status(bench, account, container) == "FINISHED"
    media = (await publish(bench, account, container)).json()["id"]
    assert await status(bench, account, container) == "PUBLISHED"
    assert error_of(await publish(bench, account, container)) == (24, 2207008)  # never a second post
    fields = "id,caption,timestamp,permalink,media_type,like_count"
    listed = await bench.instagram("GET", f"{account['account_id']}/media", account, fields=fields)
    (told,) = listed.json()["data"]
    assert told["id"] == media
    assert told["caption"] == "Tap\n\n#plumber"
    assert told["permalink"].startswith("https://www.instagram.com/p/")
    assert len((await bench.truth(account["account_id"]))["posts"]) == 1


async def test_the_hosts_of_the_two_logins_do_not_take_each_others_tokens(bench: Bench) -> None:
    account = await bench.account("instagram", login="instagram")
    wrong = await bench.client.post(
        f"/facebook/graph/v26.0/{account['account_id']}/media",
        data={"image_url": "https://cdn.example/a.jpg", "access_token": account["access_token"]},
    )
    assert error_of(wrong) == (100, 33)


async def test_a_page_tells_its_instagram_account(bench: Bench) -> None:
    page = await bench.account("facebook", "Bob")
    account = await bench.account("instagram", "Bob", login="facebook")
    assert account["linked_id"] == page["account_id"]
    told = await bench.facebook("GET", page["account_id"], page, fields="instagram_business_account{id,username}")
    assert told.json()["instagram_business_account"]["id"] == account["account_id"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"image_url": ""}, (100, None)),
        ({"image_url": "https://cdn.example/a.png"}, (36001, 2207005)),
        ({"image_url": "not an address"}, (9004, 2207052)),
        ({"image_url": "http://sandbox.test/_sandbox/pictures/800x1200/x.jpg"}, (36003, 2207009)),
        ({"caption": "x" * 2201}, (36004, 2207010)),
        ({"caption": "@bob " * 21}, (100, 2207040)),
        ({"caption": "#tap " * 31}, (100, 2207040)),
        ({"alt_text": "x" * 1001}, (100, None)),
        ({"media_type": "PANORAMA"}, (100, 2207023)),
        ({"media_type": "CAROUSEL", "children": "1"}, (100, 2207028)),
        ({"media_type": "CAROUSEL", "children": "1,2"}, (24, 2207006)),
    ],
)
async def test_bad_containers_are_refused(
    bench: Bench, fields: dict[str, str], expected: tuple[int, int | None]
) -> None:
    account = await bench.account("instagram")
    assert error_of(await bench.container(account, **fields)) == expected


async def test_a_carousel_of_children_is_one_post(bench: Bench) -> None:
    account = await bench.account("instagram")
    children = [
        (await bench.container(account, caption="", is_carousel_item="true", image_url=f"https://cdn.example/{n}.jpg"))
        .json()["id"]
        for n in range(3)
    ]  # fmt: skip
    made = await bench.container(
        account, image_url="", media_type="CAROUSEL", children=",".join(children), caption="Three"
    )
    bench.wait(1)
    media = (await publish(bench, account, made.json()["id"])).json()["id"]
    told = (await bench.instagram("GET", media, account, fields="media_type")).json()
    assert told["media_type"] == "CAROUSEL_ALBUM"
    (post,) = (await bench.truth(account["account_id"]))["posts"]
    assert len(post["media"]) == 3
    assert error_of(await publish(bench, account, children[0])) == (24, 2207008)


async def test_a_container_expires_after_a_day_and_fails_on_an_unreachable_picture(bench: Bench) -> None:
    account = await bench.account("instagram")
    old = (await bench.container(account)).json()["id"]
    broken = (await bench.container(account, image_url="https://cdn.example/unreachable.jpg")).json()["id"]
    bench.wait(1)
    assert await status(bench, account, broken) == "ERROR"
    assert error_of(await publish(bench, account, broken)) == (9004, 2207052)
    bench.wait(86_400)
    assert await status(bench, account, old) == "EXPIRED"
    assert error_of(await publish(bench, account, old)) == (24, 2207008)


async def test_the_daily_limit_is_told_kept_and_given_back(bench: Bench) -> None:
    account = await bench.account("instagram", quota_total=2)
    containers = [(await bench.container(account, caption=f"{n}")).json()["id"] for n in range(3)]
    bench.wait(1)
    for container in containers[:2]:
        assert (await publish(bench, account, container)).status_code == 200
    limit = await bench.instagram(
        "GET", f"{account['account_id']}/content_publishing_limit", account, fields="quota_usage,config"
    )
    assert limit.json()["data"] == [{"quota_usage": 2, "config": {"quota_total": 2, "quota_duration": 86_400}}]
    assert error_of(await publish(bench, account, containers[2])) == (9, 2207042)
    bench.wait(86_390)
    fresh = (await bench.container(account)).json()["id"]
    bench.wait(10)
    assert (await publish(bench, account, fresh)).status_code == 200


async def test_no_more_containers_than_allowed_a_day(bench: Bench) -> None:
    account = await bench.account("instagram")
    await bench.control("config", {"instagram_containers_per_day": 3})
    answers = [await bench.container(account) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 403]
    bench.wait(86_400)
    assert (await bench.container(account)).status_code == 200


async def test_insights_agree_with_the_media_and_fail_on_a_dead_metric(bench: Bench) -> None:
    account = await bench.account("instagram")
    container = (await bench.container(account)).json()["id"]
    bench.wait(1)
    media = (await publish(bench, account, container)).json()["id"]
    bench.wait(86_400)
    asked = "views,reach,likes,comments,saved,shares,total_interactions"
    rows = (await bench.instagram("GET", f"{media}/insights", account, metric=asked)).json()["data"]
    values = {row["name"]: row["values"][0]["value"] for row in rows}
    read = (await bench.instagram("GET", media, account, fields="like_count,comments_count")).json()
    assert (values["likes"], values["comments"]) == (read["like_count"], read["comments_count"])
    assert values["views"] >= values["reach"] > values["likes"] > 0
    dead = await bench.instagram("GET", f"{media}/insights", account, metric="views,impressions")
    assert error_of(dead)[0] == 100
    only_facebook = await bench.instagram("GET", media, account, fields="saved_count")
    assert error_of(only_facebook)[0] == 100


async def test_refresh_wants_a_token_that_is_a_day_old_and_alive(bench: Bench) -> None:
    account = await bench.account("instagram")
    where = "/instagram/graph/refresh_access_token"
    asked = {"grant_type": "ig_refresh_token", "access_token": account["access_token"]}
    assert error_of(await bench.client.get(where, params=asked))[0] == 100
    bench.wait(86_401)
    fresh = (await bench.client.get(where, params=asked)).json()
    assert fresh["expires_in"] == 5_183_944
    assert fresh["access_token"] != account["access_token"]
    bench.wait(5_183_944)
    assert error_of(await bench.client.get(where, params=asked)) == (190, 463)


async def test_delete_works_with_facebook_login_only(bench: Bench) -> None:
    for login, deletes in (("facebook", True), ("instagram", False)):
        account = await bench.account("instagram", login, login=login)
        container = (await bench.container(account)).json()["id"]
        bench.wait(1)
        media = (await publish(bench, account, container)).json()["id"]
        gone = await bench.instagram("DELETE", media, account)
        assert (gone.status_code == 200) is deletes


@pytest.mark.parametrize("shape", ["data", "flat"])
async def test_a_code_is_exchanged_once_in_either_shape_then_for_60_days(bench: Bench, shape: str) -> None:
    account = await bench.account("instagram")
    await bench.control("config", {"instagram_code_shape": shape})
    world = bench.app.world
    code = world.issue("code", [account["account_id"]], life=3600, app_id="1", scopes="instagram_business_basic")
    code.redirect_uri = "https://us.example/back"
    asked = {"client_id": "1", "client_secret": "2", "grant_type": "authorization_code", "code": code.value,
             "redirect_uri": "https://us.example/back"}  # fmt: skip
    body = (await bench.client.post("/instagram/token/oauth/access_token", data=asked)).json()
    told = body["data"][0] if shape == "data" else body
    assert str(told["user_id"]) == account["account_id"]
    longer = await bench.client.get(
        "/instagram/graph/access_token",
        params={"grant_type": "ig_exchange_token", "client_secret": "2", "access_token": told["access_token"]},
    )
    assert longer.json()["expires_in"] == 5_183_944
    again = await bench.client.post("/instagram/token/oauth/access_token", data=asked)
    assert again.status_code == 400
    assert set(again.json()) == {"error_type", "code", "error_message"}
