"""Opening hours: days and times of a clock where people are told that the business is open, or asked to come.

A time of day in advice ("water before 9 am") is none. Availability without a clock is phrases (`phrases.toml`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.gates.claims.claim import Claim, Passage

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPANS = {"weekday": _DAYS[:5], "weekend": _DAYS[5:], "daily": _DAYS, "every day": _DAYS, "7 days": _DAYS}
_DAY = r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)s?"
_DAY_RANGE = re.compile(rf"\b({_DAY})\.?\s*(?:-|to|thru|through|until)\s*({_DAY})\b")
_ONE_DAY = re.compile(rf"\b({_DAY})\b")

_HOUR = r"(\d{1,2})(?::(\d\d))?"
_HALF = r"(?:\s*[ap]\.?m\b\.?)"
_NO_NUMBER = r"(?<![\d$.,/:])"
_UNIT = (
    r"(?!\s*(?:inch|feet|ft\b|foot|degrees|°|minutes?|mins?|hours?|days?|weeks?|months?|years?|percent|%|times|cups?"
    r"|gallons?|miles|people|guests|coats|layers|psi|drops|[\d:.,]*\d))"
)
_CLOCKS = (
    re.compile(rf"{_NO_NUMBER}{_HOUR}{_HALF}?\s*(?:-|to|until|till)\s*{_HOUR}{_HALF}?{_UNIT}"),
    re.compile(rf"{_NO_NUMBER}{_HOUR}{_HALF}"),
    re.compile(rf"{_NO_NUMBER}(\d{{1,2}}):(\d\d)(?![\d:])"),
    re.compile(r"\b(?:until|till|at|from|before|by) (\d{1,2})()(?=[.,!?]|$| in the| o'clock| on| every| and)"),
)
_WHEN = (
    "from|until|till|til|daily|every ?day|late|early|7 days|all|today|tonight|tomorrow|on|again|for|weekdays|weekends"
)
_ROOM = "kitchen|bakery|shop|store|office|bar|gym|salon|studio"
_OPEN = re.compile(
    rf"^\W*(?:now |still )?open (?:{_WHEN}|{_DAY}|\d)"
    rf"|\b(?:we|us|{_ROOM}) (?:(?:are|is) )?(?:open|opens|close|closes|closed)\b"
    rf"(?! (?:(?:an?|your|every|each) |the (?!doors?\b|{_ROOM})))"
    r"|\b(?:opening|business|store|shop|office|our) hours\b|\bhours\s*:|\b7 days a week\b"
    r"|\b(?:we're|stay|stays) (?:now |still |also |always )?(?:open|closed)\b"
    rf"|\bdoors? (?:are open|opens?) (?:at|from|until|till|daily|early|late|{_DAY}|\d)"
    r"|\bopen (?:7 days|all week|on weekends|weekends|daily|late)\b"
)
_COME = re.compile(
    r"\b(?:stop by|come by|come in|come and see|visit us|drop (?:in|by)|swing by|see you|find us|served|join us"
    r"|we serve|until we|call (?:us )?between|reach us)\b"
)


def hours(sentence: Passage) -> Iterator[Claim]:
    """Each time and each day by itself: who stated "Mon-Fri 8am-5pm" stated Tuesday, 8 and 5."""
    text = sentence.text
    is_open = sentence.by_owner or _OPEN.search(text) is not None
    if not is_open and not _COME.search(text):
        return
    said = [
        Claim("opening hours", match[0].strip(), f"clock {int(hour) % 12}:{minute or '00'}")
        for pattern in _CLOCKS
        for match in pattern.finditer(text)
        for hour, minute in zip(match.groups()[::2], match.groups()[1::2], strict=True)
        if hour
    ]
    if is_open:
        said += [Claim("opening hours", day, f"open {day}") for day in _days(text)]
        said = said or [Claim("opening hours", match[0].strip(), f"open {match[0]}") for match in _OPEN.finditer(text)]
    yield from said


def _days(text: str) -> list[str]:
    """The days that a text names, one by one, as a week has them."""
    days = {match[1][:3] for match in _ONE_DAY.finditer(_DAY_RANGE.sub(" ", text))}
    for match in _DAY_RANGE.finditer(text):
        first, last = (_DAYS.index(day[:3]) for day in match.groups())
        days.update(_DAYS[at % 7] for at in range(first, (last if last >= first else last + 7) + 1))
    days.update(*(span for word, span in _SPANS.items() if word in text))
    return [day for day in _DAYS if day in days]
