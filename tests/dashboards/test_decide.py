"""Deciding by the link in a mail: real routes, guard and database roles; who else is quicker is told kindly."""

from __future__ import annotations

import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import psycopg
import pytest
from starlette.testclient import TestClient

from dashboards.parts import story
from dashboards.parts.owner import owner_of
from models import post_status
from models.base import utc_now
from models.connecting import hashed
from models.database import Role, session
from models.post_status import APPROVED_BY_MAIL, SKIPPED_BY_MAIL
from tests.dashboards.attacks.poison import TEXT
from tests.dashboards.house import Login, Seen, cookie_of
from tests.factories import Connected, Owner, insert, make_account, make_owner, make_post

Connection = psycopg.Connection[Any]
ORIGIN = {"origin": "http://localhost:8501"}
WORDS = "A drip a second is 3,000 gallons a year."


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailed:
    """A post that a mail told of, and the token of its link."""

    id: UUID
    token: str
    hash: str


@pytest.fixture
def page(owner: Connection, bob: Owner) -> Connected:
    """Bob's Facebook Page."""
    return make_account(owner, bob, account_name="Bob on Facebook")


def mail_about(owner: Connection, bob: Owner, post: UUID, *, life: timedelta = timedelta(hours=1)) -> Mailed:
    """A mail about a post that has left, with its link."""
    mail_id, token, now = uuid4(), secrets.token_urlsafe(32), utc_now()
    row = owner.execute("SELECT content_hash FROM post_queue WHERE id = %s", (post,)).fetchone()
    assert row is not None
    insert(owner, "mails", id=mail_id, user_id=bob.user_id, kind="approval_needed", address=bob.email, status="sent",
           week_start=now.date(), next_attempt_at=now, finished_at=now)  # fmt: skip
    insert(owner, "mail_links", token_hash=hashed(token), user_id=bob.user_id, mail_id=mail_id, purpose="decide_post",
           address=bob.email, made_at=now, expires_at=now + life, post_id=post, content_hash=row[0])  # fmt: skip
    return Mailed(id=post, token=token, hash=row[0])


@pytest.fixture
def mailed(owner: Connection, bob: Owner, page: Connected) -> Mailed:
    """A post of Bob's that waits, and the link of the mail about it."""
    post = make_post(
        owner, bob, page, content=WORDS, hashtags=["Plumbing"], media_url="https://pictures.example/tap.jpg",
        alt_text="A dripping tap", requires_approval=True,
    )  # fmt: skip
    return mail_about(owner, bob, post)


def look(client: TestClient, mailed: Mailed, method: str = "GET") -> httpx2.Response:
    return client.request(method, "/decide", params={"token": mailed.token})


def press(client: TestClient, mailed: Mailed, decision: str = "approve", **headers: str) -> httpx2.Response:
    """Send the form as the page would."""
    return client.post("/decide", data={"token": mailed.token, "decision": decision}, headers=ORIGIN | headers)


def heading(answer: httpx2.Response) -> str:
    found = re.search(r"<h1>(.*?)</h1>", answer.text)
    assert found is not None
    return found[1]


def row(owner: Connection, mailed: Mailed) -> tuple[Any, ...]:
    found = owner.execute("SELECT status, approved_by FROM post_queue WHERE id = %s", (mailed.id,)).fetchone()
    assert found is not None
    return tuple(found)


def everything(owner: Connection) -> str:
    """All that a decision could change, byte for byte."""
    return str([
        owner.execute(f"SELECT to_jsonb(t)::text FROM {table} t ORDER BY 1".encode()).fetchall()
        for table in ("post_queue", "post_events", "mail_links", "mails", "dashboard_sessions")
    ])  # fmt: skip


def edit(mailed: Mailed, bob: Owner, content: str, seen: str | None = None) -> str:
    """What a tab does."""
    with session(Role.DASHBOARD, tenant=bob.user_id) as db:
        return post_status.edit(
            db, mailed.id, seen_hash=seen or mailed.hash, actor=bob.email, now=utc_now(), content=content
        )


