"""What a text says about the business that could be untrue, and the sentence it was found in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from models.gates.reading import plain, with_digits

_OURS = re.compile(
    r"\b(?:we|we're|we've|we'd|we'll|our|ours|us|i've been|i have been|this (?:shop|salon|team|crew|family))\b"
)
_UNITED_STATES = re.compile(r"\bU\.?S\.?(?![a-z])(?: ?A\b)?")
_ADVICE = re.compile(
    r"\b(?:ask|check|make sure|look for|insist|choose|hire|leave|call|have|let|get|use|trust|should|any|anybody|anyone"
    r"|whoever|every|must|job for|work for|belongs?|needs? an?|by an?|for an?|read|keep|most|many|if|before|when)\b"
)
_SEARCH = re.compile(r"\W*(?:do you |are you )?(?:need|want|looking|searching|in need|tired)\b")
_LEAD_IN = re.compile(  # what stands before a colon and says nothing of the business: "a fact we love: ..."
    r"^\W*(?:tell us|you should know|good to know|settle this for us|while we have you|something"
    r"|(?:an?|one|1|the|this|here's (?:an?|one|1)) "
    r"(?:[\w'-]+ ){0,3}?(?:facts?|things?|story|detail|question|trivia))\b(?![^:]*\babout (?:us|our)\b)[^:.!?]{0,60}: "
)
_ABOUT_SOMETHING = re.compile(  # "just curious: what is the best ...", but not "the best plumber: what else?"
    r"\W*(?:(?:(?!(?!honest)\w+est\b|most\b|favou?rite)[\w'-]+,? ?){1,5}: )?(?:what|where|which|when)\b"
)
_DENIAL = re.compile(
    r"\b(?:no|not|never|without|cannot|can't|can not|doesn't|don't|isn't|aren't|won't|nothing|nobody can|no 1 can)"
    r"(?:(?: have| need)?(?: an?)? (?:wall|shelf|case|list) of| an?| any| the| be| really| fully| always| itself)*\W*$"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """Something said. Two claims with the same `fact` say the same; `grants` are facts that follow from it."""

    kind: str  # in words, for the reason
    said: str
    fact: str
    grants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence, or a whole text, in the forms that finders read."""

    cased: str  # legible
    text: str  # plain, with digits; the business's town reads "town"
    ours: bool  # it speaks of the business
    by_owner: bool = False  # the owner's own sentence: all of it speaks of the business
    is_tag: bool = False  # a hashtag's words: capitals say nothing

    @property
    def is_general(self) -> bool:
        """Advice that holds for anybody in the trade: "ask any roofer for a license"."""
        said = _LEAD_IN.sub("", self.text)
        return not self.ours and _SEARCH.match(said) is None and _ADVICE.search(said) is not None

    @property
    def is_question(self) -> bool:
        """A question to the reader whose answer is not the business: "what is the best park in town?"."""
        return not self.ours and self.text.endswith("?") and _ABOUT_SOMETHING.match(self.text) is not None


def passage(cased: str, *, town: str = "", by_owner: bool = False, is_tag: bool = False) -> Passage:
    """Read a legible sentence. `town` is plain."""
    about = plain(cased if cased.isupper() else _UNITED_STATES.sub("", cased))
    text = plain(cased)
    if town and town in text:
        text = re.sub(rf"(?<!\w){re.escape(town)}(?!\w)", "town", text)
    ours = by_owner or _OURS.search(_LEAD_IN.sub("", about)) is not None
    return Passage(cased, with_digits(text), ours, by_owner, is_tag)


def found(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """The matches of a pattern that are not denied by the words right before them: "nobody can guarantee"."""
    return (
        match
        for match in pattern.finditer(text)
        if not _DENIAL.search(text[max(match.start() - 40, 0) : match.start()])
    )
