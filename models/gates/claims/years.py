"""Since when and for how long. Years of a part, a law or an invention are knowledge of the trade and pass."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.gates.claims.claim import Claim, Passage, found

_YEAR = re.compile(r"(?<![\d$#.,/-])(1[6-9]\d\d|20\d\d)(?!\d|[,.-]\d)|(?:\bin|\bsince|\bfrom|\bof) '(\d\d)\b(?!')")
_DECADE = re.compile(r"\b((?:19|20)?\d0)'?s\b|\b((?:twen|thir|for|fif|six|seven|eigh|nine)ties)\b")
_BEGAN_THEN = re.compile(  # without a word about "us", yet about the business
    r"^\W*(?:proudly |locally |family[\s-]owned,? )?(?:founded|opened|established|est|serving|baking|in business"
    r"|trusted)\b|\bgrand(?:pa|ma|father|mother|parents)\b|\bmy (?:father|mother|dad|mom)\b|\bfounders?\b|\bserving\b"
    r"|\bin business\b|\best\.? \d|\bopened (?:its|the) doors\b|\bfamily[\s-](?:owned|run|business)\b|\bproudly\b"
)
_SINCE = re.compile(r"\b(?:since|from)\W+(?:early |late |the )*$")
_A_SENTENCE = re.compile(r"\b(?:has|have|had|is|are|was|were|been|must|banned|allow\w*|require\w*)\b")
_OF_A_THING = re.compile(  # "the moldings are from 1911"
    r"(?:^|[.,:] )(?!.*\b(?:we|our|us|i|shop|store|business|company|family|team|bakery|salon|doors)\b)"
    r"[^,:]*\b(?:is|are|was|were|dates?)(?: back)? (?:from|to)(?: about| around)? $"
)
_GREETING = re.compile(r"\b(?:happy|hello|goodbye|welcome|good|great|healthy|wonderful|bright) (?:new year )?$")

_SPAN = re.compile(r"\b(?:(\d+)|a|several|many|a few|a couple of)\s*\+?[\s-]*(years?|yrs?|decades?)\b(?:'|\s*of)?")
_CENTURY = re.compile(r"\b(?:a )?(quarter|half)[\s-](?:(?:of )?a )?century\b(?:\s*of)?")
_OF_EXPERIENCE = re.compile(
    r"^'?\s*(?:of |in |'s )?(?:\w+[\s-]+(?:and )?){0,2}?(?:experience|expertise|know[\s-]how|service|practice|serving"
    r"|strong|young|and counting|and running|in a row|anniversary|veteran|on the job|in business|behind the chair"
    r"|in (?:the )?(?:business|trade|field|industry|plumbing|roofing)|at the (?:stove|oven|grill|wheel))\b"
)
_SO_FAR = r"(?:over |more than |nearly |almost |about |roughly |some |the last |the past |these |well |now )*"
_WE_HAVE = re.compile(
    rf"\b(?:we|us|our \w+|i|family|shop|team|business|crew)(?:'ve| have| has)(?:\s+\w+){{0,12}}?\s+(?:for )?{_SO_FAR}$"
)
_OUR_OWN = re.compile(rf"(?:^\W*|\b(?:with|our|celebrat\w+|after|bring\w*|combined|for)\s+){_SO_FAR}$")
_BEGAN = re.compile(r"\b(?:opened|started|founded|began|bought|took over|took the|moved|hung|doors)\b")
_LOOSE = re.compile(
    r"\b(?<!\d )(?:decades|years) of (?:combined |hands[\s-]on |proven )?"
    r"(?:experience|service|expertise|practice|trust)\b"
)
_ORDINALS = {"first": "1", "second": "2", "third": "3", "fourth": "4", "fifth": "5"}
_GENERATIONS = re.compile(rf"\b(?:(\d+)(?:st|nd|rd|th)?|({'|'.join(_ORDINALS)}))?[\s-]*generations?\b")
_ANNIVERSARY = re.compile(r"\b(\d+)(?:st|nd|rd|th) (?:anniversary|birthday|year in)\b")

_IN_YEARS = re.compile(r"\d|year|yr|decade|century|ties\b|generation|anniversary")  # one of which all have


def years(sentence: Passage) -> Iterator[Claim]:
    """The year a business began, its years and generations since then."""
    text = sentence.text
    if not _IN_YEARS.search(text):
        return
    yield from _since(sentence)
    for match in (*_SPAN.finditer(text), *_CENTURY.finditer(text)):
        if _is_ours(sentence, text[: match.start()], match[0], text[match.end() :]):
            yield Claim("number of years", match[0], f"years {_how_many(match)}")
    for match in found(_LOOSE, text):
        yield Claim("number of years", match[0], "years many")
    for match in _GENERATIONS.finditer(text):
        if sentence.ours or match[1] or match[2]:
            which = match[1] or _ORDINALS.get(match[2], "many")
            yield Claim("number of years", match[0].strip(), f"generation {which}")
    for match in _ANNIVERSARY.finditer(text):
        if sentence.ours:
            yield Claim("number of years", match[0], f"years {match[1]}")


def _since(sentence: Passage) -> Iterator[Claim]:
    text = sentence.text
    for match in (*_YEAR.finditer(text), *_DECADE.finditer(text)):
        before = text[: match.start()]
        is_fragment = _SINCE.search(before) is not None and not _A_SENTENCE.search(text)
        if not (_GREETING.search(before) or _OF_A_THING.search(before)) and (
            sentence.ours or is_fragment or _BEGAN_THEN.search(text)
        ):
            year = match[1] or match[2]
            yield Claim("year", match[0], f"year {year}", (f"year {year[-2:]}",))


def _is_ours(sentence: Passage, before: str, said: str, after: str) -> bool:
    """Whether a span of time is the business's own, and not a part's."""
    is_start = said.endswith("of") and _OUR_OWN.search(before) is not None
    if _OF_EXPERIENCE.match(after) or (is_start and not _A_SENTENCE.search(sentence.text)):
        return True
    return sentence.ours and (
        _WE_HAVE.search(before) is not None
        or is_start
        or (re.match(r"\s*ago\b", after) is not None and _BEGAN.search(sentence.text) is not None)
    )


def _how_many(match: re.Match[str]) -> str:
    if match[1] in ("quarter", "half"):
        return "25" if match[1] == "quarter" else "50"
    if match[1] is None:
        return "many"
    return str(int(match[1]) * (10 if match[2].startswith("decade") else 1))
