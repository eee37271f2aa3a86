"""What the set-ups full of marked secrets share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.s3_server import S3Server, running_s3


@pytest.fixture
def s3() -> Iterator[S3Server]:
    """A bucket for pictures."""
    with running_s3() as server:
        yield server
