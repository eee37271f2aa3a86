"""`postagent keys rotate`: seal everything with the first key, while everything runs. docs/keys.md tells the steps."""

from __future__ import annotations

import sys
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from models.crypto import KeyRing
from models.database import Role, check, connect, database_url
from models.key_rotation import Rotation, key_uses, rotate
from models.settings import settings
from ops.commands.migrate import check_migrated
from ops.key_findings import key_findings


def rotate_keys() -> tuple[bool, list[str]]:
    """Whether the first key is now the only one that is needed, and what to print.

    Raises DatabaseError, CryptoError, or OpsError when the database lacks migrations.
    """
    ring = KeyRing.from_settings(settings())
    url = database_url(start=False)
    check(url)
    check_migrated(url)
    with connect(Role.OWNER, url, autocommit=True) as connection, _bar() as bar:
        to_do = sum(use.total for use in key_uses(connection) if use.key_id in ring.key_ids[1:])
        task = bar.add_task("sealed again", total=to_do)
        began = time.monotonic()
        done = rotate(connection, ring, advance=lambda values: bar.advance(task, values))
        seconds = time.monotonic() - began
    findings = key_findings(done.uses, ring)
    is_over = not done.damage.total and all(use.key_id == ring.key_ids[0] for use in done.uses)
    return is_over, [*_told(done, ring, seconds), *(finding.line for finding in findings)]


def _bar() -> Progress:
    """On standard error, and only for a person."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )


def _told(done: Rotation, ring: KeyRing, seconds: float) -> list[str]:
    told = [f"{done.resealed} values sealed again with {ring.key_ids[0]!r} in {seconds:.1f} s"]
    told += done.damage.told
    if (more := done.damage.total - len(done.damage.told)) > 0:
        told.append(f"{more} more do not open either")
    return told
