"""Files and batches, after apis/openai.md section 8.

A batch is over `openai_batch_seconds` after it was made. Its requests are worked on one by one like direct calls, with
the same faults, at half the price and without the prompt cache; results come in another order than they were asked for.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from platforms.sandbox.exchange import Answer, Call, Refused
from platforms.sandbox.faults import Faults, Trouble
from platforms.sandbox.openai_common import OpenAiVoice, bad_request, check_key, error, headers
from platforms.sandbox.state import AiBatch, Upload, World

ENDPOINTS = frozenset(("/v1/responses", "/v1/chat/completions"))
MOST_REQUESTS = 50_000
MOST_BYTES = 200_000_000

Work = Callable[[Call], Answer]


class Batches:
    """Uploaded files, and the batches made of them."""

    def __init__(self, world: World, faults: Faults, work: dict[str, Work]) -> None:
        """`work` does one request of an endpoint, uncached."""
        self._world = world
        self._faults = faults
        self._work = work

    def upload(self, call: Call) -> Answer:
        """POST /v1/files."""
        check_key(call)
        content, purpose = call.body.get("file"), str(call.body.get("purpose", ""))
        if purpose != "batch":
            raise bad_request(f"'{purpose}' is not one of ['batch'] - 'purpose'", "purpose")
        if not isinstance(content, bytes) or not content:
            raise bad_request("'file' is a required property", "file")
        if len(content) > MOST_BYTES:
            raise bad_request("The file is too large.", "file")
        made = self._keep_file(content, purpose, call.now)
        return Answer(_file(made), headers=headers())

    def file(self, call: Call, file_id: str) -> Answer:
        """GET /v1/files/{id}/content, DELETE /v1/files/{id}."""
        check_key(call)
        found = self._world.uploads.get(file_id)
        if found is None or found.deleted:
            raise Refused(error(404, f"No such File object: {file_id}", "invalid_request_error", None, "id"))
        if call.method == "DELETE":
            self._world.put(replace(found, deleted=True))
            return Answer({"id": file_id, "object": "file", "deleted": True}, headers=headers())
        return Answer(found.content.encode(), content_type=b"application/octet-stream", headers=headers())

    def create(self, call: Call) -> Answer:
        """POST /v1/batches."""
        check_key(call)
        endpoint, file_id = call.text("endpoint"), call.text("input_file_id")
        if endpoint not in ENDPOINTS:
            raise bad_request(f"Invalid value: '{endpoint}'.", "endpoint", "invalid_value")
        if call.text("completion_window") != "24h":
            raise bad_request("Invalid value for 'completion_window'.", "completion_window", "invalid_value")
        found = self._world.uploads.get(file_id)
        if found is None or found.deleted:
            raise bad_request(f"Invalid file: {file_id}", "input_file_id")
        metadata = call.body.get("metadata") or {}
        kind = call.trouble.kind if call.trouble else ""
        made = AiBatch(
            id=f"batch_{secrets.token_hex(16)}", endpoint=endpoint, input_file_id=file_id, created=call.now,
            metadata={str(name): str(value) for name, value in dict(metadata).items()},
            fate=kind if kind in ("batch_fails", "batch_expires") else "",
        )  # fmt: skip
        self._world.put(made)
        return Answer(self._batch(made, call.now), headers=headers())

    def page(self, call: Call) -> Answer:
        """GET /v1/batches, newest first."""
        check_key(call)
        found = sorted(self._world.batches.values(), key=lambda batch: (batch.created, batch.id), reverse=True)
        if after := call.text("after"):
            ids = [batch.id for batch in found]
            found = found[ids.index(after) + 1 :] if after in ids else []
        shown = found[: int(call.text("limit") or 20)]
        body = {
            "object": "list", "data": [self._batch(batch, call.now) for batch in shown],
            "first_id": shown[0].id if shown else None, "last_id": shown[-1].id if shown else None,
            "has_more": len(found) > len(shown),
        }  # fmt: skip
        return Answer(body, headers=headers())

    def read(self, call: Call, batch_id: str) -> Answer:
        """GET /v1/batches/{id}."""
        check_key(call)
        found = self._world.batches.get(batch_id)
        if found is None:
            raise Refused(error(404, f"No batch found with id '{batch_id}'.", "invalid_request_error"))
        if not found.over and call.now >= found.created + self._world.config.openai_batch_seconds:
            found = self._worked_on(found, call)
            self._world.put(found)
        return Answer(self._batch(found, call.now), headers=headers())

    def _worked_on(self, batch: AiBatch, call: Call) -> AiBatch:
        """The batch when it is over."""
        lines, problems = _lines(self._world.uploads[batch.input_file_id].content, batch.endpoint)
        if batch.fate == "batch_fails":
            problems = [{"code": "internal_error", "message": "The batch could not be validated.", "line": None}]
        if problems:
            return replace(batch, over="failed", errors=problems, ended=call.now)
        good: list[dict[str, Any]] = []
        bad: list[dict[str, Any]] = []
        for number, line in enumerate(lines):
            told: dict[str, Any] = {"id": f"batch_req_{secrets.token_hex(12)}", "custom_id": line["custom_id"]}
            if batch.fate == "batch_expires" and number >= len(lines) // 2:
                text = "This request could not be executed before the completion window expired."
                bad.append({**told, "response": None, "error": {"code": "batch_expired", "message": text}})
                continue
            answer = self._answered(replace(call, body=line["body"]), batch.endpoint)
            response = {
                "status_code": answer.status, "request_id": f"req_{secrets.token_hex(16)}", "body": answer.body,
            }  # fmt: skip
            (good if answer.status == 200 else bad).append({**told, "response": response, "error": None})
        random.Random(batch.id).shuffle(good)
        return replace(
            batch, over="expired" if batch.fate == "batch_expires" else "completed", ended=call.now,
            total=len(lines), completed=len(good), model=str(lines[0]["body"].get("model")),
            output_file_id=self._results(good, call.now), error_file_id=self._results(bad, call.now),
        )  # fmt: skip

    def _answered(self, call: Call, endpoint: str) -> Answer:
        """One request, with whatever goes wrong for direct calls too."""
        trouble, _ = self._faults.decide("openai", "complete", None)
        if trouble is not None and (answer := _refusal_of(trouble)) is not None:
            return answer
        call.trouble = trouble
        try:
            return self._work[endpoint](call)
        except Refused as refused:
            return refused.answer

    def _results(self, lines: list[dict[str, Any]], now: float) -> str | None:
        content = b"\n".join(map(orjson.dumps, lines))
        return self._keep_file(content, "batch_output", now).id if lines else None

    def _keep_file(self, content: bytes, purpose: str, now: float) -> Upload:
        made = Upload(
            id=f"file-{secrets.token_hex(11)}", purpose=purpose, created=now, content=content.decode("utf-8", "replace")
        )
        self._world.put(made)
        return made

    def _batch(self, batch: AiBatch, now: float) -> dict[str, Any]:
        seconds = self._world.config.openai_batch_seconds
        status = batch.over or ("validating" if now < batch.created + seconds / 10 else "in_progress")
        ended = None if batch.ended is None else int(batch.ended)
        told: dict[str, Any] = {
            "id": batch.id, "object": "batch", "endpoint": batch.endpoint, "input_file_id": batch.input_file_id,
            "completion_window": "24h", "status": status, "created_at": int(batch.created),
            "expires_at": int(batch.created) + 86_400, "metadata": batch.metadata,
            "request_counts": {"total": batch.total, "completed": batch.completed,
                               "failed": batch.total - batch.completed},
        }  # fmt: skip
        if batch.over:
            told[f"{batch.over}_at"] = ended
        if batch.errors:
            told["errors"] = {"object": "list", "data": batch.errors}
        files = {"output_file_id": batch.output_file_id, "error_file_id": batch.error_file_id, "model": batch.model}
        return told | {name: value for name, value in files.items() if value is not None}


def _lines(content: str, endpoint: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The requests of a file, and what is wrong with it."""
    lines: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    models: set[Any] = set()
    names: set[Any] = set()
    for number, raw in enumerate(content.splitlines(), 1):
        try:
            line = orjson.loads(raw)
        except orjson.JSONDecodeError:
            line = None
        what = _problem(line, endpoint, names, models)
        if what is None:
            lines.append(line)
            names.add(line["custom_id"])
            models.add(line["body"].get("model"))
        else:
            problems.append({"code": what[0], "message": what[1], "param": None, "line": number})
    if len(lines) > MOST_REQUESTS:
        problems.append({"code": "too_many_tasks", "message": "The batch holds too many requests.", "line": None})
    return lines, problems


