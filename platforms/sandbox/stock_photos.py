"""Pexels and Unsplash: searches that give the sandbox's own pictures, after apis/stock_photos.md.

Error bodies of Pexels are not documented; `{"error": "..."}` is used.
"""

from __future__ import annotations

import random
import re
from typing import Any
from urllib.parse import urlencode

from platforms.sandbox.exchange import Answer, Call, Operation, Refused
from platforms.sandbox.state import World

HOUR = 3600
PEOPLE = (
    "Mara Lindqvist", "Tomas Herrera", "Aiko Tanabe", "Jonas Weber", "Priya Raman", "Elena Rossi", "Samuel Okoro",
    "Ines Duarte", "Peter Novak", "Hannah Cole", "Luca Moretti", "Grace Kim", "Oskar Berg", "Nadia Haddad",
)  # fmt: skip
COLOURS = ("#374824", "#7A6A58", "#3E5C76", "#B08968", "#52796F", "#8D5B4C")
PER_QUERY = 240
SHAPES = {"landscape": (1600, 1067), "portrait": (1067, 1600), "square": (1400, 1400), "squarish": (1400, 1400)}


class _Photo:
    """The n-th picture that a query finds; its id tells both, so that it can be read again."""

    def __init__(self, query: str, number: int, base_url: str, orientation: str = "") -> None:
        self.slug = re.sub(r"[^a-z0-9]+", "-", query.lower()).strip("-")[:60] or "photo"
        dice = random.Random(f"{self.slug} {number}")
        self.number = number
        self.id = dice.randrange(10**6, 10**8)
        self.person = dice.choice(PEOPLE)
        self.user = self.person.lower().replace(" ", "")
        self.colour = dice.choice(COLOURS)
        self.base_url = base_url
        self.width, self.height = SHAPES.get(orientation) or dice.choice(((1600, 1067), (1067, 1334), (1400, 1400)))

    def at(self, width: int, height: int) -> str:
        """The address of this picture in another size."""
        return f"{self.base_url}/_sandbox/pictures/{width}x{height}/{self.slug}-{self.number}.jpg"

    def scaled(self, *, width: int | None = None, height: int | None = None) -> str:
        """The address with one side given and the ratio kept."""
        ratio = self.width / self.height
        if width is not None:
            return self.at(width, round(width / ratio))
        return self.at(round((height or self.height) * ratio), height or self.height)


def _number(call: Call, name: str, default: int) -> int:
    value = call.text(name)
    return int(value) if value.isdigit() and int(value) > 0 else default


class PexelsVoice:
    """Pexels' words for troubles that a rule asks for."""

    def throttled(self, account: str | None, retry_after: float | None) -> Answer:
        """429, without the rate headers."""
        return Answer({"error": "Rate limit exceeded"}, 429)

    def failed(self, status: int) -> Answer:
        """5xx."""
        return Answer({"error": "Internal error"}, status)

    def bad_token(self, operation: str, revoked: bool) -> Answer:
        """A wrong key."""
        return Answer({"error": "Access to this API has been disallowed"}, 401)

    def error_code(self, status: int, code: int | str, subcode: int | None, transient: bool) -> Answer:
        """Any other status."""
        return Answer({"error": str(code)}, status)


