"""Migrating: twice, at once, after a crash, a changed file, onto a hand-made database, on the oldest PostgreSQL."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from models import migrations
from models.database import DatabaseError, check
from models.migrations import MigrationError, migrate, pending, read_migrations

ALL = [f"{m.version}_{m.name}" for m in read_migrations()]


def _sql(url: str, text: str, *params: Any) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(text.encode(), params or None)
        return cursor.fetchall() if cursor.description else []


def _migrating(url: str, folder: Path | None = None) -> subprocess.Popen[str]:
    """A process of its own that migrates and prints what it applied."""
    program = (
        "import sys; from pathlib import Path; from models.migrations import migrate; "
        "print(*migrate(sys.argv[1], Path(sys.argv[2]) if sys.argv[2:] else None).applied)"
    )
    command = [sys.executable, "-c", program, url, *([str(folder)] if folder else [])]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the migrations that a test may damage."""
    copy = tmp_path / "migrations"
    shutil.copytree(Path(migrations.__file__).parents[1] / "sql" / "migrations", copy)
    return copy


def test_an_empty_database_gets_everything_once(empty_database_url: str) -> None:
    assert pending(empty_database_url) == ALL
    assert migrate(empty_database_url).applied == ALL
    again = migrate(empty_database_url)
    assert (again.applied, again.adopted, again.already) == ([], [], len(ALL))
    assert pending(empty_database_url) == []


def test_two_processes_at_once_apply_everything_once(empty_database_url: str) -> None:
    processes = [_migrating(empty_database_url) for _ in range(2)]
    reports = [process.communicate(timeout=60)[0].split() for process in processes]
    assert sorted(reports) == [[], ALL]
    rows = _sql(empty_database_url, "SELECT version FROM schema_migrations ORDER BY version")
    assert [r[0] for r in rows] == [name[:3] for name in ALL]


def test_a_failing_file_leaves_nothing_of_itself(empty_database_url: str, folder: Path) -> None:
    broken = folder / f"{len(ALL) + 1:03d}_broken.sql"
    broken.write_text("CREATE TABLE half (id integer);\nSELECT * FROM nowhere;\n")
    with pytest.raises(
        MigrationError, match=r"_broken\.sql failed and was undone: relation \"nowhere\" does not exist"
    ):
        migrate(empty_database_url, folder)
    assert _sql(empty_database_url, "SELECT to_regclass('half')") == [(None,)]
    broken.write_text("CREATE TABLE half (id integer);\n")
    assert migrate(empty_database_url, folder).applied == [broken.stem]


def test_a_process_killed_in_the_middle_leaves_a_database_that_goes_on(empty_database_url: str, folder: Path) -> None:
    slow = folder / f"{len(ALL) + 1:03d}_slow.sql"
    slow.write_text("CREATE TABLE slow (id integer);\nSELECT pg_sleep(600);\n")
    process = _migrating(empty_database_url, folder)
    deadline = time.monotonic() + 60
    sleeping = (
        "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND state = 'active' "
        "AND pid <> pg_backend_pid() AND datname = current_database()"
    )
    while not (found := _sql(empty_database_url, sleeping)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    process.communicate(timeout=30)
    _sql(empty_database_url, "SELECT pg_terminate_backend(%s)", found[0][0])
    slow.write_text("CREATE TABLE slow (id integer);\n")
    report = migrate(empty_database_url, folder)
    assert (report.applied, report.already) == ([slow.stem], len(ALL))


def test_a_changed_applied_file_stops_everything(empty_database_url: str, folder: Path) -> None:
    migrate(empty_database_url, folder)
    changed = folder / "006_updated_at.sql"
    changed.write_text(changed.read_text() + "-- a thought\n")
    (folder / f"{len(ALL) + 1:03d}_next.sql").write_text("CREATE TABLE next (id integer);")
    with pytest.raises(MigrationError, match=r"006_updated_at\.sql was changed after it was applied: restore the file"):
        migrate(empty_database_url, folder)
    assert _sql(empty_database_url, "SELECT to_regclass('next')") == [(None,)]


def test_other_line_ends_are_no_change(empty_database_url: str, folder: Path) -> None:
    migrate(empty_database_url, folder)
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert migrate(empty_database_url, folder).already == len(ALL)


def test_a_newer_database_is_not_touched(empty_database_url: str, folder: Path) -> None:
    extra = folder / f"{len(ALL) + 1:03d}_future.sql"
    extra.write_text("CREATE TABLE future (id integer);")
    migrate(empty_database_url, folder)
    with pytest.raises(MigrationError, match="The database is newer than this program"):
        migrate(empty_database_url)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("099_far.sql", "the next number must be"),
        ("Notes.md", "is no migration"),
        ("001_twice.sql", "the next number must be"),
    ],
)
def test_an_ill_named_file_is_told(folder: Path, name: str, message: str) -> None:
    (folder / name).write_text("SELECT 1;")
    with pytest.raises(MigrationError, match=message):
        read_migrations(folder)


