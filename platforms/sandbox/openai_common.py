"""What all of OpenAI's twins share: models, errors in its words, the key, and how tokens are counted."""

from __future__ import annotations

import secrets
from typing import Any

from platforms.sandbox.exchange import Answer, Call, Refused
from platforms.sandbox.state import World

MODELS = frozenset((
    "gpt-6-astra", "gpt-6.2-astra", "gpt-6-sol", "gpt-6.1-sol", "gpt-6.2-sol", "gpt-6.1-terra", "gpt-6-luna",
    "gpt-5.6", "gpt-5.6-sol", "gpt-5.6-terra", "gpt-5.6-luna", "gpt-5.5", "gpt-5.4", "gpt-5.4-mini", "gpt-5.4-nano",
    "gpt-5.1", "gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini", "o3",
))  # fmt: skip


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


def check_key(call: Call) -> None:
    """Raises Refused without a key; any key is good."""
    if not call.bearer:
        text = (
            "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer "
            "auth (i.e. Authorization: Bearer YOUR_KEY)."
        )
        raise Refused(error(401, text, "invalid_request_error"))


def check_model(world: World, name: Any) -> str:
    """The model's name. Raises Refused for none, and for one that does not exist."""
    if not isinstance(name, str) or not name:
        raise bad_request("you must provide a model parameter")
    if name not in MODELS and world.config.openai_unknown_models != "accept":
        text = f"The model `{name}` does not exist or you do not have access to it."
        raise Refused(error(404, text, "invalid_request_error", "model_not_found"))
    return name


def headers() -> dict[str, str]:
    """Of an answer that succeeded."""
    return {
        "x-request-id": f"req_{secrets.token_hex(16)}", "openai-processing-ms": "12",
        "x-ratelimit-limit-requests": "500", "x-ratelimit-remaining-requests": "499",
    }  # fmt: skip


def tokens(text: str) -> int:
    """About as many tokens as a real tokenizer makes of English and JSON: a quarter of the characters."""
    return -(-len(text) // CHARACTERS_A_TOKEN)


CHARACTERS_A_TOKEN = 4
