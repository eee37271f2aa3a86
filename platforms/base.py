"""The one small Protocol behind which every platform stands, and the values that cross it.

A fourth platform is one module that satisfies `Platform`, its sandbox twin, and one line in `platforms/registry.py`.
Every method raises a `platforms.errors.PlatformError`; none retries a call that could make something visible.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from pydantic import SecretStr


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whom to post as. `account_id` is the platform's own id (Google: `accounts/1/locations/2`)."""

    account_id: str
    access_token: SecretStr
    login: str | None = None  # Instagram only: "facebook" when connected through Facebook Login


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happens, or how long an offer holds. Both times are aware and in the zone of the location, whose
    wall clock is what people will read."""

    title: str
    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        """Raises ValueError for a time without a zone."""
        for at in (self.starts_at, self.ends_at):
            if at.tzinfo is None:
                raise ValueError(f"{at!r} has no time zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What an offer gives beside its event, which says how long it holds."""

    coupon_code: str | None = None
    redeem_url: str | None = None
    terms: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Exactly what shall appear. `text` is final (for Instagram the hashtags are already part of it).

    `alt_texts` go with `media_urls` by their place; "" where a picture has none. An event, or an offer with its event,
    is for Google only.
    """

    text: str
    media_urls: tuple[str, ...] = ()
    alt_texts: tuple[str, ...] = ()
    link: str | None = None
    call_to_action: str | None = None  # Google's actionType
    event: Event | None = None
    offer: Offer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The platform took it. `state` is the platform's word where it has one (Google: LIVE, PROCESSING)."""

    platform_post_id: str
    permalink: str | None = None
    state: str = "LIVE"
    published_at: datetime | None = None  # by the platform's clock, where it says


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A post seen on the platform while looking. `ours` is None where the platform does not tell which app made it."""

    platform_post_id: str
    text: str
    created_at: datetime
    permalink: str | None = None
    ours: bool | None = None
    state: str = "LIVE"


Handles = Mapping[str, str]
"""Ids the platform handed out while preparing, by kind ("container", "unpublished_post", "photo_0")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """Something that our app made and nobody sees, as a sweep for orphans finds it. `created_at` is UTC."""

    handles: Handles
    created_at: datetime


class Certainty(StrEnum):
    """How much a look says by itself."""

    PUBLISHED = "published"  # an id we hold was read back and is visible: `sightings[0]` is it
    ABSENT = "absent"  # an id we hold was read back and is certainly not visible: committing again is safe
    COMPARE = "compare"  # only a list of posts: the caller compares fingerprints and times


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen when looking for a post whose fate is in doubt. All pages of the window are read, oldest first.

    Where ABSENT or COMPARE leads to another try, `prepare` comes first: it makes anew what expired on the way.
    """

    certainty: Certainty
    sightings: tuple[Sighting, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a token endpoint answered. None = the platform did not send one: keep what there is."""

    access_token: SecretStr
    refresh_token: SecretStr | None = None
    expires_at: datetime | None = None  # UTC; None = no expiry


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a look at the access itself told: it works at this moment."""

    ends_at: datetime | None = None  # UTC; (a part of) it ends then unless the owner connects again; None = not known


@dataclass(frozen=True, slots=True, kw_only=True)
class PostMetrics:
    """One snapshot of a post's numbers. None = the platform does not tell this one."""

    reach: int | None = None
    impressions: int | None = None
    clicks: int | None = None
    likes: int | None = None
    comments: int | None = None
    shares: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationDay:
    """A daily number of a whole Google location; Google has none per post. `metric` is Google's name."""

    day: date
    metric: str
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How many posts an account may still publish in the platform's window. None = the platform does not tell."""

    used: int | None = None
    total: int | None = None
    window_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the platform takes, for gates and editors. Characters are Unicode code points."""

    max_characters: int
    max_hashtags: int | None = None
    max_mentions: int | None = None
    needs_picture: bool = False
    phone_numbers_allowed: bool = True
    max_pictures: int = 1


Remember = Callable[[str, str], Awaitable[None]]
"""Commits a (kind, id) before the next request is made, so that a crash leaves nothing we do not know of."""


PUBLISHING = "publishing"
ANALYTICS = "analytics"

Pace = Callable[[str], Awaitable[None]]
"""Asked before every call that a quota of our whole application counts, with what the call is for (PUBLISHING or
ANALYTICS). Raises Paced when there is no room: then the call is not made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """How publishing works here: what can be made ahead unseen, and whether lists tell our posts apart."""

    prepares: bool = False
    leaves_orphans: bool = False  # what was made unseen and forgotten stays there until somebody deletes it
    per_post_metrics: bool = True
    location_metrics: bool = False
    handles_live_seconds: float | None = None  # after that what was made unseen has vanished by itself
    metrics_batch: int = 1
    publishing_quota: bool = False  # the platform limits an account's posts a day: see `Platform.quota`


