"""The queue: deciding about posts, bound to what was shown, for this owner only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from streamlit.testing.v1 import AppTest

from models.base import utc_now
from tests.dashboards.conftest import OpenPage
from tests.dashboards.house import Login, make_login, words
from tests.factories import Connected, make_account, make_owner, make_post

Connection = psycopg.Connection[Any]


@pytest.fixture
def page(owner: Connection, bob_in: Login) -> Connected:
    """Bob's Facebook Page."""
    return make_account(owner, bob_in.owner, "facebook", account_name="Bob on Facebook")


def status_of(owner: Connection, post: UUID) -> tuple[Any, ...]:
    row = owner.execute("SELECT status, approved_by, content FROM post_queue WHERE id = %s", (post,)).fetchone()
    assert row is not None
    return tuple(row)


def story_of(owner: Connection, post: UUID) -> list[tuple[Any, ...]]:
    query = "SELECT to_status, actor, reason FROM post_events WHERE post_id = %s ORDER BY seq"
    return owner.execute(query, (post,)).fetchall()


def keys(test: AppTest) -> set[str]:
    return {str(button.key) for button in test.button}


def test_approving_takes_one_click_and_is_written_down(
    owner: Connection, bob_in: Login, page: Connected, open_page: OpenPage
) -> None:
    post = make_post(owner, bob_in.owner, page, content="A tip about valves.", requires_approval=True)
    test = open_page(bob_in, "queue")
    assert "A tip about valves." in words(test)
    test.button(key=f"approve-{post}").click().run()
    assert status_of(owner, post) == ("approved", "bob@example.com", "A tip about valves.")
    assert story_of(owner, post)[-1] == ("approved", "bob@example.com", "approved")
    assert test.toast[0].value.startswith("Approved")
    assert f"approve-{post}" not in keys(test)


def test_a_post_that_changed_meanwhile_is_not_approved(
    owner: Connection, bob_in: Login, page: Connected, open_page: OpenPage
) -> None:
    post = make_post(owner, bob_in.owner, page, content="What Bob saw.", requires_approval=True)
    test = open_page(bob_in, "queue")
    owner.execute("UPDATE post_queue SET content = 'Something else.' WHERE id = %s", (post,))
    test.button(key=f"approve-{post}").click().run()
    assert status_of(owner, post)[0] == "pending"
    assert "changed in the meantime" in test.warning[0].value
    assert "Something else." in words(test), "the new text is shown for another look"
    test.button(key=f"approve-{post}").click().run()
    assert status_of(owner, post)[0] == "approved"


def test_a_post_that_a_worker_holds_is_left_alone(
    owner: Connection, bob_in: Login, page: Connected, open_page: OpenPage
) -> None:
    post = make_post(owner, bob_in.owner, page, requires_approval=True)
    test = open_page(bob_in, "queue")
    owner.execute("UPDATE post_queue SET lease_expires_at = now() + interval '1 minute' WHERE id = %s", (post,))
    test.button(key=f"approve-{post}").click().run()
    assert status_of(owner, post)[0] == "pending"
    assert "being published right now" in test.warning[0].value


def test_a_logged_out_page_changes_nothing(
    owner: Connection, bob_in: Login, page: Connected, open_page: OpenPage
) -> None:
    post = make_post(owner, bob_in.owner, page, content="Private words.", requires_approval=True)
    test = open_page(bob_in, "queue")
    owner.execute("UPDATE dashboard_sessions SET revoked_at = now()")
    test.button(key=f"approve-{post}").click().run()
    assert status_of(owner, post)[0] == "pending"
    assert "You are logged out" in words(test)
    assert 'href="/login"' in words(test)
    assert "Private words." not in words(test)


