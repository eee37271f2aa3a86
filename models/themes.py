"""What posts are about: the themes, and which one an account gets next.

Without numbers the themes take turns. Once at least two of them have been measured on an account's platform, each slot
goes to the theme that wins a draw: every theme draws an engagement rate from what is believed of it (Thompson
sampling), so that what worked comes more often, and what is little known is still tried. The unit is the post, not the
person reached: the draw is a Student t, wide while the posts are few or far apart. No theme comes twice in a row, and
none is forgotten.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

THEMES = ("tip", "promotion", "seasonal", "testimonial", "fun_fact")
DEFAULT_THEMES = ("tip", "promotion", "seasonal")
MEASURED_POSTS = 4  # from so many on a theme counts as measured
_PRIOR_POSTS = 3.0  # how many posts the average of all themes weighs in the belief about each
_LEAST_SPREAD = 0.2  # as a share of the average rate: equal numbers of a few posts are chance, not certainty
_FORGOTTEN_AFTER = 3  # rounds: a theme that had no post for so long goes next


@dataclass(frozen=True, slots=True)
class UsableThemes:
    """The themes to write about, and in words why any enabled one is left out."""

    themes: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeResult:
    """How a theme's posts did: the engagement rate in percent of `posts` posts, its mean and sample variance."""

    posts: int
    mean: float
    variance: float


def usable(enabled: Sequence[str], *, reviews: bool) -> UsableThemes:
    """Which of an owner's enabled themes can be written now.

    `testimonial` is for real reviews that the owner gave: without a free one (`reviews`) it rests while another theme
    is enabled; alone, its posts only ask customers for a review and quote nobody.
    """
    known = tuple(dict.fromkeys(theme for theme in enabled if theme in THEMES))
    notes = [f"there is no theme {theme!r}" for theme in dict.fromkeys(enabled) if theme not in THEMES]
    if not known:
        notes.append("no theme is enabled, so the usual ones are used")
        return UsableThemes(DEFAULT_THEMES, tuple(notes))
    others = tuple(theme for theme in known if theme != "testimonial")
    if reviews or not others or others == known:
        return UsableThemes(known, tuple(notes))
    notes.append("testimonial rests: it needs a real review that was not used for 90 days")
    return UsableThemes(others, tuple(notes))


def next_theme(
    themes: Sequence[str],
    *,
    before: Sequence[str | None],
    after: str | None = None,
    results: Mapping[str, ThemeResult] | None = None,
    seed: str,
    slot: str = "",
) -> str:
    """The theme of one slot of an account.

    `before` are the themes of its posts up to the slot, oldest first; `after` that of the post which is already there
    behind it. Neither neighbour's theme is taken while there is another one (with two themes only the one before
    counts). `seed` is the account, and `slot` makes each draw its own: the same arguments give the same theme.
    """
    previous = before[-1] if before else None
    open_ = [theme for theme in themes if theme not in (previous, after)]
    open_ = open_ or [theme for theme in themes if theme != previous] or list(themes)
    weighed = {theme: result for theme, result in (results or {}).items() if theme in themes}
    if not is_measured(weighed):
        return _in_turn(themes, previous, open_, seed)
    lately = before[-_FORGOTTEN_AFTER * len(themes) :]
    forgotten = [theme for theme in open_ if theme not in lately]
    if forgotten and len(lately) == _FORGOTTEN_AFTER * len(themes):
        return forgotten[0]
    dice = random.Random(f"{seed} {slot}")
    drawn = _draws(themes, weighed, dice)
    return max(open_, key=lambda theme: drawn[theme])


def is_measured(results: Mapping[str, ThemeResult]) -> bool:
    """Whether there are numbers enough to prefer one theme to another."""
    return sum(result.posts >= MEASURED_POSTS for result in results.values()) >= 2


def rotation(themes: Sequence[str], count: int, *, previous: str | None, seed: str) -> list[str]:
    """`count` themes in turn for one account, after its `previous` one; never the same twice in a row.

    Each account starts at a place of its own (by `seed`), so that one day's posts are not all about the same.
    With a single theme there is nothing to alternate with.
    """
    turn: list[str | None] = [previous]
    for _ in range(count):
        turn.append(next_theme(themes, before=turn, seed=seed))
    return [theme for theme in turn[1:] if theme is not None]


def why(results: Mapping[str, ThemeResult], themes: Collection[str]) -> str:
    """In words, what the choice among `themes` rests on: "tips got 3.1 % over 14 posts, promotions 1.2 % over 9"."""
    measured = {theme: result for theme, result in results.items() if theme in themes and result.posts}
    if not is_measured(measured):
        return "in turn, because there are not enough numbers yet"
    best = sorted(measured.items(), key=lambda entry: (-entry[1].mean, entry[0]))
    told = [
        f"{_PLURALS[theme]} {'got ' if not number else ''}{result.mean:.1f} % over {result.posts}"
        + (" posts" if not number else "")
        for number, (theme, result) in enumerate(best)
    ]
    unknown = [_PLURALS[theme] for theme in THEMES if theme in themes and theme not in measured]
    return ", ".join(told) + (f"; not known yet: {', '.join(unknown)}" if unknown else "")


_PLURALS = {
    "tip": "tips",
    "promotion": "promotions",
    "seasonal": "seasonal posts",
    "testimonial": "reviews",
    "fun_fact": "fun facts",
}


def _in_turn(themes: Sequence[str], previous: str | None, open_: Collection[str], seed: str) -> str:
    start = hashlib.sha256(seed.encode()).digest()[1] % len(themes)
    if previous in themes:
        start = themes.index(previous) + 1
    turn = [themes[(start + number) % len(themes)] for number in range(len(themes))]
    return next(theme for theme in turn if theme in open_)


def _draws(themes: Sequence[str], results: Mapping[str, ThemeResult], dice: random.Random) -> dict[str, float]:
    """One rate for each theme from what is believed of it.

    The belief about a theme: its posts, and a few more that got the average of all. How far single posts lie apart is
    pooled over the themes; few posts know that badly too, which is what the t distribution is for.
    """
    posts = sum(result.posts for result in results.values())
    average = sum(result.posts * result.mean for result in results.values()) / posts
    freedom = max(sum(result.posts - 1 for result in results.values() if result.posts), 1)
    pooled = sum((result.posts - 1) * result.variance for result in results.values() if result.posts) / freedom
    spread = max(math.sqrt(pooled), _LEAST_SPREAD * average, 1e-9)
    drawn = {}
    for theme in themes:
        known = results.get(theme, ThemeResult(posts=0, mean=average, variance=0.0))
        weight = known.posts + _PRIOR_POSTS
        centre = (known.posts * known.mean + _PRIOR_POSTS * average) / weight
        heavy = math.sqrt(dice.gammavariate(freedom / 2, 2.0) / freedom)
        drawn[theme] = centre + spread / math.sqrt(weight) * dice.gauss(0.0, 1.0) / heavy
    return drawn
