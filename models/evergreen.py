"""Posts from the bank: for when the writer is down or nothing it wrote may go out. A slot is never silently empty.

They say nothing about the business but its name and town, so there is nothing in them that the owner did not state.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import product

from models.business import Business
from models.content_templates import facts, render
from models.regions import Region, region
from models.seasons import season
from models.themes import THEMES
from models.trades import GENERIC, Trade, trade, trades

_ENDINGS = {"tip": "advice", "seasonal": "season", "fun_fact": "fact", "promotion": "call", "testimonial": "call"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EvergreenPost:
    """A ready post. `core` is what it says, without its ending."""

    theme: str
    text: str
    core: str
    hashtags: tuple[str, ...]
    picture_query: str


def evergreen(
    business: Business, *, theme: str, platform: str, day: date, used: Sequence[str], seed: str
) -> Iterator[EvergreenPost]:
    """Posts for a slot on `day`, best first, none of whose texts is in `used` (texts of this and earlier weeks).

    First what was not said yet about the theme, then what was not said yet about others, then all of it again with
    other endings. The same arguments give the same order.
    """
    kind, dice, values = trade(business.type), random.Random(seed), facts(business, day)
    where = region(business.location_state)
    said = "\n".join(used)
    others = [other for other in THEMES if other not in (theme, "testimonial", "promotion")]
    for only_fresh, about in product((True, False), (theme, *others)):
        cores = [render(core, values) for core in _cores(kind, about, day, where, dice)]
        endings = [render(ending, values) for ending in _endings()[_ENDINGS[about]][platform]]
        dice.shuffle(endings)
        endings.sort(key=lambda ending: bool(ending) and ending in said)  # unused ones first
        for ending, core in product(endings, cores):
            text = f"{core}{_gap(platform)}{ending}".strip() if ending else core
            if text not in used and not (only_fresh and core in said):
                yield EvergreenPost(
                    theme=about,
                    text=text,
                    core=core,
                    hashtags=_hashtags(kind, business) if platform == "instagram" else (),
                    picture_query=dice.choice(kind.pictures),
                )


def _cores(kind: Trade, theme: str, day: date, where: Region, dice: random.Random) -> list[str]:
    """The trade's own in any order, then the general ones; of the seasonal ones only what the weather there has."""
    now = season(day, southern=where.southern)
    general = trades()[GENERIC]
    found: list[str] = []
    for source in (kind, general) if kind is not general else (general,):
        texts = source.posts.get(theme, ())
        if theme == "seasonal":
            texts = tuple(text for text in source.seasonal_posts[now] if _suits(source.only_where.get(text), where))
        found += dice.sample(texts, len(texts))
    return found


def _suits(trait: str | None, where: Region) -> bool:
    return trait is None or trait in where.traits


def _gap(platform: str) -> str:
    return " " if platform == "google" else "\n\n"


def _hashtags(kind: Trade, business: Business) -> tuple[str, ...]:
    """The trade's, and the town's where there is one."""
    town = "".join(re.findall(r"\w+", business.location_city or ""))
    return tuple(tag for tag in (*kind.tags[:3], town) if tag)


@cache
def _endings() -> Mapping[str, Mapping[str, Sequence[str]]]:
    text = files("models").joinpath("evergreen.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
