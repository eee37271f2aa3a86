"""`postagent users export|erase`: what the Settings page does, for an operator who was asked to."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

from psycopg import sql
from sqlmodel import func, select

from models.base import utc_now
from models.database import Role, connect, session
from models.queries import query
from models.settings import settings
from models.user import User
from ops.errors import OpsError
from tasks.owners import erasing, exporting


def export(email: str, to: Path) -> str:
    """Write the ZIP; returns the line to print. Raises OpsError for an unknown owner and a file that cannot be new."""
    user_id = _user(email)
    try:
        with to.open("xb") as file:
            to.chmod(0o600)
            for piece in exporting.export(settings(), user_id, now=utc_now()):
                file.write(piece)
    except FileExistsError:
        raise OpsError(f"{to} is there already: give another name with --to") from None
    except OSError as error:
        raise OpsError(f"{to} cannot be written ({error.strerror}): give another place with --to") from None
    return f"Wrote {to} ({to.stat().st_size:,} bytes): hand it to {email} and to nobody else"


def would_erase(email: str) -> list[str]:
    """What would go, table by table, and how to do it. Changes nothing. Raises OpsError for an unknown owner."""
    user_id = _user(email)
    lines = []
    with connect(Role.OWNER, autocommit=True) as db:
        for name, column in db.execute(query("owned_tables").encode()).fetchall():
            names = {"table": sql.Identifier(name), "column": sql.Identifier(column)}
            count = sql.SQL("SELECT count(*) FROM {table} WHERE {column} = %s").format(**names)
            row = db.execute(count, (user_id,)).fetchone()
            if row is not None and row[0]:
                lines.append(f"{row[0]:>8,}  {name}")
    how = f"To do it: postagent users erase --email {email} --yes"
    return [f"Nothing was done. Of {email} there would go:", *lines, how]


def erase(email: str) -> str:
    """Delete the owner; returns the line to print. Raises OpsError for an unknown owner, and when a post of theirs is
    still going out: everything else has stopped then."""
    erased = asyncio.run(erasing.erase(settings(), _user(email)))
    if not erased.is_gone:
        raise OpsError(
            f"{email} cannot log in any more and nothing else goes out, but a post is under way: run this again in a "
            "minute, or leave it to housekeeping"
        )
    told = f"Erased {email}; {erased.files} files deleted"
    if erased.files_left:
        told += f", {erased.files_left} left for housekeeping"
    if erased.still_listed:
        where = " and ".join(erased.still_listed)
        told += f". Our access may still be listed at {where}: the owner can remove it there"
    return told


def _user(email: str) -> UUID:
    with session(Role.OWNER) as db:
        found = db.exec(select(User.id).where(func.lower(User.email) == email.strip().lower())).first()
    if found is None:
        raise OpsError(f"There is no user {email}")
    return found