@pytest.mark.parametrize("forged", ["no user", "other user", "nonsense"])
def test_a_page_without_a_real_session_shows_nothing(
    owner: Connection, bob_in: Login, page: Connected, open_page: OpenPage, forged: str
) -> None:
    make_post(owner, bob_in.owner, page, content="Private words.", requires_approval=True)
    test = open_page(bob_in, "queue")
    user = dict(bob_in.user)
    if forged == "other user":
        user["user_id"] = str(make_owner(owner).user_id)  # Bob's session with somebody else's id
    test.user = {} if forged == "no user" else {"user_id": "x", "session_id": "y"} if forged == "nonsense" else user
    test.run()
    assert "You are logged out" in words(test)
    assert "Private words." not in words(test)


def test_an_owner_sees_only_their_own_posts(
    owner: Connection, bob_in: Login, page: Connected, open_page: OpenPage
) -> None:
    eve = make_login(owner, make_owner(owner))
    account = make_account(owner, eve.owner)
    make_post(owner, bob_in.owner, page, content="This is Bob's.", requires_approval=True)
    theirs = make_post(owner, eve.owner, account, content="This is Eve's.", requires_approval=True)
    said = words(open_page(bob_in, "queue"))
    assert "This is Bob&#x27;s." in said
    assert "Eve" not in said
    assert f"approve-{theirs}" not in keys(open_page(bob_in, "queue"))
    assert f"approve-{theirs}" in keys(open_page(eve, "queue"))


def test_each_part_shows_its_posts_and_what_can_be_done_with_them(
    owner: Connection, bob_in: Login, page: Connected, open_page: OpenPage
) -> None:
    now = utc_now()
    posts = {
        "waiting": make_post(owner, bob_in.owner, page, requires_approval=True),
        "scheduled": make_post(owner, bob_in.owner, page, status="approved", requires_approval=True),
        "published": make_post(owner, bob_in.owner, page, status="published", permalink="https://example.com/p/1"),
        "rejected": make_post(owner, bob_in.owner, page, status="rejected"),
        "problems": make_post(owner, bob_in.owner, page, status="failed", error_message="Too large."),
    }
    doubt = make_post(
        owner, bob_in.owner, page, status="approved", scheduled_for=now - timedelta(minutes=3), in_doubt_since=now
    )
    can = {
        "waiting": {"approve", "edit", "reject", "publish"},
        "scheduled": {"edit", "reject", "publish"},
        "published": set[str](),
        "rejected": set[str](),
        "problems": {"retry", "edit"},
    }
    for part, post in posts.items():
        test = open_page(bob_in, "queue", show=part)
        shown = {key for key in keys(test) if not key.startswith("None")}
        assert shown == {f"{what}-{post}" for what in can[part]}, part
    problems = words(open_page(bob_in, "queue", show="problems"))
    assert "We are checking whether it went out" in problems
    assert "Too large." in problems
    assert f"edit-{doubt}" not in keys(open_page(bob_in, "queue", show="problems"))


def test_the_live_post_is_one_click_away_and_a_dangerous_link_is_none(
    owner: Connection, bob_in: Login, page: Connected, open_page: OpenPage
) -> None:
    make_post(owner, bob_in.owner, page, status="published", permalink="https://example.com/p/1")
    make_post(owner, bob_in.owner, page, status="published", permalink="javascript:alert(1)")
    test = open_page(bob_in, "queue", show="published")
    assert [link.proto.url for link in test.link_button] == ["https://example.com/p/1"]


def test_a_failed_post_can_be_tried_again(
    owner: Connection, bob_in: Login, page: Connected, open_page: OpenPage
) -> None:
    post = make_post(owner, bob_in.owner, page, status="failed", requires_approval=True)
    open_page(bob_in, "queue", show="problems").button(key=f"retry-{post}").click().run()
    assert status_of(owner, post)[0] == "pending"


def test_a_post_whose_time_has_passed_goes_out_at_once_when_approved(
    owner: Connection, bob_in: Login, page: Connected, open_page: OpenPage
) -> None:
    long_ago = utc_now() - timedelta(days=3)
    post = make_post(owner, bob_in.owner, page, scheduled_for=long_ago, requires_approval=True)
    test = open_page(bob_in, "queue")
    button = test.button(key=f"approve-{post}")
    assert button.label == "Approve and send now"
    button.click().run()
    row = owner.execute(
        "SELECT status, scheduled_for > %s FROM post_queue", (utc_now() - timedelta(minutes=1),)
    ).fetchone()
    assert row == ("approved", True), "else it would be failed as missed"


