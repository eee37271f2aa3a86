"""Every plain route, attacked: another tenant's ids, another site's forms, nobody's login, a foreign host name.

The doors are the application's own list. One that is not in ENTRIES fails here and says what to add.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from starlette.testclient import TestClient

from dashboards.app import ROUTES
from dashboards.doors import Door
from dashboards.guard import cookie_name
from models.base import utc_now
from models.connecting import hashed
from platforms.object_storage import new_key
from tests.dashboards.attacks.catalogue import Connection, Table, tables_of
from tests.dashboards.attacks.tenants import Tenant, make_tenant, snapshot
from tests.dashboards.house import Login

ORIGIN = "http://localhost:8501"
EVES_STATE = "e" * 43


def account(tenant: Tenant) -> str:
    return str(tenant.rows["connected_accounts"]["id"])


def attempt(tenant: Tenant) -> str:
    return str(tenant.rows["connect_attempts"]["id"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """How a door is attacked. `ids`: where another tenant's ids fit in, by name of a part of the path, and how to find
    the id. `query` and `form`: what is sent along, with the same names in braces. `why`: why there is nothing to attack
    by ids."""

    ids: dict[str, Callable[[Tenant], str]] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=dict)
    why: str = ""


NO_IDS = Entry(why="it takes no id")
BY_MAIL = Entry(why="the token of a mail is the permission, and only its hash is kept (test_signup.py)")
ENTRIES: dict[str, Entry] = {
    "GET /login": NO_IDS,
    "POST /login": NO_IDS,
    "POST /logout": NO_IDS,
    "GET /signup": NO_IDS,
    "POST /signup": NO_IDS,
    "GET /verify": BY_MAIL,
    "POST /verify": BY_MAIL,
    "POST /verify/again": NO_IDS,
    "GET /forgot": NO_IDS,
    "POST /forgot": NO_IDS,
    "GET /reset": BY_MAIL,
    "POST /reset": BY_MAIL,
    "GET /settings/password": NO_IDS,
    "POST /settings/password": NO_IDS,
    "POST /settings/export": NO_IDS,
    "GET /settings/delete": NO_IDS,
    "POST /settings/delete": NO_IDS,
    "GET /goodbye": NO_IDS,
    "GET /healthz": NO_IDS,
    "GET /typing.js": NO_IDS,
    "GET /favicon.png": NO_IDS,
    "POST /pictures/upload": NO_IDS,
    "POST /connect/{service}": NO_IDS,
    "GET /connect/{service}/callback": Entry(
        ids={"state": lambda _: EVES_STATE}, query={"state": "{state}", "code": "x"}
    ),
    "POST /connect/again/{id}": Entry(ids={"id": account}),
    "GET /connect/choice/{id}": Entry(ids={"id": attempt}),
    "POST /connect/choice/{id}": Entry(ids={"id": attempt, "account": account}, form={"pick": "{account}"}),
    "GET /connect/end/{id}": Entry(ids={"id": account}),
    "POST /connect/end/{id}": Entry(ids={"id": account}),
    "GET /decide": Entry(why="the token is the permission, given to nobody but in a mail (test_decide.py)"),
    "POST /decide": Entry(why="the token is the permission, given to nobody but in a mail (test_decide.py)"),
    "GET /m/{key}": Entry(why="the key is the permission: platforms fetch pictures by it, and no page shows another's"),
    "POST /meta/{app}/deauthorize": Entry(why="only what Meta signed counts (test_meta_callbacks.py)"),
    "POST /meta/{app}/deletion": Entry(why="only what Meta signed counts (test_meta_callbacks.py)"),
    "GET /meta/deletion/{code}": Entry(why="the code is the permission, given to nobody but who asked"),
}
FILLED = {"service": "google", "app": "facebook", "key": new_key(), "code": "0" * 20}


def name_of(door: Door) -> str:
    """GET /login"""
    return f"{door.methods[0]} {door.path}"


DOORS = {name_of(door): door for door in ROUTES}
CHANGING = {name: door for name, door in DOORS.items() if not set(door.methods) <= {"GET", "HEAD"}}


@pytest.fixture
def tables(owner: Connection) -> dict[str, Table]:
    return tables_of(owner)


@pytest.fixture
def eve(owner: Connection, tables: dict[str, Table]) -> Tenant:
    """Another tenant with everything, on her way back from a platform and with a list to choose from."""
    eve = make_tenant(owner, tables, "EVES")
    owner.execute(
        "UPDATE connect_attempts SET state_hash = %s, service = 'google', expires_at = %s WHERE user_id = %s",
        (hashed(EVES_STATE), utc_now() + timedelta(minutes=5), eve.id),
    )
    return eve


@pytest.fixture
def client(client: TestClient, bob_in: Login) -> TestClient:
    """Bob's browser."""
    client.cookies.set(cookie_name(ORIGIN), bob_in.token)
    return client


def send(client: TestClient, door: Door, values: dict[str, str], **headers: str) -> httpx2.Response:
    """Through the door, with ids in their places, as our own page would send it unless told otherwise."""
    entry = ENTRIES[name_of(door)]
    path = re.sub(r"\{(\w+)\}", lambda match: (FILLED | values)[match[1]], door.path)
    form = {name: value.format(**values) for name, value in entry.form.items()}
    query = {name: value.format(**values) for name, value in entry.query.items()}
    method = door.methods[0]
    sent = {"origin": ORIGIN} | headers
    more: dict[str, Any] = {} if method == "GET" else {"data": form or {"x": "y"}}
    return client.request(method, path, params=query, headers={n: v for n, v in sent.items() if v}, **more)


