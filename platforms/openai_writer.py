"""One structured-output call that writes a business's week, over any OpenAI-compatible server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Literal, Self

import openai
import orjson
from pydantic import SecretStr

from platforms.errors import PlatformError
from platforms.http import ssl_context
from platforms.openai_errors import FAILURES, failure_of, knows_no_such_call
from platforms.openai_forms import Draft, DraftPost, DraftWeek, Form, Usage, body_of, read

Api = Literal["auto", "responses", "chat"]


class Writer:
    """The model's client. It makes one attempt a call: trying again is for the task that owns the budget."""

    def __init__(self, *, api_key: SecretStr, base_url: str, timeout_seconds: float = 60.0, api: Api = "auto") -> None:
        """`base_url` may come with or without the final /v1; `timeout_seconds` bounds a whole call.

        `api` auto = the Responses API, and Chat Completions from the first call on that shows that the server does not
        have it.
        """
        self._client = client_of(api_key, base_url, timeout_seconds)
        self._key = api_key
        self._timeout = timeout_seconds
        self._form: Form | None = None if api == "auto" else api  # None = not known yet

    async def write_week(self, instructions: str, request: Mapping[str, Any], model: str, cache_key: str) -> Draft:
        """The posts for `request`, sent as one JSON document after the constant `instructions` (so that the prefix can
        be cached; `cache_key` groups requests that share it). An answer that was given but is of no use comes back
        with its `failure`, since it was paid for.

        Raises Refused when the model will not write this, OperatorNeeded for key, money, model name or a request that
        the server does not understand, TryLater for all that may work next time.
        """
        form: Form = self._form or "responses"
        draft = await self._ask(form, body_of(form, instructions, request, model, cache_key))
        if self._form is None and isinstance(draft, PlatformError) and knows_no_such_call(draft):
            form = "chat"
            draft = await self._ask(form, body_of(form, instructions, request, model, cache_key))
        if isinstance(draft, PlatformError):
            raise draft  # outside of the handler: the library's exception holds request and answer
        self._form = self._form or form
        return draft

    async def _ask(self, form: Form, body: dict[str, Any]) -> Draft | PlatformError:
        """One request. The answer is read as plain JSON: the library builds its objects without checking them."""
        client = self._client
        create: Any = (client.responses if form == "responses" else client.chat.completions).with_raw_response.create
        try:
            async with asyncio.timeout(self._timeout):
                answer = await create(**body)
            return read(form, orjson.loads(answer.content), body["model"], answer.request_id, self._key)
        except FAILURES as error:
            return failure_of(error, self._key)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def client_of(api_key: SecretStr, base_url: str, timeout_seconds: float) -> openai.AsyncOpenAI:
    """The library's client with our time-out instead of its ten minutes, and without its own retries."""
    return openai.AsyncOpenAI(
        api_key=api_key.get_secret_value(),
        base_url=with_version(base_url),
        timeout=timeout_seconds,
        max_retries=0,
        http_client=openai.DefaultAsyncHttpx2Client(timeout=timeout_seconds, verify=ssl_context()),
    )


def with_version(base_url: str) -> str:
    """The base URL with /v1 at its end."""
    trimmed = base_url.rstrip("/")
    return trimmed if trimmed.endswith("/v1") else f"{trimmed}/v1"


__all__ = ["Api", "Draft", "DraftPost", "DraftWeek", "Usage", "Writer", "client_of", "with_version"]