class Pexels:
    """api.pexels.com."""

    def __init__(self, world: World) -> None:
        self._world = world

    def resolve(self, call: Call) -> Operation:
        """Which read."""
        match (call.method, *call.path):
            case ("GET", "v1", "search"):
                return Operation("pexels", "search", None, lambda: self._search(call))
            case ("GET", "v1", "curated"):
                return Operation("pexels", "search", None, lambda: self._search(call, "curated"))
        raise Refused(Answer({"error": "Not found"}, 404))

    def _search(self, call: Call, query: str = "") -> Answer:
        key = call.headers.get(b"authorization", b"").decode("latin-1")
        if not key or key.lower().startswith("bearer"):  # the key stands alone in the header
            raise Refused(PexelsVoice().bad_token("search", False))
        config = self._world.config
        used_hour = self._world.meters.count("pexels-hour", HOUR, call.now)
        if config.pexels_hourly_limit and used_hour > config.pexels_hourly_limit:
            raise Refused(PexelsVoice().throttled(None, None))
        used_month = self._world.meters.count("pexels-month", 30 * 24 * HOUR, call.now)
        query = query or call.text("query").strip()
        if not query:
            raise Refused(Answer({"error": "Missing query parameter"}, 400))
        orientation = call.text("orientation")
        if orientation and orientation not in ("landscape", "portrait", "square"):
            raise Refused(Answer({"error": "Invalid orientation"}, 400))
        page, per_page = _number(call, "page", 1), min(_number(call, "per_page", 15), 80)
        first = (page - 1) * per_page
        found = [_Photo(query, n, call.base_url, orientation) for n in range(first, min(first + per_page, PER_QUERY))]
        body: dict[str, Any] = {
            "total_results": PER_QUERY, "page": page, "per_page": per_page,
            "photos": [_pexels_photo(photo, query) for photo in found],
        }  # fmt: skip
        for name, other, exists in (
            ("next_page", page + 1, first + per_page < PER_QUERY),
            ("prev_page", page - 1, page > 1),
        ):
            if exists:
                kept = {key: values[-1] for key, values in call.query.items()}
                path = "/".join(call.path)
                body[name] = f"{call.base_url}{call.mount}/{path}?{urlencode({**kept, 'page': other})}"
        reset = int(call.now + self._world.meters.seconds_left(30 * 24 * HOUR, call.now))
        headers = {"X-Ratelimit-Limit": "20000", "X-Ratelimit-Remaining": str(max(0, 20_000 - used_month)),
                   "X-Ratelimit-Reset": str(reset)}  # fmt: skip
        return Answer(body, headers=headers)


def _pexels_photo(photo: _Photo, query: str) -> dict[str, Any]:
    return {
        "id": photo.id, "width": photo.width, "height": photo.height,
        "url": f"https://www.pexels.com/photo/{photo.slug}-{photo.id}/",
        "photographer": photo.person, "photographer_url": f"https://www.pexels.com/@{photo.user}",
        "photographer_id": photo.id % 100_000, "avg_color": photo.colour,
        "src": {
            "original": photo.at(photo.width, photo.height),
            "large2x": photo.at(1880, 1300), "large": photo.at(940, 650),
            "medium": photo.scaled(height=350), "small": photo.scaled(height=130),
            "portrait": photo.at(800, 1200), "landscape": photo.at(1200, 627), "tiny": photo.at(280, 200),
        },
        "liked": False, "alt": query[:1].upper() + query[1:],
    }  # fmt: skip


class UnsplashVoice:
    """Unsplash's words for troubles that a rule asks for."""

    def throttled(self, account: str | None, retry_after: float | None) -> Answer:
        """The hourly limit is a 403 with a plain text."""
        return Answer(b"Rate Limit Exceeded", 403, {"X-Ratelimit-Remaining": "0"}, b"text/plain")

    def failed(self, status: int) -> Answer:
        """5xx."""
        return Answer({"errors": ["Something went wrong"]}, status)

    def bad_token(self, operation: str, revoked: bool) -> Answer:
        """A wrong key."""
        return Answer({"errors": ["OAuth error: The access token is invalid"]}, 401)

    def error_code(self, status: int, code: int | str, subcode: int | None, transient: bool) -> Answer:
        """Any other status, such as 410 with "Query flagged as spam"."""
        return Answer({"errors": [str(code)]}, status)


