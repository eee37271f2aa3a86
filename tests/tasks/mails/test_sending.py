"""Mails that wait: sent once, put off, given up, and never lost."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from pydantic import SecretStr

from models.base import utc_now
from models.connecting import hashed
from models.database import Role, session
from models.mails import LEASE, MailKind, want_mail
from models.settings import Settings, settings
from platforms.errors import Refused
from tasks.housekeeping import forget_old_rows
from tasks.mails import sending
from tasks.mails.letters import write
from tasks.mails.sending import send_waiting
from tests.factories import Owner, insert, make_owner
from tests.ports import free_ports
from tests.sandbox_server import Server

Connection = psycopg.Connection[Any]


@pytest.fixture
def bob(owner: Connection) -> Owner:
    return make_owner(owner, email="bob@example.com")


@pytest.fixture
def config(sandbox: Server, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Settings:
    """Mails go to the sandbox."""
    monkeypatch.setenv("POSTAGENT_SMTP_URL", sandbox.smtp_url)
    monkeypatch.setenv("POSTAGENT_EMAIL_FROM", "PostAgentPro <hello@example.com>")
    monkeypatch.setenv("POSTAGENT_SANDBOX_URL", sandbox.url)
    settings.cache_clear()
    return settings()


def wanted(bob: Owner, kind: MailKind = MailKind.VERIFY_EMAIL) -> UUID:
    with session(Role.ACCESS) as db:
        return want_mail(db, kind, bob.user_id, bob.email, utc_now())


def rows(owner: Connection) -> list[tuple[Any, ...]]:
    return owner.execute("SELECT status, attempts, error FROM mails ORDER BY created_at").fetchall()


def due_again(owner: Connection) -> None:
    owner.execute("UPDATE mails SET next_attempt_at = now() WHERE status = 'pending'")


def token_in(mail: dict[str, Any]) -> str:
    found = re.search(r"token=([\w-]{43})\n", mail["text"])
    assert found is not None
    return found[1]


def test_a_mail_is_sent_once_and_only_the_hash_of_its_token_kept(
    owner: Connection, bob: Owner, config: Settings, sandbox: Server
) -> None:
    mail_id = wanted(bob)
    assert send_waiting(config).summary == "1 sent"
    assert send_waiting(config).summary == ""
    (mail,) = sandbox.mails(bob.email)
    assert mail["message_id"] == f"<{mail_id}@example.com>"
    token = token_in(mail)
    assert f"{config.public_url}/verify?token={token}" in mail["html"]
    kept = owner.execute(
        "SELECT token_hash, purpose, address, expires_at - made_at, used_at FROM mail_links"
    ).fetchall()
    assert kept == [(hashed(token), "verify_email", bob.email, timedelta(hours=24), None)]
    everything = owner.execute(
        "SELECT (SELECT json_agg(m) FROM mails m)::text, (SELECT json_agg(l) FROM mail_links l)::text"
    )
    assert token not in str(everything.fetchone())
    assert rows(owner) == [("sent", 1, None)]


def test_asked_for_twice_before_it_left_it_is_one_mail(
    owner: Connection, bob: Owner, config: Settings, sandbox: Server
) -> None:
    wanted(bob)
    wanted(bob)
    wanted(bob, MailKind.RESET_PASSWORD)
    assert send_waiting(config).summary == "2 sent"
    wanted(bob)
    assert send_waiting(config).summary == "1 sent"
    assert len(sandbox.mails(bob.email)) == 3


@pytest.mark.parametrize(
    ("fault", "told", "row"),
    [
        ("429", "1 put off", ("pending", 1, "451 4.7.1 Too many mails, try again later")),
        ("reject", "1 failed", ("failed", 1, "550 5.1.1 No such mailbox")),
        (
            "accept_then_drop",
            "1 in doubt",
            ("pending", 1, "The mail was sent, the answer is lost: SMTPServerDisconnected"),
        ),
    ],
)
def test_what_became_of_it_stands_in_its_row(
    owner: Connection, bob: Owner, config: Settings, sandbox: Server, fault: str, told: str, row: tuple[Any, ...]
) -> None:
    wanted(bob)
    sandbox.fault(service="mail", kind=fault)
    assert send_waiting(config).summary == told
    assert rows(owner) == [row]
    assert send_waiting(config).summary == "", "not before its time"
    due_again(owner)
    assert send_waiting(config).summary == ("" if fault == "reject" else "1 sent")


def test_two_copies_after_a_lost_answer_are_told_to_be_one_and_both_links_work(
    owner: Connection, bob: Owner, config: Settings, sandbox: Server
) -> None:
    wanted(bob)
    sandbox.fault(service="mail", kind="accept_then_drop")
    send_waiting(config)
    due_again(owner)
    send_waiting(config)
    first, second = sandbox.mails(bob.email)
    assert first["message_id"] == second["message_id"]
    known = {row[0] for row in owner.execute("SELECT token_hash FROM mail_links").fetchall()}
    assert {hashed(token_in(first)), hashed(token_in(second))} == known


def test_a_mail_whose_sender_died_waits_for_the_end_of_the_lease(
    owner: Connection, bob: Owner, config: Settings, sandbox: Server
) -> None:
    mail_id = wanted(bob)
    assert sending._take(mail_id, utc_now()) is not None  # and now the process is killed
    assert send_waiting(config).summary == ""
    assert sending._take(None, utc_now() + LEASE + timedelta(seconds=1)) is not None
    due_again(owner)
    assert send_waiting(config).summary == "1 sent"
    assert len(sandbox.mails(bob.email)) == 1


def test_who_comes_back_after_their_lease_changes_nothing(owner: Connection, bob: Owner, config: Settings) -> None:
    mail_id = wanted(bob)
    slow = sending._take(mail_id, utc_now())
    assert slow is not None
    due_again(owner)
    assert send_waiting(config).summary == "1 sent"
    sending._record(slow, Refused("too late"), utc_now())
    assert rows(owner) == [("sent", 2, None)]


def test_many_senders_at_once_send_each_mail_once(owner: Connection, config: Settings, sandbox: Server) -> None:
    owners = [make_owner(owner) for _ in range(12)]
    for one in owners:
        wanted(one)
    threads = [threading.Thread(target=send_waiting, args=(config,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(sandbox.mails(one.email)) for one in owners] == [1] * 12
    assert set(rows(owner)) == {("sent", 1, None)}


def test_a_server_that_is_away_is_asked_once_a_run_and_the_mail_is_given_up_after_a_day(
    owner: Connection, bob: Owner, config: Settings
) -> None:
    (port,) = free_ports(1)
    away = config.model_copy(update={"smtp_url": SecretStr(f"smtp://127.0.0.1:{port}")})
    wanted(bob)
    wanted(make_owner(owner))
    assert send_waiting(away).summary == "1 put off"
    assert sorted(row[1] for row in rows(owner)) == [0, 1]
    owner.execute("UPDATE mails SET due_at = now() - interval '1 day', next_attempt_at = now()")
    assert send_waiting(away).summary == "1 failed"


def test_without_a_mail_server_mails_wait(owner: Connection, bob: Owner, database_url: str) -> None:
    wanted(bob)
    assert send_waiting(settings()).summary == ""
    assert rows(owner) == [("pending", 0, None)]


@pytest.mark.parametrize("kind", sorted(set(MailKind) - {MailKind.APPROVAL_NEEDED}))  # test_approving.py
def test_every_mail_says_the_same_in_both_forms_and_names_the_sandbox(kind: MailKind) -> None:
    for sandbox in (True, False):
        mail = write(kind, public_url="https://posts.example.com", token="T0KEN", sandbox=sandbox)
        assert mail.subject.startswith("[Sandbox] ") == sandbox
        for form in (mail.text, mail.html):
            assert ("trial installation" in form) == sandbox
            assert "https://posts.example.com/" in form
            assert ("T0KEN" in form) == (kind in (MailKind.VERIFY_EMAIL, MailKind.RESET_PASSWORD))
            assert "None" not in form


async def test_finished_mails_and_their_links_are_forgotten_after_a_month(
    owner: Connection, bob: Owner, config: Settings
) -> None:
    wanted(bob)
    send_waiting(config)
    old = uuid4()
    long_ago = utc_now() - timedelta(days=31)
    insert(owner, "mails", id=old, user_id=bob.user_id, kind="verify_email", address=bob.email, status="sent",
           next_attempt_at=long_ago, finished_at=long_ago)  # fmt: skip
    insert(owner, "mail_links", token_hash="old", user_id=bob.user_id, mail_id=old, purpose="verify_email",
           address=bob.email, made_at=long_ago, expires_at=long_ago)  # fmt: skip
    assert (await forget_old_rows.fn())["mails"] == 1
    assert owner.execute("SELECT count(*) FROM mails").fetchone() == (1,)
    assert owner.execute("SELECT count(*) FROM mail_links").fetchone() == (1,)
