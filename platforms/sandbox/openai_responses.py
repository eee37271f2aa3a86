"""The Responses API with structured outputs, after apis/openai.md section 3.

One answer at once, neither streamed nor in the background; nothing is kept, whatever `store` says.
"""

from __future__ import annotations

import secrets
from typing import Any

from platforms.sandbox.exchange import Answer, Call
from platforms.sandbox.openai_common import bad_request, check_key, check_model, headers
from platforms.sandbox.openai_model import Completion, LanguageModel, checked_schema
from platforms.sandbox.state import World

KNOWN = frozenset((
    "background", "context_management", "conversation", "include", "input", "instructions", "max_output_tokens",
    "max_tool_calls", "metadata", "model", "moderation", "parallel_tool_calls", "previous_response_id", "prompt",
    "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "reasoning", "safety_identifier",
    "service_tier", "store", "stream", "stream_options", "temperature", "text", "tool_choice", "tools", "top_logprobs",
    "top_p", "truncation", "user",
))  # fmt: skip
SMALLEST_LIMIT = 16


def respond(world: World, model: LanguageModel, call: Call, *, cached: bool = True) -> Answer:
    """POST /v1/responses. Raises Refused."""
    check_key(call)
    body = call.body
    name = check_model(world, body.get("model"))
    if unknown := sorted(set(body) - KNOWN):
        raise bad_request(f"Unknown parameter: '{unknown[0]}'.", unknown[0], "unknown_parameter")
    for word in ("stream", "background"):
        if body.get(word):
            raise bad_request(f"'{word}' is not offered by this sandbox.", word, "unsupported_value")
    limit = body.get("max_output_tokens")
    if isinstance(limit, int) and limit < SMALLEST_LIMIT:
        text = f"Invalid 'max_output_tokens': integer below minimum value. Expected a value >= {SMALLEST_LIMIT}."
        raise bad_request(text, "max_output_tokens", "integer_below_min_value")
    texts = _texts(body)
    done = model.complete(
        name, texts, _schema_of(body.get("text")), limit,
        trouble=call.trouble, cache_key=str(body.get("prompt_cache_key") or "") if cached else None, now=call.now,
    )  # fmt: skip
    return Answer(_told(done, name, body, call.now), headers=headers())


def _texts(body: dict[str, Any]) -> list[tuple[str, str]]:
    """The instructions, then the input: a text, or a list of messages."""
    given = body.get("input")
    if isinstance(given, str) and given:
        said = [("user", given)]
    elif isinstance(given, list) and given:
        said = [(str(item.get("role", "user")), _text_of(item)) for item in given if isinstance(item, dict)]
    else:
        raise bad_request("Missing required parameter: 'input'.", "input", "missing_required_parameter")
    return [("system", str(body["instructions"])), *said] if body.get("instructions") else said


def _text_of(item: dict[str, Any]) -> str:
    content = item.get("content")
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content or "")


def _schema_of(given: Any) -> dict[str, Any] | None:
    """The JSON schema of `text.format`; None for plain text."""
    wanted = given.get("format") if isinstance(given, dict) else None
    if wanted is None or (isinstance(wanted, dict) and wanted.get("type") == "text"):
        return None
    return checked_schema(wanted if isinstance(wanted, dict) else None, "text.format")


def _told(done: Completion, model: str, body: dict[str, Any], now: float) -> dict[str, Any]:
    said: dict[str, Any] = {"type": "refusal", "refusal": done.refusal}
    if done.content is not None:
        said = {"type": "output_text", "text": done.content, "annotations": [], "logprobs": []}
    status = "incomplete" if done.cut_off else "completed"
    message = {
        "id": f"msg_{secrets.token_hex(24)}", "type": "message", "role": "assistant", "status": status,
        "content": [said],
    }  # fmt: skip
    return {
        "id": f"resp_{secrets.token_hex(24)}", "object": "response", "created_at": int(now), "status": status,
        "completed_at": None if done.cut_off else int(now), "error": None, "background": False,
        "incomplete_details": {"reason": "max_output_tokens"} if done.cut_off else None,
        "instructions": body.get("instructions"), "max_output_tokens": body.get("max_output_tokens"), "model": model,
        "output": [message], "parallel_tool_calls": True, "previous_response_id": None,
        "prompt_cache_key": body.get("prompt_cache_key"), "reasoning": {"effort": None, "summary": None},
        "service_tier": "default", "store": body.get("store", True), "temperature": 1.0, "text": body.get("text") or {},
        "tool_choice": "auto", "tools": [], "top_p": 1.0, "truncation": "disabled", "metadata": {},
        "usage": {
            "input_tokens": done.input_tokens,
            "input_tokens_details": {
                "cached_tokens": done.cached_tokens, "cache_write_tokens": done.cache_write_tokens,
            },
            "output_tokens": done.output_tokens, "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": done.input_tokens + done.output_tokens,
        },
    }  # fmt: skip
