"""Facebook Pages: publishing, editing and reading posts, after apis/facebook_pages.md.

Nodes that belong to Instagram are handed to the Instagram twin, as on the real graph.facebook.com.
Ids: a post is `{page}_{number}`, an unpublished photo a number of its own.
"""

from __future__ import annotations

from typing import Any

import orjson

from platforms.sandbox.exchange import Answer, Call, Operation, Refused
from platforms.sandbox.facebook_reading import FacebookReading
from platforms.sandbox.facebook_tokens import FacebookTokens
from platforms.sandbox.instagram import Instagram
from platforms.sandbox.meta import (
    error,
    metered,
    missing_object,
    need_scope,
    parse_time,
    refuse,
    select,
    token_of,
    versioned,
    wanted_fields,
)
from platforms.sandbox.pictures import is_web_address, own_picture
from platforms.sandbox.state import DAY, Account, Photo, Post, Token, World, normalise

MAX_MESSAGE = 63_206
MAX_PHOTO_BYTES = 10_000_000
PHOTO_FORMATS = frozenset(("JPEG", "PNG", "GIF", "BMP", "TIFF"))
MAX_BATCH = 50


class Facebook:
    """graph.facebook.com."""

    def __init__(self, world: World, instagram: Instagram) -> None:
        self._world = world
        self._instagram = instagram
        self._tokens = FacebookTokens(world)
        self._reading = FacebookReading(world, self._tokens)

    def resolve(self, call: Call) -> Operation:
        """Which Graph API method."""
        path = versioned(call)
        match (call.method, *path):
            case ("POST",) if "batch" in call.body:
                return Operation("facebook", "batch", None, lambda: self._batch(call))
            case (_, "oauth", "access_token"):
                return Operation("facebook", "token", None, lambda: self._tokens.access_token(call))
            case ("GET", "debug_token"):
                return Operation("facebook", "debug_token", None, lambda: self._tokens.debug(call))
            case ("DELETE", "me", "permissions"):
                return Operation("facebook", "revoke", None, lambda: self._tokens.revoke(call))
            case ("GET", "me", "accounts"):
                return Operation("facebook", "accounts", None, lambda: self._tokens.accounts(call))
        if not path:
            raise refuse(2500, "Unknown path components: /")
        node = self._me(call) if path[0] == "me" else path[0]
        if self._instagram.owns(node):
            return self._instagram.resolve_node(call, (node, *path[1:]), through_facebook=True)
        page = self._page_of(node)
        match (call.method, *path[1:]):
            case ("POST", "feed"):
                name = "create" if _is_true(call.first("published"), default=True) else "prepare"
                return Operation("facebook", name, page, lambda: self._feed(call, node))
            case ("POST", "photos"):
                name = "create" if _is_true(call.first("published"), default=True) else "prepare"
                return Operation("facebook", name, page, lambda: self._photos(call, node))
            case ("POST",):
                name = "publish" if call.first("is_published") is not None else "update"
                return Operation("facebook", name, page, lambda: self._update(call, node))
            case ("DELETE",):
                return Operation("facebook", "delete", page, lambda: self._delete(call, node))
            case ("GET", *rest) if len(rest) <= 1:
                return self._reading.resolve(call, node, page, rest[0] if rest else "")
        raise refuse(2500, f"Unknown path components: /{'/'.join(path[1:])}")

    def _me(self, call: Call) -> str:
        token = self._world.tokens.get(call.text("access_token") or call.bearer)
        return token.account_ids[0] if token and token.kind == "page" and token.account_ids else "me"

    def _page_of(self, node: str) -> str | None:
        if node in self._world.accounts:
            return node
        photo = self._world.photos.get(node)
        return photo.account_id if photo else node.partition("_")[0]

    def _page_token(self, call: Call, page_id: str) -> tuple[Token, Account]:
        token = token_of(call, self._world)
        page = self._world.accounts.get(page_id)
        if page is None or page.platform != "facebook":
            raise missing_object(page_id, call.method)
        if page_id not in token.account_ids:
            raise refuse(200, "(#200) The user hasn't authorized the application to perform this action", status=403)
        if token.kind != "page":
            raise refuse(190, "This method must be called with a Page Access Token", subcode=2069032)
        need_scope(token, "pages_manage_posts")
        return token, page

    def _feed(self, call: Call, page_id: str) -> Answer:
        token, page = self._page_token(call, page_id)
        text = normalise(call.text("message"), self._world.config.facebook_normalise)
        link = call.text("link") or None
        photos = [self._attached(page_id, photo_id, call.now) for photo_id in _attached_ids(call)]
        if not (text.strip() or link or photos):
            raise refuse(100, "(#100) The parameter message is required")
        if link and not is_web_address(link):
            raise refuse(100, "(#100) link URL is not properly formatted")
        post = self._new_post(call, token, page, text)
        post.link, post.media = link, [photo.url for photo in photos]
        post.media_type = "LINK" if link else ("PHOTO" if len(photos) == 1 else "ALBUM") if photos else "TEXT"
        if post.published and not photos:
            self._refuse_duplicate(post)
        for photo in photos:
            photo.post_id = post.id
            self._world.put(photo)
        self._world.put(post)
        answer = {"id": post.id}
        if fields := call.text("fields"):
            answer = select(wanted_fields(fields), self._reading.post_fields(post, call), "Post")
        return metered(Answer(answer), self._world, token, page_id, "pages", call.now)

    def _new_post(self, call: Call, token: Token, page: Account, text: str) -> Post:
        if len(text) > MAX_MESSAGE:
            raise refuse(100, f"(#100) The message must be at most {MAX_MESSAGE} characters long")
        published = _is_true(call.first("published"), default=True)
        scheduled = _time_of(call, "scheduled_publish_time")
        if scheduled is not None:
            if published:
                raise refuse(100, "(#100) You cannot specify a scheduled publish time on a published post")
            if not 600 <= scheduled - call.now <= 75 * DAY:
                raise refuse(100, "(#100) The specified scheduled publish time is invalid.", subcode=1363058)
        kind = call.text("unpublished_content_type")
        if kind and (published or kind not in ("SCHEDULED", "DRAFT", "ADS_POST", "INLINE_CREATED")):
            raise refuse(100, "(#100) Param unpublished_content_type is not allowed here")
        return Post(
            id=f"{page.id}_{self._world.next_number()}", account_id=page.id, platform="facebook", text=text,
            created=call.now, visible_from=call.now + call.hidden_seconds, published=published,
            scheduled=scheduled, app_id=token.app_id,
            extra={"unpublished_content_type": kind} if kind else {},
        )  # fmt: skip

    def _refuse_duplicate(self, post: Post) -> None:
        window = self._world.config.facebook_duplicate_seconds
        if not window or post.link:
            return
        latest = self._world.latest_of.get(post.account_id)
        if latest is None or latest.deleted is not None or latest.text != post.text:
            return
        if post.created - latest.created <= window:
            raise refuse(
                506, "(#506) Duplicate status message", subcode=1455006, title="Duplicate Status Update",
                shown="This status update is identical to the last one you posted. Try posting something different, or "
                "delete your previous update.",
            )  # fmt: skip

    def _attached(self, page_id: str, photo_id: str, now: float) -> Photo:
        photo = self._world.photos.get(photo_id)
        if photo is None or photo.account_id != page_id or photo.deleted or now - photo.created > DAY:
            raise refuse(100, f"(#100) Invalid parameter: attached_media {photo_id} does not exist", subcode=33)
        if photo.post_id is not None:
            raise refuse(100, f"(#100) Photo {photo_id} was already posted.", subcode=1366051)
        return photo

    def _photos(self, call: Call, page_id: str) -> Answer:
        token, page = self._page_token(call, page_id)
        url, source = call.text("url"), call.first("source")
        if isinstance(source, bytes):
            if not source.startswith((b"\xff\xd8", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*")):
                raise unreadable_photo()
            url = url or f"{call.base_url}/_sandbox/pictures/1200x900/upload-{self._world.next_number()}.jpg"
        if not url:
            raise refuse(324, "(#324) Requires upload file")
        if not is_web_address(url):
            raise refuse(100, "(#100) url should represent a valid URL")
        if url.split("?")[0].lower().endswith((".html", ".htm", ".mp4", ".pdf", ".txt", ".svg")):
            raise unreadable_photo()
        if (size := own_picture(url)) and min(size) < 8:
            raise unreadable_photo()
        seen = call.sights.get(url)
        if seen is not None and (seen.format not in PHOTO_FORMATS or seen.size_bytes > MAX_PHOTO_BYTES):
            raise refuse(324, "(#324) Missing or invalid image file") if seen.problem else unreadable_photo()
        text = normalise(call.text("caption") or call.text("message"), self._world.config.facebook_normalise)
        published = _is_true(call.first("published"), default=True)
        photo = Photo(
            id=str(self._world.next_number()), account_id=page_id, url=url, created=call.now, caption=text,
            alt_text=call.text("alt_text_custom") or None, temporary=_is_true(call.first("temporary"), default=False),
        )  # fmt: skip
        answer = {"id": photo.id}
        if published and not _is_true(call.first("no_story"), default=False):
            post = self._new_post(call, token, page, text)
            post.media, post.alt_text, post.media_type = [url], photo.alt_text, "PHOTO"
            photo.post_id = post.id
            self._world.put(post)
            answer["post_id"] = post.id
        self._world.put(photo)
        return metered(Answer(answer), self._world, token, page_id, "pages", call.now)

    def _update(self, call: Call, node: str) -> Answer:
        token, _ = self._page_token(call, node.partition("_")[0])
        post = self._world.posts.get(node)
        if post is None or post.deleted is not None:
            raise missing_object(node, "POST")
        if post.app_id != token.app_id:
            raise refuse(200, "(#200) This post wasn't created by the application", status=403)
        now = call.now
        if (wish := call.first("is_published")) is not None:
            if not _is_true(wish, default=True):
                if post.is_published(now):
                    raise refuse(100, "(#100) A published post cannot be unpublished")
            elif not post.is_published(now):
                # UNCONFIRMED on the real platform: that created_time becomes the time of publishing.
                post.published, post.created, post.visible_from = True, now, now + call.hidden_seconds
                self._world.put(post)
        if call.first("message") is not None:
            post.text = normalise(call.text("message"), self._world.config.facebook_normalise)
            post.updated = now
            self._world.put(post)
        if (later := _time_of(call, "scheduled_publish_time")) is not None and not post.is_published(now):
            post.scheduled = later
            self._world.put(post)
        return metered(Answer({"success": True}), self._world, token, post.account_id, "pages", now)

    def _delete(self, call: Call, node: str) -> Answer:
        if (photo := self._world.photos.get(node)) and photo.deleted is None:
            token, _ = self._page_token(call, photo.account_id)
            photo.deleted = call.now
            self._world.put(photo)
            return metered(Answer({"success": True}), self._world, token, photo.account_id, "pages", call.now)
        token, _ = self._page_token(call, node.partition("_")[0])
        post = self._world.posts.get(node)
        if post is None or post.deleted is not None:
            raise missing_object(node, "DELETE")
        post.deleted = call.now
        self._world.put(post)
        return metered(Answer({"success": True}), self._world, token, post.account_id, "pages", call.now)

    def _batch(self, call: Call) -> Answer:
        """Up to 50 requests in one: HTTP 200 overall, each with a code and a body that is a JSON string."""
        try:
            items = orjson.loads(call.body["batch"]) if isinstance(call.body["batch"], str) else call.body["batch"]
        except orjson.JSONDecodeError:
            items = None
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise refuse(100, "(#100) batch parameter must be a JSON array")
        if len(items) > MAX_BATCH:
            raise refuse(100, f"Too many requests in batch message. Maximum batch size is {MAX_BATCH}",
                         kind="GraphBatchException")  # fmt: skip
        return Answer([self._batch_item(call, item) for item in items])

    def _batch_item(self, call: Call, item: dict[str, Any]) -> dict[str, Any]:
        inner = call.part(str(item.get("method", "GET")), str(item.get("relative_url", "")), item.get("body"))
        for name in ("access_token", "appsecret_proof", "appsecret_time"):
            if name in call.body:
                inner.body.setdefault(name, call.body[name])
        try:
            answer = self.resolve(inner).run() if "batch" not in inner.body else error(100, "(#100) Nested batch")
        except Refused as refused:
            answer = refused.answer
        headers = [{"name": "Content-Type", "value": "application/json; charset=UTF-8"}]
        headers += [{"name": name, "value": value} for name, value in answer.headers.items()]
        return {"code": answer.status, "headers": headers, "body": orjson.dumps(answer.body).decode()}


def unreadable_photo() -> Refused:
    """The answer for something that is no usable picture."""
    return refuse(
        324, "(#324) Missing or invalid image file", subcode=1366046, title="Can't Read Files",
        shown="Your photos couldn't be uploaded. Photos should be less than 4 MB and saved as JPG, PNG, GIF, TIFF, "
        "HEIF or WebP files.",
    )  # fmt: skip


def _is_true(value: Any, *, default: bool) -> bool:
    if value is None or value == "":
        return default
    return value is True or str(value).lower() in ("true", "1", "yes")


def _time_of(call: Call, name: str) -> float | None:
    try:
        return parse_time(call.first(name))
    except ValueError:
        raise refuse(100, f"(#100) Param {name} is not a valid time") from None


def _attached_ids(call: Call) -> list[str]:
    """The photos of `attached_media`, as a JSON array or as form fields attached_media[0], [1], ..."""
    given = call.first("attached_media")
    items: list[Any] = []
    try:
        if isinstance(given, str) and given:
            items = orjson.loads(given)
        elif isinstance(given, list):
            items = given
        else:
            numbered = {**{k: v[-1] for k, v in call.query.items()}, **call.body}
            names = sorted((n for n in numbered if n.startswith("attached_media[")), key=lambda n: (len(n), n))
            items = [orjson.loads(numbered[n]) if isinstance(numbered[n], str) else numbered[n] for n in names]
        return [str(item["media_fbid"]) for item in items]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise refuse(100, "(#100) Param attached_media must be an array of objects with media_fbid") from None
