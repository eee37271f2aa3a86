"""Pure rules of publishing: when to try again, what a look proves, what counts as missed. No I/O; `now` comes in."""

from __future__ import annotations

import hashlib
import math
import random
import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

MAX_ATTEMPTS = 8
FIRST_DELAY = 15.0  # seconds
LONGEST_DELAY = 3600.0
FIRST_LOOK_DELAY = 2.0
LONGEST_LOOK_DELAY = 300.0
OPERATOR_DELAY = 900.0
CATCH_UP_AFTER = 900.0  # seconds late from which on an account's posts go out one by one
CATCH_UP_SPACING = 60.0  # seconds between them
CLOCK_SKEW = timedelta(minutes=2)  # our clock and a platform's may differ by so much
FOLLOW_DELAYS = (5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)  # seconds; Google moderates within minutes, rarely hours
FOLLOW_AFTER_TROUBLE = 60.0  # seconds at least, when a post could not be read: Google's quotas are per minute


def backoff(failures: int, *, retry_after: float | None = None, jitter: float | None = None) -> float:
    """Seconds to wait after the `failures`-th failure in a row (1 = the first).

    Exponential, capped, with up to 25 % jitter on top (`jitter` 0..1, random when not given); never sooner than the
    platform's `retry_after`.
    """
    if failures < 1:
        raise ValueError(f"failures must be at least 1, not {failures}")
    base: float = min(FIRST_DELAY * 2.0 ** min(failures - 1, 20), LONGEST_DELAY)
    spread = base * 0.25 * (random.random() if jitter is None else jitter)
    return max(base + spread, retry_after or 0.0)


def look_delay(doubtful_seconds: float, *, jitter: float | None = None) -> float:
    """Seconds until a post in doubt is looked for again when the platform could not tell: the longer the doubt lasts,
    the more seldom, at most five minutes; up to 25 % jitter on top."""
    base = min(max(FIRST_DELAY, doubtful_seconds / 4), LONGEST_LOOK_DELAY)
    return base * (1 + 0.25 * (random.random() if jitter is None else jitter))


def follow_delay(age_seconds: float) -> float:
    """Seconds until a post that the platform still processes is read again: short at first, at most an hour."""
    return next((delay for delay in FOLLOW_DELAYS if delay >= age_seconds / 2), FOLLOW_DELAYS[-1])


def normalised(text: str) -> str:
    """A text as it can be compared after a platform has trimmed or re-spaced it.

    Compatibility-normalised, without invisible characters, `@` (Instagram may drop it) and differences of white space.
    """
    folded = unicodedata.normalize("NFKC", text)
    visible = "".join(c for c in folded if unicodedata.category(c) not in ("Cf", "Cc") or c in "\n\t ")
    return re.sub(r"\s+", " ", visible.replace("@", "")).strip()


def text_fingerprint(text: str) -> str:
    """SHA-256 of the normalised text."""
    return hashlib.sha256(normalised(text).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Seen:
    """A post seen on the platform while looking."""

    platform_post_id: str
    text: str
    created_at: datetime
    ours: bool | None = None


def match(text: str, started_at: datetime, seen: Iterable[Seen], taken: Collection[str]) -> Seen | None:
    """The post on the platform that is ours, None when there is none.

    Same normalised text, not made by another app, created after the attempt began (give or take the clocks), and its
    id not already another post's. Of several the earliest is taken: the same text posted twice on purpose is two
    attempts, and each adopts one.
    """
    wanted = normalised(text)
    candidates = [
        post
        for post in seen
        if post.ours is not False
        and post.platform_post_id not in taken
        and post.created_at >= started_at - CLOCK_SKEW
        and normalised(post.text) == wanted
    ]
    return min(candidates, key=lambda post: (post.created_at, post.platform_post_id), default=None)


class AfterLook(StrEnum):
    """What to do after a look that did not find the post."""

    LOOK_AGAIN = "look_again"  # the settle time has to pass before absence is believed
    SEND_AGAIN = "send_again"  # absent at two looks, far enough apart


def after_absent(first_absent_at: datetime | None, now: datetime, settle: timedelta) -> AfterLook:
    """Absence is proved by two looks at least `settle` apart."""
    if first_absent_at is not None and now - first_absent_at >= settle:
        return AfterLook.SEND_AGAIN
    return AfterLook.LOOK_AGAIN


def is_missed(scheduled_for: datetime, approved_at: datetime | None, now: datetime, missed_after: timedelta) -> bool:
    """Whether a due post is too old to go out.

    Counted from its time or from its approval, whichever is later: who approves late wants it out.
    """
    due_since = max(scheduled_for, approved_at) if approved_at is not None else scheduled_for
    return now - due_since > missed_after


def is_alive(prepared_at: datetime | None, lives: float | None, now: datetime) -> bool:
    """Whether what was prepared then is still there: `lives` seconds, None = for ever."""
    return lives is None or (prepared_at is not None and (now - prepared_at).total_seconds() < lives)


def is_over(event_ends_at: datetime | None, now: datetime) -> bool:
    """Whether what a post invites to has ended: nobody wants it to go out then."""
    return event_ends_at is not None and event_ends_at <= now


def percentile(values: Collection[float], share: float) -> float:
    """The nearest-rank percentile (`share` 0..1) of some values; 0.0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
