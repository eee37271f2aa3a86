"""Why Google probably refused a post. Google gives no reason, so what is told is what can be seen in the post itself.

Sources: the media reference of v4.9 (at least 250 x 250 pixels and 10 KB); what is usual (a phone number, a picture
that does not load, words against the content policy, a suspended profile) comes from third parties and from that policy
(regulated goods, gimmicky writing). A finding here is a hint for a person, never a reason to refuse.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from platforms.answers import part, rows, text

# A US number with the usual signs between its groups, or an international one with its plus. Dates (2026-11-22),
# prices ($1,200.00) and order numbers are none.
_SIGN = r"[\s.\-‐-―/·•]{0,3}"
_PHONE = re.compile(
    rf"(?<![\d.,$#/-])(?:\+?1{_SIGN})?\(?\d{{3}}\)?{_SIGN}\d{{3}}{_SIGN}\d{{4}}(?!\d)"
    rf"|\+\d(?:{_SIGN}\(?\d\)?){{7,14}}(?!\d)"
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_REGULATED = re.compile(
    r"\b(?:alcohol|beers?|wines?|whiske?y|vodka|liquor|tobacco|cigarettes?|cigars?|vap(?:e|es|ing)|cannabis|"
    r"marijuana|cbd|casinos?|gambling|betting|lotter(?:y|ies)|firearms?|handguns?|ammunition|fireworks|opioids?|"
    r"weight[- ]loss pills?|payday loans?|escorts?)\b",
    re.IGNORECASE,
)
_SHOUTING = re.compile(r"(?:\b[A-Z]{3,}\b[\s,!?.-]*){4,}")
_SIGNS = re.compile(r"([!?$*])\1{2,}")

USUAL = "words against Google's content policy, a link that does not open, or a suspended Business Profile"


def probable_causes(post: Mapping[str, Any]) -> list[str]:
    """What in a LocalPost (as it is sent, or as Google gives it back) Google is known to refuse, the likeliest first.

    Each is a clause that names what was found; empty when nothing stands out.
    """
    return [*dict.fromkeys(cause for where, words in _texts(post) for cause in _in_words(where, words)), *_others(post)]


def told(post: Mapping[str, Any]) -> str:
    """The causes as one or two sentences for the owner, with what is usual where nothing stands out."""
    causes = probable_causes(post)
    if not causes:
        return f"No reason is given; the usual ones are {USUAL}."
    return f"No reason is given; most likely {'; or '.join(causes)}. If that is not it: {USUAL}."


def _texts(post: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The words of a post that people read, with what to call them."""
    offer = part(post.get("offer"))
    for where, value in (
        ("the text", post.get("summary")),
        ("the title", part(post.get("event")).get("title")),
        ("the coupon code", offer.get("couponCode")),
        ("the terms", offer.get("termsConditions")),
    ):
        if words := text(value):
            yield where, unicodedata.normalize("NFKC", words)


def _in_words(where: str, words: str) -> Iterator[str]:
    if found := _PHONE.search(words):
        number = found[0].strip(" -./·•")
        yield f"{where} contains a phone number ({number}): leave it out and use the button CALL"
    if found := _MAIL.search(words):
        yield f"{where} contains an e-mail address ({found[0]})"
    if found := _REGULATED.search(words):
        yield f'{where} contains "{found[0]}", and Google restricts what it shows about that'
    if found := _SHOUTING.search(words):
        yield f'{where} is written in capital letters ("{_short(found[0])}")'
    if found := _SIGNS.search(words):
        yield f'{where} repeats a sign ("{found[0]}")'


def _others(post: Mapping[str, Any]) -> Iterator[str]:
    for item in rows(post.get("media")):
        address = text(item.get("sourceUrl")) or text(item.get("googleUrl"))
        picture = f"the picture ({address})" if address else "the picture"
        yield f"{picture} could not be loaded, or is smaller than 250 x 250 pixels or 10 KB"


def _short(words: str) -> str:
    clean = " ".join(words.split())
    return clean if len(clean) <= 40 else f"{clean[:39]}…"
