"""How the house is doing, judged by the age of work done and not by whether a process is up. No I/O; pure rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from models.ai_costs import told
from ops.deployments import Deployment
from ops.finding import Finding

GRACE = timedelta(minutes=2)  # a cold start on a busy machine, and one missed poll


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """When a deployment last did its work. Ages in seconds; `verdict` says whether that is right, in words."""

    name: str
    success_age: float | None
    running_age: float | None
    verdict: str
    well: bool
    last_result: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A platform wants no calls for so many seconds more: from our whole application (`accounts` None) or for some."""

    platform: str
    accounts: int | None
    seconds: float

    def __str__(self) -> str:
        who = "our whole application" if self.accounts is None else f"{self.accounts} accounts"
        return f"{self.platform}: {who}, for {told_age(self.seconds)} more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """All that `postagent status` tells."""

    queue: Mapping[str, int]
    lateness: Mapping[str, float | int | None]
    tokens: Mapping[str, int]
    pauses: Sequence[Pause]
    keys: Sequence[Finding]
    jobs: Sequence[Job]
    costs: Sequence[Mapping[str, Any]] = ()  # this month's, owner by owner, the dearest first
    budget_usd: Decimal = Decimal(0)  # what one owner's month may cost

    @property
    def troubles(self) -> list[str]:
        """What needs a person, one line each."""
        found: list[str] = []
        if self.queue["overdue"]:
            found.append(f"{self.queue['overdue']} posts are overdue: see whether a worker runs (`postagent doctor`)")
        if self.tokens["expiring"]:
            found.append(
                f"{self.tokens['expiring']} tokens are about to expire unrenewed: see refresh-tokens in Prefect"
            )
        found += [finding.line for finding in self.keys if finding.wrong]
        found += [f"{job.name}: {job.verdict}" for job in self.jobs if not job.well]
        return found

    @property
    def needs_a_person(self) -> bool:
        """Whether something will not mend itself."""
        return bool(self.troubles)

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return {
            "needs_a_person": self.needs_a_person,
            "troubles": self.troubles,
            "queue": dict(self.queue),
            "lateness_seconds": dict(self.lateness),
            "tokens": dict(self.tokens),
            "writing_this_month": told(self.costs, self.budget_usd, owners=len(self.costs)),
            "pauses": [asdict(pause) for pause in self.pauses],
            "keys": [asdict(finding) for finding in self.keys],
            "jobs": [asdict(job) for job in self.jobs],
        }


def judge(deployment: Deployment, row: Mapping[str, Any] | None, *, house_age: float | None, longest: timedelta) -> Job:
    """The verdict on one deployment.

    `row` is its line of the query job_health, `house_age` the seconds since any job first ran (None = none ever did),
    `longest` how long one run may take.
    """
    limit = (deployment.period + longest + GRACE).total_seconds()
    success = row["success_age"] if row else None
    running = row["running_age"] if row else None
    if running is not None and running > (longest + GRACE).total_seconds():
        running = None  # its process died: an end was never written
    if success is not None and success <= limit:
        verdict, well = "as it should be", True
    elif row and row["last_succeeded"] is False:
        verdict, well = f"its last run failed ({row['last_summary']}): see its log in Prefect", False
    elif running is not None:
        verdict, well = "running", True
    elif house_age is None:
        verdict, well = "nothing ever ran here: start a worker (`postagent up`)", False
    elif success is None and house_age <= limit:
        verdict, well = "waits for its first run", True
    else:
        since = "it never succeeded" if success is None else f"its last success is {told_age(success)} old"
        verdict, well = f"{since}, expected every {told_age(deployment.period.total_seconds())}", False
    return Job(
        name=deployment.name,
        success_age=success,
        running_age=running,
        verdict=verdict,
        well=well,
        last_result=row["last_summary"] if row else None,
    )


def told_age(seconds: float) -> str:
    """An age as a person says it: 45 s, 12 min, 3 h, 9 days."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    if seconds < 2 * 86_400:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86_400:.0f} days"
