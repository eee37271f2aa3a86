"""What Google's errors mean: by reason where one is given, else by status word, else by HTTP status.

Sources: google.rpc.Status and ErrorInfo (cloud.google.com/apis/design/errors), OAuth 2.0 error codes (RFC 6749 and
developers.google.com/identity).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import SecretStr

from platforms.answers import part, rows, text, word
from platforms.errors import (
    InDoubt,
    OperatorNeeded,
    PlatformError,
    ReconnectNeeded,
    Refused,
    Rule,
    TokenExpired,
    TryLater,
)
from platforms.http import Answer, json_object, redact, retry_after

QUOTA_SECONDS = 60.0  # quotas are per minute

TEMPORARY = Rule(error=TryLater, visible=InDoubt)
QUOTA = Rule(error=TryLater, wait=QUOTA_SECONDS)
REFUSED = Rule(error=Refused)
OPERATOR = Rule(error=OperatorNeeded)
RECONNECT = Rule(error=ReconnectNeeded)

BY_REASON: Mapping[str, Rule] = {
    "SERVICE_DISABLED": Rule(error=OperatorNeeded, advice="Enable the API in the Google Cloud project."),
    "accessNotConfigured": Rule(error=OperatorNeeded, advice="Enable the API in the Google Cloud project."),
    "CONSUMER_SUSPENDED": OPERATOR,
    "CONSUMER_INVALID": OPERATOR,
    "USER_PROJECT_DENIED": OPERATOR,
    "BILLING_DISABLED": OPERATOR,
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": Rule(error=ReconnectNeeded, advice="Tick all boxes when connecting again."),
    "insufficientPermissions": RECONNECT,
    "ACCESS_TOKEN_EXPIRED": Rule(error=TokenExpired),
    "RATE_LIMIT_EXCEEDED": QUOTA,
    "rateLimitExceeded": QUOTA,
    "userRateLimitExceeded": QUOTA,
    "quotaExceeded": QUOTA,
    "dailyLimitExceeded": Rule(error=TryLater, wait=3600.0),
}
BY_STATUS: Mapping[str, Rule] = {
    "INVALID_ARGUMENT": REFUSED,
    "FAILED_PRECONDITION": REFUSED,
    "OUT_OF_RANGE": REFUSED,
    "UNAUTHENTICATED": Rule(error=TokenExpired),
    "PERMISSION_DENIED": Rule(error=ReconnectNeeded, advice="The owner may have lost the role on this location."),
    "NOT_FOUND": Rule(error=ReconnectNeeded, advice="The location or post is gone, or moved to another account."),
    "ALREADY_EXISTS": TEMPORARY,
    "ABORTED": Rule(error=TryLater, wait=5.0),
    "RESOURCE_EXHAUSTED": QUOTA,
    "CANCELLED": TEMPORARY,
    "UNKNOWN": TEMPORARY,
    "INTERNAL": TEMPORARY,
    "UNAVAILABLE": TEMPORARY,
    "DEADLINE_EXCEEDED": TEMPORARY,
    "DATA_LOSS": TEMPORARY,
    "UNIMPLEMENTED": OPERATOR,
}
BY_HTTP: Mapping[int, Rule] = {
    400: REFUSED,
    401: Rule(error=TokenExpired),
    403: BY_STATUS["PERMISSION_DENIED"],
    404: BY_STATUS["NOT_FOUND"],
    429: QUOTA,
}
TOKEN_ERRORS: Mapping[str, Rule] = {
    "invalid_grant": Rule(error=ReconnectNeeded, advice="The access was taken back or ran out."),
    "admin_policy_enforced": Rule(error=ReconnectNeeded, advice="The owner's Workspace does not allow this app."),
    "access_denied": RECONNECT,
    "invalid_client": Rule(error=OperatorNeeded, advice="Check GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET."),
    "invalid_request": OPERATOR,
    "invalid_scope": OPERATOR,
    "unauthorized_client": OPERATOR,
    "unsupported_grant_type": OPERATOR,
    "redirect_uri_mismatch": OPERATOR,
    "deleted_client": OPERATOR,
    "disabled_client": OPERATOR,
}


def classify(response: Answer, *, makes_visible: bool, secrets: Iterable[SecretStr | None] = ()) -> PlatformError:
    """The error that an answer with a `google.rpc.Status` (or none) stands for."""
    error = part((json_object(response) or {}).get("error"))
    status_word = word(error.get("status")) or ""
    reasons = _reasons(error)
    http = response.status_code
    rule = next((BY_REASON[reason] for reason in reasons if reason in BY_REASON), None)
    if rule is None and (status_word or error):
        rule = BY_STATUS.get(status_word) or BY_HTTP.get(http)
    if rule is None:  # not Google's own words: some proxy's, only these three say enough
        rule = BY_HTTP[http] if http in (401, 404, 429) else TEMPORARY
    if rule is QUOTA and _has_no_quota(error):
        rule = Rule(error=OperatorNeeded, advice="The project's quota is 0: apply for access to the API.")
    outcome = rule.outcome(makes_visible)
    if makes_visible and http >= 500:
        outcome = InDoubt
    wait = retry_after(response.headers)
    if rule is QUOTA:
        wait = max(wait or 0.0, QUOTA_SECONDS)
    elif wait is None and outcome is TryLater:
        wait = rule.wait
    code = next((reason for reason in reasons if reason in BY_REASON), status_word) or f"http_{http}"
    words = (text(error.get("message")) or f"answered HTTP {http} without saying why").rstrip(".")
    details = "; ".join(_violations(error))
    message = redact(f"{words}{f' ({details})' if details else ''} (code {code})", secrets)
    return outcome(
        f"{message}. {rule.advice}" if rule.advice else message,
        http_status=http,
        code=code,
        retry_after=wait,
    )


def classify_token(response: Answer, *, secrets: Iterable[SecretStr | None]) -> PlatformError:
    """The error that an answer of the token endpoint (`{"error": "invalid_grant", ...}`) stands for."""
    body = json_object(response) or {}
    name = word(body.get("error")) or f"http_{response.status_code}"
    subtype = word(body.get("error_subtype"))
    rule = TOKEN_ERRORS.get(name, TEMPORARY) if response.status_code < 500 else TEMPORARY
    if response.status_code == 429:
        rule = QUOTA
    words = redact(f"{text(body.get('error_description')) or 'no reason given'} (code {name})", secrets)
    return rule.error(
        f"{words}. {rule.advice}" if rule.advice else words,
        http_status=response.status_code,
        code=f"{name}/{subtype}" if subtype else name,
        retry_after=retry_after(response.headers) or rule.wait,
    )


def names_a_field(response: Answer) -> bool:
    """Whether the answer says which field of the request is wrong; v4 often does not."""
    return bool(_violations(part((json_object(response) or {}).get("error"))))


def _reasons(error: Mapping[str, Any]) -> list[str]:
    """`ErrorInfo.reason` of the details, then the older `errors[].reason`."""
    return [
        str(entry["reason"]) for key in ("details", "errors") for entry in rows(error.get(key)) if entry.get("reason")
    ]


def _violations(error: Mapping[str, Any]) -> list[str]:
    return [
        f"{violation.get('field')}: {violation.get('description')}"
        for detail in rows(error.get("details"))
        for violation in rows(detail.get("fieldViolations"))
    ]


def _has_no_quota(error: Mapping[str, Any]) -> bool:
    """A project without approved access has a quota of 0: waiting does not help."""
    return any(part(entry.get("metadata")).get("quota_limit_value") == "0" for entry in rows(error.get("details")))
