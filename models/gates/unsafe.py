"""What would shame or harm: coarse, sexual or political words, advice that can hurt, promises that nobody can keep.

Words count in any disguise ("sh1t", "f*ck", spaced letters). Dangerous work may be spoken of: what is warned of ("never
open the panel") and what those do who learnt it ("our electrician opens the panel") is no advice. A warning must stand
with the act: "don't call anybody: open the panel" warns of nothing. What is in the business's own name is allowed.
The words and acts are in unsafe.toml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from models.gates.advice import advises
from models.gates.disguises import readings
from models.gates.draft import Draft, GateContext, Verdict
from models.gates.reading import hashtag_words, legible, sentences, with_us
from models.gates.unsafe_rules import rules

_DENIED = re.compile(
    r"\b(?:not|never|nobody|no one|cannot|can't|don't|won't|without|no (?:honest )?\w+ (?:can|should|will|may))\b"
)


def unsafe(draft: Draft, context: GateContext) -> Verdict:
    """Whether a draft is decent, does no harm and promises nothing about health, courts and money."""
    text = with_us(legible(draft.text), context.business_name)
    tags = [legible(tag) for tag in (*draft.hashtags, *re.findall(r"#(\w+)", text))]
    reason = _coarse(text, tags) or _harmful(text.casefold())
    return Verdict("unsafe", not reason, reason)


def _coarse(text: str, tags: Iterable[str]) -> str:
    tag_words = " ".join(" ".join(hashtag_words(tag)) for tag in tags)
    ways = readings(" ".join(f"{text} {tag_words}".casefold().split()))
    for what, pattern in rules().coarse:
        found = next(filter(None, map(pattern.search, ways)), None)
        if found is not None:
            return f"{what} ({found[0]!r}) has no place in a post"
    if found := re.search("fuck|shit(?!ake|zu)|bitch|cunt", " ".join(tags).casefold()):
        return f"coarse language ({found[0]!r}) has no place in a hashtag"
    return ""


def _harmful(text: str) -> str:
    before = ""
    for sentence in sentences(text):
        asked = f"{before} {sentence}" if before.endswith("?") else sentence
        for what, pattern in rules().promises:
            if (found := pattern.search(asked)) and not _DENIED.search(asked[: found.start()]):
                return f"{what} ({found[0]!r}): nobody can promise that; say what you do, not what will come of it"
        for act in rules().acts if rules().any_act.search(f"{before} {sentence}") else ():
            if advises(sentence, before, text, act):
                return f"advice that can hurt somebody: {act.what}; warn of it or say that a professional does it"
        before = sentence
    return ""
