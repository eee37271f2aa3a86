"""What writing cost, added up per plan."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from models.ai_costs import by_plan, money, told

BUDGET = Decimal(1)


def row(plan: str, cost: str, *, posts: int = 9, reserved: str = "0", business: str = "Rossi") -> dict[str, Any]:
    return {
        "user_id": UUID(int=7), "plan": plan, "business": business, "posts": posts, "fell_back": 1, "calls": 2,
        "input_tokens": 1000, "cached_tokens": 500, "output_tokens": 100, "cost": Decimal(cost),
        "reserved": Decimal(reserved),
    }  # fmt: skip


def test_plans_are_added_up_with_what_an_owner_and_a_post_cost() -> None:
    pro, starter = by_plan([row("pro", "0.3"), row("starter", "0.05", posts=5), row("pro", "0.1", posts=11)], BUDGET)
    assert (pro.plan, pro.owners, pro.posts, pro.fell_back, pro.calls) == ("pro", 2, 20, 2, 4)
    assert (pro.cost, pro.per_owner, pro.per_post) == (Decimal("0.4"), Decimal("0.2"), Decimal("0.02"))
    assert (starter.plan, starter.per_post) == ("starter", Decimal("0.01"))


def test_an_owner_without_posts_divides_nothing_by_zero() -> None:
    assert by_plan([row("pro", "0.3", posts=0)], BUDGET)[0].per_post == 0


@pytest.mark.parametrize(
    ("cost", "reserved", "near"), [("0.89", "0", 0), ("0.9", "0", 1), ("0.5", "0.4", 1), ("1.2", "0", 1)]
)
def test_what_is_reserved_counts_towards_the_cap(cost: str, reserved: str, near: int) -> None:
    assert by_plan([row("pro", cost, reserved=reserved)], BUDGET)[0].near_the_cap == near


def test_the_table_names_plans_first_and_then_the_dearest_owners() -> None:
    rows = [row("pro", "0.3", business="Dear"), row("pro", "0.2", business=""), row("starter", "0.1")]
    lines = told(rows, BUDGET, owners=2)
    assert [line["who"] for line in lines] == ["plan pro", "plan starter", "Dear (pro)", f"{UUID(int=7)} (pro)"]
    assert (lines[0]["cost"], lines[0]["per owner"]) == ("$0.50", "$0.25")
    assert all(line.keys() == lines[0].keys() for line in lines)


@pytest.mark.parametrize(
    ("dollars", "text"),
    [("0", "$0.00"), ("12.346", "$12.35"), ("1234.5", "$1,234.50"), ("0.1", "$0.10"), ("0.0012", "$0.0012"),
     ("0.00000049", "$0.00"), ("0.05", "$0.05")],
)  # fmt: skip
def test_money_is_told_in_as_many_digits_as_say_something(dollars: str, text: str) -> None:
    assert money(Decimal(dollars)) == text
