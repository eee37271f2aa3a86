"""`postagent keys`, and what the other commands say of keys that are still needed."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from models.crypto import KeyRing
from models.settings import settings
from ops.cli import main
from ops.commands.doctor_data import keys as doctor_keys
from ops.commands.status import read
from ops.finding import Level
from ops.stack.house import House
from ops.stack.prepare import prepare
from ops.stack.progress import Progress
from tests.conftest import ENCRYPTION_KEYS
from tests.factories import Connected, make_account, make_owner
from tests.ops.running_stack import until

Connection = psycopg.Connection[Any]
UseKeys = Callable[..., None]

NEW = f"new:{b64encode(bytes(32)).decode()}"
OLD = ENCRYPTION_KEYS
PLAIN = "ya29.a0MARKEDplainTOKENfromBEFORE.zz9"


@pytest.fixture
def use_keys(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Set this process's keys, as an operator would."""
    monkeypatch.chdir(tmp_path)

    def use(*keys: str) -> None:
        monkeypatch.setenv("POSTAGENT_ENCRYPTION_KEYS", ",".join(keys))
        settings.cache_clear()

    yield use
    settings.cache_clear()


@pytest.fixture
def account(owner: Connection) -> Connected:
    """Two sealed values under the test's key."""
    return make_account(owner, make_owner(owner), "google", refresh_token="r")


def in_words(count: int) -> str:
    each = count // 2
    return (
        f"{count} stored values (connected_accounts.access_token_encrypted {each},"
        f" connected_accounts.refresh_token_encrypted {each})"
    )


def test_a_generated_key_can_be_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "generate"]) == 0
    assert len(KeyRing.parse(SecretStr(capsys.readouterr().out)).key_ids) == 1


def test_rotate_says_what_it_did_and_which_key_can_go(
    account: Connected, use_keys: UseKeys, capsys: pytest.CaptureFixture[str]
) -> None:
    use_keys(NEW, OLD)
    assert main(["keys", "rotate"]) == 0
    first, *others = capsys.readouterr().out.splitlines()
    assert first.startswith("2 values sealed again with 'new' in ")
    assert others == [
        f"{in_words(2)} are sealed with the first key 'new'",
        "nothing stored needs the older key 'test' any more: take it out of POSTAGENT_ENCRYPTION_KEYS on every "
        "machine; keep it as long as a backup from before is kept",
    ]
    use_keys(NEW)
    assert main(["keys", "rotate"]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[0].startswith("0 values sealed again")
    assert told.err == ""  # the bar is for a terminal


def test_an_older_key_that_is_still_needed_is_named_by_doctor_status_and_at_the_start(
    account: Connected, use_keys: UseKeys, capsys: pytest.CaptureFixture[str]
) -> None:
    use_keys(NEW, OLD)
    told = f"{in_words(2)} still need the older key 'test': run `postagent keys rotate`; keep the key until then"
    assert [(finding.level, finding.line) for finding in doctor_keys(settings())[1:]] == [(Level.NOTE, told)]
    status = read()
    assert [finding.line for finding in status.keys] == [told]
    assert not [trouble for trouble in status.troubles if "key" in trouble]
    assert _said_at_start(capsys) == [told]


def test_a_key_that_was_taken_out_too_early_is_named_everywhere_and_rotate_ends_with_code_1(
    account: Connected, use_keys: UseKeys, capsys: pytest.CaptureFixture[str]
) -> None:
    use_keys(NEW)
    told = (
        f"{in_words(2)} need the encryption key 'test', which POSTAGENT_ENCRYPTION_KEYS does not hold: "
        "put it back behind the first one; when it is lost, connect these accounts again"
    )
    assert main(["keys", "rotate"]) == 1
    assert capsys.readouterr().out.splitlines()[1:] == [told]
    assert [finding.line for finding in doctor_keys(settings()) if finding.wrong] == [told]
    assert told in read().troubles
    assert _said_at_start(capsys) == [told]


def test_plain_text_from_before_is_named_by_its_row_with_the_mend_and_never_shown(
    owner: Connection, account: Connected, use_keys: UseKeys, capsys: pytest.CaptureFixture[str]
) -> None:
    owner.execute("UPDATE connected_accounts SET access_token_encrypted = %s", (PLAIN,))
    use_keys(NEW, OLD)
    assert main(["keys", "rotate"]) == 1
    told = capsys.readouterr().out
    assert "1 values sealed again with 'new'" in told
    row = f"connected_accounts.access_token_encrypted of row {account.id}"
    assert f"{row} is not an encrypted value of PostAgent; connect the account again" in told
    wrong = [finding.line for finding in doctor_keys(settings()) if finding.wrong]
    assert len(wrong) == 2
    assert row in wrong[1]
    troubles = read().troubles
    said = _said_at_start(capsys)
    assert "1 stored values (connected_accounts.access_token_encrypted 1) are not encrypted values" in said[0]
    for piece in PLAIN.split("."):
        assert piece not in f"{told} {wrong} {troubles} {said}"


def _said_at_start(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What `up` prints of keys: as its preparing process tells it, through the house that reads it."""
    capsys.readouterr()
    prepare(demo=False)
    steps = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (step,) = [step for step in steps if step["step"] == "keys"]
    printed: list[str] = []

    async def read_by_the_house() -> None:
        house = House(settings(), home=Path(), demo=False, progress=Progress(printed.append))
        async with asyncio.TaskGroup() as group:
            house._prepared(step, group)

    asyncio.run(read_by_the_house())
    return [line.split(" s  ", 1)[1] for line in printed]


def test_status_tells_keys_that_cannot_be_used_among_everything_else(
    account: Connected, use_keys: UseKeys, capsys: pytest.CaptureFixture[str]
) -> None:
    use_keys("nonsense")
    assert main(["status", "--json"]) == 1
    troubles = json.loads(capsys.readouterr().out)["troubles"]
    assert [trouble for trouble in troubles if "key 1 has no colon" in trouble]


def test_rotate_needs_a_migrated_database(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], use_keys: UseKeys
) -> None:
    monkeypatch.setenv("POSTAGENT_DATABASE_URL", empty_database_url)
    use_keys(NEW, OLD)
    assert main(["keys", "rotate"]) == 1
    assert "run `postagent migrate` first" in capsys.readouterr().err


def test_a_database_that_is_cut_off_is_told_and_the_next_rotation_goes_on(
    owner: Connection, database_url: str, use_keys: UseKeys, capsys: pytest.CaptureFixture[str]
) -> None:
    person = make_owner(owner)
    held = make_account(owner, person, "google")
    for _ in range(4):
        make_account(owner, person, "google")
    use_keys(NEW, OLD)
    with psycopg.connect(database_url) as holder, ThreadPoolExecutor(1) as aside:
        holder.execute("SELECT 1 FROM connected_accounts WHERE id = %s FOR UPDATE", (held.id,))
        rotating = aside.submit(main, ["keys", "rotate"])
        done = "SELECT count(*) FROM connected_accounts WHERE starts_with(access_token_encrypted, 'v1.new.')"
        until(lambda: owner.execute(done).fetchone() == (4,), seconds=60, what="the rows that nobody holds")
        owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid NOT IN (pg_backend_pid(), %s)",
            (holder.info.backend_pid,),
        )
        assert rotating.result() == 1
    assert capsys.readouterr().err.startswith("The database went away: ")
    assert main(["keys", "rotate"]) == 0
    assert capsys.readouterr().out.startswith("1 values sealed again")
