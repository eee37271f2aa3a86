"""A platform that costs next to nothing: answers every localPosts call after a fixed latency, keeps count, no rules.

It notes when each post arrived, by its own clock and the post's text: GET /arrivals tells {text: unix time}. Where a
refresh token is posted it answers with another access token: GET /refreshes tells {refresh token: calls}. For
benchmarks of speed and punctuality only; correctness is measured against the sandbox.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections import Counter
from itertools import count

import orjson

_number = count(1)
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
_SUMMARY = re.compile(rb'"summary": ?"([^"]*)"')
_REFRESH = re.compile(rb"refresh_token=([^&]+)")
_arrivals: dict[str, float] = {}
_refreshes: Counter[str] = Counter()


class Connection(asyncio.Protocol):
    """One keep-alive connection; requests may not be pipelined."""

    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        now = time.time()
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0]) if b"content-length:" in head else 0
        if len(self._buffer) < end + 4 + length:
            return
        for page, told in ((b"get /arrivals", _arrivals), (b"get /refreshes", _refreshes)):
            if head.startswith(page):
                self._buffer = b""
                self._write(orjson.dumps(told))
                return
        if found := _REFRESH.search(self._buffer, end):
            _refreshes[found[1].decode()] += 1
        path = self._buffer.split(b" ", 2)[1].decode()
        if found := _SUMMARY.search(self._buffer, end):
            _arrivals.setdefault(found[1].decode(), now)
        self._buffer = self._buffer[end + 4 + length :]
        asyncio.get_running_loop().call_later(self._latency, self._answer, path)

    def _answer(self, path: str) -> None:
        if path.endswith("/token"):
            self._write(b'{"access_token":"ya29.stub-%d","expires_in":3599,"token_type":"Bearer"}' % next(_number))
            return
        name = path.removeprefix("/google/posts/v4/").removesuffix("/localPosts")
        self._write(
            b'{"name":"%s/localPosts/%d","state":"LIVE","searchUrl":"https://example.com/p"}'
            % (name.encode(), next(_number))
        )

    def _write(self, body: bytes) -> None:
        assert isinstance(self._transport, asyncio.Transport)
        if not self._transport.is_closing():
            self._transport.write(_HEAD % len(body) + body)


async def main(latency: float) -> None:
    """Serve on a free port, which is printed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(latency), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