class TestAdoption:
    """A database that somebody made from schema.md by hand."""

    def _by_hand(self, url: str, *, skip: str = "") -> None:
        for migration in read_migrations()[:3]:
            if migration.version != skip:
                _sql(url, migration.text)

    def test_it_is_adopted_with_its_rows(self, empty_database_url: str) -> None:
        self._by_hand(empty_database_url)
        _sql(empty_database_url, "INSERT INTO users (email, password_hash) VALUES ('bob@example.com', 'x')")
        _sql(
            empty_database_url,
            "INSERT INTO connected_accounts (user_id, platform, account_id, access_token_encrypted) "
            "SELECT id, 'facebook', '123', 'x' FROM users",
        )
        _sql(
            empty_database_url,
            "INSERT INTO post_queue (user_id, account_id, platform, content, scheduled_for, status) "
            "SELECT user_id, id, 'facebook', 'Hello', '2026-03-01 15:00', 'approved' FROM connected_accounts",
        )
        report = migrate(empty_database_url)
        assert report.adopted == ALL[:3]
        assert report.applied == ALL[3:]
        rows = _sql(
            empty_database_url,
            "SELECT scheduled_for = '2026-03-01 15:00+00', approved_hash = content_hash FROM post_queue",
        )
        assert rows == [(True, True)]
        assert _sql(empty_database_url, "SELECT email FROM users") == [("bob@example.com",)]

    def test_only_some_of_its_files_are_enough(self, empty_database_url: str) -> None:
        self._by_hand(empty_database_url, skip="002")
        report = migrate(empty_database_url)
        assert report.adopted == [ALL[0], ALL[2]]
        assert ALL[1] in report.applied

    @pytest.mark.parametrize(
        ("difference", "message"),
        [
            ("ALTER TABLE users DROP COLUMN trial_ends_at", "users.trial_ends_at should be"),
            (
                "ALTER TABLE businesses ALTER COLUMN name TYPE varchar(20)",
                r"businesses.name should be 'text NOT NULL' but is 'character varying\(20\)",
            ),
            ("DROP INDEX idx_media_user", "idx_media_user should be"),
            ("ALTER TABLE post_queue DROP CONSTRAINT post_queue_platform_check", "post_queue constraint should be"),
            ("DROP TABLE user_preferences, stock_photo_cache", "lacks stock_photo_cache"),
        ],
    )
    def test_another_shape_is_refused_and_named(self, empty_database_url: str, difference: str, message: str) -> None:
        self._by_hand(empty_database_url)
        _sql(empty_database_url, difference)
        with pytest.raises(MigrationError, match=message):
            migrate(empty_database_url)
        assert _sql(
            empty_database_url, "SELECT to_regclass('schema_migrations'), to_regnamespace('postagent_scratch')"
        ) == [(None, None)]

    def test_rows_that_cannot_stay_are_set_aside_whole(self, empty_database_url: str) -> None:
        self._by_hand(empty_database_url)
        _sql(
            empty_database_url,
            "INSERT INTO users (email, password_hash) VALUES ('a@example.com', 'x'), ('b@example.com', 'x')",
        )
        _sql(
            empty_database_url,
            "INSERT INTO connected_accounts (user_id, platform, account_id, access_token_encrypted) "
            "SELECT id, 'facebook', '123', 'x' FROM users WHERE email = 'a@example.com'",
        )
        _sql(
            empty_database_url,
            "INSERT INTO post_queue (user_id, account_id, platform, content, scheduled_for) "
            "SELECT u.id, a.id, 'facebook', 'of ' || u.email, now() FROM users u CROSS JOIN connected_accounts a",
        )
        _sql(
            empty_database_url,
            "INSERT INTO post_queue (platform, content, scheduled_for) VALUES ('google', 'of nobody', now())",
        )
        _sql(
            empty_database_url,
            "INSERT INTO analytics (post_id, platform, reach) SELECT id, platform, 7 FROM post_queue",
        )
        _sql(empty_database_url, "INSERT INTO user_preferences (posting_frequency) VALUES (99)")
        migrate(empty_database_url)
        assert _sql(empty_database_url, "SELECT content FROM post_queue") == [("of a@example.com",)]
        aside = _sql(
            empty_database_url,
            "SELECT table_name, "
            "coalesce(row_data ->> 'content', row_data ->> 'reach', row_data ->> 'posting_frequency') "
            "FROM quarantined_rows ORDER BY 1, 2",
        )
        assert aside == [
            ("analytics", "7"),
            ("analytics", "7"),
            ("post_queue", "of b@example.com"),
            ("post_queue", "of nobody"),
            ("user_preferences", "99"),
        ]

    def test_the_policy_that_schema_md_shows_may_stand_already(self, empty_database_url: str) -> None:
        self._by_hand(empty_database_url)
        _sql(empty_database_url, "CREATE SCHEMA auth")
        _sql(empty_database_url, "CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'")
        _sql(empty_database_url, "ALTER TABLE businesses ENABLE ROW LEVEL SECURITY")
        _sql(empty_database_url, "CREATE POLICY users_own_business ON businesses FOR ALL USING (user_id = auth.uid())")
        assert migrate(empty_database_url).adopted == ALL[:3]


