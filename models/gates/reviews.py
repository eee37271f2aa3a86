"""Real reviews and what is quoted from them: word for word, cuts allowed, changes not."""

from __future__ import annotations

import re
from collections.abc import Sequence

from models.gates.reading import plain, sentences

QUOTATION = re.compile(r"\"([^\"]{2,600}?)\"|(?<!\w)'([^'\n]{2,}(?:'(?=\w)[^'\n]*)*)'(?!\w)")
_CUT = re.compile(r"\[\s*\.\.\.\s*\]|\(\s*\.\.\.\s*\)|\.{3,}")
_TURNS = re.compile(
    r"\b(?:not|never|no|nobody|nothing|hardly|wish|could|if|hoped?|thought|expected|instead of|\w+n't)\b"
    r"(?:\W+\w+){0,4}\W*$"
)
_FEWEST_WORDS = 4  # of a sentence outside quotation marks that counts as somebody's words


def is_from(said: str, reviews: Sequence[str]) -> bool:
    """Whether a legible text is word for word in one of the reviews, in its order, with nothing but cuts.

    A cut right behind what turns the meaning ("would not | call anybody else") is a change.
    """
    parts = [words for part in _CUT.split(said) if (words := _words(part))]
    return bool(parts) and any(_holds(plain(review), parts) for review in reviews)


def without_reviews(text: str, reviews: Sequence[str]) -> str:
    """A legible text without the quotations and sentences that are real reviews' words."""
    if not reviews:
        return text
    kept, position = [], 0
    for match in QUOTATION.finditer(text):
        kept += [_without_sentences(text[position : match.start()], reviews)]
        kept += [" " if is_from(match[1] or match[2], reviews) else match[0]]
        position = match.end()
    return "".join((*kept, _without_sentences(text[position:], reviews)))


def _without_sentences(text: str, reviews: Sequence[str]) -> str:
    for sentence in sentences(text):
        if len(_words(sentence)) >= _FEWEST_WORDS and is_from(sentence, reviews):
            text = text.replace(sentence, " ")
    return text


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", plain(text))


def _holds(review: str, parts: list[list[str]]) -> bool:
    position = 0
    for words in parts:
        pattern = re.compile(r"(?<!\w)" + r"[^\w']+".join(map(re.escape, words)) + r"(?!\w|'\w)")
        match = next(
            (m for m in pattern.finditer(review, position) if not _TURNS.search(_sentence_before(review, m.start()))),
            None,
        )
        if match is None:
            return False
        position = match.end()
    return True


def _sentence_before(review: str, at: int) -> str:
    return re.split(r"[.!?]\s", review[:at])[-1]
