"""What the processes of a real `postagent up` wrote down holds no secret: every file of HOME, raw; tables as text."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.rows import dict_row

from models import embedded_postgres
from models.account_tokens import ACCESS_COLUMN, TABLE, open_access_token, open_refresh_token
from models.crypto import KEY_FILE, KeyRing
from tests.leaks.marks import Marks
from tests.leaks.places import files, our_tables, sqlite_tables
from tests.ops.running_stack import Stack
from tests.ops.test_end_to_end import PASSWORD, run_to_its_end

pytestmark = [pytest.mark.xdist_group("stack"), pytest.mark.timeout(1500)]

OUTSIDE = "sandbox.sqlite"  # the outside world's own memory, and what lies beside it


def test_no_file_of_a_running_house_holds_a_token_a_key_or_a_password(stack: Stack) -> None:
    ended = run_to_its_end(stack, "refresh-tokens/refresh-tokens")
    assert ended["state_type"] == "COMPLETED", ended["state"]["message"]
    key_file = stack.home / KEY_FILE
    ring = KeyRing.from_file(key_file)
    marks = Marks()
    marks.by_name |= {"encryption_keys": key_file.read_text().strip().split(":")[1], "password": PASSWORD}
    with psycopg.connect(stack.database, row_factory=dict_row) as owner:
        for row in owner.execute(f"SELECT * FROM {TABLE}".encode()).fetchall():
            place = {"row_id": row["id"], "user_id": row["user_id"]}
            marks.by_name[f"access token of {row['id']}"] = open_access_token(
                ring, row[ACCESS_COLUMN], **place
            ).get_secret_value()
            refresh = open_refresh_token(ring, row["refresh_token_encrypted"], **place)
            if refresh is not None:
                marks.by_name[f"refresh token of {row['id']}"] = refresh.get_secret_value()
    with psycopg.connect(stack.database) as owner:
        places = our_tables(owner)
    written = files(stack.home)
    tables = str(embedded_postgres.folder(stack.home) / "base")  # searched as such
    apart = (OUTSIDE, KEY_FILE, tables)
    places |= {path: text for path, text in written.items() if not any(name in path for name in apart)}
    places |= sqlite_tables(stack.home / "prefect" / "prefect.db")
    places["what `up` printed"] = "\n".join(stack.lines).encode()

    for name in ("worker.log", "dashboard.log", "prefect-server.log", "stack.json", "prefect.db"):
        assert any(path.endswith(name) for path in places), name
    assert sum("token of" in name for name in marks.by_name) > 10
    assert b"refresh tokens 20" in places["Prefect's flow_run"]
    assert marks.found_in(places) == []
    # It would be found: the sandbox remembers what it gave out.
    remembered = {path: text for path, text in written.items() if OUTSIDE in path}
    assert marks.found_in(remembered)
