"""Too near to what was posted: by this business within 90 days, or by another one in the same trade and town.

Two texts are compared by their words and pairs of neighbouring words, without numbers, case and punctuation. A changed
name or town, another price, a new greeting or sentences in another order leave most of them in place; the same subject
in other words shares few pairs. What stands in many of the old posts (a sign-off, the name, the town) is no subject.

Held against 2,500 texts a draft costs about a millisecond: what is known about each text is made once, and kept for
the texts of a context as one sorted array.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
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
    """Texts to be held against: every hash with the number of its text, sorted; hashes that many texts have; sizes."""

    entries: array[int]
    common: frozenset[int]
    words: array[int]  # of each text
    rare: array[int]  # words and pairs of each text that are not common


def near_duplicate(draft: Draft, context: GateContext) -> Verdict:
    """Whether a draft says something new. A neighbour's text never stands in the reason."""
    own = _nearest(_marks(draft.text), _own_shelf(context.own_texts), OWN_SHARE)
    if own is not None:
        start = " ".join(context.own_texts[own].split())[:80]
        reason = f"almost the same as an earlier post that begins {start!r}; choose another subject or other words"
        return Verdict("near_duplicate", False, reason)
    if _nearest(_marks(draft.text), _neighbours_shelf(context.neighbours_texts), NEIGHBOURS_SHARE) is not None:
        reason = "almost the same as what another business of this trade and town posted; choose another subject"
        return Verdict("near_duplicate", False, reason)
    return Verdict("near_duplicate", True)


def _nearest(marks: _Marks, shelf: _Shelf, share: float) -> int | None:
    """The number of the first text that comes too near, or None."""
    rare = [hash_ for hash_ in (*marks.words, *marks.pairs) if hash_ not in shelf.common]
    words, shared = _shared(marks.words, shelf), _shared(rare, shelf)
    near = (
        n
        for n in words
        if 2 * words[n] >= _WORDS_SHARE * (len(marks.words) + shelf.words[n])
        or _too_near(len(rare), shelf.rare[n], shared.get(n, 0), share)
    )
    return min(near, default=None)


def _too_near(mine: int, theirs: int, shared: int, share: float) -> bool:
    if min(mine, theirs) < _SHORT:
        return shared > 0 and 2 * shared >= _SHORT_SHARE * (mine + theirs)
    return 2 * shared >= share * (mine + theirs) or shared >= _WHOLE_SHARE * min(mine, theirs)


def _shared(hashes: Iterable[int], shelf: _Shelf) -> dict[int, int]:
    """How many of these hashes each text of a shelf has; only texts that have one."""
    found: dict[int, int] = {}
    entries, most = shelf.entries, len(shelf.entries)
    for hash_ in hashes:
        first = hash_ << _ID_BITS
        at = bisect_left(entries, first)
        while at < most and (number := entries[at] - first) >> _ID_BITS == 0:
            found[number] = found.get(number, 0) + 1
            at += 1
    return found


def _shelf(texts: tuple[str, ...]) -> _Shelf:
    marks = [_marks(text) for text in texts]
    both = [(*one.words, *one.pairs) for one in marks]
    counts = Counter(hash_ for hashes in both for hash_ in hashes)
    common = frozenset(hash_ for hash_, count in counts.items() if count >= max(_COMMON, _COMMON_SHARE * len(texts)))
    return _Shelf(
        entries=array("Q", sorted(hash_ << _ID_BITS | n for n, hashes in enumerate(both) for hash_ in hashes)),
        common=common,
        words=array("L", (len(one.words) for one in marks)),
        rare=array("L", (sum(hash_ not in common for hash_ in hashes) for hashes in both)),
    )


# Our own texts become one more with every post of a week, the neighbours' stay; about 600 bytes a text.
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
