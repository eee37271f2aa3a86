"""Connecting a professional Instagram account by Instagram's own login, without a Facebook Page.

Sources: developers.facebook.com/docs/instagram-platform (business login for Instagram; access_token, me). Two shapes of
the code exchange's answer are documented; both are read.
"""

from __future__ import annotations

from datetime import datetime

import httpx
from pydantic import SecretStr

from platforms.answers import rows, text
from platforms.connecting.base import (
    Choice,
    ConnectError,
    Findings,
    Problem,
    Service,
    check_granted,
    web_address,
)
from platforms.errors import TryLater
from platforms.graph import Graph, token_and_end
from platforms.graph_errors import INSTAGRAM_RULES, classify
from platforms.http import call, json_object, redact, unreadable

SCOPES = ("instagram_business_basic", "instagram_business_content_publish", "instagram_business_manage_insights")
_TOKEN_DAYS = 60  # where the answer has no expires_in
_TEMPORARY = (408, 429)


class InstagramConnector:
    """Instagram's login: one account a time, chosen by whom the owner logs in as."""

    service = Service.INSTAGRAM

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        auth_url: str,
        token_url: str,
        graph_url: str,
        graph_version: str,
        app_id: str | None,
        app_secret: SecretStr | None,
        timeout_seconds: float,
    ) -> None:
        """`app_id` and `app_secret` are the Instagram app's own, not Facebook's."""
        self._http = http
        self._auth_url = auth_url
        self._token_url = token_url.rstrip("/")
        self._app_id = app_id or ""
        self._app_secret = app_secret or SecretStr("")
        self._timeout = timeout_seconds
        self._graph = Graph(
            http,
            base_url=graph_url,
            version=graph_version,
            rules=INSTAGRAM_RULES,
            app_secret=None,  # graph.instagram.com knows no appsecret_proof
            timeout_seconds=timeout_seconds,
        )

    def dialog_url(self, *, redirect_uri: str, state: str, challenge: str) -> str:
        """Instagram's dialog; who is logged in is asked anew, else nobody could connect a second account."""
        return web_address(
            self._auth_url,
            "/oauth/authorize",
            client_id=self._app_id,
            redirect_uri=redirect_uri,
            response_type="code",
            scope=",".join(SCOPES),
            force_reauth="true",
            state=state,
        )

    async def find(self, code: str, *, redirect_uri: str, verifier: SecretStr, now: datetime) -> Findings:
        """The account that the owner logged in as."""
        short = await self._exchange(code.removesuffix("#_"), redirect_uri)
        answer = await self._graph.get(
            "/access_token",
            None,
            grant_type="ig_exchange_token",
            client_secret=self._app_secret,
            access_token=short,
        )
        token, ends = token_and_end(answer, now, _TOKEN_DAYS)
        me = await self._graph.get("me", token, fields="id,user_id,username,name,account_type")
        account_id, username = text(me.get("user_id")), text(me.get("username"))
        if account_id is None:
            raise TryLater("Instagram does not say which account this is", code="unreadable")
        if (text(me.get("account_type")) or "").upper() == "PERSONAL":
            raise ConnectError(Problem.WRONG_KIND)
        choice = Choice(
            account_id=account_id,
            name=f"@{username}" if username else account_id,
            address=text(me.get("name")) or "",
            access_token=token,
            refresh_token=None,
            expires_at=ends,
        )
        return Findings(person=text(me.get("id")), choices=(choice,))

    async def revoke(self, access_token: SecretStr, refresh_token: SecretStr | None) -> bool:
        """Instagram has no call for it: only the owner can, in the settings of the account."""
        return False

    async def _exchange(self, code: str, redirect_uri: str) -> SecretStr:
        form = {
            "client_id": self._app_id,
            "client_secret": self._app_secret.get_secret_value(),
            "grant_type": "authorization_code",
            "redirect_uri": redirect_uri,
            "code": code,
        }
        url = f"{self._token_url}/oauth/access_token"
        response = await call(self._http, "POST", url, makes_visible=False, data=form, timeout_seconds=self._timeout)
        answer = json_object(response)
        if "error" in (answer or {}):
            secrets = (self._app_secret, SecretStr(code))
            raise classify(response, INSTAGRAM_RULES, makes_visible=False, secrets=secrets)
        if 400 <= response.status_code <= 499 and response.status_code not in _TEMPORARY:
            # This endpoint has an older form of errors with one code for everything; the log has its words.
            words = redact(
                text((answer or {}).get("error_message")) or "no reason given", (self._app_secret, SecretStr(code))
            )
            raise ConnectError(Problem.LOGIN_FAILED, told=words)
        if not response.is_success:
            raise TryLater(f"Instagram answered HTTP {response.status_code}", http_status=response.status_code)
        given = next(iter(rows((answer or {}).get("data"))), answer or {})
        token = text(given.get("access_token"))
        if token is None:
            raise unreadable(response, makes_visible=False)
        permissions = given.get("permissions")
        check_granted(permissions if isinstance(permissions, str | list) else None, SCOPES)
        return SecretStr(token)
