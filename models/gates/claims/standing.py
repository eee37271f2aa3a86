"""What a business says of its standing: papers, promises, prizes, rank, whose it is, whom it served."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from models.gates.claims.claim import Claim, Passage, found

_TERM = re.compile(r"\b(\d+)\+?[\s-]*(year|yr|month|day|lifetime)s?\b")
_TRADES = (
    "plumb(?:er|ing|ers)|electricians?|roofers?|roofing|painters?|landscapers?|bak(?:er|ers|ery)|barbers?|salons?|stylists?"
    "|dentists?|gyms?|trainers?|mechanics?|garages?|florists?|restaurants?|caf[e]s?|coffee|pizza|tacos?|burgers?|barbecue|bbq"
    "|bread|pies?|cakes?|pastr(?:y|ies)|croissants?|haircuts?|cuts?|cleaners?|contractors?|movers?|locksmiths?|groomers?"
    "|compan(?:y|ies)|business(?:es)?|shops?|teams?|crews?|service|services|choice|provider|name|pros?|experts?|technicians?"
    "|quality|food|wings|steaks?|brunch|flowers?|bouquets?|lawns?|work|workmanship|hands|deals?|customer service|results?"
)

# Papers: advice that holds for any business passes ("leave gas to a licensed plumber").
_PAPERS = (
    ("licence", "licensed", r"\blicen[sc]ed\b|\bour licen[sc]es?\b|\b(?:state|city) licen[sc]es?\b|\blicen[sc]e (?:#|no|number)"),
    ("licence", "bonded", r"\bbonded\b"),
    ("licence", "certified", r"\bcertifi(?:ed|cations?)\b|\baccredited\b|\bregistered\b(?! mail)|\bcredentialed\b"),
    ("licence", "authorized", r"\bauthori[sz]ed (?:dealer|installer|service|partner|reseller)|\bfactory[\s-](?:trained|authori)"),
    ("licence", "master", r"\bmaster (?:plumber|electrician|technician|stylist|groomer|gardener|craftsman|baker|barber|carpenter)s?\b"),
    ("licence", "screened", r"\b(?:background[\s-]check|drug[\s-]test|vetted|fingerprinted)\w*"),
    ("insurance", "insured", r"\binsured\b|\bfully covered\b|\bliability (?:insurance|cover)|\bworkers'? comp"),
)  # fmt: skip
_PROMISES = (
    ("guarantee", "guarantee", r"\bguarant\w+|\bguaranty\b"),
    ("guarantee", "warranty", r"\bwarrant(?:y|ies|ied|ed)\b"),
)
_MAKERS = re.compile(
    r"\b(?:manufacturer|maker|factory|homeowner|your|the paper|void|read|check|receipt|register|expires?)\b"
)
_SURE = (
    ("guarantee", "money back", r"\bmoney[\s-]back\b|\b(?:your|full) (?:money|refund)\b|\brefund\w*\b|\bmoney returned\b"),
    ("guarantee", "no risk", r"\bno[\s-]risk\b|\brisk[\s-]free\b|\bwithout (?:any )?risk\b|\bno questions asked\b|\bworry[\s-]free guarantee"),
    ("guarantee", "satisfaction", r"\bsatisfaction\b|\bor (?:it's|it is|your|you get|we)\b.{0,20}\b(?:free|back|again|redo)\b"
                                  r"|\b(?:until|till) you(?:'re| are) (?:happy|satisfied)\b|\bnot (?:happy|satisfied)\?"),
    ("guarantee", "stands behind it", r"\bstands? behind (?:our|every|each|all|the|its|what)\b|\bwe(?:'ll| will) make it right\b|\bback (?:up )?our work\b"),
)  # fmt: skip
_OURS_ONLY = (
    ("licence", "licensed", r"\blicen[sc]es?\b(?! plate)"),
    ("insurance", "insurance",
     r"\b(?:accept|take|work with|bill|handle|carry|have|with|file|process|cover|help)\w*\b.{0,30}\binsurance\b|\binsurance (?:claims?|plans?|covers)\b"),
    ("award", "award", r"\bawards?\b|\bawarded\b|\btroph(?:y|ies)\b|\bmedals?\b|\bnominat\w+|\bfinalists?\b|\ba\+"),
    ("number of customers", "customers", r"\b(?:thousands|hundreds|dozens|\d{2,}\+?|\d+,\d{3}\+?|\d+k\+?)\s+(?:of\s+)?(?:[a-z'-]+\s+){0,2}"
     r"(?:customers|clients|families|homeowners|households|patients|members|guests|brides|weddings|neighbors|homes|houses|roofs"
     r"|kitchens|bathrooms|jobs|projects|installs|installations|furnaces|yards|lawns|cars|dogs|heads|smiles|cuts)\b"),
    ("experience", "experienced", r"\b(?:experienced|seasoned|veteran) (?:team|crew|staff|technicians?|pros?|professionals?|experts?|hands|\w+ers?|\w+ians?)\b"),
)  # fmt: skip
_BOASTS = (
    ("award", "award winning", r"\b(?:award|prize|medal)[\s-]?(?:winning|winners?)\b"),
    ("award", "voted", r"\bvoted\b(?! (?:for|on|in the))|\bpeople'?s choice\b|\breaders'? choice\b|\bbest of (?:the )?(?:\d{4}|{town}|town|city|county|{state})\b"),
    ("award", "rated", r"\b(?:top|highly|best|highest|well|a\+|\d[\s-]star)[\s-]?(?:rated|reviewed|ranked)\b|\b(?:rated|ranked) (?:\d|#|no\b|number|best|top|the|a\+|among|excellent)"
                       r"|\ba(?:\s?\+|[\s-]plus) rat"),
    ("award", "5 stars", r"\b(?:4\.\d|5(?:\.0)?)[\s-]*stars?\b|★{3,}|\b5 out of 5\b|\b4\.\d (?:rating|out of|on google)"),
    ("award", "bbb", r"\bbbb\b|\bbetter business bureau\b|\ba\+ (?:grade|rating|score|with)"),
    ("award", "press", r"\b(?:featured|as seen|seen) (?:in|on|by)\b(?! (?:the (?:photo|picture)))|\b(?:homeadvisor|angie'?s list|tripadvisor|michelin star|super service)\b"),
    ("superlative", "#1", r"(?<!tip )(?<!step )(?<!rule )(?<!reason )(?<!mistake )(?<!myth )(?<!sign )(?<!fact )(?<!day )(?<!question )"
                          r"(?:#\s?|№ ?|\bno\. ?|\bnr\.? ?|\bnumber[\s-]+)1\b(?![\s-]*(?:[:)]|\w*\s?(?:reason|cause|rule|mistake|enemy|thing|tip|killer|source|question|problem|culprit|sign|complaint|way)))"),
    ("superlative", "second to none", r"\b(?:second|2nd) to none\b|\bunbeatable\b|\bunmatched\b|\bunrival+ed\b|\bunparalleled\b|\bbest[\s-]in[\s-]class\b|\bworld[\s-](?:class|famous)\b"
                                      r"|\btop[\s-]notch\b|\bno (?:1|body) (?:does|beats|knows|makes|bakes|cuts|cleans|paints)\b.{0,25}\b(?:better|like|us)\b"
                                      r"|\bnobody (?:does|beats|makes)\b.{0,25}\b(?:better|like us|us)\b|\bmost (?:trusted|reliable|experienced|loved|recommended|affordable|requested)\b"
                                      r"|\bthe go[\s-]to\b|\bhighest (?:quality|standards?)\b|\b(?:leading|premier|foremost)\b(?! (?:cause|to|up|edge|into|lady|the|a|down))|\btrusted by\b"),
)  # fmt: skip
_OWNERS = re.compile(
    r"\b(family|locally|local|veteran|wom[ae]n|minority|black|latin[ao]|native|independently|employee|brother|mother|father)"
    r"[\s-]*(?:and[\s-]+operated[\s-]+|&\s*)?(?:owned|run|operated)\b"
)

_BEST = "best|finest|greatest|friendliest|fastest|favorite|favourite|cheapest|tastiest|freshest|cleanest|most \\w+"
_NOT_US = (
    r"time|times|month|months|season|week|weeks|day|days|hour|way|ways|moment|part|place|spot|view|views|weather|park|trail"
    r"|thing|things|advice|reason|friend|friends|guess|bet|wishes|seat|light|color|temperature|tree|trees|oak|street|morning"
    r"|sunset|cure|remedy|tool|defense|protection|kind|use|question|to|for|kept|secret|when|if|known|neighbors?|customers?"
)
_PLACE = (
    r"(?:in|around|on this side of) (?:all of )?(?:town\b|the (?:city|area|state|county|region|business|neighborhood|country"
    r"|world|valley|universe|metro)\b|[a-z]+ county\b|texas\b|{town}|{state}|south \w+|north \w+|east \w+|west \w+)"
)
_RANKS = (
    rf"\b(?:{_BEST}) (?!(?:{_NOT_US})\b)[^.!?]{{0,40}}?\b{_PLACE}",
    rf"\b(?:{_BEST}) {_PLACE}",
    rf"(?:\btown|\bcity|\barea|\bcounty|\btexas|{{town}})'s (?:own |very |own very )?(?:{_BEST}|#1|number 1)\b(?! (?:{_NOT_US})\b)",
    rf"\b(?:we|we're|we are|us|you found|you have) (?:simply |just |still |is |are )*the (?:very )?(?:{_BEST})\b(?! (?:{_NOT_US})\b)",
    rf"\b(?:the|simply|our) best (?:[a-z]+ )?(?:{_TRADES})\b",
    r"\bbetter than (?:any(?:one|body)|the (?:rest|others|competition)|any other|all the others)\b",
)
_OUR_BEST = re.compile(
    r"\b(?:do|try|did|at|give|gave|doing|be|feel|look)\w* (?:our|your|their|its|his|her) (?:very )?best\b"
)


def standing(sentence: Passage) -> Iterator[Claim]:
    """Papers, guarantees, awards, superlatives, ownership, numbers of customers."""
    text = _OUR_BEST.sub("well", sentence.text)
    if not sentence.is_general:
        yield from _named(_compiled["papers"], text)
    yield from _promises(sentence, text)
    yield from _named(_compiled["sure"], text)
    if sentence.ours:
        yield from _named(_compiled["ours"], text)
    for kind, fact, pattern in _BOASTS:
        yield from _named([(kind, fact, _local(pattern, sentence.town))], text)
    if not sentence.is_question:
        for pattern in _RANKS:
            yield from _named([("superlative", "best", _local(pattern, sentence.town))], text)
    for match in found(_OWNERS, text):
        yield Claim("ownership", match[0], f"owned {match[1].removesuffix('ly')}")


def _promises(sentence: Passage, text: str) -> Iterator[Claim]:
    """A guarantee and how long it lasts. What a maker gives on a part is no promise of the business."""
    for kind, fact, pattern in _compiled["promises"]:
        for match in found(pattern, text):
            if not sentence.ours and (_MAKERS.search(text) or sentence.is_general):
                continue
            terms = [f"{term[1]} {term[2]}" for term in _TERM.finditer(text)]
            terms += ["lifetime"] * ("lifetime" in text or "for life" in text)
            if not terms:
                yield Claim(kind, match[0], fact)
            for term in terms:
                yield Claim(kind, f"{term} {match[0]}", f"{fact} {term}", (fact,))


def _named(patterns: list[tuple[str, str, re.Pattern[str]]], text: str) -> Iterator[Claim]:
    for kind, fact, pattern in patterns:
        for match in found(pattern, text):
            yield Claim(kind, match[0].strip(), fact)


@lru_cache(maxsize=4096)
def _local(pattern: str, town: str) -> re.Pattern[str]:
    """A pattern for a town."""
    return re.compile(pattern.replace("{town}", re.escape(town) or r"(?!)").replace("|{state}", ""))


_compiled = {
    name: [(kind, fact, re.compile(pattern)) for kind, fact, pattern in entries]
    for name, entries in {"papers": _PAPERS, "promises": _PROMISES, "sure": _SURE, "ours": _OURS_ONLY}.items()
}
