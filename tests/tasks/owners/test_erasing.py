"""An owner is deleted with everything that is theirs, and with nothing that is somebody else's."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from models.base import utc_now
from models.queries import query
from models.settings import settings
from models.user import email_subject
from tasks.owners import erasing
from tasks.owners.erasing import erase, finish_begun
from tests.dashboards.house import make_login
from tests.factories import Connected, Owner, insert, make_account, make_owner, make_post
from tests.leaks.places import our_tables
from tests.tasks.house import LONG, House
from tests.tasks.owners.conftest import EVES_FILE

Connection = psycopg.Connection[Any]
Eve = tuple[Owner, Connected, UUID]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTAGENT_HOME", str(tmp_path))
    settings.cache_clear()


def left_of(owner: Connection, *marks: object) -> set[str]:
    """Every table of the database in which one of the marks still stands."""
    return {
        name.removeprefix("our ")
        for name, content in our_tables(owner).items()
        if any(str(mark).encode() in content for mark in marks)
    }


def counts(owner: Connection) -> dict[str, int]:
    """How many rows each table has."""
    return {name: len(content.splitlines()) for name, content in our_tables(owner).items()}


def owned(owner: Connection) -> set[str]:
    return {row[0] for row in owner.execute(query("owned_tables").encode()).fetchall()}


async def test_nothing_is_left_in_any_table_and_nobody_else_is_touched(house: House, eve: Eve) -> None:
    db, (person, account, post) = house.connection, eve
    insert(db, "login_attempts", subject=email_subject(person.email), succeeded=False)
    insert(db, "login_attempts", subject=email_subject("bob@example.com"), succeeded=False)
    for user_id in (person.user_id, uuid4()):
        insert(db, "quarantined_rows", table_name="x", reason="y", row_data=f'{{"user_id": "{user_id}"}}')
    marks = (person.user_id, person.email, email_subject(person.email), account.id, post, "Eve's", EVES_FILE)
    assert left_of(db, *marks) >= owned(db) | {"login_attempts", "quarantined_rows"}, "Eve has rows everywhere"
    make_post(db, house.owner, house.connect("facebook"))
    others = {name: content for name, content in our_tables(db).items() if str(house.owner.user_id).encode() in content}

    erased = await erase(settings(), person.user_id)

    assert (erased.existed, erased.is_gone) == (True, True)
    assert left_of(db, *marks) == set()
    assert {name: content for name, content in our_tables(db).items() if name in others} == {
        name: b"\n".join(line for line in content.splitlines() if str(person.user_id).encode() not in line)
        for name, content in others.items()
    }
    assert counts(db)["our login_attempts"] == counts(db)["our quarantined_rows"] == 1
    assert counts(db)["our erased_customers"] == 0


async def test_of_a_customer_only_the_number_of_their_invoices_is_kept(house: House) -> None:
    db = house.connection
    db.execute("UPDATE users SET stripe_customer_id = 'cus_1' WHERE id = %s", (house.owner.user_id,))
    assert (await erase(settings(), house.owner.user_id)).is_gone
    assert left_of(db, "cus_1") == {"erased_customers"}
    assert left_of(db, house.owner.user_id, house.owner.email) == set()


async def test_access_is_given_back_at_each_platform(house: House) -> None:
    house.connect("google")
    house.connect("google", name="Another place")  # by the same login: the last one that goes ends it
    house.connect("facebook", user_life=LONG)
    house.connect("instagram")
    erased = await erase(settings(), house.owner.user_id)
    assert erased.is_gone
    assert house.sandbox.calls("google", "revoke") == 1
    assert erased.still_listed == ["instagram"], "its own login has no way to be told"


async def test_a_platform_that_does_not_answer_keeps_nobody_here(house: House) -> None:
    house.connect("google")
    house.sandbox.fault(service="google", operation="revoke", kind="5xx", times=None)
    erased = await erase(settings(), house.owner.user_id)
    assert (erased.is_gone, erased.still_listed) == (True, ["google"])
    assert left_of(house.connection, house.owner.user_id) == set()


async def test_tokens_that_do_not_open_keep_nobody_here(house: House) -> None:
    account = house.connect("google")
    house.change(account, access_token_encrypted="v1.broken.token")
    erased = await erase(settings(), house.owner.user_id)
    assert (erased.is_gone, erased.still_listed) == (True, ["google"])


async def test_pictures_are_deleted_with_their_owner(house: House) -> None:
    db, folder = house.connection, settings().home / "media"
    folder.mkdir(parents=True)
    keys = {name: f"{name * 43}.jpg" for name in "abc"}
    for name, user_id in (("a", house.owner.user_id), ("b", house.owner.user_id), ("c", make_owner(db).user_id)):
        (folder / keys[name]).write_bytes(b"picture")
        insert(db, "stored_objects", key=keys[name], user_id=user_id, place="local")
    insert(db, "stored_objects", key="gone.jpg", user_id=house.owner.user_id, place="s3:a-bucket-of-before")
    erased = await erase(settings(), house.owner.user_id)
    assert (erased.files, erased.files_left) == (2, 1)
    assert [path.name for path in folder.iterdir()] == [keys["c"]]
    assert left_of(db, keys["a"], keys["b"]) == set()


async def test_housekeeping_goes_on_where_somebody_died(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first half was done: nothing goes out, nobody is logged in; and a day later all is gone."""
    db, person = house.connection, house.owner
    make_post(db, person, house.connect("facebook"), status="approved")
    make_login(db, person)
    other = make_owner(db)
    db.execute("SELECT begin_erasing(%s)", (person.user_id,))
    status = db.execute("SELECT status FROM users WHERE id = %s", (person.user_id,)).fetchone()
    open_sessions = db.execute("SELECT count(*) FROM dashboard_sessions WHERE revoked_at IS NULL").fetchone()
    assert (status, open_sessions) == (("canceled",), (0,))
    assert await finish_begun(settings()) == 0, "whoever began it may still be at it"
    monkeypatch.setattr(erasing, "GIVE_UP_AFTER", 0.0)
    assert await finish_begun(settings()) == 1
    assert left_of(db, person.user_id) == set()
    assert left_of(db, other.user_id) >= {"users"}
    assert await finish_begun(settings()) == 0


async def test_somebody_who_is_gone_already_is_no_error(house: House) -> None:
    first, second = await erase(settings(), house.owner.user_id), await erase(settings(), house.owner.user_id)
    assert (first.existed, first.is_gone, second.existed, second.is_gone) == (True, True, False, False)


async def test_a_large_account_goes_in_one_piece(house: House) -> None:
    account, posts = make_account(house.connection, house.owner), 3_000
    house.connection.execute(
        "INSERT INTO post_queue (user_id, account_id, platform, content, scheduled_for, status, platform_post_id) "
        "SELECT %s, %s, 'facebook', 'Post ' || n, %s, 'published', n::text FROM generate_series(1, %s) n",
        (house.owner.user_id, account.id, utc_now(), posts),
    )
    house.connection.execute(
        "INSERT INTO analytics (post_id, user_id, platform, reach) SELECT id, user_id, platform, 5 FROM post_queue"
    )
    assert (await erase(settings(), house.owner.user_id)).is_gone
    assert left_of(house.connection, house.owner.user_id) == set()
