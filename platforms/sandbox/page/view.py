"""What the page shows: visible posts, newest first, by platform and account, and the faults in force."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from platforms.sandbox.engagement import counts
from platforms.sandbox.exchange import Refused
from platforms.sandbox.faults import Faults, Trouble
from platforms.sandbox.google import state_of
from platforms.sandbox.google_post_rules import wall_clock
from platforms.sandbox.pictures import is_web_address, smaller
from platforms.sandbox.state import Post, World

FOLDER = Path(__file__).parent
PLATFORMS = {"google": "Google Business", "facebook": "Facebook", "instagram": "Instagram"}
FIRST_PAGE = 60
CARD_WIDTH = 640  # pixels of a picture on the page
HASHTAG = re.compile(r"(?<![\w&#])#\w+")
ACTIONS = {
    "BOOK": "Book", "ORDER": "Order online", "SHOP": "Buy", "LEARN_MORE": "Learn more", "SIGN_UP": "Sign up",
    "CALL": "Call now",
}  # fmt: skip
# Posts are other people's text: nothing in them may run, and pictures may come from anywhere.
POLICY = (
    "default-src 'none'; style-src 'self'; style-src-attr 'unsafe-inline'; script-src 'self'; connect-src 'self'; "
    "img-src * data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Card:
    """One post as the page draws it. `order` is its place among all that are shown, newest first."""

    post: Post
    order: int
    name: str
    username: str
    city: str
    initial: str
    hue: int
    when: str
    moment: str
    text: Markup
    pictures: list[str]
    alt: str
    likes: int
    comments: int
    shares: int
    button: str
    link: str
    state: str
    event: str
    dates: str
    coupon: str
    redeem: str
    terms: str


@dataclass(frozen=True, slots=True)
class Lane:
    """A column of cards on a wide screen."""

    key: str
    title: str
    note: str
    cards: list[Card]


class Page:
    """The routes of the page."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        loader = FileSystemLoader(FOLDER)
        self._templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)

    def routes(self) -> list[Route | Mount]:
        """`/`, the part of it that refreshes itself, and its style and script."""
        return [
            Route("/", self._whole),
            Route("/_sandbox/live", self._part),
            Mount("/_sandbox/static", StaticFiles(directory=FOLDER / "static")),
        ]

    def _whole(self, request: Request) -> Response:
        return self._rendered("page.html", request)

    def _part(self, request: Request) -> Response:
        return self._rendered("live.html", request)

    def _rendered(self, template: str, request: Request) -> Response:
        html = self._templates.get_template(template).render(self._shown(request.query_params))
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return HTMLResponse(html, headers=headers)

    def _shown(self, query: Any) -> dict[str, Any]:
        now = self._world.now()
        accounts = sorted(self._world.accounts.values(), key=lambda account: (account.name.lower(), account.platform))
        chosen = self._world.accounts.get(query.get("account", ""))
        platform = query.get("platform", "")
        if platform not in PLATFORMS:
            platform = ""
        if chosen is not None and platform not in ("", chosen.platform):
            chosen = None
        visible = [post for post in self._world.posts.values() if post.is_visible(now)]
        live = {name: sum(post.platform == name for post in visible) for name in PLATFORMS}
        wanted = [
            post for post in visible
            if platform in ("", post.platform) and (chosen is None or post.account_id == chosen.id)
        ]  # fmt: skip
        wanted.sort(key=lambda post: (post.created, post.id), reverse=True)
        limit = _limit(query.get("limit", ""))
        cards = [self._card(post, number, now) for number, post in enumerate(wanted[:limit])]
        return {
            "platforms": PLATFORMS, "platform": platform, "live": live, "accounts": accounts,
            "chosen": chosen.id if chosen else "", "lanes": self._lanes(cards, platform, chosen is not None, now),
            "total": len(wanted), "shown": len(cards), "more": limit * 2 if len(wanted) > limit else 0,
            "waiting": sum(not post.is_published(now) and post.deleted is None for post in self._world.posts.values()),
            "faults": [_told(rule) for rule in self._faults.rules],
            "choices": [a for a in accounts if platform in ("", a.platform)],
            "account_count": len({post.account_id for post in wanted}),
        }  # fmt: skip

    def _lanes(self, cards: list[Card], platform: str, one_account: bool, now: float) -> list[Lane]:
        if platform or one_account:
            return [Lane("", "", "", cards[number::3]) for number in range(3)]
        rejected = sum(post.platform == "google" and state_of(post, now) == "REJECTED" and post.deleted is None
                       for post in self._world.posts.values())  # fmt: skip
        notes = {"google": f"{rejected} rejected" if rejected else ""}
        return [
            Lane(name, title, notes.get(name, ""), [card for card in cards if card.post.platform == name])
            for name, title in PLATFORMS.items()
        ]

    def _card(self, post: Post, order: int, now: float) -> Card:
        account = self._world.accounts[post.account_id]
        seen = counts(post, now)
        action = post.extra.get("callToAction") or {}
        link = str(action.get("url") or post.link or "")
        event, offer = post.extra.get("event") or {}, post.extra.get("offer") or {}
        redeem = str(offer.get("redeemOnlineUrl", ""))
        return Card(
            post=post, order=order, name=account.name, username=account.username or account.name,
            city=account.city or "", initial=(account.name.strip() or "?")[0].upper(),
            hue=zlib.crc32(account.name.encode()) % 360, when=ago(now - post.created),
            moment=datetime.fromtimestamp(post.created, UTC).isoformat(timespec="seconds"), text=marked_up(post.text),
            pictures=[smaller(url, CARD_WIDTH) for url in post.media if is_web_address(url)], alt=post.alt_text or "",
            likes=seen.likes, comments=seen.comments, shares=seen.shares,
            button=ACTIONS.get(str(action.get("actionType")), ""), link=link if is_web_address(link) else "",
            state=state_of(post, now) if post.platform == "google" else "LIVE",
            event=str(event.get("title", "")), dates=dates(event["schedule"]) if event else "",
            coupon=str(offer.get("couponCode", "")), redeem=redeem if is_web_address(redeem) else "",
            terms=str(offer.get("termsConditions", "")),
        )  # fmt: skip


