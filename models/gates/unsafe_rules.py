"""What unsafe.toml says, ready to be looked for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from models.gates.patterns import filled

Pattern = re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Act:
    """Something dangerous: what is done, what else its sentence and its text must hold, and what makes it harmless."""

    what: str
    do: Pattern
    objects: tuple[Pattern, ...]
    about: Pattern | None
    unless: Pattern | None


@dataclass(frozen=True, slots=True)
class Rules:
    """All of it. Coarse words and promises with what they are; cues by name; who does dangerous work for others.

    `any_act` finds something in every sentence that may tell of one of the acts.
    """

    coarse: tuple[tuple[str, Pattern], ...]
    acts: tuple[Act, ...]
    any_act: Pattern
    promises: tuple[tuple[str, Pattern], ...]
    cues: Mapping[str, Pattern]
    professionals: str


@cache
def rules() -> Rules:
    """The rules, read once."""
    data = tomllib.loads(files("models.gates").joinpath("unsafe.toml").read_text(encoding="utf-8"))
    words = {name: meaning.replace("\n", "") for name, meaning in data["words"].items()}

    def whole_words(patterns: Iterable[str]) -> Pattern:
        return re.compile(rf"(?<!\w)(?:{filled(list(patterns), words)})(?!\w)")

    return Rules(
        coarse=tuple((entry["what"], whole_words(entry["patterns"])) for entry in data["coarse"]),
        acts=tuple(
            Act(
                what=entry["what"],
                do=whole_words([*(form for verb in entry["do"] for form in forms(verb)), *entry.get("also", ())]),
                objects=tuple(whole_words([pattern]) for pattern in entry["with"]),
                about=whole_words([entry["about"]]) if "about" in entry else None,
                unless=whole_words([entry["unless"]]) if "unless" in entry else None,
            )
            for entry in data["acts"]
        ),
        any_act=whole_words(entry["with"][0] for entry in data["acts"]),
        promises=tuple((entry["what"], whole_words(entry["patterns"])) for entry in data["promises"]),
        cues={name: whole_words(patterns) for name, patterns in data["cues"].items()},
        professionals=words["professionals"],
    )


def forms(verb: str) -> list[str]:
    """How an act is told to somebody: "trim", "trimming" and "trimmed", "take off" and "taking off"."""
    first, *rest = verb.split(" ")
    stem = first[:-1] if first.endswith("e") and not first.endswith("ee") else first
    if re.fullmatch(r"[^aeiou]*[aeiou][^aeiouwxy]", first):
        stem = first + first[-1]
    return [" ".join((form, *rest)) for form in (first, f"{stem}ing", f"{stem}ed")]
