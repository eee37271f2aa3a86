"""The first week of a new owner: what the overview says of it, and that its run is started by the deployment's name."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import psycopg
import pytest
from prefect.client.orchestration import get_client
from streamlit.testing.v1 import AppTest

from dashboards import first_week
from flows.generate_weekly_content import generate_weekly_content
from tests.dashboards.conftest import OpenPage
from tests.dashboards.house import Login, words
from tests.factories import make_account, make_post

Connection = psycopg.Connection[Any]


def steps(test: AppTest) -> list[str]:
    """The steps that are done (+) and those that are not (-), by their first word."""
    found = next((str(m.value) for m in test.markdown if "Confirm your e-mail" in str(m.value)), "")
    return [f"{'+' if 'check_circle' in line else '-'}{line.split(': ')[1].split()[0]}" for line in found.splitlines()]


def test_the_way_to_the_first_post_is_ticked_off(owner: Connection, bob_in: Login, open_page: OpenPage) -> None:
    owner.execute("UPDATE users SET status = 'trial', unverified_since = now()")
    said = words(open_page(bob_in))
    assert "Please confirm your e-mail address" in said
    assert 'action="/verify/again"' in said
    assert "Nothing, while your e-mail address is not confirmed." in said
    assert steps(open_page(bob_in)) == ["-Confirm", "-Connect", "-We"]
    account = make_account(owner, bob_in.owner)
    test = open_page(bob_in)
    assert steps(test) == ["-Confirm", "+Connect", "-We"]
    assert "are being written" not in words(test)
    assert "Only that you confirm your e-mail address." in words(test)
    assert "Everything runs by itself" not in words(test)
    owner.execute("UPDATE users SET unverified_since = NULL")
    test = open_page(bob_in)
    assert steps(test) == ["+Confirm", "+Connect", "-We"]
    assert "are being written" in words(test)
    assert "Please confirm" not in words(test)
    make_post(owner, bob_in.owner, account)
    assert steps(open_page(bob_in)) == []


def test_every_page_shows_who_is_not_confirmed_the_way(owner: Connection, bob_in: Login, open_page: OpenPage) -> None:
    owner.execute("UPDATE users SET unverified_since = now()")
    for page in ("queue", "accounts"):
        assert "Please confirm your e-mail address" in words(open_page(bob_in, page))


def test_the_button_has_it_written(
    owner: Connection, bob_in: Login, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_account(owner, bob_in.owner)
    asked: list[Any] = []
    monkeypatch.setattr("dashboards.errands.soon", asked.append)
    test = open_page(bob_in)
    test.button(key="write-now").click().run()
    assert not test.exception
    started: list[Any] = []
    monkeypatch.setattr(first_week, "_start", started.append)
    for errand in asked:
        errand()
    assert started == [bob_in.owner.user_id]


def test_another_zone_is_followed_by_what_waits_within_minutes(
    owner: Connection, bob_in: Login, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_account(owner, bob_in.owner)
    asked: list[Any] = []
    monkeypatch.setattr("dashboards.errands.soon", asked.append)
    test = open_page(bob_in, "business")
    test.toggle(key="wishes-weekly_summary").set_value(False)
    test.button(key="save-wishes").click().run()
    assert asked == [], "nothing moves"
    test.selectbox(key="wishes-zone").set_value("America/Denver").run()
    test.button(key="save-wishes").click().run()
    assert not test.exception
    assert len(asked) == 1


@pytest.mark.parametrize("change", ["unverified_since = now()", "status = 'paused'", "status = 'canceled'"])
def test_nothing_is_started_for_who_is_not_served(
    owner: Connection, bob_in: Login, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    make_account(owner, bob_in.owner)
    owner.execute(f"UPDATE users SET {change}".encode())
    started: list[Any] = []
    monkeypatch.setattr(first_week, "_start", started.append)
    first_week._write(bob_in.owner.user_id)
    assert started == []


@pytest.mark.usefixtures("prefect_harness")
async def test_a_run_for_this_owner_is_asked_for(bob_in: Login) -> None:
    assert f"{generate_weekly_content.name}/{generate_weekly_content.name}" == first_week.DEPLOYMENT
    async with get_client() as client:
        flow_id = await client.create_flow(generate_weekly_content)
        deployment = await client.create_deployment(flow_id, "generate-weekly-content", enforce_parameter_schema=False)
        await asyncio.to_thread(first_week._start, bob_in.owner.user_id)
        (run,) = [run for run in await client.read_flow_runs() if run.deployment_id == deployment]
    assert run.parameters == {"user_id": str(bob_in.owner.user_id)}
    assert run.state is not None
    assert run.state.is_scheduled()


def test_without_a_prefect_nothing_is_started(bob_in: Login, caplog: pytest.LogCaptureFixture) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings(restore_defaults={PREFECT_API_URL}), caplog.at_level(logging.WARNING):
        first_week._start(bob_in.owner.user_id)
    assert "set PREFECT_API_URL" in caplog.text
