"""Seal and open the tokens of `connected_accounts`: the one place that knows which columns hold them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from pydantic import SecretStr

from models.crypto import KeyRing

TABLE = "connected_accounts"
ACCESS_COLUMN = "access_token_encrypted"
REFRESH_COLUMN = "refresh_token_encrypted"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedTokens:
    """Envelopes for the two columns of one row."""

    access_token_encrypted: str
    refresh_token_encrypted: str | None


def seal_tokens(
    ring: KeyRing, *, row_id: UUID, user_id: UUID, access_token: SecretStr, refresh_token: SecretStr | None
) -> SealedTokens:
    """Envelopes for a row of connected_accounts; an empty refresh token is none."""
    has_refresh = refresh_token is not None and refresh_token.get_secret_value() != ""
    return SealedTokens(
        access_token_encrypted=ring.seal(
            access_token, table=TABLE, column=ACCESS_COLUMN, row_id=row_id, user_id=user_id
        ),
        refresh_token_encrypted=ring.seal(
            refresh_token, table=TABLE, column=REFRESH_COLUMN, row_id=row_id, user_id=user_id
        )
        if has_refresh and refresh_token is not None
        else None,
    )


def open_access_token(ring: KeyRing, envelope: str, *, row_id: UUID, user_id: UUID) -> SecretStr:
    """The access token of a row. Raises CryptoError."""
    return ring.open(envelope, table=TABLE, column=ACCESS_COLUMN, row_id=row_id, user_id=user_id)


def open_refresh_token(ring: KeyRing, envelope: str | None, *, row_id: UUID, user_id: UUID) -> SecretStr | None:
    """The refresh token of a row, None where it has none. Raises CryptoError."""
    if not envelope:
        return None
    return ring.open(envelope, table=TABLE, column=REFRESH_COLUMN, row_id=row_id, user_id=user_id)
