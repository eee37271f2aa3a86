"""Facebook Pages through the Graph API: text, link, one photo, several photos; prepared unseen or posted at once.

Sources: developers.facebook.com/docs/pages-api (posts, photos, published_posts), .../docs/graph-api/reference/page
and .../insights, v26.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

import httpx
import orjson
from pydantic import SecretStr

from platforms.answers import insight_values, moment, part, text
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
)
from platforms.errors import InDoubt, PlatformError, ReconnectNeeded, Refused, TryLater
from platforms.graph import Graph, OnUsage, on_behalf
from platforms.graph_access import check_by_facebook
from platforms.graph_errors import FACEBOOK_RULES, is_gone
from platforms.graph_metrics import FACEBOOK_ENGAGEMENT, FACEBOOK_INSIGHTS, facebook_metrics
from platforms.http import unclear

PublishMode = Literal["prepared", "direct"]

UNPUBLISHED_POST = "unpublished_post"
MISSING_POST = "missing_post"  # the unpublished post's id, once it could not be read back
PHOTO = "photo_{}"

NEEDED_PERMISSIONS = ("pages_manage_posts", "pages_read_engagement")

_LIST_FIELDS = "id,message,created_time,permalink_url,is_published,application"
_UNSEEN_FIELDS = "id,created_time,is_published,application,scheduled_publish_time"
_POSTS_A_BATCH = 50


class Facebook:
    """The Facebook twin of `platforms.base.Platform`. Accounts are Pages with their Page token."""

    name = "facebook"
    limits = Limits(max_characters=63_206, max_pictures=10)
    # Unpublished photos are deleted after about 24 hours.
    capabilities = Capabilities(
        prepares=True, leaves_orphans=True, handles_live_seconds=23 * 3600.0, metrics_batch=_POSTS_A_BATCH
    )

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        graph_url: str,
        graph_version: str,
        app_id: str | None,
        app_secret: SecretStr | None,
        mode: PublishMode = "prepared",
        timeout_seconds: float = 30.0,
        on_usage: OnUsage | None = None,
    ) -> None:
        """`mode` is how new posts are made; what was prepared is published by its id, whatever `mode` is by then."""
        self._graph = Graph(
            http,
            base_url=graph_url,
            version=graph_version,
            rules=FACEBOOK_RULES,
            app_secret=app_secret,
            timeout_seconds=timeout_seconds,
            on_usage=on_usage,
        )
        self._app_id = app_id
        self._app_secret = app_secret
        self._mode = mode
        self._retired: set[str] = set()

    @on_behalf
    async def prepare(self, account: Account, content: Content, handles: Handles, remember: Remember) -> Handles:
        """Upload the photos unseen and, in prepared mode, make the whole post unseen.

        Given handles are gone on with; what is gone by now is made again. A link is only sent without pictures, since
        a Facebook post shows one or the other.
        """
        if not content.text.strip() and not content.media_urls and not content.link:
            raise Refused("a Facebook post needs a text, a link or a picture")
        if len(content.media_urls) > self.limits.max_pictures:
            raise Refused(f"a Facebook post takes at most {self.limits.max_pictures} pictures")
        post_id = handles.get(UNPUBLISHED_POST)
        if post_id is not None:
            if await self._read(account, post_id, "id") is not None:
                return handles
            if handles.get(MISSING_POST) != post_id:
                # Published, but not shown yet? Publishing it once more by its id finds out and cannot double it.
                await remember(MISSING_POST, post_id)
                return {**handles, MISSING_POST: post_id}
            handles = {}  # not even that found it
        try:
            return await self._make(account, content, handles, remember)
        except PlatformError as error:
            reused = any(kind.startswith(PHOTO.format("")) for kind in handles)
            if not reused or not (error.code or "").startswith("100/"):
                raise
        # The photos are gone, or hang on an unseen post whose id was lost with the answer.
        return await self._make(account, content, {}, remember)

    @on_behalf
    async def publish(self, account: Account, content: Content, handles: Handles) -> Published:
        """Make it visible with one request. Raises TryLater when what it needs is not prepared, or is gone.

        The answer is not asked for more than the id: reading back needs another permission, and its refusal
        (code 283) would hide that the post is live.
        """
        post_id = handles.get(UNPUBLISHED_POST)
        photos = [handles.get(PHOTO.format(index)) for index in range(len(content.media_urls))]
        try:
            if post_id is not None:
                answer = await self._post(account, post_id, True, {"is_published": "true"})
                if answer.get("success", True) is not True:
                    raise InDoubt("Facebook neither confirmed nor refused the publication", code="unreadable")
                return Published(platform_post_id=post_id)
            if self._mode == "prepared" or (len(photos) > 1 and None in photos):
                raise TryLater("the post is not prepared yet", code="not_prepared")
            if len(photos) == 1:
                form = _photo_form(content, 0) | {"caption": content.text}
                answer = await self._post(account, f"{account.account_id}/photos", True, form)
                return Published(platform_post_id=_id_of(answer, True, key="post_id"))
            form = _feed_form(content, [photo for photo in photos if photo is not None])
            answer = await self._post(account, f"{account.account_id}/feed", True, form)
            return Published(platform_post_id=_id_of(answer, True))
        except Refused as refused:
            if post_id is not None and is_gone(refused):
                raise TryLater("the prepared post is gone and has to be made again", code=refused.code) from None
            raise await self._graph.blame(refused, account.account_id, account.access_token) from None

    @on_behalf
    async def look(self, account: Account, content: Content, handles: Handles, since: datetime) -> Look:
        """By the id of the prepared post where there is one and it can be read, else all posts of the Page.

        A prepared post that cannot be read says nothing certain (not shown yet? deleted?): then the list decides.
        """
        post_id = handles.get(UNPUBLISHED_POST)
        if post_id is not None:
            post = await self._read(account, post_id, _LIST_FIELDS)
            if post is not None and post.get("is_published") is True:
                return Look(certainty=Certainty.PUBLISHED, sightings=(self._sighting(post, since),))
            if post is not None and post.get("is_published") is False:
                return Look(certainty=Certainty.ABSENT)
        start = since.replace(microsecond=0)  # Facebook's times are whole seconds
        seen = [
            self._sighting(post, since)
            async for post in self._graph.listing(
                f"{account.account_id}/published_posts",
                account.access_token,
                fields=_LIST_FIELDS,
                since=int(start.timestamp()),
                limit=100,
            )
            if text(post.get("id")) and post.get("is_published") is not False
        ]
        ours = tuple(sighting for sighting in seen if sighting.platform_post_id == post_id)
        if ours:
            return Look(certainty=Certainty.PUBLISHED, sightings=ours)
        return Look(certainty=Certainty.COMPARE, sightings=oldest_first(s for s in seen if s.created_at >= start))

    @on_behalf
    async def follow(self, account: Account, platform_post_id: str) -> Published:
        """State, time and permalink of a post. Raises Refused when it was removed or hidden."""
        post = await self._read(account, platform_post_id, "id,is_published,created_time,permalink_url")
        if post is None:
            await self._graph.get(account.account_id, account.access_token, fields="id")  # raises when we lost access
            raise Refused("the post is no longer on Facebook", code="gone")
        if post.get("is_published") is False:
            raise Refused("the post is not visible on Facebook", code="unpublished")
        return Published(
            platform_post_id=platform_post_id,
            permalink=text(post.get("permalink_url")),
            published_at=moment(post.get("created_time")),
        )

    @on_behalf
    async def discard(self, account: Account, handles: Handles) -> None:
        """Delete the unseen post and photos. Raises InDoubt, deleting nothing, when the post is visible by now."""
        post_id = handles.get(UNPUBLISHED_POST)
        if post_id is not None:
            post = await self._read(account, post_id, "id,is_published")
            if post is not None and post.get("is_published") is not False:
                raise InDoubt("the post that should be thrown away is already visible", code="published")
        for object_id in handles.values():
            try:
                await self._graph.delete(object_id, account.access_token)
            except Refused as refused:
                if not (refused.code or "").startswith("100"):
                    raise

    @on_behalf
    async def unseen(self, account: Account) -> Sequence[Unseen]:
        """Unpublished posts of our own app that no clock at Facebook will publish (a Page's `feed` lists them too).

        Unseen photos are left out: Facebook deletes them after 24 hours. Nothing is ours without META_APP_ID.
        """
        if not self._app_id:
            return ()
        found: list[Unseen] = []
        async for post in self._graph.listing(
            f"{account.account_id}/feed", account.access_token, fields=_UNSEEN_FIELDS, limit=100
        ):
            made_by = text(part(post.get("application")).get("id"))
            created_at = moment(post.get("created_time"))
            unseen = post.get("is_published") is False and not post.get("scheduled_publish_time")
            if unseen and made_by == self._app_id and created_at and (post_id := text(post.get("id"))):
                found.append(Unseen(handles={UNPUBLISHED_POST: post_id}, created_at=created_at))
        return found

    @on_behalf
    async def refresh(self, account: Account, refresh_token: SecretStr | None, now: datetime) -> Tokens:
        """A new Page token from the long-lived user token, which is what we keep as `refresh_token`.

        `expires_at` is the user token's end: the Page token has none, but cannot be renewed after it.
        """
        if refresh_token is None:
            raise ReconnectNeeded("there is no user token to renew the Page's with", code="no_refresh_token")
        user_token, ends = await self._graph.long_lived(refresh_token, self._app_id, self._app_secret, now)
        try:
            page = await self._graph.get(account.account_id, user_token, fields="access_token")
        except Refused as refused:
            raise ReconnectNeeded(f"the Page is not open to this user: {refused.message}", code=refused.code) from None
        page_token = text(page.get("access_token"))
        if page_token is None:
            raise ReconnectNeeded("Facebook gives no token for this Page: the owner has no role on it any more")
        return Tokens(access_token=SecretStr(page_token), refresh_token=user_token, expires_at=ends)

    @on_behalf
    async def check(self, account: Account) -> Standing:
        """Asked of Facebook (debug_token): a Page's token has no end, but dies with a password, a role or the app."""
        return await check_by_facebook(self._graph, account, self._app_id, self._app_secret, NEEDED_PERMISSIONS)

    @on_behalf
    async def metrics(self, account: Account, platform_post_ids: Sequence[str]) -> Mapping[str, PostMetrics]:
        """Numbers per post, 50 posts a request: `impressions` are views, `reach` unique viewers, `likes` all reactions.

        Insights may be missing (a Page with fewer than 100 followers): then only the other three are told.
        """
        found: dict[str, PostMetrics] = {}
        for start in range(0, len(platform_post_ids), _POSTS_A_BATCH):
            ids = platform_post_ids[start : start + _POSTS_A_BATCH]
            posts = await self._batch(
                account, {post_id: f"{post_id}?fields=id,{FACEBOOK_ENGAGEMENT}" for post_id in ids}
            )
            known = [post_id for post_id, post in posts.items() if isinstance(post, dict)]
            insights = await self._insights(account, known)
            for post_id, post in posts.items():
                if isinstance(post, dict):
                    found[post_id] = facebook_metrics(post, insights.get(post_id, {}))
        return found

    async def location_metrics(self, account: Account, first: date, last: date) -> Sequence[LocationDay]:
        """None: a Page is not a location."""
        return ()

    async def quota(self, account: Account) -> Quota:
        """Facebook tells no number of posts; its call budgets come as usage headers."""
        return Quota()

    async def _make(self, account: Account, content: Content, handles: Handles, remember: Remember) -> dict[str, str]:
        made: dict[str, str] = {}
        try:
            if self._mode == "prepared" or len(content.media_urls) > 1:
                for index in range(len(content.media_urls)):
                    kind = PHOTO.format(index)
                    made[kind] = await self._photo(account, content, index, handles.get(kind), remember)
            if self._mode == "prepared":
                form = _feed_form(content, list(made.values())) | {"published": "false"}
                answer = await self._post(account, f"{account.account_id}/feed", False, form)
                made[UNPUBLISHED_POST] = _id_of(answer, False)
                await remember(UNPUBLISHED_POST, made[UNPUBLISHED_POST])
        except Refused as refused:
            raise await self._graph.blame(refused, account.account_id, account.access_token) from None
        return made

    async def _photo(
        self, account: Account, content: Content, index: int, known: str | None, remember: Remember
    ) -> str:
        if known is not None and await self._read(account, known, "id") is not None:
            return known
        form = _photo_form(content, index) | {"published": "false"}
        photo_id = _id_of(await self._post(account, f"{account.account_id}/photos", False, form), False)
        await remember(PHOTO.format(index), photo_id)
        return photo_id

    async def _post(self, account: Account, path: str, makes_visible: bool, form: dict[str, str]) -> dict[str, Any]:
        return await self._graph.post(path, account.access_token, makes_visible=makes_visible, **form)

    async def _read(self, account: Account, object_id: str, fields: str) -> dict[str, Any] | None:
        """The object, or None when it does not exist (or not for us)."""
        try:
            return await self._graph.get(object_id, account.access_token, fields=fields)
        except Refused as refused:
            if is_gone(refused):
                return None
            raise

    def _sighting(self, post: Mapping[str, Any], since: datetime) -> Sighting:
        made_by = text(part(post.get("application")).get("id"))
        return Sighting(
            platform_post_id=str(post["id"]),
            text=text(post.get("message")) or "",
            created_at=moment(post.get("created_time")) or since,
            permalink=text(post.get("permalink_url")),
            ours=made_by == self._app_id if made_by and self._app_id else None,
        )

    async def _batch(self, account: Account, urls: Mapping[str, str]) -> dict[str, dict[str, Any] | Refused]:
        """One batch by key. An item that is not finished is asked for once more; what is not about the single post
        (token, rate limit, server trouble) is raised."""
        answers: dict[str, dict[str, Any] | Refused] = {}
        for _ in range(2):
            missing = [key for key in urls if key not in answers]
            if not missing:
                break
            batch = await self._graph.batch(account.access_token, [urls[key] for key in missing])
            for key, answer in zip(missing, batch, strict=True):
                if isinstance(answer, dict | Refused):
                    answers[key] = answer
                elif isinstance(answer, PlatformError):
                    raise answer
        if len(answers) < len(urls):
            raise TryLater("Facebook did not finish a batch of reads", code="unfinished")
        return answers

    async def _insights(self, account: Account, ids: Sequence[str]) -> dict[str, dict[str, int]]:
        """Insight values per post. One metric that Facebook has retired fails a whole request: it is found out by
        asking for each alone, and not asked for again."""
        names = [name for name in FACEBOOK_INSIGHTS if name not in self._retired]
        if not names or not ids:
            return {}
        try:
            answers = await self._batch(account, {i: f"{i}/insights?metric={','.join(names)}" for i in ids})
            refused = [post_id for post_id, answer in answers.items() if isinstance(answer, Refused)]
            if refused and len(names) > 1:
                alone = await self._batch(account, {name: f"{refused[0]}/insights?metric={name}" for name in names})
                retired = {name for name, answer in alone.items() if isinstance(answer, Refused)}
                if 0 < len(retired) < len(names):  # all of them: then it is the post that has no insights
                    self._retired |= retired
                    return await self._insights(account, ids)
        except ReconnectNeeded:
            return {}  # read_insights was not granted: the other numbers are still good
        return {post_id: insight_values(answer) for post_id, answer in answers.items() if isinstance(answer, dict)}


def _photo_form(content: Content, index: int) -> dict[str, str]:
    alt_text = content.alt_texts[index] if index < len(content.alt_texts) else ""
    return {"url": content.media_urls[index]} | ({"alt_text_custom": alt_text} if alt_text else {})


def _feed_form(content: Content, photos: Sequence[str]) -> dict[str, str]:
    form = {f"attached_media[{i}]": orjson.dumps({"media_fbid": photo}).decode() for i, photo in enumerate(photos)}
    if content.text:
        form["message"] = content.text
    if content.link and not photos:
        form["link"] = content.link
    return form


def _id_of(answer: Mapping[str, Any], makes_visible: bool, key: str = "id") -> str:
    value = text(answer.get(key))
    if value is None:
        raise unclear(makes_visible)(f"Facebook took the request but told no {key}", code="unreadable")
    return value
