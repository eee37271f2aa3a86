"""What stands in front of every request and websocket: who may come in, as whom, and from where.

A pure ASGI middleware, because Streamlit's pages live on a websocket. It trusts nothing the client says about who it
is: headers of that kind are taken away before our own are put in (`server.trustedUserHeaders` maps them to `st.user`).
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import SplitResult, quote, urlsplit

import streamlit
from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.doors import Door, Doors
from dashboards.logins import SignedIn, find_session
from dashboards.pages import message_page
from models.base import utc_now
from models.database import DatabaseError

log = logging.getLogger(__name__)

COOKIE = "postagent_session"
USER_HEADERS = {"x-postagent-user": "user_id", "x-postagent-session": "session_id", "x-postagent-email": "email"}
SIGNED_IN = "postagent.signed_in"  # where a request's scope holds the SignedIn

# Streamlit's own code, the same for everybody.
_OPEN_PATHS = re.compile(r"/static/|/favicon\.png$")
# Read by scripts: a redirect to a login page would be taken for an answer.
_SCRIPT_PATHS = re.compile(r"/(_stcore|media|component|oauth2callback|auth)(/|$)")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def cookie_name(public_url: str) -> str:
    """`__Host-` pins the cookie to this host and path; browsers take it only over https."""
    return f"__Host-{COOKIE}" if public_url.startswith("https://") else COOKIE


def token_of(headers: Headers, name: str) -> str | None:
    """The session token in a request's cookies."""
    for line in headers.getlist("cookie"):
        for part in line.split(";"):
            key, _, value = part.strip().partition("=")
            if key == name and value:
                return value
    return None


