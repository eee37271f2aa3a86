"""Shared quotas are never exceeded, whatever the workers do."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.budgets import Bucket, bucket_for, pause_for_usage
from models.queries import query


@given(st.integers(1, 100_000), st.floats(1, 86_400), st.lists(st.floats(0, 50), min_size=1, max_size=60))
def test_no_window_ever_gives_more_than_its_limit(limit: int, window: float, pauses: list[float]) -> None:
    """A greedy caller that takes everything at every moment."""
    bucket = bucket_for(limit, window)
    tokens, now = bucket.capacity, 0.0
    taken: list[tuple[float, int]] = []
    for pause in pauses:
        now += pause
        tokens = min(bucket.capacity, tokens + pause * bucket.rate)
        got = int(tokens)
        tokens -= got
        taken.append((now, got))
    for start, _ in taken:
        assert sum(n for at, n in taken if start <= at <= start + window) <= limit + 1e-6


def test_a_limit_must_be_one_at_least() -> None:
    with pytest.raises(ValueError, match="not 0"):
        bucket_for(0, 60)


@pytest.mark.parametrize(
    ("percent", "regain", "pause"),
    [(0, None, None), (79.9, 600, None), (80, None, 300), (95, 120, 120), (100, None, 3600), (130, 1140, 1140)],
)
def test_usage_headers_slow_us_down_before_the_platform_does(
    percent: float, regain: float | None, pause: float | None
) -> None:
    assert pause_for_usage(percent, regain) == pause


def _take(url: str, bucket: Bucket, want: int, got: list[int]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(30):
            row = connection.execute(
                query("take_budget").encode(),
                {"bucket": "test", "capacity": bucket.capacity, "rate": bucket.rate, "want": want},
            ).fetchone()
            got.append(row[0] if row else 0)


def test_many_workers_share_one_bucket(database_url: str, owner: psycopg.Connection[Any]) -> None:
    bucket = Bucket(capacity=50, rate=0.0)
    got: list[int] = []
    workers = [threading.Thread(target=_take, args=(database_url, bucket, 3, got)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(got) == 50


def test_a_bucket_refills_with_time(owner: psycopg.Connection[Any]) -> None:
    def take(want: int) -> int:
        row = owner.execute(
            query("take_budget").encode(), {"bucket": "b", "capacity": 10, "rate": 1, "want": want}
        ).fetchone()
        return row[0] if row else 0

    take(0)  # the first question makes it
    assert take(10) == 10
    assert take(5) == 0
    owner.execute("UPDATE rate_budgets SET updated_at = updated_at - interval '4 seconds'")
    assert take(10) == 4
