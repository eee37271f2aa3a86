"""Work that another trade does, and national names, in an owner's text. What belongs to whom is in trade_work.toml.

Another trade may be spoken of; it is offered only where a text says we, our, call or book. An owner's trade is what
their business type, name and statements say; of an owner without any we know nothing, so all work may be theirs.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from models.gates.draft import GateContext
from models.gates.patterns import filled
from models.gates.reading import plain, sentences


@dataclass(frozen=True, slots=True)
class _Trade:
    name: str
    owners: re.Pattern[str]
    work: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class _Trades:
    trades: tuple[_Trade, ...]
    allround: re.Pattern[str]
    allround_may: frozenset[str]
    brands: Mapping[str, tuple[tuple[str, ...], ...]]  # by their first word
    brand_after: re.Pattern[str]
    offered: re.Pattern[str]
    not_offered: re.Pattern[str]


def foreign_work(text: str, context: GateContext) -> str:
    """The first work of another trade that a legible text offers; "" when there is none."""
    foreign = _foreign(context.business_type, context.business_name, context.stated)
    if not foreign:
        return ""
    for sentence in _with_answers(sentences(text.casefold())):
        if _trades().offered.search(sentence):
            for trade in foreign:
                found = trade.work.search(sentence)
                if found is not None and not _trades().not_offered.search(sentence[: found.start()]):
                    return found[0]
    return ""


def _with_answers(found: list[str]) -> list[str]:
    """Sentences; a question has its answer with it: "A slow drain? We clear it."."""
    return [
        f"{one} {found[at + 1]}" if one.endswith("?") and at + 1 < len(found) else one for at, one in enumerate(found)
    ]


@lru_cache(maxsize=256)
def _foreign(business_type: str, name: str, stated: tuple[str, ...]) -> tuple[_Trade, ...]:
    """The trades that are not this owner's."""
    if not business_type.strip():
        return ()
    said = plain(" ".join((business_type.replace("_", " "), name, *stated)))
    is_allround = _trades().allround.search(said) is not None
    return tuple(
        trade
        for trade in _trades().trades
        if not trade.owners.search(said) and not (is_allround and trade.name in _trades().allround_may)
    )


def foreign_brand(text: str, context: GateContext) -> str:
    """The first national name in a legible text that the owner did not state; "" when there is none."""
    found = _trades().brand_after.search(text)
    names = [*([found[1]] if found else []), *_brands_in(text.casefold())]
    said = _joined(" ".join((context.business_name, *context.stated, *context.reviews))) if names else ""
    return next((name for name in names if _joined(name) not in said), "")


def _joined(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", plain(text))


def _brands_in(text: str) -> list[str]:
    words = [(word, word.removesuffix("'s")) for word in re.findall(r"[a-z0-9]+(?:'[a-z]+)?", text)]
    found: list[str] = []
    for at in range(len(words)):
        for first in dict.fromkeys(words[at]):
            for name in _trades().brands.get(first, ()):
                rest = words[at + 1 : at + len(name)]
                if len(rest) == len(name) - 1 and all(w in forms for w, forms in zip(name[1:], rest, strict=True)):
                    found.append(" ".join(name))
    return found


@cache
def _trades() -> _Trades:
    data = tomllib.loads(files("models.gates").joinpath("trade_work.toml").read_text(encoding="utf-8"))
    brands: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for name in data["brands"]["always"]:
        words = tuple(re.findall(r"[a-z0-9]+(?:'[a-z]+)?", name))
        bare = tuple(word.replace("'", "") for word in words)
        for spelling in {words, bare, *([("".join(bare),)] if len("".join(bare)) >= 8 else [])}:
            brands[spelling[0]].add(spelling)
    after = "|".join(map(re.escape, data["brands"]["after"]))
    offered, not_offered = (filled(data["cues"][name], {}) for name in ("offered", "not_offered"))
    return _Trades(
        trades=tuple(
            _Trade(name, _owners(entry["owners"]), re.compile(rf"(?<!\w)(?:{'|'.join(entry['work'])})(?!\w)"))
            for name, entry in data["trades"].items()
        ),
        allround=_owners(data["allround"]["owners"]),
        allround_may=frozenset(data["allround"]["may"]),
        offered=re.compile(rf"\b(?:{offered})\b"),
        not_offered=re.compile(rf"\b(?:{not_offered})\b"),
        brands={first: tuple(sorted(names)) for first, names in brands.items()},
        brand_after=re.compile(
            rf"\b(?:at|to|from|than|like|unlike|with|by|on|of|beats?|run to) ({after})(?:'s)?(?![\w'])"
        ),
    )


def _owners(beginnings: list[str]) -> re.Pattern[str]:
    ends = [re.escape(word).replace(r"\$", r"(?!\w)") for word in beginnings]
    return re.compile(rf"(?<!\w)(?:{'|'.join(ends)})")
