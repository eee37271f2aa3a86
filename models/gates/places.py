"""Towns and states that a text speaks of as its own, though they are not the owner's. The names are in places.toml.

A town that a text only tells about is none: history, where somebody came from, a dish, a street, a first name. Towns
that no list holds are known by how they are spoken of ("families in Lakeway", "Proctor, MN").
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from models.gates.draft import GateContext
from models.gates.reading import WORD, legible, plain, sentences

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Atlas:
    """Every name by its first word, longest first; names that need a reason to be a place; which are alike."""

    by_first: Mapping[str, tuple[Words, ...]]
    doubtful: frozenset[Words]
    joined: frozenset[str]  # undoubted names without spaces, for hashtags
    states: Mapping[str, str]  # code to name, and plain name to name
    nicknames: Mapping[Words, frozenset[Words]]
    thing: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class _Mention:
    """A name in a sentence: its words, where it stands, whether it is written like a name."""

    words: Words
    start: int
    end: int
    is_capital: bool


def foreign_place(text: str, tags: Iterable[str], context: GateContext) -> str:
    """The first town or state that a legible text claims and the owner did not state; "" when there is none."""
    own = _own(context.city, context.state, (context.business_name, *context.stated))
    for sentence in sentences(_full_saints(text)):
        mentions = list(_mentions(sentence))
        if found := _known(sentence, mentions, own) or _unknown(_without_own(sentence, mentions, own), own):
            return found
    return next(filter(None, (_in_tag(tag, own) for tag in tags)), "")


# --- What is the owner's ---


@dataclass(frozen=True, slots=True)
class _Own:
    city: Words
    state: str  # its name
    said: str  # all that the owner stated, one space around each word


@lru_cache(maxsize=256)
def _own(city: str, state: str, said: tuple[str, ...]) -> _Own:
    names = _atlas().states
    return _Own(
        city=_words(city),
        state=names.get(state.strip().upper(), names.get(plain(state), "")),
        said=f" {' '.join(word for text in said for word in _words(text))} ",
    )


def _is_own(name: Words, own: _Own) -> bool:
    """Whether the owner may be said to be there: the town, the state, a nickname of theirs, or stated."""
    return (
        name in (own.city, _words(own.state))
        or (bool(own.city) and name[-len(own.city) :] == own.city)  # "South Austin"
        or own.city in _atlas().nicknames.get(name, ())
        or f" {' '.join(name)} " in own.said
    )


# --- Names that we know ---

_CLAIMING = re.compile(
    r"\b(?:we|we're|we've|our|ours|us|your|serv\w+|homeowners?|residents?|famil(?:y|ies)|neighbors?|call|visit|book|come|stop|hello|hey)\b",
    re.I,
)
_TELLING = re.compile(
    r"\b(?:1[5-9]\d\d|20[01]\d|century|centuries|invent\w*|patent\w*|discover\w*|founded|built|born|ancient|history|historic|legend\w*|"
    r"(?:world's|country's|nation's) \w+est|world's first|oldest|ago|years (?:later|old)|the first|first ever|study|researchers|scientists|museum|president|named after|comes? from|engineer\w*)\b",
    re.I,
)
_CAME = re.compile(
    r"\b(?:c[ao]mes?|coming|moved?|moving|moves|drove|drives?|flew|fl(?:y|ies)|travel\w*|ship\w*|arriv\w*|import\w*|grew|grown|all the way|brought|brings?|"
    r"hails?|sent|sourced|straight|fresh|roast\w*|born|raised|trip|vacation|visited|visiting|visitors?|guests?|flight|learn\w*|trained|studied|recipe|back)\b",
    re.I,
)
_FROM = re.compile(r"\b(?:from|to|in|between|via|like|than|at|of)\s+(?:as far as |far-off |faraway )?$", re.I)
_PLACE_BEFORE = re.compile(
    r"\b(?:in|near|around|across|throughout|serv(?:e|es|ing)|all over|outside|downtown|uptown|greater|metro|central|hello|hey|good morning|good evening|"
    r"(?:all|heart|people|city|town|outside|streets|north|south|east|west) of)\s+(?:the |downtown |greater |all of |beautiful |sunny |rainy |lovely |(?:north|south|east|west)(?:ern)? )*$",
    re.I,
)
_AUDIENCE = (
    "area|residents?|homeowners?|famil(?:y|ies)|neighbors?|neighborhoods?|folks|drivers|homes?|houses?|locals?|brides|parents|households|customers|"
    "yards|lawns|gardeners|kitchens|roofs?|basements|pipes|landlords|tenants|businesses|pet owners|dog owners|cat owners"
)
_PLACE_AFTER = re.compile(
    rf"(?:'s)? (?:{_AUDIENCE}|metro|community|winters?|summers?|springs|autumns?|falls|weather|storms?|humidity|freeze|cold|rain|snow|sun|mornings?|evenings?|"
    r"plumbers?|electricians?|roofers?|florists?|bakery|bakers|dentists?|salon|restaurant|gym|location|shop|office)\b|'s (?:best|favorite|finest)\b",
    re.I,
)
_ADDRESSED = re.compile(r"\s*[,!]")


def _known(sentence: str, mentions: list[_Mention], own: _Own) -> str:
    for mention in mentions:
        before, after = sentence[: mention.start], sentence[mention.end :]
        if _is_own(mention.words, own):
            if mention.words == own.city and (state := _state_after(after)) and own.state and state != own.state:
                return f"{sentence[mention.start : mention.end]}, {state}"
            continue
        if f" {' '.join(mention.words)} " not in own.said and _is_claimed(mention, before, after, sentence):
            return sentence[mention.start : mention.end]
    return ""


def _is_claimed(mention: _Mention, before: str, after: str, sentence: str) -> bool:
    if _atlas().thing.match(after):
        return False
    is_here = _PLACE_BEFORE.search(before) is not None or _PLACE_AFTER.match(after) is not None
    in_state = _state_after(after) != ""
    if mention.words in _atlas().doubtful and not (
        mention.is_capital
        and (in_state or (is_here and not re.match(r"'s\b(?! (?:best|favorite))| [A-Z][a-z]", after)))
    ):
        return False
    if not mention.is_capital and (len(mention.words) > 1 and re.search(r"[A-Z]", sentence)):
        return False
    if _TELLING.search(sentence) and not _CLAIMING.search(sentence):
        return False
    return not (_FROM.search(before) and _CAME.search(before))


def _mentions(sentence: str) -> Iterator[_Mention]:
    found = [(match, match[0].casefold().removesuffix("'s").removesuffix("'")) for match in WORD.finditer(sentence)]
    skip_to = 0
    for at, (match, first) in enumerate(found):
        if at < skip_to:
            continue
        for name in _atlas().by_first.get(first, ()):
            part = found[at : at + len(name)]
            if tuple(word for _, word in part) == name:
                last = part[-1][0]
                end = last.end() - (2 if last[0].endswith("'s") and not name[-1].endswith("'s") else 0)
                skip_to = at + len(name)
                yield _Mention(
                    name, match.start(), end, all(piece[0][0].isupper() or "'" in piece[0] for piece, _ in part)
                )
                break


# --- Towns that no list holds ---

_PART = r"(?:[A-Z]'|Mc|d')?[A-Z][a-z]{2,}"
_NAME = rf"((?:(?:Saint|San|Fort|Mount|Lake|Los|Las|El|La|New|Port|North|South|East|West) )?{_PART}(?: {_PART})?)"
_SPOKEN_OF = re.compile(
    rf"\b(?i:{_AUDIENCE}|people|kids|clients|guests) (?:in|of|around|across|near|throughout|all over) {_NAME}"
    rf"|\b(?:[Ss]erving|[Ss]erves?|[Bb]ased in|[Ll]ocated in|[Hh]ere in|[Aa]cross|[Tt]hroughout|[Aa]ll over|heart of|[Dd]owntown|[Oo]ut of) {_NAME}"
    rf"|(?<=[a-z,] ){_NAME}(?:'s)? (?:residents|homeowners|families|households|locals)\b"
)
_NO_TOWN = frozenset(
    """january february march april may june july august september october november december monday tuesday wednesday thursday friday
    saturday sunday spring summer autumn fall winter christmas easter thanksgiving halloween hanukkah ramadan labor memorial independence
    veterans mother father valentine new years america american americans europe italy france germany england mexico japan spain rome egypt
    greece ireland scotland canada china india north south east west main street avenue our your the this that all many most these those
    facebook instagram google god santa dad mom grandma grandpa""".split()
)


def _unknown(sentence: str, own: _Own) -> str:
    return _spoken_of(sentence, own) or _with_state(sentence, own)


def _without_own(sentence: str, mentions: list[_Mention], own: _Own) -> str:
    for mention in reversed(mentions):
        if _is_own(mention.words, own):
            sentence = f"{sentence[: mention.start]}here{sentence[mention.end :]}"
    return sentence


def _spoken_of(sentence: str, own: _Own) -> str:
    if _TELLING.search(sentence) and not re.search(r"\b(?:we|our|us|[Ss]erving)\b", sentence):
        return ""
    for found in _SPOKEN_OF.finditer(sentence):
        name = next(filter(None, found.groups()))
        words = _words(name)
        if (
            not _NO_TOWN.intersection(words)
            and not _is_ours(words, own)
            and not _atlas().thing.match(sentence[found.end() :])
        ):
            return name
    return ""


def _is_ours(words: Words, own: _Own) -> bool:
    """Also when the name goes on: "Austin Texas", "Austin Plumbing"."""
    return any(_is_own(words[:length], own) for length in range(1, len(words) + 1))


_TOWN_AND_STATE = re.compile(rf"{_NAME},? ([A-Z]{{2}}|[A-Z][a-z]+(?: [A-Z][a-z]+)?)\b(?!')")
_CODES_THAT_ARE_WORDS = frozenset({"OK", "OH", "HI", "ME", "OR", "IN", "LA", "MA", "PA", "ID", "AL", "DE"})


def _with_state(sentence: str, own: _Own) -> str:
    for found in _TOWN_AND_STATE.finditer(sentence):
        state = _atlas().states.get(found[2], _atlas().states.get(plain(found[2]), ""))
        words = _words(found[1])
        if state and found[2] not in _CODES_THAT_ARE_WORDS and not _NO_TOWN.intersection(words):
            if (
                not (_is_own(words, own) or _is_own(words[1:], own))
                and "," in found[0]
                and not _TELLING.search(sentence)
            ):
                return found[0]
    return ""


def _state_after(after: str) -> str:
    """The state that follows a town: ", TX", " Texas"."""
    found = re.match(r",? ([A-Z]{2})\b(?!')|,? ((?:[A-Z][a-z]+ ?){1,2})", after)
    if found is None:
        return ""
    states = _atlas().states
    if found[1]:
        return states.get(found[1], "") if after.startswith(",") or found[1] not in _CODES_THAT_ARE_WORDS else ""
    words = found[2].split()
    return states.get(plain(found[2]), states.get(plain(words[0]), "")) if words else ""


# --- Hashtags ---

_BEGINS_WORDS = frozenset({"tempe", "provo", "maine"})  # temperature, provocative, main event


def _in_tag(tag: str, own: _Own) -> str:
    """A town at either end of a hashtag, beside what can be a word."""
    whole = "".join(_words(re.sub(r"\W", "", tag)))
    ours = (*_spellings("".join(own.city)), own.state.casefold().replace(" ", ""))
    if any(name and name in whole for name in ours):
        return ""
    for length in range(len(whole), 4, -1):
        for name, rest in ((whole[:length], whole[length:]), (whole[-length:], whole[:-length])):
            if name in _atlas().joined and (not rest or (len(rest) >= 3 and name not in _BEGINS_WORDS)):
                return "" if name in own.said.replace(" ", "") or _atlas().thing.match(f" {rest}") else f"#{tag}"
    return ""


# --- The atlas ---


def _full_saints(text: str) -> str:
    """ "St. Paul" and "Ft Worth" as they are spoken."""
    for short, full in (("St", "Saint"), ("Ft", "Fort"), ("Mt", "Mount")):
        text = re.sub(rf"(?<!\w){short}\.? (?=[A-Z][a-z])", f"{full} ", text)
    return text


@lru_cache(maxsize=4096)
def _words(name: str) -> Words:
    return tuple(
        word.casefold().removesuffix("'s").removesuffix("'") for word in WORD.findall(_full_saints(legible(name)))
    )


def _spellings(joined: str) -> tuple[str, ...]:
    """A name in a hashtag: "saintpaul" is also "stpaul"."""
    shorts = (("saint", "st"), ("fort", "ft"), ("mount", "mt"))
    return (joined, *(joined.replace(full, short, 1) for full, short in shorts if joined.startswith(full)))


@cache
def _atlas() -> _Atlas:
    data = tomllib.loads(files("models.gates").joinpath("places.toml").read_text(encoding="utf-8"))
    states = {_words(name) for name in data["states"].values()}
    nicknames = {_words(name): frozenset(map(_words, towns)) for name, towns in data["nicknames"].items()}
    every = {_words(town) for towns in data["towns"].values() for town in towns} | set(nicknames) | states
    doubtful = frozenset(map(_words, data["words"]["too"])) | (states - {("new", "york")})
    by_first: dict[str, list[Words]] = defaultdict(list)
    for name in sorted(every, key=len, reverse=True):
        by_first[name[0]].append(name)
    things, names = "|".join(data["words"]["things"]), "|".join(data["words"]["names"])
    return _Atlas(
        by_first={first: tuple(found) for first, found in by_first.items()},
        doubtful=doubtful,
        joined=frozenset(spelling for name in (every - doubtful) | states for spelling in _spellings("".join(name))),
        states={code: name for code, name in data["states"].items()} | {plain(n): n for n in data["states"].values()},
        nicknames=nicknames,
        thing=re.compile(rf"(?:'s)?[ -](?:(?i:{things})|{names})\b"),
    )
