"""Since when, how long, and when: years of the business, its hours, how fast it comes.

Years of a part, a law or an invention are knowledge of the trade and pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.gates.claims.claim import Claim, Passage, found

_YEAR = re.compile(r"(?<![\d$#.,/-])(1[6-9]\d\d|20\d\d)(?!\d|[,.-]\d)")
_DECADE = re.compile(
    r"\b(?:19|20)?\d0'?s\b|\b(?:twenties|thirties|forties|fifties|sixties|seventies|eighties|nineties)\b"
)
_FOUNDED = re.compile(
    r"\b(?:est\b|establ\w+|founded|found in|opened|in business|serving|proudly|trusted|family|doors|started in)"
)
_SINCE = re.compile(r"\b(?:since|from)\b")
_WHOLE = re.compile(
    r"\b(?:has|have|had|is|are|was|were|been|must|banned|allow\w*|require\w*)\b"
)  # a sentence about others
_GREETING = re.compile(r"\b(?:happy|hello|goodbye|welcome|good|great|healthy|wonderful|bright) (?:new year )?$")

_UNIT = r"(?:years?|yrs?|decades?)"
_LONG = re.compile(rf"\b(?:(\d+)|a|several|many|a few|a couple of)\s*\+?[\s-]*({_UNIT})\b(?:'|\s*of)?")
_QUARTER = re.compile(r"\b(?:a )?(quarter|half)[\s-](?:of a )?century\b")
_LOOSE = re.compile(
    r"\b(?:decades|years) of (?:combined |hands[\s-]on |proven )?(?:experience|service|expertise|practice|trust)\b"
)
_EXPERIENCE = re.compile(
    r"^'?\s*(?:of |in |'s )?(?:\w+[\s-]+(?:and )?){0,2}?(?:experience|expertise|know[\s-]how|in (?:the )?(?:business|trade|field|industry|"
    r"plumbing|roofing)|in business|of service|of practice|serving|strong|young|and counting|and running|in a row|anniversary"
    r"|veteran|on the job|behind the chair|at the (?:stove|oven|grill|wheel))\b"
)
_PERFECT = re.compile(
    r"\b(?:we|us|our \w+|i|family|shop|team|business|crew)(?:'ve| have| has)(?:\s+\w+){0,12}?\s+(?:for|over|than|nearly|almost|about|these)?\s*$"
)
_OUR_YEARS = re.compile(
    r"\b(?:with|our|celebrat\w+|after|bring\w*|combined|for)\s+(?:over |more than |nearly |almost |the last |the past )*$"
)
_AGO = re.compile(r"^\s*ago\b")
_BEGAN = re.compile(r"\b(?:opened|started|founded|began|bought|took over|took the|moved|hung|doors)\b")
_GENERATION = re.compile(
    r"\b(?:\d+|\d(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|next|several|many)?[\s-]*generations?\b"
)
_GENERATION_OF = re.compile(r"\b(?:1st|first|2|2nd|second|3|3rd|third|4|4th|fourth|5|fifth|5th)[\s-]+generations?\b")
_ANNIVERSARY = re.compile(r"\b(\d+)(?:st|nd|rd|th) (?:anniversary|birthday|year in)\b")
_SAME_NUMBER = {"first": "1", "second": "2", "third": "3", "fourth": "4", "fifth": "5"}

_ALWAYS = re.compile(
    r"\b24\s?[/x-]\s?7\b|\b24 7\b|\b24/7/365\b|\b(?:a)?round the clock\b|\b24[\s-]?(?:hours?|hrs?|h)\b(?=[\s-]*(?:a day|per day|service|emergenc"
    r"|line|support|availab|respon|hotline|call|help|/))|\b(?:open|available|here|reach us|call us?|answer\w*)\b.{0,20}\b24[\s-]?(?:hours|hrs)\b"
)
_OUR_ALWAYS = re.compile(
    r"\b(?:day (?:or|and) night|night or day|(?:at )?any hour|any time,? day|always (?:open|available|on call|reachable)|on call"
    r"|nights and weekends|(?:even|also) (?:at night|on (?:sundays|holidays|weekends)))\b"
)
_NOT_IN_HOURS = re.compile(
    r"\b(?:after[\s-]hours|(?:evening|weekend|late|saturday|sunday) (?:appointments?|service|visits|hours|calls)|weekends included|holidays included)\b"
)
_SAME_DAY = re.compile(
    r"\b(?:same|next)[\s-]day[\s-]+(?:service|appointments?|repairs?|deliver\w+|response|visits?|install\w*|help|pickup|quotes?|slots?|emergency|turnaround|cleaning|results?)"
)
_OUR_SAME_DAY = re.compile(r"\b(?:same|very same|next)[\s-]day\b(?! (?:that|you|as|after|when))")
_FAST = re.compile(
    r"\b(?:fast|quick|rapid|prompt|immediate|instant)[\s-](?:response|turnaround|arrival|service)\b|\bwithin the hour\b|\bin no time flat\b"
)
_OUR_MINUTES = re.compile(
    r"\b(?:there|arrive|at your door|respond|response|answer|reply|come|call back|back to you|on site|be with you|show up|with you)\b.{0,15}"
    r"\b(?:within|in(?: under| less than)?|under) (?:an?|\d+)[\s-]*(minutes?|hours?|hrs?|mins?)\b|\b(?:an?|\d+)[\s-](minute|hour)s? response\b"
)
_EMERGENCY = re.compile(
    r"\bemergency[\s-]+(?:services?|repairs?|plumb\w+|roof\w+|electric\w+|calls?|response|hours|line|hotline|appointments?|visits?|tarp\w*|crew|team|dent\w+|care|work|jobs?|locksmith|tree|hvac|ac|heating|support|help)\b"
)
_OUR_EMERGENCY = re.compile(
    r"\b(?:handle|answer|respond|take|available|here for|there for|on call|ready for|call us|text us|reach us|message us|count on us)\b.{0,40}\bemergenc(?:y|ies)\b"
    r"|\bemergenc(?:y|ies)\b.{0,25}\b(?:call us|text us|reach us|message us|we(?:'re| are)|we come|call now)\b"
)

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)s?"
_DAY_RANGE = re.compile(rf"\b({_DAY})\.?\s*(?:-|to|thru|through|until)\s*({_DAY})\b")
_ONE_DAY = re.compile(rf"\b({_DAY})\b")
_CLOCK = re.compile(
    r"(?<![\d$.,/])(\d{1,2})(?::(\d\d))?\s*(?:([ap])\.?m\b\.?)?\s*(?:-|to|until|till)\s*(\d{1,2})(?::(\d\d))?(?:\s*([ap])\.?m\b)?(?![\d%$.,:/]*\d)"
    r"|(?<![\d$.,/])(\d{1,2})(?::(\d\d))?\s*([ap])\.?m\b|(?<![\d$.,/:])(\d{1,2}):(\d\d)(?![\d:])|\b(?:until|till|at|from|before|by) (\d{1,2})(?=[.,!?]|$| in the| o'clock| on| every)"
)
_OPEN = re.compile(
    r"^\W*(?:now |still |we're |we are )?open (?:from|until|till|til|daily|every ?day|late|early|7 days|all|today|tonight|tomorrow|on|again|for|mon|tue|wed|thu|fri|sat|sun|weekdays|weekends|\d)"
    r"|\bdoors? (?:are )?open(?:s)? (?:at|from|until|till)|\b(?:opening|business|store|shop|office|our) hours\b|\bhours\s*:|\b(?:we|us|kitchen|bakery|shop|store|office|bar|gym) (?:open|close|closes|opens)\b"
    r"|\b(?:we're|we are|us is|stay|stays|shop is|store is|kitchen is) (?:now |still |also |always )?(?:open|closed)\b|\b7 days a week\b|\bopen (?:7 days|all week|on weekends|weekends|daily|late)\b"
)
_VISIT = re.compile(
    r"\b(?:stop by|come by|come in|come and see|visit us|drop (?:in|by)|swing by|see you|find us|served|join us|we serve|until we|call (?:us )?between|reach us)\b"
)
_MEASURE = re.compile(
    r"\s*(?:inch|feet|ft\b|foot|degrees|°|minutes?|mins?|hours?|days?|weeks?|months?|years?|percent|%|times|cups?|gallons?|miles|people|guests|coats|layers|psi|drops)"
)


def times(sentence: Passage) -> Iterator[Claim]:
    """Years of the business, availability, opening hours."""
    yield from _years(sentence)
    yield from _spans(sentence)
    yield from _availability(sentence)
    yield from _hours(sentence)


def _years(sentence: Passage) -> Iterator[Claim]:
    text = sentence.text
    for pattern in (_YEAR, _DECADE):
        for match in pattern.finditer(text):
            before = text[: match.start()]
            if _GREETING.search(before):
                continue
            begins = _SINCE.search(before[-12:]) is not None and not _WHOLE.search(text)
            if (
                sentence.ours
                or begins
                or _FOUNDED.search(text)
                and not re.search(r"\binvent|\bdiscover|\bcentury", text)
            ):
                yield Claim("year", match[0], f"year {match[0]}")


def _spans(sentence: Passage) -> Iterator[Claim]:
    text = sentence.text
    for match in (*_LONG.finditer(text), *_QUARTER.finditer(text)):
        before, after = text[: match.start()], text[match.end() :]
        if not (
            _EXPERIENCE.match(after)
            or sentence.ours
            and _PERFECT.search(before)
            or sentence.ours
            and match[0].endswith("of")
            and _OUR_YEARS.search(before)
            or _AGO.match(after)
            and _BEGAN.search(text)
            and sentence.ours
        ):
            continue
        yield Claim("number of years", match[0], f"years {_how_many(match)}")
    for match in found(_LOOSE, text):
        if not re.search(r"\d\W*$", text[: match.start()]):
            yield Claim("number of years", match[0], "years many")
    for match in (_GENERATION if sentence.ours else _GENERATION_OF).finditer(text):
        number = re.match(r"\W*(\d+|first|second|third|fourth|fifth)?", match[0])
        which = number[1] if number and number[1] else "many"
        yield Claim("number of years", match[0].strip(), f"generation {_SAME_NUMBER.get(which, which)}")
    for match in _ANNIVERSARY.finditer(text):
        if sentence.ours:
            yield Claim("number of years", match[0], f"years {match[1]}")


def _how_many(match: re.Match[str]) -> str:
    if match[1] in ("quarter", "half"):
        return "25" if match[1] == "quarter" else "50"
    if match[1] is None:
        return "many"
    return str(int(match[1]) * (10 if match[2].startswith("decade") else 1))


def _availability(sentence: Passage) -> Iterator[Claim]:
    text, ours = sentence.text, sentence.ours
    always = [*found(_ALWAYS, text), *(found(_OUR_ALWAYS, text) if ours else ())]
    for match in always:
        yield Claim("availability", match[0], "hours 24/7")
    for match in found(_NOT_IN_HOURS, text):
        yield Claim("availability", match[0], f"hours {match[0].replace('-', ' ')}")
    for match in (*found(_SAME_DAY, text), *(found(_OUR_SAME_DAY, text) if ours else ())):
        yield Claim("availability", match[0], f"hours {'same' if 'same' in match[0] else 'next'} day")
    for match in (*found(_FAST, text), *(found(_OUR_MINUTES, text) if ours else ())):
        yield Claim("availability", match[0], f"hours {match[0]}")
    for match in (*found(_EMERGENCY, text), *(found(_OUR_EMERGENCY, text) if ours else ())):
        yield Claim("availability", match[0], "hours emergency")


def _hours(sentence: Passage) -> Iterator[Claim]:
    text = sentence.text
    opened = _OPEN.search(text)
    if not opened and not _VISIT.search(text):
        return
    clocks = [
        (match, hour, minute)
        for match in _CLOCK.finditer(text)
        if not _MEASURE.match(text[match.end() :])
        for hour, minute in (
            (match[1], match[2]),
            (match[4], match[5]),
            (match[7], match[8]),
            (match[10], match[11]),
            (match[12], None),
        )
        if hour
    ]
    for match, hour, minute in clocks:
        yield Claim("opening hours", match[0].strip(), f"clock {int(hour) % 12}:{minute or '00'}")
    if not opened:
        return
    days = _open_days(text)
    for said, day in days:
        yield Claim("opening hours", said, f"open {day}")
    if not clocks and not days:
        yield Claim("opening hours", opened[0].strip(), f"open {opened[0].strip()}")


def _open_days(text: str) -> list[tuple[str, str]]:
    """The days that a text names, one by one, each with how it said so."""
    found_days: list[tuple[str, str]] = []
    for match in _DAY_RANGE.finditer(text):
        first, last = (_DAYS.index(day[:3]) for day in match.groups())
        found_days += [(match[0], _DAYS[at % 7]) for at in range(first, last + 1 + (7 if last < first else 0))]
    found_days += [(match[0], match[1][:3]) for match in _ONE_DAY.finditer(_DAY_RANGE.sub(" ", text))]
    for word, span in (
        ("weekday", _DAYS[:5]),
        ("weekend", _DAYS[5:]),
        ("daily", _DAYS),
        ("every day", _DAYS),
        ("7 days", _DAYS),
    ):
        if word in text:
            found_days += [(word, day) for day in span]
    return found_days
