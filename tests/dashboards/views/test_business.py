"""The page about the business: what is kept, what is refused and how, and that nothing typed is lost."""

from __future__ import annotations

from datetime import time
from typing import Any

import psycopg
import pytest
from streamlit.testing.v1 import AppTest

from models import profile
from models.base import utc_now
from models.business_facts import MOST_FACTS
from models.database import Role, session
from models.profile_rules import ProfileRefusal, business_details
from tasks.content.plan import plan_weeks, read_owner
from tests.dashboards.conftest import OpenPage
from tests.dashboards.house import ALLOWED_TAGS, Login, Seen, make_login
from tests.dashboards.house import words as raw_words
from tests.factories import make_account, make_fact, make_owner, make_post

Connection = psycopg.Connection[Any]
ATTACK = "<img src=x onerror=alert(1)> *b* [x](javascript:alert(1)) \"'"


def business(owner: Connection, login: Login) -> tuple[Any, ...]:
    row = owner.execute(
        "SELECT name, type, location_city, location_state, website, description, brand_voice FROM businesses "
        "WHERE user_id = %s",
        (login.owner.user_id,),
    ).fetchone()
    assert row is not None
    return tuple(row)


def wishes(owner: Connection, login: Login) -> dict[str, Any]:
    with owner.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        row = cursor.execute("SELECT * FROM user_preferences WHERE user_id = %s", (login.owner.user_id,)).fetchone()
    assert row is not None
    return row


def press(test: AppTest, key: str) -> AppTest:
    test.button(key=key).click().run()
    assert not test.exception, test.exception
    return test


def words(test: AppTest) -> str:
    """What the page says, as it is read."""
    return raw_words(test).replace("\\", "")


def errors(test: AppTest) -> list[str]:
    return [element.value.replace("\\", "") for element in test.error]


