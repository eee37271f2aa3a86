"""What costs nothing: "free" and its other words, where they are an offer and no idiom."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.gates.claims.claim import Claim, Passage

_OFFERS = (
    "estimate|quote|consultation|consult|inspection|delivery|shipping|trial|class|session|lesson|check|checkup"
    "|assessment|evaluation|diagnostic|diagnosis|advice|parking|coffee|wifi|sample|tasting|pickup|installation"
    "|measurement|visit|look|drink|dessert|appetizer|meal|haircut|trim|cleaning|wash|call|haul|removal|tour|pass|gift"
    "|refill|opinion"
)
_SAME_OFFER = {"quote": "estimate", "consult": "consultation", "checkup": "check", "shipping": "delivery"}
_COSTS_NOTHING = (
    r"(?:free(?! of (?!charge)| from| to\b| up)|on us|on the house|complimentary|no[\s-](?:cost|charge)"
    r"|at no (?:extra |additional )?(?:cost|charge)|without (?:any )?(?:cost|charge))\b"
)
_FREE_OFFER = re.compile(rf"\b(?<!-){_COSTS_NOTHING}[\s,-]+(?:[\w'-]+[\s,]+){{0,3}}?({_OFFERS})s?\b")
_OFFER_IS_FREE = re.compile(
    rf"\b({_OFFERS})s?\b(?:[\s,]+[\w'-]+){{0,5}}?[\s,]+(?:(?:is|are|comes?|stays?|always|for)[\s,]+)*{_COSTS_NOTHING}"
)
_FREE = re.compile(r"(?:([\w']+)([\s-]+))?\bfree\b(?!')(?:[\s-]+(\w+)(?: (\w+))?)?")
_OTHER_WORDS = re.compile(
    r"\bcomplimentary\b|\bat no (?:extra |additional )?(?:cost|charge)\b|\bwithout (?:any )?(?:cost|charge)\b"
    r"|\bno[\s-](?:cost|charge)\b|\bcosts? (?:you )?(?:nothing|\$0)|\b(?:don't|won't|never) pay\b|\bpay nothing\b"
    r"|\b0 (?:dollars|cost)\b|(?:\bis|\bare|'s|\bdrinks?|\bcoffee|\bdessert|\b1|\bround|,) on us\b"
)
_IN_FREE = re.compile(r"free|on us\b|on the house|compliment|cost|charge|\bpay|dollar")  # one of which all have
_ON_THE_HOUSE = re.compile(r"\bon the house\b")
_ON_A_HOUSE = re.compile(
    r"\b(?:lights?|snow|paint|siding|sun|shade|ivy|leaves|ladder|shingles|trim|gutters?|eyes?|mold|moss|up|hangs?|goes"
    r"|leans?|falls?|rests?|lands?)(?: \w+){0,2} $"
)
_FREE_MIND = "minute moment feel feels felt set sets break breaks get got roam run walk breathe"
_RID_OF = """
    gluten sugar dairy nut pain frost ice stress worry hassle trouble streak weed mess dust clutter smoke lead rust pest
    germ hands odor slip cage drip leak mold bug wrinkle frizz tangle knot crumb lint debris guilt grease fragrance
"""  # "gluten free" is without gluten, also without a hyphen
_FREE_SPACE = """
    up time times from to hand hands afternoon afternoons evening evenings weekend weekends day days morning mornings
    hour hours minute minutes moment moments saturday saturdays sunday sundays stand standing range flow flowing edge
    space spot spots weight weights throw throws spirit spirits chlorine fall kick will air ride form radicals water
    your yourself
"""
_IDIOMS_BEFORE = frozenset(f"{_FREE_MIND} {_RID_OF}".split())
_IDIOMS_AFTER = frozenset(_FREE_SPACE.split())
_NEVER_IDIOMS = frozenset(("risk", "interest", "toll", "fee", "cost", "tax", "charge", "rent"))
_KIND_WORD = re.compile(r"\b(?:kind word|smile|kindness|sunlight|sunshine|fresh air|compliment)s?\b")


def free(sentence: Passage) -> Iterator[Claim]:
    """What is offered for nothing. A quote is an estimate, whatever stands between it and the word."""
    text = sentence.text
    if not _IN_FREE.search(text):
        return
    offers = [*_FREE_OFFER.finditer(text), *_OFFER_IS_FREE.finditer(text)]
    for match in offers:
        yield Claim("free offer", match[0], f"free {_SAME_OFFER.get(match[1], match[1])}")
    if offers or _KIND_WORD.search(text):
        return
    for match in _FREE.finditer(text):
        if _is_offer(*match.groups()):
            yield Claim("free offer", match[0].strip(), f"free {match[3] or ''}".strip())
    for match in _OTHER_WORDS.finditer(text):
        yield Claim("free offer", match[0].strip(" ,"), "free")
    for match in _ON_THE_HOUSE.finditer(text):
        if not _ON_A_HOUSE.search(text[: match.start()]):
            yield Claim("free offer", match[0], "free")


def _is_offer(before: str | None, between: str | None, after: str | None, next_after: str | None) -> bool:
    """Whether "free" between these words speaks of money."""
    if before in _NEVER_IDIOMS:
        return True
    if after == "lunch" and before in ("love", "loves", "no"):
        return False
    if before and (before in _IDIOMS_BEFORE or "-" in (between or "")):
        return False
    return after not in _IDIOMS_AFTER and (after != "of" or next_after == "charge")