def marked_up(text: str) -> Markup:
    """A post's text, escaped, with its hashtags set apart."""
    return Markup(HASHTAG.sub(r'<span class="tag">\g<0></span>', str(escape(text))))  # noqa: S704 - escaped just here


def dates(schedule: dict[str, Any]) -> str:
    """How long an event goes, on the wall clock it was sent with: "Sat, Dec 5, 2026, 10:00 AM - 2:00 PM"."""
    try:
        start, end = wall_clock(schedule, "start"), wall_clock(schedule, "end")
    except Refused:  # kept by an older version, which did not look so closely
        return ""
    first, last = (f"{at:%a, %b} {at.day}, {at.year}" for at in (start, end))
    begins, ends = (f"{at.hour % 12 or 12}:{at:%M} {'AM' if at.hour < 12 else 'PM'}" for at in (start, end))
    return f"{first}, {begins} - {ends}" if first == last else f"{first}, {begins} - {last}, {ends}"


def ago(seconds: float) -> str:
    """How long ago, as social networks say it."""
    if seconds < 60:
        return "just now"
    for size, unit in ((60, "min"), (3_600, "h"), (86_400, "d")):
        if seconds < size * {"min": 60, "h": 24, "d": 14}[unit]:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds // 604_800)} weeks"


def _limit(value: str) -> int:
    return min(int(value), 2_000) if value.isdigit() and int(value) > 0 else FIRST_PAGE


def _told(rule: Trouble) -> str:
    where = "every service" if rule.service == "*" else rule.service.capitalize()
    what = "" if rule.operation == "*" else f" {rule.operation}"
    parts = [rule.kind.replace("_", " ")]
    if rule.kind == "5xx":
        parts = [f"HTTP {rule.status or 500}"]
    if rule.seconds:
        parts.append(f"{rule.seconds:g} s")
    if rule.probability < 1:
        parts.append(f"{rule.probability:.0%} of calls")
    if rule.times is not None:
        parts.append(f"{max(0, rule.times - rule.fired)} of {rule.times} left")
    if rule.account:
        parts.append(f"account {rule.account}")
    return f"{where}{what}: {', '.join(parts)} (happened {rule.fired} times)"