class TestLooking:
    def test_the_post_is_shown_as_it_would_go_out_with_three_ways_on(self, client: TestClient, mailed: Mailed) -> None:
        answer = look(client, mailed)
        assert (answer.status_code, heading(answer)) == (200, "Shall this go out?")
        for shown in (WORDS, "#Plumbing", "https://pictures.example/tap.jpg", "A dripping tap", "Bob on Facebook",
                      'value="approve"', 'value="skip"', f'href="/queue?post={mailed.id}"',
                      "Chicago time (C"):  # fmt: skip
            assert shown in answer.text
        assert "img-src 'self' https:" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_a_scanner_that_follows_the_link_decides_nothing(
        self, client: TestClient, owner: Connection, mailed: Mailed, method: str
    ) -> None:
        before = everything(owner)
        for _ in range(3):
            assert look(client, mailed, method).status_code == 200
            client.request(method, "/decide", params={"token": mailed.token, "decision": "approve"})
        assert everything(owner) == before

    def test_what_is_in_the_post_is_only_text(
        self, client: TestClient, owner: Connection, bob: Owner, page: Connected
    ) -> None:
        owner.execute("UPDATE connected_accounts SET account_name = %s", (TEXT,))
        post = make_post(
            owner, bob, page, content=TEXT, hashtags=[TEXT], alt_text=TEXT, requires_approval=True,
            media_url='https://pictures.example/x.png" onerror="window.hacked=1',
        )  # fmt: skip
        text = look(client, mail_about(owner, bob, post)).text
        seen = Seen(text)
        assert "<xss-probe>" in seen.text
        assert not {"script", "iframe", "xss-probe", "textarea"} & set(seen.tags)
        assert seen.tags.count("svg") == 1, "the house's mark"
        assert not [name for name in seen.attributes if name.startswith("on")]
        assert not [link for name in ("href", "src") for link in seen.attributes[name] if "javascript:" in link]
        assert "script-src" not in look(client, mail_about(owner, bob, post)).headers["content-security-policy"]


class TestDeciding:
    def test_approved_by_whom_and_when_without_a_login(
        self, client: TestClient, owner: Connection, bob: Owner, mailed: Mailed
    ) -> None:
        answer = press(client, mailed)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/decide?token={mailed.token}")
        assert "set-cookie" not in answer.headers
        assert cookie_of(client) is None
        assert row(owner, mailed) == ("approved", bob.email)
        told = client.get(answer.headers["location"])
        assert heading(told) == "This post is approved"
        assert "bob@example.com approved it today, " in told.text
        assert "<button" not in told.text

    def test_its_story_says_that_it_was_by_a_mails_link(
        self, client: TestClient, owner: Connection, bob: Owner, page: Connected, mailed: Mailed
    ) -> None:
        other = mail_about(owner, bob, make_post(owner, bob, page, requires_approval=True))
        press(client, mailed)
        press(client, other, "skip")
        someone = owner_of(bob.user_id, utc_now())
        assert someone is not None
        for post, reason, sentence in (
            (mailed, APPROVED_BY_MAIL, "You approved it by the link in a mail."),
            (other, SKIPPED_BY_MAIL, "You skipped it by the link in a mail. Its place stays empty."),
        ):
            line = someone.rows("post_story", post_id=post.id)[-1]
            assert (line.actor, line.reason, line.intact) == (bob.email, reason, True)
            told = story.told(line, email=bob.email, platform="facebook", zone=someone.clock_zone, now=someone.now)
            assert told == sentence

    def test_skipped_is_told_and_final(self, client: TestClient, owner: Connection, bob: Owner, mailed: Mailed) -> None:
        press(client, mailed, "skip")
        assert row(owner, mailed) == ("rejected", None)
        told = look(client, mailed)
        assert heading(told) == "This post is skipped"
        assert "bob@example.com skipped it today, " in told.text
        again = press(client, mailed)
        assert (again.status_code, heading(again)) == (409, "This post is skipped")
        assert row(owner, mailed) == ("rejected", None)

    def test_a_link_decides_once(self, client: TestClient, owner: Connection, bob: Owner, mailed: Mailed) -> None:
        press(client, mailed)
        again = press(client, mailed, "skip")
        assert (again.status_code, heading(again)) == (409, "This post is approved")
        changed = edit(mailed, bob, "Something else.")
        assert edit(mailed, bob, WORDS, changed) == mailed.hash, "the very words of the mail, once more"
        used = press(client, mailed)
        assert (used.status_code, heading(used)) == (409, "This link was used already")
        assert row(owner, mailed) == ("pending", None)

    def test_nothing_but_approve_and_skip_of_this_post_is_taken(
        self, client: TestClient, owner: Connection, bob: Owner, page: Connected, mailed: Mailed
    ) -> None:
        other = make_post(owner, bob, page, requires_approval=True)
        before = everything(owner)
        for decision in ("", "publish", "edit", "APPROVE", "approve\n", "retry"):
            assert press(client, mailed, decision).status_code == 422
        assert everything(owner) == before
        done = client.post(
            "/decide",
            data={
                "token": mailed.token,
                "decision": "approve",
                "post_id": str(other),
                "content": "Mine",
                "next": "//x",
            },
            headers=ORIGIN,
        )
        assert done.headers["location"] == f"/decide?token={mailed.token}"
        assert row(owner, mailed)[0] == "approved"
        assert row(owner, Mailed(id=other, token="", hash=""))[0] == "pending"
        assert WORDS in look(client, mailed).text

    def test_another_sites_form_is_refused(self, client: TestClient, owner: Connection, mailed: Mailed) -> None:
        before = everything(owner)
        for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
            assert press(client, mailed, **headers).status_code == 403
        assert everything(owner) == before

    def test_somebody_elses_session_is_neither_used_nor_changed(
        self, client: TestClient, owner: Connection, bob: Owner, bob_in: Login
    ) -> None:
        eve = make_owner(owner, email="eve@example.com")
        post = make_post(owner, eve, make_account(owner, eve), requires_approval=True)
        client.cookies.set("postagent_session", bob_in.token)
        answer = press(client, mail_about(owner, eve, post))
        assert "set-cookie" not in answer.headers
        found = owner.execute("SELECT approved_by FROM post_queue WHERE id = %s", (post,)).fetchone()
        assert found == ("eve@example.com",)