def _inline_scripts(page: Path) -> Iterable[str]:
    """CSP sources for the inline scripts of Streamlit's own page."""
    for script in re.findall(r"<script>(.*?)</script>", page.read_text(encoding="utf-8"), re.DOTALL):
        yield f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def content_security_policy(picture_sources: Iterable[str] = ()) -> str:
    """What a page may load and do. Streamlit styles its elements inline; pictures come from wherever posts have them.

    `picture_sources` are origins beyond https.
    """
    shell = Path(streamlit.__file__).with_name("static") / "index.html"
    rules = {
        "default-src": "'self'",
        "script-src": " ".join(["'self'", "'wasm-unsafe-eval'", *_inline_scripts(shell)]),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": " ".join(["'self'", "data:", "blob:", "https:", *picture_sources]),
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


class Guard:
    """The middleware.

    `public_url` is the address owners use; beside its host only this machine's own names are answered.
    `picture_sources` are origins that pictures may come from beyond https.
    """

    def __init__(self, app: ASGIApp, *, doors: Doors, public_url: str, picture_sources: Iterable[str] = ()) -> None:
        self._app = app
        self._doors = doors
        self._public = urlsplit(public_url)
        self._cookie = cookie_name(public_url)
        self._hosts = allowed_hosts(public_url)
        self._headers = {
            "content-security-policy": content_security_policy(picture_sources),
            "x-frame-options": "DENY",
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
            "permissions-policy": "camera=(), microphone=(), geolocation=()",
        }
        if self._public.scheme == "https":
            self._headers["strict-transport-security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, as whom it is, or answer it here."""
        if scope["type"] == "http":
            await self._http(scope, receive, self._hardened(send))
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        door = self._doors.find(scope)
        refusal = self._refusal(scope, headers, door)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        if _OPEN_PATHS.match(scope["path"]):
            await self._app(self._named(scope, None), receive, send)
            return
        try:
            who = await self._who(headers)
        except (OperationalError, DatabaseError):
            if door is None or not door.anonymous:
                log.exception("no session can be looked up")
                await no_database()(scope, receive, send)
                return
            who = None
        if who is None and (door is None or not door.anonymous):
            await _to_login(scope)(scope, receive, send)
            return
        await self._app(self._named(scope, who), receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        who = None
        if self._host_is_ours(headers):
            try:
                who = await self._who(headers)
            except (OperationalError, DatabaseError):
                log.exception("no session can be looked up")
        if who is None:
            await receive()
            await send({"type": "websocket.close", "code": 4403, "reason": "Log in first"})  # before accept: HTTP 403
            return
        await self._app(self._named(scope, who), receive, send)

    async def _who(self, headers: Headers) -> SignedIn | None:
        token = token_of(headers, self._cookie)
        return await run_in_threadpool(find_session, token, now=utc_now()) if token else None

    def _refusal(self, scope: Scope, headers: Headers, door: Door | None) -> Response | None:
        if not (door is not None and door.any_host) and not self._host_is_ours(headers):
            return message_page(
                421,
                "This address is not ours",
                "The dashboard answers only under the address in POSTAGENT_PUBLIC_URL.",
            )
        if scope["method"] not in _SAFE_METHODS and not (door is not None and door.cross_site):
            problem = _from_elsewhere(headers, self._public, scope.get("scheme", "http"))
            if problem is not None:
                return message_page(403, "That did not come from this page", problem, link=("/", "To the dashboard"))
        return None

    def _host_is_ours(self, headers: Headers) -> bool:
        try:
            hostname = urlsplit(f"//{headers.get('host', '')}").hostname
        except ValueError:
            return False
        return hostname is not None and hostname.rstrip(".") in self._hosts

    def _named(self, scope: Scope, who: SignedIn | None) -> Scope:
        """The scope with our own word on who it is, and nobody else's."""
        headers = [
            (name, value) for name, value in scope["headers"] if name.decode("latin-1").lower() not in USER_HEADERS
        ]
        if who is not None:
            headers += [
                (b"x-postagent-user", str(who.user_id).encode()),
                (b"x-postagent-session", str(who.session_id).encode()),
                (b"x-postagent-email", quote(who.email, safe="@+").encode()),
            ]
        return {**scope, "headers": headers, SIGNED_IN: who}

    def _hardened(self, send: Send) -> Send:
        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message.get("headers", [])}
                extra = [(n.encode(), v.encode()) for n, v in self._headers.items() if n.encode() not in given]
                message = {**message, "headers": [*message.get("headers", []), *extra]}
            await send(message)

        return hardened


def allowed_hosts(public_url: str) -> frozenset[str]:
    """Host names the dashboard answers to: anything else is DNS rebinding or a mistake."""
    return frozenset({urlsplit(public_url).hostname or "localhost", "localhost", "127.0.0.1", "::1"})


def _from_elsewhere(headers: Headers, public: SplitResult, scheme: str) -> str | None:
    """Why a form was not sent by our own page; None when it was.

    SameSite=Lax keeps the cookie off foreign POSTs already; this also guards the login form, which needs no cookie.
    `scheme` is the one by which this machine was reached under another of its names.
    """
    ours, host = {(public.scheme, public.netloc)}, headers.get("host", "")
    if host != public.netloc:
        ours.add((scheme, host))
    site = headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return "Another site tried to send this form in your name. Nothing was done."
    source = headers.get("origin") or headers.get("referer")
    if source is None:
        return "Your browser did not say where this form came from. Nothing was done."
    try:
        given = urlsplit(source)
    except ValueError:
        given = urlsplit("null")
    if (given.scheme, given.netloc) not in ours:
        return "Another site tried to send this form in your name. Nothing was done."
    return None


def _to_login(scope: Scope) -> Response:
    """Pages go to the login and come back afterwards; scripts get a plain refusal."""
    path: str = scope["path"]
    if scope["method"] not in ("GET", "HEAD") or _SCRIPT_PATHS.match(path):
        return JSONResponse({"error": "log in first"}, status_code=401)
    query: bytes = scope.get("query_string", b"")
    wanted = path + (f"?{query.decode('latin-1')}" if query else "")
    return RedirectResponse("/login" if wanted == "/" else f"/login?next={quote(wanted, safe='/')}", status_code=303)


def no_database() -> Response:
    """What a page says while nothing can be looked up."""
    return message_page(
        503,
        "We cannot reach our database",
        "Your posts are safe. Please try again in a minute.",
        link=("/", "Try again"),
        headers={"retry-after": "30"},
    )


def safe_next(target: str | None) -> str:
    """A path of our own to go on to after login; everything else is the front page (no open redirect)."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\", "/login", "/logout")):
        return "/"
    if any(ord(c) < 33 or c == "\\" for c in target) or urlsplit(target).netloc:
        return "/"
    return target
