"""The accounts behind claims: tokens opened, renewed just in time, replaced when refused, held when lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar
from uuid import UUID

from pydantic import SecretStr

from platforms.base import Account, Platform
from platforms.errors import PlatformError, ReconnectNeeded
from tasks import tokens
from tasks.publishing.claim import Claim

T = TypeVar("T")


class Access:
    """Tokens for the publisher. Every method raises PlatformError."""

    def __init__(self, platforms: Mapping[str, Platform]) -> None:
        """`platforms` are asked when a token has to be renewed."""
        self._platforms = platforms
        self._exchanged: dict[UUID, SecretStr] = {}  # what a post was given for a token that was refused

    async def account_of(self, claim: Claim) -> Account:
        """The claim's account, good for a call that begins now; no query in the usual case."""
        return await tokens.fresh_account(claim.stored_account(), platforms=self._platforms)

    async def calling(self, claim: Claim, call: Callable[[Account], Awaitable[T]]) -> T:
        """Make a call that is harmless to repeat as the claim's account: a token that is refused is renewed first."""
        return await tokens.calling(claim.stored_account(), call, platforms=self._platforms)

    async def replace(self, claim: Claim, refused: Account, error: PlatformError) -> None:
        """Have another token made than the one that the platform refused with `error`.

        Raises ReconnectNeeded when the refused one is what this post was given for one refused before.
        """
        if self._exchanged.get(claim.id) == refused.access_token:
            raise ReconnectNeeded(error.message, http_status=error.http_status, code=error.code)
        fresh = await tokens.replace_rejected(claim.account_id, refused, platforms=self._platforms)
        self._exchanged[claim.id] = fresh.access_token

    async def hold(self, claim: Claim, error: PlatformError) -> str | None:
        """Only the owner can mend this connection: its posts wait from now on, and the owner is told once.

        Returns the owner's words for it; None when the account is not held, as it was renewed or connected anew since
        it was claimed: then the post is tried again with that.
        """
        await tokens.hold_account(claim.stored_account(), error)
        row = await tokens.stored_account(claim.account_id)
        return None if row.status == "active" else row.status_reason or error.message