def test_twenty_five_posts_come_in_three_pages(
    owner: Connection, bob_in: Login, page: Connected, open_page: OpenPage
) -> None:
    start = utc_now() + timedelta(hours=1)
    posts = [
        make_post(owner, bob_in.owner, page, scheduled_for=start + timedelta(hours=n), requires_approval=True)
        for n in range(25)
    ]
    test = open_page(bob_in, "queue")
    seen = [[p for p in posts if f"approve-{p}" in keys(test)]]
    for number in (2, 3):
        test.pagination(key="page-waiting").set_value(number).run()
        seen.append([p for p in posts if f"approve-{p}" in keys(test)])
    assert seen == [posts[:10], posts[10:20], posts[20:]]


def test_on_starter_posts_go_out_by_themselves_and_it_says_so(owner: Connection, open_page: OpenPage) -> None:
    login = make_login(owner, make_owner(owner, plan="starter"))
    account = make_account(owner, login.owner)
    post = make_post(owner, login.owner, account)
    test = open_page(login, "queue")
    assert test.session_state["show"] == "scheduled"
    assert "go out by themselves" in words(test)
    assert "Goes out by itself" in words(test)
    assert keys(test) == {f"edit-{post}", f"reject-{post}", f"publish-{post}"}


def test_a_canceled_owner_reads_and_changes_nothing(
    owner: Connection, bob_in: Login, page: Connected, open_page: OpenPage
) -> None:
    post = make_post(owner, bob_in.owner, page, requires_approval=True)
    before = open_page(bob_in, "queue")
    owner.execute("UPDATE users SET status = 'canceled'")
    before.button(key=f"approve-{post}").click().run()
    assert status_of(owner, post)[0] == "pending"
    assert "nothing can be changed any more" in words(before)
    assert keys(open_page(bob_in, "queue")) == set()


@pytest.mark.parametrize("part", ["waiting", "scheduled", "published", "problems", "rejected", "' OR 1=1", ""])
def test_an_empty_part_says_what_it_means(bob_in: Login, open_page: OpenPage, part: str) -> None:
    test = open_page(bob_in, "queue", show=part)
    assert len(test.info) == 1
    assert test.query_params["show"] in (part, "waiting", ["waiting"], [part])


def dialog(name: str, post_id: str) -> None:
    """A script that stands in an open dialog: pages open it by a button, which a test run cannot hold open."""
    import streamlit as st

    from dashboards.parts import decisions
    from dashboards.parts.owner import require_owner
    from dashboards.parts.post_card import PostCard

    owner = require_owner()
    if "post" not in st.session_state:  # as it was when the dialog was opened
        st.session_state["post"] = owner.rows("dashboard_posts", ids=[post_id], now=owner.now)[0]._mapping
    decisions.tell()
    getattr(decisions, name)(PostCard(**st.session_state["post"]))


def open_dialog(login: Login, name: str, post: UUID) -> AppTest:
    test = AppTest.from_function(dialog, args=(name, str(post)), default_timeout=60)
    test.user = login.user
    test.run()
    assert not test.exception
    return test


def test_an_edit_is_saved_and_voids_the_approval(owner: Connection, bob_in: Login, page: Connected) -> None:
    post = make_post(owner, bob_in.owner, page, status="approved", requires_approval=True)
    test = open_dialog(bob_in, "edit_dialog", post)
    assert "asks for your approval again" in words(test)
    test.text_area[0].set_value("New words.").run()
    test.button(key=f"save-{post}").click().run()
    assert status_of(owner, post) == ("pending", None, "New words.")
    assert "Saved. It waits for your approval" in words(test).replace("\\", "")


