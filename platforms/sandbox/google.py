"""Google Business Profile's local posts (v4.9), after apis/google_business_profile.md."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from platforms.sandbox.exchange import Answer, Call, Operation, Refused
from platforms.sandbox.google_common import error, invalid, not_found, rfc3339, token_of
from platforms.sandbox.google_post_rules import PATCHABLE, check_local_post, has_phone_number
from platforms.sandbox.state import Account, Post, World, normalise


class GooglePosts:
    """mybusiness.googleapis.com/v4: localPosts."""

    def __init__(self, world: World) -> None:
        self._world = world

    def resolve(self, call: Call) -> Operation:
        """Which localPosts method."""
        match (call.method, *call.path):
            case (method, "v4", "accounts", account, "locations", location, "localPosts", *rest) if len(rest) <= 1:
                parent = f"accounts/{account}/locations/{location}"
                name = f"{parent}/localPosts/{rest[0]}" if rest else ""
                match (method, bool(rest)):
                    case ("POST", False):
                        return Operation("google", "create", parent, lambda: self._create(call, parent))
                    case ("GET", False):
                        return Operation("google", "list", parent, lambda: self._list(call, parent))
                    case ("GET", True):
                        return Operation("google", "read", parent, lambda: self._get(call, parent, name))
                    case ("PATCH", True):
                        return Operation("google", "update", parent, lambda: self._patch(call, parent, name))
                    case ("DELETE", True):
                        return Operation("google", "delete", parent, lambda: self._delete(call, parent, name))
        raise not_found()

    def _allowed(self, call: Call, parent: str) -> Account:
        token = token_of(call, self._world)
        account = self._world.accounts.get(parent)
        if account is None:
            raise not_found()
        if parent not in token.account_ids:
            raise Refused(error(403, "The caller does not have permission"))
        return account

    def _create(self, call: Call, parent: str) -> Answer:
        account = self._allowed(call, parent)
        body = dict(call.body)
        check_local_post(body, self._world.config.google_max_summary, call.sights)
        now = call.now
        text = normalise(str(body.pop("summary", "")), self._world.config.google_normalise)
        rejected = (self._world.config.google_phone_check and has_phone_number(text)) or (
            call.trouble is not None and call.trouble.kind == "reject"
        )
        scheduled = _moment(body.get("scheduledTime"))
        begin = max(now, scheduled or now)
        post = Post(
            id=f"{parent}/localPosts/{self._world.next_number() % 10**15 + 3 * 10**18}",
            account_id=parent, platform="google", text=text, created=now,
            visible_from=begin + call.hidden_seconds,
            media=[item["sourceUrl"] for item in body.get("media", [])],
            link=(body.get("callToAction") or {}).get("url"),
            media_type=body["topicType"], scheduled=scheduled, published=scheduled is None,
            processing_until=begin + self._world.config.google_processing_seconds,
            verdict="REJECTED" if rejected else "LIVE", extra=body,
        )  # fmt: skip
        self._world.put(post)
        return Answer(self._shown(post, account, now))

    def _find(self, call: Call, name: str) -> Post:
        post = self._world.posts.get(name)
        if post is None or post.deleted is not None:
            raise not_found()
        return post

    def _get(self, call: Call, parent: str, name: str) -> Answer:
        account = self._allowed(call, parent)
        return Answer(self._shown(self._find(call, name), account, call.now))

    def _list(self, call: Call, parent: str) -> Answer:
        account = self._allowed(call, parent)
        size = call.text("pageSize") or "20"
        if not size.isdigit() or not 1 <= int(size) <= 100:
            raise invalid("page_size", "Page size must be between 1 and 100.")
        posts = [post for post in self._world.posts_on(parent) if post.deleted is None and not _hidden(post, call.now)]
        start = 0
        if page := call.text("pageToken"):
            last = _read_page_token(page)
            start = next((i for i, post in enumerate(posts) if (post.created, post.id) < last), len(posts))
        shown = posts[start : start + int(size)]
        answer: dict[str, Any] = {}
        if shown:
            answer["localPosts"] = [self._shown(post, account, call.now) for post in shown]
        if start + int(size) < len(posts):
            answer["nextPageToken"] = _page_token(shown[-1])
        return Answer(answer)

    def _patch(self, call: Call, parent: str, name: str) -> Answer:
        account = self._allowed(call, parent)
        post = self._find(call, name)
        mask = [field.strip() for field in call.text("updateMask").split(",") if field.strip()]
        if not mask or not set(mask) <= PATCHABLE:
            raise invalid("update_mask", "Field mask is required and must name known fields.")
        changed = {**post.extra, "summary": post.text}
        for field in mask:
            changed.pop(field, None)
            if field in call.body:
                changed[field] = call.body[field]
        check_local_post(changed, self._world.config.google_max_summary, call.sights)
        post.text = normalise(str(changed.pop("summary", "")), self._world.config.google_normalise)
        post.extra, post.updated = changed, call.now
        post.media = [item["sourceUrl"] for item in changed.get("media", [])]
        post.link = (changed.get("callToAction") or {}).get("url")
        post.processing_until = call.now + self._world.config.google_processing_seconds
        refused = self._world.config.google_phone_check and has_phone_number(post.text)
        post.verdict = "REJECTED" if refused else "LIVE"
        self._world.put(post)
        return Answer(self._shown(post, account, call.now))

    def _delete(self, call: Call, parent: str, name: str) -> Answer:
        self._allowed(call, parent)
        post = self._find(call, name)
        post.deleted = call.now
        self._world.put(post)
        return Answer({})

    def _shown(self, post: Post, account: Account, now: float) -> dict[str, Any]:
        number = post.id.rsplit("/", 1)[1]
        shown = {
            "name": post.id,
            "languageCode": post.extra.get("languageCode", "en"),
            "state": state_of(post, now),
            "createTime": rfc3339(post.created),
            "updateTime": rfc3339(post.updated or post.created),
            "topicType": post.extra.get("topicType", "STANDARD"),
            "searchUrl": f"https://local.google.com/place?id={account.id.rsplit('/', 1)[1]}&use=posts&lpsid={number}",
        }
        if post.text:
            shown["summary"] = post.text
        for field in ("callToAction", "event", "offer", "alertType", "scheduledTime"):
            if field in post.extra:
                shown[field] = post.extra[field]
        if post.media:
            shown["media"] = [
                {"name": f"{post.account_id}/media/localPosts/{number}-{n}", "mediaFormat": "PHOTO", "googleUrl": url}
                for n, url in enumerate(post.media)
            ]
        return shown


def state_of(post: Post, now: float) -> str:
    """SCHEDULED, PROCESSING, then LIVE or REJECTED."""
    if post.scheduled is not None and now < post.scheduled:
        return "SCHEDULED"
    return "PROCESSING" if now < (post.processing_until or 0) else post.verdict


def _hidden(post: Post, now: float) -> bool:
    """Delayed visibility hides it; a native schedule does not."""
    return now < post.visible_from and not (post.scheduled is not None and now < post.scheduled)


def _page_token(post: Post) -> str:
    return base64.urlsafe_b64encode(f"{post.created!r} {post.id}".encode()).decode()


def _read_page_token(value: str) -> tuple[float, str]:
    try:
        created, _, name = base64.urlsafe_b64decode(value).decode().partition(" ")
        return float(created), name
    except ValueError:
        raise invalid("page_token", "Invalid page token.") from None


def _moment(value: Any) -> float | None:
    if not value:
        return None
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError:
        raise invalid("local_post.scheduled_time", "Not an RFC 3339 time.") from None
