"""Connecting through Facebook's login: Pages, and the professional Instagram accounts that are linked to them.

Sources: developers.facebook.com (Facebook Login, manual flow; access tokens; Pages API; permissions), Graph API v26.0.
The permission is asked for anew each time (`auth_type=rerequest`), else what was declined once is never asked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

import httpx
from pydantic import SecretStr

from platforms.answers import part, text
from platforms.connecting.base import (
    Choice,
    ConnectError,
    Findings,
    Obstacle,
    Problem,
    Service,
    check_granted,
    web_address,
)
from platforms.errors import OperatorNeeded, ReconnectNeeded, Refused
from platforms.graph import Graph, token_and_end
from platforms.graph_access import debug_token
from platforms.graph_errors import FACEBOOK_RULES

PAGE_SCOPES = ("pages_show_list", "pages_manage_posts", "pages_read_engagement", "read_insights")
INSTAGRAM_SCOPES = (
    "instagram_basic",
    "instagram_content_publish",
    "instagram_manage_insights",
    "pages_show_list",
    "pages_read_engagement",
)
_BAD_CODES = ("100/36007", "100/36009")  # too old, used
_SHORT_LIFE_DAYS = 1  # where the answer has no expires_in


class FacebookConnector:
    """Facebook's login, for Pages or for Instagram. The long-lived user token is kept as the refresh token: from it
    come the Page tokens, which have no end of their own."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        service: Service,
        dialog_url: str,
        graph_url: str,
        graph_version: str,
        app_id: str | None,
        app_secret: SecretStr | None,
        timeout_seconds: float,
    ) -> None:
        """`service` is FACEBOOK or INSTAGRAM_FACEBOOK."""
        self.service = service
        self._for_pages = service is Service.FACEBOOK
        self._scopes = PAGE_SCOPES if self._for_pages else INSTAGRAM_SCOPES
        self._dialog_url = dialog_url
        self._version = graph_version
        self._app_id = app_id or ""
        self._app_secret = app_secret or SecretStr("")
        self._graph = Graph(
            http,
            base_url=graph_url,
            version=graph_version,
            rules=FACEBOOK_RULES,
            app_secret=app_secret,
            timeout_seconds=timeout_seconds,
        )

    def dialog_url(self, *, redirect_uri: str, state: str, challenge: str) -> str:
        """Facebook's dialog; it knows no PKCE for this flow."""
        return web_address(
            self._dialog_url,
            f"/{self._version}/dialog/oauth",
            client_id=self._app_id,
            redirect_uri=redirect_uri,
            response_type="code",
            scope=",".join(self._scopes),
            auth_type="rerequest",
            state=state,
        )

    async def find(self, code: str, *, redirect_uri: str, verifier: SecretStr, now: datetime) -> Findings:
        """The Pages that the owner ticked in the dialog, or the Instagram accounts linked to them."""
        short = await self._exchange(code, redirect_uri, now)
        user_token, ends = await self._graph.long_lived(short, self._app_id, self._app_secret, now)
        person = await self._check_permissions(user_token)
        linked = "location" if self._for_pages else "instagram_business_account{id,username,name}"
        fields = f"id,name,access_token,tasks,category,{linked}"
        choices = []
        async for page in self._graph.listing("me/accounts", user_token, fields=fields, limit=100):
            choice = self._choice(page, user_token, ends)
            if choice is not None:
                choices.append(choice)
        if not choices:
            raise ConnectError(Problem.NOTHING_THERE)
        return Findings(person=person, choices=tuple(choices))

    async def revoke(self, access_token: SecretStr, refresh_token: SecretStr | None) -> bool:
        """Takes all permissions of the person back; only their own token can, not a Page's."""
        if refresh_token is None:
            return False
        with suppress(ReconnectNeeded):  # the token is dead: there is nothing left to take back
            await self._graph.delete("me/permissions", refresh_token)
        return True

    async def _exchange(self, code: str, redirect_uri: str, now: datetime) -> SecretStr:
        try:
            answer = await self._graph.get(
                "oauth/access_token",
                None,
                client_id=self._app_id,
                client_secret=self._app_secret,
                redirect_uri=redirect_uri,
                code=SecretStr(code),
            )
        except Refused as refused:
            if refused.code in _BAD_CODES:
                raise ConnectError(Problem.LOGIN_FAILED, told=refused.message) from None
            raise OperatorNeeded(refused.message, http_status=refused.http_status, code=refused.code) from None
        return token_and_end(answer, now, _SHORT_LIFE_DAYS)[0]

    async def _check_permissions(self, user_token: SecretStr) -> str | None:
        """Who gave the permission. Raises ConnectError when a part of it was not given."""
        data = await debug_token(self._graph, user_token, self._app_id, self._app_secret)
        scopes = data.get("scopes")
        check_granted([str(scope) for scope in scopes] if isinstance(scopes, list) else None, self._scopes)
        return text(data.get("user_id"))

    def _choice(self, page: Mapping[str, Any], user_token: SecretStr, ends: datetime) -> Choice | None:
        page_id, page_name, token = (text(page.get(key)) for key in ("id", "name", "access_token"))
        if page_id is None:
            return None
        tasks = page.get("tasks")
        may_post = token is not None and (not isinstance(tasks, list) or "CREATE_CONTENT" in tasks)
        account_id, name = page_id, page_name or page_id
        address = ", ".join(filter(None, (_address(part(page.get("location"))), text(page.get("category")))))
        if not self._for_pages:
            account = part(page.get("instagram_business_account"))
            instagram_id, username = text(account.get("id")), text(account.get("username"))
            if instagram_id is None:
                return None
            account_id, name = instagram_id, f"@{username}" if username else name
            address = f"Linked to the Page {page_name or page_id}"
        return Choice(
            account_id=account_id,
            name=name,
            address=address,
            access_token=SecretStr(token or ""),
            refresh_token=user_token,
            expires_at=ends,
            obstacle=None if may_post else Obstacle.NO_ROLE,
        )


def _address(location: Mapping[str, Any]) -> str:
    region = " ".join(filter(None, (text(location.get("state")), text(location.get("zip")))))
    return ", ".join(filter(None, (text(location.get("street")), text(location.get("city")), region)))
