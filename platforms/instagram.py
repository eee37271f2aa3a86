"""Instagram publishing through both of its logins: containers made ahead, polled until FINISHED, then published.

The container is the safe point: its `status_code` tells for certain whether a publication happened.
Sources: developers.facebook.com/docs/instagram-platform (content publishing, error codes of 2026-06-02), v26.0.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import httpx
from pydantic import SecretStr

from platforms.answers import count, moment, part, rows, text, word
from platforms.base import (
    Account,
    Capabilities,
    Certainty,
    Content,
    Handles,
    Limits,
    LocationDay,
    Look,
    PostMetrics,
    Published,
    Quota,
    Remember,
    Sighting,
    Standing,
    Tokens,
    Unseen,
    oldest_first,
    same_text,
)
from platforms.errors import InDoubt, PlatformError, ReconnectNeeded, Refused, TryLater
from platforms.graph import Graph, OnUsage, on_behalf, token_and_end
from platforms.graph_access import check_by_facebook
from platforms.graph_errors import HOUR, INSTAGRAM_RULES, NEW_CONTAINER, is_gone, subcode_in
from platforms.graph_metrics import MEDIA_INSIGHTS, instagram_metrics
from platforms.http import redact, unclear

NEEDED_PERMISSIONS = ("instagram_basic", "instagram_content_publish")  # with Facebook Login

CONTAINER = "container"
CHILD = "child_{}"
MAX_PICTURES = 10
TOKEN_DAYS = 60
MINIMUM_TOKEN_AGE = 24 * HOUR

_BY_SUBCODE = {subcode: rule for (_, subcode), rule in INSTAGRAM_RULES.items() if subcode is not None}

_LIST_FIELDS = "id,caption,timestamp,permalink"
_PAGE = 25
_AT_ONCE = 4


def poll_pauses(limit_seconds: float) -> Iterable[float]:
    """Pauses between looks at a container: an image is usually ready at once, so short first, then up to 15 s."""
    pause, waited = 0.25, 0.0
    while waited < limit_seconds:
        pause = min(pause, 15.0, limit_seconds - waited)
        yield pause
        waited += pause
        pause *= 2


class Instagram:
    """The Instagram twin of `platforms.base.Platform`. `Account.login` chooses the host: "facebook" or "instagram"."""

    name = "instagram"
    # Containers live 24 hours.
    capabilities = Capabilities(prepares=True, handles_live_seconds=23 * HOUR, metrics_batch=25, publishing_quota=True)

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        instagram_graph_url: str,
        facebook_graph_url: str,
        graph_version: str,
        app_id: str | None,
        app_secret: SecretStr | None,
        max_hashtags: int = 5,
        container_wait_seconds: float = 30.0,
        timeout_seconds: float = 30.0,
        on_usage: OnUsage | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`app_id` and `app_secret` are Meta's, for accounts that came through Facebook Login.

        `container_wait_seconds` bounds how long one `prepare` waits; a later one goes on with the same container.
        """
        self.limits = Limits(
            max_characters=2200,
            max_hashtags=max_hashtags,
            max_mentions=20,
            needs_picture=True,
            max_pictures=MAX_PICTURES,
        )

        def graph(base_url: str, secret: SecretStr | None, app_scope: str) -> Graph:
            return Graph(
                http,
                base_url=base_url,
                version=graph_version,
                rules=INSTAGRAM_RULES,
                app_secret=secret,
                timeout_seconds=timeout_seconds,
                on_usage=on_usage,
                app_scope=app_scope,
            )

        self._by_facebook_login = graph(facebook_graph_url, app_secret, "app")
        self._by_instagram_login = graph(instagram_graph_url, None, "instagram_app")  # knows no appsecret_proof
        self._app_id = app_id
        self._app_secret = app_secret
        self._container_wait = container_wait_seconds
        self._sleep = sleep

    @on_behalf
    async def prepare(self, account: Account, content: Content, handles: Handles, remember: Remember) -> Handles:
        """Make the container (of several pictures: one each, then the carousel) and wait until it is FINISHED.

        A given container is gone on with, and made anew when it expired or failed. Raises TryLater while Instagram is
        still at it: call again with the remembered handles.
        """
        if not content.media_urls:
            raise Refused("an Instagram post needs a picture", code="no_picture")
        if len(content.media_urls) > MAX_PICTURES:
            raise Refused(f"an Instagram post takes at most {MAX_PICTURES} pictures", code="too_many_pictures")
        made = dict(handles)
        container = made.get(CONTAINER)
        if container is not None:
            status, _ = await self._status(account, container)
            if status in ("FINISHED", "PUBLISHED"):
                return made
            if status == "IN_PROGRESS":
                await self._until_finished(account, container)
                return made
            made = {}
        try:
            if len(content.media_urls) == 1:
                form = {"image_url": content.media_urls[0], "caption": content.text, **_alt_text(content, 0)}
            else:
                children = await self._children(account, content, made, remember)
                form = {"media_type": "CAROUSEL", "children": ",".join(children), "caption": content.text}
            made[CONTAINER] = await self._create(account, CONTAINER, form, remember)
            await self._until_finished(account, made[CONTAINER])
        except Refused as refused:
            graph = self._graph(account)
            raise await graph.blame(refused, account.account_id, account.access_token) from None
        return made

    @on_behalf
    async def publish(self, account: Account, content: Content, handles: Handles) -> Published:
        """Publish the container with one request. Raises TryLater when there is none, or it is not ready."""
        container = handles.get(CONTAINER)
        if container is None:
            raise TryLater("the post is not prepared yet", code="not_prepared")
        graph = self._graph(account)
        try:
            answer = await graph.post(
                f"{account.account_id}/media_publish", account.access_token, makes_visible=True, creation_id=container
            )
        except Refused as refused:
            if is_gone(refused):
                raise InDoubt(f"the container is not there: {refused.message}", code=refused.code) from None
            raise await graph.blame(refused, account.account_id, account.access_token) from None
        return Published(platform_post_id=_id_of(answer, makes_visible=True))

    @on_behalf
    async def look(self, account: Account, content: Content, handles: Handles, since: datetime) -> Look:
        """By the container's status where we hold one. PUBLISHED: all media with this caption, the oldest first, as
        the container does not name its medium; the caller leaves out ids that belong to another post.

        Raises InDoubt when it is published but not listed yet: look again.
        """
        container = handles.get(CONTAINER)
        status = (await self._status(account, container))[0] if container is not None else "GONE"
        if status in ("FINISHED", "IN_PROGRESS", "EXPIRED", "ERROR"):
            return Look(certainty=Certainty.ABSENT)
        start = since.replace(microsecond=0)  # Instagram's times are whole seconds
        seen: list[Sighting] = []
        older = 0
        async for medium in self._graph(account).listing(
            f"{account.account_id}/media",
            account.access_token,
            fields=_LIST_FIELDS,
            since=int(start.timestamp()),
            limit=_PAGE,
        ):
            sighting = _sighting(medium, since)
            if sighting.created_at >= start:
                seen.append(sighting)
                continue
            older += 1
            if older >= _PAGE:  # newest first; one that is out of order must not hide the rest
                break
        if status == "GONE":
            return Look(certainty=Certainty.COMPARE, sightings=oldest_first(seen))
        if status != "PUBLISHED":
            raise InDoubt(f"the container is in an unknown state: {status}", code="unreadable")
        ours = oldest_first(sighting for sighting in seen if same_text(content.text, sighting.text))
        if not ours:
            raise InDoubt("Instagram has published it, but does not list it yet", code="not_listed")
        return Look(certainty=Certainty.PUBLISHED, sightings=ours)

    @on_behalf
    async def follow(self, account: Account, platform_post_id: str) -> Published:
        """Time and permalink of a post. Raises Refused when it was removed."""
        graph = self._graph(account)
        try:
            medium = await graph.get(platform_post_id, account.access_token, fields="id,permalink,timestamp")
        except PlatformError as error:
            if not is_gone(error):
                raise
            await graph.get(account.account_id, account.access_token, fields="id")  # raises when we lost access
            raise Refused("the post is no longer on Instagram", code="gone") from None
        return Published(
            platform_post_id=platform_post_id,
            permalink=text(medium.get("permalink")),
            published_at=moment(medium.get("timestamp")),
        )

    async def discard(self, account: Account, handles: Handles) -> None:
        """Nothing to do: containers cannot be deleted; unpublished they vanish after 24 hours, never seen."""

    async def unseen(self, account: Account) -> Sequence[Unseen]:
        """Nothing: unpublished containers vanish after 24 hours."""
        return ()

    @on_behalf
    async def refresh(self, account: Account, refresh_token: SecretStr | None, now: datetime) -> Tokens:
        """Instagram Login: 60 more days for the token itself, which must be 24 hours old and alive. Raises TryLater
        for a younger one: keep it, it is good for weeks.

        Facebook Login: the Page's token, from the long-lived user token that we keep as `refresh_token`.
        """
        if account.login == "facebook":
            return await self._refresh_by_facebook(account, refresh_token, now)
        try:
            answer = await self._by_instagram_login.get(
                "/refresh_access_token", None, grant_type="ig_refresh_token", access_token=account.access_token
            )
        except Refused as refused:
            raise TryLater(
                f"Instagram does not renew this token yet: {refused.message}",
                http_status=refused.http_status,
                code=refused.code,
                retry_after=MINIMUM_TOKEN_AGE,
                trace_id=refused.trace_id,
            ) from None
        token, ends = token_and_end(answer, now, TOKEN_DAYS)
        return Tokens(access_token=token, expires_at=ends)

    @on_behalf
    async def check(self, account: Account) -> Standing:
        """Facebook Login: asked of Facebook (debug_token). Instagram Login has no such call: the account is read."""
        if account.login == "facebook":
            graph = self._by_facebook_login
            return await check_by_facebook(graph, account, self._app_id, self._app_secret, NEEDED_PERMISSIONS)
        await self._by_instagram_login.reach(account.account_id, account.access_token)
        return Standing()

    @on_behalf
    async def metrics(self, account: Account, platform_post_ids: Sequence[str]) -> Mapping[str, PostMetrics]:
        """Numbers per post, one request each (there is no batch for Instagram Login), a few at once.

        A post without numbers yet (Instagram takes up to 48 hours, and needs some viewers) is absent.
        """
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(media_id: str) -> tuple[str, PostMetrics | None]:
            async with gate:
                return media_id, await self._insights(account, media_id)

        answers = await asyncio.gather(*(one(media_id) for media_id in platform_post_ids))
        return {media_id: numbers for media_id, numbers in answers if numbers is not None}

    async def location_metrics(self, account: Account, first: date, last: date) -> Sequence[LocationDay]:
        """None: an Instagram account is not a location."""
        return ()

    @on_behalf
    async def quota(self, account: Account) -> Quota:
        """Posts used of those allowed in a moving window; Meta's pages disagree on 50 or 100, so it is asked."""
        answer = await self._graph(account).get(
            f"{account.account_id}/content_publishing_limit", account.access_token, fields="quota_usage,config"
        )
        entry = next(iter(rows(answer.get("data"))), {})
        config = part(entry.get("config"))
        return Quota(
            used=count(entry.get("quota_usage")),
            total=count(config.get("quota_total")),
            window_seconds=count(config.get("quota_duration")),
        )

    def _graph(self, account: Account) -> Graph:
        return self._by_facebook_login if account.login == "facebook" else self._by_instagram_login

    async def _create(self, account: Account, kind: str, form: Mapping[str, str], remember: Remember) -> str:
        answer = await self._graph(account).post(
            f"{account.account_id}/media", account.access_token, makes_visible=False, **form
        )
        container = _id_of(answer, makes_visible=False)
        await remember(kind, container)
        return container

    async def _children(
        self, account: Account, content: Content, made: dict[str, str], remember: Remember
    ) -> Sequence[str]:
        children: list[str] = []
        for index, url in enumerate(content.media_urls):
            kind = CHILD.format(index)
            known = made.get(kind)
            if known is not None and (await self._status(account, known))[0] not in ("FINISHED", "IN_PROGRESS"):
                known = None
            if known is None:
                form = {"image_url": url, "is_carousel_item": "true", **_alt_text(content, index)}
                known = await self._create(account, kind, form, remember)
            made[kind] = known
            children.append(known)
        for child in children:
            await self._until_finished(account, child)
        return children

    async def _status(self, account: Account, container: str) -> tuple[str, str]:
        """A container's `status_code` and `status`; "GONE" when it is not there."""
        try:
            answer = await self._graph(account).get(container, account.access_token, fields="status_code,status")
        except PlatformError as error:
            if is_gone(error) or error.code == "24/2207008":
                return "GONE", ""
            raise
        words = redact(text(answer.get("status")) or "no reason given", (account.access_token,))
        return word(answer.get("status_code")) or "UNKNOWN", words

    async def _until_finished(self, account: Account, container: str) -> None:
        for pause in (0.0, *poll_pauses(self._container_wait)):
            if pause:
                await self._sleep(pause)
            status, words = await self._status(account, container)
            if status in ("FINISHED", "PUBLISHED"):
                return
            if status != "IN_PROGRESS":
                subcode = subcode_in(words)
                rule = _BY_SUBCODE.get(subcode, NEW_CONTAINER) if subcode is not None else NEW_CONTAINER
                code = f"{status}/{subcode}" if subcode else status
                raise rule.error(
                    f"Instagram could not use the picture: {words}. {rule.advice}".strip(),
                    code=code,
                    retry_after=rule.wait,
                )
        raise TryLater("Instagram is still working on the picture", code="IN_PROGRESS", retry_after=15.0)

    async def _insights(self, account: Account, media_id: str) -> PostMetrics | None:
        try:
            answer = await self._graph(account).get(f"{media_id}/insights", account.access_token, metric=MEDIA_INSIGHTS)
        except PlatformError as error:
            if isinstance(error, Refused) or is_gone(error) or error.code == "10":  # 10: also "not enough viewers"
                return None
            raise
        return instagram_metrics(answer)

    async def _refresh_by_facebook(self, account: Account, refresh_token: SecretStr | None, now: datetime) -> Tokens:
        graph = self._by_facebook_login
        if refresh_token is None:
            raise ReconnectNeeded("there is no user token to renew the Page's with", code="no_refresh_token")
        user_token, ends = await graph.long_lived(refresh_token, self._app_id, self._app_secret, now)
        fields = "id,access_token,instagram_business_account"
        async for page in graph.listing("me/accounts", user_token, fields=fields, limit=100):
            linked, token = part(page.get("instagram_business_account")), text(page.get("access_token"))
            if linked.get("id") == account.account_id and token is not None:
                return Tokens(access_token=SecretStr(token), refresh_token=user_token, expires_at=ends)
        raise ReconnectNeeded("no Page of this user is linked with the Instagram account any more")


def _alt_text(content: Content, index: int) -> dict[str, str]:
    alt_text = content.alt_texts[index] if index < len(content.alt_texts) else ""
    return {"alt_text": alt_text[:1000]} if alt_text else {}


def _id_of(answer: Mapping[str, Any], makes_visible: bool) -> str:
    value = text(answer.get("id"))
    if value is None:
        raise unclear(makes_visible)("Instagram took the request but told no id", code="unreadable")
    return value


def _sighting(medium: Mapping[str, Any], since: datetime) -> Sighting:
    return Sighting(
        platform_post_id=str(medium.get("id")),
        text=str(medium.get("caption") or ""),
        created_at=moment(medium.get("timestamp")) or since,
        permalink=text(medium.get("permalink")),
    )