def test_every_door_has_its_attack() -> None:
    told = "in tests/dashboards/test_doors.py, ENTRIES: say which ids of another tenant a door takes, or why none"
    assert sorted(set(DOORS) - set(ENTRIES)) == [], told
    assert sorted(set(ENTRIES) - set(DOORS)) == [], f"{told}; these doors are gone"
    for name, entry in ENTRIES.items():
        assert bool(entry.ids) != bool(entry.why), name
        parts = set(re.findall(r"\{(\w+)\}", DOORS[name].path))
        assert parts <= set(entry.ids) | set(FILLED), f"{name}: {told}"
    assert len(DOORS) == len(ROUTES), "one method a door"


@pytest.mark.parametrize("name", [name for name, entry in ENTRIES.items() if entry.ids])
def test_anothers_id_is_answered_as_one_that_does_not_exist(
    owner: Connection, client: TestClient, tables: dict[str, Table], eve: Tenant, name: str
) -> None:
    entry, door, before = ENTRIES[name], DOORS[name], snapshot(owner, tables, eve.id)
    theirs = {part: find(eve) for part, find in entry.ids.items()}
    nobodys = {part: str(uuid4()) if "-" in id_ else "n" * len(id_) for part, id_ in theirs.items()}
    answers = []
    for values in (theirs, nobodys):
        answer = send(client, door, values)
        text, headers = answer.text, str(sorted(answer.headers.items()))
        for part, value in values.items():
            text, headers = text.replace(value, part), headers.replace(value, part)
        answers.append((answer.status_code, text, headers))
    assert answers[0] == answers[1]
    assert answers[0][0] >= 400
    assert not any(mark in str(answers) for mark in eve.marks)
    assert snapshot(owner, tables, eve.id) == before


FOREIGN: tuple[dict[str, str], ...] = (
    {"origin": ""},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://localhost:8501.evil.example"},
    {"origin": "http://localhost:8502"},
    {"origin": "https://localhost:8501"},
    {"origin": "http://evil.example@localhost:8501"},
    {"origin": "http://["},
    {"origin": "", "referer": "https://evil.example/http://localhost:8501/"},
    {"origin": ORIGIN, "sec-fetch-site": "cross-site"},
    {"origin": ORIGIN, "sec-fetch-site": "same-site"},
    {"origin": "https://evil.example", "sec-fetch-site": "same-origin"},
)


@pytest.mark.parametrize("name", CHANGING)
def test_no_other_site_goes_through_a_door_that_changes_something(
    owner: Connection, client: TestClient, tables: dict[str, Table], bob_in: Login, eve: Tenant, name: str
) -> None:
    """Refused before the door is reached; a door that servers call believes nothing but a signature."""
    door = DOORS[name]
    values = {part: find(eve) for part, find in ENTRIES[name].ids.items()}
    before = [snapshot(owner, tables, id_) for id_ in (bob_in.owner.user_id, eve.id)]
    for headers in FOREIGN:
        answer = send(client, door, values, **headers)
        if door.cross_site:
            assert 400 <= answer.status_code < 600, headers
        else:
            assert answer.status_code == 403, headers
            assert "Nothing was done." in answer.text
        assert "set-cookie" not in answer.headers
    assert [snapshot(owner, tables, id_) for id_ in (bob_in.owner.user_id, eve.id)] == before
    assert "Nothing was done." not in send(client, door, values).text, "our own page may"


@pytest.mark.parametrize("name", CHANGING)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_link_or_a_picture_changes_nothing(
    owner: Connection, client: TestClient, tables: dict[str, Table], bob_in: Login, eve: Tenant, name: str, method: str
) -> None:
    """Another site may always make a browser ask for an address."""
    values = FILLED | {part: find(eve) for part, find in ENTRIES[name].ids.items()}
    path = re.sub(r"\{(\w+)\}", lambda match: values[match[1]], DOORS[name].path)
    before = [snapshot(owner, tables, id_) for id_ in (bob_in.owner.user_id, eve.id)]
    client.request(method, path, headers={"sec-fetch-site": "cross-site"})
    assert [snapshot(owner, tables, id_) for id_ in (bob_in.owner.user_id, eve.id)] == before


@pytest.mark.parametrize("name", [name for name, door in DOORS.items() if not door.anonymous])
def test_nobody_goes_through_without_a_login(
    owner: Connection, client: TestClient, tables: dict[str, Table], eve: Tenant, name: str
) -> None:
    before = snapshot(owner, tables, eve.id)
    values = {part: find(eve) for part, find in ENTRIES[name].ids.items()}
    for token in (None, "A" * 43, "' OR ''='", f"{eve.rows['dashboard_sessions']['token_hash']}"):
        client.cookies.clear()
        if token is not None:
            client.cookies.set(cookie_name(ORIGIN), token)
        answer = send(client, DOORS[name], values)
        if DOORS[name].methods[0] == "GET":
            assert (answer.status_code, answer.headers["location"][:7]) == (303, "/login?")
        else:
            assert answer.status_code == 401
    assert snapshot(owner, tables, eve.id) == before


@pytest.mark.parametrize("name", DOORS)
def test_a_door_answers_only_under_our_own_name(client: TestClient, eve: Tenant, name: str) -> None:
    door = DOORS[name]
    values = {part: find(eve) for part, find in ENTRIES[name].ids.items()}
    for host in ("rebound.example", "localhost.evil.example", "localhost@evil.example", "evil.example:8501"):
        forwarded = {"host": host, "x-forwarded-host": "localhost", "origin": f"http://{host}"}
        answer = send(client, door, values, **forwarded)
        assert (answer.status_code == 421) != door.any_host, host
    answer = send(client, door, values, **{"x-forwarded-host": "evil.example", "forwarded": "host=evil.example"})
    assert "evil.example" not in answer.text + str(answer.headers)
    assert not answer.headers.get("location", "/").startswith(("//", "http"))
