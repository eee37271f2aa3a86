"""One request to a twin and its answer: reading it, letting faults interfere, carrying it out, sending, counting.

This is raw ASGI and not Starlette's Request/Response, because benchmarks send thousands of publish calls through it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import parse_qsl

import httpx
import orjson
from starlette.datastructures import UploadFile
from starlette.requests import Request

from platforms.sandbox.calls import CallLog
from platforms.sandbox.faults import Faults, Trouble
from platforms.sandbox.fetching import Sights, addresses_in, look_at

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

JSON = b"application/json; charset=UTF-8"
FORM = b"application/x-www-form-urlencoded"


@dataclass(slots=True)
class Answer:
    """What a platform sends back. `body` is JSON-able, or bytes that go out as they are."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: bytes = JSON


class Refused(Exception):
    """A platform's refusal; carries the answer to send."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(slots=True)
class Call:
    """A request as the twins read it."""

    method: str
    path: tuple[str, ...]  # segments below the service's base URL
    query: dict[str, list[str]]
    body: dict[str, Any]  # JSON object or form fields; a file is its bytes
    headers: dict[bytes, bytes]
    base_url: str  # scheme and host as the client wrote them
    mount: str  # path of the service's base URL
    now: float  # Unix seconds
    trouble: Trouble | None = None
    sights: Sights = field(default_factory=dict)  # pictures that the call names, as far as they were looked at

    def first(self, name: str) -> Any:
        """The value of a parameter, from the body or else the query; None when absent."""
        if name in self.body:
            return self.body[name]
        values = self.query.get(name)
        return values[-1] if values else None

    def text(self, name: str) -> str:
        """A parameter as text, empty when absent."""
        value = self.first(name)
        return "" if value is None else str(value)

    @property
    def bearer(self) -> str:
        """The token of an Authorization header, empty when there is none."""
        scheme, _, value = self.headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        return value.strip() if scheme.lower() in ("bearer", "oauth") else ""

    def part(self, method: str, relative_url: str, body: Any) -> Call:
        """A request inside a batch request, with the time and address of the whole one."""
        path, _, query = relative_url.partition("?")
        named: dict[str, list[str]] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            named.setdefault(name, []).append(value)
        fields = dict(parse_qsl(body, keep_blank_values=True)) if isinstance(body, str) else dict(body or {})
        segments = tuple(part for part in path.split("/") if part)
        return replace(self, method=method.upper(), path=segments, query=named, body=fields)

    @property
    def hidden_seconds(self) -> float:
        """How long what this call makes stays unseen (fault `delayed_visibility`, or `hidden` of another)."""
        if self.trouble is None:
            return 0.0
        return self.trouble.seconds if self.trouble.kind == "delayed_visibility" else self.trouble.hidden


@dataclass(slots=True)
class Operation:
    """What a request asks for, before anything of it is done."""

    service: str
    name: str
    account: str | None
    run: Callable[[], Answer]


class Voice(Protocol):
    """How a platform words what every platform can say."""

    def throttled(self, account: str | None, retry_after: float | None) -> Answer:
        """Too many requests."""
        ...

    def failed(self, status: int) -> Answer:
        """The platform's own fault (5xx)."""
        ...

    def bad_token(self, operation: str, revoked: bool) -> Answer:
        """The credential has expired, or was taken back."""
        ...

    def error_code(self, status: int, code: int | str, subcode: int | None, transient: bool) -> Answer:
        """An error with this code, for codes that no state of ours leads to."""
        ...


