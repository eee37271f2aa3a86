"""What a gate is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A text on its way to the queue. `hashtags` stand beside the text, without their sign; Instagram only."""

    platform: str
    text: str
    hashtags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateContext:
    """What the owner and the operator have set."""

    avoid_keywords: tuple[str, ...] = ()
    hashtag_cap: int = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """One gate's answer. `reason` is empty when ok, else it says what to change, to the writer and to people."""

    gate: str
    ok: bool
    reason: str = ""
