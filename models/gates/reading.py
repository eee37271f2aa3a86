"""How gates read a text: as a person does, past look-alike letters, invisible signs and numbers in words.

Nothing here changes what is posted. `legible` keeps case and lines, `plain` is for looking up words, `with_digits`
turns the numbers of a plain text into digits.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_CAMEL = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")

# Signs of no width that are no format characters by their category.
_HOLLOW = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | set(map(chr, range(0xFE00, 0xFE10)))
_LOOK_ALIKES = str.maketrans(
    {
        **dict(zip("авсԁеһіјкмпорԛѕтихуԝн", "abcdehijkmnopqstuxywh", strict=True)),
        **dict(zip("АВСЕНІЈКМОРЅТХУԜ", "ABCEHIJKMOPSTXYW", strict=True)),
        **dict(zip("αεικνορτυχ", "aeikvoptux", strict=True)),
        **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),
        **dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢıɑɡ", "abcdefghijklmnoprstuvwyziag", strict=True)),
        **dict(zip("ƦꞮⱭꞬ", "RIAG", strict=True)),
        **{chr(first + n): chr(ord("A") + n) for first in (0x1F150, 0x1F170) for n in range(26)},
        **dict.fromkeys("‐‑‒–—―−⁃", "-"),
        **dict.fromkeys("‘’‚‛′`´ʼ＇", "'"),
        **dict.fromkeys("“”„‟«»″＂", '"'),
        **{"⁄": "/", "∕": "/", "。": ".", "💲": "$", "🆓": " free ", "🔟": "10", "⭐": "★", "🌟": "★"},
    }
)
_FLAG_LETTERS = re.compile("[\U0001f1e6-\U0001f1ff]{3,}")  # two make a flag
_SPELLED_OUT = re.compile(r"(?<!\w)[^\W\d_](?:([ .-])[^\W\d_])(?:\1[^\W\d_]){2,}(?!\w)")
_ABBREVIATION = "".join(rf"(?<!\b(?i:{word})\.)" for word in ("[a-z]", "mr", "mrs", "ms", "dr", "st", "est", "no"))
_SENTENCE_END = re.compile(rf"\n+|(?<=[.!?]){_ABBREVIATION}[\"')]*\s+|(?<=[.!?])[\"']\s+|;\s")

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_ROUND = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS = {word: 10 * value for value, word in enumerate(_ROUND.split(), start=2)}
_POWERS = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_NUMBERS = {**{word: value for value, word in enumerate(_SMALL.split())}, "oh": 0, **_TENS, **_POWERS}
_ONE = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_NUMBER_RUN = re.compile(rf"\b(?:{_ONE})(?:(?:[\s-]+|\s+and\s+)(?:{_ONE}))*\b")


def visible(text: str) -> str:
    """Without signs that nobody sees: soft hyphens, joiners, selectors, marks that stand on nothing."""
    return text if text.isascii() else text.translate(_VISIBLE)


class _Visible(dict[int, str]):
    """Each character itself, or nothing; found out when it first comes."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        self[code] = "" if unicodedata.category(sign) in ("Cf", "Me") or sign in _HOLLOW else sign
        return self[code]


class _Letters(dict[int, str]):
    """What a reader sees of each character; found out when it first comes."""

    def __missing__(self, code: int) -> str:
        unfolded = unicodedata.normalize("NFKD", visible(chr(code)))
        kept = "".join(_digit(c) for c in unfolded if unicodedata.category(c) != "Mn").translate(_LOOK_ALIKES)
        self[code] = visible(kept)
        return self[code]


_VISIBLE = _Visible()
_LETTERS = _Letters()


@lru_cache(maxsize=1024)
def legible(text: str) -> str:
    """Plain letters, digits, quotes and dashes in the case and the lines that they were written in; no accents."""
    kept = text.translate(_LETTERS)
    kept = _FLAG_LETTERS.sub(lambda run: "".join(chr(ord(c) - 0x1F1E6 + ord("A")) for c in run[0]), kept)
    lines = (" ".join(line.split()) for line in kept.splitlines())
    return _SPELLED_OUT.sub(lambda run: run[0].replace(run[1], ""), "\n".join(lines))


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """`legible` in one case and one line: what words are looked up in."""
    return " ".join(legible(text).casefold().split())


def with_us(text: str, name: str) -> str:
    """A legible text in which the business's name reads "us": what a name promises ("A+ Electric") is no claim."""
    words = legible(name).split()
    if not words:
        return text
    pattern = r"\s+".join(map(re.escape, words))
    return re.sub(rf"(?<!\w){pattern}(?:'s)?(?!\w)", "us", text, flags=re.IGNORECASE if len(words) > 1 else 0)


def _digit(character: str) -> str:
    """Any sign for a digit as that digit: in a circle, of another script."""
    value = unicodedata.digit(character, None)
    return character if value is None or character.isascii() else str(value)


def sentences(text: str) -> list[str]:
    """A legible text cut at lines and at the ends of sentences. Abbreviations end none."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part and part.strip()]


def hashtag_words(tag: str) -> list[str]:
    """A hashtag's words by their capitals: "FreeEstimates" has two."""
    return _CAMEL.findall(tag)


def with_digits(text: str) -> str:
    """A plain text with its numbers in digits: "eighty-nine", "a hundred and five", "nineteen ninety-eight".

    Numbers that only stand beside each other ("five five five") stay beside each other.
    """
    return _NUMBER_RUN.sub(lambda run: " ".join(map(str, _values(re.findall(r"[a-z]+", run[0])))) or run[0], text)


def _values(words: list[str]) -> list[int]:
    """The numbers that a run of number words means. A lone "million" or "oh" is no number."""
    found: list[int] = []
    room = 0  # what may still be added to the last number: below this
    for word in words:
        if word == "and":
            continue
        value = _NUMBERS[word]
        if word in _POWERS:
            tail = found[-1] % 1000 if found and word == "hundred" else found[-1] if found else 0
            if 0 < tail < value:
                found[-1] += tail * (value - 1)
            elif word == "million":
                return []
            else:
                found.append(value)
            room = value
        elif room > value > 0:
            found[-1] += value
            room = 0 if value < 20 or room == 10 else 10
        else:
            found.append(value)
            room = 10 if word in _TENS else 0
    if words == ["oh"]:
        return []
    if len(found) == 2 and 13 <= found[0] <= 20 and 10 <= found[1] <= 99:
        return [found[0] * 100 + found[1]]  # a year
    return found
