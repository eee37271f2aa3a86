"""The Graph API's calls, as Facebook and Instagram share them.

Sources: developers.facebook.com, Graph API v26.0 (paging, batch requests, securing requests).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import replace
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar, cast

import httpx
import orjson
from pydantic import SecretStr

from platforms.answers import count, end_of_life, part, text
from platforms.base import Account
from platforms.errors import OperatorNeeded, PlatformError, ReconnectNeeded, Refused, TryLater
from platforms.graph_errors import Rules, Usage, classify, is_gone, usages
from platforms.http import Answer, call, json_object, unreadable

Value = str | int | SecretStr
OnUsage = Callable[[Usage], None]

Method = TypeVar("Method", bound=Callable[..., Awaitable[Any]])

_acting: ContextVar[str | None] = ContextVar("platforms_graph_acting", default=None)

MAX_PAGES = 200
USER_TOKEN_DAYS = 60  # where the answer has no expires_in


def on_behalf(method: Method) -> Method:
    """Notes for which account calls are made, as one of Meta's usage headers (X-Page-Usage) does not say it."""

    @wraps(method)
    async def noted(client: object, account: Account, *args: Any, **kwargs: Any) -> Any:
        before = _acting.set(account.account_id)
        try:
            return await method(client, account, *args, **kwargs)
        finally:
            _acting.reset(before)

    return cast(Method, noted)


