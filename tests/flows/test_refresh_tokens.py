"""The deployment: what a run is called, what it tells, when it is Failed, and that no token is ever in it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    LogFilter,
    LogFilterFlowRunId,
    TaskRunFilter,
)
from prefect.logging import disable_run_logger

from flows.refresh_tokens import refresh_tokens
from models.account_tokens import open_access_token, open_refresh_token
from models.crypto import key_ring
from models.database import Role, session
from models.mails import MailKind, want_mail
from models.settings import settings
from tasks.mails.batch import send_waiting_mails
from tasks.tokens.batch import refresh_due_tokens
from tasks.tokens.preflight import check_accounts_ahead
from tests.factories import make_post
from tests.tasks.house import House, house

__all__ = ["house"]


def _secrets(house: House) -> list[str]:
    """Every token that the database holds, open and sealed."""
    found: list[str] = []
    for row in house.rows("SELECT * FROM connected_accounts"):
        place = {"row_id": row["id"], "user_id": row["user_id"]}
        opened = [
            open_access_token(key_ring(), row["access_token_encrypted"], **place),
            open_refresh_token(key_ring(), row["refresh_token_encrypted"], **place),
        ]
        found += [row["access_token_encrypted"], *(one.get_secret_value() for one in opened if one is not None)]
    return found


@pytest.mark.usefixtures("prefect_harness")
async def test_a_run_says_what_and_when_and_holds_no_token(house: House) -> None:
    house.connect("google", name="Good", life=60.0)
    lost = house.connect("instagram", name="Lost", age=8 * 86_400.0)
    house.sandbox.control("POST", "tokens", {"account_id": lost.account_id, "state": "revoked"})
    secrets = _secrets(house)
    state = await refresh_tokens(return_state=True)
    secrets += _secrets(house)
    done = (
        "tokens: 1 refreshed, 1 waiting for their owner to connect again; ahead of posts: no account had to be checked"
    )
    assert (state.name, state.message) == ("Completed", done)
    run_id = state.state_details.flow_run_id
    assert run_id is not None
    async with get_client() as client:
        run = await client.read_flow_run(run_id)
        of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run.id]))
        artifacts = await client.read_artifacts(artifact_filter=of_run)
        logs = await client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id])))
        task_runs = await client.read_task_runs(task_run_filter=TaskRunFilter())
    assert run.name.startswith("refresh tokens 20")
    assert run.name.endswith("Z")
    tables = {artifact.key: artifact for artifact in artifacts if artifact.type == "table"}
    assert set(tables) == {"refreshed-tokens", "checked-accounts"}
    table = tables["refreshed-tokens"]
    assert '"account": "Good"' in str(table.data)
    everything = " ".join(map(str, [run, state, *tables.values(), *logs, *task_runs]))
    everything += str(house.rows("SELECT * FROM job_runs"))
    assert not [secret for secret in secrets if secret in everything]
    assert house.rows("SELECT job, succeeded, summary FROM job_runs") == [
        {"job": "refresh-tokens", "succeeded": True, "summary": state.message}
    ]


class TestInProcess:
    """The flow's own lines, without a server."""

    @pytest.fixture(autouse=True)
    def _no_server(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        monkeypatch.setattr("flows.refresh_tokens.refresh_due_tokens", refresh_due_tokens.fn)
        monkeypatch.setattr("flows.refresh_tokens.check_accounts_ahead", check_accounts_ahead.fn)
        monkeypatch.setattr("flows.refresh_tokens.send_waiting_mails", send_waiting_mails.fn)
        with disable_run_logger():
            yield

    async def test_nothing_to_do_is_a_success_that_says_so(self, house: House) -> None:
        state = await refresh_tokens.fn()
        idle = "tokens: no token was near its end; ahead of posts: no account had to be checked"
        assert (state.name, state.message) == ("Completed", idle)

    async def test_a_mail_whose_sender_died_leaves_with_the_next_run(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("POSTAGENT_SMTP_URL", house.sandbox.smtp_url)
        monkeypatch.setenv("POSTAGENT_EMAIL_FROM", "hello@example.com")
        settings.cache_clear()
        with session(Role.ACCESS) as db:
            want_mail(db, MailKind.VERIFY_EMAIL, house.owner.user_id, house.owner.email, house.now)
        state = await refresh_tokens.fn()
        assert str(state.message).endswith("; mails: 1 sent")
        (mail,) = house.sandbox.mails(house.owner.email)
        assert "confirm" in mail["subject"]

    async def test_a_mail_server_that_takes_no_login_is_a_failed_run(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("POSTAGENT_SMTP_URL", house.sandbox.smtp_url.replace("//", "//me:sesame@"))
        monkeypatch.setenv("POSTAGENT_EMAIL_FROM", "hello@example.com")
        settings.cache_clear()
        with session(Role.ACCESS) as db:
            want_mail(db, MailKind.VERIFY_EMAIL, house.owner.user_id, house.owner.email, house.now)
        state = await refresh_tokens.fn()
        assert (state.name, state.message) == (
            "Failed",
            "A person has to mend this: mails: The mail server takes no login: leave user and password out of SMTP_URL",
        )
        (row,) = house.rows("SELECT status, attempts FROM mails")
        assert row == {"status": "pending", "attempts": 1}

    async def test_our_own_mistake_is_a_failed_run_with_one_line(self, house: House) -> None:
        house.connect("google", life=60.0)
        house.sandbox.configure(google_client_secret="another")
        state = await refresh_tokens.fn()
        assert state.name == "Failed"
        assert str(state.message).startswith("A person has to mend this: Google: ")
        assert "GOOGLE_CLIENT_SECRET" in str(state.message)
        assert "\n" not in str(state.message)
        (row,) = house.rows("SELECT status, refreshing_until, refresh_after FROM connected_accounts")
        assert row == {"status": "active", "refreshing_until": None, "refresh_after": None}

    async def test_trouble_is_known_before_the_post_is_due_and_the_owner_told(self, house: House) -> None:
        """Taken back at the platform, a post in 40 minutes: held and told by this run, and nothing was published."""
        account = house.connect("google", life=3_000.0)
        healthy = house.connect("google", name="Healthy", life=3_000.0)
        for which, minutes in [(account, 40), *((healthy, 5 * n) for n in range(2, 12))]:
            make_post(house.connection, house.owner, which, scheduled_for=house.now + timedelta(minutes=minutes))
        house.sandbox.control("POST", "tokens", {"account_id": account.account_id, "state": "revoked"})
        state = await refresh_tokens.fn()
        told = "1 checked, 1 waiting for their owner to connect again"
        assert (state.name, state.message) == (
            "Completed",
            f"tokens: no token was near its end; ahead of posts: {told}",
        )
        assert house.row(account)["status"] == "revoked"
        assert house.row(healthy)["status"] == "active"
        (notice,) = house.rows("SELECT account_id, kind, message, resolved_at FROM owner_notices")
        assert notice == {
            "account_id": account.id,
            "kind": "connection_lost",
            "message": house.row(account)["status_reason"],
            "resolved_at": None,
        }
        calls = house.sandbox.control("GET", "calls")["google"]
        assert set(calls) == {"list", "token"}, "nothing was published"
        assert calls["list"]["requests"] == 2, "one for each account, however many posts it has"
        assert "ahead of posts: no account" in str((await refresh_tokens.fn()).message)
        assert house.sandbox.control("GET", "calls")["google"] == calls
