"""Rotating keys over real rows: everything ends under the first key, the newer value wins, nothing is lost or shown."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row
from pydantic import SecretStr

from models.account_tokens import ACCESS_COLUMN, REFRESH_COLUMN, TABLE, seal_tokens
from models.crypto import KeyRing, generate_key, key_id_of
from models.database import Role, connect
from models.key_rotation import Rotation, damaged, key_uses, rotate
from models.sealed_columns import SUFFIX, sealed_tables
from tests.conftest import ENCRYPTION_KEYS
from tests.factories import Connected, make_account, make_owner

Connection = psycopg.Connection[Any]

NEW_KEY = f"new:{b64encode(bytes(range(32, 64))).decode()}"
OLD = KeyRing.parse(SecretStr(ENCRYPTION_KEYS))
BOTH = KeyRing.parse(SecretStr(f"{NEW_KEY},{ENCRYPTION_KEYS}"))
NEW = KeyRing.parse(SecretStr(NEW_KEY))


@contextmanager
def rotating() -> Iterator[Connection]:
    with connect(Role.OWNER, autocommit=True) as connection:
        yield connection


def run(ring: KeyRing = BOTH, **options: Any) -> Rotation:
    with rotating() as connection:
        return rotate(connection, ring, **{"patience": 0.0, **options})


def opened(owner: Connection, ring: KeyRing) -> dict[UUID, tuple[str | None, ...]]:
    """What every account's two columns hold."""
    rows = owner.cursor(row_factory=dict_row).execute("SELECT * FROM connected_accounts").fetchall()
    return {
        row["id"]: tuple(
            row[column]
            and ring.open(
                row[column], table=TABLE, column=column, row_id=row["id"], user_id=row["user_id"]
            ).get_secret_value()
            for column in (ACCESS_COLUMN, REFRESH_COLUMN)
        )
        for row in rows
    }


def make_accounts(owner: Connection, number: int) -> dict[UUID, tuple[str | None, ...]]:
    """Accounts of one owner, every second one without a refresh token; what they hold."""
    person = make_owner(owner)
    for index in range(number):
        refresh = f"refresh-{index}" if index % 2 else None
        make_account(owner, person, "google", access_token=f"access-{index}", refresh_token=refresh)
    return opened(owner, OLD)


def used(owner: Connection) -> dict[str | None, int]:
    return {use.key_id: use.total for use in key_uses(owner)}


def _sealed_in_database(owner: Connection) -> set[tuple[str, str]]:
    return set(
        owner.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND right(column_name, %s) = %s",
            (len(SUFFIX), SUFFIX),
        ).fetchall()
    )


def _registered() -> set[tuple[str, str]]:
    return {(table.name, column) for table in sealed_tables() for column in table.columns}


def test_the_registry_knows_every_sealed_column_of_the_database(owner: Connection) -> None:
    assert _registered() == _sealed_in_database(owner)
    assert {(TABLE, ACCESS_COLUMN), (TABLE, REFRESH_COLUMN)} <= _registered()


def test_a_sealed_column_that_only_the_database_has_is_noticed(owner: Connection) -> None:
    owner.execute("ALTER TABLE businesses ADD COLUMN note_encrypted TEXT")
    assert _sealed_in_database(owner) - _registered() == {("businesses", "note_encrypted")}


def test_every_table_with_sealed_columns_has_what_the_seal_is_bound_to(owner: Connection) -> None:
    for table in sealed_tables():
        bound = owner.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s"
            " AND column_name IN ('id', 'user_id') AND data_type = 'uuid' AND is_nullable = 'NO' ORDER BY 1",
            (table.name,),
        ).fetchall()
        assert bound == [("id",), ("user_id",)], table.name


def test_everything_is_sealed_again_and_the_old_key_is_needed_no_more(owner: Connection) -> None:
    before = make_accounts(owner, 11)
    heard: list[int] = []
    done = run(batch=3, advance=heard.append)
    assert done.resealed == sum(heard) == 11 + 5
    assert len(heard) == 4
    assert opened(owner, NEW) == before
    assert used(owner) == {"new": 16}
    assert {use.key_id: use.total for use in done.uses} == {"new": 16}
    again = run()
    assert (again.resealed, again.damage.total) == (0, 0)
    assert opened(owner, NEW) == before


def test_an_empty_column_holds_nothing_to_seal(owner: Connection) -> None:
    make_accounts(owner, 2)
    owner.execute("UPDATE connected_accounts SET refresh_token_encrypted = ''")
    assert run().damage.total == 0
    assert used(owner) == {"new": 2}


class Meddling(KeyRing):
    """A key ring in whose sealing somebody else does something, once: between the reading and the writing of a row."""

    __slots__ = ("meddle",)
    meddle: Any

    def seal(self, plaintext: SecretStr, *, table: str, column: str, row_id: UUID, user_id: UUID) -> str:
        meddle, self.meddle = self.meddle, lambda: None
        meddle()
        return super().seal(plaintext, table=table, column=column, row_id=row_id, user_id=user_id)


