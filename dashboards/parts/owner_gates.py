"""What the gates say to an owner who writes themselves. Pure.

A post in an owner's own words is judged otherwise than a written one: in their own name they may state what they like,
so that a price or a promise is asked about and not refused. What the platform would not take, and words that the owner
put on their own list, cannot be saved.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dashboards.parts.times import sentence_start
from models.gates import Draft, GateContext, run_gates

_MUST_MEND = frozenset({"platform_limits", "avoid_keywords"})
_HASHTAG = re.compile(r"\w{1,100}")
# How an owner is asked about what a gate found; {reason} are the gate's own words.
_ADVICE = {
    "near_duplicate": "You have had this before: {reason}.",
    "leftovers": "Something looks unfinished: {reason}.",
    "grounding": "You have not told us of this, so only if it is true: {reason}.",
    "invented_testimonial": "It reads like a customer's words: {reason}. Only quote what somebody really said.",
    "wrong_place_or_trade": "Is this about your business? It {reason}.",
    "unsafe": "Please think twice: {reason}.",
}
# The gates speak to a writer about the owner; here the owner reads it.
_TO_THE_OWNER = (
    ("leave out what the owner did not state: ", ""),
    ("the owner does not want ", "your list of words to avoid holds "),
    ("the owner gave", "you gave us"),
    ("the owner", "you"),
)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What has to change before a text can be saved, and what its owner may want to look at."""

    must: tuple[str, ...]
    advice: tuple[str, ...]


def hashtags_of(typed: str) -> tuple[str, ...]:
    """The hashtags of a line, without their signs, each once."""
    return tuple(dict.fromkeys(name for name in re.split(r"[\s,#]+", typed) if name))


def opinion(draft: Draft, context: GateContext) -> Opinion:
    """Every gate asked."""
    must = [f"A hashtag is letters and digits only: {name}" for name in draft.hashtags if not _HASHTAG.fullmatch(name)]
    refused = [verdict for verdict in run_gates(draft, context) if not verdict.ok]
    must += [sentence_start(_readable(verdict.reason)) for verdict in refused if verdict.gate in _MUST_MEND]
    advice = [
        sentence_start(_ADVICE.get(verdict.gate, "{reason}.").format(reason=_readable(verdict.reason)))
        for verdict in refused
        if verdict.gate not in _MUST_MEND
    ]
    return Opinion(tuple(must[:3]), tuple(advice))


def _readable(reason: str) -> str:
    for writers, owners in _TO_THE_OWNER:
        reason = reason.replace(writers, owners)
    return reason
