"""Whether a sentence tells the reader to do something dangerous, or warns of it, or tells who does it for them."""

from __future__ import annotations

import re
from functools import cache

from models.gates.unsafe_rules import Act, Pattern, rules

# Where a clause ends: what stands before says nothing of the act behind. "Never just" is one word.
_CLAUSE_END = re.compile(
    r"[:;]| - |\((?=\w)|(?<!never )(?<!not )(?<!don't )\bjust\b|\bsimply\b|\bbut\b|\bso\b(?! that)|\binstead\b(?! of)"
)
_BARE_WARNING = re.compile(r"\b(?:never|not|don't)$")
_A_THING = re.compile(r"\b(?:the|an?|this|that|your|its|every|each) \w+-\w+ $")  # "the three-prong plug" is no plugging
_CONDITION = re.compile(r"\b(?:if|when|whoever|once) (?:you|somebody|anyone)?\b")
_POSSIBLE = re.compile(r"\b(?:can|may|could|should) (?:\w+ )?be (?:\w+ly )?$")
_DENIED_OBJECT = re.compile(
    r"\b(?:not|never|no|without|instead of|rather than)(?: (?:with|by|from|on|a|an|the|any|your))* $"
)
_OF_IT = re.compile(r" (?:it|them|one|that|this)\b")
_ACTING_SUBJECT = re.compile(r"\b(?:who|that|which|they|we|people|children|kids|(?!this|always|yours)\w{3,}s)$")


def advises(sentence: str, before: str, text: str, act: Act) -> bool:
    """All in small letters; `before` is the sentence before, which "it" may stand for, `text` the whole."""
    if not all(pattern.search(f"{before} {sentence}") for pattern in act.objects):
        return False
    if (act.about and not act.about.search(text)) or (act.unless and act.unless.search(sentence)):
        return False
    found = [(pattern, match) for pattern in act.objects for match in _affirmed(pattern, sentence)]
    has_all = len({pattern for pattern, _ in found}) == len(act.objects)
    if not has_all and not all(_affirmed(pattern, f"{before} {sentence}") for pattern in act.objects):
        return False
    names = [match.span() for _, match in found if match[0].count(" ") < 3]  # a "pilot light" is no lighting
    return not rules().cues["left_to_others"].search(sentence) and any(
        (has_all or _OF_IT.match(sentence[done.end() :])) and _is_told(sentence, done)
        for done in act.do.finditer(sentence)
        if not any(start <= done.start() < end for start, end in names)
    )


def _affirmed(pattern: Pattern, sentence: str) -> list[re.Match[str]]:
    """Where a pattern stands without a denial right before it: "not with a torch" holds no torch."""
    return [match for match in pattern.finditer(sentence) if not _DENIED_OBJECT.search(sentence[: match.start()])]


def _is_told(sentence: str, done: re.Match[str]) -> bool:
    """Whether the reader is to do it, neither warned of it nor relieved of it by those who learnt it."""
    cues, scope = rules().cues, _scope(sentence, done.start())
    if cues["warned"].search(scope) or _by_professionals().search(scope) or _A_THING.search(scope):
        return False
    verb = done[0].split()[0]
    if verb.endswith("ed"):
        return _POSSIBLE.search(scope) is not None
    if verb.endswith("ing") or _CONDITION.search(scope):
        return not cues["danger"].search(sentence) or cues["urged"].search(sentence) is not None
    return not _ACTING_SUBJECT.search(scope.rstrip())


def _scope(sentence: str, start: int) -> str:
    """What is said before an act and of it: its clause, or the list that a warning opened ("never a, b or c")."""
    warned = rules().cues["warned"]
    clause = _CLAUSE_END.split(_no_warning().sub(",", sentence[:start]))[-1]
    *earlier, last = clause.split(",")
    warning = next((part for part in earlier if warned.search(part)), None)
    if warning is None:
        return last
    is_list = re.search(r"\bor\b", sentence) is not None
    return clause if is_list or _BARE_WARNING.search(warning.rstrip()) else last


@cache
def _no_warning() -> Pattern:
    """Such words up to what is urged after all."""
    words = rules().cues["no_warning"].pattern
    return re.compile(rf"{words}[^,:.]{{0,25}}?(?=[,:;]|\b(?:and|to|just|in order)\b|\s*$)")


@cache
def _by_professionals() -> Pattern:
    return re.compile(rf"\b(?:{rules().professionals})\b(?!.*\b(?:you|how to|yourself|before|without)\b)")
