"""Instagram's content publishing, through its own login and through Facebook Login, after apis/instagram.md.

A container is published once. What the real API answers to a second `media_publish` of the same container is not
documented; here the container is used up, so it is error 24/2207008 ("does not exist or has been expired"), which can
never double a post. Reading the container says PUBLISHED, and the media is found in `GET /{ig}/media`.
"""

from __future__ import annotations

from platforms.sandbox.exchange import Answer, Call, Operation
from platforms.sandbox.instagram_reading import InstagramReading
from platforms.sandbox.instagram_rules import (
    MAX_ALT_TEXT,
    check_caption,
    check_image_address,
    status_of,
    unusable_container,
)
from platforms.sandbox.instagram_tokens import InstagramTokens
from platforms.sandbox.meta import metered, missing_object, need_scope, refuse, token_of, versioned
from platforms.sandbox.state import DAY, Account, Container, Post, Token, World, normalise

UNVERSIONED = frozenset(("access_token", "refresh_access_token"))


class Instagram:
    """graph.instagram.com, and the same nodes on graph.facebook.com."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._reading = InstagramReading(world)
        self._tokens = InstagramTokens(world)

    def owns(self, node: str) -> bool:
        """Whether this id is an Instagram account, container or media."""
        account = self._world.accounts.get(node)
        post = self._world.posts.get(node)
        return (
            (account is not None and account.platform == "instagram")
            or (post is not None and post.platform == "instagram")
            or node in self._world.containers
        )

    def resolve(self, call: Call) -> Operation:
        """Which method of graph.instagram.com."""
        path = versioned(call, unversioned=UNVERSIONED)
        match (call.method, *path):
            case ("GET", "access_token"):
                return Operation("instagram", "token", None, lambda: self._tokens.exchange(call))
            case ("GET", "refresh_access_token"):
                known = self._world.tokens.get(call.text("access_token"))
                account = known.account_ids[0] if known and known.account_ids else None
                return Operation("instagram", "token", account, lambda: self._tokens.refresh(call))
        if not path:
            raise refuse(2500, "Unknown path components: /")
        node = path[0]
        if node == "me":
            token = self._world.tokens.get(call.text("access_token") or call.bearer)
            node = token.account_ids[0] if token and token.account_ids else "me"
        return self.resolve_node(call, (node, *path[1:]), through_facebook=False)

    def resolve_node(self, call: Call, path: tuple[str, ...], *, through_facebook: bool) -> Operation:
        """Which method of an Instagram node, on either host."""
        node = path[0]
        owner = self._owner(node)
        match (call.method, *path[1:]):
            case ("POST", "media"):
                return Operation("instagram", "create", owner, lambda: self._create(call, node, through_facebook))
            case ("POST", "media_publish"):
                return Operation("instagram", "publish", owner, lambda: self._publish(call, node, through_facebook))
            case ("DELETE",):
                return Operation("instagram", "delete", owner, lambda: self._delete(call, node, through_facebook))
            case ("GET", *rest) if len(rest) <= 1:
                edge = rest[0] if rest else ""
                return self._reading.resolve(call, node, owner, edge, through_facebook=through_facebook)
        raise refuse(2500, f"Unknown path components: /{'/'.join(path[1:])}")

    def _owner(self, node: str) -> str | None:
        if node in self._world.containers:
            return self._world.containers[node].account_id
        if node in self._world.posts:
            return self._world.posts[node].account_id
        return node if node in self._world.accounts else None

    def _publisher(self, call: Call, account_id: str, through_facebook: bool) -> tuple[Token, Account]:
        token = token_of(call, self._world)
        account = self._world.accounts.get(account_id)
        own_host = token.kind in (("page", "user") if through_facebook else ("instagram", "instagram_short"))
        if account is None or account.platform != "instagram" or account_id not in token.account_ids or not own_host:
            raise missing_object(account_id, call.method)
        need_scope(token, "instagram_content_publish" if through_facebook else "instagram_business_content_publish")
        return token, account

    def _create(self, call: Call, account_id: str, through_facebook: bool) -> Answer:
        token, _ = self._publisher(call, account_id, through_facebook)
        config, now = self._world.config, call.now
        made = self._world.containers_of.get(account_id, [])
        recent = made[-config.instagram_containers_per_day :]
        if len(recent) >= config.instagram_containers_per_day and (
            now - self._world.containers[recent[0]].created < DAY
        ):
            raise refuse(4, "(#4) Application request limit reached", transient=True, status=403)
        container = Container(
            id=f"17{self._world.next_number() % 10**15:015d}", account_id=account_id, created=now,
            ready_at=now + config.instagram_processing_seconds, app_id=token.app_id,
            caption=normalise(call.text("caption"), config.instagram_normalise),
            alt_text=call.text("alt_text") or None,
            is_carousel_item=call.text("is_carousel_item").lower() in ("true", "1"),
            media_type=call.text("media_type").upper() or "IMAGE",
        )  # fmt: skip
        check_caption(container.caption, config.instagram_hashtag_limit)
        if container.alt_text and len(container.alt_text) > MAX_ALT_TEXT:
            raise refuse(100, f"(#100) Param alt_text must be at most {MAX_ALT_TEXT} characters long")
        if container.media_type == "CAROUSEL":
            container.children = self._children(call, account_id)
        elif container.media_type == "IMAGE":
            container.image_url = call.text("image_url")
            container.error = check_image_address(container.image_url, call.sights.get(container.image_url))
        else:
            raise refuse(100, f"(#100) Only images and carousels can be made here, not {container.media_type}",
                         subcode=2207023, title="Unknown media type")  # fmt: skip
        if container.is_carousel_item and container.caption:
            raise refuse(100, "(#100) Captions are not supported on carousel items")
        if call.trouble is not None and call.trouble.kind == "reject":
            container.error = [-1, 2207032, "Create media fail, please try to re-create media"]
        self._world.put(container)
        return metered(Answer({"id": container.id}), self._world, token, account_id, "instagram", now)

    def _children(self, call: Call, account_id: str) -> list[str]:
        given = call.first("children")
        ids = [str(child) for child in given] if isinstance(given, list) else [
            part.strip(' "[]') for part in str(given or "").split(",") if part.strip(' "[]')
        ]  # fmt: skip
        if not 2 <= len(ids) <= 10:
            raise refuse(100, "(#100) The carousel post should have between 2 and 10 attachments.", subcode=2207028,
                         title="Carousel validation failed")  # fmt: skip
        for child_id in ids:
            child = self._world.containers.get(child_id)
            if child is None or child.account_id != account_id or not child.is_carousel_item:
                raise refuse(24, "The requested resource does not exist", subcode=2207006, title="Media not found")
        return ids

    def _publish(self, call: Call, account_id: str, through_facebook: bool) -> Answer:
        token, account = self._publisher(call, account_id, through_facebook)
        config, now = self._world.config, call.now
        container = self._world.containers.get(call.text("creation_id"))
        if container is None or container.account_id != account_id or container.is_carousel_item:
            raise unusable_container()
        state = status_of(container, self._world, now)
        if state in ("EXPIRED", "PUBLISHED"):
            raise unusable_container()
        if state == "ERROR":
            code, subcode, message = container.error or [-1, 2207032, "Create media fail"]
            raise refuse(int(code), str(message), subcode=int(subcode))
        if state == "IN_PROGRESS":
            raise refuse(9007, "Media ID is not available", subcode=2207027, title="Media is not ready",
                         shown="The media is not ready for publishing, please wait for a moment")  # fmt: skip
        done = self._world.publications.setdefault(account_id, [])
        while done and now - done[0] >= DAY:
            done.pop(0)
        if len(done) >= (account.quota_total or config.instagram_quota_total):
            raise refuse(9, "Application request limit reached", subcode=2207042, title="Limit reached",
                         shown="You reached maximum number of posts that is allowed to be published by Content "
                               "Publishing API.", status=403)  # fmt: skip
        pictures = [container.image_url] if container.image_url else [
            self._world.containers[child].image_url for child in container.children
        ]  # fmt: skip
        post = Post(
            id=f"18{self._world.next_number() % 10**15:015d}", account_id=account_id, platform="instagram",
            text=container.caption, created=now, visible_from=now + call.hidden_seconds,
            media=[picture for picture in pictures if picture], alt_text=container.alt_text, app_id=container.app_id,
            media_type="CAROUSEL_ALBUM" if container.children else "IMAGE", extra={"container": container.id},
        )  # fmt: skip
        container.published_id, container.published_at = post.id, now
        done.append(now)
        self._world.put(post)
        self._world.put(container)
        return metered(Answer({"id": post.id}), self._world, token, account_id, "instagram", now)

    def _delete(self, call: Call, node: str, through_facebook: bool) -> Answer:
        post = self._world.posts.get(node)
        if not through_facebook or post is None or post.deleted is not None:
            raise missing_object(node, "DELETE")
        token = token_of(call, self._world)
        if post.account_id not in token.account_ids:
            raise missing_object(node, "DELETE")
        post.deleted = call.now
        self._world.put(post)
        body = Answer({"success": True, "deleted_id": node})
        return metered(body, self._world, token, post.account_id, "instagram", call.now)