def _meddling(meddle: Any) -> Meddling:
    ring = Meddling.parse(SecretStr(f"{NEW_KEY},{ENCRYPTION_KEYS}"))
    ring.meddle = meddle
    return ring


@pytest.mark.parametrize("sealed_with", [OLD, BOTH], ids=["an old worker", "a new worker"])
def test_a_token_that_is_refreshed_meanwhile_wins(owner: Connection, sealed_with: KeyRing) -> None:
    account = make_account(owner, make_owner(owner), "google", access_token="stale", refresh_token="r")

    def refreshed() -> None:
        fresh = seal_tokens(
            sealed_with,
            row_id=account.id,
            user_id=account.user_id,
            access_token=SecretStr("fresh"),
            refresh_token=SecretStr("fresher"),
        )
        owner.execute(
            "UPDATE connected_accounts SET access_token_encrypted = %s, refresh_token_encrypted = %s",
            (fresh.access_token_encrypted, fresh.refresh_token_encrypted),
        )

    run(_meddling(refreshed), patience=10.0)
    assert opened(owner, NEW) == {account.id: ("fresh", "fresher")}


def test_an_account_that_is_disconnected_meanwhile_stays_without_tokens(owner: Connection) -> None:
    make_account(owner, make_owner(owner), "google", refresh_token="r")
    run(_meddling(lambda: owner.execute("UPDATE connected_accounts SET refresh_token_encrypted = NULL")))
    rows = owner.execute("SELECT refresh_token_encrypted FROM connected_accounts").fetchall()
    assert rows == [(None,)]


def test_a_token_that_is_being_refreshed_is_left_alone_and_its_key_is_named(owner: Connection) -> None:
    before = make_accounts(owner, 3)
    one = next(iter(before))
    owner.execute("UPDATE connected_accounts SET refreshing_until = now() + interval '1 hour' WHERE id = %s", (one,))
    left = {use.key_id: use for use in run().uses}["test"]
    assert left.values[f"{TABLE}.{ACCESS_COLUMN}"] == 1
    assert key_id_of(_envelope(owner, one)) == "test"
    owner.execute("UPDATE connected_accounts SET refreshing_until = now() - interval '1 s' WHERE id = %s", (one,))
    assert "test" not in {use.key_id for use in run().uses}
    assert opened(owner, NEW) == before


def _envelope(owner: Connection, account: UUID) -> str:
    row = owner.execute("SELECT access_token_encrypted FROM connected_accounts WHERE id = %s", (account,)).fetchone()
    assert row is not None
    return str(row[0])


def test_a_row_that_somebody_holds_keeps_nobody_waiting_and_is_waited_for(owner: Connection, database_url: str) -> None:
    before = make_accounts(owner, 5)
    with psycopg.connect(database_url) as holder:
        holder.execute("SELECT 1 FROM connected_accounts WHERE id = %s FOR UPDATE", (next(iter(before)),))
        assert {use.key_id for use in run().uses} == {"new", "test"}
        letting_go = threading.Timer(0.5, holder.rollback)
        letting_go.start()
        assert {use.key_id for use in run(patience=60.0).uses} == {"new"}
        letting_go.join()
    assert opened(owner, NEW) == before


def test_posts_are_added_to_an_account_while_its_row_is_written(owner: Connection, database_url: str) -> None:
    """Foreign keys lock the account's row in a way that must not keep rotation out."""
    make_accounts(owner, 1)
    with psycopg.connect(database_url) as holder:
        holder.execute("SELECT 1 FROM connected_accounts FOR KEY SHARE")
        assert {use.key_id for use in run().uses} == {"new"}


def test_two_at_once_share_the_work(owner: Connection) -> None:
    before = make_accounts(owner, 120)
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: run(batch=5, patience=60.0), range(2)))
    assert sum(part.resealed for part in done) == 120 + 60
    assert all({use.key_id for use in part.uses} == {"new"} for part in done)
    assert opened(owner, NEW) == before


MARK = "ya29.MARKED-PLAIN-TOKEN-0123456789"


def _spoil(owner: Connection, account: Connected, how: str, donor: Connected) -> None:
    moved = _envelope(owner, donor.id)
    value = {
        "moved": moved,
        "altered": (own := _envelope(owner, account.id))[:-4] + ("AAAA" if own[-4:] != "AAAA" else "BBBB"),
        "plain": MARK,
        "another product's": "gAAAAABnOldFernet.Token.Of.Another",
        "newer": moved.replace("v1.", "v2.", 1),
        "cut": own[:-30],
    }[how]
    owner.execute("UPDATE connected_accounts SET access_token_encrypted = %s WHERE id = %s", (value, account.id))


