"""What a run of the writer tells: one line, a table of businesses, and what writing costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from models.ai_costs import money, told
from platforms.errors import OperatorNeeded
from tasks.batches import Problems, Rows
from tasks.content.batches import BatchWork, read_rows
from tasks.content.collecting import Collected

_DEAREST = 20  # owners that the table of costs names


@dataclass(slots=True)
class GenerationReport:
    """What a run did."""

    businesses: int = 0  # that got at least one post
    made: int = 0
    fell_back: int = 0
    skipped: int = 0
    left: int = 0  # businesses that were not begun
    waiting: int = 0  # posts that a batch writes
    cost_usd: Decimal = Decimal(0)
    calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    rows: Rows = field(default_factory=Rows)
    problems: Problems = field(default_factory=Problems)
    notices: Problems = field(default_factory=Problems)  # worth a word, but nobody has to act

    @property
    def summary(self) -> str:
        """One line."""
        if not (self.made or self.skipped or self.left or self.waiting):
            line = "nothing to write: no slot is waiting for a post"
        else:
            line = f"{counted(self.made, 'post')} for {counted(self.businesses, 'business', 'es')}"
            line += f", {self.fell_back} of them from the evergreen bank" if self.fell_back else ""
            line += f", {counted(self.skipped, 'slot')} skipped" if self.skipped else ""
            line += f", {counted(self.left, 'business', 'es')} left for the next run" if self.left else ""
            line += f", {counted(self.waiting, 'post')} being written by a batch" if self.waiting else ""
        tokens = self.input_tokens + self.output_tokens
        line += f"; {tokens:,} tokens in {counted(self.calls, 'call')} for {money(self.cost_usd)}" if self.calls else ""
        return line + (f"; {self.notices.line}" if self.notices.line else "")


def rows_of(report: GenerationReport) -> list[dict[str, Any]]:
    """The table artifact's rows."""
    return report.rows.told()


def tell_of_batches(report: GenerationReport, collected: Collected, work: BatchWork | None) -> None:
    """What became of the batches that were looked at, and of those that were to be sent."""
    for problem in collected.problems:
        report.problems.add(problem)
    for note in collected.notes:
        report.notices.add(note)
    if collected.under_way:
        report.notices.add(f"batches under way: {collected.under_way}")
    if work is not None and work.problem is not None:
        asked = report.problems if isinstance(work.problem, OperatorNeeded) else report.notices
        asked.add(f"no batch could be sent, so posts were written at full price: {work.problem.message}")


def cost_rows(budget_usd: Decimal) -> list[dict[str, Any]]:
    """The table of this month's costs: per plan, and the dearest owners."""
    return told(read_rows("ai_costs"), budget_usd, owners=_DEAREST)


def counted(number: int, one: str, ending: str = "s") -> str:
    """A number with its noun: "1 post", "1,200 posts"."""
    return f"{number:,} {one}" + ("" if number == 1 else ending)
