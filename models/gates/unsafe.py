"""What would shame or harm: coarse, insulting, sexual or political words, advice that can hurt, promises nobody can keep.

Words count in any disguise ("sh1t", "f*ck", spaced letters). Dangerous work may be spoken of: what is warned of ("never
open the panel") and what those do who learnt it ("our electrician opens the panel") is no advice. A warning must stand
with the act: "don't call anybody: open the panel" warns of nothing. What is in the business's own name is allowed.
The words and acts are in unsafe.toml.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from models.gates.draft import Draft, GateContext, Verdict
from models.gates.reading import hashtag_words, legible, plain, sentences, with_us

_Pattern = re.Pattern[str]


@dataclass(frozen=True, slots=True)
class _Act:
    """Something dangerous: what is done, what else its sentence and its text must hold, and what makes it harmless."""

    what: str
    do: _Pattern
    with_: tuple[_Pattern, ...]
    about: _Pattern | None
    unless: _Pattern | None


@dataclass(frozen=True, slots=True)
class _Rules:
    words: tuple[tuple[str, _Pattern], ...]
    acts: tuple[_Act, ...]
    promises: tuple[tuple[str, _Pattern], ...]


def unsafe(draft: Draft, context: GateContext) -> Verdict:
    """Whether a draft is decent, does no harm and promises nothing about health, courts and money."""
    text = with_us(legible(draft.text), context.business_name)
    tags = [legible(tag) for tag in (*draft.hashtags, *re.findall(r"#(\w+)", text))]
    reason = _coarse(text, tags) or _harmful(text)
    return Verdict("unsafe", not reason, reason)


def _coarse(text: str, tags: Iterable[str]) -> str:
    tag_words = " ".join(" ".join(hashtag_words(tag)) for tag in tags)
    readings = _readings(plain(f"{text} {tag_words}"))
    for what, pattern in _rules().words:
        found = next(filter(None, map(pattern.search, readings)), None)
        if found is not None:
            return f"{what} ({found[0]!r}) has no place in a post"
    if found := re.search("fuck|shit(?!ake|zu)|bitch|cunt", plain(" ".join(tags))):
        return f"coarse language ({found[0]!r}) has no place in a hashtag"
    return ""


def _harmful(text: str) -> str:
    whole = text.casefold()
    before = ""
    for sentence in sentences(whole):
        asked = f"{before} {sentence}" if before.endswith("?") else sentence
        for what, pattern in _rules().promises:
            if (found := pattern.search(asked)) and not _DENIED.search(asked[: found.start()]):
                return f"{what} ({found[0]!r}): nobody can promise that; say what you do, not what will come of it"
        for act in _rules().acts:
            if _advises(sentence, before, whole, act):
                return f"advice that can hurt somebody: {act.what}; warn of it or say that a professional does it"
        before = sentence
    return ""


# --- Advice ---

_DENIED = re.compile(r"\b(?:not|never|nobody|no one|cannot|can't|don't|won't|without|no (?:honest )?\w+ (?:can|should|will|may))\b")
# Nothing that is said of the act itself: "don't wait, climb up", "why not climb up".
_NO_DENIAL = re.compile(
    r"\b(?:never (?:mind|fear|worry)|(?:do not|don't|no need to|never) (?:worry|wait|call|pay|hire|ask|be (?:afraid|scared|shy)|need|bother)|"
    r"why not|not only|no (?:problem|pro|electrician|plumber|roofer|experience|tools|need for \w+(?: \w+)?)|"
    r"(?:not|isn't|never) (?:that |so |too )?(?:hard|difficult|dangerous|a problem|scary|rocket science))\b[^,:.]{0,25}?"
    r"(?=[,:;]|\b(?:and|to|just|in order)\b|\s*$)"
)
_SCOPE_END = re.compile(
    r"[:;]| - |\((?=\w)|(?<!never )(?<!not )(?<!don't )\bjust\b|\bsimply\b|\bbut\b|\bso\b(?! that)|\binstead\b(?! of)"
)
_WARNED = re.compile(
    r"\b(?:never|not|don't|cannot|can't|won't|shouldn't|mustn't|isn't|avoid|without|instead of|rather than|refrain|resist|"
    r"stop|nobody|no one|tempt\w*|urge|dangerous|unsafe|risky|please no|before you|wrong|mistake|illegal|keep (?:\w+ )?from)\b"
)
_BARE_WARNING = re.compile(r"\b(?:never|not|don't)$")
_PROFESSIONALS = (
    "we|us|they|he|she|electricians?|technicians?|techs?|plumbers?|roofers?|crews?|teams?|pros?|professionals?|experts?|"
    "specialists?|fitters?|inspectors?|vets?|veterinarians?|dentists?|doctors?|hygienists?|mechanics?|arborists?|climbers?|"
    "company|firefighters?|fire department|utility|installers?|contractors?|painters?|chiropractors?|locksmiths?|apprentices?"
)
_BY_PROFESSIONALS = re.compile(rf"\b(?:{_PROFESSIONALS})\b(?!.*\b(?:you|how to|yourself|before|without)\b)")
_LEFT_TO_OTHERS = re.compile(
    rf"\bleave (?:it|that|this|them|those|the \w+|\w+) to\b|\b(?:job|work|matter) for (?:a|an|the|our)? ?(?:\w+ )?(?:{_PROFESSIONALS})\b|"
    rf"\b(?:is|are) for (?:people|those|somebody)\b|\bbelongs? to (?:a|an|the|our) (?:\w+ )?(?:{_PROFESSIONALS})\b|\bis our job\b|\blet (?:us|a|an|our|your) (?:\w+ )?(?:{_PROFESSIONALS}|do)\b"
)
_DANGER = re.compile(
    r"\b(?:danger\w*|deadly|lethal|toxic|poison\w*|injur\w+|electrocut\w*|hazard\w*|unsafe|carbon monoxide|burns? (?:down|houses)|"
    r"house fires?|fires?|shock|emergency room|hospital|hurts?|break(?:s|ing)? (?:an? )?(?:arm|leg|neck)|fall|void\w*|illegal|"
    r"worse|ruins?|damages?|mistakes?|kills? (?:people|you|pets|dogs|cats|somebody)|explo\w+|no joke|never|not)\b"
)
_URGED = re.compile(r"\b(?:try|is (?:easy|quick|fine|safe|simple|free)|saves?|fastest|quickest|easiest|best way|trick|all it takes)\b")
_POSSIBLE = re.compile(r"\b(?:can|may|could|should) (?:\w+ )?be (?:\w+ly )?$")
_DENIED_THING = re.compile(r"\b(?:not|never|no|without|instead of|rather than)(?: (?:with|by|from|on|a|an|the|any|your))* $")
_OF_IT = re.compile(r" (?:it|them|one|that|this)\b")
_ACTING_SUBJECT = re.compile(r"\b(?:who|that|which|they|we|people|children|kids|(?!this|always|yours)\w{3,}s)$")


def _advises(sentence: str, before: str, text: str, act: _Act) -> bool:
    """Whether a sentence tells the reader to do something dangerous; "it" may stand for what the one before named."""
    found_with = [found for pattern in act.with_ for found in _affirmed(pattern, sentence)]
    is_whole = len({found.re for found in found_with}) == len(act.with_)
    if not is_whole and not all(_affirmed(pattern, f"{before} {sentence}") for pattern in act.with_):
        return False
    if (act.about and not act.about.search(text)) or (act.unless and act.unless.search(sentence)):
        return False
    names = [found.span() for found in found_with if found[0].count(" ") < 3]  # a "pilot light" is no lighting
    return not _LEFT_TO_OTHERS.search(sentence) and any(
        (is_whole or _OF_IT.match(sentence[found.end() :])) and _is_advice(sentence, found)
        for found in act.do.finditer(sentence)
        if not any(start <= found.start() < end for start, end in names)
    )


def _affirmed(pattern: _Pattern, sentence: str) -> list[re.Match[str]]:
    """Where a pattern stands without a denial right before it: "not with a torch" holds no torch."""
    return [found for found in pattern.finditer(sentence) if not _DENIED_THING.search(sentence[: found.start()])]


def _is_advice(sentence: str, act: re.Match[str]) -> bool:
    scope = _scope(sentence, act.start())
    if _WARNED.search(scope) or _BY_PROFESSIONALS.search(scope):
        return False
    if act[0].split()[0].endswith("ed"):
        return _POSSIBLE.search(scope) is not None
    if act[0].split()[0].endswith("ing") or re.search(r"\b(?:if|when|whoever|once) (?:you|somebody|anyone)?\b", scope):
        return not _DANGER.search(sentence) or bool(_URGED.search(sentence))
    return not _ACTING_SUBJECT.search(scope.rstrip())


def _scope(sentence: str, start: int) -> str:
    """What is said before an act and of it: its clause, or the list that a warning opened ("never a, b or c")."""
    clause = _SCOPE_END.split(_NO_DENIAL.sub(",", sentence[:start]))[-1]
    *earlier, last = clause.split(",")
    warned = next((n for n, part in enumerate(earlier) if _WARNED.search(part)), None)
    if warned is None:
        return last
    is_list = re.search(r"\bor\b", sentence) is not None
    return clause if is_list or _BARE_WARNING.search(earlier[warned].rstrip()) else last


# --- Disguises ---

_MASKED = re.compile(r"(?=\S*[a-z])(?=\S*[0-9@$!|+*])[a-z0-9@$!|+*]+")
_UNMASK = str.maketrans("013457@$!|+", "oieastasilt")
_APART = re.compile(r"(?<!\w)[^\W_](?:([\s._/,*~-])[^\W_])(?:\1[^\W_])+(?!\w)")
_STARRED = tuple("fuck fucking fucked fucker shit shitty bitch bitches cunt asshole ass damn crap dick pussy bastard".split())


@lru_cache(maxsize=256)
def _readings(text: str) -> tuple[str, ...]:
    """A plain text as it stands and as it may be meant: digits and signs for letters, letters apart, letters repeated."""
    meant = _APART.sub(lambda found: found[0].replace(found[1], ""), text)
    meant = _MASKED.sub(lambda found: _unmasked(found[0]), meant)
    long = [re.sub(r"([a-z])\1{2,}", times, meant) for times in (r"\1", r"\1\1")]
    return tuple(dict.fromkeys((text, meant, *long)))


def _unmasked(word: str) -> str:
    bare = word.strip("!+|").removeprefix("*")
    if "*" in bare:
        shape = re.compile(bare.translate(_UNMASK).replace("*", "."))
        return next((coarse for coarse in _STARRED if shape.fullmatch(coarse)), word)
    letters = sum(character.isalpha() for character in bare)
    return bare.translate(_UNMASK) if letters >= 2 or "$$" in bare else word


# --- The rules ---


@cache
def _rules() -> _Rules:
    data = tomllib.loads(files("models.gates").joinpath("unsafe.toml").read_text(encoding="utf-8"))
    promises = [(entry["what"], [p.replace("ILLNESS", data["illness"]) for p in entry["patterns"]]) for entry in data["promises"]]
    return _Rules(
        words=tuple((entry["what"], _any_of(entry["patterns"])) for entry in data["words"]),
        acts=tuple(
            _Act(
                what=entry["what"],
                do=_any_of([*(form for verb in entry["do"] for form in _forms(verb)), *entry.get("also", ())]),
                with_=tuple(_any_of([pattern]) for pattern in entry["with"]),
                about=_any_of([entry["about"]]) if "about" in entry else None,
                unless=_any_of([entry["unless"]]) if "unless" in entry else None,
            )
            for entry in data["acts"]
        ),
        promises=tuple((what, _any_of(patterns)) for what, patterns in promises),
    )


def _any_of(patterns: Iterable[str]) -> _Pattern:
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)")


def _forms(verb: str) -> list[str]:
    """How an act is told to somebody: "trim", "trimming" and "trimmed", "take off" and "taking off"."""
    first, *rest = verb.split(" ")
    stem = first[:-1] if first.endswith("e") and not first.endswith("ee") else first
    if re.fullmatch(r"[^aeiou]*[aeiou][^aeiouwxy]", first):
        stem = first + first[-1]
    return [" ".join((form, *rest)) for form in (first, f"{stem}ing", f"{stem}ed")]
