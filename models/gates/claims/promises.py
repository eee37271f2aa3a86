"""Guarantees and how long they last, and whose the business is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.gates.claims.claim import Claim, Passage, found

_PROMISES = (
    ("guarantee", re.compile(r"\bguarant\w+")),
    ("warranty", re.compile(r"\bwarrant(?:y|ies|ied|ed)\b")),
)
_IN_PROMISES = re.compile(r"guarant|warrant|(?:owned|run|operated)\b")  # one of which all have
_TERM = re.compile(r"\b(\d+)\+?[\s-]*(year|yr|month|day)s?\b")
_FOR_LIFE = re.compile(r"\blifetime\b|\bfor life\b")
_MAKERS = re.compile(
    r"\b(?:manufacturer|maker|factory|homeowner|the paper|void|read|check|receipt|register|expires?)\b"
    r"|\byour (?:[\w']+ ){0,3}(?:warrant|guarant)"
)
_PARTS = re.compile(r"\b(?:most|many|some|typical|often|usually|manufacturers?|makers?)\b")
_OWNERS = re.compile(
    r"\b(family|locally|local|veteran|wom[ae]n|minority|black|latin[ao]|native|independently|employee|brother|mother|father)"
    r"[\s-]*(?:and[\s-]+operated[\s-]+|&\s*)?(?:owned|run|operated)\b"
)


def promises(sentence: Passage) -> Iterator[Claim]:
    """What the business vouches for. What a maker gives on a part is no promise of the business."""
    text = sentence.text
    if not _IN_PROMISES.search(text):
        return
    for match in found(_OWNERS, text):
        yield Claim("ownership", match[0], f"owned {match[1].removesuffix('ly')}")
    terms = [f"{term[1]} {term[2]}" for term in _TERM.finditer(text)]
    terms += ["lifetime"] if _FOR_LIFE.search(text) else []
    is_makers = _PARTS.search(text) if terms else sentence.is_general or _MAKERS.search(text)
    if not sentence.ours and is_makers:
        return
    for fact, pattern in _PROMISES:
        for match in found(pattern, text):
            for term in terms or [""]:
                yield Claim("guarantee", f"{term} {match[0]}".strip(), f"{fact} {term}".strip(), (fact,))
