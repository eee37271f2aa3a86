"""The Settings page."""

from __future__ import annotations

from typing import Any

import psycopg

from dashboards.logins import find_session
from models.base import utc_now
from tests.dashboards.conftest import OpenPage
from tests.dashboards.house import Login, Seen, make_login, words
from tests.factories import Owner, make_owner

Connection = psycopg.Connection[Any]
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"


def live(owner: Connection, bob: Owner) -> int:
    row = owner.execute(
        "SELECT count(*) FROM dashboard_sessions WHERE user_id = %s AND revoked_at IS NULL", (bob.user_id,)
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_it_leads_to_all_that_can_be_done(open_page: OpenPage, bob_in: Login) -> None:
    test = open_page(bob_in, "settings")
    seen = Seen(words(test))
    assert {"/settings/password", "/settings/delete"} <= set(seen.attributes["href"])
    assert "/settings/export" in seen.attributes["action"]
    assert "bob@example.com" in seen.text
    assert not test.button, "one session: nothing to end"


def test_sessions_are_told_with_device_place_and_time(
    owner: Connection, open_page: OpenPage, bob: Owner, bob_in: Login
) -> None:
    other = make_login(owner, bob)
    owner.execute(
        "UPDATE dashboard_sessions SET user_agent = %s, address = '198.51.100.7', "
        "last_seen_at = now() - interval '3 hours' WHERE id = %s",
        (CHROME, other.session_id),
    )
    make_login(owner, make_owner(owner))
    told = Seen(words(open_page(bob_in, "settings"))).text
    assert "This device" in told
    assert "Chrome on Windows" in told
    assert "Last seen 3 hours ago · 198.51.100.7" in told
    assert told.count("logged in today") + told.count("logged in yesterday") == 2, "nobody else's"


def test_one_session_is_ended_and_the_others_stay(
    owner: Connection, open_page: OpenPage, bob: Owner, bob_in: Login
) -> None:
    first, second = make_login(owner, bob), make_login(owner, bob)
    test = open_page(bob_in, "settings")
    test.button(key=f"end-{first.session_id}").click().run()
    assert not test.exception
    assert "Logged out there" in words(test)
    assert find_session(first.token, now=utc_now()) is None
    assert find_session(second.token, now=utc_now()) is not None
    assert live(owner, bob) == 2


def test_all_others_are_ended_at_once(owner: Connection, open_page: OpenPage, bob: Owner, bob_in: Login) -> None:
    for _ in range(3):
        make_login(owner, bob)
    neighbour = make_login(owner, make_owner(owner))
    test = open_page(bob_in, "settings")
    test.button(key="end-others").click().run()
    assert "Logged out on 3 other devices" in words(test)
    assert live(owner, bob) == 1
    assert find_session(neighbour.token, now=utc_now()) is not None


def test_another_owners_session_cannot_be_ended(owner: Connection, database_url: str, bob: Owner) -> None:
    from dashboards.sessions import end_other_sessions, end_session

    neighbour = make_login(owner, make_owner(owner))
    end_session(bob.user_id, neighbour.session_id, now=utc_now())
    end_other_sessions(bob.user_id, staying=neighbour.session_id, now=utc_now())
    assert find_session(neighbour.token, now=utc_now()) is not None


def test_many_sessions_are_not_all_drawn(owner: Connection, open_page: OpenPage, bob: Owner, bob_in: Login) -> None:
    for _ in range(24):
        make_login(owner, bob)
    test = open_page(bob_in, "settings")
    assert "And 5 more." in words(test)
    assert len(test.button) == 20, "19 others, and all of them"


def test_what_was_done_is_told_in_known_words_only(open_page: OpenPage, bob_in: Login) -> None:
    assert "Your password is changed." in words(open_page(bob_in, "settings", done="password"))
    assert "evil" not in words(open_page(bob_in, "settings", done="evil"))


def test_a_canceled_owner_still_looks_after_their_account(
    owner: Connection, open_page: OpenPage, bob: Owner, bob_in: Login
) -> None:
    owner.execute("UPDATE users SET status = 'canceled' WHERE id = %s", (bob.user_id,))
    other = make_login(owner, bob)
    test = open_page(bob_in, "settings")
    test.button(key=f"end-{other.session_id}").click().run()
    assert find_session(other.token, now=utc_now()) is None
