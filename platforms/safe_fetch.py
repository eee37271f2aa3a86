"""Fetches a file from an address that somebody else chose, without being led astray.

Every hop is checked before it is asked: scheme, port, host, and each IP address that its name stands for; the
connection goes to the very address that was checked, so a name that changes its mind (DNS rebinding) gains nothing. At
most three redirects, a cap on bytes while they come in, and one deadline over all of it. Origins that stand in the
settings are trusted: that is how a stock photo service on this machine is reached.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self
from urllib.parse import urljoin

import aiohttp
import yarl
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from platforms.address_rules import Forbidden, Origin, is_public, target_of
from platforms.errors import PlatformError, Refused, TryLater
from platforms.http import CONNECT_SECONDS, retry_after

MOST_REDIRECTS = 3
TIMEOUT_SECONDS = 30.0
_CHUNK = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TEMPORARY = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole file. `content_type` is what the server called it, in lower case, without parameters."""

    url: str
    content: bytes
    content_type: str


class _Closed(OSError):
    """A name stands for an address that is not on the open internet."""


class PublicResolver(AbstractResolver):
    """Names to addresses, public ones only: one closed address among them closes the name."""

    def __init__(self, inner: AbstractResolver | None = None) -> None:
        self._inner = inner or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name. Raises OSError."""
        found = await self._inner.resolve(host, port, family)
        if not found or not all(is_public(entry["host"]) for entry in found):
            raise _Closed(f"{host} is not on the open internet")
        return found

    async def close(self) -> None:
        """Nothing is kept open but what was given."""
        await self._inner.close()


class SafeFetcher:
    """One for a run; close it in the event loop that used it (`async with`)."""

    def __init__(
        self,
        trusted: Collection[Origin] = (),
        *,
        max_bytes: int,
        timeout_seconds: float = TIMEOUT_SECONDS,
        resolver: AbstractResolver | None = None,
    ) -> None:
        """`resolver` stands in for the system's; what it finds is checked all the same."""
        self._trusted = frozenset(trusted)
        self._max_bytes = max_bytes
        self._timeout = timeout_seconds
        self._resolver = resolver
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        for session in self._sessions.values():
            await session.close()

    def _session(self, *, trusted: bool) -> aiohttp.ClientSession:
        if trusted not in self._sessions:
            resolver = self._resolver if trusted else PublicResolver(self._resolver)
            self._sessions[trusted] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, limit=16),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # a small answer must not become a large one
                trust_env=False,  # a proxy would look the name up itself
                headers={"user-agent": "PostAgentPro", "accept": "image/*", "accept-encoding": "identity"},
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            )
        return self._sessions[trusted]

    async def fetch(self, url: str) -> Fetched:
        """The picture at an address.

        Raises Refused (with a `code`) for what will never do: a closed address, too many redirects, too many bytes, an
        answer that is no picture or says that there is none. Raises TryLater for what may work another time.
        """
        failure: PlatformError
        try:
            async with asyncio.timeout(self._timeout):
                return await self._follow(url)
        except Forbidden as closed:
            failure = Refused(f"this address is not asked: {closed}", code="closed_address")
        except TimeoutError:
            failure = TryLater("the picture's server did not answer in time", code="no_answer")
        except (aiohttp.InvalidURL, ValueError):
            failure = Refused("this is no address that can be asked", code="closed_address")
        except (aiohttp.ClientError, OSError) as error:
            closed_name = isinstance(error, _Closed) or isinstance(getattr(error, "os_error", None), _Closed)
            failure = (
                Refused("this address is not asked: its name is not on the open internet", code="closed_address")
                if closed_name
                else TryLater(f"the picture's server cannot be reached ({type(error).__name__})", code="not_reached")
            )
        raise failure

    async def _follow(self, url: str) -> Fetched:
        for _ in range(MOST_REDIRECTS + 1):
            target = target_of(url, self._trusted)
            session = self._session(trusted=target.trusted)
            async with session.get(yarl.URL(target.url, encoded=True), allow_redirects=False) as answer:
                if answer.status not in _REDIRECTS:
                    return await self._read(url, answer)
                url = urljoin(url, answer.headers.get("location", ""))
        raise Refused(f"it leads on more than {MOST_REDIRECTS} times", code="redirects")

    async def _read(self, url: str, answer: aiohttp.ClientResponse) -> Fetched:
        if answer.status != 200:
            told = f"the picture's server answered HTTP {answer.status}"
            if answer.status >= 500 or answer.status in _TEMPORARY:
                raise TryLater(told, http_status=answer.status, retry_after=retry_after(answer.headers))
            raise Refused(told, http_status=answer.status, code=f"http_{answer.status}")
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not kind.startswith("image/") and kind not in ("", "application/octet-stream"):
            raise Refused(f"it is no picture but {kind[:60]}", code="wrong_type")
        if answer.headers.get("content-encoding", "identity").lower() != "identity":
            raise Refused("it comes packed, though a plain answer was asked for", code="wrong_type")
        too_large = Refused(f"it has more than {self._max_bytes // 2**20} MB", code="too_large")
        if answer.content_length is not None and answer.content_length > self._max_bytes:
            raise too_large
        content = bytearray()
        async for chunk in answer.content.iter_chunked(_CHUNK):
            content += chunk
            if len(content) > self._max_bytes:
                raise too_large
        return Fetched(url, bytes(content), kind)
