"""What `postagent doctor` finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    NOTE = "note"  # works, but somebody should know
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at. `mend` says what to do where something is to be done."""

    level: Level
    what: str
    mend: str = ""

    @property
    def wrong(self) -> bool:
        """Whether a person has to do something."""
        return self.level is Level.WRONG

    @property
    def line(self) -> str:
        """What it is and what to do, in one line."""
        return f"{self.what}: {self.mend}" if self.mend else self.what


def ok(what: str) -> Finding:
    """As it should be."""
    return Finding(level=Level.OK, what=what)


def note(what: str, mend: str = "") -> Finding:
    """Works, but somebody should know."""
    return Finding(level=Level.NOTE, what=what, mend=mend)


def wrong(what: str, mend: str) -> Finding:
    """A person has to do something."""
    return Finding(level=Level.WRONG, what=what, mend=mend)
