"""Claims: what a text says that an owner must have said first.

`claims` reads a text and names everything in it that is a statement about the business or an offer of it. What belongs
to the trade in general passes: how long a furnace lasts, how much heat an attic loses, what happened in 1902.
"""

from __future__ import annotations

from models.gates.claims.claim import Claim, Passage, passage
from models.gates.claims.contacts import contacts
from models.gates.claims.money import money
from models.gates.claims.people import people
from models.gates.claims.standing import standing
from models.gates.claims.times import times
from models.gates.reading import plain, sentences

_FINDERS = (money, standing, times, people)


def claims(text: str, *, town: str = "", ours: bool = False) -> list[Claim]:
    """The claims of a legible text. `ours` = all of it is known to speak of the business: the owner's own sentences."""
    found = list(contacts(passage(text, town=town)))
    for sentence in sentences(text):
        read = passage(sentence, town=plain(town), ours=ours)
        found += [claim for finder in _FINDERS for claim in finder(read)]
    return found


__all__ = ["Claim", "Passage", "claims"]
