"""The row that counts of a post is its latest snapshot, whoever writes them and in whatever order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from models.database import Role, connect
from tests.factories import Connected, Owner, make_account, make_owner, make_post

Connection = psycopg.Connection[Any]
START = datetime(2026, 11, 1, 15, tzinfo=UTC)
_INSERT = (
    "INSERT INTO analytics (post_id, user_id, platform, reach, likes, engagement_rate, fetched_at)"
    " SELECT p.id, p.user_id, p.platform, s.reach, 3, 1.5, s.at"
    " FROM unnest(%s::uuid[], %s::int[], %s::timestamptz[]) s (id, reach, at) JOIN post_queue p ON p.id = s.id"
)


@pytest.fixture
def bob(owner: Connection) -> tuple[Owner, Connected]:
    made = make_owner(owner)
    return made, make_account(owner, made)


def live(owner: Connection, bob: tuple[Owner, Connected], theme: str | None = "tip") -> UUID:
    return make_post(owner, *bob, status="published", scheduled_for=START, theme=theme)


def write(connection: Connection, snapshots: list[tuple[UUID, int, int]]) -> None:
    """One statement; each snapshot is a post, its reach, and the hour at which it was taken."""
    posts, reach, hours = ([snapshot[place] for snapshot in snapshots] for place in range(3))
    connection.execute(_INSERT, (posts, reach, [START + timedelta(hours=int(str(hour))) for hour in hours]))


def results(owner: Connection) -> dict[UUID, int]:
    return dict(owner.execute("SELECT post_id, reach FROM post_results").fetchall())


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=40
)
@given(
    statements=st.lists(
        st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9999), st.integers(0, 400)), max_size=6), max_size=6
    ).filter(lambda parts: len({(s[0], s[2]) for part in parts for s in part}) == sum(map(len, parts)))
)
def test_the_latest_snapshot_counts_whatever_the_order(
    owner: Connection, bob: tuple[Owner, Connected], statements: list[list[tuple[int, int, int]]]
) -> None:
    owner.execute("DELETE FROM post_queue")
    posts = [live(owner, bob) for _ in range(3)]
    for part in statements:
        write(owner, [(posts[index], reach, hour) for index, reach, hour in part])
    told = [snapshot for part in statements for snapshot in part]
    expected = {
        posts[index]: max((hour, reach) for at, reach, hour in told if at == index)[1] for index in {s[0] for s in told}
    }
    assert results(owner) == expected


def test_a_worker_keeps_it_and_it_goes_with_its_post(owner: Connection, bob: tuple[Owner, Connected]) -> None:
    post, gone = live(owner, bob, theme="promotion"), live(owner, bob, theme=None)
    with connect(Role.WORKER, autocommit=True) as worker:
        write(worker, [(post, 10, 1), (gone, 20, 1)])
        write(worker, [(post, 30, 5)])
        write(worker, [(post, 25, 3)])
    assert results(owner) == {post: 30, gone: 20}
    columns = b"SELECT theme, published_at, likes, engagement_rate::float8 FROM post_results WHERE post_id = %s"
    row = owner.execute(columns, (post,)).fetchone()
    assert row == ("promotion", START, 3, 1.5)
    owner.execute("DELETE FROM post_queue WHERE id = %s", (gone,))
    assert results(owner) == {post: 30}


def test_the_dashboard_reads_it_and_cannot_write_it(owner: Connection, bob: tuple[Owner, Connected]) -> None:
    write(owner, [(live(owner, bob), 10, 1)])
    with connect(Role.DASHBOARD, autocommit=True) as dashboard:
        dashboard.execute("SELECT set_config('request.jwt.claim.sub', %s, false)", (str(bob[0].user_id),))
        assert dashboard.execute("SELECT reach FROM post_results").fetchall() == [(10,)]
        for statement in ("UPDATE post_results SET reach = 9", "DELETE FROM post_results"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                dashboard.execute(statement.encode())
