"""api.openai.com/v1: which method a request asks for. `complete` is a text by either of the two endpoints."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from platforms.sandbox import openai_chat, openai_responses
from platforms.sandbox.exchange import Answer, Call, Operation, Refused
from platforms.sandbox.faults import Faults
from platforms.sandbox.openai_batches import Batches
from platforms.sandbox.openai_common import MODELS, check_key, check_model, error
from platforms.sandbox.openai_model import LanguageModel
from platforms.sandbox.state import World


class OpenAi:
    """OpenAI, or with `openai_responses` and `openai_batches` off a compatible server that lacks them."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        model = LanguageModel()
        self._chat = partial(openai_chat.complete, world, model)
        self._respond = partial(openai_responses.respond, world, model)
        work: dict[str, Callable[[Call], Answer]] = {
            "/v1/chat/completions": partial(self._chat, cached=False),
            "/v1/responses": partial(self._respond, cached=False),
        }
        self._batches = Batches(world, faults, work)

    def resolve(self, call: Call) -> Operation:
        """Which method."""
        config, batches = self._world.config, self._batches
        match (call.method, *call.path):
            case ("POST", "v1", "chat", "completions"):
                return Operation("openai", "complete", None, lambda: self._chat(call))
            case ("POST", "v1", "responses") if config.openai_responses:
                return Operation("openai", "complete", None, lambda: self._respond(call))
            case ("GET", "v1", "models"):
                return Operation("openai", "models", None, lambda: self._models(call))
            case ("GET", "v1", "models", model):
                return Operation("openai", "models", None, lambda: self._model(call, model))
            case ("POST", "v1", "files") if config.openai_batches:
                return Operation("openai", "upload", None, lambda: batches.upload(call))
            case ("GET", "v1", "files", file_id, "content") | ("DELETE", "v1", "files", file_id):
                return Operation("openai", "file", None, lambda: batches.file(call, file_id))
            case ("POST", "v1", "batches") if config.openai_batches:
                return Operation("openai", "create_batch", None, lambda: batches.create(call))
            case ("GET", "v1", "batches") if config.openai_batches:
                return Operation("openai", "list_batches", None, lambda: batches.page(call))
            case ("GET", "v1", "batches", batch_id):
                return Operation("openai", "read_batch", None, lambda: batches.read(call, batch_id))
        url = f"{call.method} /{'/'.join(call.path)}"
        raise Refused(error(404, f"Invalid URL ({url})", "invalid_request_error"))

    def _models(self, call: Call) -> Answer:
        check_key(call)
        return Answer({"object": "list", "data": [_model(name) for name in sorted(MODELS)]})

    def _model(self, call: Call, name: str) -> Answer:
        check_key(call)
        return Answer(_model(check_model(self._world, name)))


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1_790_000_000, "owned_by": "system"}
