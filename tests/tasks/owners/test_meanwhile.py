"""Flows that are at work for an owner who is deleted under their hands go on with everybody else, and say nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from models.ai_prices import PriceList
from models.base import utc_now
from models.database import Role, session
from models.queries import query
from models.settings import settings
from platforms.openai_writer import DraftPost
from tasks.analytics import store
from tasks.analytics.store import DuePost, Measured, zone_of
from tasks.content.ledger import Ledger, Wish
from tasks.owners.erasing import erase
from tasks.tokens import stored_account
from tests.factories import make_account, make_owner
from tests.tasks.content.fakes import FakeWriter, generation, plain_post
from tests.tasks.house import House


async def test_numbers_that_come_too_late_are_passed_by(house: House) -> None:
    account = house.connect("facebook")
    (post,) = house.publish(account, timedelta(days=1))
    measured = Measured(account=await stored_account(account.id), zone=zone_of(None))
    due = [DuePost(id=post, platform_post_id="1", published_at=utc_now())]
    assert (await erase(settings(), house.owner.user_id)).is_gone
    told = {"1": {"reach": 5, "likes": 1}}
    assert store.record(measured, due, told, utc_now()) == 1
    store.save_location(account.id, {(date(2026, 11, 1), "CALL_CLICKS"): 3}, utc_now())
    assert house.rows("SELECT * FROM analytics") == house.rows("SELECT * FROM location_metrics") == []


async def test_nothing_is_paid_for_them_any_more(house: House) -> None:
    ledger = Ledger(PriceList(), Decimal(10))
    wish = Wish(user_id=house.owner.user_id, model="gpt-6-luna", prompt_bytes=10, output_tokens=10)
    assert (await erase(settings(), house.owner.user_id)).is_gone
    with session(Role.WORKER) as db:
        assert ledger.reserve_on(db.connection(), wish) is None


async def test_an_orphan_that_a_sweep_finds_is_passed_by(house: House) -> None:
    account = house.connect("facebook")
    assert (await erase(settings(), house.owner.user_id)).is_gone
    with session(Role.WORKER) as db:
        db.connection().exec_driver_sql(query("discard_orphan"), {"account_id": account.id, "handles": "{}"})
    assert house.rows("SELECT * FROM publish_discards") == []


async def test_a_week_that_was_being_written_is_dropped_without_a_word(house: House) -> None:
    db, staying = house.connection, make_owner(house.connection)
    for person in (house.owner, staying):
        make_account(db, person)

    def leaving(slot: Mapping[str, Any]) -> DraftPost:
        """The model takes its time, and the owner leaves."""
        db.execute("SELECT begin_erasing(%(id)s), erase_user(%(id)s, '')", {"id": house.owner.user_id})
        return plain_post(slot)

    run = generation(FakeWriter(leaving))
    assert await run.run([house.owner.user_id], last_chance=False) == []
    assert run.report.problems.line is None
    assert [row["notes"] for row in run.report.rows.told()] == ["erased meanwhile"]
    assert await run.run([staying.user_id], last_chance=False) == []
    assert run.report.made > 0
    assert {row["user_id"] for row in house.rows("SELECT user_id FROM post_queue")} == {staying.user_id}
