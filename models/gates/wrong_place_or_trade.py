"""Another town or state as the owner's, another trade's work as theirs, a national name in their post.

What the owner stated is theirs: the towns they serve, the work they do, the names in their own name.
"""

from __future__ import annotations

import re

from models.gates.draft import Draft, GateContext, Verdict
from models.gates.places import foreign_place
from models.gates.reading import hashtag_words, legible
from models.gates.trade_work import foreign_brand, foreign_work


def wrong_place_or_trade(draft: Draft, context: GateContext) -> Verdict:
    """Whether a draft speaks from the owner's town, of the owner's trade, and of nobody's chain."""
    reason = _objection(draft, context)
    return Verdict("wrong_place_or_trade", not reason, reason)


def _objection(draft: Draft, context: GateContext) -> str:
    text = legible(draft.text)
    tags = [legible(tag) for tag in (*draft.hashtags, *re.findall(r"#(\w+)", text))]
    if place := foreign_place(text, tags, context):
        home = ", ".join(filter(None, (context.city, context.state)))
        return f"speaks of {place!r} as the business's own place; " + (
            f"it is in {home}: name that, or no place" if home else "the owner stated none: name no place"
        )
    if work := foreign_work(text, context):
        return f"offers {work!r}, which is not this business's trade ({context.business_type})"
    if brand := foreign_brand(f"{text} {' '.join(' '.join(hashtag_words(tag)) for tag in tags)}", context):
        return f"names {brand!r}, a national name that has no place in this business's post"
    return ""
