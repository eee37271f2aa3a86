"""An OpenAI-compatible endpoint: chat completions with structured outputs, after apis/openai.md.

When the user's message is the JSON document of our product's writer, posts are written for its slots; any other schema
is filled with values that fit. Streaming is not offered.
"""

from __future__ import annotations

import secrets
from collections import deque
from typing import Any

import orjson

from platforms.sandbox.exchange import Answer, Call, Operation, Refused
from platforms.sandbox.json_fill import filled, strict_problem
from platforms.sandbox.state import World
from platforms.sandbox.writing.writer import Writer

MODELS = frozenset((
    "gpt-6-astra", "gpt-6.2-astra", "gpt-6-sol", "gpt-6.1-sol", "gpt-6.2-sol", "gpt-6.1-terra", "gpt-6-luna",
    "gpt-5.6", "gpt-5.6-sol", "gpt-5.6-terra", "gpt-5.6-luna", "gpt-5.5", "gpt-5.4", "gpt-5.4-mini", "gpt-5.4-nano",
    "gpt-5.1", "gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini", "o3",
))  # fmt: skip
CACHE_FROM = 1024  # tokens of identical prefix
CACHE_STEP = 128
CACHE_LIFE = 600.0  # seconds
ROLES = frozenset(("system", "developer", "user", "assistant", "tool"))


def error(status: int, message: str, kind: str, code: str | None = None, param: str | None = None) -> Answer:
    """OpenAI's envelope of an error."""
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return Answer(body, status, {"x-request-id": f"req_{secrets.token_hex(16)}"})


def bad_request(message: str, param: str | None = None, code: str | None = None) -> Refused:
    """400 invalid_request_error."""
    return Refused(error(400, message, "invalid_request_error", code, param))


