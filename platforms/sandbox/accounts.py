"""Making accounts, tokens and back-dated posts: what a person would do by hand on the real platforms."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Any

from platforms.sandbox.state import (
    GOOGLE_SCOPE,
    GRAPH_SCOPES,
    INSTAGRAM_SCOPES,
    Account,
    Container,
    Post,
    Token,
    World,
)

PLATFORMS = ("google", "facebook", "instagram")
INSTAGRAM_LIFE = 5_183_944.0
GOOGLE_LIFE = 3_599.0
FOREIGN_APP = "2645000000000077"
ID_FORMS = {
    "google": r"accounts/\d+/locations/\d+",
    "facebook": r"\d{5,20}",
    "instagram": r"\d{5,20}",
}


@dataclass(slots=True)
class Wish:
    """What `POST /_sandbox/accounts` takes; lives and ages in seconds."""

    platform: str
    name: str
    login: str | None = None
    city: str | None = None
    address: str | None = None
    account_id: str | None = None
    token_life_seconds: float | None = None
    token_age_seconds: float = 0.0
    quota_total: int | None = None
    kind: str = "BUSINESS"
    may_post: bool = True


def make_account(world: World, wish: Wish) -> dict[str, Any]:
    """An account with a live token; the same (platform, name) gives the same account again.

    Raises ValueError naming what is wrong.
    """
    if wish.platform not in PLATFORMS:
        raise ValueError(f"platform is {wish.platform!r}; write one of {', '.join(PLATFORMS)}")
    if not wish.name or not isinstance(wish.name, str):
        raise ValueError("name is missing")
    login = wish.login or ("instagram" if wish.platform == "instagram" else "facebook")
    if login not in ("facebook", "instagram"):
        raise ValueError(f"login is {wish.login!r}; write facebook or instagram")
    if wish.kind not in ("BUSINESS", "MEDIA_CREATOR", "PERSONAL"):
        raise ValueError(f"kind is {wish.kind!r}; write BUSINESS, MEDIA_CREATOR or PERSONAL")
    if wish.account_id is not None and not re.fullmatch(ID_FORMS[wish.platform], wish.account_id):
        raise ValueError(f"account_id {wish.account_id!r} does not look like {ID_FORMS[wish.platform]}")
    account = next((a for a in world.accounts.values() if (a.platform, a.name) == (wish.platform, wish.name)), None)
    if account is None:
        account = _new_account(world, wish, login)
    elif wish.quota_total is not None and wish.quota_total != account.quota_total:
        account.quota_total = wish.quota_total
        world.put(account)
    token, refresh = _live_token(world, account, wish)
    told: dict[str, Any] = {
        "account_id": account.id,
        "account_name": account.name,
        "access_token": token.value,
        "refresh_token": refresh.value if refresh else None,
        "expires_in": None if token.expires is None else round(token.expires - world.now()),
    }
    if account.platform != "google":
        told["login"] = account.login
        told["username"] = account.username
    if account.linked_id:
        told["linked_id"] = account.linked_id
    return told


def _new_account(world: World, wish: Wish, login: str) -> Account:
    account_id = wish.account_id or new_account_id(wish.platform, wish.name)
    if account_id in world.accounts:
        raise ValueError(f"account_id {account_id} is already {world.accounts[account_id].name!r}")
    account = Account(
        id=account_id, platform=wish.platform, name=wish.name, created=world.now(), login=login, city=wish.city,
        address=wish.address, quota_total=wish.quota_total, kind=wish.kind, may_post=wish.may_post,
        username=re.sub(r"[^a-z0-9]+", "_", wish.name.lower()).strip("_")[:30],
    )  # fmt: skip
    if wish.platform == "instagram" and login == "facebook":
        page = next((a for a in world.accounts.values() if (a.platform, a.name) == ("facebook", wish.name)), None)
        if page is None:
            page = Account(
                id=new_account_id("facebook", wish.name), platform="facebook", name=wish.name, created=world.now(),
                city=wish.city, address=wish.address, username=account.username,
            )  # fmt: skip
        account.linked_id, page.linked_id = page.id, account.id
        world.put(page)
    world.put(account)
    return account


def new_account_id(platform: str, name: str) -> str:
    """An id of the platform's form that depends on the name alone, so that it survives a reset."""
    number = zlib.crc32(f"{platform} {name}".encode())
    match platform:
        case "google":
            return f"accounts/1{number:010d}{number % 7919:09d}/locations/9{number % 10**9:09d}{number % 6007:08d}"
        case "facebook":
            return f"10{number:010d}{number % 997:03d}"
        case _:
            return f"17841{number:010d}{number % 89:02d}"


