"""Grounding: nothing about the business that the owner did not state.

Refused unless stated: prices and discounts of any kind, also about the trade ("a leak costs you $200 a year"); free
offers; percentages of the business; phone numbers, links, mail and street addresses, accounts; since when and for how
long; licences, insurance, guarantees, awards, ratings, superlatives; opening hours, "24/7", "same day", emergencies;
numbers of customers; who owns it; people by name. Stated is what stands in the owner's own sentences, the business's
name, its website and town, in whatever words: "$89" is "eighty-nine dollars", a quote is an estimate.

What is known of the trade passes: spans of time, shares, temperatures, years and people of history, advice that holds
for any business ("ask for a license"), as long as the sentence does not speak of "us". The words of a real review pass
as they are. A stated price is not bound to the service it was stated for.
"""

from __future__ import annotations

import re
from functools import lru_cache

from models.gates.claims import Claim, claims
from models.gates.draft import Draft, GateContext, Verdict
from models.gates.reading import hashtag_words, legible, plain, with_us
from models.gates.reviews import without_reviews

_MOST_NAMED = 3  # claims in a reason
_DENIALS = re.compile(r"\b(?:not|no|never|don't|doesn't|without|isn't|aren't|nor)\b")
_IN_TAGS = re.compile(
    r"freeestimate|freequote|free(?:inspection|consult|delivery|trial)|licensed|insured|bonded|guarante|warrant"
    r"|awardwin|voted|bestof|bestin|number1|numberone|no1|24/?7|toprated|(?:5|five)stars?|discount|familyowned"
    r"|locallyowned|veteranowned|emergency|sameday|halfoff|sale$|bogo|satisfaction"
)


def grounding(draft: Draft, context: GateContext) -> Verdict:
    """Whether every claim of the text is one that the owner made."""
    stated = _stated(context.stated, context.business_name, context.website, context.city, context.reviews)
    text = with_us(without_reviews(legible(draft.text), context.reviews), context.business_name)
    found = claims(text, town=context.city)
    for tag in (*draft.hashtags, *re.findall(r"#(\w+)", draft.text)):
        found += _in_hashtag(tag, context.city)
    missing = {claim.fact: claim for claim in found if claim.fact not in stated}
    return Verdict("grounding", not missing, _reason(list(missing.values())))


def _reason(missing: list[Claim]) -> str:
    if not missing:
        return ""
    named = list(dict.fromkeys(f"{claim.kind} {claim.said.strip()!r}" for claim in missing))
    return f"leave out what the owner did not state: {', '.join(named[:_MOST_NAMED])}"


def _in_hashtag(tag: str, town: str) -> list[Claim]:
    """A hashtag's claims, by its words or, where no capitals part them, by what is written together."""
    if together := _IN_TAGS.search(plain(tag)):
        said = _TAG_IN_WORDS.get(together[0], " ".join(hashtag_words(tag)))
        found = claims(said, town=town, by_owner=True, is_tag=True)
        return found or [Claim("claim in the hashtag", f"#{tag}", f"tag {together[0]}")]
    return claims(" ".join(hashtag_words(tag)), town=town, is_tag=True) if len(hashtag_words(tag)) > 1 else []


_TAG_IN_WORDS = {
    "freeestimate": "free estimate", "freequote": "free quote", "licensed": "licensed", "insured": "insured",
    "bonded": "bonded", "guarante": "guarantee", "warrant": "warranty", "familyowned": "family owned",
    "locallyowned": "locally owned", "veteranowned": "veteran owned", "247": "24/7", "24/7": "24/7",
    "sameday": "same day service", "emergency": "emergency service", "awardwin": "award winning", "voted": "voted",
    "toprated": "top rated", "discount": "discount", "halfoff": "half off", "satisfaction": "satisfaction",
}  # fmt: skip


@lru_cache(maxsize=256)  # by what the owner said alone: what was posted grows with every post
def _stated(said: tuple[str, ...], name: str, website: str, town: str, reviews: tuple[str, ...]) -> frozenset[str]:
    """The facts of the owner's own sentences. What they deny ("not licensed for gas") they did not state."""
    facts = {f"link {plain(website)}"}
    for sentence in (*said, name):
        for clause in re.split(r"(?<=[.!?])\s+|,\s(?=(?:but|and)\b)|;", sentence):
            granted = claims(legible(clause), town=town, by_owner=True)
            if not (
                _DENIALS.search(plain(clause))
                and not re.search(r"\bno[\s-](?:risk|cost|charge|hidden|extra)", plain(clause))
            ):
                facts.update(fact for claim in granted for fact in (claim.fact, *claim.grants))
    for claim in claims(legible(website)):
        facts.update((claim.fact, *claim.grants))
    told = " ".join((*said, name, website, town, *reviews))
    facts.update(f"name {word}" for word in re.findall(r"[^\W_]+", plain(told)))
    return frozenset(facts)
