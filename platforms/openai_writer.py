"""One structured-output call that writes a business's week, over any OpenAI-compatible server.

Chat Completions with a strict JSON schema is what OpenAI, vLLM, Ollama and llama.cpp all understand. The schema holds
the shape only; whether the texts may go out is decided by the gates. Sources: openai 3.54 and its API reference.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import openai
import orjson
from openai.types.chat import ChatCompletion
from openai.types.shared_params import ResponseFormatJSONSchema
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from platforms.answers import count, part, rows, text, word
from platforms.errors import OperatorNeeded, PlatformError, Refused, TryLater
from platforms.http import redact, retry_after

_NO_MONEY = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_UNSUITABLE = frozenset({"content_filter", "content_policy_violation", "context_length_exceeded"})
_PASSING = frozenset({408, 409, 425, 429})


class DraftPost(BaseModel):
    """One post as the model wrote it, for the slot it was asked for."""

    model_config = ConfigDict(extra="forbid")

    slot: str
    text: str
    hashtags: list[str]
    picture_query: str = Field(description="What to search stock photos for: two to four plain English words.")


class DraftWeek(BaseModel):
    """The document that the model has to answer with."""

    model_config = ConfigDict(extra="forbid")

    posts: list[DraftPost]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one call. Cached tokens are part of the input, reasoning tokens part of the output."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What one call wrote, by which model, and what it used."""

    posts: tuple[DraftPost, ...]
    usage: Usage
    model: str  # the one that answered; may be more exact than the one asked for
    request_id: str | None


def response_format() -> ResponseFormatJSONSchema:
    """The strict schema of `DraftWeek`, without references, which not every server follows."""
    week = DraftWeek.model_json_schema()
    week.pop("$defs")
    week["properties"]["posts"]["items"] = DraftPost.model_json_schema()
    return {"type": "json_schema", "json_schema": {"name": "week", "strict": True, "schema": week}}


class Writer:
    """The model's client. It makes one attempt a call: trying again is for the task that owns the budget."""

    def __init__(self, *, api_key: SecretStr, base_url: str, timeout_seconds: float = 60.0) -> None:
        """`base_url` may come with or without the final /v1; `timeout_seconds` bounds a whole call."""
        self._client = openai.AsyncOpenAI(
            api_key=api_key.get_secret_value(),
            base_url=with_version(base_url),
            timeout=timeout_seconds,
            max_retries=0,
        )
        self._key = api_key
        self._timeout = timeout_seconds

    async def write_week(self, instructions: str, request: Mapping[str, Any], model: str, cache_key: str) -> Draft:
        """The posts for `request`, sent as one JSON document after the constant `instructions` (so that the prefix can
        be cached; `cache_key` groups requests that share it).

        Raises Refused when the model will not write this, OperatorNeeded for key, money, model name or a request that
        the server does not understand, TryLater for all that may work next time.
        """
        try:
            async with asyncio.timeout(self._timeout):
                completion = await self._client.chat.completions.create(
                    model=model,
                    messages=[
                        {"role": "system", "content": instructions},
                        {"role": "user", "content": orjson.dumps(request).decode()},
                    ],
                    response_format=response_format(),
                    prompt_cache_key=cache_key,
                )
        except (openai.OpenAIError, TimeoutError, json.JSONDecodeError, UnicodeDecodeError) as error:
            failure = self._failure(error)
        else:
            return self._draft(completion, model)
        raise failure  # outside of the handler: the library's exception holds request and answer

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _draft(self, completion: ChatCompletion, model: str) -> Draft:
        # The library builds its answers without checking them: any part may be missing, and the whole may be a string.
        is_object = isinstance(completion, ChatCompletion)
        answer = completion.model_dump(warnings=False) if is_object else {}
        request_id = getattr(completion, "_request_id", None) or text(answer.get("id"))
        choice = next(iter(rows(answer.get("choices"))), {})
        message = part(choice.get("message"))
        if not message:
            raise TryLater("the model answered without a choice", code="unreadable", trace_id=request_id)
        if refusal := text(message.get("refusal")):
            words = redact(refusal, (self._key,))
            raise Refused(f"the model refused: {words}", code="refusal", trace_id=request_id)
        if choice.get("finish_reason") == "content_filter":
            words = "the model's answer was held back by a content filter"
            raise Refused(words, code="content_filter", trace_id=request_id)
        if choice.get("finish_reason") == "length":
            raise TryLater("the model's answer was cut off", code="length", trace_id=request_id)
        week = _parsed(text(message.get("content")) or "")
        if week is None:
            raise TryLater("the model's answer does not fit the schema", code="schema", trace_id=request_id)
        return Draft(
            posts=tuple(week.posts),
            usage=_usage(part(answer.get("usage"))),
            model=text(answer.get("model")) or model,
            request_id=request_id,
        )

    def _failure(self, error: Exception) -> PlatformError:
        if isinstance(error, TimeoutError | openai.APITimeoutError):
            return TryLater("the model did not answer in time", code="no_answer")
        if isinstance(error, openai.APIConnectionError):
            return TryLater("the model's server cannot be reached", code="not_sent")
        if not isinstance(error, openai.APIStatusError):
            return TryLater(
                f"the model's server answered something unreadable ({type(error).__name__})", code="unreadable"
            )
        status, code = error.status_code, word(error.code) or word(error.type) or f"http_{error.status_code}"
        outcome: type[PlatformError]
        if code in _NO_MONEY or error.type in _NO_MONEY or status == 402:
            outcome = OperatorNeeded
        elif status in _PASSING or status >= 500:
            outcome = TryLater
        elif code in _UNSUITABLE:
            outcome = Refused
        else:  # key, rights, model name, or a request the server does not know: nothing an owner could mend
            outcome = OperatorNeeded
        return outcome(
            redact(f"the model's server answered HTTP {status}: {error.message} (code {code})", (self._key,)),
            http_status=status,
            code=code,
            retry_after=retry_after(error.response.headers),
            trace_id=error.request_id,
        )


def with_version(base_url: str) -> str:
    """The base URL with /v1 at its end."""
    trimmed = base_url.rstrip("/")
    return trimmed if trimmed.endswith("/v1") else f"{trimmed}/v1"


def _parsed(content: str) -> DraftWeek | None:
    try:
        return DraftWeek.model_validate_json(content)
    except ValidationError:
        return None


def _usage(usage: dict[str, Any]) -> Usage:
    """Compatible servers leave out what they do not count; the library then gives None, whatever its types say."""
    given, written = part(usage.get("prompt_tokens_details")), part(usage.get("completion_tokens_details"))
    return Usage(
        input_tokens=count(usage.get("prompt_tokens")) or 0,
        cached_tokens=count(given.get("cached_tokens")) or 0,
        output_tokens=count(usage.get("completion_tokens")) or 0,
        reasoning_tokens=count(written.get("reasoning_tokens")) or 0,
    )