class TestSomebodyElseWasQuicker:
    def test_a_tab_edited_it(self, client: TestClient, owner: Connection, bob: Owner, mailed: Mailed) -> None:
        edit(mailed, bob, "Only the tab saw this.")
        for answer, code in (
            (look(client, mailed), 200),
            (press(client, mailed), 409),
            (press(client, mailed, "skip"), 409),
        ):
            assert (answer.status_code, heading(answer)) == (code, "This post was changed meanwhile")
            assert "Only the tab saw this." in answer.text
            assert WORDS not in answer.text
            assert f'class="button" href="/queue?post={mailed.id}"' in answer.text
            assert "<button" not in answer.text
        assert row(owner, mailed) == ("pending", None)

    def test_it_was_edited_between_looking_and_deciding(
        self, client: TestClient, owner: Connection, bob: Owner, mailed: Mailed
    ) -> None:
        """Not even in the moment between the form's two looks at the database."""
        from dashboards import deciding

        link = deciding.open_link(mailed.token, utc_now())
        assert link is not None
        assert deciding.standing(link).is_open
        edit(mailed, bob, "Only the tab saw this.")
        for decision in deciding.Decision:
            with pytest.raises(post_status.PostChanged):
                deciding.decide(link, decision, utc_now())
        assert row(owner, mailed) == ("pending", None)
        used = owner.execute("SELECT used_at FROM mail_links").fetchone()
        assert used == (None,), "a refusal does not use the link up"

    def test_the_mail_approved_and_then_a_tab_edits(
        self, client: TestClient, owner: Connection, bob: Owner, mailed: Mailed
    ) -> None:
        press(client, mailed)
        edit(mailed, bob, "Better words.")
        assert row(owner, mailed) == ("pending", None), "the approval is void"
        assert heading(press(client, mailed)) == "This post was changed meanwhile"

    def test_a_tab_edited_and_approved(self, client: TestClient, bob: Owner, mailed: Mailed) -> None:
        changed = edit(mailed, bob, "Better words.")
        with session(Role.DASHBOARD, tenant=bob.user_id) as db:
            post_status.approve(db, mailed.id, seen_hash=changed, actor="anna@example.com", now=utc_now())
        answer = press(client, mailed, "skip")
        assert (answer.status_code, heading(answer)) == (409, "This post is approved")
        assert "anna@example.com approved it today" in answer.text
        assert "It was changed since your mail" in answer.text

    def test_two_decisions_at_once_make_one(
        self, client: TestClient, owner: Connection, bob: Owner, page: Connected
    ) -> None:
        for decisions in (("approve", "approve"), ("approve", "skip"), ("skip", "skip")):
            mailed = mail_about(owner, bob, make_post(owner, bob, page, requires_approval=True))
            with ThreadPoolExecutor(2) as pool:
                answers = list(pool.map(lambda decision, m=mailed: press(client, m, decision), decisions))
            assert sorted(answer.status_code for answer in answers) == [303, 409]
            won = decisions[[answer.status_code for answer in answers].index(303)]
            assert row(owner, mailed)[0] == ("approved" if won == "approve" else "rejected")
            (late,) = (answer for answer in answers if answer.status_code == 409)
            assert heading(late) == ("This post is approved" if won == "approve" else "This post is skipped")
            assert "bob@example.com" in late.text
            lines = owner.execute("SELECT count(*) FROM post_events WHERE post_id = %s", (mailed.id,)).fetchone()
            assert lines == (2,)

    def test_a_tab_and_a_mail_at_once_make_one(
        self, client: TestClient, owner: Connection, bob: Owner, page: Connected
    ) -> None:
        def in_a_tab(mailed: Mailed) -> bool:
            try:
                with session(Role.DASHBOARD, tenant=bob.user_id) as db:
                    post_status.approve(db, mailed.id, seen_hash=mailed.hash, actor="tab@example.com", now=utc_now())
            except post_status.ImpossibleChange:
                return False
            return True

        for _ in range(6):
            mailed = mail_about(owner, bob, make_post(owner, bob, page, requires_approval=True))
            with ThreadPoolExecutor(2) as pool:
                tab, mail = pool.submit(in_a_tab, mailed), pool.submit(press, client, mailed, "skip")
            assert tab.result() != (mail.result().status_code == 303)
            if tab.result():
                assert "tab@example.com approved it" in mail.result().text
                assert row(owner, mailed) == ("approved", "tab@example.com")
            else:
                assert row(owner, mailed) == ("rejected", None)

    def test_an_attempt_whose_end_nobody_knows_is_waited_for(
        self, client: TestClient, owner: Connection, bob: Owner, mailed: Mailed
    ) -> None:
        insert(owner, "publish_attempts", user_id=bob.user_id, post_id=mailed.id, attempt_number=1, fingerprint="x",
               lease_token=1, worker="w", started_at=utc_now())  # fmt: skip
        answer = press(client, mailed)
        assert answer.status_code == 409
        assert "This post is being published right now. Look again in a minute." in answer.text
        assert row(owner, mailed) == ("pending", None)
        assert owner.execute("SELECT used_at FROM mail_links").fetchone() == (None,)

    def test_a_transaction_that_holds_the_post_is_waited_for(
        self, client: TestClient, owner: Connection, bob: Owner, mailed: Mailed
    ) -> None:
        """The tab has the row, and commits other words only after the mail's form was sent."""
        with ThreadPoolExecutor(1) as pool, session(Role.DASHBOARD, tenant=bob.user_id) as db:
            post_status.edit(
                db, mailed.id, seen_hash=mailed.hash, actor=bob.email, now=utc_now(), content="Words of the tab."
            )
            sent = pool.submit(press, client, mailed)
            waiting = (
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            until = utc_now() + timedelta(seconds=30)
            while owner.execute(waiting.encode()).fetchone() == (0,):
                assert utc_now() < until
            db.commit()
        answer = sent.result()
        assert (answer.status_code, heading(answer)) == (409, "This post was changed meanwhile")
        assert "Words of the tab." in answer.text


CLOSED = {
    "canceled": ("UPDATE users SET status = 'canceled'", "Your plan is canceled"),
    "paused": ("UPDATE users SET status = 'paused'", "Your account is paused"),
    "unverified": ("UPDATE users SET unverified_since = now()", "Please confirm your e-mail address"),
    "disconnected": (
        "UPDATE connected_accounts SET status = 'revoked', access_token_encrypted = '', disconnected_at = now()",
        "This account is disconnected",
    ),
    "broken": ("UPDATE connected_accounts SET status = 'expired'", "The connection is broken"),
    "in doubt": ("UPDATE post_queue SET in_doubt_since = now()", "This post is on its way"),
    "late": ("UPDATE post_queue SET scheduled_for = now() - interval '1 minute'", "Its time has passed"),
    "published": (
        "UPDATE post_queue SET status = 'approved'; "
        "UPDATE post_queue SET status = 'published', published_at = now(), platform_post_id = '1_2'",
        "This post is live",
    ),
    "failed": ("UPDATE post_queue SET status = 'failed', error_message = 'No picture'", "This post did not go out"),
    "rejected": ("UPDATE post_queue SET status = 'rejected'", "This post is rejected"),
    "no approval": ("UPDATE post_queue SET requires_approval = false", "This post needs no yes"),
}


@pytest.mark.parametrize("name", CLOSED)
def test_what_cannot_be_decided_says_why_and_leads_on(
    client: TestClient, owner: Connection, mailed: Mailed, name: str
) -> None:
    change, title = CLOSED[name]
    owner.execute(change.encode())
    before = everything(owner)
    assert (look(client, mailed).status_code, heading(look(client, mailed))) == (200, title)
    for decision in ("approve", "skip"):
        answer = press(client, mailed, decision)
        assert (answer.status_code, heading(answer)) == (409, title)
        assert "<button" not in answer.text
        assert 'class="button" href="/' in answer.text
    assert everything(owner) == before


class TestLinksThatOpenNothing:
    def answers(self, client: TestClient, token: str) -> list[tuple[int, str, str]]:
        gone = Mailed(id=uuid4(), token=token, hash="")
        both = (look(client, gone), press(client, gone))
        return [(a.status_code, a.text, str(sorted(a.headers.items()))) for a in both]

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE mail_links SET expires_at = now() - interval '1 second'",
            "UPDATE users SET email = 'new@example.com'",
            "DELETE FROM post_queue",
            "DELETE FROM users",
            "DELETE FROM mails",
        ],
    )
    def test_one_that_is_over_looks_like_one_that_was_never_made(
        self, client: TestClient, owner: Connection, mailed: Mailed, change: str
    ) -> None:
        owner.execute(change.encode())
        before = everything(owner)
        mine = self.answers(client, mailed.token)
        assert [code for code, _, _ in mine] == [410, 410]
        for made_up in ("A" * 43, "", "' OR ''='", "\x00", "x" * 10_000, hashed(mailed.token)):
            assert self.answers(client, made_up) == mine
        assert everything(owner) == before

    def test_a_link_for_something_else_decides_nothing_and_this_one_opens_nothing_else(
        self, client: TestClient, owner: Connection, bob: Owner, mailed: Mailed
    ) -> None:
        assert client.get("/reset", params={"token": mailed.token}).status_code == 410
        assert client.get("/verify", params={"token": mailed.token}).status_code == 410
        owner.execute("UPDATE mail_links SET purpose = 'reset_password'")
        assert look(client, mailed).status_code == 410

    def test_the_dashboards_role_uses_up_only_its_own_tenants_links(
        self, owner: Connection, bob: Owner, mailed: Mailed
    ) -> None:
        eve = make_owner(owner)

        def use(tenant: UUID, at: datetime) -> object:
            with session(Role.DASHBOARD, tenant=tenant) as db:
                run = db.connection().exec_driver_sql
                return run(
                    "SELECT use_decide_link(%(link)s, %(at)s)", {"link": hashed(mailed.token), "at": at}
                ).scalar_one()

        assert use(eve.user_id, utc_now()) is False
        assert use(bob.user_id, utc_now()) is True
        assert use(bob.user_id, utc_now()) is False
