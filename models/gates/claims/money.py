"""Prices, percentages, discounts, what is free. Money is never a general statement about the trade."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from models.gates.claims.claim import Claim, Passage

_AMOUNT = r"\d+(?:,\d{3})*(?:\.\d+)?"
_CURRENCY = r"(?:us ?\$|[$€£¥¢]|\busd\b)"
_WORD_OF_MONEY = (
    r"(?:[$€£¢]|(?:us )?(?:dollars?|bucks?|usd|cents?|euros?)\b"
    r"(?![\s-]*(?:bills?|stores?|coins?|trees?|questions?|weed|spot)\b))"
)
_MANY = r"(?:\s?(k|grand|hundred|thousand|million)\b)?"
_PRICES = (
    re.compile(rf"{_CURRENCY}\s*({_AMOUNT}){_MANY}(?:\s*(?:-|to)\s*(?:{_CURRENCY})?\s*({_AMOUNT}){_MANY})?"),
    re.compile(rf"(?:({_AMOUNT}){_MANY}\s*(?:-|to|and|or)\s*)?({_AMOUNT}){_MANY}[\s-]*{_WORD_OF_MONEY}"),
    re.compile(rf"\b({_AMOUNT})\s*grand\b"),
    re.compile(r"\b(?:for just|for only|only|just|now|from|for|at) (\d+\.\d\d)\b(?! ?(?:inch|mm|cm|miles|percent|%))"),
    re.compile(
        rf"\b(?:start(?:s|ing)? (?:at|from)|as low as|priced at|prices? (?:start )?(?:from|at)|rates? (?:from|at)"
        rf"|costs?(?: you)?(?: only| just)?|we charge(?: only| just)?|for (?:only|just)) ({_AMOUNT})"
        r"(?=\s*(?:$|[.!?,;)]|each|per|an?\b|plus|flat|total|all in|and up|\+|this|for))"
    ),
)
_TWO_CENTS = re.compile(r"\b(?:my|our|your) 2 cents\b")
_VAGUE_SUM = re.compile(
    r"\b(?:(?:tens|hundreds|thousands) of|(?:a )?(?:few|couple(?: of)?)(?: hundred| thousand)?) (?:dollars|bucks)\b"
    r"|\$\$+|\bsaves? (?:you )?(?:hundreds|thousands)\b|\bfor an? (?:dollar|buck)\b|\bpennies on the dollar\b"
)

_PERCENT = re.compile(r"(\d+(?:\.\d+)?)(?:\s*(?:-|to)\s*(\d+(?:\.\d+)?))?[\s-]*(?:%|percent\b|per cent\b|pct\b)")
_OF_THE_BUSINESS = re.compile(
    r"\boff\b|discount|\bsav(?:e|es|ing|ings)\b|financ|\bapr\b|\binterest\b|\bdeposit\b|\bdown\b|cash ?back|rebate"
    r"|satisf|guarant|customers|clients|patients|members|success|happy|recommend|referral|back\b"
)
_TRADES_SHARE = re.compile(r"^\s*(?:of (?:the|all|a|an|most|your)\b|cotton|silk|wool|humidity|alcohol|linen)")

_DISCOUNTS = (
    ("half price", r"\bhalf[\s-]+(?:off|price|priced)\b|\b1/2[\s-]+(?:off|price)\b"),
    ("part off", r"\b(?:a|1|one)[\s-]*(?:/ ?[345]|third|quarter|fifth)[\s-]+off\b|\b\d+% less than (?:anyone|anybody|other)"),
    ("two for one", r"\b(?:2|3)[\s-]*(?:for|4)[\s-]*(?:1|2|the price of)\b|\bbogo\b|\bbuy (?:1|any|2)\b.{0,20}\bget\b"),
    ("discount", r"\bdiscount\w*|\brebates?\b|\bmarked? ?down\b|\bprice (?:cut|drop)s?\b|\breduced (?:price|rate)s?\b"),
    ("coupon", r"\bcoupons?\b|\bvouchers?\b|\bpromo(?:tion)?(?:al)? codes?\b|\buse (?:the )?code\b|\bpunch cards?\b"),
    (
        "special offer",
        r"\b(?:special|limited(?:[\s-]time)?|introductory|intro|exclusive|seasonal|holiday|opening) "
        r"(?:offers?|prices?|pricing|rates?|deals?|savings)\b"
        r"|\b(?:spring|summer|fall|autumn|winter|holiday|monthly|weekly|lunch|today's|customer|client|patient|member|weekend"
        r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday|happy hour) specials?\b(?! (?:needs|care|day|place))"
        r"|\bhappy hour\b|\bearly[\s-]bird\b",
    ),
    (
        "deal",
        r"\b(?:great|best|hot|amazing|sweet|unbeatable|today's|weekly|better|good) deals?\b(?! (?:of|about|more|with|for the))"
        r"|\bdeals (?:on|for|this|all|today|inside|you)\b",
    ),
    (
        "sale",
        r"\b(?:flash|clearance|holiday|summer|spring|fall|winter|friday|monday|big|our|huge|annual|storewide|sidewalk) sale\b"
        r"|\bon sale (?:now|today|this|until|through|at|for|all)\b|\bsale (?:ends|starts|on|price|is on)\b",
    ),
    ("savings", r"\bsave (?:big|money|on|up to|a lot|a bundle|more)\b|\b(?:big|huge|great|extra) savings\b|\bsavings on\b"),
    (
        "price promise",
        r"\b(?:lowest|low|lower|best|fair|unbeatable|affordable|cheap|cheapest|competitive|great|reasonable|honest"
        r"|transparent|up[\s-]?front|flat[\s-]rate|flat|fixed|budget[\s-]friendly) (?:prices?|pricing|rates?|costs?|quotes?|fees?)\b"
        r"|\bflat[\s-]rate\b|\bprice[\s-]match\w*|\bno (?:hidden|extra|surprise|overtime|trip|additional) (?:fees?|costs?|charges?)\b"
        r"|\b(?:won't|will not) (?:cost you|break the bank)\b|\baffordable\b|\bwaive\w*\b.{0,20}\bfees?\b|\bbeat any\b",
    ),
    ("financing", r"\bfinancing\b|\b0 ?(?:%|percent) (?:apr|interest)\b|\bno (?:money|credit|interest)\b|\b0 down\b|\binterest[\s-]free\b"
                  r"|\bpayment plans?\b|\bbuy now,? pay later\b|\bno payments?\b"),
)  # fmt: skip
_DISCOUNT = [(fact, re.compile(pattern)) for fact, pattern in _DISCOUNTS]
_GENERAL_SAVING = re.compile(
    r"\baffordable\b|\bsave (?:money|on|more|a lot)\b|\b(?:low|lower|fair|honest|flat) (?:costs?|rates?|quotes?|fees?)\b"
)

_OFFERS = (
    "estimate|quote|consultation|consult|inspection|delivery|shipping|trial|class|session|lesson|check|checkup|assessment"
    "|evaluation|diagnostic|diagnosis|advice|parking|coffee|wifi|sample|tasting|pickup|installation|measurement|visit|look"
    "|drink|dessert|appetizer|meal|haircut|trim|cleaning|wash|call|haul|removal|tour|pass|gift|refill|second opinion"
)
_SAME_OFFER = {"quote": "estimate", "consult": "consultation", "checkup": "check", "shipping": "delivery"}
_FREE_AND = re.compile(
    rf"\b(?:free|complimentary|no[\s-]cost|no[\s-]charge)[\s,-]+(?:[\w'-]+[\s,]+){{0,3}}?({_OFFERS})s?\b"
)
_OFFER_IS = re.compile(
    rf"\b({_OFFERS})s?\b(?:[\s,]+[\w'-]+){{0,5}}?[\s,]+(?:(?:is|are|comes?|stays?|always|for)[\s,]+)*"
    r"(?:free(?! of (?!charge)| from| to\b| up)|on us|on the house|at no (?:cost|charge)|without charge)\b"
)
_FREE = re.compile(
    r"(?<![\w-])(?:(?<!feel )(?<!set )(?<!break )(?<!gluten )(?<!sugar )(?<!dairy )(?<!nut )(?<!pain )(?<!frost )(?<!ice )"
    r"(?<!stress )(?<!worry )(?<!hassle )(?<!trouble )(?<!streak )(?<!weed )(?<!mess )(?<!dust )(?<!clutter )(?<!smoke )"
    r"(?<!lead )(?<!rust )(?<!pest )(?<!germ )(?<!hands )(?<!run )(?<!move )(?<!cage )(?<!odor )(?<!slip )"
    r"free(?!dom)(?![\s-]*(?:up|time|times|of (?!charge)|from|to|hand|hands|afternoons?|evenings?|weekends?|days?"
    r"|mornings?|hours?|minutes?|moments?|saturdays?|sundays?|stand\w*|range|flow\w*|edge|space|spots?|weights?|throws?"
    r"|spirits?|chlorine|fall\w*|kick|will|air|ride|form|radicals?|water)\b)(?![\w'])"
    r"|complimentary|free of charge|(?:is|are|it's|that's|drinks?|coffee|dessert|1|round|,) on (?:the house|us\b)|at no (?:extra |additional )?(?:cost|charge)|without (?:any )?(?:cost|charge)"
    r"|no[\s-](?:cost|charge)\b|costs? (?:you )?(?:nothing|\$0)|\b0 (?:dollars|cost)|kids eat|don't pay|won't pay|pay nothing)"
)
_KIND_WORD = re.compile(r"\b(?:kind word|smile|kindness|sunlight|sunshine|fresh air|compliment)s?\b")
_BAD_FREE = re.compile(r"\b(?:toll|fee|cost|tax|charge|rent)[\s-]free\b")


def money(sentence: Passage) -> Iterator[Claim]:
    """Prices and discounts of any kind, percentages of the business, free offers."""
    text = _TWO_CENTS.sub("our view", sentence.text)
    yield from _prices(text)
    yield from _percentages(sentence, text)
    for fact, pattern in _DISCOUNT:
        for match in pattern.finditer(text):
            if sentence.ours or not _GENERAL_SAVING.fullmatch(match[0]):
                yield Claim("price or discount", match[0], f"money {fact}")
    yield from _free(text)


def _prices(text: str) -> Iterator[Claim]:
    seen: set[str] = set()
    for pattern in _PRICES:
        for match in pattern.finditer(text):
            groups = match.groups()
            for amount, many in zip(groups[::2], (*groups[1::2], None), strict=False):
                if amount and (fact := f"price {_number(amount, many)}") not in seen:
                    seen.add(fact)
                    yield Claim("price", match[0], fact)
    for match in _VAGUE_SUM.finditer(text):
        yield Claim("price", match[0], f"price {match[0]}")


def _number(amount: str, many: str | None) -> str:
    factor = {"k": 1000, "grand": 1000, "hundred": 100, "thousand": 1000, "million": 1_000_000}.get(many or "", 1)
    return f"{(Decimal(amount.replace(',', '')) * factor).normalize():f}"


def _percentages(sentence: Passage, text: str) -> Iterator[Claim]:
    for match in _PERCENT.finditer(text):
        if sentence.ours or _OF_THE_BUSINESS.search(text) and not _TRADES_SHARE.match(text[match.end() :]):
            for value in filter(None, match.groups()):
                yield Claim("percentage", match[0], f"percent {_number(value, None)}")


def _free(text: str) -> Iterator[Claim]:
    offers = [*_FREE_AND.finditer(text), *_OFFER_IS.finditer(text)]
    for match in offers:
        yield Claim("free offer", match[0], f"free {_SAME_OFFER.get(match[1], match[1])}", ("free",))
    if offers or _KIND_WORD.search(text):
        return
    for match in (*_FREE.finditer(text), *_BAD_FREE.finditer(text)):
        yield Claim(
            "free offer", text[match.start() : match.end() + 15].strip(), f"free {text[match.end() :][:15].strip()}"
        )
