"""Claims: what a text says that an owner must have said first.

`claims` reads a text and names everything in it that is a statement about the business or an offer of it. What belongs
to the trade in general passes: how long a furnace lasts, how much heat an attic loses, what happened in 1902.
"""

from __future__ import annotations

from functools import lru_cache

from models.gates.claims.claim import Claim, Passage, passage
from models.gates.claims.contacts import contacts
from models.gates.claims.free import free
from models.gates.claims.hours import hours
from models.gates.claims.money import money
from models.gates.claims.people import people
from models.gates.claims.phrases import phrases
from models.gates.claims.promises import promises
from models.gates.claims.years import years
from models.gates.reading import plain, sentences

_FINDERS = (money, free, phrases, promises, years, hours, people)


def claims(text: str, *, town: str = "", by_owner: bool = False, is_tag: bool = False) -> list[Claim]:
    """The claims of a legible text. `by_owner` = in the owner's own sentences, which all speak of the business.

    `is_tag` = these are the words of a hashtag.
    """
    found = list(contacts(passage(text)))
    for sentence in sentences(text):
        found += _of_sentence(sentence, plain(town), by_owner, is_tag)
    return found


@lru_cache(maxsize=4096)  # evergreen posts and second tries share most of their sentences
def _of_sentence(sentence: str, town: str, by_owner: bool, is_tag: bool) -> tuple[Claim, ...]:
    read = passage(sentence, town=town, by_owner=by_owner, is_tag=is_tag)
    return tuple(claim for finder in _FINDERS for claim in finder(read))


__all__ = ["Claim", "Passage", "claims", "passage"]
