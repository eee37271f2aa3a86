"""Writes a business's week: for each slot a post that fits theme, platform, season, town and voice.

Nothing is invented about the business, words to avoid are avoided, and no sentence comes twice: not in one week, not
from `recent_posts`, and as long as the bank lasts not from what this writer wrote before, for the business or for
others of its trade in its town.
"""

from __future__ import annotations

import json
import random
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from platforms.sandbox.writing.banks import SEASONS, Bank, Frames, Unit, bank_for, frames, sentences

CASUAL = re.compile(r"casual|friendly|warm|fun|playful|relaxed|cheer|humor", re.IGNORECASE)
ANSWERS = 300  # requests whose answer is kept, so that the same one gets the same answer
MEMORY = 1_200  # sentences remembered per business, about six weeks at three posts a day


@lru_cache(maxsize=30_000)
def plain(sentence: str) -> str:
    """A sentence as two are compared: words only, lower case."""
    return " ".join(re.findall(r"[a-z0-9]+", sentence.lower()))


@dataclass(slots=True)
class _Business:
    """What the request says about whom we write for."""

    key: str
    place: str  # its trade and town
    name: str
    city: str
    website: str
    voice: str  # "c" or "p"
    bank: Bank
    avoid: re.Pattern[str] | None


@dataclass(slots=True)
class _Piece:
    """A chosen text with its places filled in."""

    text: str
    picture: str = ""
    words: tuple[str, ...] = ()  # its sentences as two are compared
    timely: bool = True  # it makes sense in the month of the post


@dataclass(slots=True)
class Writer:
    """Remembers what it wrote for whom, so that a demo does not repeat itself from week to week."""

    _memory: dict[str, deque[str]] = field(default_factory=dict)
    _nearby: dict[str, deque[str]] = field(default_factory=dict)  # the same per trade and town
    _answers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _written: set[str] = field(default_factory=set)  # whole texts, so that no two businesses post the same one

    def write(self, request: dict[str, Any], poor: str | None = None) -> list[dict[str, Any]]:
        """The posts for a request of our product's writer; `poor` makes the first one misbehave (faults.poor_text)."""
        asked = json.dumps(request, sort_keys=True)
        if poor is None and asked in self._answers:  # asked again, told again
            return [dict(post) for post in self._answers[asked]]
        week = _Week(request, self._memory, self._nearby, self._written)
        posts = [week.post(slot) for slot in request.get("slots", []) if isinstance(slot, dict)]
        if poor is None:
            self._answers[asked] = [dict(post) for post in posts]
            if len(self._answers) > ANSWERS:
                del self._answers[next(iter(self._answers))]
        elif posts:
            posts[0]["text"] = _spoilt(posts[0]["text"], poor, request)
        return posts


