"""Words and phrases that an owner does not want to read in their name.

Whole words in any case and simple inflection: "discount" also stops "Discounts" and "discounted", "mold" also "moldy",
"cheap price" also "cheap prices". A keyword without letters ("24/7", "#1", "%") stops exactly those signs. Hashtags
have no spaces, so their parts are read too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from models.gates.draft import Draft, GateContext, Verdict
from models.gates.reading import WORD, hashtag_words, legible, plain

_VOWELS = set("aeiouy")
# Words of their own that look like a form of another: "show" does not stop "shower".
_LOOK_LIKE_FORMS = """
    awning bedding being belly bullion bully ceiling center charter clothing corner counter county duster early
    easter evening every fairy feed flower forest former forty fully handy hardy his hunger inning interest kidding
    ladder layer letter lightning master matter meter modest morning need news nothing number offing order outing
    oyster party porter poster power quarter ranger ready seed shower sticker stocking story tanker temper tempest
    tender tower wedding waiter water winter wonder
"""
_NO_FORMS = frozenset(_LOOK_LIKE_FORMS.split())


def avoid_keywords(draft: Draft, context: GateContext) -> Verdict:
    """Whether text and hashtags keep clear of everything on the owner's list."""
    for keyword in context.avoid_keywords:
        if contains_keyword(draft, keyword):
            return Verdict("avoid_keywords", False, f"the owner does not want {' '.join(keyword.split())!r}")
    return Verdict("avoid_keywords", True)


def contains_keyword(draft: Draft, keyword: str) -> bool:
    """Whether a keyword or phrase occurs in a draft. A blank keyword occurs nowhere."""
    wanted = plain(keyword)
    parts = [_bare(word) for word in WORD.findall(wanted)]
    inline_tags = re.findall(r"#(\w+)", legible(draft.text))
    if not any(character.isalpha() for character in wanted):
        return bool(wanted) and _literally(wanted, f"{draft.text} {' '.join(f'#{t}' for t in draft.hashtags)}")
    if _phrase(parts, _words(draft.text)):
        return True
    return any(_in_hashtag(parts, tag) for tag in (*draft.hashtags, *inline_tags))


@lru_cache(maxsize=64)  # asked for every keyword of a list
def _words(text: str) -> tuple[str, ...]:
    return tuple(_bare(word) for word in WORD.findall(plain(text)))


def _bare(word: str) -> str:
    """A word without its genitive: "plumber's" is about a plumber."""
    return re.sub(r"'s?$|'(?=s$)", "", word)


def _phrase(parts: Sequence[str], words: Sequence[str]) -> bool:
    """Whether the parts stand in the words, one after the other."""
    length = len(parts)
    return any(
        all(_same(part, word) for part, word in zip(parts, words[start : start + length], strict=True))
        for start in range(len(words) - length + 1)
    )


def _same(keyword: str, word: str) -> bool:
    return word == keyword or word in _forms(keyword)


def _literally(sign: str, text: str) -> bool:
    wanted, inside = (re.sub(r"\s*([^\w\s])\s*", r"\1", plain(part)) for part in (sign, text))  # "24 / 7" is 24/7
    before = r"(?<![^\W_])" if wanted[0].isalnum() else ""
    after = r"(?![^\W_])" if wanted[-1].isalnum() else ""
    return re.search(before + re.escape(wanted) + after, inside) is not None


def _in_hashtag(parts: list[str], tag: str) -> bool:
    """A hashtag's words by their capitals; without capitals, a keyword of four letters at either end beside a word."""
    if _phrase(parts, [plain(word) for word in hashtag_words(legible(tag))]):
        return True
    whole, joined = plain(tag), "".join(parts)
    others = [whole.removeprefix(joined)] if whole.startswith(joined) else []
    others += [whole.removesuffix(end) for end in (joined, f"{joined}s") if whole.endswith(end)]
    return any(other in ("", "s") or (len(joined) >= 4 and len(other) >= 3) for other in others if joined)


@lru_cache(maxsize=4096)
def _forms(keyword: str) -> frozenset[str]:
    """A keyword's simple English inflections, whichever of them the owner wrote."""
    return frozenset(form for base in _bases(keyword) for form in _inflections(base)) - (_NO_FORMS - _bases(keyword))


def _bases(word: str) -> set[str]:
    """The word itself and what it may be an inflection of; each has three letters and a vowel, else it is no word."""
    bases = {word}
    if word.endswith("ies"):
        bases.add(word[:-3] + "y")
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        bases.add(word[:-1])
        if word.endswith("es"):
            bases.add(word[:-2])
    for ending in ("ed", "ing"):
        if word.endswith(ending):
            stem = word[: -len(ending)]
            bases |= {stem, stem + "e"}
            if len(stem) > 3 and stem[-1] == stem[-2]:
                bases.add(stem[:-1])
    if word.endswith("ied"):
        bases.add(word[:-3] + "y")
    return {base for base in bases if base == word or (len(base) >= 3 and _VOWELS & set(base[:-1]))}


def _inflections(base: str) -> set[str]:
    forms = {base, base + "s", base + "es", base + "ed", base + "ing"}
    if base.endswith("e"):
        forms |= {base + "d", base[:-1] + "ing"}
    if base.endswith("y"):
        forms |= {base[:-1] + "ies", base[:-1] + "ied"}
    if len(base) >= 3 and base[-1] not in "aeiouwxy" and base[-2] in "aeiou" and base[-3] not in "aeiou":
        forms |= {base + base[-1] + "ed", base + base[-1] + "ing"}
    if len(base) >= 4:  # comparatives; shorter words would stop others ("off" and "offer")
        stem = base.removesuffix("e")
        stem = stem[:-1] + "i" if stem.endswith("y") else stem
        forms |= {stem + "er", stem + "est"} | ({base + "y"} if base[-1] not in _VOWELS else set())
    return forms
