"""An owner's way through a platform's dialog and back: our routes in process, the sandbox on a real socket."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import httpx2
from starlette.testclient import TestClient

from tests.sandbox_server import Server

ORIGIN = "http://localhost:8501"


@dataclass
class Walk:
    """An owner at their browser."""

    client: TestClient
    sandbox: Server

    def post(self, path: str, **headers: str) -> httpx2.Response:
        """A form of ours without fields, posted from our own page."""
        return self.client.post(path, data={}, headers={"origin": ORIGIN} | headers)

    def dialog(self, service: str = "google", *, again: Any = None) -> str:
        """Press the button; the address of the platform's dialog."""
        answer = self.post(f"/connect/again/{again}" if again else f"/connect/{service}")
        assert answer.status_code == 200, answer.text
        found = re.search(r'href="(http[^"]+)">Go on', answer.text)
        assert found is not None, answer.text
        return unescape(found[1])

    def consent(self, address: str, *accounts: str, answer: str = "allow", **form: Any) -> str:
        """Answer in the dialog; the path with which the platform sends the owner back to us."""
        shown = self.sandbox.client.get(address)
        assert shown.status_code == 200, shown.text
        scopes = re.findall(r'name="scope" value="([^"]+)"', shown.text)
        sent = {"answer": answer, "account": list(accounts), "scope": scopes, "person": "bob"} | form
        gone = self.sandbox.client.post(address, data=sent)
        assert gone.status_code == 303, gone.text
        target = urlsplit(gone.headers["location"])
        assert f"{target.scheme}://{target.netloc}" == ORIGIN
        return f"{target.path}?{target.query}"

    def come_back(self, path: str) -> httpx2.Response:
        """The redirect from the platform, as a browser follows it from another site."""
        return self.client.get(path, headers={"sec-fetch-site": "cross-site"})

    def to_choice(self, service: str, *accounts: str, **form: Any) -> str:
        """All the way to the list; its path."""
        answer = self.come_back(self.consent(self.dialog(service), *accounts, **form))
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    def pick(self, path: str, *accounts: str) -> httpx2.Response:
        """Tick these in the list and go on."""
        return self.client.post(
            path, data={"pick": list(accounts)}, headers={"origin": ORIGIN, "sec-fetch-site": "same-origin"}
        )

    def connect(self, service: str, *accounts: str, **form: Any) -> httpx2.Response:
        """All the way, everything that was shared ticked."""
        path = self.to_choice(service, *accounts, **form)
        listed = [unescape(value) for value in re.findall(r'name="pick" value="([^"]+)"', self.client.get(path).text)]
        return self.pick(path, *listed)
