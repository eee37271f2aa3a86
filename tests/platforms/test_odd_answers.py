"""Answers of any shape: every method gives a value or a PlatformError, and a publication is never wrongly certain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from platforms.base import Account, Content
from platforms.errors import InDoubt, PlatformError
from platforms.registry import PlatformConfig, build_platforms

KEYS = [
    "id", "post_id", "name", "data", "paging", "next", "cursors", "after", "error", "code", "error_subcode", "message",
    "is_transient", "status", "details", "errors", "reason", "metadata", "fieldViolations", "localPosts", "summary",
    "nextPageToken", "createTime", "created_time", "timestamp", "is_published", "application", "status_code", "success",
    "values", "value", "shares", "count", "likes", "total_count", "access_token", "expires_in", "refresh_token",
    "config", "quota_total", "multiDailyMetricTimeSeries", "dailyMetricTimeSeries", "timeSeries", "datedValues", "date",
    "state", "media", "instagram_business_account", "body", "fbtrace_id", "searchUrl", "permalink", "error_user_msg",
]  # fmt: skip
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 300),
    st.floats(),
    st.sampled_from(["", "x", "17841400000000000", "2026-11-22T10:00:00+0000", "FINISHED", "PUBLISHED", "LIVE", "-1"]),
)
BODIES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, min_size=1, max_size=5)
    ),
    max_leaves=12,
)
USUAL = [
    {"data": "x"}, {"data": [1, "x", None]}, {"data": [{"id": None}], "paging": []},
    {"data": [{}], "paging": {"next": 1}}, {"data": [{"quota_usage": "x", "config": 3}]},
    {"data": [{"name": [], "values": "xy"}]}, {"data": [{"values": [3]}]},
    {"localPosts": 3}, {"localPosts": "abc"}, {"localPosts": [3]}, {"localPosts": [{"name": 3, "createTime": 3}]},
    {"error": {"code": 4, "error_subcode": [], "is_transient": "x"}}, {"error": {"code": True}},
    {"error": {"status": [], "details": [{"reason": {}, "metadata": "x", "fieldViolations": [3]}]}},
    {"error": {"details": {"a": 1}, "errors": "x"}}, {"multiDailyMetricTimeSeries": [{"dailyMetricTimeSeries": 3}]},
    {"access_token": "x", "expires_in": 1e300}, {"access_token": "x", "expires_in": -1}, {"error": {"code": 1e9}},
    {"id": "1", "is_published": "true", "created_time": "22 Nov"},
    {"code": 200, "body": [None]}, {"id": "1", "permalink": 3}, {"shares": 3, "likes": 7},
]  # fmt: skip

CONTENT = Content(text="x", media_urls=("https://pictures.example/1.jpg",))
HANDLES = {"container": "1", "unpublished_post": "1_2", "photo_0": "3"}
NOW = datetime(2026, 11, 22, tzinfo=UTC)
ACCOUNTS = {
    "google": Account(account_id="accounts/1/locations/2", access_token=SecretStr("ya29.x")),
    "facebook": Account(account_id="104958162837", access_token=SecretStr("EAAx")),
    "instagram": Account(account_id="17841400000000000", access_token=SecretStr("IGAAx"), login="facebook"),
}


async def _remember(kind: str, handle: str) -> None:
    assert isinstance(handle, str)


CALLS: dict[str, Callable[[Any, Account], Coroutine[Any, Any, Any]]] = {
    "prepare": lambda p, a: p.prepare(a, CONTENT, {}, _remember),
    "prepare again": lambda p, a: p.prepare(a, CONTENT, HANDLES, _remember),
    "publish": lambda p, a: p.publish(a, CONTENT, HANDLES),
    "look": lambda p, a: p.look(a, CONTENT, HANDLES, NOW),
    "look without handles": lambda p, a: p.look(a, CONTENT, {}, NOW),
    "follow": lambda p, a: p.follow(a, "1_2"),
    "discard": lambda p, a: p.discard(a, HANDLES),
    "refresh": lambda p, a: p.refresh(a, SecretStr("1//x"), NOW),
    "check": lambda p, a: p.check(a),
    "metrics": lambda p, a: p.metrics(a, ["1_2"]),
    "location_metrics": lambda p, a: p.location_metrics(a, date(2026, 11, 1), date(2026, 11, 2)),
    "quota": lambda p, a: p.quota(a),
}


async def outcome(name: str, method: str, status: int, body: Any) -> Any:
    async def answer(request: httpx.Request) -> httpx.Response:
        given = (
            [body] if request.method == "POST" and b"batch=" in request.content and not isinstance(body, list) else body
        )
        return httpx.Response(status, json=given)

    config = PlatformConfig(
        google_posts_url="https://g.example",
        google_token_url="https://t.example",
        google_performance_url="https://p.example",
        google_client_id="client",
        google_client_secret=SecretStr("s"),
        facebook_graph_url="https://f.example",
        instagram_graph_url="https://i.example",
        graph_version="v26.0",
        meta_app_id="1",
        meta_app_secret=SecretStr("s"),
        instagram_container_wait_seconds=0,
    )
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        try:
            return await CALLS[method](build_platforms(config, http)[name], ACCOUNTS[name])
        except PlatformError as error:
            return error


def is_json(value: Any) -> bool:
    try:
        httpx.Response(200, json=value)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize("name", ACCOUNTS)
class TestAnyShape:
    """Whatever comes back."""

    @pytest.mark.parametrize("status", [200, 400])
    async def test_usual_mistakes(self, name: str, method: str, status: int) -> None:
        for body in USUAL:
            await outcome(name, method, status, body)

    def test_anything(self, name: str, method: str) -> None:
        @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
        @given(BODIES.filter(is_json), st.sampled_from([200, 200, 200, 400, 500]))
        def check(body: Any, status: int) -> None:
            result = asyncio.run(outcome(name, method, status, body))
            if method == "publish" and status == 500:
                assert type(result) is InDoubt

        check()
