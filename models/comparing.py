"""Which groups of posts did better than the others, and which only look so: hours of the week, themes.

The unit is the post, not the person reached. A post is compared with the average of its own platform, because platforms
differ more than hours do: what is only on Instagram would win otherwise. A group stands out when chance alone would
make *any* of the groups look that good in one of twenty periods (t intervals, Bonferroni over the groups): of 168 hours
of a week some always look splendid.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Generic, Literal, TypeVar

K = TypeVar("K")

FEWEST_POSTS = 4  # from so many on a group is compared at all
_FEWEST_FREEDOM = 8  # of a platform's spread: fewer posts do not tell how far single posts lie apart
_CHANCE = 0.05  # that any group at all stands out where nothing differs
_PRIOR_POSTS = 3.0  # how many average posts each group is thought to have beside its own
_LEAST_SPREAD = 0.2  # as a share of the average: equal numbers of a few posts are chance, not certainty

Verdict = Literal["better", "worse", "alike", "few"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample(Generic[K]):
    """Posts of one group on one platform: their number, and mean and sample variance of their engagement rates."""

    group: K
    platform: str
    posts: int
    mean: float
    variance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing(Generic[K]):
    """How a group stands against the average of its platforms.

    `rate` is the mean of its posts, in percent. `difference` is what is believed of it relative to that average (0.1 =
    a tenth better), drawn towards 0 while the posts are few. `limits` of the difference as it was measured, between
    which it likely is; None where posts are too few to tell. `few`: too few posts; `alike`: as different as by chance.
    """

    group: K
    posts: int
    rate: float
    difference: float
    limits: tuple[float, float] | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class _Platform:
    """All posts of a platform: number, mean, and the variance within groups (None = not known)."""

    posts: int
    mean: float
    variance: float | None
    freedom: int


def compare(samples: Iterable[Sample[K]]) -> list[Standing[K]]:
    """Each group against the average, in the order in which the groups come first."""
    groups: dict[K, list[Sample[K]]] = defaultdict(list)
    for sample in samples:
        if sample.posts > 0:
            groups[sample.group].append(sample)
    by_platform: dict[str, list[Sample[K]]] = defaultdict(list)
    for parts in groups.values():
        for part in parts:
            by_platform[part.platform].append(part)
    platforms = {name: _platform(parts) for name, parts in by_platform.items()}
    compared = sum(sum(part.posts for part in parts) >= FEWEST_POSTS for parts in groups.values())
    return [_standing(group, parts, platforms, compared) for group, parts in groups.items()]


def _platform(parts: Iterable[Sample[K]]) -> _Platform:
    parts = list(parts)
    posts = sum(part.posts for part in parts)
    mean = sum(part.posts * part.mean for part in parts) / posts
    freedom = posts - len(parts)
    if freedom < _FEWEST_FREEDOM:
        return _Platform(posts, mean, None, freedom)
    variance = sum((part.posts - 1) * part.variance for part in parts) / freedom
    return _Platform(posts, mean, max(variance, (_LEAST_SPREAD * mean) ** 2), freedom)


def _standing(group: K, parts: Iterable[Sample[K]], platforms: dict[str, _Platform], compared: int) -> Standing[K]:
    parts = list(parts)
    posts = sum(part.posts for part in parts)
    rate = sum(part.posts * part.mean for part in parts) / posts
    usual = sum(part.posts * platforms[part.platform].mean for part in parts) / posts
    difference = (rate - usual) / usual if usual else 0.0
    believed = difference * posts / (posts + _PRIOR_POSTS)
    margin = _margin(parts, platforms, compared) if posts >= FEWEST_POSTS else None
    if margin is None or not usual:
        return Standing(group=group, posts=posts, rate=rate, difference=believed, limits=None, verdict="few")
    # Nothing can be more than all of it worse.
    low, high = max(difference - margin / usual, -1.0), difference + margin / usual
    verdict: Verdict = "better" if low > 0 else "worse" if high < 0 else "alike"
    return Standing(group=group, posts=posts, rate=rate, difference=believed, limits=(low, high), verdict=verdict)


def _margin(parts: Iterable[Sample[K]], platforms: dict[str, _Platform], compared: int) -> float | None:
    """How far chance may move the difference, in points of the rate; None when that is not known."""
    parts = list(parts)
    posts = sum(part.posts for part in parts)
    # Rates are skewed, and the mean of a few of them is too: their own number makes the interval wider.
    square, freedom = 0.0, max(2 * (posts - 1), _FEWEST_FREEDOM)
    for part in parts:
        whole = platforms[part.platform]
        if whole.variance is None:
            return None
        freedom = min(freedom, whole.freedom)
        # The group is a part of the average that it is held against.
        square += (part.posts / posts) ** 2 * whole.variance * (1 / part.posts - 1 / whole.posts)
    if square <= 0:
        return None  # the group is all there is: nothing to compare it with
    return student_t(1 - _CHANCE / (2 * compared), freedom) * math.sqrt(square)


def student_t(probability: float, freedom: int) -> float:
    """Quantile of Student's t by the expansion around the normal one (Abramowitz and Stegun 26.7.5).

    Within a hundredth from 8 degrees of freedom on, which is as few as `compare` takes.
    """
    x = NormalDist().inv_cdf(probability)
    v = float(freedom)
    return (
        x
        + (x**3 + x) / (4 * v)
        + (5 * x**5 + 16 * x**3 + 3 * x) / (96 * v**2)
        + (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / (384 * v**3)
        + (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / (92160 * v**4)
    )
