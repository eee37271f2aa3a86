"""Every wrong input ends in one line that names the value and the mend, exit code not 0, nothing written."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from models.settings import settings
from ops.cli import main
from ops.commands.run import parse
from ops.errors import OpsError
from tests.factories import make_account, make_owner

OWNER = [
    "users", "add", "--email", "new@example.com", "--business-name", "Hill Plumbing", "--type", "plumber",
    "--city", "Austin", "--state", "TX", "--zone", "America/Chicago", "--password-stdin",
]  # fmt: skip
ACCOUNT = [
    "accounts", "add", "--user", "owner@example.com", "--platform", "facebook", "--account-id", "104958162837",
    "--name", "Hill Plumbing",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder of its own: no .env of the developer's, no HOME that exists."""
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    yield
    settings.cache_clear()


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str], *, code: int = 1) -> str:
    """The one line on standard error."""
    assert main(arguments) == code
    told = capsys.readouterr()
    lines = told.err.splitlines()
    assert len(lines) == 1, told.err
    assert told.out == ""
    return lines[0]


def replaced(arguments: list[str], option: str, value: str) -> list[str]:
    changed = list(arguments)
    changed[changed.index(option) + 1] = value
    return changed


def counts(owner: psycopg.Connection[Any]) -> tuple[int, ...]:
    row = owner.execute(
        "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM businesses), "
        "(SELECT count(*) FROM user_preferences), (SELECT count(*) FROM connected_accounts)"
    ).fetchone()
    assert row is not None
    return tuple(row)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--email", "nobody", "'nobody' is not an e-mail address: write name@example.com"),
        ("--email", "a b@example.com", "is not an e-mail address"),
        ("--zone", "America/Chicgo", "Unknown time zone 'America/Chicgo': did you mean America/Chicago?"),
        ("--zone", "../../etc/passwd", "Unknown time zone '../../etc/passwd'"),
        ("--state", "Texas", "--state 'Texas' is not a state: write its two letters, such as TX"),
        ("--business-name", "  ", "--business-name is empty"),
    ],
)
def test_an_owner_with_a_wrong_value_is_not_added(
    option: str, value: str, words: str, owner: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in refused(replaced(OWNER, option, value), capsys)
    assert counts(owner) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--plan", "gold"], "There is no plan 'gold': choose one of starter, pro, premium"),
        (["--website", "example"], "--website 'example' is not a web address"),
        (["--frequency", "9"], "--frequency 9 does not fit: the plan starter allows 0 to 3 posts a week"),
        (["--frequency", "9", "--trial"], "the trial allows 0 to 7"),
    ],
)
def test_an_owner_beyond_the_plan_is_not_added(
    more: list[str], words: str, owner: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in refused([*OWNER, *more], capsys)
    assert counts(owner) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("typed", "words"),
    [("", "No password"), ("short\n", "too short: use at least 10"), ("password1234\n", "too easy to guess")],
)
def test_a_poor_password_adds_nobody(
    typed: str,
    words: str,
    owner: psycopg.Connection[Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert words in refused(OWNER, capsys)
    assert counts(owner) == (0, 0, 0, 0)


def test_an_email_is_taken_in_any_case(
    owner: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_owner(owner, email="New@Example.com")
    monkeypatch.setattr("sys.stdin", io.StringIO("a good long password\n"))
    assert "There is a user new@example.com already" in refused(OWNER, capsys)
    assert counts(owner) == (1, 1, 1, 0)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--platform", "myspace", "There is no platform 'myspace'; the platforms are google, facebook, instagram"),
        ("--account-id", "hillplumbing", "'hillplumbing' is not a facebook account id"),
        ("--user", "nobody@example.com", "There is no user nobody@example.com: add one with `postagent users add`"),
    ],
)
def test_an_account_with_a_wrong_value_is_not_added(
    option: str, value: str, words: str, owner: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    make_owner(owner, email="owner@example.com")
    assert words in refused(replaced(ACCOUNT, option, value), capsys)
    assert counts(owner)[3] == 0


def test_a_google_id_without_its_account_part_is_refused(
    owner: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = replaced(replaced(ACCOUNT, "--platform", "google"), "--account-id", "locations/2")
    assert "write accounts/<digits>/locations/<digits>" in refused(arguments, capsys)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--login", "facebook"], "--login is for Instagram only, not for facebook"),
        (["--expires-in", "0"], "--expires-in 0 is over already"),
    ],
)
def test_options_that_do_not_fit_the_platform_are_refused(
    more: list[str], words: str, owner: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    make_owner(owner, email="owner@example.com")
    assert words in refused([*ACCOUNT, *more], capsys)


def test_a_plan_that_is_full_takes_no_more_accounts(
    owner: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_owner(owner, email="owner@example.com", plan="starter")
    make_account(owner, made, "facebook")
    assert "has 1 of 1 facebook accounts that the plan starter holds" in refused(ACCOUNT, capsys)


@pytest.mark.parametrize(
    ("typed", "words"),
    [("", "No access token"), ("two words\n", "has blanks inside"), ("EAAtoken\n\n", "No refresh token")],
)
def test_tokens_that_are_none_are_refused(
    typed: str,
    words: str,
    owner: psycopg.Connection[Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_owner(owner, email="owner@example.com")
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert words in refused([*ACCOUNT, "--refresh-token-stdin"], capsys)
    assert counts(owner)[3] == 0


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("mysql://root@localhost/x", "starts with 'mysql'; write postgresql://user:password@host:5432/database"),
        ("postgresql://me:secret-word@127.0.0.1:1/x", "Cannot reach the database me@127.0.0.1:1/x"),
        ("postgresql://me@no.such.host.invalid/x", "Cannot reach the database me@no.such.host.invalid/x"),
        ("postgresql://me:p[ss@host:port/x", "POSTAGENT_DATABASE_URL"),
    ],
)
@pytest.mark.parametrize("command", [["migrate"], ["status"], ["run", "publish-due-posts"], ["up"]])
def test_a_database_that_cannot_be_used_is_named_without_its_password(
    command: list[str], value: str, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTAGENT_DATABASE_URL", value)
    line = refused(command, capsys)
    assert words in line
    assert "secret-word" not in line


def test_a_database_that_is_too_old_is_named_with_the_version_it_needs(
    empty_database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTAGENT_DATABASE_URL", empty_database_url)
    monkeypatch.setattr(psycopg.ConnectionInfo, "server_version", property(lambda self: 140_011))
    line = refused(["migrate"], capsys)
    assert "PostgreSQL 14 at" in line
    assert "too old: PostAgentPro needs 15 or newer" in line
    monkeypatch.undo()
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_an_unmigrated_database_is_not_run_on(
    empty_database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTAGENT_DATABASE_URL", empty_database_url)
    assert "run `postagent migrate` first" in refused(["run", "publish-due-posts"], capsys)
    assert "run `postagent migrate` first" in refused(["status"], capsys)


def test_no_database_at_all_is_said_with_the_way_to_start_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert "start it with `postagent up`, or set POSTAGENT_DATABASE_URL" in refused(["status"], capsys)


def test_an_unknown_flow_is_named_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert "There is no flow 'publish'; the flows are publish-due-posts" in refused(["run", "publish"], capsys)


def takes_two(window_seconds: float | None = None, user_id: str | None = None) -> None:
    """A flow's function."""


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["window"], "--param 'window' has no value: write key=value"),
        (["windw=1"], "There is no parameter 'windw': it takes window_seconds, user_id"),
    ],
)
def test_a_parameter_that_a_flow_does_not_take_is_named(given: list[str], words: str) -> None:
    with pytest.raises(OpsError, match=re.escape(words)):
        parse(given, takes_two)


def test_parameters_are_json_where_they_are_and_text_elsewhere() -> None:
    assert parse(["window_seconds=0", "user_id=0f3a"], takes_two) == {"window_seconds": 0, "user_id": "0f3a"}


@pytest.mark.usefixtures("database_url")
@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("a:AAAA", "key 1 (a) has 3 bytes, 32 are needed"),
        ("onlybase64", "key 1 has no colon"),
        ("a:%%%", "key 1 (a) is not base64"),
    ],
)
def test_a_malformed_key_is_named_by_its_place_and_never_shown(
    keys: str, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTAGENT_ENCRYPTION_KEYS", keys)
    settings.cache_clear()
    for command in (ACCOUNT, ["up"]):
        line = refused(command, capsys)
        assert words in line
        assert keys not in line


def test_an_unknown_name_in_the_settings_file_is_named_with_the_likely_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("POSTAGENT_DATABSE_URL=postgresql://x/y\n")
    line = refused(["migrate"], capsys)
    assert "Unknown setting POSTAGENT_DATABSE_URL in .env: did you mean POSTAGENT_DATABASE_URL?" in line
    assert list(tmp_path.iterdir()) == [tmp_path / ".env"]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("POSTAGENT_PREFECT_PORT", "many", "POSTAGENT_PREFECT_PORT=many"),
        ("POSTAGENT_PUBLIC_URL", "localhost", "'localhost' is not a web address"),
        ("POSTAGENT_FACEBOOK_PUBLISH_MODE", "later", "POSTAGENT_FACEBOOK_PUBLISH_MODE=later"),
    ],
)
def test_a_setting_with_a_wrong_value_is_named(
    name: str,
    value: str,
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv(name, value)
    assert words in refused(["up"], capsys)
    assert list(tmp_path.iterdir()) == []


def test_demo_data_are_refused_where_real_credentials_are_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("POSTAGENT_META_APP_ID", "1834500000000001")
    assert "Demo data needs the sandbox, but credentials of real services are set" in refused(["up", "--demo"], capsys)
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_cannot_be_made_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("POSTAGENT_HOME", str(tmp_path / "file" / "home"))
    assert "set POSTAGENT_HOME to another one" in refused(["up"], capsys)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["upp"], "No such command 'upp'"),
        (["users", "add"], "Missing option"),
        (["status", "--jsn"], "No such option"),
    ],
)
def test_a_command_that_is_not_written_correctly_ends_with_code_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in refused(arguments, capsys, code=2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "publish-due-posts"], "Cannot reach the database"),
        (["migrate"], "Cannot reach the database"),
        (["up", "--port", "1"], "No such option: --port"),
    ],
)
def test_the_program_itself_tells_one_line_and_no_traceback(arguments: list[str], words: str, tmp_path: Path) -> None:
    env = os.environ | {"POSTAGENT_DATABASE_URL": "postgresql://me@127.0.0.1:1/x"}
    ended = subprocess.run(
        [sys.executable, "-m", "ops.cli", *arguments], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode in (1, 2)
    assert words in ended.stderr
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert list(tmp_path.iterdir()) == []