class _Week:
    """One request: what is used up in it, and how a post is put together."""

    def __init__(
        self,
        request: dict[str, Any],
        memory: dict[str, deque[str]],
        nearby: dict[str, deque[str]],
        written: set[str],
    ) -> None:
        self._written = written
        self._business = _business_of(request)
        self._frames: Frames = frames()
        self._slots = [slot for slot in request.get("slots", []) if isinstance(slot, dict)]
        self._rejected = {
            str(item.get("slot")): str(item.get("text", ""))
            for item in request.get("rejected") or []
            if isinstance(item, dict)
        }
        seen = [*(request.get("recent_posts") or []), *self._rejected.values()]
        self._recent = {plain(part) for text in seen for sentence in sentences(str(text)) for part in _apart(sentence)}
        self._used: set[str] = set()
        self._remembered = memory.setdefault(self._business.key, deque(maxlen=MEMORY))
        self._told_nearby = nearby.setdefault(self._business.place, deque(maxlen=MEMORY))
        self._nearby = set(self._told_nearby)
        self._age = {word: at for at, word in enumerate(self._remembered)}  # when a sentence was last used

    def post(self, slot: dict[str, Any]) -> dict[str, Any]:
        """A post for one slot."""
        platform, theme = str(slot.get("platform", "facebook")), str(slot.get("theme", "tip"))
        day = _day_of(slot)
        dice = random.Random(
            f"{self._business.key} {slot.get('slot')} {day} {self._rejected.get(str(slot.get('slot')))}"
        )
        limit = int(slot.get("max_characters") or 1_500)
        for _ in range(3):
            opener, core, closer = (
                self._quoted(slot["review"], day) if slot.get("review") else self._parts(platform, theme, day, dice)
            )
            text = _laid_out(platform, opener, core, closer, limit)
            if text not in self._written:
                break
        self._written.add(text)
        return {
            "slot": slot.get("slot", ""),
            "text": text,
            "hashtags": self._hashtags(dice) if platform == "instagram" else [],
            "picture_query": core.picture or f"{self._business.bank.job} detail",
        }

    def _quoted(self, review: dict[str, str], day: date) -> tuple[str, _Piece, str]:
        """A customer's words as they are, and thanks for them."""
        author = review.get("author")
        words = (f"{author} wrote: " if author else "") + f"\u201c{review['text']}\u201d"
        closer = self._optional("testimonial closer", self._frames.testimonial["closers"], day)
        return "", _Piece(words, "handwritten note table"), closer

    def _parts(self, platform: str, theme: str, day: date, dice: random.Random) -> tuple[str, _Piece, str]:
        if theme == "testimonial":
            texts = self._frames.testimonial
            first = self._optional("testimonial opener", texts["openers"], day) if dice.random() < 0.5 else ""
            last = self._optional("testimonial closer", texts["closers"], day)
            return first, self._pick("testimonial", texts["text"], day), last
        sections, closers = self._business.bank.sections, self._frames.closers
        opener, handover = "", ""
        wants_opener = dice.random() < (0.6 if platform == "instagram" else 0.42)
        if theme == "seasonal":
            season = SEASONS[day.month]
            core = self._fresh(season, sections[season], day)
            if core is None:  # the season has no more to say: something else, led into by the month
                core = self._spare("tip", day)
                wants_opener = core is not None
            core = core or self._pick(season, sections[season], day)
            if wants_opener:
                opener = self._now_and_then(f"lead {day.month}", self._frames.leads[str(day.month)], day)
        elif theme == "promotion":
            core = self._fresh("promotion", sections["promotion"], day) or self._offer(day)
            if core is None and (core := self._spare("tip", day)) is not None:
                kind = self._business.bank.kind
                handover = self._optional(f"handover {kind}", self._frames.handover[kind], day)
            core = core or self._pick("promotion", sections["promotion"], day)
        else:
            first = "fun_fact" if theme == "fun_fact" else "tip"
            core = self._spare(first, day) or self._pick(first, sections[first], day)
        if not opener and wants_opener and theme in self._frames.openers:
            opener = self._now_and_then(f"opener {theme}", self._frames.openers[theme], day)
        if handover:
            return opener, _Piece(f"{core.text} {handover}", core.picture), ""
        if platform == "facebook" and theme != "promotion" and dice.random() < 0.45:
            question = self._optional("question", self._business.bank.questions, day)
            if question:
                return opener, core, self._led(question, dice)
        own = f"{platform}_{theme}"  # a platform's closers for a theme go before its general ones
        name = own if own in closers else platform
        closer = self._optional(f"closer {name}", closers.get(name, closers["google"]), day)
        return opener, core, closer if dice.random() < 0.92 else ""

    def _now_and_then(self, section: str, units: Sequence[Unit], day: date) -> str:
        """A sentence that a post can do without: only while there are fresh ones."""
        found = self._fresh(section, units, day, shared=True)
        return found.text if found else ""

    def _spare(self, first: str, day: date) -> _Piece | None:
        """Something fresh to know: a tip or a fact of the trade, then of business in general."""
        own, general = self._business.bank.sections, bank_for("").sections
        second = "tip" if first == "fun_fact" else "fun_fact"
        found = self._fresh(first, own[first], day) or self._fresh(second, own[second], day)
        found = found or self._fresh("general fun_fact", general["fun_fact"], day)
        if found is None and self._business.bank.kind == "trade":
            found = self._fresh("general tip", general["tip"], day)
        return found

    def _offer(self, day: date) -> _Piece | None:
        """A promotion put together from one of the trade's services."""
        firsts = [
            Unit(first.text.replace("{service}", service).replace("{Service}", service[0].upper() + service[1:]),
                 service, first.marks)
            for number, service in enumerate(self._business.bank.services)
            for first in self._frames.offers["first"][number::3]
        ]  # fmt: skip
        offer = self._fresh("offer", firsts, day)
        if offer is None:
            return None
        second = self._optional("offer second", self._frames.offers["second"], day)
        return _Piece(f"{offer.text} {second}".strip(), offer.picture)

    def _led(self, question: str, dice: random.Random) -> str:
        leads = [lead for lead in self._frames.question_leads if plain(lead) not in self._used]
        if not leads or dice.random() < 0.3:
            return question
        lead = dice.choice(leads)
        self._used.add(plain(lead))
        return lead + (question if lead.endswith(": ") else question[0].lower() + question[1:])

    def _fresh(self, section: str, units: Sequence[Unit], day: date, *, shared: bool = False) -> _Piece | None:
        """A unit that this business never had, as far as we remember and were told; if not `shared`, no neighbour."""
        nearby = frozenset[str]() if shared else self._nearby
        told = (self._used, self._recent, self._age, nearby)
        return self._take(
            piece for piece in self._round(section, units, day)
            if piece.timely and not any(word in words for word in piece.words for words in told)
        )  # fmt: skip

    def _pick(self, section: str, units: Sequence[Unit], day: date) -> _Piece:
        """A unit, at worst the one that lies back furthest; only words to avoid are never let through."""
        found = self._fresh(section, units, day)
        if found is None:
            rest = sorted(self._round(section, units, day), key=self._staleness)
            found = self._take(iter(rest))
        return found or _Piece(f"Greetings from {self._business.name}." if self._business.name else "Hello.")

    def _optional(self, section: str, units: Sequence[Unit], day: date) -> str:
        """The text of a unit that this request has not used yet; empty when there is none."""
        found = self._fresh(section, units, day, shared=True)
        if found is None:
            rest = [piece for piece in self._round(section, units, day) if not self._used.intersection(piece.words)]
            found = self._take(iter(sorted(rest, key=self._staleness)))
        return found.text if found else ""

    def _staleness(self, piece: _Piece) -> tuple[bool, bool, bool, bool, int]:
        """Sorts what was used longest ago first."""
        latest = max((self._age.get(word, -1) for word in piece.words), default=-1)
        used, recent = not self._used.isdisjoint(piece.words), not self._recent.isdisjoint(piece.words)
        return used, recent, not piece.timely, not self._nearby.isdisjoint(piece.words), latest

    def _round(self, section: str, units: Sequence[Unit], day: date) -> Iterator[_Piece]:
        """The units that fit the business, in its own order, beginning a little further every week."""
        order = list(range(len(units)))
        random.Random(f"{self._business.key} {section}").shuffle(order)
        start = day.toordinal() // 7 * 5
        for step in range(len(order)):
            unit = units[order[(start + step) % len(order)]]
            if (text := self._filled(unit)) is not None:
                words = tuple(plain(sentence) for sentence in sentences(text))
                yield _Piece(text, unit.picture, words, unit.suits(day.month))

    def _take(self, pieces: Iterator[_Piece]) -> _Piece | None:
        """The first of them, noted as used."""
        piece = next(pieces, None)
        if piece is not None:
            self._used.update(piece.words)
            self._remembered.extend(piece.words)
            self._told_nearby.extend(piece.words)
        return piece

    def _filled(self, unit: Unit) -> str | None:
        """The unit's text for this business, or None when it does not fit it."""
        business = self._business
        voices = {mark for mark in unit.marks if mark in "pc"}
        kinds = {mark for mark in unit.marks if mark in "tsa"}
        if (voices and business.voice not in voices) or (kinds and business.bank.kind[0] not in kinds):
            return None
        if "{name}" in unit.text and not business.name:
            return None
        if ("w" in unit.marks and not business.website) or ("{city}" in unit.text and not business.city):
            return None
        text = (
            unit.text.replace("{city}", business.city)
            .replace("{job}", business.bank.job)
            .replace("{name}", business.name)
        )
        return None if business.avoid is not None and business.avoid.search(text) else text

    def _hashtags(self, dice: random.Random) -> list[str]:
        avoid = self._business.avoid
        tags = [tag for tag in self._business.bank.hashtags if avoid is None or not avoid.search(_spaced(tag))]
        chosen = dice.sample(tags, min(len(tags), dice.randint(2, 4)))
        town = re.sub(r"[^A-Za-z0-9]", "", self._business.city.title())
        if town:
            chosen.insert(dice.randint(1, len(chosen)) if chosen else 0, town)
        return chosen[:5] if len(chosen) >= 3 else [*chosen, "ShopLocal"][:5]


