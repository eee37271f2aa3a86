"""Named people of the business or among its customers.

Known by a list of common first names, by a title ("Mrs.", "Chef"), by a role ("our baker ..."), or by how they are
spoken of ("ask for ..."). People of history are none, nor are plants, tools and days that bear a name (`names.toml`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from models.gates.claims.claim import Claim, Passage

_NAME = r"(?-i:[A-Z][a-z]+(?:'[A-Z][a-z]+)?)"
_ROLE = (
    r"(?:owner|founder|technician|tech|stylist|barber|baker|chef|manager|plumber|electrician|roofer|painter|gardener|trainer"
    r"|coach|hygienist|receptionist|mechanic|foreman|apprentice|colleague|florist|groomer|cook|neighbor|customer|client|boss)"
)
_GOES_ON = (
    r"(?=\s*(?:[,.!?-]|$|(?:and|from|at|in the|who|our|will|for|about|if|how|what|whether|why|to|when|on|with|over)\b))"
)
_CALLED = re.compile(rf"\b(?:ask for|say (?:hi|hello|hey) to|meet|named) ({_NAME})", re.IGNORECASE)
_SPOKEN_OF = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:mr|mrs|ms|miss|dr|doctor|chef|coach|professor|nurse|aunt|uncle)\.?\s+({_NAME})",
        rf"\b{_ROLE},?\s+({_NAME})",
        rf"\b(?:ask|talk to|speak (?:to|with)|book with|tell|welcome) ({_NAME}){_GOES_ON}",
        rf"\b(?:thanks?|thank you|congratulations|congrats|happy birthday|shout[\s-]?out|kudos|hats off|credit)"
        rf"(?:,| goes)?(?: to)? ({_NAME}){_GOES_ON}",
        r"\b(?:led|run|owned|founded|made|baked|painted|created|opened|started|written|designed|cut) by "
        rf"({_NAME}){_GOES_ON}",
        rf"\b({_NAME})(?: and (?:his|her|their) (?:team|crew|family|sons?|daughters?|wife|husband)"
        rf"|, our {_ROLE}| from our)\b",
        rf"\bthe ({_NAME}) (?:family|kids|household|brothers|sisters)\b",
    )
)
_WORD = re.compile(r"(?<![\w@#./-])[^\W\d_]{2,}(?![\w@])")
_BEGINNING = re.compile(r"(?:^|[.!?:\"'])\W*$")
_CAPITAL = re.compile(r"[A-Z][a-z]")
_FIRST_WORD = re.compile(rf"{_NAME}(?: and (?:his|her|their)\b|, our\b| from our\b)")
_OF_A_NAME = re.compile(r" (?:and [A-Z]|from|says|said|told|will|knows|has|is|runs|at the)\b|'s\b")
_LONG_AGO = re.compile(
    r"\b1[0-8]\d\d\b|\b19[0-6]\d\b|\bcentur(?:y|ies)\b|\bancient\b|\binvent\w+|\bpatent\w*|\bdiscover\w+"
)


@dataclass(frozen=True, slots=True)
class _Names:
    """`names.toml`. `words` may be meant as words and are read with a capital only."""

    first: frozenset[str]
    words: frozenset[str]
    families: re.Pattern[str]
    no_people: re.Pattern[str]
    of_history: re.Pattern[str]
    ordinary: frozenset[str]


def people(sentence: Passage) -> Iterator[Claim]:
    """People by name. A name is the fact, whatever is said of it."""
    if not sentence.ours and _LONG_AGO.search(sentence.text):
        return
    known = _names()
    if not _may_name(sentence.cased, known):
        return
    text = known.of_history.sub(" ", known.no_people.sub(" ", sentence.cased))
    ways = (_CALLED,) if sentence.is_tag else (_CALLED, *_SPOKEN_OF, known.families)
    names = [match[1] for pattern in ways for match in pattern.finditer(text)]
    text = text.title() if text.isupper() else text
    names += [
        match[0]
        for match in _WORD.finditer(text)
        if match[0].casefold() in known.first
        or (
            match[0] in known.words
            and not sentence.is_tag
            and (not _BEGINNING.search(text[: match.start()]) or _OF_A_NAME.match(text, match.end()))
        )
    ]
    for name in dict.fromkeys(names):
        if name.casefold() not in known.ordinary:
            yield Claim("person's name", name, f"name {name.casefold()}")


def _may_name(cased: str, known: _Names) -> bool:
    """Whether there is a word that can be a name; most sentences have none and are read no further."""
    words = _WORD.findall(cased)
    return (
        _CAPITAL.search(cased, 1) is not None
        or cased.isupper()
        or not known.words.isdisjoint(words[:1])
        or not known.first.isdisjoint(map(str.casefold, words))
        or _FIRST_WORD.match(cased) is not None
    )


@cache
def _names() -> _Names:
    file = tomllib.loads(files("models.gates.claims").joinpath("names.toml").read_text(encoding="utf-8"))
    return _Names(
        first=frozenset(file["first"].split()),
        words=frozenset(file["words"].split()),
        families=re.compile(rf"\b[Tt]he ((?:{'|'.join(file['families'].split())})(?:s|es))\b"),
        no_people=re.compile(rf"\b(?:{'|'.join(file['no_people'])})\b", re.IGNORECASE),
        of_history=re.compile(rf"(?:\b[A-Z][a-z]+\.? ){{0,3}}\b(?:{'|'.join(file['of_history'].split())})(?:'s)?\b"),
        ordinary=frozenset(file["ordinary"].split()),
    )
