"""Every flow and every command with marked secrets, when all is well and when nothing is: no secret is written down.

Searched are the log records of this process at DEBUG, Prefect's database (its files and every column: logs, parameters,
states, results, artifacts, events), our own database but for the sealed columns, exceptions with their tracebacks, and
what commands print.
"""

from __future__ import annotations

import asyncio
import importlib
import io
import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import orjson
import psycopg
import pytest
from prefect import Task, flow, get_run_logger
from prefect.artifacts import acreate_table_artifact
from prefect.client.schemas.objects import State
from prefect.logging.handlers import APILogHandler
from prefect.settings import PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW, get_current_settings, temporary_settings
from prefect.states import Completed

from models import database
from models.crypto import generate_key
from models.settings import settings
from ops.cli import main
from ops.deployments import deployments
from tests.factories import insert, make_account, make_owner
from tests.leaks.marks import Marks
from tests.leaks.places import Listener, files, listening, our_tables, sqlite_tables
from tests.ops.running_stack import until
from tests.s3_server import S3Server
from tests.sandbox_server import APP_ID, Server
from tests.tasks.house import House

pytestmark = pytest.mark.usefixtures("prefect_harness")

OURS = ("flows", "tasks", "models", "platforms")


@pytest.fixture
def marks(
    database_url: str,
    owner: psycopg.Connection[Any],
    sandbox: Server,
    monkeypatch: pytest.MonkeyPatch,
    s3: S3Server,
    tmp_path: Path,
) -> Marks:
    """Settings full of marked secrets, which the sandbox knows."""
    marks = Marks()
    marks.set_settings(monkeypatch, database_url, s3)
    for name, value in {
        "HOME": str(tmp_path),
        "SANDBOX_URL": sandbox.url,
        "META_APP_ID": APP_ID,
        "GOOGLE_CLIENT_ID": "client",
        "INSTAGRAM_APP_ID": "2988000000000002",
        "PUBLISH_TIMEOUT_SECONDS": "1",
        "PUBLISH_LEASE_SECONDS": "3",
        "PUBLISH_WINDOW_SECONDS": "0",
        "RECONCILE_SETTLE_SECONDS": "0.1",
    }.items():
        monkeypatch.setenv(f"POSTAGENT_{name}", value)
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    sandbox.configure(
        google_client_secret=marks.by_name["google_client_secret"],
        meta_app_secret=marks.by_name["meta_app_secret"],
        instagram_app_secret=marks.by_name["instagram_app_secret"],
    )
    monkeypatch.setattr("models.publishing.FIRST_LOOK_DELAY", 0.1)
    return marks


@pytest.fixture
def heard() -> Iterator[Listener]:
    """This process's log; what our packages log goes to Prefect too, as under `postagent up` but at DEBUG."""
    handler = APILogHandler()
    with listening() as listener, temporary_settings({PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW: "ignore"}):
        for name in OURS:
            logging.getLogger(name).setLevel(logging.DEBUG)
            logging.getLogger(name).addHandler(handler)
        yield listener
        for name in OURS:
            logging.getLogger(name).setLevel(logging.NOTSET)
            logging.getLogger(name).removeHandler(handler)


def furnish(owner: psycopg.Connection[Any], sandbox: Server) -> House:
    """An owner with accounts of every kind: tokens near their end, posts that are due, live ones to be measured."""
    house = House(owner, sandbox, make_owner(owner, plan="premium", posting_frequency=1))
    number = str(house.owner.user_id)[:8]
    accounts = [
        house.connect("google", name=f"Google {number}", life=60.0),
        house.connect("facebook", name=f"Page {number}", user_life=5 * 86_400.0),
        house.connect("instagram", name=f"Insta {number}", age=8 * 86_400.0),
        house.connect("instagram", name=f"Linked {number}", login="facebook", user_life=5 * 86_400.0),
    ]
    for account in accounts:
        house.publish(account, timedelta(hours=2))
        picture = f"{sandbox.url}/_sandbox/pictures/1080x1080/pipes.jpg" if account.platform == "instagram" else None
        insert(
            owner, "post_queue", user_id=house.owner.user_id, account_id=account.id, platform=account.platform,
            content=f"Due now {account.id}", media_url=picture, scheduled_for=house.now - timedelta(seconds=1),
        )  # fmt: skip
    return house


def run_every_flow() -> list[str]:
    """Run what prefect.yaml deploys, in order; what each state says, and its exception in full."""
    functions = [getattr(importlib.import_module(d.module), d.function) for d in deployments()]
    modules = [module for name, module in sys.modules.items() if name.startswith("tasks.")]
    tasks = [found for module in modules for found in vars(module).values() if isinstance(found, Task)]

    async def run() -> list[str]:
        told = []
        for function in functions:
            state: State[Any] = await function(return_state=True)
            told.append(f"{state.type.value}: {state.message}")
            result = await state.aresult(raise_on_failure=False)
            if isinstance(result, BaseException):
                told.append("".join(traceback.format_exception(result)))
        return told

    with pytest.MonkeyPatch.context() as patch:
        for task in tasks:
            patch.setattr(task, "retries", 0)  # a flow that fails shall fail now
        return asyncio.run(run())