class TestBusiness:
    def test_what_is_typed_is_kept_clean(self, owner: Connection, bob_in: Login, open_page: OpenPage) -> None:
        test = open_page(bob_in, "business")
        test.text_input(key="business-name").input("  Bob &\tSons ")
        test.selectbox(key="business-type").set_value("auto_repair")
        test.text_input(key="business-city").input("Round Rock")
        test.selectbox(key="business-state").set_value("NM")
        test.text_input(key="business-website").input("bob.example/shop")
        test.text_area(key="business-description").input("Two bays.\n\n\n\nNo waiting.\x00")
        test.selectbox(key="business-voice").set_value("casual")
        test.run()
        assert "Not saved yet." in words(test)
        press(test, "save-business")
        assert business(owner, bob_in) == (
            "Bob & Sons", "auto_repair", "Round Rock", "NM", "https://bob.example/shop", "Two bays.\n\nNo waiting.",
            "casual",
        )  # fmt: skip
        assert "Saved. New posts follow it." in words(test)
        assert "Not saved yet." not in words(test)
        assert test.text_input(key="business-website").value == "https://bob.example/shop", "as it is kept"

    def test_what_cannot_be_kept_is_named_with_its_mend_and_nothing_is_saved(
        self, owner: Connection, bob_in: Login, open_page: OpenPage
    ) -> None:
        before = business(owner, bob_in)
        test = open_page(bob_in, "business")
        test.text_input(key="business-name").input("  ")
        test.text_input(key="business-website").input("bob at example")
        test.text_input(key="business-city").input("Dallas")
        press(test, "save-business")
        assert errors(test) == [
            "The name is empty: write it as it stands on your sign.",
            "“bob at example” is not a web address: write it like yourname.com, or leave it empty.",
        ]
        assert business(owner, bob_in) == before
        test.text_input(key="business-name").input("Bob's").run()
        assert len(errors(test)) == 1, "what is mended is not told any more"
        assert test.text_input(key="business-city").value == "Dallas"

    def test_unsaved_words_outlive_reruns_and_other_pages(
        self, owner: Connection, bob_in: Login, open_page: OpenPage
    ) -> None:
        test = open_page(bob_in, "business")
        test.text_area(key="business-description").input("Half a sentence").run()
        test.selectbox(key="wishes-zone").set_value("America/Denver").run()
        test.switch_page("views/plan.py").run()
        test.switch_page("views/business.py").run()
        assert test.text_area(key="business-description").value == "Half a sentence"
        assert test.selectbox(key="wishes-zone").value == "America/Denver"
        press(test, "discard-business")
        assert test.text_area(key="business-description").value == "Family plumbers for homes and small shops."
        assert test.selectbox(key="wishes-zone").value == "America/Denver", "the other part is not touched"
        assert business(owner, bob_in)[5] == "Family plumbers for homes and small shops."

    def test_of_two_tabs_neither_loses_its_words_unasked(
        self, owner: Connection, bob_in: Login, open_page: OpenPage
    ) -> None:
        first, second = open_page(bob_in, "business"), open_page(bob_in, "business")
        second.text_input(key="business-city").input("Dallas").run()
        first.text_input(key="business-website").input("https://new.example")
        press(first, "save-business")
        press(second, "save-business")
        said = words(second)
        assert "Not saved: this was changed meanwhile, in another tab or on another device." in said
        assert "Changed there: website." in said
        assert second.text_input(key="business-city").value == "Dallas"
        assert business(owner, bob_in)[2] == "Austin"
        press(second, "mine-business")
        press(second, "save-business")
        assert business(owner, bob_in)[2] == "Dallas"
        first.text_input(key="business-city").input("Houston").run()
        press(first, "theirs-business")
        assert first.text_input(key="business-city").value == "Dallas"

    def test_a_page_that_nobody_typed_on_follows_another_tab(
        self, owner: Connection, bob_in: Login, open_page: OpenPage
    ) -> None:
        test = open_page(bob_in, "business")
        owner.execute("UPDATE businesses SET location_city = 'El Paso'")
        assert test.run().text_input(key="business-city").value == "El Paso"
        assert "Not saved yet." not in words(test)

    def test_the_first_business_and_preferences_are_made_here_once(
        self, owner: Connection, bob_in: Login, open_page: OpenPage
    ) -> None:
        owner.execute("DELETE FROM businesses")
        owner.execute("DELETE FROM user_preferences")
        test = open_page(bob_in, "business")
        press(test, "save-business")
        assert len(errors(test)) == 4, "name, trade, city, state"
        test.text_input(key="business-name").input("Bob's")
        test.selectbox(key="business-type").set_value("plumber")
        test.text_input(key="business-city").input("Austin")
        test.selectbox(key="business-state").set_value("TX")
        press(test, "save-business")
        press(test, "save-wishes")
        assert business(owner, bob_in)[:4] == ("Bob's", "plumber", "Austin", "TX")
        assert wishes(owner, bob_in)["preferred_times"] == [time(9), time(13), time(17)]
        details = business_details(name="Two", type="gym", city="A", state="TX", website="", description="", voice="x")
        with (
            pytest.raises(ProfileRefusal, match="changed meanwhile"),
            session(Role.DASHBOARD, tenant=bob_in.owner.user_id) as db,
        ):
            profile.save_business(db, bob_in.owner.user_id, details, seen=None)  # a second tab that saw none either

    def test_a_value_that_somebody_else_wrote_can_be_mended(
        self, owner: Connection, bob_in: Login, open_page: OpenPage
    ) -> None:
        owner.execute(
            "UPDATE businesses SET location_state = 'Texass', type = 'mobile_welding', name = repeat('x', 90), "
            "description = repeat('y', 2000)"
        )
        owner.execute("UPDATE user_preferences SET timezone = 'Mars/Base', posting_frequency = 21")
        test = open_page(bob_in, "business")
        assert "You asked for 21 posts a week; your plan has room for 7 on each account." in words(test)
        press(test, "save-business")
        press(test, "save-wishes")
        told = " ".join(errors(test))
        assert "“Texass” is not a state that we know: choose yours from the list." in told
        assert "has 90 characters: shorten it to 80." in told
        assert "The description has 2,000 characters: shorten it to 1,500" in told
        assert "“Mars/Base” is not a time zone that we know" in told


