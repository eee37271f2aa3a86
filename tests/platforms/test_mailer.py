"""The mailer against real SMTP servers: the sandbox's, and one with TLS and logins."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from platforms.errors import InDoubt, OperatorNeeded, Refused, TryLater
from platforms.mailer import Letter, Mailer
from tests.ports import free_ports
from tests.sandbox_server import Server

SENDER = "PostAgentPro <hello@example.com>"
PASSWORD = "p@ss:w/rd"
LETTER = Letter(mail_id="7", to="bob@example.com", subject="Grüße", text="Hello\n.\n..dots\nlast", html="<p>Hello</p>")


def mailer(url: str, **more: Any) -> Mailer:
    return Mailer(SecretStr(url), SENDER, **({"timeout_seconds": 5} | more))


def test_a_mail_arrives_in_both_forms_under_its_own_id(sandbox: Server) -> None:
    mailer(sandbox.smtp_url).send(LETTER)
    (mail,) = sandbox.mails("bob@example.com")
    assert (mail["subject"], mail["sender"], mail["message_id"]) == ("Grüße", SENDER, "<7@example.com>")
    assert mail["text"] == "Hello\n.\n..dots\nlast\n"
    assert mail["html"].strip() == "<p>Hello</p>"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "429"}, TryLater),
        ({"kind": "5xx"}, TryLater),
        ({"kind": "reject"}, Refused),
        ({"kind": "accept_then_drop"}, InDoubt),
        ({"kind": "drop_before"}, InDoubt),
        ({"kind": "accept_then_hang", "seconds": 0.6}, InDoubt),
    ],
)
def test_what_the_server_says_is_one_of_the_outcomes(
    sandbox: Server, fault: dict[str, Any], error: type[Exception]
) -> None:
    sandbox.fault(service="mail", **fault)
    with pytest.raises(error) as raised:
        mailer(sandbox.smtp_url, timeout_seconds=0.3 if "seconds" in fault else 5).send(LETTER)
    assert type(raised.value) is error
    assert len(sandbox.mails("bob@example.com")) == fault["kind"].startswith("accept")
    mailer(sandbox.smtp_url).send(LETTER)


@pytest.mark.parametrize(
    "change",
    [
        {"to": "bob@example.com\r\nBcc: eve@example.com"},
        {"to": "bob@example.com, eve@example.com"},
        {"to": "bob@example.com> RCPT TO:<eve@example.com"},
        {"to": "böb@example.com"},
        {"to": ""},
        {"subject": "Hello\r\nBcc: eve@example.com"},
        {"mail_id": "7\r\nBcc: eve@example.com"},
    ],
)
def test_no_header_and_no_recipient_can_be_smuggled_in(sandbox: Server, change: dict[str, Any]) -> None:
    letter = {"mail_id": "7", "to": "bob@example.com", "subject": "s", "text": "t", "html": "h"} | change
    with pytest.raises(Refused):
        mailer(sandbox.smtp_url).send(Letter(**letter))
    assert sandbox.control("GET", "mails") == []


def test_a_server_that_is_not_there_is_tried_later() -> None:
    (port,) = free_ports(1)
    with pytest.raises(TryLater) as raised:
        mailer(f"smtp://127.0.0.1:{port}").send(LETTER)
    assert raised.value.code is None


def test_a_server_that_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TryLater):
        mailer(f"smtp://127.0.0.1:{silent.getsockname()[1]}", timeout_seconds=0.2).send(LETTER)


def test_a_server_that_turns_everybody_away_is_tried_later() -> None:
    with talking(b"421 4.3.2 Closing\r\n") as port, pytest.raises(TryLater, match="421"):
        mailer(f"smtp://127.0.0.1:{port}").send(LETTER)


def test_a_sender_that_may_not_send_is_the_operators_matter() -> None:
    with (
        talking(b"220 hi\r\n", b"250 hi\r\n", b"550 5.7.60 not your sender\r\n") as port,
        pytest.raises(OperatorNeeded, match="not your sender"),
    ):
        mailer(f"smtp://127.0.0.1:{port}").send(LETTER)


@contextmanager
def talking(*lines: bytes) -> Iterator[int]:
    """A server that says these lines, one for each that it hears."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            connection, _ = listener.accept()
            with connection:
                for line in lines:
                    connection.sendall(line)
                    connection.recv(1000)

        thread = threading.Thread(target=talk)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


