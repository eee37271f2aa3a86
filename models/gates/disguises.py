"""Coarse words in disguise: digits and signs for letters, stars, letters set apart or repeated."""

from __future__ import annotations

import re
from functools import lru_cache

_MASKED = re.compile(r"(?=\S*[a-z])(?=\S*[0-9@$!|+*])[a-z0-9@$!|+*]+")
_UNMASK = str.maketrans("013457@$!|+", "oieastasilt")
_APART = re.compile(r"(?<!\w)[^\W_](?:([\s._/,*~-])[^\W_])(?:\1[^\W_])+(?!\w)")
_STARRED = (
    *(
        "fuck",
        "fucks",
        "fucking",
        "fucked",
        "fucker",
        "shit",
        "shits",
        "shitty",
        "bitch",
        "bitches",
        "bitching",
        "cunt",
    ),
    *("asshole", "assholes", "ass", "damn", "crap", "dick", "pussy", "bastard", "bullshit"),
)


@lru_cache(maxsize=256)
def readings(text: str) -> tuple[str, ...]:
    """A text in small letters and one line, as it stands first, then as it may be meant."""
    meant = _APART.sub(lambda found: found[0].replace(found[1], ""), text)
    meant = _MASKED.sub(lambda found: _unmasked(found[0]), meant)
    shorter = [re.sub(r"([a-z])\1{2,}", times, meant) for times in (r"\1", r"\1\1")]
    return tuple(dict.fromkeys((text, meant, *shorter)))


def _unmasked(word: str) -> str:
    """The word that is meant; where nothing says so, the word itself ("55k", "*fresh*")."""
    bare = word.rstrip("!+|").lstrip("+|").removeprefix("*")
    if "*" in bare:
        shape = re.compile(bare.translate(_UNMASK).replace("*", "."))
        return next((coarse for coarse in _STARRED if shape.fullmatch(coarse)), word)
    letters = sum(character.isalpha() for character in bare)
    return bare.translate(_UNMASK) if letters >= 2 or "$$" in bare else word
