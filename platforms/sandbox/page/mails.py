"""The mails that the sandbox took, newest first, as plain text whose links can be followed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from platforms.sandbox.page.view import POLICY, ago
from platforms.sandbox.state import World

SHOWN = 50
_LINK = re.compile(r"https?://[^\s<>\"]+")


class Mails:
    """The route of the page."""

    def __init__(self, world: World) -> None:
        self._world = world
        loader = FileSystemLoader(Path(__file__).parent)
        self._templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)

    def routes(self) -> list[Route]:
        """`/mails`."""
        return [Route("/mails", self._page)]

    def _page(self, request: Request) -> Response:
        newest = sorted(self._world.mails.values(), key=lambda mail: (mail.received, mail.id), reverse=True)
        mails: list[dict[str, Any]] = [
            {
                "subject": mail.subject,
                "sender": mail.sender,
                "to": mail.to,
                "when": ago(self._world.now() - mail.received),
                "moment": datetime.fromtimestamp(mail.received, UTC).isoformat(timespec="seconds"),
                "text": linked(mail.text.strip()),
            }
            for mail in newest[:SHOWN]
        ]
        html = self._templates.get_template("mails.html").render(mails=mails, total=len(newest))
        # A link's token must not reach the next page by the Referer header.
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return HTMLResponse(html, headers=headers)


def linked(text: str) -> Markup:
    """A mail's text, escaped, with its addresses as links."""
    parts, end = Markup(), 0
    for found in _LINK.finditer(text):
        parts += escape(text[end : found.start()]) + Markup('<a href="{0}">{0}</a>').format(found[0])
        end = found.end()
    return parts + escape(text[end:])
