"""What writing cost this month, told per plan and per owner; pure rules on the rows of the query ai_costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

NEARLY = Decimal("0.9")  # of the budget: from here on an owner is near the cap


@dataclass(slots=True, kw_only=True)
class PlanCosts:
    """The owners of one plan together. Money in US dollars."""

    plan: str
    owners: int = 0
    posts: int = 0
    fell_back: int = 0
    calls: int = 0
    cost: Decimal = Decimal(0)
    near_the_cap: int = 0

    @property
    def per_owner(self) -> Decimal:
        """What one owner cost on average."""
        return self.cost / self.owners if self.owners else Decimal(0)

    @property
    def per_post(self) -> Decimal:
        """What one post cost on average, evergreen ones included."""
        return self.cost / self.posts if self.posts else Decimal(0)


def by_plan(rows: Iterable[Mapping[str, Any]], budget_usd: Decimal) -> list[PlanCosts]:
    """The plans by name; `budget_usd` caps each owner's month."""
    plans: dict[str, PlanCosts] = {}
    for row in rows:
        costs = plans.setdefault(row["plan"], PlanCosts(plan=row["plan"]))
        costs.owners += 1
        costs.posts += row["posts"]
        costs.fell_back += row["fell_back"]
        costs.calls += row["calls"]
        costs.cost += row["cost"]
        costs.near_the_cap += row["cost"] + row["reserved"] >= NEARLY * budget_usd
    return [plans[name] for name in sorted(plans)]


def told(rows: Sequence[Mapping[str, Any]], budget_usd: Decimal, *, owners: int) -> list[dict[str, Any]]:
    """A table: a line for each plan, then the dearest owners (`rows` begin with them)."""
    lines = [
        {
            "who": f"plan {costs.plan}",
            "owners": costs.owners,
            "posts": costs.posts,
            "from the bank": costs.fell_back,
            "calls": costs.calls,
            "cost": money(costs.cost),
            "per owner": money(costs.per_owner),
            "per post": money(costs.per_post),
            "near the cap": costs.near_the_cap,
        }
        for costs in by_plan(rows, budget_usd)
    ]
    for row in rows[:owners]:
        alone = by_plan([row], budget_usd)[0]
        lines.append(
            {
                "who": f"{row['business'] or row['user_id']} ({row['plan']})",
                "owners": 1,
                "posts": row["posts"],
                "from the bank": row["fell_back"],
                "calls": row["calls"],
                "cost": money(row["cost"]),
                "per owner": money(row["cost"]),
                "per post": money(alone.per_post),
                "near the cap": alone.near_the_cap,
            }
        )
    return lines


def money(dollars: Decimal) -> str:
    """$12.34 from ten cents on, else with as many digits as say something: $0.0012."""
    if dollars >= Decimal("0.1") or dollars < Decimal("0.000001"):
        return f"${dollars:,.2f}"
    return f"${dollars:.6f}".rstrip("0")
