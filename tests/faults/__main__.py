"""`python -m tests.faults --posts N --seed S --workers W`: prove by faults that every post appears exactly once."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from tests.faults.harness import run
from tests.faults.plan import Plan
from tests.faults.verdict import Verdict


def main() -> int:
    """Exit code 0 when every promise was kept, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--posts", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=None, help="over which they fall due; default: 15 a second")
    parser.add_argument("--facebook-mode", choices=("prepared", "direct"), default="prepared")
    parser.add_argument("--tenants", type=int, default=36)
    parser.add_argument("--rate", type=float, default=1.0, help="how often platforms misbehave; 0 = never")
    parser.add_argument("--life", type=float, default=2.5, help="seconds that a worker lives on average")
    parser.add_argument("--concurrency", type=int, default=20)
    parser.add_argument(
        "--patience", type=float, default=120.0, help="seconds of peace without a post settled, then they are stuck"
    )
    parser.add_argument("--no-kills", dest="kills", action="store_false")
    parser.add_argument("--no-database-trouble", dest="database_trouble", action="store_false")
    parser.add_argument("--blind", action="store_true", help="switch reconciliation off: duplicates must be found")
    given = vars(parser.parse_args())
    if given["seconds"] is None:
        given["seconds"] = max(10.0, given["posts"] / 15)
    plan = Plan(**given)
    verdict = run(plan)
    show(plan, verdict)
    return 0 if verdict.is_clean else 1


def show(plan: Plan, verdict: Verdict) -> None:
    """The table, and the stories of whatever went wrong."""
    print(f"\n{plan}\n")
    table: dict[str, Any] = {**verdict.figures, **verdict.violations}
    width = max(map(len, table))
    for name, value in table.items():
        if isinstance(value, dict):
            print(f"{name:<{width}}")
            for inner, number in sorted(value.items(), key=lambda item: -item[1]):
                print(f"  {inner!s:<{width}}{number:>8}")
        else:
            print(f"{name:<{width}}  {value}")
    for story in verdict.stories:
        print(f"\n{story}")
    if not verdict.is_clean:
        print(f"\nBroken promises; repeat with --seed {plan.seed}")


if __name__ == "__main__":
    sys.exit(main())
