"""Facebook Pages, read back: posts, pages, photos, insights."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from platforms.sandbox.engagement import Counts, counts
from platforms.sandbox.exchange import Answer, Call, Operation
from platforms.sandbox.facebook_tokens import FacebookTokens
from platforms.sandbox.meta import (
    graph_time,
    metered,
    missing_object,
    need_scope,
    page_of,
    parse_time,
    refuse,
    select,
    token_of,
    wanted_fields,
)
from platforms.sandbox.state import Account, Photo, Post, Token, World

APP_NAMES = {"own": "PostAgentPro", "other": "Business Suite"}
LISTS = frozenset(("published_posts", "posts", "feed", "scheduled_posts"))


class FacebookReading:
    """GET requests of graph.facebook.com."""

    def __init__(self, world: World, tokens: FacebookTokens) -> None:
        self._world = world
        self._tokens = tokens

    def resolve(self, call: Call, node: str, page: str | None, edge: str) -> Operation:
        """Which read."""
        if edge in LISTS:
            return Operation("facebook", "list", page, lambda: self._list(call, node, edge))
        if edge == "insights":
            return Operation("facebook", "metrics", page, lambda: self._insights(call, node))
        if edge:
            raise refuse(2500, f"Unknown path components: /{edge}")
        if node in self._world.accounts or node == "me":
            return Operation("facebook", "page", page, lambda: self._page(call, node))
        return Operation("facebook", "read", page, lambda: self._node(call, node))

    def _readable(self, call: Call, page_id: str) -> tuple[Token, Account]:
        token = token_of(call, self._world)
        page = self._world.accounts.get(page_id)
        if page is None or page_id not in token.account_ids:
            raise missing_object(call.path[-1] if call.path else page_id)
        need_scope(token, "pages_read_engagement")
        return token, page

    def _page(self, call: Call, node: str) -> Answer:
        fields = wanted_fields(call.text("fields")) or ["id", "name"]
        if node == "me":
            token = token_of(call, self._world)
            user = {"id": lambda: f"1{token.value[-12:].encode().hex()[:15]}", "name": lambda: "Sandbox Owner"}
            return metered(Answer(select(fields, user, "User")), self._world, token, "me", "pages", call.now)
        token, page = self._readable(call, node)
        linked = self._world.accounts.get(page.linked_id or "")
        table: dict[str, Callable[[], Any]] = {
            "id": lambda: page.id,
            "name": lambda: page.name,
            "username": lambda: page.username or None,
            "category": lambda: "Local business",
            "link": lambda: f"https://www.facebook.com/{page.id}",
            "fan_count": lambda: 180 + int(page.id[-3:]),
            "followers_count": lambda: 190 + int(page.id[-3:]),
            "access_token": lambda: (token if token.kind == "page" else self._tokens.page_token(page, token)).value,
            "location": lambda: {"city": page.city, "street": page.address} if page.city else None,
            "instagram_business_account": lambda: {"id": linked.id, "username": linked.username} if linked else None,
        }
        return metered(Answer(select(fields, table, "Page")), self._world, token, page.id, "pages", call.now)

    def _node(self, call: Call, node: str) -> Answer:
        fields = wanted_fields(call.text("fields"))
        photo = self._world.photos.get(node)
        if photo is not None and photo.deleted is None:
            token, _ = self._readable(call, photo.account_id)
            answer = select(fields or ["created_time"], self._photo_fields(photo), "Photo")
            return metered(Answer(answer), self._world, token, photo.account_id, "pages", call.now)
        post = self._world.posts.get(node)
        token, _ = self._readable(call, node.partition("_")[0])
        if post is None or post.deleted is not None:
            raise missing_object(node)
        answer = select(fields or ["message", "created_time"], self.post_fields(post, call), "Post")
        return metered(Answer(answer), self._world, token, post.account_id, "pages", call.now)

    def _list(self, call: Call, page_id: str, edge: str) -> Answer:
        token, _ = self._readable(call, page_id)
        try:
            since, until = parse_time(call.first("since")), parse_time(call.first("until"))
        except ValueError:
            raise refuse(100, "(#100) since and until must be times") from None
        wants_scheduled = edge == "scheduled_posts"
        found: list[str] = []
        for post in self._world.posts_on(page_id):
            if wants_scheduled:
                shown = post.deleted is None and post.scheduled is not None and not post.is_published(call.now)
            else:
                shown = post.is_visible(call.now) or (
                    edge == "feed" and post.deleted is None and not post.is_published(call.now)
                )
            if shown and (since is None or post.created >= since) and (until is None or post.created <= until):
                found.append(post.id)
        ids, paging = page_of(call, found)
        fields = wanted_fields(call.text("fields")) or ["created_time", "message"]
        data = [select(fields, self.post_fields(self._world.posts[post_id], call), "Post") for post_id in ids]
        body: dict[str, Any] = {"data": data, "paging": paging} if paging else {"data": data}
        return metered(Answer(body), self._world, token, page_id, "pages", call.now)

    def post_fields(self, post: Post, call: Call) -> dict[str, Callable[[], Any]]:
        """Every field of a post that can be asked for."""
        now = call.now
        number = post.id.partition("_")[2]
        app = "own" if post.app_id == self._world.config.meta_app_id else "other"

        def numbers() -> Counts:
            return counts(post, now)

        def summary(total: int, **more: Any) -> dict[str, Any]:
            return {"data": [], "summary": {"total_count": total, **more}}

        return {
            "id": lambda: post.id,
            "message": lambda: post.text or None,
            "created_time": lambda: graph_time(post.created),
            "updated_time": lambda: graph_time(post.updated or post.created),
            "permalink_url": lambda: f"https://www.facebook.com/{post.account_id}/posts/{number}",
            "is_published": lambda: post.is_published(now),
            "status_type": lambda: "added_photos" if post.media else "mobile_status_update",
            "scheduled_publish_time": lambda: int(post.scheduled) if post.scheduled else None,
            "application": lambda: {"id": post.app_id, "name": APP_NAMES[app]} if post.app_id else None,
            "attachments": lambda: _attachments(post),
            "full_picture": lambda: post.media[0] if post.media else None,
            "link": lambda: post.link,
            "from": lambda: {"id": post.account_id, "name": self._world.accounts[post.account_id].name},
            "likes": lambda: summary(numbers().likes, can_like=True, has_liked=False),
            "reactions": lambda: summary(numbers().likes),
            "comments": lambda: summary(numbers().comments, order="chronological", can_comment=True),
            "shares": lambda: {"count": numbers().shares} if numbers().shares else None,
            "insights": lambda: {"data": self._insight_rows(post, call, ["post_media_view"])},
        }

    def _photo_fields(self, photo: Photo) -> dict[str, Callable[[], Any]]:
        return {
            "id": lambda: photo.id,
            "created_time": lambda: graph_time(photo.created),
            "name": lambda: photo.caption or None,
            "alt_text_custom": lambda: photo.alt_text,
            "link": lambda: f"https://www.facebook.com/photo.php?fbid={photo.id}",
            "page_story_id": lambda: photo.post_id,
            "images": lambda: [{"source": photo.url, "width": 1200, "height": 900}],
        }

    def _insights(self, call: Call, node: str) -> Answer:
        names = [name.strip() for name in call.text("metric").split(",") if name.strip()]
        token, _ = self._readable(call, node.partition("_")[0])
        need_scope(token, "read_insights")
        if not names:
            raise refuse(3001, "(#3001) No metric was specified to be fetched.", subcode=1504028)
        post = self._world.posts.get(node)
        if post is not None and post.deleted is None and post.is_published(call.now):
            rows = self._insight_rows(post, call, names)
        elif node in self._world.accounts:
            rows = self._page_rows(node, call, names)
        else:
            raise missing_object(node)
        base = f"{call.base_url}{call.mount}/{'/'.join(call.path)}"
        body = {"data": rows, "paging": {"previous": f"{base}?until=0", "next": f"{base}?since={int(call.now)}"}}
        return metered(Answer(body), self._world, token, node.partition("_")[0], "pages", call.now)

    def _insight_rows(self, post: Post, call: Call, names: list[str]) -> list[dict[str, Any]]:
        values = post_insights(counts(post, call.now))
        return [_row(f"{post.id}/insights/{name}", name, "lifetime", [{"value": _known(values, name)}])
                for name in names]  # fmt: skip

    def _page_rows(self, page_id: str, call: Call, names: list[str]) -> list[dict[str, Any]]:
        """The page's last two whole days, from what its posts had then."""
        today = datetime.fromtimestamp(call.now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        rows = []
        for name in names:
            values = []
            for day in (today - timedelta(days=1), today):
                before, after = day.timestamp() - 86_400, day.timestamp()
                posts = [post for post in self._world.posts_on(page_id) if post.is_visible(after)]
                gained = dict.fromkeys(page_insights(Counts()), 0)
                for post in posts:
                    end, begin = page_insights(counts(post, after)), page_insights(counts(post, before))
                    gained = {key: gained[key] + max(0, end[key] - begin[key]) for key in gained}
                values.append({"value": _known(gained, name), "end_time": graph_time(after)})
            rows.append(_row(f"{page_id}/insights/{name}/day", name, "day", values))
        return rows


def post_insights(seen: Counts) -> dict[str, Any]:
    """The metrics of a post that are valid in 2026-09; everything with "impressions" is dead."""
    reactions = dict.fromkeys(("like", "love", "wow", "haha", "sorry", "anger"), 0)
    reactions["love"] = seen.likes // 9
    reactions["wow"] = seen.likes // 23
    reactions["like"] = seen.likes - reactions["love"] - reactions["wow"]
    links = seen.clicks * 2 // 3
    return {
        "post_media_view": seen.views,
        "post_total_media_view_unique": seen.reach,
        "post_clicks": seen.clicks,
        "post_clicks_by_type": {"link clicks": links, "other clicks": seen.clicks - links} if seen.clicks else {},
        "post_reactions_by_type_total": {name: number for name, number in reactions.items() if number},
        **{f"post_reactions_{name}_total": number for name, number in reactions.items()},
        "post_video_views": 0,
        "post_video_avg_time_watched": 0,
    }


def page_insights(seen: Counts) -> dict[str, int]:
    """The metrics of a page that are valid in 2026-09."""
    engaged = seen.likes + seen.comments + seen.shares + seen.clicks
    return {
        "page_media_view": seen.views,
        "page_total_media_view_unique": seen.reach,
        "page_post_engagements": engaged,
        "page_follows": seen.follows,
        "page_daily_follows": seen.follows,
        "page_daily_follows_unique": seen.follows,
        "page_daily_unfollows_unique": 0,
        "page_views_total": seen.profile_visits,
        "page_total_actions": seen.clicks // 4,
    }


def _known(values: dict[str, Any], name: str) -> Any:
    if name not in values:
        raise refuse(100, "(#100) The value must be a valid insights metric")
    return values[name]


def _row(row_id: str, name: str, period: str, values: list[dict[str, Any]]) -> dict[str, Any]:
    title = name.replace("_", " ").capitalize()
    return {"name": name, "period": period, "values": values, "title": title, "description": title, "id": row_id}


def _attachments(post: Post) -> dict[str, Any] | None:
    if post.link and not post.media:
        return {"data": [{"media_type": "link", "type": "share", "url": post.link, "title": post.link}]}
    if not post.media:
        return None
    pictures = [
        {"media_type": "photo", "type": "photo", "media": {"image": {"src": url, "width": 1200, "height": 900}},
         "url": f"https://www.facebook.com/photo.php?fbid={post.id.partition('_')[2]}{n}"}
        for n, url in enumerate(post.media)
    ]  # fmt: skip
    if len(pictures) == 1:
        return {"data": pictures}
    return {"data": [{"media_type": "album", "type": "album", "media": pictures[0]["media"],
                      "subattachments": {"data": pictures}}]}  # fmt: skip
