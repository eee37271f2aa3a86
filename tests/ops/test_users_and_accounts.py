"""Adding owners and accounts from the command line."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from pydantic import SecretStr

from models.account_tokens import open_access_token, open_refresh_token
from models.crypto import key_ring
from models.passwords import verify_password
from models.settings import settings
from ops.cli import main
from tests.factories import make_account, make_owner

TOKEN = "EAAsecretaccesstoken0123456789"
REFRESH = "1//secretrefreshtoken0123456789"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    yield
    settings.cache_clear()


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def one(owner: psycopg.Connection[Any], statement: str) -> tuple[Any, ...]:
    row = owner.execute(statement.encode()).fetchone()
    assert row is not None
    return tuple(row)


def test_an_owner_is_added_with_business_and_preferences(
    owner: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(monkeypatch, "correct horse battery\n")
    code = main(
        ["users", "add", "--email", "Dana@Example.com", "--plan", "pro", "--business-name", "Hill Plumbing", "--type",
         "Auto Repair", "--city", "Austin", "--state", "TX", "--zone", "America/Chicago", "--frequency", "5",
         "--website", "https://hill.example.com", "--password-stdin"]
    )  # fmt: skip
    told = capsys.readouterr()
    assert (code, told.err) == (0, "")
    assert told.out.startswith("Added dana@example.com (Hill Plumbing), user ")
    assert "correct horse" not in told.out
    email, hashed, plan, status = one(owner, "SELECT email, password_hash, plan_tier, status FROM users")
    assert (email, plan, status) == ("dana@example.com", "pro", "active")
    assert verify_password(hashed, SecretStr("correct horse battery"))
    business = one(owner, "SELECT name, type, location_city, location_state, website FROM businesses")
    assert business == ("Hill Plumbing", "auto_repair", "Austin", "TX", "https://hill.example.com")
    assert one(owner, "SELECT timezone, posting_frequency FROM user_preferences") == ("America/Chicago", 5)


def test_a_trial_ends_after_fourteen_days(owner: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, "correct horse battery\n")
    arguments = ["users", "add", "--email", "t@example.com", "--business-name", "B", "--type", "bakery", "--city", "C"]
    assert main([*arguments, "--state", "VT", "--zone", "America/New_York", "--trial", "--password-stdin"]) == 0
    status, days = one(owner, "SELECT status, round(extract(epoch FROM trial_ends_at - now()) / 86400) FROM users")
    assert (status, days) == ("trial", 14)


def test_tokens_are_read_from_standard_input_and_kept_sealed(
    owner: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_owner(owner, email="owner@example.com")
    typed(monkeypatch, f"{TOKEN}\n{REFRESH}\n")
    code = main(
        ["accounts", "add", "--user", "OWNER@example.com", "--platform", "google", "--account-id",
         "accounts/12/locations/34", "--name", "Hill Plumbing", "--expires-in", "3600", "--refresh-token-stdin"]
    )  # fmt: skip
    told = capsys.readouterr()
    assert (code, told.err) == (0, "")
    assert TOKEN not in told.out
    row_id, user_id, access, refresh, seconds = one(
        owner,
        "SELECT id, user_id, access_token_encrypted, refresh_token_encrypted, "
        "round(extract(epoch FROM token_expires_at - now())) FROM connected_accounts",
    )
    assert user_id == made.user_id
    assert TOKEN not in access
    where: dict[str, UUID] = {"row_id": row_id, "user_id": user_id}
    assert open_access_token(key_ring(), access, **where).get_secret_value() == TOKEN
    opened = open_refresh_token(key_ring(), refresh, **where)
    assert opened is not None
    assert opened.get_secret_value() == REFRESH
    assert 3500 < seconds <= 3600


def test_instagram_remembers_which_login_made_its_token(
    owner: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_owner(owner, email="owner@example.com")
    for number, login in enumerate([[], ["--login", "facebook"]]):
        typed(monkeypatch, f"{TOKEN}\n")
        arguments = ["accounts", "add", "--user", "owner@example.com", "--platform", "instagram", "--name", "N"]
        assert main([*arguments, "--account-id", f"1784140000000000{number}", *login]) == 0
    rows = owner.execute("SELECT login_provider FROM connected_accounts ORDER BY account_id").fetchall()
    assert rows == [("instagram",), ("facebook",)]


def test_an_account_is_connected_once(
    owner: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_owner(owner, email="owner@example.com", plan="premium")
    make_account(owner, made, "facebook", account_id="104958162837")
    typed(monkeypatch, f"{TOKEN}\n")
    arguments = ["accounts", "add", "--user", "owner@example.com", "--platform", "facebook", "--name", "N"]
    assert main([*arguments, "--account-id", "104958162837"]) == 1
    assert capsys.readouterr().err == "facebook 104958162837 is connected already for owner@example.com\n"


def test_another_users_page_is_refused_and_a_disconnected_one_comes_back(
    owner: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_owner(owner, email="owner@example.com")
    make_account(owner, make_owner(owner), "facebook", account_id="20000")
    mine = make_account(owner, made, "facebook", account_id="10000", status="revoked")
    owner.execute(
        "UPDATE connected_accounts SET access_token_encrypted = '', disconnected_at = now() WHERE id = %s", (mine.id,)
    )
    arguments = ["accounts", "add", "--user", "owner@example.com", "--platform", "facebook", "--name", "N"]
    typed(monkeypatch, f"{TOKEN}\n")
    assert main([*arguments, "--account-id", "20000"]) == 1
    assert capsys.readouterr().err == "facebook 20000 is another user's: they have to disconnect it first\n"
    typed(monkeypatch, f"{TOKEN}\n")
    assert main([*arguments, "--account-id", "10000"]) == 0
    assert one(owner, "SELECT id, status FROM connected_accounts WHERE account_id = '10000'") == (mine.id, "active")


def test_a_generated_key_is_one_that_the_setting_takes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", "generate"]) == 0
    monkeypatch.setenv("POSTAGENT_ENCRYPTION_KEYS", capsys.readouterr().out.strip())
    settings.cache_clear()
    assert len(key_ring().key_ids) == 1
