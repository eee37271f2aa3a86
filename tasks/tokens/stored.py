"""Rows of connected_accounts as they were read: opened, read again, and changed only if they still are as they were."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol, TypeVar
from uuid import UUID

from pydantic import SecretStr

from models.account_status import Lost, grant_cause, lost
from models.account_tokens import open_access_token, open_refresh_token
from models.base import utc_now
from models.crypto import CryptoError, KeyRing, key_ring
from models.database import Role, session
from models.queries import query
from models.token_schedule import RULES, RefreshRule, kind_of
from platforms.base import Account
from platforms.errors import OperatorNeeded, PlatformError, ReconnectNeeded

logger = logging.getLogger(__name__)
T = TypeVar("T")


class TokenRow(Protocol):
    """What is needed to open an access token; a ConnectedAccount, a StoredAccount or a database row."""

    @property
    def id(self) -> UUID: ...
    @property
    def user_id(self) -> UUID: ...
    @property
    def account_id(self) -> str: ...
    @property
    def login_provider(self) -> str | None: ...
    @property
    def access_token_encrypted(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAccount:
    """A row of connected_accounts as it was read, or as far as a caller knows it. Its repr shows no envelope."""

    id: UUID
    user_id: UUID
    platform: str
    account_id: str
    login_provider: str | None
    access_token_encrypted: str = field(repr=False)
    refresh_token_encrypted: str | None = field(repr=False)
    token_expires_at: datetime | None
    status: str = "active"
    status_reason: str | None = None
    refresh_after: datetime | None = None
    account_name: str | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> StoredAccount:
        """From a row that has (at least) these columns."""
        return cls(**{f.name: row[f.name] for f in fields(cls) if f.name in row})

    @property
    def rule(self) -> RefreshRule:
        """How this token is kept alive."""
        return RULES[kind_of(self.platform, self.login_provider)]


def account_from_row(row: TokenRow) -> Account:
    """Open the row's token, whatever its age. Raises OperatorNeeded when it does not open."""
    token = _opened(lambda ring: _access_token(ring, row.access_token_encrypted, row.id, row.user_id))
    return Account(account_id=row.account_id, access_token=token, login=row.login_provider)


def refresh_token_of(stored: StoredAccount) -> SecretStr | None:
    """Open the row's refresh token, None where it has none. Raises OperatorNeeded when it does not open."""
    return _opened(
        lambda ring: open_refresh_token(ring, stored.refresh_token_encrypted, row_id=stored.id, user_id=stored.user_id)
    )


def same_token(one: StoredAccount, other: StoredAccount) -> bool:
    """Whether both hold the same access token: one that was only sealed with another key is no new one. Raises
    OperatorNeeded when one does not open."""
    return (
        one.access_token_encrypted == other.access_token_encrypted
        or account_from_row(one).access_token == account_from_row(other).access_token
    )


async def stored_account(account_row_id: UUID) -> StoredAccount:
    """Read the row. Raises ReconnectNeeded when there is none."""
    row = await asyncio.to_thread(_first_row, "stored_account", {"id": account_row_id})
    if row is None:
        raise ReconnectNeeded("the account is not connected any more", code="gone")
    return StoredAccount.of(row)


async def hold_account(stored: StoredAccount, error: PlatformError) -> Lost | None:
    """The owner has to connect again: posts wait, and the owner is told once, in the owner's words. Does nothing (None)
    when the account is held already, or its row holds another token by now."""
    why = lost(stored.platform, await _cause(stored, error.code))
    if await change("hold_lost_account", stored, status=why.status, reason=why.reason) is None:
        return None
    logger.warning("account %s (%s): %s (%s); %s", stored.id, stored.platform, why.status, why.code, error.message)
    return why


async def _cause(stored: StoredAccount, code: str | None) -> str | None:
    """A finer code where the platform's own says little and the account's story more."""
    if stored.platform != "google" or code is None:
        return code
    story = await asyncio.to_thread(_first_row, "google_grant_story", {"id": stored.id})
    return grant_cause(code, **story, now=utc_now()) if story is not None else code


async def change(name: str, stored: StoredAccount, **values: Any) -> Mapping[str, Any] | None:
    """Run a statement that changes the row of `stored` if it still is as it was; what it returns, else None."""
    seen = {
        "id": stored.id,
        "access_token_encrypted": stored.access_token_encrypted,
        "refresh_token_encrypted": stored.refresh_token_encrypted,
    }
    return await asyncio.to_thread(_first_row, name, {**seen, **values})


def _first_row(name: str, values: Mapping[str, Any]) -> Mapping[str, Any] | None:
    with session(Role.WORKER) as db:
        row = db.connection().exec_driver_sql(query(name), dict(values)).mappings().first()
    return dict(row) if row is not None else None


@lru_cache(maxsize=4096)
def _access_token(ring: KeyRing, envelope: str, row_id: UUID, user_id: UUID) -> SecretStr:
    # The place is part of the key: an envelope copied to another row must not be served from here.
    return open_access_token(ring, envelope, row_id=row_id, user_id=user_id)


def _opened(read: Callable[[KeyRing], T]) -> T:
    try:
        return read(key_ring())
    except CryptoError as error:
        raise OperatorNeeded(str(error), code="encryption") from None