def test_an_edit_over_a_change_is_refused_and_keeps_what_was_typed(
    owner: Connection, bob_in: Login, page: Connected
) -> None:
    post = make_post(owner, bob_in.owner, page, requires_approval=True)
    test = open_dialog(bob_in, "edit_dialog", post)
    owner.execute("UPDATE post_queue SET content = 'Somebody was faster.'")
    test.text_area[0].set_value("Bob's words.").run()
    test.button(key=f"save-{post}").click().run()
    assert status_of(owner, post)[2] == "Somebody was faster."
    assert "changed in the meantime" in test.warning[0].value
    assert test.text_area[0].value == "Bob's words."


@pytest.mark.parametrize(
    ("platform", "text", "tags", "problem"),
    [
        ("facebook", "   ", None, "the text is empty"),
        ("google", "x " * 700 + "y" * 150, None, "1550 characters"),
        ("google", "Call 512-555-0142 today", None, "phone number"),
        ("instagram", "Good words", "#a1 #b #c #d #e #f", "6 hashtags"),
        ("instagram", "Good words", "#good #we-ird", "letters and digits only"),
    ],
)
def test_what_the_platform_would_refuse_cannot_be_saved(
    owner: Connection, bob_in: Login, platform: str, text: str, tags: str | None, problem: str
) -> None:
    account = make_account(owner, bob_in.owner, platform)
    content = text if len(text) > 1500 else "Old words."
    post = make_post(owner, bob_in.owner, account, content=content, requires_approval=True)
    test = open_dialog(bob_in, "edit_dialog", post)
    if content == "Old words.":
        test.text_area[0].set_value(text).run()
    if tags is not None:
        test.text_input[0].set_value(tags).run()
    test.button(key=f"save-{post}").click().run()
    assert problem in test.error[0].value.replace("\\", "")
    assert status_of(owner, post)[2] == content


def test_hashtags_are_kept_without_their_sign(owner: Connection, bob_in: Login) -> None:
    account = make_account(owner, bob_in.owner, "instagram")
    post = make_post(owner, bob_in.owner, account, hashtags=["old"], requires_approval=True)
    test = open_dialog(bob_in, "edit_dialog", post)
    assert test.text_input[0].value == "#old"
    test.text_input[0].set_value("#plumbing, austin  #plumbing").run()
    test.button(key=f"save-{post}").click().run()
    assert owner.execute("SELECT hashtags FROM post_queue").fetchone() == (["plumbing", "austin"],)


def test_words_to_avoid_are_named_while_editing(owner: Connection, bob_in: Login, page: Connected) -> None:
    owner.execute("UPDATE user_preferences SET avoid_keywords = ARRAY['cheap']")
    post = make_post(owner, bob_in.owner, page, requires_approval=True)
    test = open_dialog(bob_in, "edit_dialog", post)
    assert not test.info
    test.text_area[0].set_value("We are not cheap.").run()
    assert "cheap" in test.info[0].value


def test_rejecting_keeps_the_reason(owner: Connection, bob_in: Login, page: Connected, open_page: OpenPage) -> None:
    post = make_post(owner, bob_in.owner, page, requires_approval=True)
    test = open_dialog(bob_in, "reject_dialog", post)
    test.text_input[0].set_value("We do not do roofs").run()
    test.button(key=f"reject-now-{post}").click().run()
    assert status_of(owner, post)[0] == "rejected"
    assert story_of(owner, post)[-1] == ("rejected", "bob@example.com", "rejected: We do not do roofs")
    assert "Your reason: We do not do roofs." in words(open_page(bob_in, "queue", show="rejected"))


def test_publish_now_makes_it_due_at_once(owner: Connection, bob_in: Login, page: Connected) -> None:
    later = utc_now() + timedelta(days=2)
    post = make_post(owner, bob_in.owner, page, scheduled_for=later, requires_approval=True)
    test = open_dialog(bob_in, "publish_dialog", post)
    assert "Bob on Facebook" in words(test)
    test.button(key=f"publish-now-{post}").click().run()
    assert owner.execute("SELECT status, due_at <= clock_timestamp() FROM post_queue").fetchone() == ("approved", True)
    assert story_of(owner, post)[-1][2] == "approved: publish now"
