"""The mail about posts that wait: what it shows when it leaves, each with its link, through a real mail server."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest

from models.base import utc_now
from models.calendar_slots import week_of
from models.connecting import hashed
from models.mails import MailKind
from models.settings import Settings, settings
from tasks.mails.letters import Waiting, Week, write
from tasks.mails.sending import send_waiting
from tests.factories import Connected, Owner, insert, make_account, make_owner, make_post
from tests.sandbox_server import Server

Connection = psycopg.Connection[Any]
WEEK = week_of(utc_now(), ZoneInfo("America/Chicago"))


@pytest.fixture
def config(sandbox: Server, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Settings:
    """Mails go to the sandbox."""
    monkeypatch.setenv("POSTAGENT_SMTP_URL", sandbox.smtp_url)
    monkeypatch.setenv("POSTAGENT_EMAIL_FROM", "PostAgentPro <hello@example.com>")
    monkeypatch.setenv("POSTAGENT_SANDBOX_URL", sandbox.url)
    settings.cache_clear()
    return settings()


@pytest.fixture
def bob(owner: Connection) -> Owner:
    return make_owner(owner, email="bob@example.com")


@pytest.fixture
def page(owner: Connection, bob: Owner) -> Connected:
    return make_account(owner, bob, account_name="Bob on Facebook")


@pytest.fixture
def week(owner: Connection, bob: Owner) -> UUID:
    """The week that the mail is about, as a generation wrote it."""
    return generated(owner, bob, WEEK)


def generated(owner: Connection, bob: Owner, week_start: date) -> UUID:
    generation = uuid4()
    insert(owner, "content_generations", id=generation, user_id=bob.user_id, business_id=bob.business_id, model="m",
           week_start=week_start, prompt_version="1", slots_wanted=3, posts_made=3)  # fmt: skip
    return generation


def wait_for(owner: Connection, bob: Owner, account: Connected, week: UUID, **columns: Any) -> UUID:
    """A post of the week that waits."""
    return make_post(owner, bob, account, requires_approval=True, generation_id=week, **columns)


def mail_due(owner: Connection, bob: Owner, week_start: date = WEEK) -> UUID:
    mail_id = uuid4()
    insert(owner, "mails", id=mail_id, user_id=bob.user_id, kind="approval_needed", address=bob.email,
           week_start=week_start, due_at=utc_now(), next_attempt_at=utc_now())  # fmt: skip
    return mail_id


def tokens_in(mail: dict[str, Any]) -> list[str]:
    found: list[str] = re.findall(r"/decide\?token=([\w-]{43})\n", mail["text"])
    return found


def rows(owner: Connection) -> list[tuple[Any, ...]]:
    return owner.execute("SELECT status, attempts, error FROM mails ORDER BY created_at").fetchall()


def test_it_shows_what_waits_each_with_a_link_of_which_only_the_hash_is_kept(
    owner: Connection, bob: Owner, page: Connected, week: UUID, config: Settings, sandbox: Server
) -> None:
    now = utc_now().replace(microsecond=0)
    first = wait_for(
        owner, bob, page, week, content="Turn it clockwise.", hashtags=["#Plumbing", "Austin"],
        media_url="https://pictures.example/valve.jpg", scheduled_for=now + timedelta(hours=2),
    )  # fmt: skip
    later = wait_for(owner, bob, page, week, content="<b>Bold</b> & loud.", scheduled_for=now + timedelta(days=8))
    mail_id = mail_due(owner, bob)
    assert send_waiting(config).summary == "1 sent"
    (mail,) = sandbox.mails(bob.email)
    assert mail["subject"] == f"[Sandbox] 2 posts wait for your yes (week of {WEEK:%b} {WEEK.day})"
    local = (now + timedelta(hours=2)).astimezone(ZoneInfo(bob.zone))
    when = f"{local:%a, %b} {local.day}, {local.hour % 12 or 12}:{local:%M} {local:%p}, Chicago time ({local:%Z})"
    for shown in (f"Facebook as Bob on Facebook: {when}", "Turn it clockwise.\n\n#Plumbing #Austin",
                  "Its picture: https://pictures.example/valve.jpg", "<b>Bold</b> & loud.",
                  "Turn them off on the page Business", f"{config.public_url}/queue"):  # fmt: skip
        assert shown in mail["text"]
    for shown in (
        when,
        "#Plumbing #Austin",
        "https://pictures.example/valve.jpg",
        "&lt;b&gt;Bold&lt;/b&gt; &amp; loud.",
    ):
        assert shown in mail["html"]
    tokens = tokens_in(mail)
    assert all(f"{config.public_url}/decide?token={token}" in mail["html"] for token in tokens)
    kept = owner.execute(
        "SELECT l.token_hash, l.purpose, l.mail_id, l.address, l.used_at, l.post_id, l.content_hash = p.content_hash, "
        "CASE WHEN l.expires_at = p.scheduled_for THEN 'its time' ELSE (l.expires_at - l.made_at)::text END "
        "FROM mail_links l JOIN post_queue p ON p.id = l.post_id ORDER BY p.scheduled_for"
    ).fetchall()
    assert kept == [
        (hashed(tokens[0]), "decide_post", mail_id, bob.email, None, first, True, "its time"),
        (hashed(tokens[1]), "decide_post", mail_id, bob.email, None, later, True, "7 days"),
    ]
    whole = owner.execute("SELECT json_agg(m)::text FROM mails m").fetchone(), str(kept)
    assert not any(token in str(whole) for token in tokens)


def test_ten_are_shown_and_the_others_counted(
    owner: Connection, bob: Owner, page: Connected, week: UUID, config: Settings, sandbox: Server
) -> None:
    start = utc_now() + timedelta(hours=1)
    for number in reversed(range(12)):
        wait_for(owner, bob, page, week, content=f"Number {number}.", scheduled_for=start + timedelta(hours=number))
    mail_due(owner, bob)
    send_waiting(config)
    (mail,) = sandbox.mails(bob.email)
    assert "12 posts wait" in mail["subject"]
    assert re.findall(r"Number (\d+)\.", mail["text"]) == [str(number) for number in range(10)]
    assert "These are the 10 that leave first. 2 more wait in your queue." in mail["text"]
    assert len(tokens_in(mail)) == 10


def test_only_what_can_be_decided_when_it_leaves_is_in_it(
    owner: Connection, bob: Owner, page: Connected, week: UUID, config: Settings, sandbox: Server
) -> None:
    wait_for(owner, bob, page, week, content="I wait.")
    for status in ("approved", "rejected", "published", "failed"):
        wait_for(owner, bob, page, week, content="Not me.", status=status)
    make_post(owner, bob, page, content="Not me: I need no yes.", generation_id=week)
    wait_for(owner, bob, page, week, content="Not me: my time is over.", scheduled_for=utc_now() - timedelta(minutes=1))
    wait_for(owner, bob, page, week, content="Not me: in doubt.", in_doubt_since=utc_now())
    wait_for(owner, bob, make_account(owner, bob, status="expired"), week, content="Not me: nothing goes out there.")
    wait_for(owner, bob, page, generated(owner, bob, WEEK + timedelta(weeks=1)), content="Not me: another week.")
    eve = make_owner(owner)
    wait_for(owner, eve, make_account(owner, eve), generated(owner, eve, WEEK), content="Not me: I am Eve's.")
    mail_due(owner, bob)
    send_waiting(config)
    (mail,) = sandbox.mails(bob.email)
    assert "1 post waits for your yes" in mail["subject"]
    assert "I wait." in mail["text"]
    assert "Not me" not in mail["text"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE post_queue SET status = 'approved'",
        "UPDATE post_queue SET status = 'rejected'",
        "DELETE FROM post_queue",
        "UPDATE post_queue SET scheduled_for = now()",
        "UPDATE users SET status = 'paused'",
        "UPDATE user_preferences SET push_approval_needed = false",
    ],
)
def test_where_nothing_is_left_to_be_decided_nothing_is_sent_and_the_mail_is_finished(
    owner: Connection, bob: Owner, page: Connected, week: UUID, config: Settings, sandbox: Server, change: str
) -> None:
    wait_for(owner, bob, page, week)
    mail_due(owner, bob)
    owner.execute(change.encode())
    assert send_waiting(config).summary == "1 not needed"
    assert send_waiting(config).summary == ""
    assert sandbox.mails(bob.email) == []
    assert rows(owner) == [("dropped", 1, None)]
    assert owner.execute("SELECT count(*) FROM mail_links").fetchone() == (0,)


def test_one_that_is_not_needed_does_not_hold_up_the_others(
    owner: Connection, bob: Owner, page: Connected, week: UUID, config: Settings, sandbox: Server
) -> None:
    for number in range(3):
        mail_due(owner, make_owner(owner), WEEK + timedelta(weeks=number))
    wait_for(owner, bob, page, week)
    mail_due(owner, bob)
    assert send_waiting(config).summary == "3 not needed, 1 sent"


def test_before_its_morning_it_waits_and_is_written_anew_when_it_is_tried_again(
    owner: Connection, bob: Owner, page: Connected, week: UUID, config: Settings, sandbox: Server
) -> None:
    wait_for(owner, bob, page, week, content="First words.")
    mail_due(owner, bob)
    owner.execute("UPDATE mails SET due_at = now() + interval '1 hour', next_attempt_at = now() + interval '1 hour'")
    assert send_waiting(config).summary == ""
    owner.execute("UPDATE mails SET due_at = now(), next_attempt_at = now()")
    sandbox.fault(service="mail", kind="429")
    assert send_waiting(config).summary == "1 put off"
    owner.execute("UPDATE post_queue SET content = 'Second words.'")
    owner.execute("UPDATE mails SET next_attempt_at = now()")
    assert send_waiting(config).summary == "1 sent"
    (mail,) = sandbox.mails(bob.email)
    assert "Second words." in mail["text"]
    assert "First words." not in mail["text"]


def test_the_time_in_it_is_the_wall_clock_of_the_posts_own_day() -> None:
    before = datetime(2026, 10, 31, 14, tzinfo=UTC)  # 9:00 in summer time
    week = Week(
        start=date(2026, 10, 26),
        posts=[
            Waiting(where="Google", at=at, text="x", picture=None, token="T")
            for at in (before, before + timedelta(days=1, hours=1))
        ],
        waiting=3,
        zone=ZoneInfo("America/Chicago"),
    )
    mail = write(MailKind.APPROVAL_NEEDED, public_url="https://posts.example.com", week=week, sandbox=False)
    assert mail.subject == "3 posts wait for your yes (week of Oct 26)"
    for form in (mail.text, mail.html):
        assert "Google: Sat, Oct 31, 9:00 AM, Chicago time (CDT)" in form
        assert "Google: Sun, Nov 1, 9:00 AM, Chicago time (CST)" in form
        assert "These are the 2 that leave first. One more waits in your queue." in form
        assert "None" not in form
        assert "trial installation" not in form
