"""How an account comes into the database, and whose a place is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from models.account_tokens import open_refresh_token
from models.base import utc_now
from models.connections import (
    CannotConnect,
    NewAccount,
    PlaceIsTaken,
    PlanIsFull,
    connected_places,
    known_account,
    place_of,
    store_account,
)
from models.crypto import key_ring
from models.database import Role, session
from models.migrations import migrate
from models.plan_rights import PLANS
from tests.factories import Owner, make_account, make_owner, make_post

Connection = psycopg.Connection[Any]
LOCATION = "accounts/1/locations/2"


def new(account_id: str = LOCATION, platform: str = "google", **more: Any) -> NewAccount:
    """What a platform gave."""
    values = {"name": "Bob's", "access_token": SecretStr("ACCESS"), "refresh_token": SecretStr("REFRESH"), **more}
    return NewAccount(platform=platform, account_id=account_id, **values)


def store(owner: Owner, account: NewAccount, plan: str = "pro", role: Role = Role.DASHBOARD) -> UUID:
    """Store it as the dashboard does, or as another role."""
    tenant = owner.user_id if role is Role.DASHBOARD else None
    with session(role, tenant=tenant) as db:
        return store_account(db, key_ring(), owner.user_id, account, PLANS[plan], utc_now())


@given(
    google=st.text(st.characters(codec="ascii"), max_size=12),
    rest=st.sampled_from(["", "/", "/locations/", "/locations/2", "/locations/2/locations/3", "/x/locations/2"]),
    before=st.sampled_from(["accounts/", "accounts", "", "Accounts/"]),
)
def test_the_place_is_told_apart_by_the_location_alone(google: str, rest: str, before: str) -> None:
    account_id = f"{before}{google}{rest}"
    place = place_of(account_id)
    assert account_id.endswith(place)
    if place != account_id:
        assert place.startswith("locations/")
        assert place_of(f"accounts/other/{place}") == place


def test_the_column_says_the_same(owner: Connection) -> None:
    bob = make_owner(owner, plan="premium")
    ids = {"google": ["accounts/1/locations/2", "accounts/77/locations/30"], "facebook": ["104958162837"]}
    for platform, some in ids.items():
        for account_id in some:
            make_account(owner, bob, platform, account_id=account_id)
    for account_id, place in owner.execute("SELECT account_id, place FROM connected_accounts").fetchall():
        assert place == place_of(account_id)


@pytest.mark.parametrize("role", [Role.DASHBOARD, Role.OWNER])
def test_both_roles_that_store_accounts_can(owner: Connection, role: Role) -> None:
    bob = make_owner(owner)
    row_id = store(bob, new(), role=role)
    assert store(bob, new(access_token=SecretStr("NEWER")), role=role) == row_id
    with session(role, tenant=bob.user_id if role is Role.DASHBOARD else None) as db:
        (place,) = connected_places(db, bob.user_id)
    assert (place.platform, place.place, place.status) == ("google", "locations/2", "active")


@pytest.mark.parametrize("refresh", [None, SecretStr("")])
def test_an_empty_refresh_token_never_overwrites_one(owner: Connection, refresh: SecretStr | None) -> None:
    bob = make_owner(owner)
    row_id = store(bob, new())
    store(bob, new(refresh_token=refresh))
    row = owner.execute("SELECT refresh_token_encrypted FROM connected_accounts").fetchone()
    assert row is not None
    kept = open_refresh_token(key_ring(), row[0], row_id=row_id, user_id=bob.user_id)
    assert kept is not None
    assert kept.get_secret_value() == "REFRESH"


def test_another_owners_place_is_refused_whatever_the_state_of_their_account(owner: Connection) -> None:
    eve, bob = make_owner(owner), make_owner(owner)
    for account_id, status in (("10000", "active"), ("20000", "expired"), ("30000", "revoked")):
        make_account(owner, eve, account_id=account_id, status=status)
        with pytest.raises(PlaceIsTaken):
            store(bob, new(account_id, "facebook"))
    assert owner.execute("SELECT count(*) FROM connected_accounts").fetchone() == (3,)


def test_after_a_refusal_the_transaction_goes_on_and_is_kept(owner: Connection) -> None:
    eve, bob = make_owner(owner), make_owner(owner)
    make_account(owner, eve, account_id="10000")
    with session(Role.DASHBOARD, tenant=bob.user_id) as db:
        store_account(db, key_ring(), bob.user_id, new("20000", "facebook"), PLANS["pro"], utc_now())
        with pytest.raises(PlaceIsTaken):
            store_account(db, key_ring(), bob.user_id, new("10000", "facebook"), PLANS["pro"], utc_now())
        store_account(db, key_ring(), bob.user_id, new("30000", "facebook"), PLANS["pro"], utc_now())
    mine = owner.execute("SELECT account_id FROM connected_accounts WHERE user_id = %s", (bob.user_id,)).fetchall()
    assert sorted(mine) == [("20000",), ("30000",)]


def test_the_plan_counts_broken_ones_and_not_disconnected_ones(owner: Connection) -> None:
    bob = make_owner(owner, plan="starter")
    make_account(owner, bob, "google", status="revoked")
    with pytest.raises(PlanIsFull) as full:
        store(bob, new(), "starter")
    assert (full.value.connected, full.value.rights.plan) == (1, "starter")
    owner.execute("UPDATE connected_accounts SET access_token_encrypted = '', disconnected_at = now()")
    store(bob, new(), "starter")


@pytest.mark.parametrize("together", ["one place", "one plan"])
def test_a_race_has_as_many_winners_as_there_is_room(owner: Connection, together: str) -> None:
    owners = [make_owner(owner) for _ in range(8)] if together == "one place" else [make_owner(owner)] * 8
    gate = Barrier(8)

    def press(number: int) -> bool:
        gate.wait()
        account = new("10000" if together == "one place" else f"{number}0000", "facebook")
        try:
            store(owners[number], account)
        except CannotConnect:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = sum(pool.map(press, range(8)))
    assert won == (1 if together == "one place" else 3)
    assert owner.execute("SELECT count(*) FROM connected_accounts").fetchone() == (won,)


def test_no_account_without_tokens_can_be_active_and_none_with_tokens_disconnected(owner: Connection) -> None:
    make_account(owner, make_owner(owner))
    for change in (
        "disconnected_at = now()",
        "disconnected_at = now(), access_token_encrypted = ''",
        "disconnected_at = now(), status = 'revoked'",
        "disconnected_at = now(), status = 'revoked', access_token_encrypted = '', refresh_token_encrypted = 'x'",
    ):
        with pytest.raises(psycopg.errors.CheckViolation):
            owner.execute(f"UPDATE connected_accounts SET {change}".encode())


class TestAnAdoptedDatabase:
    """Two owners had the same place before it was refused."""

    @pytest.fixture
    def before(self, empty_database_url: str, tmp_path: Path) -> Path:
        """The migrations up to that day, applied."""
        import shutil

        from models import migrations

        folder = tmp_path / "migrations"
        shutil.copytree(Path(migrations.__file__).parents[1] / "sql" / "migrations", folder)
        for path in folder.iterdir():
            if path.name >= "021":
                path.unlink()
        migrate(empty_database_url, folder)
        return folder

    def test_the_rule_comes_without_touching_either_and_the_first_keeps_the_place(
        self, empty_database_url: str, before: Path
    ) -> None:
        with psycopg.connect(empty_database_url, autocommit=True) as db:
            for number, (account, status) in enumerate(
                [
                    ("accounts/1/locations/5", "revoked"),
                    ("accounts/2/locations/5", "active"),
                    ("accounts/3/locations/5", "active"),
                ]
            ):
                db.execute(
                    "WITH u AS (INSERT INTO users (email, password_hash) VALUES (%s, 'x') RETURNING id) "
                    "INSERT INTO connected_accounts (user_id, platform, account_id, access_token_encrypted, status, "
                    "connected_at) SELECT id, 'google', %s, 'sealed', %s, now() - make_interval(days => %s) FROM u",
                    (f"{number}@example.com", account, status, 9 - number),
                )
            kept = (
                "SELECT user_id, account_id, access_token_encrypted, status FROM connected_accounts ORDER BY account_id"
            )
            rows = db.execute(kept.encode()).fetchall()
            migrate(empty_database_url)
            assert db.execute(kept.encode()).fetchall() == rows
            duplicates = db.execute("SELECT account_id, is_duplicate FROM connected_accounts ORDER BY 1").fetchall()
            assert duplicates == [
                ("accounts/1/locations/5", True), ("accounts/2/locations/5", False), ("accounts/3/locations/5", True),
            ]  # fmt: skip
            with pytest.raises(psycopg.errors.UniqueViolation):
                db.execute(
                    "INSERT INTO connected_accounts (user_id, platform, account_id, access_token_encrypted) "
                    "SELECT user_id, 'google', 'accounts/4/locations/5', 'x' FROM connected_accounts LIMIT 1"
                )

    def test_a_duplicate_that_breaks_is_mended_only_when_the_place_is_free(self, owner: Connection) -> None:
        eve, bob = make_owner(owner), make_owner(owner)
        first = make_account(owner, eve, account_id="10000")
        with owner.transaction():
            second = make_account(owner, bob, account_id="20000")
            owner.execute("UPDATE connected_accounts SET is_duplicate = true WHERE id = %s", (second.id,))
            owner.execute("UPDATE connected_accounts SET account_id = '10000' WHERE id = %s", (second.id,))
        make_post(owner, bob, second)
        with pytest.raises(PlaceIsTaken):
            store(bob, new("10000", "facebook"))
        owner.execute(
            "UPDATE connected_accounts SET status = 'revoked', access_token_encrypted = '', disconnected_at = now() "
            "WHERE id = %s", (first.id,)
        )  # fmt: skip
        assert store(bob, new("10000", "facebook")) == second.id
        assert owner.execute("SELECT is_duplicate FROM connected_accounts WHERE id = %s", (second.id,)).fetchone() == (
            False,
        )


def test_the_very_account_goes_before_another_way_to_the_same_place(owner: Connection) -> None:
    bob = make_owner(owner)
    earlier = utc_now() - timedelta(days=9)
    make_account(owner, bob, "google", account_id="accounts/1/locations/5", connected_at=earlier)
    second = make_account(owner, bob, "google", account_id="accounts/2/locations/6")
    owner.execute("UPDATE connected_accounts SET is_duplicate = true WHERE id = %s", (second.id,))
    owner.execute("UPDATE connected_accounts SET account_id = 'accounts/2/locations/5' WHERE id = %s", (second.id,))
    with session(Role.OWNER) as db:
        known = known_account(db, bob.user_id, "google", "accounts/2/locations/5")
    assert known is not None
    assert known.id == second.id
