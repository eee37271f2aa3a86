"""Google Business Profile: localPosts (v4.9), tokens, and the daily numbers of a location.

Google posts cannot be prepared unseen, have no idempotency key and no numbers of their own; a create whose answer was
lost is found again by listing. Sources: developers.google.com/my-business (localPosts reference of 2026-09-11),
discovery document businessprofileperformance v1 of 2026-10-26, developers.google.com/identity (OAuth 2.0).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import httpx
from pydantic import SecretStr

from platforms.answers import end_of_life, moment, rows, text, word
from platforms.base import (
    ANALYTICS,
    PUBLISHING,
    Account,
    Capabilities,
    Certainty,
    Content,
    Handles,
    Limits,
    LocationDay,
    Look,
    Pace,
    PostMetrics,
    Published,
    Quota,
    Remember,
    Sighting,
    Standing,
    Tokens,
    Unseen,
    oldest_first,
)
from platforms.errors import OperatorNeeded, ReconnectNeeded, Refused, TryLater
from platforms.google_causes import told
from platforms.google_errors import classify, classify_token, names_a_field
from platforms.google_posts import MAX_PICTURES, local_post
from platforms.http import call, json_object, unclear, unreadable

DAILY_METRICS = (
    "BUSINESS_IMPRESSIONS_DESKTOP_MAPS",
    "BUSINESS_IMPRESSIONS_DESKTOP_SEARCH",
    "BUSINESS_IMPRESSIONS_MOBILE_MAPS",
    "BUSINESS_IMPRESSIONS_MOBILE_SEARCH",
    "BUSINESS_DIRECTION_REQUESTS",
    "CALL_CLICKS",
    "WEBSITE_CLICKS",
    "MESSAGING_CLICKS",
    "BUSINESS_BOOKINGS",
    "BUSINESS_FOOD_MENU_CLICKS",
)
_PAGE = 100
_MAX_PAGES = 200


class GoogleBusiness:
    """The Google twin of `platforms.base.Platform`. Account ids are `accounts/{a}/locations/{l}`."""

    name = "google"
    # 1,500: third parties only, nothing official
    limits = Limits(max_characters=1500, phone_numbers_allowed=False, max_pictures=MAX_PICTURES)
    capabilities = Capabilities(per_post_metrics=False, location_metrics=True)

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        posts_url: str,
        token_url: str,
        performance_url: str,
        client_id: str | None,
        client_secret: SecretStr | None,
        language: str = "en",
        timeout_seconds: float = 30.0,
        pace: Pace | None = None,
    ) -> None:
        """The URLs are scheme and host of the three services; `language` is the posts' BCP-47 code.

        `pace` is asked before every call but those for tokens, which the project's quota does not count.
        """
        self._http = http
        self._posts = f"{posts_url.rstrip('/')}/v4"
        self._token_url = token_url.rstrip("/")
        self._performance = f"{performance_url.rstrip('/')}/v1"
        self._client_id = client_id
        self._client_secret = client_secret
        self._language = language
        self._timeout = timeout_seconds
        self._pace = pace

    async def prepare(self, account: Account, content: Content, handles: Handles, remember: Remember) -> Handles:
        """Nothing can be made ahead here; content that Google cannot take is refused before its time."""
        local_post(content, language=self._language)
        return handles

    async def publish(self, account: Account, content: Content, handles: Handles) -> Published:
        """Create a post: STANDARD, EVENT or OFFER. Its state may be PROCESSING: then `follow` it until it is LIVE.

        Raises Refused, with what probably caused it, also where Google names no field.
        """
        body = local_post(content, language=self._language)
        answer = await self._call(account, "POST", f"{self._posts}/{account.account_id}/localPosts", True, json=body)
        if text(answer.get("name")) is None:
            raise unclear(True)("Google took the post but told no name", code="unreadable")
        return self._published(answer, sent=body)

    async def look(self, account: Account, content: Content, handles: Handles, since: datetime) -> Look:
        """All posts of the location since `since`, in every state. Google does not say which app made a post."""
        start = since.replace(microsecond=0)  # in case Google's times are whole seconds
        seen: list[Sighting] = []
        page_token = ""
        for _ in range(_MAX_PAGES):
            params: dict[str, Any] = {"pageSize": _PAGE} | ({"pageToken": page_token} if page_token else {})
            url = f"{self._posts}/{account.account_id}/localPosts"
            answer = await self._call(account, "GET", url, False, params=params)
            posts = [self._sighting(post, since) for post in rows(answer.get("localPosts")) if text(post.get("name"))]
            recent = [post for post in posts if post.created_at >= start]
            seen += recent
            page_token = text(answer.get("nextPageToken")) or ""
            # Newest first, it seems; nothing says so, hence a page without any recent post before we stop.
            if not page_token or (posts and not recent):
                return Look(certainty=Certainty.COMPARE, sightings=oldest_first(seen))
        raise TryLater("the list of posts does not end", code="unreadable")

    async def follow(self, account: Account, platform_post_id: str) -> Published:
        """State and link of a post. Raises Refused, with what probably caused it, when Google rejected it."""
        try:
            return self._published(await self._call(account, "GET", f"{self._posts}/{platform_post_id}", False))
        except ReconnectNeeded as error:
            if error.http_status != 404:
                raise
        list_url = f"{self._posts}/{account.account_id}/localPosts"
        await self._call(account, "GET", list_url, False, params={"pageSize": 1})  # raises when the location is gone
        raise Refused("the post is no longer on Google", code="gone")

    async def discard(self, account: Account, handles: Handles) -> None:
        """Nothing to do: nothing was prepared."""

    async def unseen(self, account: Account) -> Sequence[Unseen]:
        """Nothing: nothing can be made unseen here."""
        return ()

    async def refresh(self, account: Account, refresh_token: SecretStr | None, now: datetime) -> Tokens:
        """A fresh access token, good for about an hour. Google rarely sends a new refresh token: keep the old one."""
        if refresh_token is None:
            raise ReconnectNeeded("there is no refresh token for this location", code="no_refresh_token")
        if self._client_secret is None or not self._client_id:
            raise OperatorNeeded("GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET are not set, so tokens cannot be renewed")
        response = await call(
            self._http,
            "POST",
            f"{self._token_url}/token",
            makes_visible=False,
            data={
                "grant_type": "refresh_token",
                "client_id": self._client_id,
                "client_secret": self._client_secret.get_secret_value(),
                "refresh_token": refresh_token.get_secret_value(),
            },
            timeout_seconds=self._timeout,
        )
        if not response.is_success:
            raise classify_token(response, secrets=(refresh_token, self._client_secret, account.access_token))
        answer = json_object(response) or {}
        token, renewed = text(answer.get("access_token")), text(answer.get("refresh_token"))
        ends = end_of_life(now, answer.get("expires_in"))
        if token is None or ends is None:
            raise unreadable(response, makes_visible=False)
        return Tokens(
            access_token=SecretStr(token),
            refresh_token=SecretStr(renewed) if renewed else None,
            expires_at=ends,
        )

    async def check(self, account: Account) -> Standing:
        """One post of the location is read: shows that the token lives and the role is there. As with numbers, a fifth
        of the project's quota is left to posts."""
        url = f"{self._posts}/{account.account_id}/localPosts"
        await self._call(account, "GET", url, False, params={"pageSize": 1}, purpose=ANALYTICS)
        return Standing()

    async def metrics(self, account: Account, platform_post_ids: Sequence[str]) -> Mapping[str, PostMetrics]:
        """Empty: Google stopped numbers per post on 2023-02-20."""
        return {}

    async def location_metrics(self, account: Account, first: date, last: date) -> Sequence[LocationDay]:
        """The location's numbers by day and metric. Google leaves a value of 0 out; the last days come late, so read
        the last ten again each night."""
        location = account.account_id[account.account_id.index("locations/") :]
        params: dict[str, Any] = {"dailyMetrics": DAILY_METRICS}
        for name, day in (("startDate", first), ("endDate", last)):
            params |= {f"dailyRange.{name}.{part}": getattr(day, part) for part in ("year", "month", "day")}
        url = f"{self._performance}/{location}:fetchMultiDailyMetricsTimeSeries"
        answer = await self._call(account, "GET", url, False, params=params, purpose=ANALYTICS)
        try:
            return [
                LocationDay(
                    day=date(*(dated["date"][part] for part in ("year", "month", "day"))),
                    metric=str(series.get("dailyMetric")),
                    value=int(dated.get("value") or 0),
                )
                for group in answer.get("multiDailyMetricTimeSeries") or ()
                for series in group.get("dailyMetricTimeSeries") or ()
                for dated in (series.get("timeSeries") or {}).get("datedValues") or ()
            ]
        except (KeyError, TypeError, ValueError, AttributeError):
            raise TryLater("Google's daily numbers came in an unknown form", code="unreadable") from None

    async def quota(self, account: Account) -> Quota:
        """Google has a quota of calls a minute for the whole project, none of posts."""
        return Quota()

    async def _call(
        self,
        account: Account,
        method: str,
        url: str,
        makes_visible: bool,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        purpose: str = PUBLISHING,
    ) -> dict[str, Any]:
        if self._pace is not None:
            await self._pace(purpose)
        response = await call(
            self._http,
            method,
            url,
            makes_visible=makes_visible,
            params=params,
            json=json,
            headers={"authorization": f"Bearer {account.access_token.get_secret_value()}"},
            timeout_seconds=self._timeout,
        )
        if not response.is_success:
            error = classify(response, makes_visible=makes_visible, secrets=(account.access_token,))
            if makes_visible and isinstance(error, Refused) and not names_a_field(response):
                error = Refused(
                    f"{error.message.rstrip('.')}. {told(json)}", http_status=error.http_status, code=error.code
                )
            raise error
        body = json_object(response)
        if body is None:
            raise unreadable(response, makes_visible)
        return body

    def _published(self, post: Mapping[str, Any], sent: Mapping[str, Any] | None = None) -> Published:
        state = _state(post)
        if state == "REJECTED":
            raise Refused(f"Google rejected the post. {told(sent or post)}", code="REJECTED")
        return Published(
            platform_post_id=str(post.get("name")),
            permalink=text(post.get("searchUrl")),
            state=state,
            published_at=moment(post.get("createTime")),
        )

    def _sighting(self, post: Mapping[str, Any], since: datetime) -> Sighting:
        return Sighting(
            platform_post_id=str(post["name"]),
            text=str(post.get("summary") or ""),
            created_at=moment(post.get("createTime")) or since,
            permalink=text(post.get("searchUrl")),
            state=_state(post),
        )


def _state(post: Mapping[str, Any]) -> str:
    """Google's word; no word means that it has not decided yet."""
    state = word(post.get("state"))
    return "PROCESSING" if state in (None, "LOCAL_POST_STATE_UNSPECIFIED") else str(state)
