"""What places.toml says: the names of towns and states, and how places are spoken of."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from models.gates.patterns import filled
from models.gates.reading import WORD, legible, plain

_FULL = {"St": "Saint", "Ft": "Fort", "Mt": "Mount"}
_SHORT = re.compile(r"(?<!\w)(St|Ft|Mt)\.? (?=[A-Z][a-z])")

Words = tuple[str, ...]  # a name as it is looked up: small letters, no genitive
Pattern = re.Pattern[str]

# A name of one word or two that a text writes with capitals.
_PART = r"(?:[A-Z]'|Mc|d')?[A-Z][a-z]{2,}"
_BEGINNING = "Saint|San|Fort|Mount|Lake|Los|Las|El|La|New|Port|North|South|East|West"
NAME = rf"((?:(?:{_BEGINNING}) )?{_PART}(?: {_PART})?)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Atlas:
    """The names, and patterns for what stands around them."""

    by_first: Mapping[str, tuple[Words, ...]]  # every name by its first word, longest first
    doubtful: frozenset[Words]  # names only where they are spoken of as places
    joined: frozenset[str]  # undoubted names without spaces, for hashtags
    states: Mapping[str, str]  # code to name, and plain name to name
    nicknames: Mapping[Words, frozenset[Words]]  # and whose they are
    no_town: frozenset[str]  # words that are none where a town may stand
    lent: Pattern  # after a name that is only lent: "Boston cream", "Houston Street"
    claiming: Pattern
    telling: Pattern
    came: Pattern
    before: Pattern
    after: Pattern
    spoken_of: Pattern  # with a name in one of its groups


@lru_cache(maxsize=4096)
def name_words(name: str) -> Words:
    """A name as it is looked up."""
    return tuple(map(bare, WORD.findall(full_saints(legible(name)))))


def bare(word: str) -> str:
    """A word in small letters without its genitive."""
    return word.casefold().removesuffix("'s").removesuffix("'")


def full_saints(text: str) -> str:
    """ "St. Paul" and "Ft Worth" as they are spoken."""
    return _SHORT.sub(lambda found: f"{_FULL[found[1]]} ", text)


def spellings(name: Words) -> tuple[str, ...]:
    """A name in a hashtag: "saintpaul" is also "stpaul"."""
    joined = "".join(name)
    shorts = (("saint", "st"), ("fort", "ft"), ("mount", "mt"))
    return (joined, *(joined.replace(full, short, 1) for full, short in shorts if joined.startswith(full)))


@cache
def atlas() -> Atlas:
    """The atlas, read once."""
    data = tomllib.loads(files("models.gates").joinpath("places.toml").read_text(encoding="utf-8"))
    states = {name_words(name) for name in data["states"].values()}
    nicknames = {name_words(name): frozenset(map(name_words, towns)) for name, towns in data["nicknames"].items()}
    every = {name_words(town) for towns in data["towns"].values() for town in towns} | set(nicknames) | states
    doubtful = frozenset(map(name_words, data["doubtful"]["towns"])) | (states - {("new", "york")})
    by_first: dict[str, list[Words]] = defaultdict(list)
    for name in sorted(every, key=len, reverse=True):
        by_first[name[0]].append(name)
    cues = {name: filled(alternatives, data["words"]) for name, alternatives in data["cues"].items()}
    things, names = (filled(data["lent"][kind], {}) for kind in ("things", "names"))
    people = data["words"]["audience"]
    return Atlas(
        by_first={first: tuple(found) for first, found in by_first.items()},
        doubtful=doubtful,
        joined=frozenset(spelling for name in (every - doubtful) | states for spelling in spellings(name)),
        states=data["states"] | {plain(name): name for name in data["states"].values()},
        nicknames=nicknames,
        no_town=frozenset(cues["no_town"].split("|")),
        lent=re.compile(rf"(?:'s)?[ -](?:(?i:{things})|{names})\b"),
        claiming=re.compile(rf"\b(?:{cues['claiming']})\b", re.IGNORECASE),
        telling=re.compile(rf"\b(?:{cues['telling']})\b", re.IGNORECASE),
        came=re.compile(rf"\b(?:{cues['came']})\b", re.IGNORECASE),
        before=re.compile(rf"\b(?:{cues['before']})\s+(?:(?:{cues['between']}) )*$", re.IGNORECASE),
        after=re.compile(rf"(?:'s)? (?:{cues['after']})\b|'s (?:best|favorite|finest)\b", re.IGNORECASE),
        spoken_of=re.compile(
            rf"\b(?i:{people}|people|kids|clients|guests) (?:in|of|around|across|near|throughout|all over) {NAME}"
            rf"|\b(?:[Ss]erv(?:ing|es?)|(?:[Bb]ased|[Ll]ocated|[Hh]ere) in|[Aa]cross|[Tt]hroughout|[Aa]ll over) {NAME}"
            rf"|\b(?:heart of|[Dd]owntown|[Oo]ut of) {NAME}"
            rf"|(?<=[a-z,] ){NAME}(?:'s)? (?:residents|homeowners|families|households|locals)\b"
        ),
    )