class Twin:
    """One imitated host as an ASGI application."""

    def __init__(
        self,
        resolve: Callable[[Call], Operation],
        voices: dict[str, Voice],
        faults: Faults,
        calls: CallLog,
        now: Callable[[], float],
        prefix: str,
    ) -> None:
        self.resolve = resolve
        self._voices = voices
        self._faults = faults
        self._calls = calls
        self._now = now
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = await read_call(scope, receive, self._prefix, self._now())
        if call.method in ("POST", "PATCH") and (pictures := addresses_in(call.body)):
            call.sights = await look_at(pictures)
        try:
            operation = self.resolve(call)
        except Refused as refused:
            self._calls.add(call.now, "unknown", "unknown", None, call.method, scope["path"], refused.answer.status, "")
            await send_answer(send, refused.answer)
            return
        trouble, latency = self._faults.decide(operation.service, operation.name, operation.account)
        seen = trouble.kind if trouble else ("latency" if latency else "")
        if latency:
            # Before the effect: who gave up waiting may still see it appear, as with the real ones.
            await asyncio.sleep(latency)
            call.now = self._now()
        answer = self._answer(call, operation, trouble)
        status = answer.status if answer else 0
        self._calls.add(
            call.now, operation.service, operation.name, operation.account, call.method, scope["path"], status, seen
        )
        if answer is None:
            await lose_connection(send, receive, trouble.seconds if trouble and "hang" in trouble.kind else 0.0)
        else:
            await send_answer(send, answer)

    def _answer(self, call: Call, operation: Operation, trouble: Trouble | None) -> Answer | None:
        """The answer to send; None = the connection is lost instead."""
        voice = self._voices[operation.service]
        kind = trouble.kind if trouble else ""
        if trouble is None:
            return _carried_out(operation)
        if kind in ("drop_before", "hang_before"):
            return None
        if kind == "429":
            return voice.throttled(operation.account, trouble.retry_after)
        if kind == "5xx":
            return voice.failed(trouble.status or 500)
        if kind in ("token_expired", "token_revoked"):
            return voice.bad_token(operation.name, kind == "token_revoked")
        if kind == "error_code":
            return voice.error_code(trouble.status or 400, trouble.code or 1, trouble.subcode, trouble.is_transient)
        if kind == "malformed_json":
            return Answer(b'{"data": [{"id": "1', content_type=JSON)
        call.trouble = trouble
        answer = _carried_out(operation)
        if answer.status >= 400:  # it was not accepted, so there is nothing to hide
            return answer
        if kind in ("accept_then_hang", "accept_then_drop"):
            return None
        if kind == "accept_then_500":
            return voice.failed(trouble.status or 500)
        if kind == "accept_then_malformed":
            return Answer(b"<html><body>Bad Gateway</body></html>", content_type=b"text/html")
        return answer


def _carried_out(operation: Operation) -> Answer:
    try:
        return operation.run()
    except Refused as refused:
        return refused.answer


async def read_call(scope: Scope, receive: Receive, prefix: str, now: float) -> Call:
    """Read a whole request; `prefix` is the path of the service's base URL."""
    headers = dict(scope["headers"])
    chunks = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    raw = b"".join(chunks)
    query: dict[str, list[str]] = {}
    if scope["query_string"]:
        for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
            query.setdefault(name, []).append(value)
    return Call(
        method=scope["method"],
        path=tuple(part for part in scope["path"][len(prefix) :].split("/") if part),
        query=query,
        body=await _read_body(scope, headers.get(b"content-type", b""), raw) if raw else {},
        headers=headers,
        base_url=f"{scope.get('scheme', 'http')}://{headers.get(b'host', b'localhost').decode('latin-1')}",
        mount=prefix,
        now=now,
    )


async def _read_body(scope: Scope, content_type: bytes, raw: bytes) -> dict[str, Any]:
    if content_type.startswith(FORM):
        return dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
    if content_type.startswith(b"multipart/form-data"):

        async def again() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": raw, "more_body": False}

        async with Request(scope, again).form() as form:
            return {
                name: await value.read() if isinstance(value, UploadFile) else value for name, value in form.items()
            }
    try:
        parsed = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


async def send_answer(send: Send, answer: Answer) -> None:
    """Send an answer, numbers and texts as JSON."""
    body = answer.body if isinstance(answer.body, bytes) else orjson.dumps(answer.body)
    headers = [(b"content-type", answer.content_type), (b"content-length", str(len(body)).encode())]
    headers += [(name.lower().encode(), value.encode("latin-1")) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def lose_connection(send: Send, receive: Receive, wait: float) -> None:
    """Say nothing for `wait` seconds, or until the client leaves, then close the TCP connection without an answer.

    ASGI has no word for this, so uvicorn's transport is taken from behind `send`. In process there is no connection:
    the exception is the one that a client would have met.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if wait:
        leaving = asyncio.ensure_future(_client_left(receive))
        await asyncio.wait({leaving}, timeout=wait)
        leaving.cancel()
    if transport is None:
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
    transport.abort()
    await _client_left(receive)  # uvicorn now knows, and does not answer 500 in our place


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
