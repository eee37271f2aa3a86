"""Letting an account go: its tokens leave the row first, then the access is ended at the platform."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from pydantic import SecretStr

from models.account_status import disconnected
from models.account_tokens import open_access_token, open_refresh_token
from models.crypto import CryptoError, key_ring
from models.database import Role, session
from models.queries import query
from models.settings import Settings
from platforms.connecting.base import Service
from platforms.connecting.registry import platform_of
from platforms.errors import PlatformError
from tasks.wiring import open_connector

logger = logging.getLogger(__name__)


class Ended(StrEnum):
    """What became of the access."""

    EVERYWHERE = "ended"
    SHARED = "ended-shared"  # another account that was connected by the same login still lives on it
    NOT_THERE = "ended-not-there"  # deleted here; the platform could not be told, or has no way to be


@dataclass(frozen=True, slots=True, kw_only=True)
class _Released:
    """The tokens of an account that was just disconnected; `is_shared`: other accounts live on the same permission."""

    access_token: SecretStr
    refresh_token: SecretStr | None
    is_shared: bool


async def disconnect(config: Settings, user_id: UUID, account_id: UUID, service: Service, *, seconds: float) -> Ended:
    """Disconnect one of an owner's accounts; posts stay and wait. The platform has `seconds` to answer.

    Acts as the dashboard's role with the owner as its tenant: row-level security holds whatever is asked for.
    """
    try:
        released = await asyncio.to_thread(_release, user_id, account_id, platform_of(service))
        if released is None:  # in another tab, a moment ago
            return Ended.EVERYWHERE
        if released.is_shared:
            return Ended.SHARED
        async with open_connector(config, service) as connector, asyncio.timeout(seconds):
            if await connector.revoke(released.access_token, released.refresh_token):
                return Ended.EVERYWHERE
    except (PlatformError, CryptoError, TimeoutError) as error:
        logger.warning(
            "account %s is disconnected, but its permission at %s was not ended: %s", account_id, service, error
        )
    return Ended.NOT_THERE


def _release(user_id: UUID, account_id: UUID, platform: str) -> _Released | None:
    """Take the tokens out of the row. None where it is not connected. Raises CryptoError when the tokens do not open:
    they are gone all the same."""
    values = {"id": account_id, "reason": disconnected(platform)}
    with session(Role.DASHBOARD, tenant=user_id) as db:
        row = db.connection().exec_driver_sql(query("disconnect_account"), values).one_or_none()
    if row is None:
        return None
    ring, place = key_ring(), {"row_id": account_id, "user_id": user_id}
    return _Released(
        access_token=open_access_token(ring, row.access_token_encrypted, **place),
        refresh_token=open_refresh_token(ring, row.refresh_token_encrypted, **place),
        is_shared=row.permission_is_shared,
    )
