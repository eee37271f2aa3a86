"""`postagent migrate`."""

from __future__ import annotations

from models import migrations
from models.content_templates import load_templates
from models.database import Role, database_url, describe, give_logins, session
from models.settings import settings
from ops.errors import OpsError


def migrate() -> str:
    """Apply what is missing and load the templates; returns the line to print. Raises DatabaseError."""
    url = database_url()
    report = migrations.migrate(url)
    give_logins(url, settings())
    with session(Role.OWNER) as db:
        load_templates(db)
    done = [f"{len(report.applied)} applied"] if report.applied else []
    done += [f"{len(report.adopted)} adopted"] if report.adopted else []
    return f"{describe(url)} is up to date: {', '.join(done) or 'nothing to do'}"


def check_migrated(url: str) -> None:
    """Raise OpsError where migrations are missing: other commands do not work on such a database."""
    if missing := migrations.pending(url):
        raise OpsError(
            f"The database lacks {len(missing)} migrations ({missing[0]}, ...): run `postagent migrate` first"
        )
