"""Overview, metrics and accounts: what they say with data, without, and when something is wrong."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from models.base import utc_now
from models.quota_rules import blocked_words
from tests.dashboards.conftest import OpenPage
from tests.dashboards.house import ALLOWED_TAGS, Login, Seen, make_login, words
from tests.factories import Connected, insert, make_account, make_owner, make_post

Connection = psycopg.Connection[Any]
PAGES = ["overview", "queue", "pictures", "metrics", "accounts", "business", "plan"]
ATTACK = "<img src=x onerror=alert(1)> *b* [x](javascript:alert(1)) \"'"


def today() -> date:
    """Bob's day in Chicago."""
    return utc_now().astimezone(ZoneInfo("America/Chicago")).date()


def day(connection: Connection, account: Connected, ago: int, **numbers: int) -> None:
    """A day of the rollup."""
    values = {"posts": 1, "reach": 0, "likes": 0, "comments": 0, "shares": 0, "clicks": 0} | numbers
    insert(
        connection,
        "analytics_daily",
        user_id=account.user_id,
        account_id=account.id,
        platform=account.platform,
        day=today() - timedelta(days=ago),
        **values,
    )


def published(connection: Connection, login: Login, account: Connected, ago: int, *snapshots: int, **more: Any) -> None:
    """A live post with snapshots of its reach, oldest first; a tenth of it likes."""
    at = datetime.combine(today() - timedelta(days=ago), time(12), ZoneInfo("America/Chicago"))
    post = make_post(connection, login.owner, account, status="published", scheduled_for=at, **more)
    for number, reach in enumerate(snapshots):
        insert(
            connection,
            "analytics",
            post_id=post,
            user_id=account.user_id,
            platform=account.platform,
            reach=reach,
            likes=reach // 10,
            fetched_at=at + timedelta(hours=number + 1),
        )


def metrics_of(test: Any) -> dict[str, tuple[str, str]]:
    return {metric.label: (metric.value, metric.delta) for metric in test.metric}


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_without_any_data(owner: Connection, bob_in: Login, open_page: OpenPage, page: str) -> None:
    owner.execute("DELETE FROM businesses")
    owner.execute("DELETE FROM user_preferences")
    said = words(open_page(bob_in, page))
    assert "All times are New York time" in said, "the schema's default zone"
    assert "bob@example.com" in said


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_a_live_session_says_only_how_to_come_back(
    owner: Connection, bob_in: Login, open_page: OpenPage, page: str
) -> None:
    owner.execute("UPDATE dashboard_sessions SET expires_at = now()")
    said = words(open_page(bob_in, page))
    assert "You are logged out" in said
    assert "Bob" not in said


