"""Ways to reach somebody: phone numbers, links, mail addresses, accounts, street addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.gates.claims.claim import Claim, Passage
from models.gates.reading import plain, with_digits

# A US number with any signs between its groups, an international one with its plus, or a local one.
_SIGN = r"(?:[^\w,;$%]|_){0,3}"
_PHONE = re.compile(
    rf"(?<![\d.,$#/-])(?:\+?1{_SIGN})?\(?\d{{3}}\)?{_SIGN}\d{{3}}{_SIGN}\d{{4}}(?![\d])"
    rf"|\+\d(?:{_SIGN}\(?\d\)?){{7,14}}(?!\d)"
    r"|(?<![\d.,$#/-])\d{3}[.\-·_*]\d{4}(?![\d.,-]?\d)"
    r"|(?:\btel:|\bwa\.me/)\S*\d"
    r"|\btext\s+(?:\w+\s+)?to\s+\d{5,6}\b"
)
_DIGIT = re.compile(r"\d")
_SPACED = re.compile(r"(?<![\d$])\d{1,4}(?:(?:[\s.\-/·•*_]{1,3}|,\s|\)\s?)\(?\d{1,4}){4,10}(?![\d%])")
_LENGTHS = (7, 10, 11)
_VANITY = re.compile(
    r"\b1[-. ]8(?:00|33|44|55|66|77|88)[-. ][a-z][a-z\d-]{2,}"
    r"|\b(?:call|dial|text|phone)\s+(?:us\s+)?(?:at\s+)?8(?:00|33|44|55|66|77|88)[-. ][a-z][a-z\d-]{2,}"
)
_VANITY_CAPITALS = re.compile(r"\b(?:\d{3}[-. ])?\d{3}-[A-Z]{4,7}\b")
_REPEATED = re.compile(r"\b(double|triple) (\w+)\b")
_BETWEEN = re.compile(r"(?<=\d),? (?:and then|then|dash|hyphen) (?=\d)")
_LETTER_DIGITS = re.compile(r"(?<![a-z\d])(?=[oli|]*\d)[\doli|]{3,}(?![a-z\d])")

_TLD = (
    "com|net|org|info|biz|edu|gov|co|io|ai|app|dev|shop|store|online|site|website|web|tv|ly|xyz|pro|club|live|page|link"
    "|services|plumbing|construction|repair|salon|restaurant|pizza|cafe|dental|roofing|care|company|solutions|menu|gle"
)
_DOT = r"(?:\s*[(\[{<]\s*(?:dot|\.)\s*[)\]}>]\s*|\s+dot\s+|\s\.\s?|\.)"
_LABEL = r"[a-z\d](?:[a-z\d-]*[a-z\d])?"
_HOST = rf"{_LABEL}(?:\.{_LABEL})*{_DOT}(?:{_TLD})\b"
_MAIL = re.compile(
    rf"[\w.+-]+\s?(?:@|[(\[]\s?at\s?[)\]])\s?{_HOST}|[\w.+-]+ at {_LABEL}(?:\s+dot\s+|\s*\(dot\)\s*)(?:{_TLD})\b"
)
_LINK = re.compile(
    rf"(?:https?\s?:\s?/\s?/\s?|www{_DOT})[^\s\"'<>()]+(?:{_DOT}(?:{_TLD})\b)?\S*|(?<![@\w.-]){_HOST}(?:/[^\s\"'<>()]*)?"
    rf"|(?<![@\w.-]){_LABEL}\.(?:us|me|it|be|to|gl|uk|ca)/\S+"
)
# What every one of them has, found sooner.
_IN_MAIL = re.compile(r"@|\bat\b")
_IN_LINK = re.compile(rf"https?\s?:|www|{_DOT}(?:{_TLD})\b|\.(?:us|me|it|be|to|gl|uk|ca)/")
_ACCOUNT = re.compile(r"(?<![\w.@])@\s?[a-z\d_][a-z\d_.]{2,}")

_KIND_OF_STREET = (
    "street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|parkway|pkwy|highway|hwy|terrace|circle"
    "|trail|loop|square|plaza|way|place|pike|turnpike"
)
_NO_NAME = (
    "the|a|an|of|from|to|down|every|your|in|on|per|along|by|and|miles?|mile|minutes?|hours?|years?|days?|feet|foot|ft"
    "|inch|lane|bike|way|or|off|at|more|best|percent|square|times|houses?|blocks?|cars?|steps?|degrees?|it|out"
)
_NUMBERED = re.compile(
    rf"\b\d{{1,5}}[a-z]?\s+(?:[nsew]\.?\s+|north\s+|south\s+|east\s+|west\s+)?"
    rf"((?:(?!(?:{_NO_NAME})\b)(?:(?:st|dr|mt|ft|[a-z])\.|[a-z\d][a-z\d']*)\s+){{1,3}})(?:{_KIND_OF_STREET})\b(?!')"
)
_STREET = re.compile(
    rf"\b(?:on|at|off|along|corner of)\s+((?:[A-Z\d][\w']*\.?\s+){{1,3}}(?i:{_KIND_OF_STREET})\b)"
    r"|\b[Cc]orner of ((?:[A-Z\d]\w*)(?: (?:St|Street))? (?:and|&) [A-Z\d]\w*)"
)
_PLACE = re.compile(
    r"\b(?:suite|unit|ste\.?|apt\.?)\s+#?\d+\b|\bp\.? ?o\.? box \d+|\bexit \d+\b"
    r"|\b(?:find us|visit us|come (?:see|by)|we(?:'re| are)(?: located)?|located"
    r"|our (?:shop|store|office|salon|door|studio))\b.{0,20}\b(?:across from|next (?:door )?to|right behind|opposite)\b"
)
_ZIP = re.compile(r"\b[A-Z]{2},? \d{5}(?:-\d{4})?\b")


def phone_numbers(text: str) -> list[str]:
    """What reads as a phone number in a text, also in words or with letters for digits.

    Prices, dates and years are none.
    """
    read = with_digits(_REPEATED.sub(lambda m: " ".join([m[2]] * (2 if m[1] == "double" else 3)), plain(text)))
    read = _LETTER_DIGITS.sub(lambda word: word[0].translate(str.maketrans("oli|", "0111")), _BETWEEN.sub(" ", read))
    if not _DIGIT.search(read):
        return []
    spaced = [match[0] for match in _SPACED.finditer(read) if len(re.sub(r"\D", "", match[0])) in _LENGTHS]
    usual = [match[0] for pattern in (_PHONE, _VANITY) for match in pattern.finditer(read)]
    return [*usual, *spaced, *(match[0] for match in _VANITY_CAPITALS.finditer(text))]


def contacts(whole: Passage) -> Iterator[Claim]:
    """In a whole text: a number may run over the end of a sentence."""
    for said in phone_numbers(whole.cased):
        digits = re.sub(r"\D", "", said).removeprefix("1") or said
        yield Claim("phone number", said, f"phone {digits}", (f"phone {digits[-7:]}",))
    text = plain(whole.cased)  # a link may hold the word for a number
    if _IN_MAIL.search(text):
        for match in _MAIL.finditer(text):
            yield Claim("mail address", match[0], f"mail {_bare(match[0])}")
        text = _MAIL.sub(" ", text)
    if _IN_LINK.search(text):
        for match in _LINK.finditer(text):
            address = _bare(match[0])
            yield Claim("link", match[0], f"link {address}", (f"link {address.partition('/')[0]}",))
        text = _LINK.sub(" ", text)
    for match in _ACCOUNT.finditer(text):
        yield Claim("account name", match[0], f"account {_bare(match[0])}")
    yield from _addresses(whole)


def _addresses(whole: Passage) -> Iterator[Claim]:
    for match in _NUMBERED.finditer(whole.text):
        yield _address(match[0])
    for match in _STREET.finditer(whole.cased):
        name = match[1] or match[2]
        if not re.match(r"(?:The|Our|Your|Main|Wall|Sesame|Easy)\b", name) or re.search(r"\d", name):
            yield _address(name)
    for match in (*_PLACE.finditer(whole.text), *_ZIP.finditer(whole.cased)):
        yield _address(match[0])


def _address(said: str) -> Claim:
    return Claim("street address", said, f"address {street(said)}")


def street(text: str) -> str:
    """An address as two are compared: words only, the kinds of streets in short."""
    words = re.findall(r"[a-z\d]+", plain(text))
    short = {"street": "st", "avenue": "ave", "road": "rd", "boulevard": "blvd", "lane": "ln", "drive": "dr"}
    return " ".join(short.get(word, word) for word in words)


def _bare(address: str) -> str:
    """A link or mail address without scheme, www, spelled-out dots and what stands around it."""
    bare = re.sub(r"\s*[(\[{<]\s*(?:dot|\.)\s*[)\]}>]\s*|\s+dot\s+", ".", address)
    bare = re.sub(r"\s*[(\[]\s*at\s*[)\]]\s*|\s+at\s+", "@", bare)
    bare = re.sub(r"\s+", "", bare)
    return re.sub(r"^(?:https?:/+)?(?:www\.)?", "", bare).rstrip("/.,!?;:")