@pytest.mark.parametrize("how", ["moved", "altered", "plain", "another product's", "newer", "cut"])
def test_what_does_not_open_is_told_by_its_row_never_by_its_content_and_keeps_nobody_back(
    owner: Connection, how: str
) -> None:
    person = make_owner(owner)
    account, donor = (make_account(owner, person, "google", refresh_token="r") for _ in range(2))
    _spoil(owner, account, how, donor)
    spoilt = _envelope(owner, account.id)
    done = run()
    assert done.resealed == 3  # its refresh token too
    assert done.damage.total == 1
    (told,) = done.damage.told
    assert told.startswith(f"{TABLE}.{ACCESS_COLUMN} of row {account.id} ")
    assert "connect the account again" in told or "update this one" in told
    everything = f"{told} {done!r} {[str(use) for use in done.uses]}"
    pieces = {spoilt[at : at + 10] for at in range(len(spoilt) - 9)}
    assert not [piece for piece in pieces if piece in everything]
    assert _envelope(owner, account.id) == spoilt
    with rotating() as connection:
        assert damaged(connection, BOTH).told == done.damage.told


def test_texts_of_an_unknown_form_are_counted_without_a_word_of_them(owner: Connection) -> None:
    person = make_owner(owner)
    for value in (MARK, "a.b.c", "v1.only-an-id", "v1..x", "v1.a-key-id-that-is-too-long.x"):
        account = make_account(owner, person, "google")
        owner.execute("UPDATE connected_accounts SET access_token_encrypted = %s WHERE id = %s", (value, account.id))
    assert used(owner) == {None: 5}


def test_a_key_that_was_taken_out_too_early_is_named_and_nothing_is_lost(owner: Connection) -> None:
    before = make_accounts(owner, 3)
    done = run(NEW)
    assert (done.resealed, done.damage.total) == (0, 0)
    assert {use.key_id: use.total for use in done.uses} == {"test": 4}
    run(BOTH)
    assert opened(owner, NEW) == before


_SLOWLY = """
from models.crypto import KeyRing
from models.database import Role, connect
from models.key_rotation import rotate
from models.settings import settings
with connect(Role.OWNER, autocommit=True) as connection:
    rotate(connection, KeyRing.from_settings(settings()), batch=1)
"""


def test_a_killed_rotation_is_taken_up_where_it_was(owner: Connection, database_url: str) -> None:
    number = 1500
    person = make_owner(owner)
    rows = [(uuid4(), person.user_id, f"accounts/1/locations/{index}") for index in range(number)]
    owner.cursor().executemany(
        "INSERT INTO connected_accounts (id, user_id, platform, account_id, access_token_encrypted)"
        " VALUES (%s, %s, 'google', %s, %s)",
        [
            (*row, seal_tokens(OLD, row_id=row[0], user_id=row[1], access_token=SecretStr(row[2]), refresh_token=None)
             .access_token_encrypted)
            for row in rows
        ],
    )  # fmt: skip
    environment = os.environ | {
        "POSTAGENT_DATABASE_URL": database_url,
        "POSTAGENT_ENCRYPTION_KEYS": f"{NEW_KEY},{ENCRYPTION_KEYS}",
    }
    process = subprocess.Popen([sys.executable, "-c", _SLOWLY], env=environment)
    try:
        while used(owner).get("new", 0) == 0:
            assert process.poll() is None
    finally:
        process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    half = used(owner)
    assert 0 < half["new"] < number
    assert half["test"] == number - half["new"]
    assert run().resealed == half["test"]
    assert {tokens[0] for tokens in opened(owner, NEW).values()} == {row[2] for row in rows}


def test_random_keys_rotate_into_each_other(owner: Connection) -> None:
    before = make_accounts(owner, 2)
    keys = [ENCRYPTION_KEYS]
    for _ in range(3):
        keys.insert(0, generate_key())
        run(KeyRing.parse(SecretStr(",".join(keys))))
        del keys[1:]
        assert opened(owner, KeyRing.parse(SecretStr(keys[0]))) == before


def test_identifiers_are_quoted_and_statements_hold_no_value(owner: Connection) -> None:
    """A table of another name with two columns, as a later migration may bring it."""
    from models.key_rotation import _Change, _write
    from models.sealed_columns import SealedTable

    owner.execute('CREATE TEMP TABLE "odd ""name" (id uuid, user_id uuid, "a_encrypted" text, "b_encrypted" text)')
    row_id = uuid4()
    owner.execute(sql.SQL('INSERT INTO "odd ""name" VALUES (%s, %s, %s, NULL)'), (row_id, row_id, "x"))
    table = SealedTable(name='odd "name', columns=("a_encrypted", "b_encrypted"), has_lease=False)
    row = {"id": row_id, "user_id": row_id, "a_encrypted": "x", "b_encrypted": None}
    change = _Change(row, {"a_encrypted": "y'; --", "b_encrypted": None}, 1)
    assert _write(owner, table, [change]) == {row_id}
    assert owner.execute('SELECT a_encrypted, b_encrypted FROM "odd ""name"').fetchall() == [("y'; --", None)]
