"""Connecting Google Business Profiles: consent, tokens, and every location that the owner can reach.

Sources: developers.google.com/identity (OAuth 2.0 for web server applications, PKCE); discovery documents
mybusinessaccountmanagement v1 and mybusinessbusinessinformation v1 of 2026-10-26.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

import httpx
from pydantic import SecretStr

from platforms.answers import end_of_life, part, rows, text
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
from platforms.errors import ReconnectNeeded, TryLater
from platforms.google_errors import classify, classify_token
from platforms.http import Answer, call, json_object, unreadable

SCOPE = "https://www.googleapis.com/auth/business.manage"
_ACCOUNTS_A_PAGE = 20  # the most there is
_LOCATIONS_A_PAGE = 100
_MAX_PAGES = 50
_AT_ONCE = 6


class GoogleConnector:
    """Google's login. Account ids are `accounts/{a}/locations/{l}`: a location alone does not say how to post to it."""

    service = Service.GOOGLE

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        auth_url: str,
        token_url: str,
        accounts_url: str,
        locations_url: str,
        client_id: str | None,
        client_secret: SecretStr | None,
        timeout_seconds: float,
    ) -> None:
        self._http = http
        self._auth_url = auth_url
        self._token_url = token_url.rstrip("/")
        self._accounts_url = accounts_url.rstrip("/")
        self._locations_url = locations_url.rstrip("/")
        self._client_id = client_id or ""
        self._client_secret = client_secret or SecretStr("")
        self._timeout = timeout_seconds

    def dialog_url(self, *, redirect_uri: str, state: str, challenge: str) -> str:
        """Consent is asked for every time: without it Google gives a refresh token only once."""
        return web_address(
            self._auth_url,
            "/o/oauth2/v2/auth",
            client_id=self._client_id,
            redirect_uri=redirect_uri,
            response_type="code",
            scope=SCOPE,
            access_type="offline",
            prompt="consent select_account",
            state=state,
            code_challenge=challenge,
            code_challenge_method="S256",
        )

    async def find(self, code: str, *, redirect_uri: str, verifier: SecretStr, now: datetime) -> Findings:
        """Every location of every account that the owner reaches."""
        answer = await self._exchange(code, redirect_uri, verifier)
        token, refresh = text(answer.get("access_token")), text(answer.get("refresh_token"))
        ends = end_of_life(now, answer.get("expires_in"))
        if token is None or ends is None:
            raise TryLater("Google's token endpoint answered without a token", code="unreadable")
        check_granted(text(answer.get("scope")), [SCOPE], " ")
        access = SecretStr(token)
        accounts = [account async for account in self._accounts(access)]
        gate = asyncio.Semaphore(_AT_ONCE)

        async def of(account: str) -> list[dict[str, Any]] | ReconnectNeeded:
            async with gate:
                try:
                    return [location async for location in self._locations(access, account)]
                except ReconnectNeeded as error:  # no right to look into this one account
                    return error

        names = [name for account in accounts if (name := text(account.get("name")))]
        choices: dict[str, Choice] = {}
        closed: ReconnectNeeded | None = None
        for name, locations in zip(names, await asyncio.gather(*map(of, names)), strict=True):
            if isinstance(locations, ReconnectNeeded):
                closed = locations
                continue
            for location in locations:
                place = text(location.get("name"))
                if place is None or place in choices:  # reached through two accounts
                    continue
                choices[place] = Choice(
                    account_id=f"{name}/{place}",
                    name=text(location.get("title")) or place,
                    address=_address(part(location.get("storefrontAddress"))),
                    access_token=access,
                    refresh_token=SecretStr(refresh) if refresh else None,
                    expires_at=ends,
                    obstacle=_obstacle(part(location.get("metadata"))),
                )
        if not choices:
            if closed is not None:
                raise closed
            raise ConnectError(Problem.NOTHING_THERE)
        personal = [text(account.get("name")) for account in accounts if account.get("type") == "PERSONAL"]
        return Findings(person=personal[0] if personal else None, choices=tuple(choices.values()))

    async def revoke(self, access_token: SecretStr, refresh_token: SecretStr | None) -> bool:
        """Revoking either token ends the whole permission; one that is dead already has none."""
        token = refresh_token or access_token
        response = await self._post("revoke", token=token.get_secret_value())
        if not response.is_success and (json_object(response) or {}).get("error") != "invalid_token":
            raise classify_token(response, secrets=(token,))
        return True

    async def _exchange(self, code: str, redirect_uri: str, verifier: SecretStr) -> Mapping[str, Any]:
        response = await self._post(
            "token",
            grant_type="authorization_code",
            code=code,
            client_id=self._client_id,
            client_secret=self._client_secret.get_secret_value(),
            redirect_uri=redirect_uri,
            code_verifier=verifier.get_secret_value(),
        )
        if not response.is_success:
            error = classify_token(response, secrets=(SecretStr(code), verifier, self._client_secret))
            if error.code == "invalid_grant":
                raise ConnectError(Problem.LOGIN_FAILED, told=error.message)
            if error.code == "admin_policy_enforced":
                raise ConnectError(Problem.FORBIDDEN, told=error.message)
            raise error
        answer = json_object(response)
        if answer is None:
            raise unreadable(response, makes_visible=False)
        return answer

    async def _post(self, path: str, **form: str) -> Answer:
        url = f"{self._token_url}/{path}"
        return await call(self._http, "POST", url, makes_visible=False, data=form, timeout_seconds=self._timeout)

    def _accounts(self, token: SecretStr) -> AsyncIterator[dict[str, Any]]:
        return self._all(token, f"{self._accounts_url}/v1/accounts", "accounts", pageSize=_ACCOUNTS_A_PAGE)

    def _locations(self, token: SecretStr, account: str) -> AsyncIterator[dict[str, Any]]:
        url, mask = f"{self._locations_url}/v1/{account}/locations", "name,title,storefrontAddress,metadata"
        return self._all(token, url, "locations", pageSize=_LOCATIONS_A_PAGE, readMask=mask)

    async def _all(self, token: SecretStr, url: str, key: str, **params: str | int) -> AsyncIterator[dict[str, Any]]:
        """Everything of a list, page by page."""
        headers = {"authorization": f"Bearer {token.get_secret_value()}"}
        page: str | None = None
        for _ in range(_MAX_PAGES):
            asked = params | ({"pageToken": page} if page else {})
            response = await call(
                self._http,
                "GET",
                url,
                makes_visible=False,
                params=asked,
                headers=headers,
                timeout_seconds=self._timeout,
            )
            if not response.is_success:
                raise classify(response, makes_visible=False, secrets=(token,))
            answer = json_object(response)
            if answer is None:
                raise unreadable(response, makes_visible=False)
            for item in rows(answer.get(key)):
                yield item
            page = text(answer.get("nextPageToken"))
            if page is None:
                return
        raise TryLater(f"Google's list of {key} does not end", code="unreadable")


def _address(given: Mapping[str, Any]) -> str:
    """One line; a business that only drives to its customers has none."""
    lines = [line for line in given.get("addressLines") or () if isinstance(line, str)]
    region = " ".join(filter(None, (text(given.get("administrativeArea")), text(given.get("postalCode")))))
    return ", ".join(filter(None, (*lines, text(given.get("locality")), region)))


def _obstacle(metadata: Mapping[str, Any]) -> Obstacle | None:
    """Only a plain no counts: a missing value means nothing."""
    return Obstacle.UNVERIFIED if metadata.get("hasVoiceOfMerchant") is False else None