def all_is_well(_patch: pytest.MonkeyPatch, _sandbox: Server, _owner: psycopg.Connection[Any]) -> None: ...


def platforms_in_trouble(_patch: pytest.MonkeyPatch, sandbox: Server, _owner: psycopg.Connection[Any]) -> None:
    """Refused tokens, no answers, cut answers and 500s, a part of them after the effect."""
    for rule in (
        {"service": "google", "kind": "token_expired", "operation": "create"},
        {"service": "google", "kind": "hang_before", "seconds": 5.0, "operation": "token"},
        {"service": "facebook", "kind": "accept_then_500", "operation": "publish"},
        {"service": "facebook", "kind": "malformed_json", "operation": "metrics"},
        {"service": "facebook", "kind": "drop_before", "operation": "token"},
        {"service": "instagram", "kind": "accept_then_drop", "operation": "publish"},
        {"service": "instagram", "kind": "token_revoked", "operation": "metrics"},
        {"service": "instagram", "kind": "5xx", "operation": "token"},
        {"service": "pexels", "kind": "5xx"},
        {"service": "openai", "kind": "error_code", "status": 401, "code": "invalid_api_key"},
    ):
        sandbox.fault(**{"times": 50, **rule})


class _Echo(BaseHTTPRequestHandler):
    """Refuses everything, and puts all that it was told into its words."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode(errors="replace")
        echo = f"{self.path} {list(self.headers.items())} {body}"
        error = {"message": echo, "error_user_msg": echo, "code": 100, "type": "OAuthException", "details": []}
        answer = orjson.dumps({"error": error, "error_description": echo})
        self.send_response(401 if "/google/token" not in self.path else 400)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer

    def log_message(self, format: str, *args: Any) -> None: ...


@contextmanager
def echoing() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def another_key(patch: pytest.MonkeyPatch, _sandbox: Server, _owner: psycopg.Connection[Any]) -> None:
    """None of the stored tokens opens."""
    patch.setenv("POSTAGENT_ENCRYPTION_KEYS", generate_key())
    settings.cache_clear()


def rows_that_cannot_be_written(_patch: pytest.MonkeyPatch, _sandbox: Server, owner: psycopg.Connection[Any]) -> None:
    """The database refuses statements whose values are envelopes and texts."""
    owner.execute("REVOKE UPDATE ON connected_accounts, post_queue FROM postagent_worker")
    owner.execute("REVOKE INSERT ON publish_attempts, analytics, location_metrics FROM postagent_worker")


def no_database(patch: pytest.MonkeyPatch, _sandbox: Server, _owner: psycopg.Connection[Any]) -> None:
    """Nobody listens where the address with the password points to."""
    parts = urlsplit(settings().database_url.get_secret_value())  # type: ignore[union-attr]
    patch.setenv("POSTAGENT_DATABASE_URL", f"postgresql://{parts.username}:{parts.password}@127.0.0.1:1/nowhere")
    settings.cache_clear()
    database.close_engines()


Arrange = Callable[[pytest.MonkeyPatch, Server, psycopg.Connection[Any]], None]
TIMES: tuple[Arrange, ...] = (all_is_well, platforms_in_trouble, another_key, rows_that_cannot_be_written, no_database)


def prefect_places() -> dict[str, bytes]:
    """Prefect's database, as files and as tables, and stored results."""
    config = get_current_settings()
    url = config.server.database.connection_url
    assert url is not None
    path = Path(url.get_secret_value().removeprefix("sqlite+aiosqlite:///"))
    storage = config.results.local_storage_path
    return files(path.parent) | sqlite_tables(path) | (files(storage) if storage.exists() else {})


@flow(name="planted-leak")
async def _leaks(secret: str) -> State[Any]:
    """A test's double of a careless flow."""
    get_run_logger().info("logged %s", secret)
    await acreate_table_artifact(key="planted", table=[{"token": secret}])
    return Completed(message=f"done with {secret}")


def plant(marks: Marks) -> None:
    """Run the careless flow, and wait until its words are in Prefect's database: so are all that were said before."""
    secret = marks.made("planted")

    async def leak() -> None:
        await _leaks(secret, return_state=True)

    asyncio.run(leak())
    until(
        lambda: secret.encode() in prefect_places()["Prefect's log"], seconds=120, what="the flow's log in the database"
    )


