"""The queue's dialogs: editing under the gates' eyes, another time, another picture, saying no, skipping."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from streamlit.testing.v1 import AppTest

from models.base import utc_now
from tests.dashboards.conftest import OpenPage
from tests.dashboards.house import Login, words
from tests.dashboards.views.test_queue import page, status_of, story_of
from tests.factories import Connected, make_account, make_post

Connection = psycopg.Connection[Any]

__all__ = ["page"]  # a fixture


def dialog(name: str, post_id: str) -> None:
    """A script that stands in an open dialog: pages open it by a button, which a test run cannot hold open."""
    from importlib import import_module

    import streamlit as st

    from dashboards.parts import decisions
    from dashboards.parts.owner import require_owner
    from dashboards.parts.post_card import PostCard

    owner = require_owner()
    if "post" not in st.session_state:  # as it was when the dialog was opened
        st.session_state["post"] = owner.rows("dashboard_posts", ids=[post_id], now=owner.now)[0]._mapping
    decisions.tell()
    module, function = name.split(".")
    getattr(import_module(f"dashboards.parts.{module}"), function)(PostCard(**st.session_state["post"]))


def open_dialog(login: Login, name: str, post: UUID) -> AppTest:
    test = AppTest.from_function(dialog, args=(name, str(post)), default_timeout=60)
    test.user = login.user
    test.run()
    assert not test.exception
    return test


def test_an_edit_is_saved_and_voids_the_approval(owner: Connection, bob_in: Login, page: Connected) -> None:
    post = make_post(owner, bob_in.owner, page, status="approved", requires_approval=True)
    test = open_dialog(bob_in, "editing.edit_dialog", post)
    assert "asks for your approval again" in words(test)
    test.text_area[0].set_value("New words.").run()
    test.button(key=f"save-{post}").click().run()
    assert status_of(owner, post) == ("pending", None, "New words.")
    assert "Saved. It waits for your approval" in words(test).replace("\\", "")


def test_an_edit_over_a_change_is_refused_and_keeps_what_was_typed(
    owner: Connection, bob_in: Login, page: Connected
) -> None:
    post = make_post(owner, bob_in.owner, page, requires_approval=True)
    test = open_dialog(bob_in, "editing.edit_dialog", post)
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
    test = open_dialog(bob_in, "editing.edit_dialog", post)
    if content == "Old words.":
        test.text_area[0].set_value(text)
        if tags is not None:
            test.text_input[0].set_value(tags)
        test.button(key=f"save-{post}").click().run()  # typed and pressed in one go: the button was still alive
    assert problem.lower() in test.error[0].value.replace("\\", "").lower()
    assert test.button(key=f"save-{post}").disabled
    assert test.button(key=f"save-approve-{post}").disabled
    assert status_of(owner, post)[::2] == ("pending", content)


def test_hashtags_are_kept_without_their_sign(owner: Connection, bob_in: Login) -> None:
    account = make_account(owner, bob_in.owner, "instagram")
    post = make_post(owner, bob_in.owner, account, hashtags=["old"], requires_approval=True)
    test = open_dialog(bob_in, "editing.edit_dialog", post)
    assert test.text_input[0].value == "#old"
    test.text_input[0].set_value("#plumbing, austin  #plumbing").run()
    test.button(key=f"save-{post}").click().run()
    assert owner.execute("SELECT hashtags FROM post_queue").fetchone() == (["plumbing", "austin"],)


def test_words_on_the_owners_own_list_cannot_be_saved(owner: Connection, bob_in: Login, page: Connected) -> None:
    owner.execute("UPDATE user_preferences SET avoid_keywords = ARRAY['cheap']")
    post = make_post(owner, bob_in.owner, page, requires_approval=True)
    test = open_dialog(bob_in, "editing.edit_dialog", post)
    assert not test.error
    test.text_area[0].set_value("We are not cheap.").run()
    assert "Your list of words to avoid holds 'cheap'" in test.error[0].value.replace("\\", "")
    assert test.button(key=f"save-{post}").disabled
    test.text_area[0].set_value("We are fair.").run()
    assert not test.error
    assert not test.button(key=f"save-{post}").disabled


def test_rejecting_keeps_the_reason(owner: Connection, bob_in: Login, page: Connected, open_page: OpenPage) -> None:
    post = make_post(owner, bob_in.owner, page, requires_approval=True)
    test = open_dialog(bob_in, "decisions.reject_dialog", post)
    test.text_input[0].set_value("We do not do roofs").run()
    test.button(key=f"reject-now-{post}").click().run()
    assert status_of(owner, post)[0] == "rejected"
    assert story_of(owner, post)[-1] == ("rejected", "bob@example.com", "rejected: We do not do roofs")
    assert "Your reason: We do not do roofs." in words(open_page(bob_in, "queue", show="rejected"))


def test_publish_now_makes_it_due_at_once(owner: Connection, bob_in: Login, page: Connected) -> None:
    later = utc_now() + timedelta(days=2)
    post = make_post(owner, bob_in.owner, page, scheduled_for=later, requires_approval=True)
    test = open_dialog(bob_in, "decisions.publish_dialog", post)
    assert "Bob on Facebook" in words(test)
    test.button(key=f"publish-now-{post}").click().run()
    assert owner.execute("SELECT status, due_at <= clock_timestamp() FROM post_queue").fetchone() == ("approved", True)
    assert story_of(owner, post)[-1][2] == "approved: publish now"
