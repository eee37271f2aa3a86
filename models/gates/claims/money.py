"""Prices and percentages. Money is never a general statement about the trade; a percentage is, where it is no saving.

Discounts without a number are phrases (`phrases.toml`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from models.gates.claims.claim import Claim, Passage

_AMOUNT = r"(\d+(?:,\d{3})*(?:\.\d+)?)(?:\s?(k|grand|hundred|thousand|million)\b)?"
_SIGN = r"(?:us ?\$|[$€£¥¢]|\busd\b)"
_NO_MONEY = r"(?![\s-]*(?:bills?|stores?|coins?|trees?|questions?|weed|spot)\b)"  # a dollar bill is a tool
_WORD = rf"(?:[$€£¢]|(?:us )?(?:dollars?|bucks?|usd|cents?|euros?|grand)\b{_NO_MONEY})"
_LEADS = (
    "starts? at|starts? from|starting at|starting from|as low as|priced at|prices? from|prices? start at|rates? from"
    "|costs?|costs? you|costs? only|costs? just|we charge|we only charge|for only|for just|a flat"
)
_GOES_ON = "each|per|an?|plus|flat|total|all|and|this|for|with|or|but|if|when|in|on|until|only"
_PRICES = (
    re.compile(rf"{_SIGN}\s*{_AMOUNT}(?:\s*(?:-|to)\s*{_SIGN}?\s*{_AMOUNT})?"),
    re.compile(rf"(?:{_AMOUNT}\s*(?:-|to|and|or)\s*)?{_AMOUNT}[\s-]*{_WORD}"),
    re.compile(r"\b(?:only|just|now|from|for|at) (\d+\.\d\d)()\b(?! ?(?:inch|mm|cm|miles|percent|%))"),
    # No currency, so nothing may follow that is counted: "costs 2 screws".
    re.compile(
        rf"\b(?:{_LEADS}) {_AMOUNT}(?! (?:in the (?:morn|after|even)|at night|o'clock))"
        rf"(?![\d:%°]|[.,]\d| ?[ap]\.?m\b|[\s-]*(?!(?:{_GOES_ON})\b)[a-z%°])"
    ),
)
_TWO_CENTS = re.compile(r"\b(?:my|our|your) 2 cents\b")
_IN_MONEY = re.compile(r"\d|dollar|buck|pennies|\$|\bsaves? ")  # what all of them have, found sooner
_VAGUE_SUM = re.compile(
    r"\b(?:(?:tens|hundreds|thousands) of|(?:a )?(?:few|couple(?: of)?)(?: hundred| thousand)?) (?:dollars|bucks)\b"
    r"|\$\$+|\bsaves? (?:you )?(?:hundreds|thousands)\b|\bfor an? (?:dollar|buck)\b|\bpennies on the dollar\b"
)
_FACTORS = {"k": 1000, "grand": 1000, "hundred": 100, "thousand": 1000, "million": 1_000_000}

_PERCENT = re.compile(r"(\d+(?:\.\d+)?)(?:\s*(?:-|to)\s*(\d+(?:\.\d+)?))?[\s-]*(?:%|percent\b|per cent\b|pct\b)")
_OF_THE_BUSINESS = re.compile(
    r"\boff\b|discount|\bsav(?:e|es|ing|ings)\b|financ|\bapr\b|\binterest\b|\bdeposit\b|\bdown\b|cash ?back|rebate"
    r"|satisf|guarant|customers|clients|patients|members|success|happy|recommend|referral|\bback\b"
)
_SHARE_OF = re.compile(r"\s*(?:of (?:the|all|a|an|most|your)\b|cotton|silk|wool|humidity|alcohol|linen)")


def money(sentence: Passage) -> Iterator[Claim]:
    """Every price, also of a range both ends, and the percentages that are the business's or a saving."""
    if not _IN_MONEY.search(sentence.text):
        return
    text = _TWO_CENTS.sub("our view", sentence.text)
    for pattern in _PRICES:
        for match in pattern.finditer(text):
            groups = match.groups()
            for amount, factor in zip(groups[::2], groups[1::2], strict=True):
                if amount:
                    yield Claim("price", match[0], f"price {_number(amount, factor)}")
    for match in _VAGUE_SUM.finditer(text):
        yield Claim("price", match[0], f"price {match[0]}")
    for match in _PERCENT.finditer(text):
        is_share = _SHARE_OF.match(text, match.end()) is not None
        if sentence.ours or (_OF_THE_BUSINESS.search(text) and not is_share):
            for value in filter(None, match.groups()):
                yield Claim("percentage", match[0], f"percent {_number(value, None)}")


def _number(amount: str, factor: str | None) -> str:
    """One way to write an amount: "1,200.00" is 1200."""
    return f"{(Decimal(amount.replace(',', '')) * _FACTORS.get(factor or '', 1)).normalize():f}"
