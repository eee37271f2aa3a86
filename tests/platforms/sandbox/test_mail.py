"""The sandbox's mail server and the page that shows what it took."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest

from tests.sandbox_server import Server


def deliver(sandbox: Server, subject: str, text: str, *to: str) -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "us@example.com", ", ".join(to)
    message.set_content(text)
    where = urlsplit(sandbox.smtp_url)
    with smtplib.SMTP(where.hostname or "", where.port or 0, timeout=10) as smtp:
        smtp.send_message(message)


def page(sandbox: Server) -> str:
    answer = sandbox.client.get(f"{sandbox.url}/mails")
    assert answer.status_code == 200
    assert answer.headers["referrer-policy"] == "no-referrer"
    return answer.text


def test_the_newest_mail_is_on_top_and_its_link_can_be_followed(sandbox: Server) -> None:
    assert "No mail yet" in page(sandbox)
    deliver(sandbox, "First", "Nothing here", "bob@example.com")
    deliver(sandbox, "Second", "Click: https://posts.example.com/verify?token=a-b_c&x=1 now", "bob@example.com")
    text = page(sandbox)
    assert text.index("Second") < text.index("First")
    assert '<a href="https://posts.example.com/verify?token=a-b_c&amp;x=1">' in text
    assert "these mails reached nobody" in text
    assert 'href="/mails"' in sandbox.client.get(f"{sandbox.url}/").text


def test_nothing_in_a_mail_runs(sandbox: Server) -> None:
    evil = '<script>alert(1)</script> https://x.example/"onmouseover=alert(1) javascript:alert(1)'
    deliver(sandbox, evil, evil, "bob@example.com")
    text = page(sandbox)
    assert "<script" not in text
    assert 'href="javascript' not in text
    assert '<a href="https://x.example/">' in text


def test_mails_are_found_by_their_recipient_and_forgotten_by_a_reset(sandbox: Server) -> None:
    deliver(sandbox, "Hello", "text", "bob@example.com")
    deliver(sandbox, "Both", "text", "bob@example.com", "eve@example.com")
    assert [mail["subject"] for mail in sandbox.mails("bob@example.com")] == ["Hello"]
    assert [mail["to"] for mail in sandbox.mails("bob@example.com, eve@example.com")] == [
        "bob@example.com, eve@example.com"
    ]
    sandbox.control("POST", "reset")
    assert sandbox.control("GET", "mails") == []


@pytest.mark.parametrize(("kind", "code"), [("429", 451), ("reject", 550)])
def test_it_can_be_told_to_refuse(sandbox: Server, kind: str, code: int) -> None:
    sandbox.fault(service="mail", kind=kind)
    with pytest.raises(smtplib.SMTPDataError) as raised:
        deliver(sandbox, "s", "t", "bob@example.com")
    assert raised.value.smtp_code == code
    deliver(sandbox, "s", "t", "bob@example.com")
    assert len(sandbox.mails("bob@example.com")) == 1
