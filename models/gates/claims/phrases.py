"""Phrases that claim something: `phrases.toml`, read and looked up."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, assert_never, cast

from models.gates.claims.claim import Claim, Passage, found
from models.gates.patterns import filled

Passes = Literal["", "general", "unless ours", "question"]


@dataclass(frozen=True, slots=True)
class Phrase:
    """One fact and how it is said; `passes` tells in which sentences it is none."""

    kind: str
    fact: str
    passes: Passes
    said: re.Pattern[str]

    def counts_in(self, sentence: Passage) -> bool:
        """Whether a sentence that says so speaks of the business."""
        match self.passes:
            case "":
                return True
            case "general":
                return not sentence.is_general
            case "unless ours":
                return sentence.ours
            case "question":
                return not sentence.is_question
            case _:
                assert_never(self.passes)


def phrases(sentence: Passage) -> Iterator[Claim]:
    """The claims that a sentence makes in one of the known phrases."""
    known = _phrases()
    if known.any.search(sentence.text) is None:  # most sentences, in one pass instead of one for each phrase
        return
    for phrase in known.each:
        if phrase.counts_in(sentence):
            for match in found(phrase.said, sentence.text):
                yield Claim(phrase.kind, match[0].strip(), phrase.fact)


@dataclass(frozen=True, slots=True)
class _Phrases:
    """All of the file; `any` finds something where one of them does."""

    each: tuple[Phrase, ...]
    any: re.Pattern[str]


@cache
def _phrases() -> _Phrases:
    file = tomllib.loads(files("models.gates.claims").joinpath("phrases.toml").read_text(encoding="utf-8"))
    entries, words = file["claim"], file["words"]
    return _Phrases(
        tuple(
            Phrase(entry["kind"], entry["fact"], cast(Passes, entry["passes"]), _pattern(entry["said"], words))
            for entry in entries
        ),
        _pattern([alternative for entry in entries for alternative in entry["said"]], words),
    )


def _pattern(alternatives: list[str], words: dict[str, str]) -> re.Pattern[str]:
    """Whole words of any of these. A dot in "we.re" is an apostrophe."""
    return re.compile(rf"(?<!\w)(?:{filled(alternatives, words)})(?!\w)")
