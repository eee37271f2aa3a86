"""Chat completions with structured outputs, after apis/openai.md section 4. Streaming is not offered."""

from __future__ import annotations

import secrets
from typing import Any

from platforms.sandbox.exchange import Answer, Call
from platforms.sandbox.openai_common import bad_request, check_key, check_model, headers
from platforms.sandbox.openai_model import Completion, LanguageModel, checked_schema
from platforms.sandbox.state import World

ROLES = frozenset(("system", "developer", "user", "assistant", "tool"))


def complete(world: World, model: LanguageModel, call: Call, *, cached: bool = True) -> Answer:
    """POST /v1/chat/completions. Raises Refused."""
    check_key(call)
    body = call.body
    name = check_model(world, body.get("model"))
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise bad_request("Missing required parameter: 'messages'.", "messages", "missing_required_parameter")
    if body.get("stream"):
        raise bad_request("Streaming is not offered by this sandbox.", "stream", "unsupported_value")
    texts = [(_role_of(message, number), _text_of(message)) for number, message in enumerate(messages)]
    done = model.complete(
        name, texts, _schema_of(body.get("response_format")),
        body.get("max_completion_tokens") or body.get("max_tokens"),
        trouble=call.trouble, cache_key=str(body.get("prompt_cache_key") or "") if cached else None, now=call.now,
    )  # fmt: skip
    return Answer(_told(done, name, call.now), headers=headers())


def _told(done: Completion, model: str, now: float) -> dict[str, Any]:
    usage = {
        "prompt_tokens": done.input_tokens, "completion_tokens": done.output_tokens,
        "total_tokens": done.input_tokens + done.output_tokens,
        "prompt_tokens_details": {"cached_tokens": done.cached_tokens, "cache_write_tokens": done.cache_write_tokens,
                                  "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0,
                                      "rejected_prediction_tokens": 0},
    }  # fmt: skip
    message: dict[str, Any] = {"role": "assistant", "content": done.content, "refusal": done.refusal, "annotations": []}
    finish = "length" if done.cut_off else "stop"
    return {
        "id": f"chatcmpl-{secrets.token_hex(14)}", "object": "chat.completion", "created": int(now), "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}], "usage": usage,
        "service_tier": "default", "system_fingerprint": "fp_sandbox",
    }  # fmt: skip


def _role_of(message: Any, number: int) -> str:
    if not isinstance(message, dict) or message.get("role") not in ROLES:
        raise bad_request(f"Invalid value for 'messages[{number}].role'.", f"messages[{number}].role", "invalid_value")
    return str(message["role"])


def _text_of(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content or "")


def _schema_of(given: Any) -> dict[str, Any] | None:
    """The JSON schema of `response_format`; None for plain text. Raises Refused for one that is not allowed."""
    if given is None or (isinstance(given, dict) and given.get("type") == "text"):
        return None
    if isinstance(given, dict) and given.get("type") == "json_object":
        return {"type": "object", "properties": {}}
    named = given.get("json_schema") if isinstance(given, dict) and given.get("type") == "json_schema" else None
    return checked_schema(named, "response_format.json_schema")
