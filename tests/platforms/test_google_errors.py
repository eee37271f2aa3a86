"""Every row of Google's error tables, asked for through the client: once by a create, once by a read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from platforms.base import Account, Content
from platforms.errors import InDoubt, OperatorNeeded, PlatformError, ReconnectNeeded, Refused, TokenExpired, TryLater

PLACE = Account(account_id="accounts/1/locations/2", access_token=SecretStr("ya29.token"))
TEXT = Content(text="Check your boiler before the frost does.")
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def status(http: int, word: str, reason: str | None = None, **metadata: str) -> dict[str, Any]:
    error: dict[str, Any] = {"code": http, "message": "Some words.", "status": word}
    if reason:
        info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "metadata": metadata}
        error["details"] = [info]
    return {"error": error}


def older(http: int, reason: str) -> dict[str, Any]:
    return {"error": {"code": http, "message": "Some words.", "errors": [{"domain": "global", "reason": reason}]}}


# HTTP status, body, the class when creating, the class when reading, code, seconds to wait
ROWS: list[tuple[int, Any, type[PlatformError], type[PlatformError], str, float | None]] = [
    (400, status(400, "INVALID_ARGUMENT"), Refused, Refused, "INVALID_ARGUMENT", None),
    (400, status(400, "FAILED_PRECONDITION"), Refused, Refused, "FAILED_PRECONDITION", None),
    (400, status(400, "OUT_OF_RANGE"), Refused, Refused, "OUT_OF_RANGE", None),
    (400, status(400, "SOMETHING_NEW"), Refused, Refused, "SOMETHING_NEW", None),
    (400, older(400, "badRequest"), Refused, Refused, "http_400", None),
    (401, status(401, "UNAUTHENTICATED"), TokenExpired, TokenExpired, "UNAUTHENTICATED", None),
    (
        401,
        status(401, "UNAUTHENTICATED", "ACCESS_TOKEN_EXPIRED"),
        TokenExpired,
        TokenExpired,
        "ACCESS_TOKEN_EXPIRED",
        None,
    ),
    (403, status(403, "PERMISSION_DENIED"), ReconnectNeeded, ReconnectNeeded, "PERMISSION_DENIED", None),
    (
        403,
        status(403, "PERMISSION_DENIED", "SERVICE_DISABLED"),
        OperatorNeeded,
        OperatorNeeded,
        "SERVICE_DISABLED",
        None,
    ),
    (403, older(403, "accessNotConfigured"), OperatorNeeded, OperatorNeeded, "accessNotConfigured", None),
    (
        403,
        status(403, "PERMISSION_DENIED", "CONSUMER_SUSPENDED"),
        OperatorNeeded,
        OperatorNeeded,
        "CONSUMER_SUSPENDED",
        None,
    ),
    (
        403,
        status(403, "PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
        ReconnectNeeded,
        ReconnectNeeded,
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        None,
    ),
    (403, older(403, "insufficientPermissions"), ReconnectNeeded, ReconnectNeeded, "insufficientPermissions", None),
    (403, older(403, "rateLimitExceeded"), TryLater, TryLater, "rateLimitExceeded", 60.0),
    (403, older(403, "userRateLimitExceeded"), TryLater, TryLater, "userRateLimitExceeded", 60.0),
    (403, older(403, "quotaExceeded"), TryLater, TryLater, "quotaExceeded", 60.0),
    (403, older(403, "dailyLimitExceeded"), TryLater, TryLater, "dailyLimitExceeded", 3600.0),
    (404, status(404, "NOT_FOUND"), ReconnectNeeded, ReconnectNeeded, "NOT_FOUND", None),
    (409, status(409, "ALREADY_EXISTS"), InDoubt, TryLater, "ALREADY_EXISTS", None),
    (409, status(409, "ABORTED"), TryLater, TryLater, "ABORTED", 5.0),
    (429, status(429, "RESOURCE_EXHAUSTED"), TryLater, TryLater, "RESOURCE_EXHAUSTED", 60.0),
    (
        429,
        status(429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED", quota_limit_value="300"),
        TryLater,
        TryLater,
        "RATE_LIMIT_EXCEEDED",
        60.0,
    ),
    (
        429,
        status(429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED", quota_limit_value="0"),
        OperatorNeeded,
        OperatorNeeded,
        "RATE_LIMIT_EXCEEDED",
        None,
    ),
    (499, status(499, "CANCELLED"), InDoubt, TryLater, "CANCELLED", None),
    (500, status(500, "INTERNAL"), InDoubt, TryLater, "INTERNAL", None),
    (500, status(500, "UNKNOWN"), InDoubt, TryLater, "UNKNOWN", None),
    (500, status(500, "DATA_LOSS"), InDoubt, TryLater, "DATA_LOSS", None),
    (501, status(501, "UNIMPLEMENTED"), InDoubt, OperatorNeeded, "UNIMPLEMENTED", None),
    (502, b"<html>Bad Gateway</html>", InDoubt, TryLater, "http_502", None),
    (503, status(503, "UNAVAILABLE"), InDoubt, TryLater, "UNAVAILABLE", None),
    (504, status(504, "DEADLINE_EXCEEDED"), InDoubt, TryLater, "DEADLINE_EXCEEDED", None),
    (400, b"<html>a proxy's</html>", InDoubt, TryLater, "http_400", None),
    (403, b"<html>a proxy's</html>", InDoubt, TryLater, "http_403", None),
    (401, b"", TokenExpired, TokenExpired, "http_401", None),
    (404, b"", ReconnectNeeded, ReconnectNeeded, "http_404", None),
    (429, b"", TryLater, TryLater, "http_429", 60.0),
    (302, b"", InDoubt, TryLater, "http_302", None),
    (418, status(418, "SOMETHING_NEW"), InDoubt, TryLater, "SOMETHING_NEW", None),
]


@pytest.mark.parametrize(("http", "body", "creating", "reading", "code", "wait"), ROWS)
async def test_row(
    answering: Callable[..., Any], http: int, body: Any, creating: Any, reading: Any, code: str, wait: float | None
) -> None:
    platform = answering("google", http, body)
    with pytest.raises(PlatformError) as raised:
        await platform.publish(PLACE, TEXT, {})
    error = raised.value
    retry_after = wait if creating is not OperatorNeeded else None
    assert (type(error), error.code, error.retry_after, error.http_status) == (creating, code, retry_after, http)
    with pytest.raises(PlatformError) as raised:
        await platform.look(PLACE, TEXT, {}, NOW)
    assert type(raised.value) is reading


async def test_quota_waits_at_least_a_minute(answering: Callable[..., Any]) -> None:
    for header, wait in (("5", 60.0), ("300", 300.0)):
        platform = answering("google", 429, status(429, "RESOURCE_EXHAUSTED"), {"retry-after": header})
        with pytest.raises(TryLater) as raised:
            await platform.publish(PLACE, TEXT, {})
        assert raised.value.retry_after == wait


async def test_field_violations_are_part_of_the_words(answering: Callable[..., Any]) -> None:
    body = status(400, "INVALID_ARGUMENT")
    body["error"]["details"] = [
        {
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{"field": "summary", "description": "too long"}],
        }
    ]
    with pytest.raises(Refused, match=r"Some words \(summary: too long\) \(code INVALID_ARGUMENT\)"):
        await answering("google", 400, body).publish(PLACE, TEXT, {})


@pytest.mark.parametrize("body", [b"", b"[]", b'{"name": ""}', b"{}", b"<html></html>", b'{"name": "acc'])
async def test_success_that_cannot_be_read_is_in_doubt(answering: Callable[..., Any], body: bytes) -> None:
    with pytest.raises(InDoubt):
        await answering("google", 200, body).publish(PLACE, TEXT, {})


TOKEN_ROWS: list[tuple[int, Any, type[PlatformError]]] = [
    (400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}, ReconnectNeeded),
    (400, {"error": "invalid_grant", "error_subtype": "invalid_rapt"}, ReconnectNeeded),
    (400, {"error": "admin_policy_enforced"}, ReconnectNeeded),
    (401, {"error": "invalid_client", "error_description": "Unauthorized"}, OperatorNeeded),
    (401, {"error": "deleted_client"}, OperatorNeeded),
    (400, {"error": "invalid_request"}, OperatorNeeded),
    (400, {"error": "unauthorized_client"}, OperatorNeeded),
    (400, {"error": "redirect_uri_mismatch"}, OperatorNeeded),
    (400, {"error": "unsupported_grant_type"}, OperatorNeeded),
    (400, {"error": "invalid_scope"}, OperatorNeeded),
    (400, {"error": "something_new"}, TryLater),
    (400, b"<html></html>", TryLater),
    (429, {"error": "invalid_grant"}, TryLater),
    (500, {"error": "invalid_grant"}, TryLater),
    (500, {"error": "internal_failure"}, TryLater),
    (503, b"", TryLater),
    (200, b"<html></html>", TryLater),
    (200, {"access_token": "ya29.x"}, TryLater),
]


@pytest.mark.parametrize(("http", "body", "expected"), TOKEN_ROWS)
async def test_token_row(answering: Callable[..., Any], http: int, body: Any, expected: Any) -> None:
    with pytest.raises(PlatformError) as raised:
        await answering("google", http, body).refresh(PLACE, SecretStr("1//refresh"), NOW)
    assert type(raised.value) is expected


async def test_missing_credentials_are_named(answering: Callable[..., Any]) -> None:
    with pytest.raises(ReconnectNeeded):
        await answering("google", 200, {}).refresh(PLACE, None, NOW)
    with pytest.raises(OperatorNeeded, match="GOOGLE_CLIENT_SECRET"):
        await answering("google", 200, {}, google_client_secret=None).refresh(PLACE, SecretStr("1//x"), NOW)
