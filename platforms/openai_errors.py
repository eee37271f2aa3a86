"""What a refused or lost call to the model's server means, for direct calls and for the lines of a batch."""

from __future__ import annotations

import json

import httpx2
import openai
from pydantic import SecretStr

from platforms.answers import part, text, word
from platforms.errors import OperatorNeeded, PlatformError, Refused, TryLater
from platforms.http import redact, retry_after

UNREADABLE = (json.JSONDecodeError, UnicodeDecodeError)
FAILURES = (openai.OpenAIError, TimeoutError, *UNREADABLE)

_NO_MONEY = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_UNSUITABLE = frozenset({"content_filter", "content_policy_violation", "context_length_exceeded"})
_PASSING = frozenset({408, 409, 425, 429})
_NO_CONNECTION = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


def failure_of(error: Exception, key: SecretStr) -> PlatformError:
    """One of `FAILURES`, classified. Codes of our own: `not_sent` (certainly not asked), `no_answer`,
    `connection_lost` and `unreadable` (asked, and perhaps paid for)."""
    if isinstance(error, openai.APIConnectionError) and isinstance(error.__cause__, _NO_CONNECTION):
        return TryLater("the model's server cannot be reached", code="not_sent")
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        return TryLater("the model did not answer in time", code="no_answer")
    if isinstance(error, openai.APIConnectionError):
        return TryLater("the connection to the model's server broke before the answer", code="connection_lost")
    if not isinstance(error, openai.APIStatusError):
        words = f"the model's server answered something unreadable ({type(error).__name__})"
        return TryLater(words, code="unreadable")
    failure = refused(error.status_code, error.code, error.type, error.message, key)
    failure.retry_after, failure.trace_id = retry_after(error.response.headers), error.request_id
    return failure


def line_failure(status: int, body: object, key: SecretStr) -> PlatformError:
    """A line of a batch that was answered with an error."""
    error = part(part(body).get("error"))
    return refused(status, error.get("code"), error.get("type"), text(error.get("message")) or "no words", key)


def refused(status: int, code: object, kind: object, message: str, key: SecretStr) -> PlatformError:
    """What an error answer means: decided by status and code, never by its text."""
    name = word(code) or word(kind) or f"http_{status}"
    outcome: type[PlatformError]
    if name in _NO_MONEY or kind in _NO_MONEY or status == 402:
        outcome = OperatorNeeded
    elif status in _PASSING or status >= 500:
        outcome = TryLater
    elif name in _UNSUITABLE:
        outcome = Refused
    else:  # key, rights, model name, or a request the server does not know: nothing an owner could mend
        outcome = OperatorNeeded
    words = redact(f"the model's server answered HTTP {status}: {message} (code {name})", (key,))
    return outcome(words, http_status=status, code=name)


def was_billed(error: PlatformError) -> bool:
    """Whether a call that failed like this may have been worked on, and so be on the bill."""
    return error.http_status is None and error.code != "not_sent"


def knows_no_such_call(error: PlatformError) -> bool:
    """Whether the server does not have this endpoint or does not understand its requests (not: the key or model is
    wrong)."""
    return error.code != "model_not_found" and (
        error.http_status in (404, 405, 501) or (error.http_status in (400, 422) and isinstance(error, OperatorNeeded))
    )
