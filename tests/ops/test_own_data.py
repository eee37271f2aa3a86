"""Giving an owner their data, and deleting them, from the command line."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from models.settings import settings
from ops.cli import main
from tests.factories import make_account, make_owner, make_post

Connection = psycopg.Connection[Any]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POSTAGENT_HOME", str(tmp_path))
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_an_owners_data_is_written_for_nobody_else_to_read(
    owner: Connection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dana = make_owner(owner, email="dana@example.com")
    make_post(owner, dana, make_account(owner, dana), content="Dana's words")
    assert main(["users", "export", "--email", "DANA@example.com", "--to", "dana.zip"]) == 0
    assert capsys.readouterr().out.startswith("Wrote dana.zip (")
    assert stat.S_IMODE((tmp_path / "dana.zip").stat().st_mode) == 0o600
    with zipfile.ZipFile(tmp_path / "dana.zip") as archive:
        assert json.loads(archive.read("json/post_queue.json"))[0]["content"] == "Dana's words"


@pytest.mark.parametrize(
    ("to", "words"), [("there.zip", "there.zip is there already"), ("no/such/folder.zip", "cannot be written")]
)
def test_nothing_is_written_over_and_a_wrong_place_is_said(
    owner: Connection, tmp_path: Path, capsys: pytest.CaptureFixture[str], to: str, words: str
) -> None:
    make_owner(owner, email="dana@example.com")
    (tmp_path / "there.zip").write_text("precious")
    assert main(["users", "export", "--email", "dana@example.com", "--to", to]) == 1
    assert words in capsys.readouterr().err
    assert (tmp_path / "there.zip").read_text() == "precious"


def test_without_yes_it_is_only_told_what_would_go(owner: Connection, capsys: pytest.CaptureFixture[str]) -> None:
    dana, other = make_owner(owner, email="dana@example.com"), make_owner(owner)
    account = make_account(owner, dana)
    for _ in range(3):
        make_post(owner, dana, account)
    make_post(owner, other, make_account(owner, other))
    before = owner.execute("SELECT * FROM users ORDER BY id").fetchall()
    assert main(["users", "erase", "--email", "dana@example.com"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Nothing was done.")
    assert "       3  post_queue\n" in told
    assert "       1  users\n" in told
    assert "postagent users erase --email dana@example.com --yes" in told
    assert owner.execute("SELECT * FROM users ORDER BY id").fetchall() == before


def test_with_yes_the_owner_is_gone_and_the_others_are_not(
    owner: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    dana, other = make_owner(owner, email="dana@example.com"), make_owner(owner)
    make_post(owner, dana, make_account(owner, dana, login_provider="instagram", platform="instagram"))
    assert main(["users", "erase", "--email", "dana@example.com", "--yes"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Erased dana@example.com; 0 files deleted")
    assert "may still be listed at instagram" in told
    assert owner.execute("SELECT id FROM users").fetchall() == [(other.user_id,)]


@pytest.mark.parametrize("command", [["export", "--to", "x.zip"], ["erase"], ["erase", "--yes"]])
def test_somebody_unknown_is_named(owner: Connection, capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    assert main(["users", command[0], "--email", "nobody@example.com", *command[1:]]) == 1
    assert capsys.readouterr().err == "There is no user nobody@example.com\n"
