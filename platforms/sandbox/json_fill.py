"""JSON Schema as OpenAI's structured outputs use it: whether a strict one is allowed, and a value that fits one."""

from __future__ import annotations

from typing import Any

UNSUPPORTED = ("allOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas")
MAX_DEPTH = 10


def strict_problem(schema: dict[str, Any]) -> str | None:
    """What is wrong with a strict schema, in the words of the real endpoint; None when nothing is."""
    if schema.get("type") != "object" or "anyOf" in schema:
        return f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{schema.get('type')}\"'."
    return _problem(schema, (), 1)


def _problem(schema: Any, where: tuple[str, ...], depth: int) -> str | None:
    if not isinstance(schema, dict):
        return None
    context = f"In context={where!r}, "
    if depth > MAX_DEPTH:
        return context + f"schema exceeds the maximum depth of {MAX_DEPTH} levels of nesting."
    for word in UNSUPPORTED:
        if word in schema:
            return context + f"'{word}' is not permitted."
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return context + "'additionalProperties' is required to be supplied and to be false."
        properties = schema.get("properties", {})
        missing = [name for name in properties if name not in schema.get("required", [])]
        if missing:
            return context + (
                "'required' is required to be supplied and to be an array including every key in properties. "
                f"Missing '{missing[0]}'."
            )
        for name, inner in properties.items():
            if told := _problem(inner, (*where, "properties", name), depth + 1):
                return told
    if told := _problem(schema.get("items"), (*where, "items"), depth + 1):
        return told
    for name, inner in {**schema.get("$defs", {}), **schema.get("definitions", {})}.items():
        if told := _problem(inner, ("$defs", name), depth):
            return told
    for inner in schema.get("anyOf", []):
        if told := _problem(inner, (*where, "anyOf"), depth):
            return told
    return None


def filled(schema: dict[str, Any], root: dict[str, Any] | None = None, depth: int = 0) -> Any:
    """A plain value that fits the schema."""
    root = schema if root is None else root
    if "$ref" in schema:
        target: Any = root
        for part in str(schema["$ref"]).removeprefix("#/").split("/"):
            target = target[part]
        return None if depth > MAX_DEPTH else filled(target, root, depth + 1)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    if schema.get("anyOf"):
        nullable = [inner for inner in schema["anyOf"] if inner.get("type") == "null"]
        return None if nullable and depth > 3 else filled(schema["anyOf"][0], root, depth + 1)
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        kind = next((name for name in kind if name != "null"), "null")
    match kind:
        case "object":
            return {name: filled(inner, root, depth + 1) for name, inner in schema.get("properties", {}).items()}
        case "array":
            length = max(int(schema.get("minItems", 1)), 0 if depth > 6 else 1)
            return [filled(schema.get("items", {"type": "string"}), root, depth + 1) for _ in range(length)]
        case "integer" | "number":
            low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
            step = schema.get("multipleOf")
            value = low + (1 if "exclusiveMinimum" in schema else 0)
            return -(-value // step) * step if step else value
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return _text(schema)


def _text(schema: dict[str, Any]) -> str:
    formats = {
        "date": "2026-01-15", "date-time": "2026-01-15T09:00:00Z", "time": "09:00:00", "email": "hello@example.com",
        "uuid": "123e4567-e89b-12d3-a456-426614174000", "uri": "https://example.com", "duration": "PT1H",
        "hostname": "example.com", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1",
    }  # fmt: skip
    text = formats.get(str(schema.get("format")), "A short text.")
    text += "." * max(0, int(schema.get("minLength", 0)) - len(text))
    return text[: int(schema["maxLength"])] if "maxLength" in schema else text
