"""Gets the database ready in a process of its own, so that what it loads does not stay in `up`'s memory.

`python -m ops.stack.prepare [--demo]` starts the embedded PostgreSQL where none is configured, makes the encryption
key, migrates, loads the prompt templates and, asked to, the demo data. Each finished step is one line of JSON on
standard output; an error that a person can mend is the last line, `{"error": ...}`, with exit code 1.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from models.crypto import key_ring
from models.database import Role, connect, database_url, give_logins, session
from models.key_file import load_or_create
from models.key_rotation import key_uses
from models.migrations import migrate
from models.settings import settings
from ops.errors import expected
from ops.finding import Level
from ops.key_findings import key_findings
from ops.stack.environment import STACK_MARK


def tell(step: str, **facts: Any) -> None:
    """One finished step."""
    print(json.dumps({"step": step, **facts}), flush=True)


def prepare(*, demo: bool) -> None:
    """All steps in order. Each is safe to repeat."""
    config = settings()
    if config.encryption_keys is None:
        load_or_create(config.home)
    key_ring()  # a malformed key is told here, before anything is written
    url = database_url(config)
    tell("database", url=url if config.database_url is None else None)
    report = migrate(url)
    give_logins(url, config)
    from models.content_templates import load_templates

    with session(Role.OWNER) as db:
        load_templates(db)
    tell("migrated", applied=len(report.applied), adopted=len(report.adopted))
    with connect(Role.OWNER, url, autocommit=True) as connection:
        findings = key_findings(key_uses(connection), key_ring())
    tell("keys", said=[finding.line for finding in findings if finding.level is not Level.OK])
    if demo:
        from ops.demo.seed import seed_demo

        made = asyncio.run(seed_demo())
        tell("seeded", owners=made)


def main(arguments: list[str]) -> int:
    """Exit code 0, or 1 with the error told."""
    # PostgreSQL outlives us on purpose; it must not be taken for a child that a killed `up` left behind.
    os.environ.pop(STACK_MARK, None)
    try:
        prepare(demo="--demo" in arguments)
    except Exception as error:
        message = expected(error)
        if message is None:
            raise
        print(json.dumps({"error": message}), flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
