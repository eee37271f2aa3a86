"""The page about the plan: what it allows, how much is used, what a trial, a pause and an end mean."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from models.base import utc_now
from models.calendar_slots import week_of
from models.plan_rights import PLANS
from tests.dashboards.conftest import OpenPage
from tests.dashboards.house import ALLOWED_TAGS, Login, Seen, make_login, words
from tests.factories import make_account, make_owner, make_post

Connection = psycopg.Connection[Any]
ATTACK = "<img src=x onerror=alert(1)> *b* [x](javascript:alert(1))"


def said(test: Any) -> str:
    return Seen(words(test)).text.replace("\\", "")


def test_what_is_used_is_counted_for_this_week_and_each_account(
    owner: Connection, bob_in: Login, open_page: OpenPage
) -> None:
    first = make_account(owner, bob_in.owner, account_name="North")
    make_account(owner, bob_in.owner, account_name="South")
    gone = make_account(owner, bob_in.owner, "google")
    owner.execute(
        "UPDATE connected_accounts SET disconnected_at = now(), status = 'revoked', access_token_encrypted = '', "
        "refresh_token_encrypted = NULL WHERE id = %s",
        (gone.id,),
    )
    monday = week_of(utc_now(), ZoneInfo("America/Chicago"))
    for days in (-1, 0, 6, 7):
        make_post(owner, bob_in.owner, first, slot=f"{monday + timedelta(days=days)}T09:00")
    told = said(open_page(bob_in, "plan"))
    assert "Facebook2 of 3" in told
    assert "Google0 of 3" in told
    assert "Facebook: North2 of 7 posts" in told
    assert "Facebook: South0 of 7 posts" in told
    assert "0 of 200 pictures, 0.0 of 200 MB used." in told


def test_more_accounts_than_the_plan_has_room_for_are_told(owner: Connection, open_page: OpenPage) -> None:
    someone = make_owner(owner, plan="starter")
    for _ in range(2):
        make_account(owner, someone)
    told = said(open_page(make_login(owner, someone), "plan"))
    assert "2 of 1, more than the plan has room for: only the first one that works gets new posts" in told
    assert "Not part of your plan" in told


@pytest.mark.parametrize("plan", PLANS)
def test_all_plans_stand_side_by_side_and_the_own_is_marked(owner: Connection, open_page: OpenPage, plan: str) -> None:
    test = open_page(make_login(owner, make_owner(owner, plan=plan)), "plan")
    told = said(test)
    assert f"{plan.capitalize()} (yours)" in told
    assert told.count("(yours)") == 1
    assert "Posts a week, each account3721" in told
    assert "Accounts on each platform1310" in told
    assert "Your own picturesNo2001,000" in told
    assert "Room for pictures-200 MB1,000 MB" in told
    assert not test.button, "no dead button"
    assert "Tell the people who run PostAgentPro for you" in told


@pytest.mark.parametrize(
    ("status", "days", "told"),
    [
        ("paused", None, "When your account is active again, what is in the queue goes out at its time."),
        ("canceled", None, "nothing can be changed"),
        ("trial", 3, "Without another plan Starter applies from then on: 3 posts a week, 1 account on each platform"),
        ("trial", -3, "the Starter plan applies now"),
        ("trial", None, "You have all of Pro."),
        ("active", None, "You are on the Pro plan: posts are written and go out."),
    ],
)
def test_each_state_is_explained(
    owner: Connection, open_page: OpenPage, status: str, days: int | None, told: str
) -> None:
    ends = None if days is None else utc_now() + timedelta(days=days)
    someone = make_owner(owner, status=status, trial_ends_at=ends)
    assert told in said(open_page(make_login(owner, someone), "plan"))


def test_no_text_becomes_markup_and_nobody_elses_is_shown(
    owner: Connection, bob_in: Login, open_page: OpenPage
) -> None:
    eve = make_owner(owner, business_name="Eve's")
    make_account(owner, eve, account_name="Eve on Facebook")
    make_account(owner, bob_in.owner, account_name=ATTACK)
    test = open_page(bob_in, "plan")
    seen = Seen("".join(element.proto.body for element in test.html))
    assert set(seen.tags) - {"style"} <= ALLOWED_TAGS
    assert f"Facebook: {ATTACK}" in seen.text
    assert "Eve" not in words(test)
