"""A mail server that delivers nothing: what it takes is shown on the sandbox's page, so that links can be followed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from email.policy import default

from aiosmtpd.smtp import SMTP, Envelope, Session

from platforms.sandbox.faults import Faults, Trouble
from platforms.sandbox.state import Mail, World

LARGEST = 2**20  # bytes of one mail
_REFUSALS = {
    "429": "451 4.7.1 Too many mails, try again later",
    "5xx": "451 4.3.0 Local error in processing",
    "reject": "550 5.1.1 No such mailbox",
}


class MailServer:
    """aiosmtpd's handler: takes every mail, unless it is told to misbehave."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """The text of a mail is there."""
        to = ", ".join(envelope.rcpt_tos)
        trouble, latency = self._faults.decide("mail", "deliver", to)
        await asyncio.sleep(latency)
        if trouble is not None and (refusal := _REFUSALS.get(trouble.kind)):
            return refusal
        if trouble is None or trouble.kind.startswith("accept_then"):
            self._keep(to, envelope)
        if trouble is not None:
            await _fall_silent(server, trouble)
        return "250 2.0.0 Kept in the sandbox"

    def _keep(self, to: str, envelope: Envelope) -> None:
        message = BytesParser(EmailMessage, policy=default).parsebytes(envelope.original_content or b"")
        plain, html = message.get_body(("plain",)), message.get_body(("html",))
        self._world.put(
            Mail(
                id=f"{self._world.next_number()}",
                received=self._world.now(),
                sender=str(message.get("From", envelope.mail_from or "")),
                to=to,
                subject=str(message.get("Subject", "")),
                message_id=str(message.get("Message-ID", "")),
                text=_content(plain),
                html=_content(html),
            )
        )


def _content(part: MIMEPart | None) -> str:
    return "" if part is None else str(part.get_content()).replace("\r\n", "\n")


async def _fall_silent(server: SMTP, trouble: Trouble) -> None:
    """No answer comes: the connection is closed, after a while where the rule says so."""
    await asyncio.sleep(trouble.seconds)
    if server.transport is not None:
        server.transport.close()


@asynccontextmanager
async def serving(world: World, faults: Faults, listener: socket.socket) -> AsyncIterator[None]:
    """The mail server on a bound socket, in the running event loop."""
    handler = MailServer(world, faults)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, hostname="sandbox.example", ident="PostAgentPro sandbox", data_size_limit=LARGEST),
        sock=listener,
    )
    async with server:
        yield