class TestWishes:
    def test_a_saved_wish_is_what_the_next_plan_follows(
        self, owner: Connection, bob_in: Login, open_page: OpenPage
    ) -> None:
        make_account(owner, bob_in.owner)
        test = open_page(bob_in, "business")
        test.number_input(key="wishes-frequency").set_value(5)
        test.multiselect(key="wishes-times").set_value(["7:45am", "6:00 PM"])
        test.selectbox(key="wishes-zone").set_value("America/Denver")
        test.button_group(key="wishes-themes").set_value(["tip", "fun_fact"])
        test.text_area(key="wishes-avoid").input("cheap, emergency service\n1,000\nCheap")
        test.toggle(key="wishes-weekly_summary").set_value(False)
        test.run()
        assert "Your week:" in words(test)
        assert "Monday 7:45 AM" in words(test)
        assert "9:00 AM stays 9:00 AM, in the new zone" in words(test)
        press(test, "save-wishes")
        row = wishes(owner, bob_in)
        assert row["preferred_times"] == [time(7, 45), time(18)]
        assert row["avoid_keywords"] == ["Cheap", "emergency service", "1,000"]
        assert (row["email_weekly_summary"], row["email_monthly_report"]) == (False, True)
        now = utc_now()
        planned = read_owner(bob_in.owner.user_id, now)
        weeks, _ = plan_weeks(planned, now)
        posts = weeks[-1].posts
        assert len(posts) == 5
        assert {post.theme for post in posts} <= {"tip", "fun_fact"}
        shown = words(test)
        for post in posts:
            assert f"{post.slot.day:%A} {'7:45 AM' if '07:45' in post.slot.local else '6:00 PM'}" in shown
        assert planned.zone_name == "America/Denver"

    def test_what_cannot_be_kept_is_named(self, owner: Connection, bob_in: Login, open_page: OpenPage) -> None:
        before = wishes(owner, bob_in)
        test = open_page(bob_in, "business")
        test.multiselect(key="wishes-times").set_value(["25:00", "9:00 AM", "9"])
        test.button_group(key="wishes-themes").set_value([])
        press(test, "save-wishes")
        assert errors(test) == [
            "“25:00” is not a time of day: write it like 9:00 AM or 14:30.",
            "“9” is not a time of day: write it like 9:00 AM or 14:30.",
            "No theme is chosen: choose at least one, posts have to be about something.",
        ]
        assert wishes(owner, bob_in) == before

    def test_the_plan_bounds_the_frequency_and_the_notices(self, owner: Connection, open_page: OpenPage) -> None:
        login = make_login(owner, make_owner(owner, plan="starter"))
        test = open_page(login, "business")
        assert test.number_input(key="wishes-frequency").max == 3
        assert test.toggle(key="wishes-monthly_report").disabled
        assert test.toggle(key="wishes-approval_needed").disabled
        assert "part of Pro and Premium" in test.toggle(key="wishes-approval_needed").label
        assert not test.toggle(key="wishes-weekly_summary").disabled

    def test_a_plan_that_becomes_smaller_while_the_page_is_open_bounds_it_too(
        self, owner: Connection, bob_in: Login, open_page: OpenPage
    ) -> None:
        owner.execute("UPDATE user_preferences SET posting_frequency = 7")
        test = open_page(bob_in, "business")
        owner.execute("UPDATE users SET plan_tier = 'starter'")
        test.run()
        assert not test.exception
        assert test.number_input(key="wishes-frequency").value == 3
        assert "You asked for 7 posts a week; your plan has room for 3 on each account." in words(test)

    def test_posts_in_the_queue_are_counted_as_staying(
        self, owner: Connection, bob_in: Login, open_page: OpenPage
    ) -> None:
        account = make_account(owner, bob_in.owner)
        for _ in range(2):
            make_post(owner, bob_in.owner, account, requires_approval=True)
        assert "2 posts stay in your queue as written." in words(open_page(bob_in, "business"))


