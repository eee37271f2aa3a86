"""How every call to the outside is made: one client factory, one `call`, one `redact`.

`call` decides what a lost connection means. The rule is about bytes, not about exception names: as long as no
connection was handed to the request nothing can have happened (TryLater); afterwards only a look can tell (InDoubt)
where the call could make something visible.

Why not trust the names: httpx-aiohttp 0.2 turns aiohttp's `ServerDisconnectedError` (the server took the request and
dropped the line) into `httpx.ConnectTimeout`, which would read as "certainly not sent" and double a post.
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode, urlsplit

import aiohttp
import httpx
import orjson
import yarl
from httpx_aiohttp import AiohttpTransport
from pydantic import SecretStr

from platforms.errors import InDoubt, OperatorNeeded, PlatformError, TryLater

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

# These write request URLs, some of which must carry a token (Meta's token endpoints know no other way).
for _name in ("httpx", "httpx2", "httpcore", "httpcore2", "openai"):
    logging.getLogger(_name).setLevel(logging.WARNING)

CONNECT_SECONDS = 5.0
# Below uvicorn's 5 s, the shortest idle time we know of: a connection closed under our hands puts a post in doubt.
KEEPALIVE_SECONDS = 4.0
MAX_HEADER_BYTES = 64 * 1024  # Meta's usage header lists up to 32 pages

_UNUSABLE = (httpx.UnsupportedProtocol, httpx.InvalidURL, aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError)
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class Headers(Protocol):
    """Headers of any client library (openai brings its own), looked up without regard to case."""

    def get(self, key: str, default: str) -> str:
        """The header's value, or `default`."""
        ...


class _Progress:
    """How far one request got. `connected` None = the transport does not say (a test's MockTransport)."""

    __slots__ = ("connected",)

    def __init__(self) -> None:
        self.connected: bool | None = None


_progress: ContextVar[_Progress | None] = ContextVar("platforms_http_progress", default=None)


