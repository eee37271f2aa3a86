"""What can go wrong when we talk to a platform, classified once; callers read only the class.

    PlatformError
    +-- TryLater         certainly nothing happened; the same call may be made again later
    |   +-- TokenExpired a short-lived access token ran out: refresh it, then call again
    |   +-- Paced        there is no room in a quota: not asked at all, or refused for the quota's sake alone
    |   +-- Blocked      the platform keeps this account from posting for hours: do not hammer, tell the owner
    +-- InDoubt          the call may have taken effect, the answer is lost: look before doing anything
    +-- Refused          the platform will never take this content
    +-- ReconnectNeeded  the owner has to give us access again
    +-- OperatorNeeded   our own set-up is wrong (secret, app rights, quota zero): no owner can mend it

Texts are the platform's words with every secret removed; they are shown to people and written to the database.
"""

from __future__ import annotations

from dataclasses import dataclass


class PlatformError(Exception):
    """A call to a platform did not give what was asked for."""

    def __init__(
        self,
        message: str,
        *,
        http_status: int | None = None,
        code: str | None = None,
        retry_after: float | None = None,
        trace_id: str | None = None,
    ) -> None:
        """`code` is the platform's own ("190/463", "RESOURCE_EXHAUSTED"); `retry_after` is in seconds."""
        super().__init__(message)
        self.message = message
        self.http_status = http_status
        self.code = code
        self.retry_after = retry_after
        self.trace_id = trace_id


class TryLater(PlatformError):
    """Certainly not done: rate limit, not reachable, or a temporary refusal. Safe to repeat."""


class TokenExpired(TryLater):
    """Certainly not done: the access token is not accepted, but a refresh may mend it without the owner.

    A second one right after a successful refresh means ReconnectNeeded.
    """


class Paced(TryLater):
    """Certainly not done: a quota has no room before `retry_after`. Nothing is wrong, so it counts as no attempt.

    Without `http_status` it is our own count that says so, and nothing was sent.
    """


class Blocked(TryLater):
    """Certainly not done: the platform blocks this account for `retry_after` seconds, some hours."""


class InDoubt(PlatformError):
    """Sent, but the answer is lost or says nothing certain (timeout, reset, 5xx): only a look can tell."""


class Refused(PlatformError):
    """The platform refuses this content for good."""


class ReconnectNeeded(PlatformError):
    """The token or a permission is gone; only the owner can give it back."""


class OperatorNeeded(PlatformError):
    """Our application's own credentials, rights or quota are wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of a platform's error table: what a code means, decided by the code and never by its text."""

    error: type[PlatformError]
    visible: type[PlatformError] | None = None  # when the call could make something visible; None = the same
    wait: float | None = None  # seconds until it is worth another try, where the answer does not say
    advice: str = ""  # what we add to the platform's words, for the person who reads them

    def outcome(self, makes_visible: bool) -> type[PlatformError]:
        """The class to raise for a call that could, or could not, make something visible."""
        return self.visible or self.error if makes_visible else self.error
