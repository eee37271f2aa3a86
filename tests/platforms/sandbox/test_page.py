"""The page of what is live."""

from __future__ import annotations

import re

import httpx
import pytest

from platforms.sandbox.motifs import motif_for
from platforms.sandbox.page.view import ago, marked_up
from tests.platforms.sandbox.conftest import Bench
from tests.platforms.sandbox.test_google import SCHEDULE


async def page(bench: Bench, query: str = "") -> httpx.Response:
    answer = await bench.client.get("/" + query)
    assert answer.status_code == 200
    return answer


async def three(bench: Bench) -> None:
    """A live post on each platform."""
    for platform in ("google", "facebook", "instagram"):
        account = await bench.account(platform, "Bob's", city="Austin")
        post = {"text": f"Hello {platform} #tap", "media_url": f"https://cdn.example/{platform}.jpg",
                "created_time": bench.now - 3600}  # fmt: skip
        await bench.control("history", {"account_id": account["account_id"], "posts": [post]})


async def test_an_empty_sandbox_says_so_and_that_it_is_not_the_internet(bench: Bench) -> None:
    html = (await page(bench)).text
    assert "nothing here is on the real internet" in html
    assert "Nothing is live yet" in html


async def test_posts_of_all_platforms_are_shown_and_can_be_filtered(bench: Bench) -> None:
    await three(bench)
    html = (await page(bench)).text
    assert re.findall(r'class="card (\w+)"', html) == ["gb", "fb", "ig"]
    assert "3 posts live on 3 accounts" in html
    for platform, kind in (("google", "gb"), ("facebook", "fb"), ("instagram", "ig")):
        html = (await page(bench, f"?platform={platform}")).text
        assert re.findall(r'class="card (\w+)"', html) == [kind]
        assert f"https://cdn.example/{platform}.jpg" in html
    account = (await bench.account("facebook", "Bob's"))["account_id"]
    html = (await page(bench, f"?account={account}")).text
    assert re.findall(r'class="card (\w+)"', html) == ["fb"]
    assert "1 post live on 1 account" in html


async def test_the_newest_comes_first_and_older_ones_are_behind_a_link(bench: Bench) -> None:
    account = await bench.account("facebook")
    posts = [{"text": f"Number {n}", "created_time": bench.now - n} for n in range(70)]
    await bench.control("history", {"account_id": account["account_id"], "posts": posts})
    html = (await page(bench)).text
    shown = [int(n) for n in re.findall(r"Number (\d+)", html)]
    assert sorted(shown) == list(range(60))
    orders = dict(zip(shown, re.findall(r"--n:(\d+)", html), strict=True))
    assert orders == {n: str(n) for n in range(60)}
    (more,) = re.findall(r'href="(/\?[^"]*limit=\d+)"', html)
    assert "Show more (10 older)" in html
    assert len(re.findall(r"Number \d+", (await page(bench, more.replace("&amp;", "&").removeprefix("/"))).text)) == 70


async def test_events_and_offers_show_their_title_dates_and_coupon(bench: Bench) -> None:
    place = await bench.account("google")
    event = {"title": "Open <day>", "schedule": SCHEDULE}
    await bench.local_post(place, summary="Come by", topicType="EVENT", event=event)
    html = (await page(bench)).text
    assert "Open &lt;day&gt;" in html
    assert "Tue, Dec 1, 2026, 9:00 AM - Wed, Dec 2, 2026, 5:00 PM" in html
    assert "Code" not in html
    same_day = {**SCHEDULE, "endDate": SCHEDULE["startDate"]}
    offer = {"couponCode": "TAP10", "redeemOnlineUrl": "https://bob.example/tap", "termsConditions": "One each"}
    await bench.local_post(
        place, summary="Sale", topicType="OFFER", event={"title": "Sale", "schedule": same_day}, offer=offer
    )
    html = (await page(bench)).text
    assert "Tue, Dec 1, 2026, 9:00 AM - 5:00 PM" in html
    assert "Code <b>TAP10</b>" in html
    assert 'href="https://bob.example/tap"' in html
    assert "One each" in html