def _business_of(request: dict[str, Any]) -> _Business:
    told = request.get("business") if isinstance(request.get("business"), dict) else {}
    told = {name: str(value or "") for name, value in (told or {}).items()}
    bank = bank_for(told.get("type", ""))
    return _Business(
        key=f"{told.get('name', '')}|{told.get('city', '')}|{told.get('type', '')}".lower(),
        place=f"{told.get('city', '')}|{bank.name}".lower(),
        name=told.get("name", ""), city=told.get("city", "").strip(), website=told.get("website", ""),
        voice="c" if CASUAL.search(told.get("brand_voice", "")) else "p", bank=bank,
        avoid=_avoided(request.get("avoid_keywords") or []),
    )  # fmt: skip


def _avoided(keywords: Iterable[Any]) -> re.Pattern[str] | None:
    """Finds the words to avoid and their plain inflections ("cheap" also "cheaper", "cheaply")."""
    parts = [re.escape(str(word).strip()) for word in keywords if str(word).strip()]
    return re.compile(rf"\b(?:{'|'.join(parts)})\w{{0,3}}\b", re.IGNORECASE) if parts else None


def _spaced(tag: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", tag)


def _day_of(slot: dict[str, Any]) -> date:
    try:
        return date.fromisoformat(str(slot.get("date", ""))[:10])
    except ValueError:
        found = re.search(r"\d{4}-\d{2}-\d{2}", str(slot.get("slot", "")))
        return date.fromisoformat(found[0]) if found else date(2026, 1, 1)


def _laid_out(platform: str, opener: str, core: _Piece, closer: str, limit: int) -> str:
    """Put the parts together as people do on that platform; what does not fit falls away, the core last."""
    for parts in ((opener, core.text, closer), ("", core.text, closer), ("", core.text, ""), ("", _first(core), "")):
        text = _joined(platform, *parts)
        if len(text) <= limit:
            return text
    return text[: max(1, limit - 1)].rstrip() + "…"


def _apart(sentence: str) -> list[str]:
    """A sentence as it stands, and without what leads into it up to a colon."""
    return [sentence, sentence.partition(": ")[2]] if ": " in sentence else [sentence]


def _first(core: _Piece) -> str:
    return sentences(core.text)[0]


def _joined(platform: str, opener: str, core: str, closer: str) -> str:
    if platform == "instagram":
        lines = list(sentences(core))
        head = [opener] if opener else [lines.pop(0)]
        blocks = ["\n".join(head), "\n".join(lines), closer]
        return "\n\n".join(block for block in blocks if block)
    if opener and opener[-1] in "?:" and opener[-1] in sentences(core)[0]:
        opener = ""  # a question before a question, a colon before a colon
    first = f"{opener} {core}" if opener else core
    if not closer:
        return first
    apart = platform == "facebook" or not closer.endswith((".", "?", "!"))  # a signature stands on its own line
    return f"{first}\n\n{closer}" if apart else f"{first} {closer}"


def _spoilt(text: str, how: str, request: dict[str, Any]) -> str:
    """A text as a bad day of a language model has it, for trying out gates."""
    recent = request.get("recent_posts") or [text]
    return {
        "phone": f"{text} Call us at (512) 555-0147 today!",
        "price": f"{text} Now only $49, that is 30% off until Friday.",
        "chatter": f"Sure! Here is your post:\n\n{text}",
        "placeholder": f"{text} Contact [Business Name] in {{city}}.",
        "long": " ".join([text] * 40),
        "echo": str(recent[0]),
        "claim": f"{text} Licensed, insured and voted the #1 choice since 1987, with a lifetime guarantee.",
    }.get(how, f"{text} {how}")
