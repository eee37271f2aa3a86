"""Instagram, read back: accounts, containers, media, insights, the publishing limit."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from platforms.sandbox.engagement import Counts, counts
from platforms.sandbox.exchange import Answer, Call, Operation
from platforms.sandbox.instagram_rules import status_of
from platforms.sandbox.meta import (
    graph_time,
    metered,
    missing_object,
    page_of,
    parse_time,
    refuse,
    select,
    token_of,
    wanted_fields,
)
from platforms.sandbox.state import DAY, Account, Container, Post, Token, World

EDGES = {"media": "list", "insights": "metrics", "content_publishing_limit": "limit"}


class InstagramReading:
    """GET requests of Instagram's nodes, on either host."""

    def __init__(self, world: World) -> None:
        self._world = world

    def resolve(self, call: Call, node: str, owner: str | None, edge: str, *, through_facebook: bool) -> Operation:
        """Which read."""
        match edge:
            case "media":
                return Operation("instagram", "list", owner, lambda: self._list(call, node, through_facebook))
            case "insights":
                return Operation("instagram", "metrics", owner, lambda: self._insights(call, node, through_facebook))
            case "content_publishing_limit":
                return Operation("instagram", "limit", owner, lambda: self._limit(call, node))
            case "":
                if node in self._world.accounts or node == "me":
                    return Operation("instagram", "account", owner, lambda: self._account(call, node))
                return Operation("instagram", "read", owner, lambda: self._node(call, node, through_facebook))
        raise refuse(2500, f"Unknown path components: /{edge}")

    def _readable(self, call: Call, account_id: str) -> tuple[Token, Account]:
        token = token_of(call, self._world)
        account = self._world.accounts.get(account_id)
        if account is None or account_id not in token.account_ids:
            raise missing_object(account_id)
        return token, account

    def _account(self, call: Call, node: str) -> Answer:
        token, account = self._readable(call, node)
        media_count = sum(post.is_visible(call.now) for post in self._world.posts_on(account.id))
        table: dict[str, Callable[[], Any]] = {
            "id": lambda: token.person_id if "me" in call.path and token.person else account.id,
            "user_id": lambda: account.id,
            "username": lambda: account.username,
            "name": lambda: account.name,
            "account_type": lambda: account.kind,
            "media_count": lambda: media_count,
            "followers_count": lambda: 150 + int(account.id[-3:]),
            "follows_count": lambda: 80,
            "profile_picture_url": lambda: None,
        }
        answer = select(wanted_fields(call.text("fields")) or ["id"], table, "IGUser")
        return metered(Answer(answer), self._world, token, account.id, "instagram", call.now)

    def _node(self, call: Call, node: str, through_facebook: bool) -> Answer:
        fields = wanted_fields(call.text("fields"))
        container = self._world.containers.get(node)
        if container is not None:
            token, _ = self._readable(call, container.account_id)
            answer = select(fields or ["id"], self._container_fields(container, call.now), "ShadowIGMediaBuilder")
            return metered(Answer(answer), self._world, token, container.account_id, "instagram", call.now)
        post = self._world.posts.get(node)
        if post is None:
            token_of(call, self._world)
            raise missing_object(node)
        token, _ = self._readable(call, post.account_id)
        if post.deleted is not None:
            raise missing_object(node)
        answer = select(fields or ["id"], self._media_fields(post, call.now, through_facebook), "IGMedia")
        return metered(Answer(answer), self._world, token, post.account_id, "instagram", call.now)

    def _container_fields(self, container: Container, now: float) -> dict[str, Callable[[], Any]]:
        def status() -> str:
            code = status_of(container, self._world, now)
            match code:
                case "IN_PROGRESS":
                    return "In Progress: Media is still being processed."
                case "ERROR":
                    _, subcode, message = container.error or [-1, 2207032, "Create media fail"]
                    return f"Error: Media upload has failed with error code {subcode}: {message}"
                case "EXPIRED":
                    return "Expired: Media was not published within 24 hours."
                case "PUBLISHED":
                    return "Published: Media has been published."
            return "Finished: Media has been uploaded and it is ready to be published."

        return {
            "id": lambda: container.id,
            "status_code": lambda: status_of(container, self._world, now),
            "status": status,
            "copyright_check_status": lambda: {"status": "completed", "matches_found": False},
        }

    def _media_fields(self, post: Post, now: float, through_facebook: bool) -> dict[str, Callable[[], Any]]:
        def numbers() -> Counts:
            return counts(post, now)

        shortcode = base64.urlsafe_b64encode(int(post.id).to_bytes(8, "big")).decode().rstrip("=")
        account = self._world.accounts[post.account_id]
        fields: dict[str, Callable[[], Any]] = {
            "id": lambda: post.id,
            "ig_id": lambda: post.id,
            "caption": lambda: post.text or None,
            "timestamp": lambda: graph_time(post.created),
            "permalink": lambda: f"https://www.instagram.com/p/{shortcode}/",
            "shortcode": lambda: shortcode,
            "media_type": lambda: post.media_type,
            "media_product_type": lambda: "FEED",
            "media_url": lambda: post.media[0] if post.media and post.media_type == "IMAGE" else None,
            "alt_text": lambda: post.alt_text,
            "username": lambda: account.username,
            "owner": lambda: {"id": post.account_id},
            "like_count": lambda: numbers().likes,
            "comments_count": lambda: numbers().comments,
            "is_comment_enabled": lambda: True,
            "children": lambda: (
                {"data": [{"id": f"{post.id}{n}"} for n in range(len(post.media))]} if len(post.media) > 1 else None
            ),
        }
        if through_facebook:  # fields that only Facebook Login has in v26
            fields |= {
                "saved_count": lambda: numbers().saves,
                "shares_count": lambda: numbers().shares,
                "reposts_count": lambda: 0,
                "total_like_count": lambda: numbers().likes,
                "total_comments_count": lambda: numbers().comments,
                "total_views_count": lambda: numbers().views,
                "view_count": lambda: numbers().views,
            }
        return fields

    def _list(self, call: Call, account_id: str, through_facebook: bool) -> Answer:
        token, _ = self._readable(call, account_id)
        try:
            since, until = parse_time(call.first("since")), parse_time(call.first("until"))
        except ValueError:
            raise refuse(100, "(#100) since and until must be times") from None
        found = [
            post.id for post in self._world.posts_on(account_id)
            if post.is_visible(call.now) and (since is None or post.created >= since)
            and (until is None or post.created <= until)
        ]  # fmt: skip
        ids, paging = page_of(call, found)
        fields = wanted_fields(call.text("fields")) or ["id"]
        data = [
            select(fields, self._media_fields(self._world.posts[post_id], call.now, through_facebook), "IGMedia")
            for post_id in ids
        ]
        body: dict[str, Any] = {"data": data, "paging": paging} if paging else {"data": data}
        return metered(Answer(body), self._world, token, account_id, "instagram", call.now)

    def _limit(self, call: Call, account_id: str) -> Answer:
        token, account = self._readable(call, account_id)
        done = [at for at in self._world.publications.get(account_id, []) if call.now - at < DAY]
        total = account.quota_total or self._world.config.instagram_quota_total
        table: dict[str, Callable[[], Any]] = {
            "quota_usage": lambda: len(done),
            "config": lambda: {"quota_total": total, "quota_duration": int(DAY)},
        }
        fields = wanted_fields(call.text("fields")) or ["quota_usage"]
        body = {"data": [select(fields, table, "IGUserContentPublishingLimit", always=())]}
        return metered(Answer(body), self._world, token, account_id, "instagram", call.now)

    def _insights(self, call: Call, node: str, through_facebook: bool) -> Answer:
        post = self._world.posts.get(node)
        if post is None:
            token_of(call, self._world)
            raise missing_object(node)
        token, _ = self._readable(call, post.account_id)
        if post.deleted is not None:
            raise missing_object(node)
        names = [name.strip() for name in call.text("metric").split(",") if name.strip()]
        values = insight_values(counts(post, call.now), through_facebook)
        if not names:
            raise refuse(100, "(#100) The parameter metric is required")
        for name in names:
            if name not in values:
                raise refuse(100, f"(#100) metric[{names.index(name)}] must be one of the following values: "
                                  + ", ".join(values))  # fmt: skip
        rows = [
            {"name": name, "period": "lifetime", "values": [{"value": values[name]}],
             "title": name.replace("_", " ").capitalize(), "description": name.replace("_", " ").capitalize(),
             "id": f"{post.id}/insights/{name}/lifetime"}
            for name in names
        ]  # fmt: skip
        return metered(Answer({"data": rows}), self._world, token, post.account_id, "instagram", call.now)


def insight_values(seen: Counts, through_facebook: bool) -> dict[str, int]:
    """The metrics of media of the type FEED."""
    values = {
        "views": seen.views,
        "reach": seen.reach,
        "likes": seen.likes,
        "comments": seen.comments,
        "saved": seen.saves,
        "shares": seen.shares,
        "total_interactions": seen.likes + seen.comments + seen.saves + seen.shares,
        "reposts": 0,
        "follows": seen.follows,
        "profile_visits": seen.profile_visits,
        "profile_activity": seen.clicks,
    }
    if through_facebook:
        values |= {"total_views": seen.views, "total_likes": seen.likes, "total_comments": seen.comments}
    return values