async def test_nothing_in_a_post_or_name_can_run(bench: Bench) -> None:
    evil = '<script>alert(1)</script><img src=x onerror=alert(2)>" onmouseover="alert(3) #x<b>'
    account = await bench.account("facebook", f"Bob {evil}")
    post = {"account_id": account["account_id"], "text": evil, "media_url": "javascript:alert(4)"}
    await bench.control("posts", post)
    answer = await page(bench)
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text
    assert "javascript:" not in answer.text
    assert not re.search(r'<[^>]*" onmouseover=', answer.text)
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe-inline'" not in answer.headers["Content-Security-Policy"].replace(
        "style-src-attr 'unsafe-inline'", ""
    )


async def test_only_what_is_visible_is_shown(bench: Bench) -> None:
    facebook, place = await bench.account("facebook"), await bench.account("google")
    await bench.facebook("POST", f"{facebook['account_id']}/feed", facebook, message="Secret draft", published="false")
    gone = await bench.facebook("POST", f"{facebook['account_id']}/feed", facebook, message="Deleted one")
    await bench.facebook("DELETE", gone.json()["id"], facebook)
    await bench.local_post(place, summary="Call 512-555-0147")
    await bench.local_post(place, summary="Fine one")
    assert "Processing" in (await page(bench)).text
    bench.wait(10)
    html = (await page(bench)).text
    for hidden in ("Secret draft", "Deleted one", "512-555-0147", "Processing"):
        assert hidden not in html
    assert "Fine one" in html
    assert "1 prepared and not visible yet" in html
    assert "1 rejected" in html


async def test_a_google_post_has_its_button(bench: Bench) -> None:
    place = await bench.account("google")
    action = {"actionType": "LEARN_MORE", "url": "https://bob.example/a?b=1&c=2"}
    await bench.local_post(place, summary="Frost tonight", callToAction=action)
    html = (await page(bench)).text
    assert re.search(r'<a href="https://bob\.example/a\?b=1&amp;c=2"[^>]*>Learn more</a>', html)


async def test_active_faults_stand_above_the_posts(bench: Bench) -> None:
    await three(bench)
    rule = {"service": "facebook", "operation": "create", "kind": "accept_then_500", "probability": 0.3, "times": 4}
    await bench.control("faults", [rule, {"kind": "latency", "seconds": 0.3}])
    html = (await page(bench)).text
    assert "The sandbox misbehaves on purpose" in html
    assert "Facebook create: accept then 500, 30% of calls, 4 of 4 left" in html
    assert "every service: latency, 0.3 s" in html
    await bench.control("faults", method="DELETE")
    assert "misbehaves" not in (await page(bench)).text


async def test_the_part_that_refreshes_is_the_same_as_in_the_page(bench: Bench) -> None:
    await three(bench)
    whole, part = await page(bench), await bench.client.get("/_sandbox/live")
    assert part.text.strip() in whole.text
    for name, kind in (("page.css", "text/css"), ("page.js", "javascript")):
        asset = await bench.client.get(f"/_sandbox/static/{name}")
        assert asset.status_code == 200
        assert kind in asset.headers["content-type"]


@pytest.mark.parametrize("query", ["?platform=myspace", "?account=nobody", "?limit=-1", "?limit=x", "?platform=<b>"])
async def test_strange_queries_show_everything(bench: Bench, query: str) -> None:
    await three(bench)
    assert "3 posts live" in (await page(bench, query)).text


def test_hashtags_are_set_apart_and_entities_are_left_alone() -> None:
    assert str(marked_up("It's #tap time & #one_two")) == (
        'It&#39;s <span class="tag">#tap</span> time &amp; <span class="tag">#one_two</span>'
    )


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(5, "just now"), (61, "1 min"), (3_599, "59 min"), (3_600, "1 h"), (90_000, "1 d"), (30 * 86_400, "4 weeks")],
)
def test_times_are_told_as_networks_do(seconds: float, told: str) -> None:
    assert ago(seconds) == told


@pytest.mark.parametrize(
    ("slug", "motif"),
    [("dishwasher-installation-3", "drop"), ("hair-dryer-1", "scissors"), ("squash-dish-2", "plate"),
     ("carpet-cleaning-1", "drop"), ("car-battery-1", "wheel"), ("kite-4", "rings")],
)  # fmt: skip
def test_pictures_show_something_of_the_trade(slug: str, motif: str) -> None:
    assert motif_for(slug) == motif
