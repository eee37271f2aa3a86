"""Gates: no post enters the queue past one of them.

Each gate is a pure function of a draft and what is known about its owner, in a module of its own; `run_gates` asks all
of them.
A new gate is one module and one line in `GATES`.
"""

from __future__ import annotations

from collections.abc import Callable

from models.gates.avoid_keywords import avoid_keywords
from models.gates.draft import Draft, GateContext, Verdict
from models.gates.grounding import grounding
from models.gates.invented_testimonial import invented_testimonial
from models.gates.leftovers import leftovers
from models.gates.near_duplicate import near_duplicate
from models.gates.platform_limits import LIMITS, PlatformLimits, needs_picture, platform_limits
from models.gates.unsafe import unsafe
from models.gates.wrong_place_or_trade import wrong_place_or_trade

Gate = Callable[[Draft, GateContext], Verdict]

GATES: tuple[Gate, ...] = (
    platform_limits,
    near_duplicate,  # early: it costs little, and of a bank of ready posts it refuses most
    leftovers,
    avoid_keywords,
    grounding,
    invented_testimonial,
    wrong_place_or_trade,
    unsafe,
)


def run_gates(draft: Draft, context: GateContext) -> list[Verdict]:
    """What every gate says about a draft, in order; it may pass when all are ok."""
    return [gate(draft, context) for gate in GATES]


def objection(draft: Draft, context: GateContext) -> Verdict | None:
    """The first verdict that refuses the draft, or None when it may pass."""
    return next((verdict for gate in GATES if not (verdict := gate(draft, context)).ok), None)


__all__ = [
    "GATES",
    "LIMITS",
    "Draft",
    "Gate",
    "GateContext",
    "PlatformLimits",
    "Verdict",
    "needs_picture",
    "objection",
    "run_gates",
]