class _Connector(aiohttp.TCPConnector):
    """Notes when a request gets its connection: from there on bytes may have left."""

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's signature
    ) -> Connection:
        progress = _progress.get()
        if progress is not None and progress.connected is None:  # aiohttp may reconnect for a GET
            progress.connected = False
        connection = await super().connect(req, traces, timeout)
        if progress is not None:
            progress.connected = True
        return connection


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: any HTTP status, the whole body read."""

    status_code: int
    headers: Headers
    content: bytes
    host: str

    @property
    def is_success(self) -> bool:
        """Whether the status is one of 2xx."""
        return 200 <= self.status_code <= 299

    @property
    def text(self) -> str:
        """The body as text; what is not UTF-8 is replaced."""
        return self.content.decode(errors="replace")


class OutsideClient(httpx.AsyncClient):
    """httpx's client on aiohttp, which `call` can also ask directly.

    httpx spends three quarters of a request's CPU time on its own models of URLs and headers (measured: 1.3 of 1.7 ms);
    a worker that publishes a thousand posts a second cannot afford them.
    """

    def __init__(self, make_session: Callable[[], aiohttp.ClientSession], **options: Any) -> None:
        """`make_session` is called in the event loop that first uses the client."""
        self._make_session = make_session
        self._session: aiohttp.ClientSession | None = None
        super().__init__(transport=AiohttpTransport(verify=ssl_context(), client=self.session), **options)
        # aiohttp undoes what it announces itself, and keeps connections by itself.
        own = ("accept-encoding", "connection")
        self.sent_always = {name: value for name, value in self.headers.items() if name not in own}

    def session(self) -> aiohttp.ClientSession:
        """The one session of this client."""
        if self._session is None:
            self._session = self._make_session()
        return self._session

    async def aclose(self) -> None:
        """Close connections."""
        await super().aclose()
        await self._close_session()

    async def __aexit__(self, *raised: Any) -> None:
        """Close connections; httpx leaves by another way than `aclose` here."""
        await super().__aexit__(*raised)
        await self._close_session()

    async def _close_session(self) -> None:
        if self._session is not None:
            await self._session.close()


@cache
def ssl_context() -> ssl.SSLContext:
    """One for all clients, as reading the authorities takes tens of milliseconds. SSL_CERT_FILE is honoured."""
    return httpx.create_ssl_context()


def client(
    base_url: str = "",
    *,
    timeout_seconds: float = 30.0,
    max_connections: int = 1000,
    headers: Mapping[str, str] | None = None,
) -> httpx.AsyncClient:
    """The client for all outside calls: close it in the event loop that first used it.

    No redirects (a POST that is redirected is not the call we meant), no proxies from the environment, and no cookies
    (one client serves all tenants). `timeout_seconds` is also the total deadline of a `call` that names none.
    """

    def session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=_Connector(limit=max_connections, keepalive_timeout=KEEPALIVE_SECONDS, ssl=ssl_context()),
            cookie_jar=aiohttp.DummyCookieJar(),
            max_field_size=MAX_HEADER_BYTES,
            max_line_size=MAX_HEADER_BYTES,
        )

    return OutsideClient(
        session,
        base_url=base_url,
        headers={"user-agent": "PostAgentPro", **(headers or {})},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        timeout=httpx.Timeout(
            timeout_seconds,
            connect=min(CONNECT_SECONDS, timeout_seconds),
            pool=min(2 * CONNECT_SECONDS, timeout_seconds),  # waiting for a free connection and making it
        ),
        follow_redirects=False,
        trust_env=False,
    )


async def call(
    http: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    makes_visible: bool,
    params: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    json: Any = None,
    headers: Mapping[str, str] | None = None,
    timeout_seconds: float | None = None,
) -> Answer:
    """One request, sent once; any HTTP status is an answer and is returned.

    `timeout_seconds` bounds the whole call, connecting and reading included, so that a server that trickles or hangs
    cannot hold a worker. Raises TryLater when certainly nothing was sent, or nothing can have become visible; InDoubt
    when bytes may have left and `makes_visible`; OperatorNeeded when the address itself is unusable. No message
    holds more of the URL than its host, and no chained exception is kept: aiohttp's texts hold whole URLs.
    """
    total = timeout_seconds if timeout_seconds is not None else http.timeout.read
    host = urlsplit(url).hostname or ""
    progress = _Progress()
    reset = _progress.set(progress)
    failure: Exception
    try:
        async with asyncio.timeout(total):
            if isinstance(http, OutsideClient) and host:
                return await _direct(http, method, url, host, params, data, json, headers)
            request = http.build_request(method, url, params=params, data=data, json=json, headers=headers)
            host = request.url.host
            response = await http.send(request)
            return Answer(response.status_code, response.headers, response.content, host)
    except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError) as error:  # OSError has TimeoutError
        failure = error
    finally:
        _progress.reset(reset)
    raise _lost(failure, progress, host, makes_visible)


async def _direct(
    http: OutsideClient,
    method: str,
    url: str,
    host: str,
    params: Mapping[str, Any] | None,
    data: Mapping[str, Any] | None,
    json: Any,
    headers: Mapping[str, str] | None,
) -> Answer:
    """The request as httpx would send it, by aiohttp alone."""
    sent = {**http.sent_always, **(headers or {})}
    body: bytes | None = None
    if json is not None:
        body, sent["content-type"] = orjson.dumps(json), "application/json"
    elif data is not None:
        body, sent["content-type"] = urlencode(data, doseq=True).encode(), "application/x-www-form-urlencoded"
    if params:
        url = f"{url}{'&' if '?' in url else '?'}{urlencode(params, doseq=True)}"
    timeout = aiohttp.ClientTimeout(
        total=None, connect=http.timeout.pool, sock_connect=http.timeout.connect, sock_read=None
    )
    async with http.session().request(
        method, yarl.URL(url, encoded=True), data=body, headers=sent, allow_redirects=False, timeout=timeout
    ) as response:
        return Answer(response.status, response.headers, await response.read(), host)


def _lost(failure: Exception, progress: _Progress, host: str, makes_visible: bool) -> PlatformError:
    kind = type(failure).__name__
    if isinstance(failure, _UNUSABLE):
        return OperatorNeeded(f"the address of {host or 'a service'} in the settings is not usable ({kind})")
    never_sent = isinstance(failure, _NOT_SENT) if progress.connected is None else not progress.connected
    if never_sent:
        return TryLater(f"{host} cannot be reached ({kind})", code="not_sent")
    timed_out = isinstance(failure, TimeoutError | httpx.ReadTimeout | httpx.WriteTimeout)
    message = f"{host} did not answer in time" if timed_out else f"the connection to {host} broke before the answer"
    return unclear(makes_visible)(message, code="no_answer" if timed_out else "connection_lost")


def unclear(makes_visible: bool) -> type[PlatformError]:
    """The class of a failure that says nothing about its effect."""
    return InDoubt if makes_visible else TryLater


def json_object(response: Answer) -> dict[str, Any] | None:
    """The answer's JSON object, or None when it is anything else."""
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def unreadable(response: Answer, makes_visible: bool) -> PlatformError:
    """What to raise for a 2xx whose body is not what was agreed: it was taken, but nobody knows as what."""
    return unclear(makes_visible)(
        f"{response.host} answered {response.status_code} with a body that cannot be understood",
        http_status=response.status_code,
        code="unreadable",
    )


