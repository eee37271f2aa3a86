"""How long a guesser waits. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.logins import PER_ADDRESS, PER_EMAIL, Slowdown, network_of

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize("rule", [PER_EMAIL, PER_ADDRESS])
def test_the_first_failures_cost_nothing_then_each_one_doubles_the_wait(rule: Slowdown) -> None:
    waits = [rule.wait(n, NOW, NOW).total_seconds() for n in range(rule.free + 4)]
    assert waits == [0.0] * rule.free + [1, 2, 4, 8]


@given(failures=st.integers(0, 10**9), ago=st.timedeltas(timedelta(0), timedelta(days=2)))
def test_nobody_waits_longer_than_the_longest_and_nobody_for_ever(failures: int, ago: timedelta) -> None:
    for rule in (PER_EMAIL, PER_ADDRESS):
        wait = rule.wait(failures, NOW - ago, NOW)
        assert timedelta() <= wait <= rule.longest
        if ago >= rule.longest:
            assert wait == timedelta()


def test_without_a_failure_there_is_no_wait() -> None:
    assert PER_EMAIL.wait(0, None, NOW) == timedelta()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("testclient", "unknown"),
        ("", "unknown"),
    ],
)
def test_an_address_counts_as_its_owners_wholenetwork_of(address: str, network: str) -> None:
    assert network_of(address) == network