class TestFacts:
    def test_a_fact_and_a_review_are_added_and_shown(
        self, owner: Connection, bob_in: Login, open_page: OpenPage
    ) -> None:
        test = open_page(bob_in, "business")
        assert "No facts yet." in words(test)
        assert "A first visit costs $89." in words(test), "an example"
        test.text_area(key="new-fact").input(" We are two brothers. ")
        press(test, "add-fact")
        test.text_area(key="new-review").input("They came on a Sunday.")
        test.text_input(key="new-author").input("Maria G.")
        press(test, "add-review")
        said = words(test)
        assert "We are two brothers." in said
        assert "Maria G. · Not quoted yet" in said
        assert test.text_area(key="new-fact").value == ""
        kept = read_owner(bob_in.owner.user_id, utc_now()).knowledge
        assert kept.facts == ("We are two brothers.",)
        assert [(review.text, review.author) for review in kept.reviews] == [("They came on a Sunday.", "Maria G.")]

    def test_a_refused_fact_stays_in_its_field(self, owner: Connection, bob_in: Login, open_page: OpenPage) -> None:
        make_fact(owner, bob_in.owner, "We are two brothers.")
        test = open_page(bob_in, "business")
        test.text_area(key="new-fact").input("We are two brothers.")
        press(test, "add-fact")
        assert "This fact stands here already." in words(test)
        assert test.text_area(key="new-fact").value == "We are two brothers."
        press(test, "add-review")
        assert "The text is empty: write what posts may say." in words(test)

    def test_there_are_pages_of_them_and_an_end(self, owner: Connection, bob_in: Login, open_page: OpenPage) -> None:
        owner.execute(
            "INSERT INTO business_facts (user_id, business_id, kind, text) "
            "SELECT user_id, id, 'fact', 'Fact ' || n || '.' FROM businesses, generate_series(1, %s) n",
            (MOST_FACTS,),
        )
        test = open_page(bob_in, "business")
        assert f"Facts ({MOST_FACTS})" in words(test)
        assert words(test).count('class="pa-words"') == 10
        test.text_area(key="new-fact").input("One more.")
        press(test, "add-fact")
        assert "Posts are written from 200 facts and reviews at most: remove some first." in words(test)


def test_no_text_of_the_owner_becomes_markup(owner: Connection, bob_in: Login, open_page: OpenPage) -> None:
    owner.execute(
        "UPDATE businesses SET name = %(x)s, type = %(x)s, location_city = %(x)s, location_state = %(x)s, "
        "website = %(x)s, description = %(x)s, brand_voice = %(x)s",
        {"x": ATTACK},
    )
    owner.execute(
        "UPDATE user_preferences SET timezone = %(x)s, themes_enabled = ARRAY[%(x)s], avoid_keywords = ARRAY[%(x)s]",
        {"x": ATTACK},
    )
    make_fact(owner, bob_in.owner, ATTACK)
    make_fact(owner, bob_in.owner, ATTACK, kind="review", author=ATTACK)
    test = open_page(bob_in, "business")
    test.multiselect(key="wishes-times").set_value([ATTACK]).run()
    press(test, "save-business")
    press(test, "save-wishes")
    seen = Seen("".join(element.proto.body for element in test.html))
    assert set(seen.tags) - {"style"} <= ALLOWED_TAGS
    assert not [name for name in seen.attributes if name.startswith("on")]
    assert seen.text.count(ATTACK) == 4, "the head, a fact, a review, its author: shown as what they are"
    assert len(test.error) >= 4
    for kind in ("markdown", "info", "warning", "error", "caption", "header", "subheader"):
        for element in getattr(test, kind):
            assert "<img src=x" not in element.value.replace("\\<", "")
            assert "[x](" not in element.value


def test_who_is_canceled_reads_and_changes_nothing(owner: Connection, open_page: OpenPage) -> None:
    login = make_login(owner, make_owner(owner, status="canceled"))
    make_fact(owner, login.owner, "We are two brothers.")
    test = open_page(login, "business")
    said = Seen(words(test)).text
    for told in (
        "We are two brothers.",
        "TradePlumber",
        "StateTexas",
        "Time zoneCentral time (Chicago)",
        "ThemesTip, ",
    ):
        assert told in said
    assert "Weekly summaryYes" in said
    assert not (*test.button, *test.text_input, *test.text_area, *test.selectbox, *test.multiselect, *test.toggle)
