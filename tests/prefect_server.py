"""Prefect for tests of flows: one throw-away server a session (a pytest plugin of the suite)."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def _prefect_api() -> Iterator[None]:
    # Imported only where it is used: it takes a second.
    from prefect.settings import PREFECT_SERVER_ANALYTICS_ENABLED, temporary_settings
    from prefect.testing.utilities import prefect_test_harness

    with (
        temporary_settings({PREFECT_SERVER_ANALYTICS_ENABLED: False}),
        prefect_test_harness(server_startup_timeout=120),
    ):
        yield


@pytest.fixture
def prefect_harness(_prefect_api: None) -> Iterator[None]:
    """A Prefect API of the session's own; it takes some seconds, so only tests of real flow runs ask for it."""
    yield
    gc.collect()  # what Prefect left behind goes now, not in somebody else's test


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Together; and without a judgement on the open sockets that Prefect leaves when an event loop ends."""
    for item in items:
        if "prefect_harness" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("prefect"))  # one server is enough
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))
