"""The queue's dialogs: editing under the gates' eyes, another time, another picture, saying no, skipping."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import pytest
from streamlit.testing.v1 import AppTest

from models.base import utc_now
from models.rescheduling import moments
from tests.dashboards.conftest import OpenPage
from tests.dashboards.house import Login, make_login, words
from tests.dashboards.views.test_queue import page, status_of, story_of
from tests.factories import Connected, insert, make_account, make_fact, make_owner, make_post, next_monday
from tests.models.test_post_pictures import own_picture, stock_photo

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


def test_saving_and_approving_is_one_step_and_bound_to_what_was_saved(
    owner: Connection, bob_in: Login, page: Connected
) -> None:
    post = make_post(owner, bob_in.owner, page, requires_approval=True)
    test = open_dialog(bob_in, "editing.edit_dialog", post)
    test.text_area[0].set_value("My own words.").run()
    test.button(key=f"save-approve-{post}").click().run()
    assert status_of(owner, post) == ("approved", "bob@example.com", "My own words.")
    assert owner.execute("SELECT approved_hash = content_hash FROM post_queue").fetchone() == (True,)


def test_a_failed_post_is_mended_and_tried_again_in_one_step(owner: Connection, bob_in: Login, page: Connected) -> None:
    post = make_post(owner, bob_in.owner, page, status="failed", error_message="Too long")
    test = open_dialog(bob_in, "editing.edit_dialog", post)
    test.text_area[0].set_value("Shorter.").run()
    test.button(key=f"save-retry-{post}").click().run()
    assert status_of(owner, post)[::2] == ("pending", "Shorter.")


def test_after_a_refusal_the_owner_sees_the_other_words_and_may_put_theirs_in_place(
    owner: Connection, bob_in: Login, page: Connected
) -> None:
    post = make_post(owner, bob_in.owner, page, requires_approval=True)
    test = open_dialog(bob_in, "editing.edit_dialog", post)
    owner.execute("UPDATE post_queue SET content = 'Somebody was faster.'")
    test.text_area[0].set_value("Mine.").run()
    test.button(key=f"save-{post}").click().run()
    assert "Somebody was faster" in test.info[0].value
    owner.execute("UPDATE post_queue SET content = 'And once more.'")
    test.button(key=f"save-{post}").click().run()
    assert status_of(owner, post)[2] == "And once more.", "each time only over what was shown"
    test.button(key=f"save-{post}").click().run()
    assert status_of(owner, post)[2] == "Mine."


def test_what_the_owner_never_told_us_is_asked_about_and_can_be_saved(
    owner: Connection, bob_in: Login, page: Connected
) -> None:
    post = make_post(owner, bob_in.owner, page, requires_approval=True)
    make_fact(owner, bob_in.owner, "Drain cleaning costs $99.")
    make_post(owner, bob_in.owner, page, content="Frost is coming, so wrap the pipes in your garage tonight.")
    test = open_dialog(bob_in, "editing.edit_dialog", post)
    asked = {
        "Drain cleaning is $99 at our place.": 0,
        "Drain cleaning is $49 at our place.": 1,
        "Frost is coming, so wrap the pipes in your garage tonight.": 1,
    }
    for text, questions in asked.items():
        test.text_area[0].set_value(text).run()
        assert len(test.warning) == questions, text
        assert not test.error
    test.button(key=f"save-{post}").click().run()
    assert status_of(owner, post)[2] == text


def test_a_post_gets_another_time_on_the_owners_clock(owner: Connection, bob_in: Login, page: Connected) -> None:
    post = make_post(owner, bob_in.owner, page, status="approved", requires_approval=True)
    day = next_monday()
    test = open_dialog(bob_in, "moving.move_dialog", post)
    test.date_input[0].set_value(day)
    test.time_input[0].set_value(time(15, 45)).run()
    assert "Chicago time" in words(test)
    test.button(key=f"move-now-{post}").click().run()
    at = datetime.combine(day, time(15, 45), tzinfo=ZoneInfo("America/Chicago"))
    assert owner.execute("SELECT status, scheduled_for FROM post_queue").fetchone() == ("approved", at)
    assert story_of(owner, post)[-1][2] == "rescheduled"


@pytest.mark.parametrize("minutes", [-90, 2])
def test_a_time_that_is_over_or_too_near_is_refused_kindly(
    owner: Connection, bob_in: Login, page: Connected, minutes: int
) -> None:
    owner.execute("UPDATE user_preferences SET timezone = %s", (_daytime_zone(),))
    post = make_post(owner, bob_in.owner, page, scheduled_for=utc_now() + timedelta(hours=1), requires_approval=True)
    local = (utc_now() + timedelta(minutes=minutes)).astimezone(ZoneInfo(_daytime_zone()))
    test = open_dialog(bob_in, "moving.move_dialog", post)
    test.date_input[0].set_value(local.date())
    test.time_input[0].set_value(local.time().replace(second=0, microsecond=0)).run()
    assert "publish the post now" in test.error[0].value
    assert test.button(key=f"move-now-{post}").disabled


def _daytime_zone() -> str:
    """A zone in which it is about noon, so that a few hours before and after are the same day."""
    return f"Etc/GMT{utc_now().hour - 12:+d}"


def test_where_a_time_comes_twice_the_owner_says_which(owner: Connection, bob_in: Login, page: Connected) -> None:
    name, twice = _clocks_go_back_soon()
    owner.execute("UPDATE user_preferences SET timezone = %s", (name,))
    post = make_post(owner, bob_in.owner, page, requires_approval=True)
    test = open_dialog(bob_in, "moving.move_dialog", post)
    test.date_input[0].set_value(twice.date())
    test.time_input[0].set_value(twice.time()).run()
    assert "comes twice" in test.info[0].value
    test.radio[0].set_value(test.radio[0].options[1]).run()
    test.button(key=f"move-now-{post}").click().run()
    expected = moments(twice, ZoneInfo(name))[1]
    assert owner.execute("SELECT scheduled_for FROM post_queue").fetchone() == (expected,)


def _clocks_go_back_soon() -> tuple[str, datetime]:
    """A zone, and a time on its wall within half a year that comes twice: in autumn, which is somewhere always near."""
    start = datetime.combine(utc_now().date() + timedelta(days=1), time(0, 15))
    for name in ("America/Chicago", "Australia/Sydney"):
        for half_hours in range(170 * 48):
            local = start + timedelta(minutes=30 * half_hours)
            if len(moments(local, ZoneInfo(name))) == 2:
                return name, local
    raise AssertionError("autumn comes nowhere")


def test_skipping_leaves_the_place_empty_and_says_so(
    owner: Connection, bob_in: Login, page: Connected, open_page: OpenPage
) -> None:
    post = make_post(owner, bob_in.owner, page, requires_approval=True)
    test = open_dialog(bob_in, "decisions.skip_dialog", post)
    test.button(key=f"skip-now-{post}").click().run()
    assert status_of(owner, post)[0] == "rejected"
    assert "You left its place empty" in words(open_page(bob_in, "queue", show="rejected"))


def test_a_picture_is_chosen_and_one_that_rests_is_not_offered(
    owner: Connection, bob_in: Login, page: Connected
) -> None:
    post = make_post(owner, bob_in.owner, page, status="approved", requires_approval=True)
    other = make_post(owner, bob_in.owner, page, requires_approval=True)
    picture, photo = own_picture(owner, bob_in.owner), stock_photo(owner)
    test = open_dialog(bob_in, "picture_choice.picture_dialog", post)
    test.button(key=f"use-{picture}").click().run()
    assert status_of(owner, post)[0] == "pending"
    assert owner.execute("SELECT media_id FROM post_queue WHERE id = %s", (post,)).fetchone() == (picture,)
    again = open_dialog(bob_in, "picture_choice.picture_dialog", other)
    assert "Waits with another post" in words(again)
    assert f"use-{picture}" not in {button.key for button in again.button}
    again.segmented_control[0].set_value("Stock photos").run()
    assert "Photo by" in words(again)
    again.button(key=f"use-{photo}").click().run()
    shown = (
        "SELECT u.source, p.media_url = u.url FROM picture_uses u JOIN post_queue p ON p.id = u.post_id WHERE p.id = %s"
    )
    row = owner.execute(shown.encode(), (other,)).fetchone()
    assert row == ("pexels", True)
    gone = open_dialog(bob_in, "picture_choice.picture_dialog", other)
    gone.button(key=f"no-picture-{other}").click().run()
    assert owner.execute("SELECT media_url FROM post_queue WHERE id = %s", (other,)).fetchone() == (None,)


def test_a_picture_for_a_post_that_changed_meanwhile_or_that_was_taken_is_refused_kindly(
    owner: Connection, bob_in: Login, page: Connected
) -> None:
    post = make_post(owner, bob_in.owner, page, requires_approval=True)
    picture = own_picture(owner, bob_in.owner)
    test = open_dialog(bob_in, "picture_choice.picture_dialog", post)
    owner.execute("UPDATE post_queue SET content = 'Somebody was faster.'")
    test.button(key=f"use-{picture}").click().run()
    assert "changed in the meantime" in test.warning[0].value
    use = {"user_id": bob_in.owner.user_id, "post_id": make_post(owner, bob_in.owner, page), "source": "upload"}
    insert(owner, "picture_uses", **use, source_key=f"media:{picture}", url="x", planned_for=utc_now())
    test.button(key=f"use-{picture}").click().run()
    assert "Rests for 60 days" in words(test)
    assert owner.execute("SELECT media_url FROM post_queue WHERE id = %s", (post,)).fetchone() == (None,)


def test_starter_has_no_library_but_may_change_the_stock_photo(owner: Connection) -> None:
    login = make_login(owner, make_owner(owner, plan="starter"))
    post = make_post(owner, login.owner, make_account(owner, login.owner, "instagram"), media_url="https://e.example/1")
    test = open_dialog(login, "picture_choice.picture_dialog", post)
    assert [control.options for control in test.segmented_control] == [["Stock photos"]]
    assert "no other stock photo ready" in words(test)
    assert "Instagram takes no post without a picture" in words(test)
    assert f"no-picture-{post}" not in {button.key for button in test.button}
