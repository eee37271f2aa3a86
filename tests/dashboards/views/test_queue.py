"""The queue: deciding about posts, bound to what was shown, for this owner only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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


DECISIONS = ("approve", "retry", "edit", "reject")
FURTHER = {"Another time": "move", "Another picture": "picture", "Publish now": "publish", "Skip": "skip"}


def keys(test: AppTest) -> set[str]:
    """What can be decided about posts: the buttons, and what stands in the menus."""
    menus = {str(menu.key).replace("more", FURTHER[name]) for menu in test.menu_button for name in menu.options}
    return menus | {str(button.key) for button in test.button if str(button.key).startswith(DECISIONS)}


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
        "waiting": {"approve", "edit", "reject", "move", "picture", "publish", "skip"},
        "scheduled": {"edit", "reject", "move", "picture", "publish", "skip"},
        "published": set[str](),
        "rejected": set[str](),
        "problems": {"retry", "edit", "move", "picture", "skip"},
    }
    for part, post in posts.items():
        test = open_page(bob_in, "queue", show=part)
        assert keys(test) == {f"{what}-{post}" for what in can[part]}, part
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
    assert keys(test) == {f"{what}-{post}" for what in ("edit", "reject", "move", "picture", "publish", "skip")}


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


# The queue as it is looked at: filters, calendar, one post, one by one.


def texts_shown(test: AppTest, posts: dict[str, UUID]) -> set[str]:
    """Which posts of these stand on the page."""
    shown = {str(button.key) for button in test.button}
    return {name for name, post in posts.items() if f"story-{post}" in shown}


@pytest.fixture
def three(owner: Connection, bob_in: Login, page: Connected) -> dict[str, UUID]:
    """Three posts that wait, on three accounts."""
    google = make_account(owner, bob_in.owner, "google")
    second = make_account(owner, bob_in.owner, "facebook", account_name="The other Page")
    asked: dict[str, Any] = {"requires_approval": True}
    return {
        "page": make_post(owner, bob_in.owner, page, content="50% of all drips", theme="tip", **asked),
        "second": make_post(owner, bob_in.owner, second, content="Frost is coming", theme="seasonal", **asked),
        "google": make_post(owner, bob_in.owner, google, content="500 of all drips", theme="tip", **asked),
    }


def test_filters_stand_in_the_address_and_can_be_cleared(
    owner: Connection, bob_in: Login, page: Connected, three: dict[str, UUID], open_page: OpenPage
) -> None:
    asked: dict[str, set[str]] = {
        "platform=facebook": {"page", "second"},
        f"account={page.id}": {"page"},
        "theme=tip": {"page", "google"},
        "q=DRIPS": {"page", "google"},
        "q=0%": {"page"},
        "q=nothing like it": set(),
    }
    for filtered, found in asked.items():
        name, value = filtered.split("=")
        test = open_page(bob_in, "queue", **{name: value})
        assert texts_shown(test, three) == found, filtered
        assert test.query_params[name] in (value, [value]), "a reload stays there"
    assert "No post fits your filters here." in words(test)
    test.button(key="clear-filters").click().run()
    assert texts_shown(test, three) == set(three)
    test.selectbox(key="queue-platform").set_value("google").run()
    assert texts_shown(test, three) == {"google"}
    assert test.query_params["platform"] in ("google", ["google"])


@pytest.mark.parametrize("name", ["platform", "account", "theme", "view", "day", "q", "show"])
def test_nonsense_in_the_address_shows_an_ordinary_queue(
    bob_in: Login, three: dict[str, UUID], open_page: OpenPage, name: str
) -> None:
    test = open_page(bob_in, "queue", **{name: "' OR 1=1 \x00"})
    assert len(texts_shown(test, three)) == (0 if name == "q" else 3)


def test_another_tenants_account_in_the_address_finds_nothing_of_theirs(
    owner: Connection, bob_in: Login, three: dict[str, UUID], open_page: OpenPage
) -> None:
    eve = make_owner(owner)
    theirs = make_account(owner, eve)
    post = make_post(owner, eve, theirs, content="Eve's words", requires_approval=True)
    assert texts_shown(open_page(bob_in, "queue", account=str(theirs.id)), three) == set(three)
    for query in ({"post": str(post)}, {"view": "month"}, {"show": "waiting", "walk": "1"}):
        assert "Eve" not in words(open_page(bob_in, "queue", **query))
    assert "does not exist any more" in words(open_page(bob_in, "queue", post=str(post)))
    assert "does not exist any more" in words(open_page(bob_in, "queue", post="nonsense"))


def test_the_calendar_shows_each_day_of_the_owner_and_moves(
    owner: Connection, bob_in: Login, page: Connected, open_page: OpenPage
) -> None:
    at = datetime(2027, 3, 15, 4, 30, tzinfo=UTC)  # the evening before in Chicago, on the day of 23 hours
    post = make_post(owner, bob_in.owner, page, content="Late on Sunday", scheduled_for=at, requires_approval=True)
    make_post(owner, bob_in.owner, page, content="In April", scheduled_for=at + timedelta(days=30))
    test = open_page(bob_in, "queue", view="month", day="2027-03-01")
    sunday = words(test).split('datetime="2027-03-14"')[1].split("<time")[0]
    assert "Late on Sunday" in sunday
    assert "11:30 <small>PM" in sunday
    assert f"?show=all&amp;view=month&amp;day=2027-03-01&amp;post={post}" in sunday
    assert "In April" not in words(test)
    assert "In Chicago time" in words(test)
    test.button(key="calendar-later").click().run()
    assert "In April" in words(test)
    assert test.query_params["day"] in ("2027-04-01", ["2027-04-01"])
    test.segmented_control(key="queue-view").set_value("week").run()
    assert "There is nothing in these days." in words(test)
    test.button(key="calendar-today").click().run()
    assert "<em>Today</em>" in words(test)


def test_a_published_post_stands_on_the_day_when_it_went_out(
    owner: Connection, bob_in: Login, page: Connected, open_page: OpenPage
) -> None:
    planned, out = (datetime(2026, 6, day, 15, tzinfo=UTC) for day in (9, 10))
    make_post(
        owner, bob_in.owner, page, content="A day late", status="published", scheduled_for=planned, published_at=out
    )
    said = words(open_page(bob_in, "queue", view="week", day="2026-06-08"))
    assert "A day late" in said.split('datetime="2026-06-10"')[1].split("<time")[0]


def test_one_post_tells_its_story_and_leads_back(
    owner: Connection, bob_in: Login, page: Connected, open_page: OpenPage
) -> None:
    post = make_post(owner, bob_in.owner, page, content="A tip.", requires_approval=True)
    test = open_page(bob_in, "queue", show="waiting", q="tip")
    test.button(key=f"story-{post}").click().run()
    assert "It came into your queue." in words(test)
    test.button(key=f"approve-{post}").click().run()
    assert "You approved it." in words(test)
    assert "Approved by bob@example.com today" in words(test)
    test.button(key="close-post").click().run()
    assert "Which posts" in {control.label for control in test.segmented_control}
    assert test.query_params["q"] in ("tip", ["tip"])


def test_all_that_waits_is_looked_through_one_by_one(
    owner: Connection, bob_in: Login, three: dict[str, UUID], open_page: OpenPage
) -> None:
    test = open_page(bob_in, "queue")
    test.button(key="walk-begin").click().run()
    order = [three[name] for name in three]
    assert keys(test) == {f"{what}-{order[0]}" for what in ("approve", "edit", "reject")}
    test.button(key=f"approve-{order[0]}").click().run()
    assert keys(test) == {f"{what}-{order[1]}" for what in ("approve", "edit", "reject")}
    test.button(key=f"later-{order[1]}").click().run()
    owner.execute("UPDATE post_queue SET content = 'Changed elsewhere' WHERE id = %s", (order[2],))
    test.button(key=f"approve-{order[2]}").click().run()
    assert "changed in the meantime" in test.warning[0].value
    assert "Changed elsewhere" in words(test), "for another look"
    test.button(key=f"approve-{order[2]}").click().run()
    assert "That was all. 2 approved, 1 post left for later." in words(test)
    assert [status_of(owner, post)[0] for post in order] == ["approved", "pending", "approved"]
    test.button(key="walk-end").click().run()
    assert texts_shown(test, three) == {"second"}


def test_two_tabs_that_decide_about_one_post(
    owner: Connection, bob_in: Login, page: Connected, open_page: OpenPage
) -> None:
    post = make_post(owner, bob_in.owner, page, requires_approval=True)
    first, second = open_page(bob_in, "queue"), open_page(bob_in, "queue")
    first.button(key=f"approve-{post}").click().run()
    second.button(key=f"approve-{post}").click().run()
    assert "This post is approved already" in second.warning[0].value
    assert [line[0] for line in story_of(owner, post)] == ["pending", "approved"]


def test_what_hangs_on_a_broken_connection_leads_to_the_accounts(
    owner: Connection, bob_in: Login, page: Connected, open_page: OpenPage
) -> None:
    make_post(owner, bob_in.owner, page, requires_approval=True)
    owner.execute("UPDATE connected_accounts SET status = 'revoked'")
    said = words(open_page(bob_in, "queue"))
    assert "The connection to Facebook is broken." in said
    assert "then it goes out by itself" in said