class OpenAiVoice:
    """OpenAI's words for troubles that a rule asks for."""

    def throttled(self, account: str | None, retry_after: float | None) -> Answer:
        """Requests per minute used up."""
        answer = error(429, "Rate limit reached for requests", "requests", "rate_limit_exceeded")
        answer.headers |= {"retry-after": str(int(retry_after or 1)), "x-ratelimit-remaining-requests": "0"}
        return answer

    def failed(self, status: int) -> Answer:
        """5xx."""
        text = "The server had an error while processing your request. Sorry about that!"
        return error(status, text, "server_error")

    def bad_token(self, operation: str, revoked: bool) -> Answer:
        """A wrong key."""
        return error(401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key")

    def error_code(self, status: int, code: int | str, subcode: int | None, transient: bool) -> Answer:
        """Such as 429 with insufficient_quota, which is a matter of money and not of waiting."""
        return error(status, f"Requested by a fault rule: {code}", str(code), str(code))


class OpenAi:
    """api.openai.com/v1."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._writer = Writer()
        self._prompts: deque[tuple[str, str, float]] = deque(maxlen=60)  # model, prompt, when

    def resolve(self, call: Call) -> Operation:
        """Which method."""
        match (call.method, *call.path):
            case ("POST", "v1", "chat", "completions"):
                return Operation("openai", "complete", None, lambda: self._complete(call))
            case ("GET", "v1", "models"):
                return Operation("openai", "models", None, lambda: self._models(call))
            case ("GET", "v1", "models", model):
                return Operation("openai", "models", None, lambda: self._model(call, model))
        url = f"{call.method} /{'/'.join(call.path)}"
        raise Refused(error(404, f"Invalid URL ({url})", "invalid_request_error"))

    def _models(self, call: Call) -> Answer:
        _check_key(call)
        return Answer({"object": "list", "data": [_model(name) for name in sorted(MODELS)]})

    def _model(self, call: Call, name: str) -> Answer:
        _check_key(call)
        self._check_model(name)
        return Answer(_model(name))

    def _check_model(self, name: Any) -> None:
        if not isinstance(name, str) or not name:
            raise bad_request("you must provide a model parameter")
        if name not in MODELS and self._world.config.openai_unknown_models != "accept":
            text = f"The model `{name}` does not exist or you do not have access to it."
            raise Refused(error(404, text, "invalid_request_error", "model_not_found"))

    def _complete(self, call: Call) -> Answer:
        _check_key(call)
        body = call.body
        self._check_model(body.get("model"))
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages:
            raise bad_request("Missing required parameter: 'messages'.", "messages", "missing_required_parameter")
        if body.get("stream"):
            raise bad_request("Streaming is not offered by this sandbox.", "stream", "unsupported_value")
        texts = [_text_of(message, number) for number, message in enumerate(messages)]
        schema = _schema_of(body.get("response_format"))
        trouble = call.trouble.kind if call.trouble else ""
        poor = str(call.trouble.code or "chatter") if call.trouble and trouble == "poor_text" else None
        users = [text for message, text in zip(messages, texts, strict=True) if message["role"] == "user"]
        content = self._content((users or texts)[-1], schema, poor)
        if trouble == "bad_json":
            content = "Here is the JSON you asked for:\n" + content[: len(content) // 2]
        prompt = "\n".join(f"{message['role']}:{text}" for message, text in zip(messages, texts, strict=True))
        limit = body.get("max_completion_tokens") or body.get("max_tokens")
        if trouble == "truncated":
            limit = max(1, tokens(content) // 2)
        finish = "stop"
        if isinstance(limit, int) and tokens(content) > limit:
            content, finish = content[: limit * 4], "length"
        refusal = "I'm sorry, I can't help with that." if trouble == "refusal" else None
        return self._answer(call, str(body["model"]), prompt, None if refusal else content, refusal, finish)

    def _content(self, user_text: str, schema: dict[str, Any] | None, poor: str | None) -> str:
        if schema is None:
            return "The sandbox writes posts when it is asked with a JSON schema."
        try:
            request = orjson.loads(user_text)
        except orjson.JSONDecodeError:
            request = None
        item = _post_schema(schema)
        if item is None or not isinstance(request, dict) or not isinstance(request.get("slots"), list):
            return orjson.dumps(filled(schema)).decode()
        posts = [
            {name: post[name] if name in post else filled(inner, schema) for name, inner in item.items()}
            for post in self._writer.write(request, poor)
        ]
        rest = {name: filled(inner, schema) for name, inner in schema["properties"].items() if name != "posts"}
        return orjson.dumps({**rest, "posts": posts}).decode()

    def _answer(
        self, call: Call, model: str, prompt: str, content: str | None, refusal: str | None, finish: str
    ) -> Answer:
        cached = self._cached(model, prompt, call.now)
        asked, told = tokens(prompt), tokens(content or refusal or "")
        usage = {
            "prompt_tokens": asked, "completion_tokens": told, "total_tokens": asked + told,
            "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0,
                                          "rejected_prediction_tokens": 0},
        }  # fmt: skip
        message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": refusal, "annotations": []}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
        body = {
            "id": f"chatcmpl-{secrets.token_hex(14)}", "object": "chat.completion", "created": int(call.now),
            "model": model, "choices": [choice], "usage": usage, "service_tier": "default",
            "system_fingerprint": "fp_sandbox",
        }  # fmt: skip
        headers = {
            "x-request-id": f"req_{secrets.token_hex(16)}", "openai-processing-ms": "12",
            "x-ratelimit-limit-requests": "500", "x-ratelimit-remaining-requests": "499",
        }  # fmt: skip
        return Answer(body, headers=headers)

    def _cached(self, model: str, prompt: str, now: float) -> int:
        """Tokens of the longest prefix that an earlier prompt had too, in whole steps; 0 below the smallest."""
        longest = max(
            (_same_start(prompt, earlier) for name, earlier, at in self._prompts
             if name == model and now - at < CACHE_LIFE), default=0,
        )  # fmt: skip
        self._prompts.append((model, prompt, now))
        cached = tokens(prompt[:longest]) // CACHE_STEP * CACHE_STEP
        return cached if cached >= CACHE_FROM else 0


def tokens(text: str) -> int:
    """About as many tokens as a real tokenizer makes of English and JSON: a quarter of the characters."""
    return -(-len(text) // 4)


def _same_start(one: str, other: str) -> int:
    """How many characters two texts have in common from the start."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _check_key(call: Call) -> None:
    if not call.bearer:
        text = (
            "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer "
            "auth (i.e. Authorization: Bearer YOUR_KEY)."
        )
        raise Refused(error(401, text, "invalid_request_error"))


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1_790_000_000, "owned_by": "system"}


def _text_of(message: Any, number: int) -> str:
    if not isinstance(message, dict) or message.get("role") not in ROLES:
        raise bad_request(f"Invalid value for 'messages[{number}].role'.", f"messages[{number}].role", "invalid_value")
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
    if not isinstance(named, dict) or not isinstance(named.get("schema"), dict) or not named.get("name"):
        raise bad_request("Missing required parameter: 'response_format.json_schema'.", "response_format.json_schema",
                          "missing_required_parameter")  # fmt: skip
    schema: dict[str, Any] = named["schema"]
    if named.get("strict") and (problem := strict_problem(schema)):
        raise bad_request(f"Invalid schema for response_format '{named['name']}': {problem}", "response_format")
    return schema


def _post_schema(schema: dict[str, Any]) -> dict[str, Any] | None:
    """The properties of one post when the schema is that of our product's writer."""
    posts = schema.get("properties", {}).get("posts", {})
    item = posts.get("items", {}) if isinstance(posts, dict) else {}
    if "$ref" in item:
        item = schema.get("$defs", {}).get(str(item["$ref"]).rsplit("/", 1)[1], {})
    properties: dict[str, Any] = item.get("properties", {})
    return properties if {"slot", "text"} <= set(properties) else None
