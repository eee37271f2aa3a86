"""One running stack for all tests that only look at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ops.running_stack import Stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A `postagent up` with demo data, ready."""
    made = Stack()
    try:
        made.start()
        yield made
        assert made.stop() == 0
        assert made.survivors() == []
    finally:
        made.clean()