class Graph:
    """One Graph host (graph.facebook.com or graph.instagram.com). Tokens travel in the Authorization header."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        base_url: str,
        version: str,
        rules: Rules,
        app_secret: SecretStr | None,
        timeout_seconds: float,
        on_usage: OnUsage | None = None,
        app_scope: str = "app",
    ) -> None:
        """`app_secret` signs every call (appsecret_proof); None where the host does not know it.

        `app_scope` is what the usage of the whole app is called: the two hosts know different apps.
        """
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._version = version
        self._rules = rules
        self._app_secret = app_secret
        self._timeout = timeout_seconds
        self._on_usage = on_usage
        self._app_scope = app_scope

    async def get(self, path: str, token: SecretStr | None, **params: Value) -> dict[str, Any]:
        """Read. A `path` that starts with "/" is below the host, any other below the version."""
        return await self._call("GET", path, token, params=params)

    async def post(self, path: str, token: SecretStr, *, makes_visible: bool, **form: Value) -> dict[str, Any]:
        """Write, form-encoded (booleans are "true" and "false")."""
        return await self._call("POST", path, token, form=form, makes_visible=makes_visible)

    async def delete(self, path: str, token: SecretStr) -> None:
        """Delete an object."""
        await self._call("DELETE", path, token)

    async def listing(self, path: str, token: SecretStr, **params: Value) -> AsyncIterator[dict[str, Any]]:
        """All items of an edge, page by page; ends when the caller stops. Follows cursors, not the `next` URL, which
        holds the token."""
        after: str | None = None
        for _ in range(MAX_PAGES):
            answer = await self.get(path, token, **params, **({"after": after} if after else {}))
            items = answer.get("data")
            if not isinstance(items, list):
                raise TryLater(f"the list {path} came without data", code="unreadable")
            for item in items:
                if isinstance(item, dict):
                    yield item
            paging = part(answer.get("paging"))
            cursor = text(part(paging.get("cursors")).get("after"))
            if not paging.get("next") or cursor is None or cursor == after:
                return
            after = cursor
        raise TryLater(f"the list {path} does not end", code="unreadable")

    async def batch(self, token: SecretStr, urls: Sequence[str]) -> list[dict[str, Any] | PlatformError | None]:
        """Several reads in one request (at most 50): each an object, its own error, or None = not finished."""
        requests = [{"method": "GET", "relative_url": url} for url in urls]
        form = {"batch": orjson.dumps(requests).decode(), "include_headers": "false"}
        response = await self._send("POST", "", token, form=form)
        if not response.is_success:
            raise classify(response, self._rules, makes_visible=False, secrets=(token,))
        try:
            items = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            items = None
        if not isinstance(items, list) or len(items) != len(urls):
            raise unreadable(response, makes_visible=False)
        answers: list[dict[str, Any] | PlatformError | None] = []
        for item in items:
            if not isinstance(item, dict):
                answers.append(None)
                continue
            single = Answer(count(item.get("code")) or 0, {}, (text(item.get("body")) or "").encode(), response.host)
            body = json_object(single)
            failed = not single.is_success or body is None or "error" in body
            answers.append(classify(single, self._rules, makes_visible=False, secrets=(token,)) if failed else body)
        return answers

    async def blame(self, refused: Refused, account_id: str, token: SecretStr) -> PlatformError:
        """What is really to blame for a refusal: a wrong app secret, or a lost account, is refused with the same code
        100 as wrong content. So that such a mistake does not fail every post, the account itself is read once."""
        if (refused.code or "").split("/")[0] != "100":
            return refused
        try:
            await self.reach(account_id, token)
        except PlatformError as error:
            return error
        return refused

    async def reach(self, account_id: str, token: SecretStr) -> None:
        """Read the account itself, nothing of it. Raises ReconnectNeeded when it is not there for us."""
        try:
            await self.get(account_id, token, fields="id")
        except Refused as plain:
            if is_gone(plain):
                raise ReconnectNeeded("the account is not there any more, or not for us", code=plain.code) from None
            raise OperatorNeeded(
                f"even reading the account is refused; check the app secret and the Graph version: {plain.message}",
                http_status=plain.http_status,
                code=plain.code,
                trace_id=plain.trace_id,
            ) from None

    async def long_lived(
        self, user_token: SecretStr, app_id: str | None, app_secret: SecretStr | None, now: datetime
    ) -> tuple[SecretStr, datetime]:
        """A fresh long-lived user token for a living one (fb_exchange_token) and when it ends."""
        if not app_id or app_secret is None:
            raise OperatorNeeded("META_APP_ID and META_APP_SECRET are not set, so tokens cannot be renewed")
        try:
            answer = await self.get(
                "oauth/access_token",
                None,
                grant_type="fb_exchange_token",
                client_id=app_id,
                client_secret=app_secret,
                fb_exchange_token=user_token,
            )
        except Refused as refused:
            raise OperatorNeeded(refused.message, http_status=refused.http_status, code=refused.code) from None
        return token_and_end(answer, now, USER_TOKEN_DAYS)

    async def _call(
        self,
        method: str,
        path: str,
        token: SecretStr | None,
        *,
        params: Mapping[str, Value] | None = None,
        form: Mapping[str, Value] | None = None,
        makes_visible: bool = False,
    ) -> dict[str, Any]:
        response = await self._send(method, path, token, params=params, form=form, makes_visible=makes_visible)
        body = json_object(response)
        if not response.is_success or (body is not None and "error" in body):
            given = [value for value in (params or form or {}).values() if isinstance(value, SecretStr)]
            raise classify(
                response, self._rules, makes_visible=makes_visible, secrets=[token, self._app_secret, *given]
            )
        if body is None:
            raise unreadable(response, makes_visible)
        return body

    async def _send(
        self,
        method: str,
        path: str,
        token: SecretStr | None,
        *,
        params: Mapping[str, Value] | None = None,
        form: Mapping[str, Value] | None = None,
        makes_visible: bool = False,
    ) -> Answer:
        url = f"{self._base_url}{path}" if path.startswith("/") else f"{self._base_url}/{self._version}/{path}"
        signed: dict[str, str] = {}
        headers: dict[str, str] = {}
        if token is not None:
            headers["authorization"] = f"Bearer {token.get_secret_value()}"
            if self._app_secret is not None:
                signed["appsecret_proof"] = appsecret_proof(self._app_secret, token)
        response = await call(
            self._http,
            method,
            url,
            makes_visible=makes_visible,
            params=signed | _plain(params or {}) if form is None else None,
            data=signed | _plain(form) if form is not None else None,
            headers=headers,
            timeout_seconds=self._timeout,
        )
        if self._on_usage is not None:
            for usage in usages(response.headers):
                scope = {"app": self._app_scope, "page": _acting.get() or "page"}.get(usage.scope, usage.scope)
                self._on_usage(replace(usage, scope=scope))
        return response


def _plain(values: Mapping[str, Value]) -> dict[str, str | int]:
    return {k: v.get_secret_value() if isinstance(v, SecretStr) else v for k, v in values.items()}


def appsecret_proof(app_secret: SecretStr, token: SecretStr) -> str:
    """HMAC-SHA256 of the token under the app secret: proves that the call comes from our server."""
    key, message = app_secret.get_secret_value(), token.get_secret_value()
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()


def token_and_end(answer: Mapping[str, Any], now: datetime, default_days: int) -> tuple[SecretStr, datetime]:
    """Token and expiry (UTC) from a token endpoint's answer; `expires_in` may be absent."""
    token = text(answer.get("access_token"))
    ends = end_of_life(now, answer.get("expires_in", default_days * 86_400))
    if token is None or ends is None:
        raise TryLater("the token endpoint answered without a token or with a life of no sense", code="unreadable")
    return SecretStr(token), ends
