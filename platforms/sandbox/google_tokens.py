"""oauth2.googleapis.com: tokens made, refreshed and revoked."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from platforms.sandbox.exchange import Answer, Call, Operation, Refused
from platforms.sandbox.google_common import oauth_error
from platforms.sandbox.state import Token, World

ACCESS_TOKEN_LIFE = 3599.0


class GoogleTokens:
    """oauth2.googleapis.com: /token and /revoke."""

    def __init__(self, world: World) -> None:
        self._world = world

    def resolve(self, call: Call) -> Operation:
        """Token requests; the account is known only from the refresh token."""
        match (call.method, *call.path):
            case ("POST", "token"):
                known = self._world.tokens.get(call.text("refresh_token"))
                account = known.account_ids[0] if known and known.account_ids else None
                return Operation("google", "token", account, lambda: self._token(call))
            case ("POST", "revoke"):
                return Operation("google", "revoke", None, lambda: self._revoke(call))
        raise Refused(Answer(b"<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>", 404, content_type=b"text/html"))

    def _token(self, call: Call) -> Answer:
        config = self._world.config
        if not call.text("client_id"):
            return oauth_error("invalid_request", "Could not determine client ID from request.")
        if config.google_client_id not in (None, call.text("client_id")):
            return oauth_error("invalid_client", "The OAuth client was not found.", 401)
        if config.google_client_secret not in (None, call.text("client_secret")):
            return oauth_error("invalid_client", "Unauthorized", 401)
        grant = call.text("grant_type")
        if grant == "refresh_token":
            return self._refresh(call)
        if grant == "authorization_code":
            return self._exchange(call)
        return oauth_error("unsupported_grant_type", f"Invalid grant_type: {grant}")

    def _refresh(self, call: Call) -> Answer:
        refresh = self._world.tokens.get(call.text("refresh_token"))
        dead = refresh is None or refresh.kind != "google_refresh" or refresh.dead is not None
        if refresh is not None and refresh.dead == "admin_policy_enforced":
            return oauth_error("admin_policy_enforced", "The Workspace of this account does not allow this app.")
        if refresh is not None and refresh.dead == "invalid_rapt":  # Cloud session control: log in again now and then
            answer = oauth_error("invalid_grant", "reauth related error (invalid_rapt)")
            answer.body |= {"error_subtype": "invalid_rapt"}
            return answer
        if refresh is None or dead or (refresh.expires is not None and refresh.expires <= call.now):
            return oauth_error("invalid_grant", "Token has been expired or revoked.")
        access = self._access_for(refresh)
        return Answer(_told(access, call.now))  # and no refresh_token: the old one stays

    def _exchange(self, call: Call) -> Answer:
        code = self._world.tokens.get(call.text("code"))
        if code is None or code.kind != "code" or code.dead or (code.expires or 0) <= call.now:
            return oauth_error("invalid_grant", "Malformed auth code.")
        if code.redirect_uri != call.text("redirect_uri"):
            return oauth_error("redirect_uri_mismatch", "Bad Request")
        if code.challenge and code.challenge != _challenge(call.text("code_verifier"), code.challenge_method):
            return oauth_error("invalid_grant", "Invalid code verifier.")
        code.dead = "used"
        self._world.put(code)
        if code.parent != "offline":  # without offline access and consent there is no refresh token
            access = self._world.issue(
                "google_access", code.account_ids, life=ACCESS_TOKEN_LIFE, app_id=code.app_id, scopes=code.scopes,
                person=code.person,
            )  # fmt: skip
            return Answer(_told(access, call.now))
        refresh = self._world.issue(
            "google_refresh", code.account_ids, life=None, app_id=code.app_id, scopes=code.scopes, person=code.person
        )
        told = _told(self._access_for(refresh), call.now)
        return Answer({**told, "refresh_token": refresh.value})

    def _access_for(self, refresh: Token) -> Token:
        return self._world.issue(
            "google_access", refresh.account_ids, life=ACCESS_TOKEN_LIFE, app_id=refresh.app_id,
            scopes=refresh.scopes, parent=refresh.value, person=refresh.person,
        )  # fmt: skip

    def _revoke(self, call: Call) -> Answer:
        token = self._world.tokens.get(call.text("token"))
        if token is None or token.dead:
            return oauth_error("invalid_token", "Token expired or revoked")
        self._world.end_permission(token, "revoked")
        return Answer({})


def _told(access: Token, now: float) -> dict[str, Any]:
    return {
        "access_token": access.value,
        "expires_in": round((access.expires or now) - now),
        "scope": access.scopes,
        "token_type": "Bearer",
    }


def _challenge(verifier: str, method: str) -> str:
    if method == "plain":
        return verifier
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
