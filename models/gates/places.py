"""Towns and states that a text speaks of as its own, though they are not the owner's. The names are in places.toml.

A town that a text only tells about is none: history, where somebody came from, a dish, a street, a first name. Towns
that no list holds are known by how they are spoken of ("families in Lakeway", "Proctor, MN").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from models.gates.atlas import NAME, Words, atlas, bare, full_saints, name_words, spellings
from models.gates.draft import GateContext
from models.gates.reading import WORD, plain, sentences

_FROM = re.compile(r"\b(?:from|to|in|between|via|like|than|at|of)\s+(?:as far as |far-off |faraway )?$", re.IGNORECASE)
_NOT = re.compile(r"\bnot (?:in |from )?$", re.IGNORECASE)
_TOWN_AND_STATE = re.compile(rf"(?=\b{NAME}, ([A-Z]{{2}}|[A-Z][a-z]+(?: [A-Z][a-z]+)?)\b(?!'))")
_CODES_THAT_ARE_WORDS = frozenset({"OK", "OH", "HI", "ME", "OR", "IN", "LA", "MA", "PA", "ID", "AL", "DE"})
_BEGINS_WORDS = frozenset({"tempe", "provo", "maine"})  # temperature, provocative, main event


@dataclass(frozen=True, slots=True)
class _Own:
    """Where the owner is, and what they stated in one line of words."""

    city: Words
    state: str  # its name
    said: str


@dataclass(frozen=True, slots=True)
class _Mention:
    """A known name in a sentence."""

    words: Words
    start: int
    end: int
    is_capital: bool


def foreign_place(text: str, tags: Iterable[str], context: GateContext) -> str:
    """The first town or state that a legible text claims and the owner did not state; "" when there is none."""
    own = _own(context.city, context.state, (context.business_name, *context.stated, *context.reviews))
    for sentence in sentences(full_saints(text)):
        mentions = list(_mentions(sentence))
        if found := _known(sentence, mentions, own) or _unknown(_without_own(sentence, mentions, own), own):
            return found
    return next(filter(None, (_in_tag(tag, own) for tag in tags)), "")


@lru_cache(maxsize=256)
def _own(city: str, state: str, said: tuple[str, ...]) -> _Own:
    names = atlas().states
    return _Own(
        city=name_words(city),
        state=names.get(state.strip().upper(), names.get(plain(state), "")),
        said=f" {' '.join(word for text in said for word in name_words(text))} ",
    )


def _is_own(name: Words, own: _Own) -> bool:
    """Whether the owner may be said to be there: the town, the state, a nickname of theirs, or stated."""
    return (
        name in (own.city, name_words(own.state))
        or (bool(own.city) and name[-len(own.city) :] == own.city)  # "South Austin"
        or own.city in atlas().nicknames.get(name, ())
        or f" {' '.join(name)} " in own.said
    )


# --- Names that the atlas has ---


def _mentions(sentence: str) -> Iterator[_Mention]:
    found = [(match, bare(match[0])) for match in WORD.finditer(sentence)]
    after_last = 0
    for at, (match, first) in enumerate(found):
        for name in atlas().by_first.get(first, ()) if at >= after_last else ():
            part = found[at : at + len(name)]
            if tuple(word for _, word in part) == name:
                last = part[-1][0]
                is_capital = all(piece[0][0].isupper() or "'" in piece[0] for piece, _ in part)
                genitive = 2 if last[0].endswith("'s") else 0
                yield _Mention(name, match.start(), last.end() - genitive, is_capital)
                after_last = at + len(name)
                break


def _known(sentence: str, mentions: list[_Mention], own: _Own) -> str:
    for mention in mentions:
        before, after = sentence[: mention.start], sentence[mention.end :]
        name = sentence[mention.start : mention.end]
        if not _is_own(mention.words, own):
            if _is_claimed(mention, before, after, sentence):
                return name
        elif mention.words == own.city and own.state and (state := _state_after(after)) not in ("", own.state):
            return f"{name}, {state}"
    return ""


def _is_claimed(mention: _Mention, before: str, after: str, sentence: str) -> bool:
    if atlas().lent.match(after) or _NOT.search(before):
        return False
    if mention.words in atlas().doubtful and not (mention.is_capital and _is_place(before, after)):
        return False
    if not mention.is_capital and len(mention.words) > 1 and re.search(r"[A-Z]", sentence):
        return False
    if atlas().telling.search(sentence) and not atlas().claiming.search(sentence):
        return False
    return not (_FROM.search(before) and atlas().came.search(before))


def _is_place(before: str, after: str) -> bool:
    """Whether a word that may be a town or a name is spoken of as a town is: "in Mobile", "Reading, PA"."""
    if _state_after(after):
        return True
    if re.match(r"'s\b(?! (?:best|favorite))| [A-Z][a-z]", after):
        return False
    return atlas().before.search(before) is not None or atlas().after.match(after) is not None


def _state_after(after: str) -> str:
    """The state that follows a town: ", TX", " Texas"."""
    found = re.match(r",? ([A-Z]{2})\b(?!')|,? ([A-Z][a-z]+)(?: ([A-Z][a-z]+))?", after)
    if found is None:
        return ""
    states = atlas().states
    if found[1]:
        return states.get(found[1], "") if after.startswith(",") or found[1] not in _CODES_THAT_ARE_WORDS else ""
    return states.get(plain(f"{found[2]} {found[3]}"), states.get(plain(found[2]), ""))


# --- Towns that no list holds ---


def _without_own(sentence: str, mentions: list[_Mention], own: _Own) -> str:
    for mention in reversed(mentions):
        if _is_own(mention.words, own):
            sentence = f"{sentence[: mention.start]}here{sentence[mention.end :]}"
    return sentence


def _unknown(sentence: str, own: _Own) -> str:
    """A name that stands where only a town stands."""
    is_told = atlas().telling.search(sentence) is not None
    if not is_told or re.search(r"\b(?:we|our|us|[Ss]erving)\b", sentence):
        for found in atlas().spoken_of.finditer(sentence):
            name: str = next(filter(None, found.groups()))
            if _may_be_town(name, own) and not atlas().lent.match(sentence[found.end() :]):
                return name
    for found in () if is_told else _TOWN_AND_STATE.finditer(sentence):
        is_state = found[2] in atlas().states or plain(found[2]) in atlas().states
        if is_state and found[2] not in _CODES_THAT_ARE_WORDS and _may_be_town(found[1], own):
            return f"{found[1]}, {found[2]}"
    return ""


def _may_be_town(name: str, own: _Own) -> bool:
    """Not when the owner's town is in it: "Austin Plumbing", "In Austin"."""
    words = name_words(name)
    parts = (words[start:end] for start in range(len(words)) for end in range(start + 1, len(words) + 1))
    return not atlas().no_town.intersection(words) and not any(_is_own(part, own) for part in parts)


# --- Hashtags ---


def _in_tag(tag: str, own: _Own) -> str:
    """A town at either end of a hashtag, beside what can be a word."""
    whole = "".join(name_words(re.sub(r"\W", "", tag)))
    if any(name and name in whole for name in (*spellings(own.city), "".join(name_words(own.state)))):
        return ""
    for length in range(len(whole), 4, -1):
        for name, rest in ((whole[:length], whole[length:]), (whole[-length:], whole[:-length])):
            if name in atlas().joined and (not rest or (len(rest) >= 3 and name not in _BEGINS_WORDS)):
                return "" if name in own.said.replace(" ", "") or atlas().lent.match(f" {rest}") else f"#{tag}"
    return ""