def test_no_secret_is_written_down_by_flows_whatever_happens(
    marks: Marks, sandbox: Server, owner: psycopg.Connection[Any], heard: Listener
) -> None:
    told: dict[str, list[str]] = {}
    for arrange in TIMES:
        furnish(owner, sandbox)
        with pytest.MonkeyPatch.context() as patch:
            arrange(patch, sandbox, owner)
            told[arrange.__name__] = run_every_flow()
        settings.cache_clear()
        database.close_engines()
        sandbox.control("DELETE", "faults")
        owner.execute("GRANT UPDATE ON connected_accounts, post_queue TO postagent_worker")
        owner.execute("GRANT INSERT ON publish_attempts, analytics, location_metrics TO postagent_worker")
        marks.add_tokens(sandbox, owner)
    furnish(owner, sandbox)
    marks.add_tokens(sandbox, owner)
    with pytest.MonkeyPatch.context() as patch, echoing() as url:
        patch.setenv("POSTAGENT_SANDBOX_URL", url)
        settings.cache_clear()
        told["echo"] = run_every_flow()
    settings.cache_clear()

    plant(marks)
    places = {
        "the log of this process": "\n".join(heard.lines).encode(),
        "states and exceptions": repr(told).encode(),
        **our_tables(owner),
        **prefect_places(),
    }
    # What was searched is really what these runs wrote.
    flows_run = places["Prefect's flow"]
    assert not [d.name for d in deployments() if d.name.encode() not in flows_run]
    assert {line.split(":")[0] for lines in told.values() for line in lines} >= {"COMPLETED", "FAILED"}
    assert [line for line in told["all_is_well"] if not line.startswith("COMPLETED")] == []
    assert len(heard.lines) > 100
    for table in (
        "our post_events",
        "our publish_attempts",
        "our job_runs",
        "our content_generations",
        "Prefect's events",
    ):
        assert places[table].count(b"\n") >= 2, table
    found = marks.found_in(places)
    planted = [line for line in found if line.startswith("planted in ")]
    assert {line.removeprefix("planted in ") for line in planted} >= {
        "Prefect's log", "Prefect's artifact", "Prefect's flow_run", "Prefect's flow_run_state",
        "the log of this process",
    }  # fmt: skip
    assert [line for line in found if line not in planted] == []


def test_no_secret_is_printed_by_commands(
    marks: Marks,
    sandbox: Server,
    owner: psycopg.Connection[Any],
    heard: Listener,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    password = marks.made("password of an owner")
    access, refresh = marks.made("access token"), marks.made("refresh token")
    house = furnish(owner, sandbox)
    account = make_account(owner, house.owner, "google", access_token=access, refresh_token=refresh)

    def run(*arguments: str, typed: str = "") -> int:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        settings.cache_clear()
        database.close_engines()  # each command is a process of its own
        return main(list(arguments))

    new_owner = (
        "users", "add", "--email", "new@example.com", "--business-name", "New", "--type", "plumber", "--city", "Austin",
        "--state", "TX", "--zone", "America/Chicago", "--password-stdin",
    )  # fmt: skip
    connect = (
        "accounts", "add", "--user", "new@example.com", "--platform", "google", "--account-id",
        "accounts/1/locations/2", "--name", "New", "--refresh-token-stdin",
    )  # fmt: skip
    assert run(*new_owner, typed=f"{password}\n") == 0
    assert run(*new_owner, typed=f"{password}\n") == 1
    assert run(*connect, typed=f"{access}\n{refresh}\n") == 0
    run(*connect, typed=f"{access}\n{refresh}\n")
    assert run(*connect, typed=f"{access} {refresh}\n") == 1
    (post,) = house.rows("SELECT id FROM post_queue WHERE account_id <> %s LIMIT 1", account.id)
    for command in (
        ("migrate",), ("doctor",), ("status",), ("status", "--json"), ("keys", "rotate"), ("posts", "verify"),
        ("posts", "show", str(post["id"])), ("posts", "retry", str(post["id"])),
    ):  # fmt: skip
        run(*command)
    key, secret = marks.by_name["encryption_keys"], marks.by_name["database_url"]
    bad = {
        "POSTAGENT_ENCRYPTION_KEYS": (f"marked:{key}x", key, f"marked:{key[:-8]}"),
        "POSTAGENT_DATABASE_URL": (
            f"postgresql://me:{secret}@127.0.0.1:1/x",
            f"postgresql://me:{secret}@[::1/x",
            f"mysql://me:{secret}@localhost/x",
        ),
    }
    for name, values in bad.items():
        for value in values:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv(name, value)
                assert run("doctor") == 1
                assert run("status") == 1
                assert run("keys", "rotate") == 1
                run("posts", "verify")  # asks the database without looking first whether it is there
    settings.cache_clear()
    database.close_engines()
    marks.add_tokens(sandbox, owner)
    printed = capfd.readouterr()
    assert "sealed again" in printed.out
    assert "The database went away" in printed.err
    places = {
        "standard output": printed.out.encode(),
        "standard error": printed.err.encode(),
        "the log of this process": "\n".join(heard.lines).encode(),
        **our_tables(owner),
    }
    assert marks.found_in(places) == []
    assert marks.found_in({"a test's double": f"token={access}".encode()}) == ["access token in a test's double"]
