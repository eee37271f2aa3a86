"""What the doctor says about mails."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from models.base import utc_now
from models.settings import load_settings
from ops.commands.doctor_mails import mails
from tests.factories import insert, make_owner
from tests.ports import free_ports
from tests.sandbox_server import Server

pytestmark = pytest.mark.usefixtures("database_url")


def said(**given: Any) -> list[tuple[bool, str]]:
    return [(finding.wrong, finding.what) for finding in mails(load_settings(**given))]


def test_without_a_mail_server_it_is_wrong_only_in_real_life() -> None:
    assert said() == []
    assert said(meta_app_id="1") == [(True, "no mail server: nobody can sign up, or get a new password")]


def test_a_server_that_is_not_there_is_wrong() -> None:
    (port,) = free_ports(1)
    ((wrong, what),) = said(smtp_url=f"smtp://me:sesame@127.0.0.1:{port}", email_from="a@b.example")
    assert wrong
    assert "cannot be reached" in what
    assert "sesame" not in what


def test_mails_that_wait_and_mails_given_up_are_told(owner: psycopg.Connection[Any], sandbox: Server) -> None:
    given = {"smtp_url": sandbox.smtp_url, "email_from": "a@b.example"}
    assert said(**given) == [(False, "the mail server takes mails from a@b.example")]
    bob, now = make_owner(owner), utc_now()
    mail = {"user_id": bob.user_id, "kind": "verify_email", "address": bob.email, "next_attempt_at": now}
    insert(owner, "mails", **mail, created_at=now - timedelta(hours=12), due_at=now - timedelta(minutes=20))
    assert len(said(**given)) == 1
    owner.execute("UPDATE mails SET due_at = now() - interval '31 minutes'")
    insert(owner, "mails", **mail, status="failed", finished_at=now)
    assert said(**given)[1:] == [
        (True, "mails that wait for more than half an hour: 1"),
        (False, "mails given up in the last day: 1"),
    ]
    assert sandbox.control("GET", "mails") == []
