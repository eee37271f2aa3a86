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
    """What is known when a text is judged: what owner and operator have set, what the owner stated, what was posted."""

    avoid_keywords: tuple[str, ...] = ()
    hashtag_cap: int = 5
    business_name: str = ""
    business_type: str = ""  # the owner's word for the trade
    city: str = ""
    state: str = ""  # two letters
    website: str = ""
    stated: tuple[str, ...] = ()  # the owner's own sentences: description, facts; what stands there may be said
    theme: str = ""
    reviews: tuple[str, ...] = ()  # real ones, given by the owner, word for word
    own_texts: tuple[str, ...] = ()  # this business's posts of 90 days, newest first
    neighbours_texts: tuple[str, ...] = ()  # of other tenants in the same trade and town


@dataclass(frozen=True, slots=True)
class Verdict:
    """One gate's answer. `reason` is empty when ok, else it says what to change, to the writer and to people."""

    gate: str
    ok: bool
    reason: str = ""
