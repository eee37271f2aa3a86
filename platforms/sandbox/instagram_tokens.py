"""Instagram Login's tokens: code exchange, the 60-day exchange, refresh."""

from __future__ import annotations

from typing import Any

from platforms.sandbox.exchange import Answer, Call, Operation, Refused
from platforms.sandbox.meta import check_alive, need_scope, refuse
from platforms.sandbox.state import Token, World

LONG_LIFE = 5_183_944.0
SHORT_LIFE = 3_600.0


class InstagramTokens:
    """The requests of graph.instagram.com and api.instagram.com that are about tokens."""

    def __init__(self, world: World) -> None:
        self._world = world

    def resolve(self, call: Call) -> Operation:
        """api.instagram.com: only the exchange of a code."""
        if (call.method, *call.path) == ("POST", "oauth", "access_token"):
            return Operation("instagram", "token", None, lambda: self._from_code(call))
        raise Refused(_code_error("Not found", 404))

    def exchange(self, call: Call) -> Answer:
        """A token of one hour for one of 60 days."""
        if call.text("grant_type") != "ig_exchange_token":
            raise refuse(100, "(#100) Param grant_type must be one of {ig_exchange_token}")
        secret = self._world.config.instagram_app_secret
        if not call.text("client_secret") or secret not in (None, call.text("client_secret")):
            raise refuse(1, "Error validating client secret.")
        return Answer(self._renewed(self._live(call), call.now))

    def refresh(self, call: Call) -> Answer:
        """60 more days for a token that is a day old and has not expired."""
        if call.text("grant_type") != "ig_refresh_token":
            raise refuse(100, "(#100) Param grant_type must be one of {ig_refresh_token}")
        token = self._live(call)
        need_scope(token, "instagram_business_basic")
        if call.now - token.issued < self._world.config.instagram_refresh_min_age_seconds:
            raise refuse(100, "(#100) The access token must be at least 24 hours old to be refreshed")
        return Answer({**self._renewed(token, call.now), "permissions": token.scopes})

    def _live(self, call: Call) -> Token:
        token = self._world.tokens.get(call.text("access_token") or call.bearer)
        if token is None or token.kind not in ("instagram", "instagram_short"):
            raise refuse(190, "Invalid OAuth access token - Cannot parse access token")
        check_alive(token, call.now)
        return token

    def _renewed(self, token: Token, now: float) -> dict[str, Any]:
        new = self._world.issue(
            "instagram", token.account_ids, life=LONG_LIFE, app_id=token.app_id, scopes=token.scopes,
            parent=token.value, person=token.person,
        )  # fmt: skip
        return {"access_token": new.value, "token_type": "bearer", "expires_in": int(LONG_LIFE)}

    def _from_code(self, call: Call) -> Answer:
        config = self._world.config
        code = self._world.tokens.get(call.text("code").removesuffix("#_"))
        if config.instagram_app_secret is not None and (
            call.text("client_id") != config.instagram_app_id
            or call.text("client_secret") != config.instagram_app_secret
        ):
            return _code_error("Error validating client secret.")
        if call.text("grant_type") != "authorization_code":
            return _code_error("Invalid grant_type")
        if code is None or code.kind != "code" or code.dead or (code.expires or 0) <= call.now:
            return _code_error("This authorization code has been used or has expired")
        if code.redirect_uri != call.text("redirect_uri"):
            return _code_error("Error validating verification code. Please make sure your redirect_uri is identical to "
                               "the one you used in the OAuth dialog request")  # fmt: skip
        code.dead = "used"
        self._world.put(code)
        token = self._world.issue(
            "instagram_short", code.account_ids, life=SHORT_LIFE, app_id=code.app_id, scopes=code.scopes,
            person=code.person,
        )  # fmt: skip
        user_id: Any = int(code.account_ids[0])
        if config.instagram_code_shape == "flat":
            return Answer({"access_token": token.value, "user_id": user_id})
        permissions: Any = token.scopes
        if config.instagram_code_permissions == "list":
            permissions = token.scopes.split(",")
        return Answer({"data": [{"access_token": token.value, "user_id": str(user_id), "permissions": permissions}]})


def _code_error(message: str, status: int = 400) -> Answer:
    """The older form of an error that only the code exchange has."""
    return Answer({"error_type": "OAuthException", "code": status, "error_message": message}, status)
