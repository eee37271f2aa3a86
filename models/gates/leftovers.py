"""What a writing machine leaves behind: placeholders, words to its reader, markup, broken endings, broken letters.

Emoji, plain lists, inches, hearts and signatures pass. The signs are in `leftovers.toml`.
"""

from __future__ import annotations

import re
import unicodedata

from models.gates.draft import Draft, GateContext, Verdict
from models.gates.patterns import Patterns
from models.gates.reading import visible

_PATTERNS = Patterns("models.gates", "leftovers.toml", re.MULTILINE)
_GROUPS = {
    "broken": "letters that came out broken",
    "data": "data and its signs instead of a text",
    "markup": "markup, write plain text",
    "placeholder": "a placeholder",
    "prompt": "words that belong to the task and not to the post",
    "chatter": "words to whoever asked for the post",
}
_HIDDEN = re.compile(r"\w[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]+\w")
_ALPHABETS = frozenset(("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"))
_MOST_FOREIGN_LETTERS = 0.2  # share of a text's letters
_FEWEST_WORDS = 6  # that tell a language
_LANGUAGES = ("en", "es", "de", "fr", "it", "pt")

_NO_ENDS = """
    a an the and or but to of with for in on at by from your our their his her its my that which who because if when
    while as than so into onto about over under between is are was were be will would can could should must it's we're
    you're this these those every each any some no not very more most also where
"""
_HANGING = frozenset(_NO_ENDS.split())
# Words of a last sentence without a full stop: a shorter one may be a signature or a call, or all of a short text.
_LONG_SENTENCE, _LONG_POST = 6, 14
_CUT_OFF = ",;-–—(/&"


def leftovers(draft: Draft, context: GateContext) -> Verdict:
    """Whether a text is nothing but a post, whole and in English."""
    text = visible(draft.text).replace("’", "'").replace("‘", "'")
    reason = _remains(text) or _alphabet(draft.text) or _foreign(text) or _broken_off(text)
    return Verdict("leftovers", not reason, reason)


def _remains(text: str) -> str:
    for group, meaning in _GROUPS.items():
        if said := _PATTERNS.first(f"groups.{group}", text):
            return f"leave out {said.strip()[:60]!r}: {meaning}"
    return ""


def _alphabet(written: str) -> str:
    """Signs of no width inside a word (beside emoji they have their use), and letters that pose as others."""
    if _HIDDEN.search(written):
        return "leave out invisible characters between letters"
    seen = unicodedata.normalize("NFKC", visible(written))
    for word in () if seen.isascii() else re.findall(r"[^\W\d_]{2,}", seen):
        if not word.isascii() and len({_alphabet_of(letter) for letter in word} & _ALPHABETS) > 1:
            return f"write {word!r} in one alphabet"
    return ""


def _alphabet_of(letter: str) -> str:
    return unicodedata.name(letter, "?").split()[0]


def _foreign(text: str) -> str:
    letters = [] if text.isascii() else list(filter(str.isalpha, unicodedata.normalize("NFKC", text)))
    foreign = [letter for letter in letters if not letter.isascii() and _alphabet_of(letter) != "LATIN"]
    if len(foreign) > len(letters) * _MOST_FOREIGN_LETTERS:
        return "write in English"
    lower = text.casefold()
    if len(lower.split()) < _FEWEST_WORDS:
        return ""
    shares = {name: sum(1 for _ in _PATTERNS.all(f"languages.{name}", lower)) for name in _LANGUAGES}
    most = max(shares[name] for name in _LANGUAGES[1:])
    return "write in English" if most >= 3 and most > 1.5 * shares["en"] else ""


def _broken_off(text: str) -> str:
    """Whether the end is missing: a hanging word or sign, a long sentence without an end, a bracket left open."""
    whole = re.sub(r"(?:\s*#\w+)+$", "", text.rstrip()).rstrip()
    line = whole.rsplit("\n", 1)[-1].strip()
    last = re.split(r"(?<=[.!?:])\s", line)[-1]
    words, is_only = re.findall(r"[\w'&-]+", last), not re.search(r"[.!?]\s", whole)
    is_open = last[-1:].isalnum() and not re.search(r"[@/]\S*$|\S+\.\w{2,}$", last)
    if (
        last.endswith(tuple(_CUT_OFF))
        or (is_open and words[-1].casefold() in _HANGING)
        or (is_open and len(words) > (_LONG_POST if is_only else _LONG_SENTENCE))
    ):
        return f"finish the last sentence: it ends with {last[-30:]!r}"
    brackets = re.sub(r"[:;]-?[()]", "", whole)  # without faces
    if brackets.count("(") > brackets.count(")") or whole.count("“") > whole.count("”") + whole.count('"'):
        return "close the bracket or quotation that is left open"
    return ""