def comparable(text: str) -> str:
    """What a platform's trimming, re-spacing and re-punctuating leaves of a text: letters and digits, casefolded."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def same_text(ours: str, theirs: str) -> bool:
    """Whether `theirs`, read back from a platform, is `ours`: spaces, signs and case do not count, a cut end neither.

    Texts without a letter or digit (emoji only) are compared as they are, without the spaces around them.
    """
    mine, read = comparable(ours), comparable(theirs)
    if not mine or not read:
        return ours.strip() == theirs.strip()
    return mine == read or (len(read) >= 40 and mine.startswith(read))


def oldest_first(newest_first: Iterable[Sighting]) -> tuple[Sighting, ...]:
    """What a platform lists newest first, in the order of appearance; also within one second."""
    ordered = list(newest_first)
    ordered.reverse()
    ordered.sort(key=lambda sighting: sighting.created_at)
    return tuple(ordered)


class Platform(Protocol):
    """One outside platform."""

    name: str
    limits: Limits
    capabilities: Capabilities

    async def prepare(self, account: Account, content: Content, handles: Handles, remember: Remember) -> Handles:
        """Make all that can exist unseen, continuing from `handles`; returns all handles. Nothing becomes visible."""
        ...

    async def publish(self, account: Account, content: Content, handles: Handles) -> Published:
        """Make it visible: exactly one request that can have that effect, never repeated in here."""
        ...

    async def look(self, account: Account, content: Content, handles: Handles, since: datetime) -> Look:
        """Find out whether it is already there: by the handles where they tell, else all posts since `since` (UTC)."""
        ...

    async def follow(self, account: Account, platform_post_id: str) -> Published:
        """Read a published post's state and permalink. Raises Refused when the platform rejected or removed it."""
        ...

    async def discard(self, account: Account, handles: Handles) -> None:
        """Throw away what was prepared and is not wanted any more; quiet where it is gone or cannot be deleted."""
        ...

    async def unseen(self, account: Account) -> Sequence[Unseen]:
        """What our app made here, does not vanish by itself, and nobody sees: wanted or not. Empty where all does."""
        ...

    async def refresh(self, account: Account, refresh_token: SecretStr | None, now: datetime) -> Tokens:
        """A fresh token. Raises ReconnectNeeded when only the owner can help, TryLater when it may work later."""
        ...

    async def check(self, account: Account) -> Standing:
        """Whether the access works, by one cheap read. Raises ReconnectNeeded or TokenExpired when it does not."""
        ...

    async def metrics(self, account: Account, platform_post_ids: Sequence[str]) -> Mapping[str, PostMetrics]:
        """Numbers per post id; ids the platform does not know (any more) are absent. Empty without per-post metrics."""
        ...

    async def location_metrics(self, account: Account, first: date, last: date) -> Sequence[LocationDay]:
        """Daily numbers of the location, both days included. Empty where the platform has none."""
        ...

    async def quota(self, account: Account) -> Quota:
        """What is left of the account's publishing quota."""
        ...