class Postmaster:
    """Keeps what arrives, and knows one login."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.encrypted: list[bool] = []
        self.logins: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:
        self.mails.append(envelope)
        assert server.transport is not None
        self.encrypted.append(session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None)
        return "250 OK"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert mechanism in ("LOGIN", "PLAIN")
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login)
        return AuthResult(success=(data.login, data.password) == (b"me@x", PASSWORD.encode()), handled=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for this machine, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "mail.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


Serve = Callable[..., tuple[Postmaster, int]]


@pytest.fixture
def serve(certificate: Path) -> Iterator[Serve]:
    """A server with TLS (from the start, or by STARTTLS) that asks for a login."""
    running: list[Controller] = []

    def started(*, implicit: bool = False) -> tuple[Postmaster, int]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        postmaster, (port,) = Postmaster(), free_ports(1)
        controller = Controller(
            postmaster,
            hostname="127.0.0.1",
            port=port,
            authenticator=postmaster.authenticate,
            auth_required=not implicit,
            auth_require_tls=not implicit,
            **({"ssl_context": context} if implicit else {"tls_context": context, "require_starttls": True}),
        )
        controller.start()
        running.append(controller)
        return postmaster, port

    yield started
    for controller in running:
        controller.stop()


@pytest.fixture
def trusting(certificate: Path) -> ssl.SSLContext:
    """Trusts the server's certificate."""
    return ssl.create_default_context(cafile=str(certificate))


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_logins_go_over_tls(serve: Serve, trusting: ssl.SSLContext, scheme: str) -> None:
    postmaster, port = serve(implicit=scheme == "smtps")
    mailer(f"{scheme}://me%40x:{quote(PASSWORD, safe='')}@127.0.0.1:{port}", tls=trusting).send(LETTER)
    (envelope,) = postmaster.mails
    assert (postmaster.encrypted, postmaster.logins) == ([True], [b"me@x"])
    assert (envelope.mail_from, envelope.rcpt_tos) == ("hello@example.com", ["bob@example.com"])
    message = message_from_bytes(envelope.original_content or b"", policy=default)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["To"] == "bob@example.com"


def test_a_wrong_login_is_the_operators_matter_and_stays_unsaid(serve: Serve, trusting: ssl.SSLContext) -> None:
    postmaster, port = serve()
    with pytest.raises(OperatorNeeded, match="login") as raised:
        mailer(f"smtp://me%40x:sesame@127.0.0.1:{port}", tls=trusting).send(LETTER)
    assert "sesame" not in repr(raised.value) + str(raised.value.__context__)
    assert postmaster.mails == []


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_that_nobody_trusts_ends_it_before_the_login(serve: Serve, scheme: str) -> None:
    postmaster, port = serve(implicit=scheme == "smtps")
    with pytest.raises(OperatorNeeded, match="certificate"):
        mailer(f"{scheme}://me%40x:{quote(PASSWORD, safe='')}@127.0.0.1:{port}").send(LETTER)
    assert (postmaster.mails, postmaster.logins) == ([], [])


def test_nothing_leaves_in_the_clear_for_another_machine(monkeypatch: pytest.MonkeyPatch, sandbox: Server) -> None:
    """The sandbox offers no STARTTLS. Its name here is one that only this test resolves to this machine."""
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *more, **kw: real("127.0.0.1" if host == "mail.test" else host, *more, **kw)
    )
    url = sandbox.smtp_url.replace("127.0.0.1", "mail.test")
    with pytest.raises(OperatorNeeded, match="STARTTLS"):
        mailer(url).send(LETTER)
    assert sandbox.control("GET", "mails") == []
