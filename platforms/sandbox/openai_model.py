"""The language model behind the endpoints: what it writes, where it stops, what it counts.

When the last user text is the JSON document of our product's writer, posts are written for its slots; any other schema
is filled with values that fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from platforms.sandbox.faults import Trouble
from platforms.sandbox.json_fill import filled, strict_problem
from platforms.sandbox.openai_common import CHARACTERS_A_TOKEN, bad_request, tokens
from platforms.sandbox.prompt_cache import PromptCache
from platforms.sandbox.writing.writer import Writer


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model said and what was counted. One of `content` and `refusal` is there."""

    content: str | None
    refusal: str | None
    cut_off: bool
    input_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    output_tokens: int


class LanguageModel:
    """One for all models: they differ in name and price only."""

    def __init__(self) -> None:
        self._writer = Writer()
        self._cache = PromptCache()

    def complete(
        self, model: str, texts: Sequence[tuple[str, str]], schema: dict[str, Any] | None, limit: Any, *,
        trouble: Trouble | None, cache_key: str | None, now: float,
    ) -> Completion:  # fmt: skip
        """Answer to texts of (role, text). `limit` is the most tokens; `cache_key` None = this call is not cached."""
        kind = trouble.kind if trouble else ""
        poor = str(trouble.code or "chatter") if trouble and kind == "poor_text" else None
        users = [text for role, text in texts if role == "user"]
        content = self._content((users or [text for _, text in texts])[-1], schema, poor)
        if kind == "bad_json":
            content = "Here is the JSON you asked for:\n" + content[: len(content) // 2]
        if kind == "truncated":
            limit = max(1, tokens(content) // 2)
        cut_off = isinstance(limit, int) and tokens(content) > limit
        content = content[: limit * CHARACTERS_A_TOKEN] if cut_off else content
        refusal = "I'm sorry, I can't help with that." if kind == "refusal" else None
        prompt = "\n".join(f"{role}:{text}" for role, text in texts)
        cached, written = self._cache.look(model, cache_key, prompt, now) if cache_key is not None else (0, 0)
        return Completion(
            content=None if refusal else content, refusal=refusal, cut_off=cut_off and not refusal,
            input_tokens=tokens(prompt), cached_tokens=cached, cache_write_tokens=written,
            output_tokens=tokens(refusal or content),
        )  # fmt: skip

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


def checked_schema(named: Any, where: str) -> dict[str, Any]:
    """The schema of `{name, schema, strict}`. Raises Refused for one that is missing or not allowed."""
    if not isinstance(named, dict) or not isinstance(named.get("schema"), dict) or not named.get("name"):
        raise bad_request(f"Missing required parameter: '{where}'.", where, "missing_required_parameter")
    schema: dict[str, Any] = named["schema"]
    if named.get("strict") and (problem := strict_problem(schema)):
        place = where.partition(".json_schema")[0]
        raise bad_request(f"Invalid schema for response_format '{named['name']}': {problem}", place)
    return schema


def _post_schema(schema: dict[str, Any]) -> dict[str, Any] | None:
    """The properties of one post when the schema is that of our product's writer."""
    posts = schema.get("properties", {}).get("posts", {})
    item = posts.get("items", {}) if isinstance(posts, dict) else {}
    if "$ref" in item:
        item = schema.get("$defs", {}).get(str(item["$ref"]).rsplit("/", 1)[1], {})
    properties: dict[str, Any] = item.get("properties", {})
    return properties if {"slot", "text"} <= set(properties) else None
