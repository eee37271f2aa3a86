"""No invented testimonial: a customer's words, story or stars only where the owner gave the review.

A quotation from a real review passes word for word; cuts may be made, and its author is named as given or not at all.
Quotations that are nobody's praise (a sound, a saying, what a label says) pass, and so do questions that customers
often ask. The theme `testimonial` quotes a real review or asks for an honest one; nobody is asked for stars or paid for
words. What counts as speaking for customers is in `invented_testimonial.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.gates.claims import passage
from models.gates.claims.people import people
from models.gates.draft import Draft, GateContext, Verdict
from models.gates.patterns import Patterns
from models.gates.reading import WORD, legible, plain, sentences, with_digits, with_us
from models.gates.reviews import QUOTATION, without_reviews

_PATTERNS = Patterns("models.gates", "invented_testimonial.toml")
_SIGNED = re.compile(r"[\s.,!]*(?:-|~)\s*([^\n\"]{2,60})")
_SPEAKING = re.compile(r"\b(?:thank|shout|glad\b|moved in\b|is (?:so )?(?:happy|thrilled)\b)")
_FEWEST_WORDS = 3  # of a quotation that can praise
_AROUND = 80  # characters beside a quotation that tell whose it is


def invented_testimonial(draft: Draft, context: GateContext) -> Verdict:
    """Whether no customer is quoted, told of or counted in stars but by a review that the owner gave."""
    reason = _objection(legible(draft.text), context)
    return Verdict("invented_testimonial", not reason, reason)


def _objection(text: str, context: GateContext) -> str:
    unquoted = without_reviews(text, context.reviews)
    quotes_one, rest = unquoted != text, with_us(unquoted, context.business_name)
    if said := next(_false_quotations(rest, context), None):
        return f"{_short(said)} is in no review that the owner gave: quote one word for word, or nobody"
    if quotes_one and (name := next(_false_authors(text, rest, context), None)):
        return f"name the review's author as the review does, or not at all: not {_short(name)}"
    whole = with_digits(plain(rest))
    if said := _PATTERNS.first("paid", whole):
        return f"ask for honest reviews, without stars or a reward: leave out {_short(said)}"
    if said := next(_told(rest, context), None):
        return f"{_short(said)} speaks for customers: leave it out, no customer may be quoted, described or invented"
    if context.theme == "testimonial" and not quotes_one and not _PATTERNS.first("asks", whole):
        return "this post asks for something else: kindly ask customers for an honest review"
    return ""


def _short(said: str) -> str:
    said = " ".join(said.split())
    return repr(said if len(said) <= 60 else f"{said[:57].strip()}...")


def _false_quotations(text: str, context: GateContext) -> Iterator[str]:
    """Quotations that are a customer's by what they say or by whom they are given to, and are in no review."""
    for match in QUOTATION.finditer(text):
        said, before, after = match[1] or match[2], text[: match.start()][-_AROUND:], text[match.end() :][:_AROUND]
        around = plain(f"{before} {after}")
        is_long = len(said.split()) >= _FEWEST_WORDS
        if (
            context.theme == "testimonial"
            or _PATTERNS.first("quoted.given_by", around)
            or (is_long and _PATTERNS.first("quoted.praise", plain(said)))
            or (is_long and (_SIGNED.match(after) or _is_spoken(before, after)))
        ):
            yield said


def _is_spoken(before: str, after: str) -> bool:
    """Whether a person by name says what stands between."""
    around = f"{before} {after}"
    return any(people(passage(around))) and _PATTERNS.first("words.spoke", plain(around)) is not None


def _false_authors(text: str, rest: str, context: GateContext) -> Iterator[str]:
    """Whom the text names beside a real review without having it from there."""
    given = _given(context)
    for match in QUOTATION.finditer(text):
        signed = _SIGNED.match(text, match.end())
        author = plain(signed[1]) if signed else ""
        if " ".join(WORD.findall(author)) not in given and not _PATTERNS.whole("quoted.signed_neutrally", author):
            yield author
    for claim in people(passage(rest)):
        if claim.said.casefold() not in given.split():
            yield claim.said


def _given(context: GateContext) -> str:
    """All words that the owner or a review's author wrote, plain."""
    written = (*context.reviews, *context.stated, context.business_name, context.city)
    return " ".join(WORD.findall(plain(" ".join(written))))


def _told(text: str, context: GateContext) -> Iterator[str]:
    """Stars, stories and praise outside quotation marks."""
    stated, whole = with_digits(plain(" ".join(context.stated))), with_digits(plain(text))
    if (stars := _PATTERNS.first("stars", whole)) and stars not in stated:
        yield stars
    if (she := _PATTERNS.first("she", whole)) and not _PATTERNS.first("no_customer", whole):
        yield she
    for sentence in sentences(text):
        read = passage(sentence)
        yield from _PATTERNS.all("told", read.text)
        yield from _PATTERNS.all("somebody_said", read.text)
        if read.ours or _PATTERNS.first("lately", read.text):
            yield from _PATTERNS.all("somebody_did", read.text)
        if _SPEAKING.search(read.text) or _PATTERNS.first("words.spoke", read.text):
            given = _given(context).split()
            if any(_speaks(claim.said, read.text) for claim in people(read) if claim.said.casefold() not in given):
                yield sentence


def _speaks(name: str, text: str) -> bool:
    """Whether somebody by name is quoted, thanked for or told of as a customer."""
    thanked = rf"\b{re.escape(name.casefold())}\b.{{0,30}}\b(?:moved in|is (?:so )?(?:happy|thrilled))\b"
    said = _PATTERNS.first("words.spoke", text.partition(name.casefold())[2][:40])
    return said is not None or re.search(rf"{thanked}|\bthank|\bshout|\bglad\b", text) is not None
