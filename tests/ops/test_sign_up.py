"""Under `postagent up`, without a setting: sign up, read the mail in the sandbox, confirm, and a week is written."""

from __future__ import annotations

import re
from typing import Any

import httpx
import psycopg
import pytest

from tests.ops.running_stack import Stack, until

pytestmark = [pytest.mark.xdist_group("stack"), pytest.mark.timeout(900)]

EMAIL = "dana@danasheating.example"
PASSWORD = "three quiet green kettles"


def sql(stack: Stack, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(stack.database) as connection:
        return connection.execute(statement.encode()).fetchall()


def test_from_signing_up_to_a_first_week(stack: Stack) -> None:
    form = {
        "email": EMAIL, "password": PASSWORD, "business_name": "Dana's Heating", "business_type": "HVAC",
        "city": "El Paso", "state": "TX",
    }  # fmt: skip
    with httpx.Client(base_url=stack.dashboard, headers={"origin": stack.dashboard}, timeout=120) as dana:
        answer = dana.post("/signup", data=form)
        assert answer.status_code == 200
        assert f'href="{stack.sandbox}/mails"' in answer.text

        def mail() -> Any:
            found = httpx.get(f"{stack.sandbox}/_sandbox/mails", params={"to": EMAIL}, timeout=120).json()
            return found[0] if found else None

        text = until(mail, seconds=60, what="the mail in the sandbox")["text"]
        link = re.search(rf"{stack.dashboard}/verify\?token=([\w-]{{43}})", text)
        assert link is not None

        wish = {"platform": "facebook", "name": "Dana's Heating", "city": "El Paso"}
        account = httpx.post(f"{stack.sandbox}/_sandbox/accounts", json=wish).raise_for_status().json()
        connected = stack.postagent(
            "accounts", "add", "--user", EMAIL, "--platform", "facebook", "--account-id", account["account_id"],
            "--name", "Dana's Heating", typed=account["access_token"] + "\n",
        )  # fmt: skip
        assert connected.returncode == 0, connected.stderr
        of_dana = f"SELECT p.status FROM post_queue p JOIN users u ON u.id = p.user_id WHERE u.email = '{EMAIL}'"
        assert sql(stack, of_dana) == []

        assert dana.get(link[0]).status_code == 200
        confirmed = dana.post("/verify", data={"token": link[1], "password": PASSWORD})
        assert (confirmed.status_code, confirmed.headers["location"]) == (303, "/")
        assert dana.get("/accounts").status_code == 200, "logged in"
    written = until(lambda: sql(stack, of_dana), seconds=180, what="the first week")
    assert set(written) == {("pending",)}
    token = link[1].encode()
    logs = {path.name: path.read_bytes() for path in (stack.home / "logs").glob("*.log")}
    assert logs
    assert [name for name, log in logs.items() if token in log or PASSWORD.encode() in log] == []
