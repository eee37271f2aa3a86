"""Deleting an owner and everything that is theirs, safely while posts go out and flows run.

    1. stop      one transaction: nobody is logged in, nothing is claimed or written any more
    2. wait      for calls to a platform that are under way: they need the access, and their end must be seen
    3. tidy      what exists unseen on their platforms is deleted, the access is given back, as far as they answer
    4. delete    one transaction, unless a call is under way after all: all rows, by cascade
    5. files     their pictures; what cannot be deleted now goes with the next housekeeping

Whoever dies in between leaves `users.erasing_at`, and housekeeping goes on from there. What is kept, and why, stands in
docs/own-data.md.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg.errors import DeadlockDetected
from sqlalchemy.exc import OperationalError

from models.database import Role, database_url, session
from models.queries import query
from models.settings import Settings
from models.user import email_subject
from platforms.connecting.registry import service_of
from platforms.errors import PlatformError
from tasks.media.storage import Storages
from tasks.owners.disconnecting import Ended, disconnect
from tasks.publishing.preparations import discard
from tasks.quotas.rows import LazyRows
from tasks.wiring import open_platforms

logger = logging.getLogger(__name__)

TIDY_SECONDS = 20.0  # for what exists unseen on the platforms
REVOKE_SECONDS = 15.0  # for one account
ALL_REVOKED_SECONDS = 60.0
FILES_SECONDS = 30.0
GIVE_UP_AFTER = 1_800.0  # whoever began an erasure this long ago died on it
_POLL_SECONDS = 0.2
_DEADLOCKS = 10


@dataclass(slots=True)
class Erased:
    """What became of it."""

    existed: bool = True
    is_gone: bool = False  # False: a call was still under way, housekeeping goes on
    still_listed: list[str] = field(default_factory=list)  # platforms at which our access may still be listed
    files: int = 0
    files_left: int = 0


async def erase(config: Settings, user_id: UUID) -> Erased:
    """Delete a user and all that is theirs. Safe to repeat, and to die in. Raises what the database raises."""
    done = Erased()
    person = {"user_id": user_id}
    email = await asyncio.to_thread(_value, Role.ACCESS, "email_of", **person)
    if not await asyncio.to_thread(_value, Role.ACCESS, "begin_erasing", **person):
        done.existed = False
        return done
    logger.info("user %s is being erased", user_id)
    await _wait_for_calls(config, user_id)
    await _tidy_platforms(config, user_id)
    done.still_listed = await _give_access_back(config, user_id)
    files = await asyncio.to_thread(_rows, Role.WORKER, None, "files_of", **person)
    done.is_gone = await _delete(config, user_id, email_subject(email))
    if done.is_gone:
        done.files, done.files_left = await asyncio.to_thread(_delete_files, config, files)
        logger.info("user %s is erased; %d files deleted, %d left", user_id, done.files, done.files_left)
    return done


async def finish_begun(config: Settings) -> int:
    """Go on with erasures whose beginner died; returns how many users are gone."""
    begun = await asyncio.to_thread(_rows, Role.ACCESS, None, "unfinished_erasures", age=GIVE_UP_AFTER)
    return sum([(await erase(config, row.id)).is_gone for row in begun])


async def _wait_for_calls(config: Settings, user_id: UUID) -> None:
    """A call under way ends within its lease, whether its worker lives or not."""
    until = time.monotonic() + config.publish_lease_seconds
    while time.monotonic() < until:
        if not await asyncio.to_thread(_value, Role.WORKER, "calls_under_way", user_id=user_id):
            return
        await asyncio.sleep(_POLL_SECONDS)


async def _tidy_platforms(config: Settings, user_id: UUID) -> None:
    """Nobody sees these, and without the access nobody could delete them any more."""
    rows = LazyRows(lambda: database_url(config))
    try:
        async with asyncio.timeout(TIDY_SECONDS), open_platforms(config) as platforms:
            await discard(rows, platforms, timeout_seconds=TIDY_SECONDS, batch=100, owner=user_id)
    except TimeoutError:
        logger.warning("user %s: not all that exists unseen could be deleted in time", user_id)
    finally:
        await rows.close()


async def _give_access_back(config: Settings, user_id: UUID) -> list[str]:
    """Tokens leave the rows in any case; returns the platforms at which our access may still be listed."""
    connected = await asyncio.to_thread(_rows, Role.DASHBOARD, user_id, "connections_of")
    until = time.monotonic() + ALL_REVOKED_SECONDS
    still: dict[str, None] = {}
    for account in connected:  # one after the other: of several that share a permission the last one ends it
        seconds = min(REVOKE_SECONDS, max(0.0, until - time.monotonic()))
        service = service_of(account.platform, account.login_provider)
        end = await disconnect(config, user_id, account.id, service, seconds=seconds)
        if end is Ended.NOT_THERE:
            still[account.platform] = None
    return list(still)


async def _delete(config: Settings, user_id: UUID, subject: str) -> bool:
    """Whether the rows are gone."""
    until = time.monotonic() + config.publish_timeout_seconds
    values, deadlocks = {"user_id": user_id, "email_subject": subject}, 0
    while True:
        try:
            if await asyncio.to_thread(_value, Role.ACCESS, "erase_user", **values) == 0:
                return True
        except OperationalError as error:
            deadlocks += 1
            if not isinstance(error.orig, DeadlockDetected) or deadlocks > _DEADLOCKS:
                raise
        if time.monotonic() > until:
            logger.warning("user %s: a post is still going out; housekeeping goes on", user_id)
            return False
        await asyncio.sleep(_POLL_SECONDS)


def _delete_files(config: Settings, files: Any) -> tuple[int, int]:
    """How many are deleted, and how many are left for housekeeping, which finds them by their rows."""
    storages, until, deleted = Storages.from_settings(config), time.monotonic() + FILES_SECONDS, 0
    for row in files:
        storage = storages.at(row.place)
        if storage is None or time.monotonic() > until:
            continue
        try:
            storage.delete(row.key)
        except PlatformError as error:
            logger.warning("a file of somebody who left stays until housekeeping: %s", error.message)
            break
        with session(Role.WORKER) as db:
            deleted += db.connection().exec_driver_sql(query("forget_object"), {"key": row.key}).rowcount
    return deleted, len(files) - deleted


def _rows(role: Role, tenant: UUID | None, name: str, **values: Any) -> Any:
    with session(role, tenant=tenant) as db:
        return db.connection().exec_driver_sql(query(name), values).all()


def _value(role: Role, name: str, **values: Any) -> Any:
    with session(role) as db:
        return db.connection().exec_driver_sql(query(name), values).scalar()