def test_who_writes_the_old_way_goes_on(database_url: str) -> None:
    """Inserts that only know schema.md keep working."""
    _sql(database_url, "INSERT INTO users (email, password_hash) VALUES ('bob@example.com', 'x')")
    _sql(
        database_url,
        "INSERT INTO connected_accounts (user_id, platform, account_id, access_token_encrypted) "
        "SELECT id, 'google', 'accounts/1/locations/2', 'x' FROM users",
    )
    _sql(
        database_url,
        "INSERT INTO post_queue (user_id, account_id, platform, content, scheduled_for) "
        "SELECT user_id, id, 'google', 'Hello', now() FROM connected_accounts",
    )
    _sql(database_url, "INSERT INTO analytics (post_id, platform, reach) SELECT id, platform, 5 FROM post_queue")
    assert _sql(
        database_url, "SELECT a.user_id = p.user_id FROM analytics a JOIN post_queue p ON p.id = a.post_id"
    ) == [(True,)]
    changed = _sql(database_url, "UPDATE users SET plan_tier = 'pro' RETURNING updated_at > created_at")
    assert changed == [(True,)]


def test_every_time_is_a_point_in_time(database_url: str) -> None:
    naive = _sql(
        database_url,
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'public' AND data_type = 'timestamp without time zone'",
    )
    assert naive == []


def test_an_unreachable_database_is_told_in_one_line_without_its_password() -> None:
    with pytest.raises(DatabaseError) as caught:
        check("postgresql://anna:sesame@127.0.0.1:1/postagent")
    assert "anna@127.0.0.1:1/postagent" in str(caught.value)
    assert "sesame" not in str(caught.value)
    assert "\n" not in str(caught.value)


def _old_binaries() -> Path | None:
    found = shutil.which("pg_ctl")
    candidates = [Path("/usr/lib/postgresql/15/bin"), *([Path(found).resolve().parent] if found else [])]
    for candidate in candidates:
        if (candidate / "initdb").exists():
            version = subprocess.run([candidate / "postgres", "--version"], capture_output=True, text=True).stdout
            if re.search(r"\b15\.", version):
                return candidate
    return None


@pytest.fixture(scope="module")
def oldest_postgres() -> Iterator[str]:
    """PostgreSQL 15, where it is installed."""
    binaries = _old_binaries()
    assert binaries is not None
    with tempfile.TemporaryDirectory(prefix="pg15-") as place:
        as_user: dict[str, Any] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(place, "nobody")
            as_user = {"user": "nobody"}
        data = f"{place}/data"
        quiet: dict[str, Any] = {"check": True, "capture_output": True, "cwd": place, **as_user}
        subprocess.run([binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8"], **quiet)
        options = f"-c listen_addresses='' -k {place} -F"
        subprocess.run([binaries / "pg_ctl", "-w", "-D", data, "-o", options, "-l", f"{place}/log", "start"], **quiet)
        try:
            yield f"postgresql://postgres@/postgres?host={place}"
        finally:
            subprocess.run([binaries / "pg_ctl", "-w", "-D", data, "-m", "immediate", "stop"], **quiet)


if _old_binaries() is not None:

    def test_the_oldest_promised_postgres_takes_all_migrations(oldest_postgres: str) -> None:
        assert check(oldest_postgres) == 15
        assert migrate(oldest_postgres).applied == ALL
        assert migrate(oldest_postgres).already == len(ALL)
