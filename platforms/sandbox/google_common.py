"""What every Google twin shares: google.rpc.Status, the project's quota, access tokens, RFC 3339 times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from platforms.sandbox.exchange import Answer, Call, Refused
from platforms.sandbox.state import GOOGLE_SCOPE, Token, World

STATUS_NAMES = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 409: "ABORTED",
    429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 502: "UNAVAILABLE", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip


def error(status: int, message: str, *, name: str | None = None, details: list[dict[str, Any]] | None = None) -> Answer:
    """google.rpc.Status as JSON over HTTP."""
    body: dict[str, Any] = {"code": status, "message": message, "status": name or STATUS_NAMES.get(status, "UNKNOWN")}
    if details:
        body["details"] = details
    headers = {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'} if status == 401 else {}
    return Answer({"error": body}, status, headers)


def invalid(field: str, description: str) -> Refused:
    """400 with the field that is wrong."""
    return Refused(
        error(
            400,
            "Request contains an invalid argument.",
            details=[
                {
                    "@type": "type.googleapis.com/google.rpc.BadRequest",
                    "fieldViolations": [{"field": field, "description": description}],
                }
            ],
        )
    )


def not_found() -> Refused:
    """404 as v4 words it."""
    return Refused(error(404, "Requested entity was not found."))


def oauth_error(code: str, description: str, status: int = 400) -> Answer:
    """The token endpoint's own, older form of an error."""
    return Answer({"error": code, "error_description": description}, status)


class GoogleVoice:
    """Google's words for troubles that a rule asks for."""

    def throttled(self, account: str | None, retry_after: float | None) -> Answer:
        """Quota per minute used up."""
        answer = error(
            429,
            "Quota exceeded for quota metric 'Requests' and limit 'Requests per minute' of service "
            "'mybusiness.googleapis.com' for consumer 'project_number:1'.",
            details=[
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "RATE_LIMIT_EXCEEDED",
                    "domain": "googleapis.com",
                    "metadata": {"quota_limit": "DefaultRequestsPerMinutePerProject"},
                }
            ],
        )
        if retry_after is not None:
            answer.headers["Retry-After"] = str(int(retry_after))
        return answer

    def failed(self, status: int) -> Answer:
        """INTERNAL, UNAVAILABLE or DEADLINE_EXCEEDED."""
        texts = {503: "The service is currently unavailable.", 504: "Deadline expired before operation could complete."}
        return error(status, texts.get(status, "Internal error encountered."))

    def bad_token(self, operation: str, revoked: bool) -> Answer:
        """invalid_grant where tokens are asked for, else 401."""
        if operation == "token":
            return oauth_error("invalid_grant", "Token has been expired or revoked.")
        return unauthenticated()

    def error_code(self, status: int, code: int | str, subcode: int | None, transient: bool) -> Answer:
        """`code` is a status name such as PERMISSION_DENIED."""
        return error(status, "Requested by a fault rule", name=str(code))


def unauthenticated() -> Answer:
    """The answer to a token that is missing, expired or revoked."""
    return error(
        401,
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
    )


def rfc3339(moment: float) -> str:
    """A time as Google writes it."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def token_of(call: Call, world: World) -> Token:
    """The live access token of a call, the project's quota counted. Raises Refused with 401 or 429."""
    token = world.tokens.get(call.bearer)
    if token is None or token.kind != "google_access" or token.dead or (token.expires or 0) <= call.now:
        raise Refused(unauthenticated())
    if GOOGLE_SCOPE not in token.scopes.split():
        raise Refused(error(403, "Request had insufficient authentication scopes.", details=[{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            "domain": "googleapis.com"}]))  # fmt: skip
    limit = world.config.google_queries_per_minute
    minute = world.config.google_minute_seconds
    if limit and not world.meters.admits(f"google:{call.mount}", limit, minute, call.now):
        raise Refused(GoogleVoice().throttled(None, None))
    return token
