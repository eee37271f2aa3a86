"""One embedded PostgreSQL cluster a test session, and a clean database for every test that asks for one."""

from __future__ import annotations

import os
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

for _name in [n for n in os.environ if n.startswith(("POSTAGENT_", "PREFECT_"))]:
    del os.environ[_name]  # the developer's own settings must not reach a test

from models import database  # noqa: E402
from tests.databases import ROLE_PASSWORD, Databases, running_cluster  # noqa: E402

pytest_plugins = ("tests.sandbox_server", "tests.prefect_server")

ENCRYPTION_KEYS = f"test:{b64encode(bytes(range(32))).decode()}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs together in one process, and takes longest, comes first: the others fill the time beside it."""
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


@pytest.fixture(autouse=True)
def _keep_main() -> Iterator[None]:
    """Streamlit's AppTest leaves its script behind as `__main__`, which child processes of later tests would run."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(scope="session")
def cluster_home(worker_id: str) -> Iterator[Path]:
    """A running embedded cluster; fast, because losing it does not matter."""
    with running_cluster(worker_id) as home:
        yield home


@pytest.fixture(scope="session")
def databases(cluster_home: Path) -> Databases:
    """The cluster's databases, with a migrated template."""
    return Databases(cluster_home)


@pytest.fixture
def empty_database_url(databases: Databases) -> Iterator[str]:
    """A database with nothing in it."""
    with databases.empty() as url:
        yield url


@pytest.fixture
def database_url(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A migrated database of the test's own, which this process's settings point at."""
    with databases.lent() as url:
        monkeypatch.setenv("POSTAGENT_DATABASE_URL", url)
        monkeypatch.setenv("POSTAGENT_ENCRYPTION_KEYS", ENCRYPTION_KEYS)
        monkeypatch.setenv("POSTAGENT_ROLE_PASSWORD", ROLE_PASSWORD)
        _forget_settings()
        yield url
        _forget_settings()


def _forget_settings() -> None:
    from models.settings import settings

    settings.cache_clear()
    database.close_engines()


@pytest.fixture
def owner(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A plain autocommit connection as the tables' owner."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection
