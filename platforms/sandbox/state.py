"""What the imitated platforms know: accounts, tokens, posts, containers, photos; plain memory.

Times are Unix seconds (float, UTC) because most rules compare them; the twins write them out as their platform does.
"""

from __future__ import annotations

import secrets
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from platforms.sandbox.meters import Meters

DAY = 86_400.0
GRAPH_SCOPES = (
    "pages_show_list,pages_manage_posts,pages_read_engagement,read_insights,"
    "instagram_basic,instagram_content_publish,instagram_manage_insights"
)
INSTAGRAM_SCOPES = "instagram_business_basic,instagram_business_content_publish,instagram_business_manage_insights"
GOOGLE_SCOPE = "https://www.googleapis.com/auth/business.manage"


@dataclass(slots=True)
class Config:
    """Behaviour that the fact sheets leave open or that a test wants otherwise; `POST /_sandbox/config` changes it."""

    google_processing_seconds: float = 2.0
    google_phone_check: bool = True
    google_max_summary: int = 1500
    google_metrics_lag_days: int = 0
    google_queries_per_minute: int = 0  # 0 = no quota; really 300 a project
    google_minute_seconds: float = 60.0  # how long such a minute is; a test has no time
    google_normalise: str = "none"  # none, trim, squash
    google_client_id: str | None = None
    google_client_secret: str | None = None
    facebook_normalise: str = "none"
    facebook_duplicate_seconds: float = 3600.0  # 0 = error 506 never comes
    facebook_page_budget: int = 0  # calls per hour and page; 0 = no budget
    facebook_app_budget: int = 0  # calls per hour of the whole app; 0 = no budget
    meta_app_id: str = "1834500000000001"
    meta_app_secret: str | None = None
    require_appsecret_proof: bool = False
    instagram_app_id: str | None = None
    instagram_app_secret: str | None = None
    instagram_processing_seconds: float = 0.3
    instagram_container_life_seconds: float = DAY
    instagram_containers_per_day: int = 400
    instagram_quota_total: int = 50
    instagram_hashtag_limit: int = 30
    instagram_normalise: str = "none"
    instagram_refresh_min_age_seconds: float = DAY
    instagram_code_shape: str = "data"  # "data" = the business-login page, "flat" = the endpoint reference
    instagram_code_permissions: str = "text"  # "text" or "list"
    pexels_hourly_limit: int = 0  # 0 = no limit; really 200
    unsplash_hourly_limit: int = 0  # 0 = no limit; really 50 (demo)
    openai_unknown_models: str = "refuse"  # "refuse" or "accept"
    openai_responses: bool = True  # False: a compatible server without the Responses API
    openai_batches: bool = True  # False: one without the Batch API
    openai_batch_seconds: float = 60.0  # how long a batch takes; really minutes to a day
    clock_shift_seconds: float = 0.0  # how far this clock is ahead; see POST /_sandbox/clock


@dataclass(slots=True)
class Account:
    """One page, location or professional account."""

    id: str
    platform: str
    name: str
    created: float
    login: str = "facebook"  # Instagram: which login its tokens come from
    city: str | None = None
    address: str | None = None
    quota_total: int | None = None
    linked_id: str | None = None  # Facebook page <-> Instagram account
    username: str = ""
    kind: str = "BUSINESS"  # Instagram: BUSINESS, MEDIA_CREATOR or PERSONAL
    may_post: bool = True  # Facebook: whether the person has the task CREATE_CONTENT; Google: whether it is verified


@dataclass(slots=True)
class Token:
    """A credential. `kind`: page, user, instagram, instagram_short, google_access, google_refresh, code."""

    value: str
    kind: str
    account_ids: list[str]
    issued: float
    expires: float | None
    app_id: str
    scopes: str = ""
    dead: str | None = None  # why it no longer works: "revoked" or a Facebook subcode such as "460"
    parent: str | None = None  # Google: the refresh token it came from
    redirect_uri: str | None = None  # codes only
    data_access: float | None = None  # Facebook: when access to data ends; None = 90 days after it was issued
    challenge: str | None = None  # codes only: PKCE
    challenge_method: str = "plain"  # codes only
    person: str = ""  # who gave the permission; everything of theirs ends when they take it back

    @property
    def person_id(self) -> str:
        """Meta's id of the person: another one for every app."""
        return f"10{zlib.crc32(f'{self.app_id} {self.person}'.encode()):010d}"


@dataclass(slots=True)
class Post:
    """Something that is, was or will be visible on an account."""

    id: str
    account_id: str
    platform: str
    text: str
    created: float
    visible_from: float
    media: list[str] = field(default_factory=list)
    published: bool = True
    deleted: float | None = None
    app_id: str | None = None
    link: str | None = None
    alt_text: str | None = None
    media_type: str = "TEXT"
    updated: float | None = None
    scheduled: float | None = None
    processing_until: float | None = None  # Google
    verdict: str = "LIVE"  # Google, once processed
    extra: dict[str, Any] = field(default_factory=dict)  # the platform's own fields, as they were sent

    def is_published(self, now: float) -> bool:
        """Whether it went out by `now`: published at once, by a later call, or by its schedule."""
        return self.published or (self.scheduled is not None and self.scheduled <= now)

    def is_visible(self, now: float) -> bool:
        """Whether anybody can see it at `now`."""
        return (
            self.deleted is None
            and self.is_published(now)
            and self.visible_from <= now
            and (self.verdict == "LIVE" or now < (self.processing_until or 0))
        )


@dataclass(slots=True)
class Container:
    """Instagram's unpublished unit."""

    id: str
    account_id: str
    created: float
    ready_at: float
    caption: str = ""
    image_url: str | None = None
    media_type: str = "IMAGE"
    is_carousel_item: bool = False
    children: list[str] = field(default_factory=list)
    alt_text: str | None = None
    error: list[int | str] | None = None  # [code, subcode, message] found while processing
    published_id: str | None = None
    published_at: float | None = None
    app_id: str | None = None


@dataclass(slots=True)
class Photo:
    """A picture on a Facebook page, published with a post or waiting unpublished for one."""

    id: str
    account_id: str
    url: str
    created: float
    caption: str = ""
    alt_text: str | None = None
    post_id: str | None = None
    temporary: bool = False
    deleted: float | None = None


@dataclass(slots=True)
class Upload:
    """A file that OpenAI keeps: requests of a batch, or their results."""

    id: str
    purpose: str
    created: float
    content: str
    deleted: bool = False


@dataclass(slots=True)
class AiBatch:
    """A batch of requests to a language model. `over` is how it ended: completed, expired or failed."""

    id: str
    endpoint: str
    input_file_id: str
    created: float
    metadata: dict[str, str]
    fate: str = ""  # what a fault has in store for it
    over: str = ""
    ended: float | None = None
    total: int = 0
    completed: int = 0
    model: str | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Mail:
    """A mail that the sandbox's mail server took."""

    id: str
    received: float
    sender: str
    to: str
    subject: str
    message_id: str
    text: str
    html: str


Thing = Account | Token | Post | Container | Photo | Upload | AiBatch | Mail | Config
KINDS: dict[str, type[Thing]] = {
    "account": Account, "token": Token, "post": Post, "container": Container, "photo": Photo, "upload": Upload,
    "ai_batch": AiBatch, "mail": Mail, "config": Config,
}  # fmt: skip
KIND_OF = {made: kind for kind, made in KINDS.items()}


class World:
    """All state of the sandbox. Every change goes through `put`, which also tells the store behind it."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._last_id = 0
        self.on_change: Callable[[str, str, Thing], None] | None = None
        self.on_clear: Callable[[], None] | None = None
        self.empty()

    def empty(self) -> None:
        """Forget everything, settings included."""
        self.config = Config()
        self.meters = Meters()
        self.accounts: dict[str, Account] = {}
        self.tokens: dict[str, Token] = {}
        self.posts: dict[str, Post] = {}
        self.containers: dict[str, Container] = {}
        self.photos: dict[str, Photo] = {}
        self.uploads: dict[str, Upload] = {}
        self.batches: dict[str, AiBatch] = {}
        self.mails: dict[str, Mail] = {}
        self.posts_of: dict[str, list[str]] = {}
        self.containers_of: dict[str, list[str]] = {}
        self.latest_of: dict[str, Post] = {}  # what an account published last
        self.publications: dict[str, list[float]] = {}  # Instagram: when an account published, for its quota

    def reset(self) -> None:
        """Forget everything, in the file too."""
        self.empty()
        if self.on_clear is not None:
            self.on_clear()

    def now(self) -> float:
        """Unix seconds; `POST /_sandbox/clock` can move it forward."""
        return self._clock() + self.config.clock_shift_seconds

    def next_number(self) -> int:
        """A number never given before, even when a kill lost the last second: microseconds, always rising."""
        self._last_id = max(self._last_id + 1, int(self.now() * 1_000_000))
        return self._last_id

    def put(self, thing: Thing) -> None:
        """Keep a new or changed thing."""
        kind = KIND_OF[type(thing)]
        key = self._keep(thing)
        if self.on_change is not None:
            self.on_change(kind, key, thing)

    def _keep(self, thing: Thing) -> str:
        if isinstance(thing, Post):
            if thing.id not in self.posts:
                self.posts_of.setdefault(thing.account_id, []).append(thing.id)
            self.posts[thing.id] = thing
            latest = self.latest_of.get(thing.account_id)
            if thing.published and (latest is None or thing.created >= latest.created):
                self.latest_of[thing.account_id] = thing
            return thing.id
        if isinstance(thing, Container):
            if thing.id not in self.containers:
                self.containers_of.setdefault(thing.account_id, []).append(thing.id)
            self.containers[thing.id] = thing
            return thing.id
        if isinstance(thing, Token):
            self.tokens[thing.value] = thing
            return thing.value
        if isinstance(thing, Account):
            self.accounts[thing.id] = thing
            return thing.id
        if isinstance(thing, Photo):
            self.photos[thing.id] = thing
            return thing.id
        if isinstance(thing, Upload):
            self.uploads[thing.id] = thing
            return thing.id
        if isinstance(thing, AiBatch):
            self.batches[thing.id] = thing
            return thing.id
        if isinstance(thing, Mail):
            self.mails[thing.id] = thing
            return thing.id
        self.config = thing
        return "config"

    def load(self, rows: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Take in what a store kept; fields that this version does not know are left out."""
        for kind, body in rows:
            made = KINDS[kind]
            known = {f.name for f in fields(made)}
            self._keep(made(**{name: value for name, value in body.items() if name in known}))
        for container in self.containers.values():
            if container.published_at is not None:
                self.publications.setdefault(container.account_id, []).append(container.published_at)
        for times in self.publications.values():
            times.sort()

    def configure(self, changes: dict[str, Any]) -> None:
        """Change settings. Raises ValueError naming the first unknown one or one of the wrong type."""
        defaults = asdict(Config())
        for name, value in changes.items():
            if name not in defaults:
                raise ValueError(f"unknown setting {name!r}; known are {', '.join(sorted(defaults))}")
            default = defaults[name]
            if isinstance(default, bool) != isinstance(value, bool) or (
                isinstance(default, int | float) and not isinstance(value, int | float)
            ):
                raise ValueError(f"{name} is {value!r}; write something like {default!r}")
            setattr(self.config, name, value)
        self.put(self.config)

    def posts_on(self, account_id: str) -> list[Post]:
        """The account's posts, newest first, deleted and unpublished ones included."""
        found = [self.posts[post_id] for post_id in self.posts_of.get(account_id, ())]
        found.sort(key=lambda post: (post.created, post.id), reverse=True)
        return found

    def end_permission(self, token: Token, death: str) -> None:
        """A person takes back what they gave an app: all that it holds of them is dead."""
        family = (token.value, token.parent or token.value)
        for other in list(self.tokens.values()):
            theirs = bool(token.person) and (other.app_id, other.person) == (token.app_id, token.person)
            if (theirs or other.value in family or other.parent in family) and not other.dead:
                other.dead = death
                self.put(other)

    def issue(
        self,
        kind: str,
        account_ids: list[str],
        *,
        life: float | None,
        app_id: str,
        scopes: str = "",
        parent: str | None = None,
        age: float = 0.0,
        person: str = "",
    ) -> Token:
        """Make a credential that looks like the platform's own; `life` and `age` in seconds, no life = no expiry."""
        issued = self.now() - age
        prefix, length = TOKEN_LOOKS[kind]
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        value = prefix + "".join(secrets.choice(alphabet) for _ in range(length))
        token = Token(
            value=value, kind=kind, account_ids=account_ids, issued=issued, app_id=app_id, scopes=scopes, parent=parent,
            person=person, expires=None if life is None else issued + life,
        )  # fmt: skip
        self.put(token)
        return token


TOKEN_LOOKS = {
    "page": ("EAA", 180), "user": ("EAA", 180), "instagram": ("IGAA", 160), "instagram_short": ("IGAA", 140),
    "google_access": ("ya29.a0", 200), "google_refresh": ("1//0", 96), "code": ("AQ", 120),
}  # fmt: skip


def normalise(text: str, how: str) -> str:
    """What a platform makes of a text: "none" leaves it, "trim" strips its ends, "squash" also merges blanks."""
    if how == "none":
        return text
    text = text.strip()
    if how == "squash":
        lines = (" ".join(line.split()) for line in text.replace("\r\n", "\n").split("\n"))
        return "\n".join(lines)
    return text