def _problem(line: Any, endpoint: str, names: set[Any], models: set[Any]) -> tuple[str, str] | None:
    if not isinstance(line, dict) or not isinstance(line.get("body"), dict):
        return "invalid_json_line", "This line is not parseable as valid JSON."
    if line.get("method") != "POST" or line.get("url") != endpoint:
        return "invalid_url", f"The URL provided for this request does not match the batch endpoint {endpoint}."
    if not line.get("custom_id") or line["custom_id"] in names:
        return "duplicate_custom_id", f"The custom_id {line.get('custom_id')!r} is missing or was used before."
    if models and line["body"].get("model") not in models:
        return "mismatched_model", "All requests of a batch must use the same model."
    return None


def _refusal_of(trouble: Trouble) -> Answer | None:
    """The error that a fault makes of one request; None when the request is worked on."""
    voice = OpenAiVoice()
    if trouble.kind == "429":
        return voice.throttled(None, trouble.retry_after)
    if trouble.kind == "5xx":
        return voice.failed(trouble.status or 500)
    if trouble.kind == "error_code":
        return voice.error_code(trouble.status or 400, trouble.code or 1, trouble.subcode, trouble.is_transient)
    return None


def _file(upload: Upload) -> dict[str, Any]:
    return {
        "id": upload.id, "object": "file", "bytes": len(upload.content.encode()), "created_at": int(upload.created),
        "filename": "requests.jsonl", "purpose": upload.purpose, "status": "processed",
    }  # fmt: skip
