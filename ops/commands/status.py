"""`postagent status`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from models.ai_costs import told
from models.crypto import CryptoError, KeyRing
from models.database import Role, check, connect, database_url, session
from models.key_rotation import key_uses
from models.queries import query
from models.settings import settings
from models.token_schedule import RULES
from ops.deployments import deployments
from ops.errors import OpsError
from ops.finding import Finding, wrong
from ops.health import Job, Pause, Status, judge, told_age
from ops.key_findings import key_findings

OVERDUE_SECONDS = 60
LONGEST_RUN = timedelta(minutes=15)
DEAREST = 3  # owners that a person is told of by name; --json tells all


def read() -> Status:
    """Ask the database. Raises DatabaseError or OpsError when it cannot be used."""
    url = database_url(start=False)
    check(url)
    with session(Role.OWNER) as db:
        connection = db.connection()
        if connection.exec_driver_sql("SELECT to_regclass('public.job_runs')").scalar() is None:
            raise OpsError("The database has no tables of ours: run `postagent migrate` first")
        margins = {kind: rule.ahead / 2 for kind, rule in RULES.items()}
        return Status(
            queue=_row(connection, "queue_health", {"overdue": OVERDUE_SECONDS}),
            lateness=_row(connection, "lateness", {}),
            tokens=_row(connection, "token_health", {"kinds": list(margins), "margins": list(margins.values())}),
            pauses=[Pause(**row) for row in connection.exec_driver_sql(query("pauses")).mappings()],
            keys=_keys(url),
            jobs=_jobs(connection),
            costs=[dict(row) for row in connection.exec_driver_sql(query("ai_costs")).mappings()],
            budget_usd=settings().ai_monthly_budget_usd,
        )


def _keys(url: str) -> list[Finding]:
    try:
        ring = KeyRing.from_settings(settings())
    except CryptoError as error:
        return [wrong(str(error), "no stored token can be used until then")]
    with connect(Role.OWNER, url, autocommit=True) as connection:
        return key_findings(key_uses(connection), ring)


def _row(connection: Connection, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    return dict(connection.exec_driver_sql(query(name), parameters).mappings().one())


def _jobs(connection: Connection) -> list[Job]:
    rows = {row["job"]: dict(row) for row in connection.exec_driver_sql(query("job_health")).mappings()}
    house_age = max((row["first_age"] for row in rows.values()), default=None)
    window = timedelta(seconds=settings().publish_window_seconds)
    return [
        judge(
            deployment,
            rows.get(deployment.name),
            house_age=house_age,
            longest=window if deployment.name == "publish-due-posts" else LONGEST_RUN,
        )
        for deployment in deployments()
    ]


def tell(status: Status) -> None:
    """Print it for a person."""
    console = Console()
    queue = Table("posts", "", title="Posts", title_justify="left", show_header=False)
    for name, value in status.queue.items():
        red = name == "overdue" and value
        queue.add_row(name.replace("_", " "), f"[red]{value}[/red]" if red else str(value))
    late = status.lateness
    if late["posts"]:
        queue.add_row(
            "lateness, last 24 h", f"p50 {late['p50']:.2f} s, p99 {late['p99']:.2f} s ({late['posts']} posts)"
        )
    else:
        queue.add_row("lateness, last 24 h", "nothing was published")
    console.print(queue)
    tokens = ", ".join(f"{count} {name}" for name, count in status.tokens.items())
    console.print(f"Accounts by token: {tokens}")
    for finding in status.keys:
        console.print(finding.line, soft_wrap=True)
    for pause in status.pauses:
        console.print(f"Paused by {pause}", soft_wrap=True)
    costs = told(status.costs, status.budget_usd, owners=DEAREST)
    if costs:
        writing = Table(*costs[0], title="Writing this month (UTC)", title_justify="left")
        for line in costs:
            writing.add_row(*map(str, line.values()))
        console.print(writing)
    jobs = Table("deployment", "last success", "verdict", "last result", title="Deployments", title_justify="left")
    for job in status.jobs:
        age = "never" if job.success_age is None else f"{told_age(job.success_age)} ago"
        verdict = job.verdict if job.well else f"[red]{job.verdict}[/red]"
        jobs.add_row(job.name, age, verdict, job.last_result or "")
    console.print(jobs)
    for trouble in status.troubles:
        console.print(f"[red]Needs a person:[/red] {trouble}", soft_wrap=True)
    if not status.needs_a_person:
        console.print("Nothing needs a person.")
