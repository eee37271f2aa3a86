"""`postagent posts`: the whole story of a post, another chance, and tampering found."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from pydantic import SecretStr

from models.base import utc_now
from ops.cli import main
from tests.factories import insert, make_account, make_owner, make_post

SECRET = SecretStr("token-that-must-not-be-shown")


@pytest.fixture
def failed(owner: psycopg.Connection[Any]) -> UUID:
    person = make_owner(owner)
    account = make_account(owner, person, access_token=SECRET.get_secret_value())
    post = make_post(owner, person, account, content="A [red]leak[/red]?")
    insert(
        owner,
        "publish_attempts",
        post_id=post,
        user_id=person.user_id,
        attempt_number=1,
        fingerprint="abc123",
        worker="here/1/x",
        lease_token=1,
        outcome="refused",
        finished_at=utc_now(),
        error_message="Google rejected the post.",
    )
    owner.execute("UPDATE post_queue SET status = 'failed', error_message = 'refused' WHERE id = %s", (post,))
    return post


def test_show_tells_the_post_its_attempts_and_its_story(failed: UUID, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["posts", "show", str(failed)]) == 0
    told = "".join(capsys.readouterr().out.split())
    for part in ("A[red]leak[/red]?", "abc123", "Googlerejected", "failed", "Thestoryisintact"):
        assert "".join(part.split())[:14] in told
    assert SECRET.get_secret_value() not in told


def test_show_tells_all_pictures_and_an_offer_with_its_times_on_the_owners_clock(
    owner: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    person = make_owner(owner, zone="America/Chicago")
    offer: dict[str, Any] = {
        "topic_type": "OFFER",
        "event_title": "Winter check",
        "event_starts_at": "2027-01-02 14:00Z",
        "event_ends_at": "2027-01-04 23:00Z",
        "offer_coupon_code": "TAP10",
    }
    on_google = make_post(owner, person, make_account(owner, person, "google"), **offer)
    assert main(["posts", "show", str(on_google)]) == 0
    told = "".join(capsys.readouterr().out.replace("│", " ").split())
    assert "Sat,Jan2,2027,8:00AMtoMon,Jan4,2027,5:00PM,Chicagotime(CST)" in told
    for part in ("OFFER", "Wintercheck", "TAP10"):
        assert part in told
    more = ["https://example.com/b.jpg", "https://example.com/c.jpg"]
    urls: dict[str, Any] = {"media_url": "https://example.com/a.jpg", "more_media_urls": more}
    album = make_post(owner, person, make_account(owner, person, "facebook"), **urls)
    assert main(["posts", "show", str(album)]) == 0
    told = capsys.readouterr().out
    assert all(url in told for url in ("https://example.com/a.jpg", *more))


def test_retry_gives_another_chance_once(
    failed: UUID, owner: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["posts", "retry", str(failed)]) == 0
    assert owner.execute("SELECT status FROM post_queue").fetchone() == ("pending",)
    assert main(["posts", "retry", str(failed)]) == 1
    assert capsys.readouterr().err == f"{failed}: This post is pending; only a failed one can be tried again.\n"


def test_verify_finds_a_rewritten_history(
    failed: UUID, owner: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["posts", "verify"]) == 0
    assert capsys.readouterr().out == "1 stories are intact\n"
    owner.execute("ALTER TABLE post_events DISABLE TRIGGER post_events_append_only")
    owner.execute("UPDATE post_events SET actor = 'somebody else' WHERE seq = 1")
    assert main(["posts", "verify"]) == 1
    assert f"{failed}: broken at line 1" in capsys.readouterr().out
    assert main(["posts", "show", str(failed)]) == 1
    owner.execute("DELETE FROM post_events WHERE seq = 2")
    assert main(["posts", "verify"]) == 1


def test_a_history_cut_off_at_its_end_is_found(
    failed: UUID, owner: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    owner.execute("ALTER TABLE post_events DISABLE TRIGGER post_events_append_only")
    owner.execute("DELETE FROM post_events WHERE seq = 2")
    assert main(["posts", "verify"]) == 1
    assert "its end does not fit the post" in capsys.readouterr().out
    owner.execute("DELETE FROM post_events")
    assert main(["posts", "verify"]) == 1


@pytest.mark.parametrize("command", ["show", "retry"])
def test_a_wrong_id_ends_in_one_line(database_url: str, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["posts", command, "seven"]) == 1
    assert capsys.readouterr().err.startswith("'seven' is no post id")
    nobody = uuid4()
    assert main(["posts", command, str(nobody)]) == 1
    assert str(nobody) in capsys.readouterr().err