class Unsplash:
    """api.unsplash.com."""

    def __init__(self, world: World) -> None:
        self._world = world

    def resolve(self, call: Call) -> Operation:
        """Which read."""
        match (call.method, *call.path):
            case ("GET", "search", "photos"):
                return Operation("unsplash", "search", None, lambda: self._search(call))
            case ("GET", "photos", photo_id, "download"):
                return Operation("unsplash", "download", None, lambda: self._download(call, photo_id))
        raise Refused(Answer({"errors": ["Couldn't find Photo"]}, 404))

    def _headers(self, call: Call) -> dict[str, str]:
        key = call.headers.get(b"authorization", b"").decode("latin-1")
        if not key.startswith("Client-ID ") or not key.removeprefix("Client-ID ").strip():
            raise Refused(UnsplashVoice().bad_token("search", False))
        used = self._world.meters.count("unsplash", HOUR, call.now)
        limit = self._world.config.unsplash_hourly_limit
        if limit and used > limit:
            raise Refused(UnsplashVoice().throttled(None, None))
        return {"X-Ratelimit-Limit": str(limit or 50), "X-Ratelimit-Remaining": str(max(0, (limit or 50) - used))}

    def _search(self, call: Call) -> Answer:
        headers = self._headers(call)
        query = call.text("query").strip()
        if not query:
            raise Refused(Answer({"errors": ["query is missing"]}, 400))
        page, per_page = _number(call, "page", 1), min(_number(call, "per_page", 10), 30)
        first = (page - 1) * per_page
        last = min(first + per_page, PER_QUERY)
        found = [_Photo(query, n, call.base_url, call.text("orientation")) for n in range(first, last)]
        body = {
            "total": PER_QUERY, "total_pages": -(-PER_QUERY // per_page),
            "results": [_unsplash_photo(photo, call, query) for photo in found],
        }  # fmt: skip
        return Answer(body, headers={**headers, "X-Total": str(PER_QUERY), "X-Per-Page": str(per_page)})

    def _download(self, call: Call, photo_id: str) -> Answer:
        headers = self._headers(call)
        slug, _, number = photo_id.rpartition("_")
        if not slug or not number.isdigit():
            raise Refused(Answer({"errors": ["Couldn't find Photo"]}, 404))
        photo = _Photo(slug, int(number), call.base_url)
        return Answer({"url": photo.at(photo.width, photo.height)}, headers=headers)


def _unsplash_photo(photo: _Photo, call: Call, query: str) -> dict[str, Any]:
    name = f"{photo.slug}_{photo.number}"
    here = f"{call.base_url}{call.mount}/photos/{name}"
    page = f"https://unsplash.com/photos/{name}"
    return {
        "id": name, "slug": f"{photo.slug}-{name}", "created_at": "2025-05-01T08:00:00Z",
        "updated_at": "2026-10-01T08:00:00Z", "promoted_at": None, "width": photo.width, "height": photo.height,
        "color": photo.colour.lower(), "blur_hash": "LKO2?U%2Tw=w]~RBVZRi};RPxuwH",
        "description": None, "alt_description": query,
        "urls": {
            "raw": photo.at(photo.width, photo.height) + "?ixid=sandbox&ixlib=rb-4.1.0",
            "full": photo.at(photo.width, photo.height), "regular": photo.scaled(width=1080),
            "small": photo.scaled(width=400), "thumb": photo.scaled(width=200),
        },
        "links": {"self": here, "html": page, "download": f"{page}/download",
                  "download_location": f"{here}/download?ixid=sandbox"},
        "likes": photo.id % 900, "liked_by_user": False, "current_user_collections": [],
        "user": _unsplash_user(photo, call),
    }  # fmt: skip


def _unsplash_user(photo: _Photo, call: Call) -> dict[str, Any]:
    api = f"{call.base_url}{call.mount}/users/{photo.user}"
    first, _, last = photo.person.partition(" ")
    face = photo.at(64, 64)
    return {
        "id": photo.user, "updated_at": "2026-10-01T08:00:00Z", "username": photo.user, "name": photo.person,
        "first_name": first, "last_name": last, "bio": None, "location": None, "total_collections": 0,
        "total_likes": 0, "total_photos": PER_QUERY, "accepted_tos": True,
        "profile_image": {"small": face, "medium": face, "large": face},
        "social": {"instagram_username": None, "portfolio_url": None, "twitter_username": None, "paypal_email": None},
        "links": {"html": f"https://unsplash.com/@{photo.user}", "self": api, "photos": f"{api}/photos"},
    }  # fmt: skip