def _live_token(world: World, account: Account, wish: Wish) -> tuple[Token, Token | None]:
    """The account's newest live token, or a new one; a wished life or age always makes a new one."""
    now = world.now()
    kind = {"google": "google_access", "facebook": "page"}.get(account.platform)
    kind = kind or ("page" if account.login == "facebook" else "instagram")
    if wish.token_life_seconds is None and not wish.token_age_seconds:
        for token in reversed(list(world.tokens.values())):
            fresh = not token.dead and (token.expires is None or token.expires > now + 60)
            if token.kind == kind and account.id in token.account_ids and fresh:
                return token, world.tokens.get(token.parent or "")
    life, age = wish.token_life_seconds, wish.token_age_seconds
    if account.platform == "google":
        client = world.config.google_client_id or "sandbox.apps.googleusercontent.com"
        refresh = world.issue("google_refresh", [account.id], life=None, app_id=client, scopes=GOOGLE_SCOPE)
        life = GOOGLE_LIFE if life is None else life
        access = world.issue(
            kind, [account.id], life=life, app_id=client, scopes=GOOGLE_SCOPE, parent=refresh.value, age=age
        )
        return access, refresh
    if kind == "page":
        reaches = [account.id, *([account.linked_id] if account.linked_id else [])]
        return world.issue(
            "page", reaches, life=life, app_id=world.config.meta_app_id, scopes=GRAPH_SCOPES, age=age
        ), None
    app_id = world.config.instagram_app_id or "2988000000000002"
    life = INSTAGRAM_LIFE if life is None else life
    return world.issue(kind, [account.id], life=life, app_id=app_id, scopes=INSTAGRAM_SCOPES, age=age), None


def end_tokens(world: World, account_id: str, state: str, subcode: int | str | None) -> int:
    """Make all tokens of an account "expired" or "revoked"; how many. Raises ValueError for another state.

    `subcode` says why: Facebook's number, or Google's "invalid_rapt" or "admin_policy_enforced".
    """
    if state not in ("expired", "revoked"):
        raise ValueError(f"state is {state!r}; write expired or revoked")
    ended = 0
    for token in world.tokens.values():
        if account_id not in token.account_ids or token.dead or token.kind == "code":
            continue
        if state == "revoked":
            token.dead = str(subcode) if subcode else "revoked"
        elif token.kind != "google_refresh":
            token.expires = world.now() - 1
        else:
            continue
        world.put(token)
        ended += 1
    return ended


def end_data_access(world: World, account_id: str, seconds: float) -> int:
    """Facebook ends the access to data of an account's tokens `seconds` from now; how many tokens."""
    tokens = [token for token in world.tokens.values() if account_id in token.account_ids]
    for token in tokens:
        token.data_access = world.now() + seconds
        world.put(token)
    return len(tokens)


def add_post(world: World, account: Account, text: str, media: list[str], created: float, app_id: str | None) -> Post:
    """A live post that was not made through the API we imitate: history for a demo, or somebody else's."""
    number = world.next_number()
    post_id = {
        "google": f"{account.id}/localPosts/{number % 10**15 + 3 * 10**18}",
        "facebook": f"{account.id}_{number}",
    }.get(account.platform, f"18{number % 10**15:015d}")
    kinds = {"google": "STANDARD", "instagram": "CAROUSEL_ALBUM" if len(media) > 1 else "IMAGE"}
    post = Post(
        id=post_id, account_id=account.id, platform=account.platform, text=text, created=created,
        visible_from=created, media=media, app_id=app_id, processing_until=created,
        media_type=kinds.get(account.platform, "PHOTO" if media else "TEXT"),
        extra={"topicType": "STANDARD", "languageCode": "en"} if account.platform == "google" else {},
    )  # fmt: skip
    world.put(post)
    return post


def truth(world: World) -> dict[str, Any]:
    """Every object that is or was visible, and what was never published, by account."""
    now = world.now()
    told: dict[str, Any] = {
        account.id: {
            "platform": account.platform, "name": account.name, "login": account.login, "posts": [],
            "unpublished": [], "containers": [], "photos": [],
        }
        for account in world.accounts.values()
    }  # fmt: skip
    for post in world.posts.values():
        entry = told[post.account_id]
        entry["posts" if post.is_published(now) else "unpublished"].append(_post_truth(post, now))
    for container in world.containers.values():
        told[container.account_id]["containers"].append(_container_truth(container))
    for photo in world.photos.values():
        told[photo.account_id]["photos"].append(
            {"id": photo.id, "url": photo.url, "created_time": photo.created, "post_id": photo.post_id,
             "deleted": photo.deleted is not None}
        )  # fmt: skip
    return {"now": now, "accounts": told}


def _post_truth(post: Post, now: float) -> dict[str, Any]:
    state = "DELETED" if post.deleted is not None else "LIVE"
    if state == "LIVE" and post.platform == "google":
        processing = now < (post.processing_until or 0)
        state = "PROCESSING" if processing else post.verdict
        if post.scheduled is not None and now < post.scheduled:
            state = "SCHEDULED"
    elif state == "LIVE" and not post.is_published(now):
        state = "UNPUBLISHED"
    return {
        "id": post.id, "text": post.text, "media": post.media, "link": post.link, "created_time": post.created,
        "visible_from": post.visible_from, "visible": post.is_visible(now), "state": state,
        "application": post.app_id, "container": post.extra.get("container"), "deleted_time": post.deleted,
    }  # fmt: skip


def _container_truth(container: Container) -> dict[str, Any]:
    return {
        "id": container.id, "caption": container.caption, "image_url": container.image_url,
        "children": container.children, "created_time": container.created, "media_type": container.media_type,
        "media_id": container.published_id, "published_time": container.published_at,
    }  # fmt: skip
