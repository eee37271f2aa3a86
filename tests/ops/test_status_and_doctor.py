"""What the operator is told, from real rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from models.base import utc_now
from models.crypto import generate_key
from models.settings import settings
from ops.cli import main
from ops.commands.doctor_data import database, keys
from ops.commands.doctor_services import credentials, running_parts
from ops.commands.status import read
from ops.deployments import deployments
from ops.finding import Level
from tests.factories import Connected, Owner, insert, make_account, make_owner, make_post
from tests.ports import free_ports


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def connected(owner: psycopg.Connection[Any]) -> tuple[Owner, Connected]:
    made = make_owner(owner)
    return made, make_account(owner, made, token_expires_at=utc_now() + timedelta(days=50))


def ran(owner: psycopg.Connection[Any], job: str, *, ago: timedelta, succeeded: bool | None = True) -> None:
    at = utc_now() - ago
    finished = None if succeeded is None else at
    insert(owner, "job_runs", job=job, started_at=at, finished_at=finished, succeeded=succeeded, summary="1 done")


def all_jobs_ran(owner: psycopg.Connection[Any]) -> None:
    for deployment in deployments():
        ran(owner, deployment.name, ago=timedelta(minutes=1))


def test_a_house_where_everything_runs_needs_nobody(
    owner: psycopg.Connection[Any], connected: tuple[Owner, Connected], capsys: pytest.CaptureFixture[str]
) -> None:
    all_jobs_ran(owner)
    make_post(owner, *connected)
    assert main(["status"]) == 0
    assert "Nothing needs a person." in capsys.readouterr().out


def test_posts_are_counted_by_what_the_operator_asks(
    owner: psycopg.Connection[Any], connected: tuple[Owner, Connected]
) -> None:
    made, account = connected
    now = utc_now()
    broken = make_account(owner, made, "google", status="revoked")
    paused = make_owner(owner, status="paused")
    make_post(owner, made, account, scheduled_for=now - timedelta(seconds=10))
    make_post(owner, made, account, scheduled_for=now - timedelta(seconds=300))
    make_post(owner, made, account, scheduled_for=now - timedelta(seconds=300), requires_approval=True)
    make_post(owner, made, account, scheduled_for=now + timedelta(hours=2), requires_approval=True)
    make_post(owner, made, broken, scheduled_for=now - timedelta(seconds=300))
    make_post(owner, paused, make_account(owner, paused), scheduled_for=now - timedelta(seconds=300))
    make_post(owner, made, account, scheduled_for=now + timedelta(hours=1), in_doubt_since=now)
    make_post(owner, made, account, status="published", scheduled_for=now - timedelta(minutes=30))
    make_post(owner, made, account, status="published", scheduled_for=now - timedelta(hours=5))
    make_post(owner, made, account, status="failed")
    assert read().queue == {
        "due": 2,
        "overdue": 1,
        "paused": 0,
        "held": 2,
        "in_doubt": 1,
        "waiting_for_approval": 1,
        "published_last_hour": 1,
        "published_last_day": 2,
        "failed_last_day": 1,
    }


def test_a_pause_that_a_platform_asked_for_is_told_and_needs_nobody(
    owner: psycopg.Connection[Any], connected: tuple[Owner, Connected], capsys: pytest.CaptureFixture[str]
) -> None:
    all_jobs_ran(owner)
    made, facebook = connected
    now = utc_now()
    google = make_account(owner, made, "google", token_expires_at=now + timedelta(hours=1))
    for account in (facebook, google):
        make_post(owner, made, account, scheduled_for=now - timedelta(minutes=5))
    insert(owner, "shared_quotas", name="google", slowed_until=now + timedelta(minutes=30))
    owner.execute("UPDATE connected_accounts SET slowed_until = now() + interval '3 hours' WHERE platform = 'facebook'")
    assert main(["status"]) == 0
    told = capsys.readouterr().out
    assert "Paused by facebook: 1 accounts, for 3 h more" in told
    assert "Paused by google: our whole application, for 30 min more" in told
    assert {name: read().queue[name] for name in ("due", "overdue", "paused")} == {"due": 0, "overdue": 0, "paused": 2}


def test_lateness_counts_from_the_moment_a_post_could_leave(
    owner: psycopg.Connection[Any], connected: tuple[Owner, Connected]
) -> None:
    made, account = connected
    at = utc_now() - timedelta(hours=1)
    approved_late: dict[str, Any] = {"approved_at": at + timedelta(minutes=10)}
    for late, columns in ((0.5, {}), (1.5, {}), (602.5, approved_late)):
        post = make_post(owner, made, account, status="published", scheduled_for=at, **columns)
        for number, seconds, outcome in ((1, -0.1, "try_later"), (2, late, "published")):
            insert(
                owner, "publish_attempts", post_id=post, user_id=made.user_id, attempt_number=number, fingerprint="f",
                worker="w", lease_token=1, started_at=at, finished_at=at + timedelta(seconds=seconds), outcome=outcome,
            )  # fmt: skip
    lateness = read().lateness
    assert lateness["posts"] == 3
    assert lateness["p50"] == pytest.approx(1.5)
    assert lateness["p99"] == pytest.approx(2.48)


def test_accounts_are_counted_by_the_state_of_their_tokens(owner: psycopg.Connection[Any]) -> None:
    made, now = make_owner(owner), utc_now()
    make_account(owner, made, "google", token_expires_at=now + timedelta(minutes=5))
    make_account(owner, made, "google", token_expires_at=now + timedelta(minutes=50))
    make_account(owner, made, "facebook", token_expires_at=None)
    make_account(owner, made, "instagram", token_expires_at=now + timedelta(days=2))
    make_account(owner, made, "instagram", status="expired")
    make_account(owner, made, "facebook", status="revoked")
    gone = make_owner(owner, status="canceled")
    make_account(owner, gone, "google", token_expires_at=now - timedelta(days=9))
    assert read().tokens == {"expiring": 2, "active": 2, "expired": 1, "revoked": 1}


def test_status_as_json_says_who_is_needed_and_ends_with_code_1(
    owner: psycopg.Connection[Any], connected: tuple[Owner, Connected], capsys: pytest.CaptureFixture[str]
) -> None:
    all_jobs_ran(owner)
    ran(owner, "refresh-tokens", ago=timedelta(seconds=5), succeeded=False)
    owner.execute("DELETE FROM job_runs WHERE job = 'refresh-tokens' AND succeeded")
    make_post(owner, *connected, scheduled_for=utc_now() - timedelta(hours=1))
    assert main(["status", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["needs_a_person"] is True
    assert [line.split(":")[0] for line in told["troubles"]] == ["1 posts are overdue", "refresh-tokens"]
    assert {job["name"] for job in told["jobs"]} == {deployment.name for deployment in deployments()}


def test_writing_is_told_per_plan_and_owner(
    owner: psycopg.Connection[Any], connected: tuple[Owner, Connected], capsys: pytest.CaptureFixture[str]
) -> None:
    all_jobs_ran(owner)
    dear = make_owner(owner, plan="premium", business_name="Dear & Sons")
    month = utc_now().date().replace(day=1)
    call: dict[str, Any] = {"model": "m", "price_date": month, "reserved": 1, "reserved_until": utc_now()}
    settled: dict[str, Any] = {"settled_at": utc_now(), "outcome": "answered"}
    for user_id, cost in ((connected[0].user_id, "0.02"), (dear.user_id, "4.6")):
        insert(owner, "ai_calls", user_id=user_id, month=month, cost=Decimal(cost), **call, **settled)
    earlier = (month - timedelta(days=1)).replace(day=1)
    insert(owner, "ai_calls", user_id=dear.user_id, month=earlier, cost=9, **call, **settled)
    insert(
        owner, "content_generations", user_id=dear.user_id, business_id=dear.business_id, week_start=month, model="m",
        prompt_version="1", slots_wanted=20, posts_made=20, posts_fallen_back=3,
    )  # fmt: skip
    assert main(["status", "--json"]) == 0
    lines = {line["who"]: line for line in json.loads(capsys.readouterr().out)["writing_this_month"]}
    premium, alone = lines["plan premium"], lines["Dear & Sons (premium)"]
    assert (premium["cost"], premium["per owner"], premium["per post"]) == ("$4.60", "$4.60", "$0.23")
    assert (premium["from the bank"], premium["near the cap"], alone["cost"]) == (3, 1, "$4.60")
    assert lines[f"plan {connected[0].plan}"]["cost"] == "$0.02"
    assert main(["status"]) == 0
    assert "Writing this month" in capsys.readouterr().out


def levels(findings: list[Any]) -> list[Level]:
    return [finding.level for finding in findings]


@pytest.mark.usefixtures("owner")
def test_a_migrated_database_is_well() -> None:
    assert levels(database(settings())) == [Level.OK] * 3


@pytest.mark.usefixtures("owner")
def test_a_dashboard_that_logs_in_as_the_tables_owner_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POSTAGENT_ROLE_PASSWORD")
    settings.cache_clear()
    (told,) = [finding for finding in database(settings()) if finding.level is Level.NOTE]
    assert told.mend == "set POSTAGENT_ROLE_PASSWORD and run `postagent migrate`"


def test_missing_migrations_are_named(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTAGENT_DATABASE_URL", empty_database_url)
    found = database(settings())
    assert found[-1].wrong
    assert "first 001_initial_schema" in found[-1].what
    assert found[-1].mend == "run `postagent migrate`"


def test_stored_tokens_are_counted_by_key_and_tried(
    owner: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_account(owner, make_owner(owner), refresh_token="r")
    found = keys(settings())
    assert levels(found) == [Level.OK, Level.OK]
    where = "connected_accounts.access_token_encrypted 1, connected_accounts.refresh_token_encrypted 1"
    assert found[1].what == f"2 stored values ({where}) are sealed with the first key 'test'"

    monkeypatch.setenv("POSTAGENT_ENCRYPTION_KEYS", generate_key())
    settings.cache_clear()
    lost = [finding for finding in keys(settings()) if finding.wrong]
    told = f"2 stored values ({where}) need the encryption key 'test', which POSTAGENT_ENCRYPTION_KEYS does not hold"
    assert [finding.what for finding in lost] == [told]


def test_another_key_under_the_same_name_is_noticed(
    owner: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_account(owner, make_owner(owner))
    monkeypatch.setenv("POSTAGENT_ENCRYPTION_KEYS", f"test:{generate_key().split(':')[1]}")
    settings.cache_clear()
    lost = [finding for finding in keys(settings()) if finding.wrong]
    assert len(lost) == 1
    assert "does not open" in lost[0].what


def test_without_credentials_the_sandbox_is_told_and_with_some_the_missing_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sandbox = credentials(settings())
    assert levels(sandbox) == [Level.NOTE]
    assert "nothing is published" in sandbox[0].what
    monkeypatch.setenv("POSTAGENT_GOOGLE_CLIENT_ID", "id")
    monkeypatch.setenv("POSTAGENT_OPENAI_API_KEY", "key")
    settings.cache_clear()
    real = {finding.what.split(" lacks ")[0]: finding for finding in credentials(settings())}
    assert "lacks POSTAGENT_GOOGLE_CLIENT_SECRET" in real["Google Business Profile"].what
    assert real["Google Business Profile"].mend.startswith("set POSTAGENT_GOOGLE_CLIENT_SECRET")
    assert not real["the writer of posts has its credentials"].wrong


def test_doctor_names_the_addresses_that_platforms_have_to_know(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET", "META_APP_ID", "META_APP_SECRET"):
        monkeypatch.setenv(f"POSTAGENT_{name}", "x")
    monkeypatch.setenv("POSTAGENT_PUBLIC_URL", "https://posts.example.com")
    settings.cache_clear()
    told = " ".join(finding.what for finding in credentials(settings()) if finding.level is Level.OK)
    for address in (
        "connect/google/callback", "connect/facebook/callback", "connect/instagram-facebook/callback",
        "meta/facebook/deauthorize", "meta/facebook/deletion",
    ):  # fmt: skip
        assert f"https://posts.example.com/{address}" in told


def test_doctor_names_places_that_two_owners_have(owner: psycopg.Connection[Any]) -> None:
    first = make_account(owner, make_owner(owner), account_id="104958162837")
    second = make_account(owner, make_owner(owner))
    owner.execute("UPDATE connected_accounts SET is_duplicate = true WHERE id = %s", (second.id,))
    owner.execute("UPDATE connected_accounts SET account_id = %s WHERE id = %s", (first.account_id, second.id))
    (told,) = [finding for finding in database(settings()) if "owners have" in finding.what]
    assert (told.level, told.what) == (Level.NOTE, "2 owners have facebook 104958162837 connected")


def test_an_account_without_tokens_troubles_no_key(owner: psycopg.Connection[Any]) -> None:
    make_account(owner, make_owner(owner), status="revoked")
    owner.execute("UPDATE connected_accounts SET access_token_encrypted = '', disconnected_at = now()")
    assert levels(keys(settings())) == [Level.OK]


async def test_parts_that_do_not_run_are_named_with_the_way_to_start_them(monkeypatch: pytest.MonkeyPatch) -> None:
    dashboard, prefect = free_ports(2)
    monkeypatch.setenv("POSTAGENT_DASHBOARD_PORT", str(dashboard))
    monkeypatch.setenv("POSTAGENT_PREFECT_PORT", str(prefect))
    settings.cache_clear()
    found = await running_parts(settings())
    assert levels(found) == [Level.NOTE, Level.WRONG, Level.WRONG]
    assert all("postagent up" in finding.mend for finding in found[1:])


def test_doctor_goes_on_after_a_part_that_cannot_be_looked_at(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POSTAGENT_DATABASE_URL", "postgresql://me@127.0.0.1:1/x")
    monkeypatch.setenv("POSTAGENT_PREFECT_PORT", str(free_ports(1)[0]))
    assert main(["doctor"]) == 1
    told = capsys.readouterr().out
    assert "Cannot reach the database me@127.0.0.1:1/x" in told
    assert "Prefect's server does not answer" in told
    assert "the sandbox" in told