@pytest.mark.parametrize("page", PAGES)
def test_the_sandbox_is_told_on_every_page_and_only_then(
    bob_in: Login, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    from models.settings import settings

    assert "Sandbox" not in words(open_page(bob_in, page))
    monkeypatch.setenv("POSTAGENT_SANDBOX_URL", "http://127.0.0.1:8600")
    settings.cache_clear()
    assert "Sandbox: nothing leaves this machine." in words(open_page(bob_in, page))


@pytest.mark.parametrize("page", PAGES)
def test_no_text_of_a_tenant_becomes_markup_or_markdown(
    owner: Connection, bob_in: Login, open_page: OpenPage, page: str
) -> None:
    owner.execute("UPDATE businesses SET name = %s", (ATTACK,))
    account = make_account(owner, bob_in.owner, account_name=ATTACK, status="revoked", status_reason=ATTACK)
    live = make_account(owner, bob_in.owner, account_name=ATTACK)
    make_post(owner, bob_in.owner, account, content=ATTACK, requires_approval=True, theme=ATTACK, alt_text=ATTACK)
    make_post(owner, bob_in.owner, live, content=ATTACK, status="approved", theme=ATTACK, hashtags=[ATTACK])
    make_post(owner, bob_in.owner, live, content=ATTACK, status="failed", error_message=ATTACK)
    make_post(owner, bob_in.owner, live, content=ATTACK, status="approved", in_doubt_since=utc_now())
    published(owner, bob_in, live, 1, 100, content=ATTACK, theme=ATTACK, permalink="javascript:alert(1)")
    day(owner, live, 1, reach=100)
    insert(
        owner,
        "location_metrics",
        user_id=live.user_id,
        account_id=make_account(owner, bob_in.owner, "google").id,
        platform="google",
        day=today(),
        metric=ATTACK,
        value=3,
    )
    for show in ("waiting", "scheduled", "published", "problems") if page == "queue" else ("",):
        test = open_page(bob_in, page, **({"show": show} if show else {}))
        seen = Seen("".join(element.proto.body for element in test.html))
        assert set(seen.tags) - {"style", "input", "label"} <= ALLOWED_TAGS
        assert not [name for name in seen.attributes if name.startswith("on")]
        assert {link.split("/")[1] for link in seen.attributes.get("href", [])} <= {"login", "connect"}
        assert ATTACK in seen.text, "shown as what it is"
        for kind in ("markdown", "info", "warning", "error", "success", "header", "subheader", "caption"):
            for element in getattr(test, kind):
                assert "<img src=x" not in element.value.replace("\\<", "")
                assert "[x](" not in element.value


def test_the_overview_says_what_needs_the_owner(owner: Connection, bob_in: Login, open_page: OpenPage) -> None:
    page = make_account(owner, bob_in.owner, account_name="Bob on Facebook")
    gone = make_account(
        owner, bob_in.owner, "google", account_name="South", status="expired", status_reason="The connection ran out."
    )
    for _ in range(2):
        make_post(owner, bob_in.owner, page, requires_approval=True)
    make_post(owner, bob_in.owner, gone, status="approved", requires_approval=True)
    make_post(owner, bob_in.owner, page, status="failed", error_message="Facebook refused the picture.")
    make_post(owner, bob_in.owner, page, status="approved", in_doubt_since=utc_now() - timedelta(minutes=4))
    old = utc_now() - timedelta(days=20)
    forgotten: dict[str, Any] = {"status": "failed", "error_message": "Long forgotten.", "updated_at": old}
    make_post(owner, bob_in.owner, page, scheduled_for=old, **forgotten)
    missed = "Missed while the connection was broken."
    make_post(owner, bob_in.owner, page, status="failed", error_message=missed, scheduled_for=old)
    said = words(open_page(bob_in)).replace("\\", "")
    assert "2 posts wait for your approval" in said
    assert "Google: South** is not connected. The connection ran out. 1 post waits for it." in said
    assert "Facebook refused the picture." in said
    assert "checking whether a post went out on Facebook (4 minutes ago)" in said
    assert "Long forgotten" not in said
    assert "Missed while the connection was broken." in said, "it failed now, whenever it was due"


def test_the_overview_shows_the_next_five_in_order(owner: Connection, bob_in: Login, open_page: OpenPage) -> None:
    page = make_account(owner, bob_in.owner)
    for hours in (7, 2, 5, 1, 6, 3, 4):
        at = utc_now() + timedelta(hours=hours)
        make_post(owner, bob_in.owner, page, content=f"Number {hours} of seven", status="approved", scheduled_for=at)
    make_post(owner, bob_in.owner, page, content="Not approved", requires_approval=True)
    said = words(open_page(bob_in))
    places = [said.index(f"Number {hours} of seven") for hours in (1, 2, 3, 4, 5)]
    assert places == sorted(places)
    assert "Number 6" not in said
    assert "Not approved" not in said


def test_thirty_days_are_compared_with_the_thirty_before(owner: Connection, bob_in: Login, open_page: OpenPage) -> None:
    page, eve = make_account(owner, bob_in.owner), make_owner(owner)
    day(owner, page, 0, reach=100, likes=8, comments=1, shares=1)
    day(owner, page, 29, reach=200, likes=20, posts=2)
    day(owner, page, 30, reach=150, likes=15)
    day(owner, page, 59, reach=50, likes=5)
    day(owner, page, 60, reach=9999)
    day(owner, make_account(owner, eve), 0, reach=7777)
    shown = metrics_of(open_page(bob_in))
    assert shown["People reached"] == ("300", "50%")
    assert shown["Likes, comments, shares"] == ("30", "50%")
    assert shown["Engagement rate"] == ("10.0%", "0%")
    assert shown["Posts published"] == ("3", "50%")


def test_the_newest_snapshot_counts_and_never_their_sum(owner: Connection, bob_in: Login, open_page: OpenPage) -> None:
    page = make_account(owner, bob_in.owner)
    published(owner, bob_in, page, 1, 100, 250, 400, theme="tip", content="Grew to four hundred")
    published(owner, bob_in, page, 2, 100, theme="tip", content="Stayed at one hundred")
    published(owner, bob_in, page, 40, 5000, theme="tip", content="Too long ago")
    day(owner, page, 1, reach=500)
    said = words(open_page(bob_in, "metrics"))
    assert '<th scope="row">Tip</th><td>2</td><td>250</td><td>25.0</td><td>10.0%</td>' in said
    assert said.index("Grew to four hundred") < said.index("Stayed at one hundred")
    assert "400 reached" in said
    assert "Too long ago" not in said


def test_why_the_latest_week_has_its_themes_is_told(owner: Connection, bob_in: Login, open_page: OpenPage) -> None:
    page = make_account(owner, bob_in.owner)
    published(owner, bob_in, page, 1, 100, theme="tip")
    eve = make_owner(owner)
    for who, week, why in [
        (bob_in.owner, date(2026, 11, 16), "Facebook: in turn"),
        (bob_in.owner, date(2026, 11, 23), "Facebook: tips got 3.1 % over 14 posts, promotions 1.2 % over 9"),
        (eve, date(2026, 11, 30), "Facebook: somebody else's"),
    ]:
        insert(
            owner,
            "content_generations",
            user_id=who.user_id,
            business_id=who.business_id,
            week_start=week,
            model="m",
            prompt_version="1",
            slots_wanted=1,
            themes_why=why,
        )
    said = words(open_page(bob_in, "metrics")).replace("\\", "")  # Markdown's signs are escaped
    assert "has its themes: Facebook: tips got 3.1 % over 14 posts, promotions 1.2 % over 9." in said
    assert "in turn" not in said
    assert "somebody else" not in said


def test_google_is_told_by_location_and_never_by_post(owner: Connection, bob_in: Login, open_page: OpenPage) -> None:
    google = make_account(owner, bob_in.owner, "google")
    day(owner, google, 1, posts=3)
    for metric, ago, value in [
        ("BUSINESS_IMPRESSIONS_MOBILE_MAPS", 1, 30),
        ("BUSINESS_IMPRESSIONS_DESKTOP_SEARCH", 1, 70),
        ("BUSINESS_IMPRESSIONS_MOBILE_MAPS", 40, 50),
        ("BUSINESS_IMPRESSIONS_MOBILE_MAPS", 60, 0),
        ("CALL_CLICKS", 2, 7),
    ]:
        insert(
            owner,
            "location_metrics",
            user_id=google.user_id,
            account_id=google.id,
            platform="google",
            day=today() - timedelta(days=ago),
            metric=metric,
            value=value,
        )
    test = open_page(bob_in, "metrics")
    shown = metrics_of(test)
    assert shown["Seen on Search and Maps"] == ("100", "100%")
    assert shown["Calls"][0] == "7"
    assert '<th scope="row">Google</th><td>3</td><td>-</td><td>-</td><td>-</td><td>-</td>' in words(test)


def test_metrics_without_numbers_say_what_to_do_next(bob_in: Login, open_page: OpenPage) -> None:
    test = open_page(bob_in, "metrics")
    assert "approve a post in the queue" in test.info[0].value
    assert not test.metric


def test_another_span_shows_other_days(owner: Connection, bob_in: Login, open_page: OpenPage) -> None:
    page = make_account(owner, bob_in.owner)
    day(owner, page, 0, reach=10)
    day(owner, page, 20, reach=1000)
    test = open_page(bob_in, "metrics")
    assert metrics_of(test)["People reached"][0] == "1,010"
    test.segmented_control(key="span").set_value(7).run()
    assert metrics_of(test)["People reached"][0] == "10"


def test_accounts_say_how_they_stand_and_what_to_do(owner: Connection, bob_in: Login, open_page: OpenPage) -> None:
    now = utc_now()
    make_account(
        owner,
        bob_in.owner,
        "instagram",
        account_name="@bob",
        token_expires_at=now + timedelta(days=41, hours=1),
        last_refreshed_at=now - timedelta(hours=5),
        login_provider="instagram",
    )
    make_account(owner, bob_in.owner, "google", token_expires_at=now + timedelta(minutes=40))
    gone = make_account(owner, bob_in.owner, status="revoked", status_reason="The password was changed.")
    make_post(owner, bob_in.owner, gone, status="approved", requires_approval=True)
    said = words(open_page(bob_in, "accounts"))
    assert "(in 41 days), renewed before" in said
    assert "5 hours ago" in said
    assert "Through Instagram" in said
    assert "Stays, renewed every hour" in said
    assert "The password was changed." in said
    assert "It takes one login at Facebook to connect it again." in said
    assert f'action="/connect/again/{gone.id}"' in said, "one button that mends it"
    assert said.count("/connect/end/") == 3
    assert said.index("The password was changed.") < said.index("Through Instagram"), "what is broken comes first"
    assert "1 post waits until then." in said
    assert "room for 3 accounts on each platform" in said


@pytest.mark.parametrize("page", ["overview", "accounts"])
def test_a_block_of_hours_is_told_with_its_end_and_its_reason(
    owner: Connection, bob_in: Login, open_page: OpenPage, page: str
) -> None:
    make_account(owner, bob_in.owner, account_name="Bob's Page")
    owner.execute(
        "UPDATE connected_accounts SET slowed_until = now() + interval '4 hours', slowed_reason = %s",
        (blocked_words("facebook"),),
    )
    said = words(open_page(bob_in, page))
    assert "Facebook has blocked this account from posting for some hours" in said
    assert "Posts go out again by themselves" in said
    assert "Everything runs by itself" not in said


def test_the_posts_of_instagrams_day_are_told(owner: Connection, bob_in: Login, open_page: OpenPage) -> None:
    account = make_account(owner, bob_in.owner, "instagram", login_provider="instagram")
    read_at = utc_now() - timedelta(minutes=30)
    of_account = {"user_id": account.user_id, "account_id": account.id, "platform": "instagram"}
    insert(owner, "publishing_quotas", **of_account, used=10, total=50, window_seconds=86_400, read_at=read_at)
    for minutes, outcome in ((40, "published"), (20, "published"), (10, "in_doubt"), (5, "try_later")):
        at = utc_now() - timedelta(minutes=minutes)
        insert(
            owner,
            "publish_attempts",
            user_id=account.user_id,
            post_id=make_post(owner, bob_in.owner, account),
            attempt_number=1,
            fingerprint="f",
            worker="w",
            lease_token=1,
            started_at=at,
            finished_at=at,
            outcome=outcome,
            quota_account_id=account.id,
        )
    said = words(open_page(bob_in, "accounts"))
    assert "12 of 50 used" in said, "what Instagram said, and two since then"


@pytest.mark.parametrize(
    ("columns", "part"),
    [
        ({"status": "paused"}, "Your account is paused"),
        ({"status": "canceled"}, "Your plan is canceled"),
        ({"status": "trial", "trial_ends_at": utc_now() + timedelta(days=3)}, "Your trial has all of Pro until"),
        ({"status": "trial", "trial_ends_at": utc_now() - timedelta(days=3)}, "Your trial ended on"),
    ],
)
def test_an_account_that_is_not_simply_active_is_told_so(
    owner: Connection, open_page: OpenPage, columns: dict[str, Any], part: str
) -> None:
    login = make_login(owner, make_owner(owner, **columns))
    assert part in words(open_page(login))


def test_a_broken_page_tells_nothing_of_its_inside(
    owner: Connection, bob_in: Login, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streamlit.testing.v1 import AppTest

    from dashboards.parts.mishap import report_mishap

    def broken() -> None:
        from sqlalchemy.exc import OperationalError

        from dashboards.parts.mishap import report_mishap

        assert report_mishap(ValueError("secret-host.internal"))
        assert report_mishap(OperationalError("SELECT secret", {}, Exception("secret-host.internal")))

    assert report_mishap.__doc__
    test = AppTest.from_function(broken, default_timeout=60).run()
    said = words(test)
    assert "on our side" in said
    assert "cannot reach our database" in said
    assert "secret" not in said


def test_what_only_the_owner_can_mend_stands_on_the_first_page_with_the_way_to_mend_it(
    owner: Connection, bob_in: Login, open_page: OpenPage
) -> None:
    lost = make_account(owner, bob_in.owner, "google", status="revoked", status_reason="It was taken back.")
    soon = make_account(owner, bob_in.owner, "facebook")
    for account, kind, ends in ((lost, "connection_lost", None), (soon, "access_ends", utc_now() + timedelta(days=5))):
        insert(owner, "owner_notices", user_id=bob_in.owner.user_id, account_id=account.id, platform=account.platform,
               kind=kind, message="Facebook ends a part of it.", takes_effect_at=ends)  # fmt: skip
    page = open_page(bob_in)
    said = words(page).replace("\\", "")
    assert "It was taken back. Noticed just now." in said
    assert "has to be connected again by" in said
    assert "Facebook ends a part of it." in said
    assert all(f'action="/connect/again/{account.id}"' in said for account in (lost, soon))
    owner.execute("UPDATE connected_accounts SET status = 'active' WHERE id = %s", (lost.id,))
    owner.execute("UPDATE owner_notices SET resolved_at = now() WHERE account_id = %s", (soon.id,))
    assert "Nothing. Everything runs by itself." in words(open_page(bob_in))
