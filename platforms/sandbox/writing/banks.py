"""The sentences: one TOML file a trade, and frames.toml for what stands around them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "banks"
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
MARKED = re.compile(r"([pctsaw]{1,6}):(?=\S)")
MONTHS = re.compile(r"\[(\d+)-(\d+)\] ")
SEASONS = {12: "winter", 1: "winter", 2: "winter", 3: "spring", 4: "spring", 5: "spring",
           6: "summer", 7: "summer", 8: "summer", 9: "autumn", 10: "autumn", 11: "autumn"}  # fmt: skip
SECTIONS = ("tip", "fun_fact", "promotion", "spring", "summer", "autumn", "winter")


@dataclass(frozen=True, slots=True)
class Unit:
    """One or more sentences that belong together, and what a picture beside them should show."""

    text: str
    picture: str = ""
    marks: str = ""
    months: tuple[int, int] = (1, 12)  # first and last month in which it makes sense; may run over New Year

    def suits(self, month: int) -> bool:
        """Whether it makes sense in this month."""
        first, last = self.months
        return first <= month <= last if first <= last else month >= first or month <= last


@dataclass(frozen=True, slots=True)
class Bank:
    """What one trade has to say."""

    name: str
    types: str  # regular expression, empty = never found by type
    kind: str  # trade, shop, appointment
    job: str
    services: tuple[str, ...]
    hashtags: tuple[str, ...]
    questions: tuple[Unit, ...]
    sections: dict[str, tuple[Unit, ...]]


@dataclass(frozen=True, slots=True)
class Frames:
    """Sentences of no trade: openers by theme, leads by month, closers by platform, and the rest by name."""

    openers: dict[str, tuple[Unit, ...]]
    leads: dict[str, tuple[Unit, ...]]
    closers: dict[str, tuple[Unit, ...]]
    handover: dict[str, tuple[Unit, ...]]
    question_leads: tuple[str, ...]
    offers: dict[str, tuple[Unit, ...]]
    testimonial: dict[str, tuple[Unit, ...]]


@lru_cache(maxsize=30_000)
def sentences(text: str) -> tuple[str, ...]:
    """Split a text at line breaks and at the ends of sentences."""
    return tuple(part for line in text.split("\n") for part in SENTENCE_END.split(line.strip()) if part)


def _unit(line: str) -> Unit:
    months = MONTHS.match(line)
    line = line[months.end() :] if months else line
    marks = MARKED.match(line)
    text, _, picture = (line[marks.end() :] if marks else line).partition(" | ")
    window = (int(months[1]), int(months[2])) if months else (1, 12)
    return Unit(text.strip(), picture.strip(), marks[1] if marks else "", window)


def _units(lines: Sequence[str]) -> tuple[Unit, ...]:
    return tuple(_unit(line) for line in lines)


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def all_banks() -> tuple[Bank, ...]:
    """Every trade's bank, the one for all other trades last."""
    found = []
    for path in sorted(FOLDER.glob("*.toml")):
        if path.stem == "frames":
            continue
        data = _read(path)
        found.append(
            Bank(
                name=path.stem, types="|".join(data["types"]), kind=data["kind"], job=data["job"],
                services=tuple(data["services"]), hashtags=tuple(data["hashtags"]), questions=_units(data["questions"]),
                sections={section: _units(data[section]) for section in SECTIONS},
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda bank: (bank.types == "", bank.name)))


def bank_for(business_type: str) -> Bank:
    """The bank of a business type such as "plumber" or "Auto repair shop"."""
    kind = business_type.replace("_", " ").lower()
    for bank in all_banks():
        if bank.types and re.search(rf"\b(?:{bank.types})", kind):
            return bank
    return all_banks()[-1]


@lru_cache(maxsize=1)
def frames() -> Frames:
    """The sentences of no trade."""
    data = _read(FOLDER / "frames.toml")
    return Frames(
        openers={theme: _units(lines) for theme, lines in data["openers"].items()},
        leads={month: _units(lines) for month, lines in data["leads"].items()},
        closers={platform: _units(lines) for platform, lines in data["closers"].items()},
        handover={kind: _units(lines) for kind, lines in data["handover"].items()},
        question_leads=tuple(data["question_leads"]["facebook"]),
        offers={place: _units(lines) for place, lines in data["offers"].items()},
        testimonial={place: _units(lines) for place, lines in data["testimonial"].items()},
    )
