"""Texts with a verdict that a person gave them, one TOML file a gate, beside this.

A file has `[context]` (fields of GateContext), then `[[good]]` and `[[bad]]` entries: `text`, and where they differ
`platform` (default facebook), `hashtags`, `context` (fields over those of the file), `why` (for the reader).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from models.gates import Draft, Gate, GateContext

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Labelled:
    """A draft with the verdict that it must get."""

    draft: Draft
    context: GateContext
    is_good: bool

    def __str__(self) -> str:
        """Names a test."""
        return f"{'good' if self.is_good else 'bad'}: {' '.join(self.draft.text.split())[:70]}"


@dataclass(frozen=True, slots=True)
class Score:
    """How a gate did on its set. A positive is a refusal."""

    refused_bad: int
    passed_bad: int
    refused_good: int
    passed_good: int

    @property
    def precision(self) -> float:
        """Of what was refused, how much had to be."""
        refused = self.refused_bad + self.refused_good
        return self.refused_bad / refused if refused else 1.0

    @property
    def recall(self) -> float:
        """Of what had to be refused, how much was."""
        bad = self.refused_bad + self.passed_bad
        return self.refused_bad / bad if bad else 1.0


@cache
def labelled(gate: str) -> list[Labelled]:
    """The set of a gate, by its name."""
    file = tomllib.loads((FOLDER / f"{gate}.toml").read_text("utf-8"))
    common = file.get("context", {})
    return [_entry(entry, common, is_good=kind == "good") for kind in ("good", "bad") for entry in file[kind]]


def _entry(entry: Mapping[str, Any], common: Mapping[str, Any], *, is_good: bool) -> Labelled:
    draft = Draft(
        platform=entry.get("platform", "facebook"), text=entry["text"], hashtags=tuple(entry.get("hashtags", ()))
    )
    context = {**common, **entry.get("context", {})}
    frozen: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in context.items()
    }
    return Labelled(draft=draft, context=GateContext(**frozen), is_good=is_good)


def passes_as_labelled(gate: Gate, entry: Labelled) -> None:
    """Fail, with the whole text, where the gate judges an entry in another way."""
    verdict = gate(entry.draft, entry.context)
    assert verdict.ok is entry.is_good, f"{entry.draft.text}\n{verdict.reason or 'passed, though labelled bad'}"
    assert bool(verdict.reason) is not verdict.ok


INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u180e\ufe0f\u2063\u3164"


@st.composite
def with_invisible(draw: st.DrawFn, gate: str) -> Labelled:
    """Bad entries of a gate with characters in the text that nobody sees."""
    entry = draw(st.sampled_from([entry for entry in labelled(gate) if not entry.is_good]))
    text = entry.draft.text
    for sign in draw(st.lists(st.sampled_from(INVISIBLE), min_size=1, max_size=5)):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + sign + text[at:]
    return replace(entry, draft=replace(entry.draft, text=text))


def score(gate: Gate, entries: list[Labelled]) -> Score:
    """Run a gate over a set."""
    verdicts = [(entry.is_good, gate(entry.draft, entry.context).ok) for entry in entries]
    return Score(
        refused_bad=verdicts.count((False, False)),
        passed_bad=verdicts.count((False, True)),
        refused_good=verdicts.count((True, False)),
        passed_good=verdicts.count((True, True)),
    )
