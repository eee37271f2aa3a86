"""How well and how fast the gates judge: `make bench`.

Per gate its labelled set (tests/models/gates/labelled): texts, precision (of what was refused, how much had to be),
recall (of what had to be refused, how much was), and the processor time for a draft. Then the whole chain against the
shortest gate alone, and near_duplicate against as many texts as a busy town has. Times are the best of some rounds over
all texts, each read anew: nothing that was kept of a text helps.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from models.gates import GATES, Draft, Gate, GateContext, reading, run_gates
from models.gates.near_duplicate import near_duplicate
from models.gates.platform_limits import platform_limits
from tests.models.gates.labelled import FOLDER, Labelled, labelled, score

ROUNDS = 3
OWN_TEXTS, NEIGHBOURS_TEXTS = 500, 2000


def microseconds(judge: Callable[[Draft, GateContext], object], entries: Iterable[Labelled]) -> float:
    """Time for a draft. The first round is not counted: it reads data files and the context's old posts."""
    drafts = [(entry.draft, entry.context) for entry in entries]
    best = float("inf")
    for number in range(ROUNDS + 1):
        forget()
        begin = time.process_time()
        for draft, context in drafts:
            judge(draft, context)
        if number:
            best = min(best, time.process_time() - begin)
    return best / len(drafts) * 1e6


def forget() -> None:
    """Drop what was kept of texts read before."""
    for kept in vars(reading).values():
        if hasattr(kept, "cache_clear"):
            kept.cache_clear()


def sets() -> dict[Gate, list[Labelled]]:
    return {gate: labelled(gate.__name__) for gate in GATES if (FOLDER / f"{gate.__name__}.toml").exists()}


def crowded(entries: list[Labelled]) -> list[Labelled]:
    """The same drafts in a town where much was posted: made of the words of real posts."""
    dice = random.Random(1)
    words = [word for entry in entries for word in entry.draft.text.split()]
    old = [" ".join(dice.sample(words, dice.randint(15, 60))) for _ in range(OWN_TEXTS + NEIGHBOURS_TEXTS)]
    context = GateContext(own_texts=tuple(old[:OWN_TEXTS]), neighbours_texts=tuple(old[OWN_TEXTS:]))
    return [replace(entry, context=context) for entry in entries]


def main() -> None:
    """Measure and print; fails where a gate judges a labelled text in another way."""
    wrong = 0
    print(f"{'gate':22}{'good':>6}{'bad':>6}{'precision':>11}{'recall':>9}{'µs a draft':>12}")
    for gate, entries in sets().items():
        result = score(gate, entries)
        wrong += result.refused_good + result.passed_bad
        good = sum(entry.is_good for entry in entries)
        print(
            f"{gate.__name__:22}{good:6}{len(entries) - good:6}{result.precision:11.3f}{result.recall:9.3f}"
            f"{microseconds(gate, entries):12.0f}"
        )
    everything = [entry for entries in sets().values() for entry in entries if entry.is_good]
    bare, chain = microseconds(platform_limits, everything), microseconds(run_gates, everything)
    print(
        f"{len(everything)} good texts of all sets: platform_limits alone {bare:.0f} µs, "
        f"all {len(GATES)} gates {chain:.0f} µs"
    )
    busy = crowded(everything)
    begin = time.process_time()
    near_duplicate(busy[0].draft, busy[0].context)
    first = time.process_time() - begin
    print(
        f"near_duplicate against {OWN_TEXTS} own and {NEIGHBOURS_TEXTS} neighbours' texts: first draft of a week "
        f"{first * 1e3:.0f} ms, each further one {microseconds(near_duplicate, busy):.0f} µs"
    )
    if wrong:
        sys.exit(f"{wrong} labelled texts are judged wrongly")


if __name__ == "__main__":
    main()
