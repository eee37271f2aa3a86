"""What we know about each trade: how it is called, what its posts can be about, and evergreen posts of its own.

One TOML file a trade, shipped with the code:

    noun, work   "a plumber", "plumbing"       prompts   per theme: prompt templates with {placeholders}
    aliases      how owners write the trade    posts     per theme: ready texts without any claim, for when the writer
    tags         hashtags                                fails; seasonal ones per season, "[frost] ..." only where a
    pictures     stock photo searches                    state's weather has it (a trait of `models.regions`)

A trade that we have no file for is a `local_business`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

GENERIC = "local_business"
_ONLY_WHERE = re.compile(r"\[(\w+)\] ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One trade's file."""

    name: str
    noun: str
    work: str
    aliases: tuple[str, ...]
    tags: tuple[str, ...]
    pictures: tuple[str, ...]
    prompts: Mapping[str, tuple[str, ...]]
    posts: Mapping[str, tuple[str, ...]]
    seasonal_posts: Mapping[str, tuple[str, ...]]
    only_where: Mapping[str, str]  # a seasonal post -> the trait without which it makes no sense


@cache
def trades() -> dict[str, Trade]:
    """Every trade by its name."""
    found = (entry for entry in files(__name__).iterdir() if entry.name.endswith(".toml"))
    return {
        name: _trade(name, tomllib.loads(text))
        for name, text in sorted((e.name.removesuffix(".toml"), e.read_text(encoding="utf-8")) for e in found)
    }


def trade(business_type: str) -> Trade:
    """The trade that an owner's own word for it means; `local_business` when we know none."""
    return trades()[trade_name(business_type)]


def trade_name(business_type: str) -> str:
    """The name of that trade: "HVAC", "Heating & Cooling" and "heating and cooling" are all hvac."""
    return _names().get(_plain(business_type), GENERIC)


def words_for(business_type: str) -> list[str]:
    """Every plain word (lower case, single blanks) under which the businesses of the same trade may stand."""
    name = trade_name(business_type)
    if name == GENERIC:  # a trade that we do not know: only who calls it the same
        return [_plain(business_type)]
    return [word for word, known in _names().items() if known == name]


@cache
def _names() -> dict[str, str]:
    return {_plain(word): name for name, entry in trades().items() for word in (name, *entry.aliases)}


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.casefold().replace("&", " and ")))


def _trade(name: str, data: dict[str, object]) -> Trade:
    prompts, posts = dict(_table(data, "prompts")), dict(_table(data, "posts"))
    seasonal = _table(posts, "seasonal")
    posts.pop("seasonal")
    marked = {season: [_marked(text) for text in _texts(entries)] for season, entries in seasonal.items()}
    return Trade(
        name=name,
        noun=str(data["noun"]),
        work=str(data["work"]),
        aliases=_texts(data["aliases"]),
        tags=_texts(data["tags"]),
        pictures=_texts(data["pictures"]),
        prompts={theme: _texts(entries) for theme, entries in prompts.items()},
        posts={theme: _texts(entries) for theme, entries in posts.items()},
        seasonal_posts={season: tuple(text for text, _ in entries) for season, entries in marked.items()},
        only_where={text: trait for entries in marked.values() for text, trait in entries if trait},
    )


def _marked(text: str) -> tuple[str, str]:
    """A seasonal post and the trait in brackets before it, "" when it suits every place."""
    mark = _ONLY_WHERE.match(text)
    return (text[mark.end() :], mark[1]) if mark else (text, "")


def _table(data: Mapping[str, object], key: str) -> Mapping[str, object]:
    found = data[key]
    if not isinstance(found, dict):
        raise TypeError(f"{key} must be a table")
    return found


def _texts(entries: object) -> tuple[str, ...]:
    if not isinstance(entries, list):
        raise TypeError("a list of texts is needed")
    return tuple(str(entry) for entry in entries)
