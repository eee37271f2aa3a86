"""`postagent doctor`: each part of the set-up looked at, and for what is wrong the line that mends it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from models.settings import Settings, settings
from ops.commands.doctor_data import database, keys
from ops.commands.doctor_mails import mails
from ops.commands.doctor_media import media
from ops.commands.doctor_services import credentials, running_parts
from ops.errors import expected
from ops.finding import Finding, Level, note, ok, wrong

FREE_WRONG = 200 * 2**20
FREE_NOTE = 2 * 2**30
_SIGNS = {Level.OK: "[green]ok[/green]   ", Level.NOTE: "[yellow]note[/yellow] ", Level.WRONG: "[red]wrong[/red]"}


def examine() -> list[Finding]:
    """Look at everything; one broken part does not keep the others from being looked at."""
    try:
        config = settings()
    except Exception as error:
        message = expected(error)
        if message is None:
            raise
        return [wrong(message, "correct the setting; docs/settings.md lists them all")]
    found = [ok(f"settings read, HOME is {home_of(config)}")]
    parts: list[Callable[[Settings], list[Finding]]] = [disk, database, keys, credentials, media, mails]
    for part in parts:
        found += _guarded(part, config)
    return found + asyncio.run(running_parts(config))


def _guarded(part: Callable[[Settings], list[Finding]], config: Settings) -> list[Finding]:
    try:
        return part(config)
    except Exception as error:
        message = expected(error)
        if message is None:
            raise
        return [wrong(message, "see the line before the colon; the other findings may follow from it")]


def home_of(config: Settings) -> Path:
    """HOME as an absolute path."""
    return config.home.expanduser().resolve()


def disk(config: Settings) -> list[Finding]:
    """Room where HOME is."""
    place = home_of(config)
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    told = f"{free / 2**30:.1f} GiB free where HOME is ({place})"
    mend = "free some room, or set POSTAGENT_HOME to a folder on another disk"
    if free < FREE_WRONG:
        return [wrong(told, mend)]
    return [note(told, mend) if free < FREE_NOTE else ok(told)]


def tell(findings: list[Finding]) -> None:
    """Print them, each with its mend."""
    console = Console()
    for finding in findings:
        console.print(f"{_SIGNS[finding.level]}  {escape(finding.what)}", soft_wrap=True, highlight=False)
        if finding.mend and finding.level is not Level.OK:
            console.print(f"         -> {escape(finding.mend)}", soft_wrap=True, highlight=False)
    bad = sum(finding.wrong for finding in findings)
    console.print("Nothing is wrong." if not bad else f"{bad} to mend.")
