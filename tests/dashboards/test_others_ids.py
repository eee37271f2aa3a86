"""Pages, and everything that they decide with, given another tenant's ids: as if these did not exist.

Pages, what they read from an address, and functions are found by themselves.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any, get_type_hints
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlmodel import Session

import dashboards
import models
from dashboards.parts.owner import Owner, owner_of
from models.base import utc_now
from models.connections import NewAccount
from models.crypto import KeyRing, key_ring
from models.mails import MailKind
from models.media_library import NewPicture
from models.picture_encoding import prepare
from models.plan_rights import Rights, rights
from models.profile_rules import BusinessDetails, Wishes, business_details, wishes
from tests.dashboards.attacks.catalogue import Connection, Table, tables_of
from tests.dashboards.attacks.tenants import Tenant, make_tenant, snapshot
from tests.dashboards.conftest import OpenPage
from tests.dashboards.house import ROOT, Login, words
from tests.tasks.content.fakes import picture_of

VIEWS = sorted(path.stem for path in (ROOT / "dashboards" / "views").glob("*.py") if path.stem != "__init__")
# Scripts that run when they are imported.
SCRIPTS = ("dashboards.app", "dashboards.main", "dashboards.views")


@pytest.fixture
def tables(owner: Connection) -> dict[str, Table]:
    return tables_of(owner)


@pytest.fixture
def eve(owner: Connection, tables: dict[str, Table]) -> Tenant:
    return make_tenant(owner, tables, "EVES")


def read_from_addresses() -> set[str]:
    """Every word of an address that some page looks at."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "dashboards").rglob("*.py")]
    return {
        name for text in sources for name in re.findall(r"query_params(?:\.get\(|\.get_all\(|\[)\s*\"(\w+)\"", text)
    }


def test_every_page_of_the_navigation_is_attacked() -> None:
    named = re.findall(r"views/(\w+)\.py", (ROOT / "dashboards" / "main.py").read_text(encoding="utf-8"))
    assert set(named) <= set(VIEWS)
    assert len(read_from_addresses()) > 3


@pytest.mark.parametrize("page", VIEWS)
def test_a_page_shows_the_same_for_anothers_id_as_for_nobodys(
    owner: Connection, open_page: OpenPage, bob_in: Login, tables: dict[str, Table], eve: Tenant, page: str
) -> None:
    before = snapshot(owner, tables, eve.id)
    asked = dict.fromkeys([*sorted(read_from_addresses()), "id", "post", "account", "user_id"], "")
    shown = []
    for id_ in (uuid4(), *(eve.rows[table]["id"] for table in ("post_queue", "connected_accounts", "media_library"))):
        said = words(open_page(bob_in, page, **dict.fromkeys(asked, str(id_)))).replace(str(id_), "ID")
        assert not any(mark in said for mark in eve.marks)
        shown.append(re.sub(r"\d+", "0", said))  # a minute may have passed
    assert shown[1:] == shown[:1] * 3
    assert snapshot(owner, tables, eve.id) == before


def taking_ids() -> Iterator[Callable[..., object]]:
    """Every function that works in an owner's transaction, or for an owner, on something that an id names."""
    for package in (models, dashboards):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name.startswith(SCRIPTS):
                continue
            module = importlib.import_module(found.name)
            for _, function in inspect.getmembers(module, inspect.isfunction):
                if function.__module__ != found.name or inspect.iscoroutinefunction(function):
                    continue
                kinds = [kind for name, kind in get_type_hints(function).items() if name != "return"]
                if kinds[:1] in ([Session], [Owner]) and UUID in kinds:
                    yield function


def _arguments(eve: Tenant) -> dict[object, Any]:
    """What an attacker who knows everything but a way in would send, by type."""
    secret = SecretStr("x" * 20)
    return {
        KeyRing: key_ring(),
        Rights: rights("premium", "active", None, utc_now()),
        datetime: utc_now(),
        date: utc_now().date(),
        datetime | None: eve.rows["user_preferences"]["updated_at"],
        tuple[str, str | None]: (eve.rows["business_facts"]["text"], None),
        BusinessDetails: business_details(
            name="x", type="plumber", city="Austin", state="TX", website="", description="", voice="friendly"
        ),
        Wishes: wishes(
            frequency=1, times=["9:00 AM"], timezone="UTC", themes=["tip"], avoid="", weekly_summary=True,
            monthly_report=True, approval_needed=True, most_per_week=21,
        ),
        MailKind: MailKind.RESET_PASSWORD,
        str: eve.rows["post_queue"]["content_hash"],
        int: 1,
        bool: True,
        NewAccount: NewAccount(
            platform="google",
            account_id=eve.rows["connected_accounts"]["account_id"],
            name="x",
            access_token=secret,
            refresh_token=secret,
        ),
        NewPicture: NewPicture(
            filename="x.jpg", sha256="0" * 64, prepared=prepare(picture_of("x", (400, 400))), url="https://example.com/x",
            storage_key=eve.rows["stored_objects"]["key"], instagram_key=None,
        ),
    }  # fmt: skip


FUNCTIONS = {f"{function.__module__}.{function.__qualname__}": function for function in taking_ids()}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_whatever_takes_an_id_finds_nothing_of_anothers(
    owner: Connection, bob_in: Login, tables: dict[str, Table], eve: Tenant, name: str
) -> None:
    function, before = FUNCTIONS[name], snapshot(owner, tables, eve.id)
    kinds = {name: kind for name, kind in get_type_hints(function).items() if name != "return"}
    required = [p.name for p in inspect.signature(function).parameters.values() if p.default is p.empty][1:]
    known = _arguments(eve)
    unknown = {kinds[name] for name in required} - {UUID} - set(known)
    assert not unknown, f"{name} takes {unknown}: say in _arguments here how one looks"
    bob = owner_of(bob_in.owner.user_id, utc_now())
    assert bob is not None
    nobodys = uuid4()
    ids = sorted({value for row in eve.rows.values() for value in row.values() if isinstance(value, UUID)})
    answers = {id_: _answer(function, bob, kinds, required, known, id_) for id_ in (nobodys, *ids)}
    told = {answer for id_, answer in answers.items() if answer != answers[nobodys]}
    assert told == set()
    assert not any(mark in answers[nobodys] for mark in eve.marks)
    assert snapshot(owner, tables, eve.id) == before


def _answer(
    function: Callable[..., object],
    bob: Owner,
    kinds: dict[str, Any],
    required: list[str],
    known: dict[object, Any],
    id_: UUID,
) -> str:
    values = {name: id_ if kinds[name] is UUID else known[kinds[name]] for name in required}
    try:
        if next(iter(kinds.values())) is Owner:
            said = repr(function(bob, **values))
        else:
            with bob.session() as session:
                said = repr(function(session, **values))
    except Exception as refusal:  # whatever it is, it must be the same
        said = f"{type(refusal).__name__}: {refusal}"
    return said.replace(str(id_), "ID")


def test_functions_with_ids_are_found() -> None:
    assert {
        "models.post_status.approve",
        "models.media_library.delete",
        "dashboards.connecting.keeping.account_of",
    } <= set(FUNCTIONS)
