"""OpenAI's Batch API: a file of requests, answered within a day at half the price.

Only `create` costs money, and it carries our own name for the batch: whoever loses its answer finds the batch by that
name instead of paying twice. Results come in any order, in two files, and also from a batch that expired on the way.
Source: apis/openai.md section 8.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

import orjson
from pydantic import BaseModel, SecretStr

from platforms.answers import count, part, rows, text, word
from platforms.errors import PlatformError, TryLater
from platforms.http import redact
from platforms.openai_errors import FAILURES, failure_of, line_failure
from platforms.openai_forms import PATHS, Draft, Form, body_of, read
from platforms.openai_writer import client_of

_OURS = "postagent_batch"  # key of the metadata that names the batch
_OVER = frozenset({"failed", "completed", "expired", "cancelled"})

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    """One week to be written; its answer comes back under `custom_id`."""

    custom_id: str
    instructions: str
    request: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    """What the service says of a batch. `problem` is why it was not even begun, in words."""

    provider_id: str
    status: str
    files: tuple[str, ...]  # that hold results, once it is over
    input_file_id: str | None
    problem: str | None

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status in _OVER

    @classmethod
    def unknown(cls) -> Self:
        """Of a batch that could not be looked at."""
        return cls(provider_id="", status="", files=(), input_file_id=None, problem=None)

    @classmethod
    def gone(cls, provider_id: str, words: str) -> Self:
        """Of a batch that the service does not know any more."""
        return cls(provider_id=provider_id, status="failed", files=(), input_file_id=None, problem=words)


class BatchDesk:
    """The Batch API's client. One attempt a call, as everywhere."""

    def __init__(
        self, *, api_key: SecretStr, base_url: str, timeout_seconds: float = 120.0, form: Form = "responses"
    ) -> None:
        """`timeout_seconds` bounds a whole call, a file's way included."""
        self._client = client_of(api_key, base_url, timeout_seconds)
        self._key = api_key
        self._timeout = timeout_seconds
        self._form: Form = form

    def body(self, line: BatchLine, model: str) -> dict[str, Any]:
        """What is asked for a line. Within a batch the service groups equal prefixes by itself."""
        return body_of(self._form, line.instructions, line.request, model, None)

    async def upload(self, name: str, lines: Sequence[BatchLine], model: str) -> str:
        """Send the requests as a file; its id. Costs nothing and begins nothing."""
        wrapped = (
            {"custom_id": x.custom_id, "method": "POST", "url": PATHS[self._form], "body": self.body(x, model)}
            for x in lines
        )
        content = b"\n".join(map(orjson.dumps, wrapped))
        made = await self._call(self._client.files.create(file=(f"{name}.jsonl", content), purpose="batch"))
        return made.id

    async def create(self, name: str, file_id: str) -> BatchState:
        """Begin the batch. After an error without `http_status`, or with one from 500 on, it may exist: `find` it."""
        endpoint: Any = PATHS[self._form]
        return _state(
            await self._call(
                self._client.batches.create(
                    input_file_id=file_id, endpoint=endpoint, completion_window="24h", metadata={_OURS: name}
                )
            ),
            self._key,
        )

    async def find(self, name: str, since: datetime) -> BatchState | None:
        """The batch of that name that was created after `since` (UTC); None when there is none."""

        async def search() -> Any:
            async for batch in self._client.batches.list(limit=100):  # newest first
                if datetime.fromtimestamp(batch.created_at, UTC) < since:
                    return None
                if part(batch.metadata).get(_OURS) == name:
                    return batch
            return None

        found = await self._call(search())
        return _state(found, self._key) if found is not None else None

    async def look(self, provider_id: str) -> BatchState:
        """How far it is."""
        return _state(await self._call(self._client.batches.retrieve(provider_id)), self._key)

    async def results(self, state: BatchState, model: str) -> dict[str, Draft | PlatformError]:
        """Every line's answer or failure by its custom_id. Lines that the service says nothing of are missing."""
        found: dict[str, Draft | PlatformError] = {}
        for file_id in state.files:
            answer = await self._call(self._client.files.content(file_id))
            for line in answer.content.splitlines():
                try:
                    told = part(orjson.loads(line))
                except orjson.JSONDecodeError:
                    continue
                if custom_id := text(told.get("custom_id")):
                    found[custom_id] = self._result(told, model)
        return found

    def _result(self, line: dict[str, Any], model: str) -> Draft | PlatformError:
        response, error = part(line.get("response")), part(line.get("error"))
        status = count(response.get("status_code"))
        if status == 200:
            return read(self._form, response.get("body"), model, text(response.get("request_id")), self._key)
        if status is not None:
            return line_failure(status, response.get("body"), self._key)
        code = word(error.get("code")) or "failed"
        words = redact(text(error.get("message")) or "the batch has no answer for it", (self._key,))
        return TryLater(words, code=code, http_status=500)  # never begun, so never billed

    async def forget(self, file_ids: Sequence[str]) -> None:
        """Delete files; what is gone already is no error."""
        for file_id in file_ids:
            try:
                await self._call(self._client.files.delete(file_id))
            except PlatformError as error:
                if error.http_status != 404:
                    raise

    async def _call(self, asked: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._timeout):
                return await asked
        except FAILURES as error:
            failure = failure_of(error, self._key)
        raise failure  # outside of the handler: the library's exception holds request and answer

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def _state(batch: Any, key: SecretStr) -> BatchState:
    """The library's object, of which nothing is taken on trust."""
    told = part(batch.model_dump(warnings=False)) if isinstance(batch, BaseModel) else {}
    provider_id = text(told.get("id"))
    if provider_id is None:
        raise TryLater("the model's server answered with something that is no batch", code="unreadable")
    problems = [text(entry.get("message")) or "" for entry in rows(part(told.get("errors")).get("data"))]
    files = (text(told.get("output_file_id")), text(told.get("error_file_id")))
    return BatchState(
        provider_id=provider_id,
        status=word(told.get("status")) or "",
        files=tuple(name for name in files if name is not None),
        input_file_id=text(told.get("input_file_id")),
        problem=redact("; ".join(problems[:3]), (key,)) or None,
    )
