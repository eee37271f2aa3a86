"""The accounts behind claims: tokens opened, renewed just in time, replaced when refused, held when lost."""

from __future__ import annotations

from collections.abc import Mapping

from platforms.base import Account, Platform
from platforms.errors import PlatformError
from tasks import tokens
from tasks.publishing.claim import Claim


class Access:
    """Tokens for the publisher. Every method raises PlatformError."""

    def __init__(self, platforms: Mapping[str, Platform]) -> None:
        """`platforms` are asked when a token has to be renewed."""
        self._platforms = platforms

    async def account_of(self, claim: Claim) -> Account:
        """The claim's account, good for a call that begins now; no query in the usual case."""
        return await tokens.fresh_account(claim.stored_account(), platforms=self._platforms)

    async def replace(self, claim: Claim, refused: Account) -> None:
        """Have another token made than the one that the platform refused."""
        await tokens.replace_rejected(claim.account_id, refused, platforms=self._platforms)

    async def hold(self, claim: Claim, error: PlatformError) -> None:
        """Only the owner can mend this connection: its posts wait from now on, and the owner is told once."""
        await tokens.hold_account(await tokens.stored_account(claim.account_id), error)
