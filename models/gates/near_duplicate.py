"""Too near to what was posted: by this business within 90 days, or by another one in the same trade and town.

Two texts are compared by their words and pairs of neighbouring words, without numbers, case and punctuation. A changed
name or town, another price, a new greeting or sentences in another order leave most of them in place; the same subject
in other words shares few pairs. What stands in many of the old posts (a sign-off, the name, the town) is no subject.

Held against 2,500 texts a draft costs about a millisecond: what is known about each text is made once, and kept for
the texts of a context as sorted arrays. Our own texts become one more with every post of a week: the oldest stand on
a shelf that stays, only the newest are put in order again.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from zlib import crc32

from models.gates.draft import Draft, GateContext, Verdict
from models.gates.reading import legible

# Shares of what two texts have together (Dice). Our own posts may share a little more: they have one voice.
OWN_SHARE = 0.55
NEIGHBOURS_SHARE = 0.5
_SHORT_SHARE = 0.8  # of texts with less than _SHORT words and pairs: "Closed on Monday for ..." is no repetition
_SHORT = 12
_WORDS_SHARE = 0.85  # of all words, in whatever order
_WHOLE_SHARE = 0.85  # of the shorter text: it stands in the longer one as a whole

_SENTENCE = re.compile(r"[.!?:;\n]+")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_ID_BITS = 20
_SHELF_SIZE = 16  # our own texts are put on a shelf that stays by so many
_COMMON = 3  # texts, and
_COMMON_SHARE = 0.2  # of all of them
_STOP_WORDS = """
    a about after again all also am an and any are as at be because been before but by can could did do does for
    from get had has have he her here him his how i if in into is it its just let like make many may me more most
    much my no nor not now of on once one only or other our out over own she should so some such than that the their
    them then there these they this those to too under until up us very was we were what when where which while who
    why will with would you your
"""
_STOP = frozenset(_STOP_WORDS.split())


@dataclass(frozen=True, slots=True)
class _Marks:
    """Hashes of a text's words, and of pairs of words that stand side by side; pairs have an odd number."""

    words: array[int]
    pairs: array[int]


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Texts to be held against, and every hash with the number of its text, sorted."""

    texts: tuple[str, ...]
    entries: array[int]


def near_duplicate(draft: Draft, context: GateContext) -> Verdict:
    """Whether a draft says something new. A neighbour's text never stands in the reason."""
    newest = len(context.own_texts) % _SHELF_SIZE
    own_shelves = (_shelf(context.own_texts[:newest]), _own_shelf(context.own_texts[newest:]))
    own = _nearest(_marks(draft.text), own_shelves, OWN_SHARE)
    if own is not None:
        start = " ".join(context.own_texts[own].split())[:80]
        reason = f"almost the same as an earlier post that begins {start!r}; choose another subject or other words"
        return Verdict("near_duplicate", False, reason)
    if _nearest(_marks(draft.text), (_neighbours_shelf(context.neighbours_texts),), NEIGHBOURS_SHARE) is not None:
        reason = "almost the same as what another business of this trade and town posted; choose another subject"
        return Verdict("near_duplicate", False, reason)
    return Verdict("near_duplicate", True)


def _nearest(marks: _Marks, shelves: tuple[_Shelf, ...], share: float) -> int | None:
    """The number of the first text that comes too near, counted over the shelves, or None."""
    texts = [text for shelf in shelves for text in shelf.texts]
    common = max(_COMMON, _COMMON_SHARE * len(texts))
    words: dict[int, int] = {}  # that each text has of ours
    shared: dict[int, int] = {}  # words and pairs that are not common
    rare = 0
    for hashes, are_words in ((marks.words, True), (marks.pairs, False)):
        for hash_ in hashes:
            holders = _holders(hash_, shelves)
            if are_words:
                for number in holders:
                    words[number] = words.get(number, 0) + 1
            if len(holders) < common:
                rare += 1
                for number in holders:
                    shared[number] = shared.get(number, 0) + 1

    def is_near(number: int) -> bool:
        of_words, of_rare = words[number], shared.get(number, 0)
        is_rare_enough = of_rare >= _SHORT * _WHOLE_SHARE or 2 * of_rare >= share * (rare + of_rare)
        if not is_rare_enough and 2 * of_words < _WORDS_SHARE * (len(marks.words) + of_words):
            return False  # however little else they have
        theirs = _marks(texts[number])
        if 2 * of_words >= _WORDS_SHARE * (len(marks.words) + len(theirs.words)):
            return True
        theirs_rare = sum(len(_holders(hash_, shelves)) < common for hash_ in (*theirs.words, *theirs.pairs))
        return _too_near(rare, theirs_rare, of_rare, share)

    return next(filter(is_near, sorted(words)), None)


def _holders(hash_: int, shelves: tuple[_Shelf, ...]) -> list[int]:
    """The numbers of the texts that have it."""
    found, before, first = [], 0, hash_ << _ID_BITS
    for shelf in shelves:
        entries = shelf.entries
        at, most = bisect_left(entries, first), len(entries)
        while at < most and (number := entries[at] - first) >> _ID_BITS == 0:
            found.append(before + number)
            at += 1
        before += len(shelf.texts)
    return found


def _too_near(mine: int, theirs: int, shared: int, share: float) -> bool:
    if min(mine, theirs) < _SHORT:
        return shared > 0 and 2 * shared >= _SHORT_SHARE * (mine + theirs)
    return 2 * shared >= share * (mine + theirs) or shared >= _WHOLE_SHARE * min(mine, theirs)


def _shelf(texts: tuple[str, ...]) -> _Shelf:
    marks = map(_marks, texts)
    return _Shelf(
        texts,
        array("Q", sorted(hash_ << _ID_BITS | n for n, one in enumerate(marks) for hash_ in (*one.words, *one.pairs))),
    )


# About 600 bytes a text.
_own_shelf = lru_cache(maxsize=8)(_shelf)
_neighbours_shelf = lru_cache(maxsize=64)(_shelf)


@lru_cache(maxsize=8192)  # a text stands in the contexts of many neighbours
def _marks(text: str) -> _Marks:
    sentences = [_WORD.findall(part.replace("'", "")) for part in _SENTENCE.split(legible(text).casefold())]
    every = {word for sentence in sentences for word in sentence}
    pairs = {
        f"{first} {second}"
        for sentence in sentences
        for first, second in pairwise(sentence)
        if first not in _STOP or second not in _STOP
    }
    words = {word for word in every if len(word) > 1 and word not in _STOP} or every
    return _Marks(
        words=array("Q", sorted({crc32(word.encode()) << 1 for word in words})),
        pairs=array("Q", sorted({crc32(pair.encode()) << 1 | 1 for pair in pairs})),
    )
