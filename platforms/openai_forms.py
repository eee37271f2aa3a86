"""What a model is asked and answers, in both forms that servers speak; no I/O.

`responses` is OpenAI's Responses API, `chat` is Chat Completions, which vLLM, Ollama and llama.cpp understand too. Both
take a strict JSON schema, which holds the shape only: whether the texts may go out is decided by the gates. The same
functions serve direct calls and the lines of a batch. Sources: openai 3.54 and its API reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from platforms.answers import count, part, rows, text, word
from platforms.errors import PlatformError, Refused, TryLater
from platforms.http import redact

Form = Literal["responses", "chat"]
PATHS: dict[Form, str] = {"responses": "/v1/responses", "chat": "/v1/chat/completions"}

# Room for an answer: some 110 tokens a post in practice, and what a reasoning model thinks before, which counts too.
_THINKING_TOKENS = 4_000
_POST_TOKENS = 500
_FRAME_BYTES = 200  # what the service puts around a prompt


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
    """Tokens of one call. Cached and cache-write tokens are part of the input, reasoning tokens part of the output."""

    input_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What one call wrote, by which model, and what it used.

    `failure` is set, and `posts` empty, when the answer is of no use; it was paid for all the same.
    """

    posts: tuple[DraftPost, ...]
    usage: Usage
    model: str  # the one that answered; may be more exact than the one asked for
    request_id: str | None
    failure: PlatformError | None = None


@cache
def week_schema() -> dict[str, Any]:
    """The strict schema of `DraftWeek`, without references, which not every server follows."""
    week = DraftWeek.model_json_schema()
    week.pop("$defs")
    week["properties"]["posts"]["items"] = DraftPost.model_json_schema()
    return week


def most_output_tokens(posts: int) -> int:
    """How long an answer with so many posts may get."""
    return _THINKING_TOKENS + _POST_TOKENS * posts


def prompt_bytes(instructions: str, request: Mapping[str, Any]) -> int:
    """How large a request is at most, in bytes of all that a model may have to read; a token is at least one."""
    texts = len(instructions.encode()) + len(orjson.dumps(request)) + len(orjson.dumps(week_schema()))
    return texts + _FRAME_BYTES


def body_of(
    form: Form, instructions: str, request: Mapping[str, Any], model: str, cache_key: str | None
) -> dict[str, Any]:
    """The request for a week: one JSON document after the constant instructions, so that their prefix can be cached.

    `cache_key` groups requests that share it; None = the server decides.
    """
    document = orjson.dumps(request).decode()
    most = most_output_tokens(len(request["slots"]))
    schema = {"name": "week", "strict": True, "schema": week_schema()}
    body: dict[str, Any] = {"model": model}
    if form == "responses":
        body |= {
            "instructions": instructions,
            "input": document,
            "text": {"format": {"type": "json_schema", **schema}},
            "max_output_tokens": most,
            "store": False,  # by default OpenAI keeps answers for 30 days; Chat Completions are not kept
        }
    else:
        body |= {
            "messages": [{"role": "system", "content": instructions}, {"role": "user", "content": document}],
            "response_format": {"type": "json_schema", "json_schema": schema},
            "max_completion_tokens": most,
        }
    return body if cache_key is None else {**body, "prompt_cache_key": cache_key}


def read(form: Form, answer: object, model: str, request_id: str | None, key: SecretStr) -> Draft:
    """The answer's posts and what it used; nothing in it is taken on trust, any part may be missing."""
    whole = part(answer)
    draft = Draft(
        posts=(),
        usage=_usage(part(whole.get("usage"))),
        model=text(whole.get("model")) or model,
        request_id=request_id or text(whole.get("id")),
    )
    content = _said(whole, key) if form == "responses" else _chosen(whole, key)
    if isinstance(content, PlatformError):
        failure = content
    elif (week := _parsed(content)) is not None:
        return replace(draft, posts=tuple(week.posts))
    else:
        failure = TryLater("the model's answer does not fit the schema", code="schema")
    failure.trace_id = draft.request_id
    return replace(draft, failure=failure)


def _chosen(answer: dict[str, Any], key: SecretStr) -> str | PlatformError:
    """A chat completion's text, or why there is none."""
    choice = next(iter(rows(answer.get("choices"))), {})
    message = part(choice.get("message"))
    if not message:
        return TryLater("the model answered without a choice", code="unreadable")
    if refusal := text(message.get("refusal")):
        return _refusal(refusal, key)
    if choice.get("finish_reason") == "content_filter":
        return _filtered()
    if choice.get("finish_reason") == "length":
        return _cut_off()
    return text(message.get("content")) or ""


def _said(answer: dict[str, Any], key: SecretStr) -> str | PlatformError:
    """A response's text, or why there is none. Reasoning and other items beside the message say nothing to us."""
    parts = [p for item in rows(answer.get("output")) for p in rows(item.get("content"))]
    if refusal := next((text(p.get("refusal")) for p in parts if p.get("type") == "refusal"), None):
        return _refusal(refusal, key)
    status = word(answer.get("status"))
    if status == "incomplete":
        reason = word(part(answer.get("incomplete_details")).get("reason"))
        return _filtered() if reason == "content_filter" else _cut_off()
    if status == "failed":
        error = part(answer.get("error"))
        code = word(error.get("code")) or "failed"
        words = redact(text(error.get("message")) or "it does not say why", (key,))
        outcome = Refused if code == "invalid_prompt" else TryLater
        return outcome(f"the model failed: {words} (code {code})", code=code)
    told = [text(p.get("text")) or "" for p in parts if p.get("type") == "output_text"]
    if status not in (None, "completed") or not told:
        return TryLater("the model answered without a text", code="unreadable")
    return "".join(told)


def _refusal(words: str, key: SecretStr) -> Refused:
    return Refused(f"the model refused: {redact(words, (key,))}", code="refusal")


def _filtered() -> Refused:
    return Refused("the model's answer was held back by a content filter", code="content_filter")


def _cut_off() -> TryLater:
    return TryLater("the model's answer was cut off", code="length")


def _parsed(content: str) -> DraftWeek | None:
    try:
        return DraftWeek.model_validate_json(content)
    except ValidationError:
        return None


def _usage(usage: dict[str, Any]) -> Usage:
    """Both forms name the same things differently, and compatible servers leave out what they do not count."""
    given = part(usage.get("input_tokens_details")) or part(usage.get("prompt_tokens_details"))
    written = part(usage.get("output_tokens_details")) or part(usage.get("completion_tokens_details"))
    return Usage(
        input_tokens=count(usage.get("input_tokens")) or count(usage.get("prompt_tokens")) or 0,
        cached_tokens=count(given.get("cached_tokens")) or 0,
        cache_write_tokens=count(given.get("cache_write_tokens")) or 0,
        output_tokens=count(usage.get("output_tokens")) or count(usage.get("completion_tokens")) or 0,
        reasoning_tokens=count(written.get("reasoning_tokens")) or 0,
    )