def retry_after(headers: Headers) -> float | None:
    """Seconds to wait by the Retry-After header (seconds, or a date measured against the answer's own Date)."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        return max(0.0, float(value)) if float(value) < float("inf") else None
    except ValueError:
        pass
    try:
        then = parsedate_to_datetime(value)
        asked = parsedate_to_datetime(headers.get("date", ""))
        return max(0.0, (then - asked).total_seconds())
    except (ValueError, TypeError):
        return None


_NAMES = (
    r"access_token|refresh_token|fb_exchange_token|input_token|id_token|client_secret|appsecret_proof|app_secret"
    r"|api_key|apikey|signed_request|code_verifier|assertion|password|token|secret"
)
_NAMED = re.compile(rf"""(?i)(["']?\b(?:{_NAMES})["']?\s*[=:]\s*["']?)(?!\s)[^\s"'&,;}}\])]+""")
_CODE = re.compile(r"""(?i)(\bcode=|["']code["']\s*:\s*["'])(?!-?\d{1,7}(?![\w/-]))[^\s"'&,;}\])]+""")
_SCHEME = re.compile(r"(?i)\b(bearer|client-id|(?:oauth|basic)(?=\s+\S*\d))\s+[A-Za-z0-9._~+/|=-]{6,}")
_LOOKS = re.compile(r"\b(?:EAA|IGAA|IGQ|ya29\.|1//|GOCSPX-|sk-|AIza)[A-Za-z0-9._/-]{8,}")
_LONG = re.compile(
    r"(?<![A-Za-z0-9_-])"
    r"(?![0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![A-Za-z0-9_-]))"  # a UUID is an id, not a secret
    r"(?=[A-Za-z0-9_-]*[0-9])(?=[A-Za-z0-9_-]*[A-Za-z])[A-Za-z0-9_-]{32,}"
)
HIDDEN = "***"


def redact(text: str, secrets: Iterable[SecretStr | None] = ()) -> str:
    """`text` without secrets: the given ones word for word, and whatever is named or looks like one.

    Platforms echo tokens ("Malformed access token EAA..."), so this stands before every text that reaches an
    exception. Ids stay readable: digits with underscores, UUIDs, and anything shorter than 32 characters.
    """
    for secret in secrets:
        value = secret.get_secret_value() if secret is not None else ""
        if value:
            text = text.replace(value, HIDDEN)
    text = _NAMED.sub(rf"\1{HIDDEN}", text)
    text = _CODE.sub(rf"\1{HIDDEN}", text)
    text = _SCHEME.sub(rf"\1 {HIDDEN}", text)
    text = _LOOKS.sub(HIDDEN, text)
    return _LONG.sub(HIDDEN, text)
