"""The life of a post and its leases, driven at random by workers and its owner over a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from itertools import count, pairwise
from typing import Any
from uuid import UUID

import psycopg
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from psycopg.rows import dict_row

from models import post_status
from models.base import utc_now
from models.database import Role, connect, session
from models.post_status import ImpossibleChange, PostBusy, PostError, Status, can_change
from models.queries import query
from platforms.base import Published
from platforms.errors import Refused, TryLater
from tasks.publishing.claim import Claim
from tasks.publishing.store import LeaseLost, Store
from tests.factories import make_account, make_owner, make_post

LEASE = 60.0
NEVER_CHANGES = ("status", "content", "media_url", "hashtags", "platform_post_id", "published_at", "content_hash")
_ids = count(1)


class OneConnection(Store):
    """The publisher's own store, its statements sent over one plain connection."""

    def __init__(self, db: psycopg.Connection[dict[str, Any]], worker: str) -> None:
        super().__init__(None, worker, LEASE)  # type: ignore[arg-type]
        self._db = db

    async def rows(self, name: str, **params: Any) -> list[dict[str, Any]]:
        cursor = self._db.execute(query(name).encode(), params)
        return cursor.fetchall() if cursor.description is not None else []


@dataclass
class Held:
    """A claim in a worker's hands: perhaps old, perhaps used."""

    claim: Claim
    store: Store
    is_preparation: bool
    has_intent: bool = False


class PostMachine(RuleBasedStateMachine):
    """Two posts of one account, three workers, one owner who does not wait."""

    claims = Bundle("claims")

    def __init__(self, url: str) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._db = psycopg.connect(url, autocommit=True, row_factory=dict_row)
        self._worker_db = connect(Role.WORKER, url, autocommit=True)
        self._worker_db.row_factory = dict_row
        self._workers = [OneConnection(self._worker_db, f"worker {n}") for n in range(3)]
        self._settled: dict[UUID, dict[str, Any]] = {}

    @initialize()
    def two_posts(self) -> None:
        with psycopg.connect(self._db.info.dsn, autocommit=True) as db:
            owner = make_owner(db)
            account = make_account(db, owner)
            self._user = owner.user_id
            due = utc_now() - timedelta(seconds=1)
            self._posts = [
                make_post(db, owner, account, scheduled_for=due),
                make_post(db, owner, account, scheduled_for=due, requires_approval=True),
            ]

    def teardown(self) -> None:
        if hasattr(self, "_user"):
            self._db.execute("DELETE FROM users WHERE id = %s", (self._user,))
        self._db.close()
        self._worker_db.close()
        self._runner.close()

    # what is there

    def _row(self, post_id: UUID) -> dict[str, Any]:
        row = self._db.execute(
            "SELECT p.*, (lease_expires_at > clock_timestamp()) IS TRUE AS leased, "
            "EXISTS (SELECT 1 FROM publish_attempts t WHERE t.post_id = p.id "
            "AND (t.finished_at IS NULL OR t.outcome = 'in_doubt')) AS has_open_attempt "
            "FROM post_queue p WHERE id = %s",
            (post_id,),
        ).fetchone()
        assert row is not None
        return row

    def _attempts(self, post_id: UUID) -> list[dict[str, Any]]:
        return self._db.execute(
            "SELECT * FROM publish_attempts WHERE post_id = %s ORDER BY attempt_number", (post_id,)
        ).fetchall()

    def _everything(self, post_id: UUID) -> tuple[Any, ...]:
        events = self._db.execute("SELECT count(*) FROM post_events WHERE post_id = %s", (post_id,)).fetchone()
        row = self._row(post_id)
        del row["leased"]
        return row, self._attempts(post_id), events

    def _is_current(self, held: Held) -> bool:
        """Whether this worker is the one who may write."""
        row, claim = self._row(held.claim.id), held.claim
        return (
            row["lease_token"] == claim.lease_token
            and row["lease_owner"] is not None
            and row["content_hash"] == claim.content_hash
            and row["status"] in ("pending", "approved")
        )

    # workers

    def _take(self, claimed: Callable[[], list[Claim]], store: Store, *, is_preparation: bool) -> Any:
        before = {post: self._row(post) for post in self._posts}
        claims = claimed()
        for claim in claims:
            row = before[claim.id]
            assert not row["leased"], "two live leases"
            assert claim.lease_token == row["lease_token"] + 1
            assert row["status"] == "approved" or (row["status"] == "pending" and not row["requires_approval"])
            if is_preparation:
                assert not row["has_open_attempt"]
            else:
                assert (claim.doubtful_since is not None) >= row["has_open_attempt"]
        assert len({claim.id for claim in claims}) == len(claims)
        return multiple(*(Held(claim, store, is_preparation) for claim in claims))

    @rule(target=claims, worker=st.integers(0, 2), batch=st.integers(1, 3))
    def a_worker_claims_what_is_due(self, worker: int, batch: int) -> Any:
        store = self._workers[worker]
        return self._take(
            lambda: self._runner.run(store.claim(batch=batch, ahead=0.5, share=8, missed=86_400)),
            store,
            is_preparation=False,
        )

    @rule(target=claims, worker=st.integers(0, 2))
    def a_worker_claims_what_can_be_prepared(self, worker: int) -> Any:
        store = self._workers[worker]
        ask = store.claim_preparations(batch=2, margin=1.5, ahead=600, platforms=("facebook",), alive=82_800)
        return self._take(lambda: self._runner.run(ask), store, is_preparation=True)

    @rule(held=claims)
    def its_intent_is_written(self, held: Held) -> None:
        if held.is_preparation or held.has_intent or held.claim.doubtful_since or held.claim.platform_state:
            return
        may = self._is_current(held) and self._row(held.claim.id)["leased"]
        assert self._writes(held, held.store.write_intent(held.claim, margin=1.0)) == may
        held.has_intent = may

    @rule(held=claims, data=st.data())
    def what_became_of_it_is_written(self, held: Held, data: st.DataObject) -> None:
        is_current = self._is_current(held)
        ways = self._ways(held)
        how = data.draw(st.sampled_from(sorted(self._possible(held) if is_current else ways)))
        before = self._everything(held.claim.id)
        wrote = self._writes(held, ways[how]())
        assert wrote == is_current, how
        if not wrote:
            assert self._everything(held.claim.id) == before, f"{how} by a worker that has lost its lease"

    @rule(held=claims)
    def an_id_that_is_another_posts_is_not_taken(self, held: Held) -> None:
        other = next(
            (row for p in self._posts if p != held.claim.id and (row := self._row(p))["platform_post_id"]), None
        )
        if other is None or "published" not in self._possible(held):
            return
        before = self._everything(held.claim.id)
        theirs = Published(platform_post_id=other["platform_post_id"])
        assert not self._writes(held, held.store.published(held.claim, theirs, reason="published"))
        assert self._everything(held.claim.id) == before

    @rule(held=claims)
    def a_worker_keeps_its_lease(self, held: Held) -> None:
        row = self._row(held.claim.id)
        is_ours = row["leased"] and row["lease_token"] == held.claim.lease_token
        assert (held.claim.id in self._runner.run(held.store.renew([held.claim]))) == is_ours

    def _writes(self, held: Held, write: Coroutine[Any, Any, Any]) -> bool:
        try:
            self._runner.run(write)
        except LeaseLost:
            return False
        return True

    def _ways(self, held: Held) -> dict[str, Callable[[], Coroutine[Any, Any, Any]]]:
        store, claim = held.store, held.claim
        live = Published(platform_post_id=f"page_{next(_ids)}", permalink="https://example.com/1")
        taken = Published(platform_post_id=claim.platform_post_id or f"page_{next(_ids)}", state="PROCESSING")
        later, refused = TryLater("not now", code="4"), Refused("never", code="100")
        return {
            "published": lambda: store.published(claim, live, reason="published"),
            "processing": lambda: store.processing(claim, taken, delay=0, reason="taken", first=True),
            "failed": lambda: store.failed(claim, "refused", outcome="refused", error=refused),
            "later": lambda: store.later(claim, later, delay=0, outcome="try_later", counts=True),
            "in doubt": lambda: store.in_doubt(claim, "no answer", delay=0, since=claim.doubtful_since),
            "seen absent": lambda: store.in_doubt(
                claim, "not seen", delay=0, since=claim.doubtful_since, seen_absent=True
            ),
            "absent": lambda: store.absent(claim, reason="proved absent"),
            "prepared": lambda: store.prepared(claim),
            "prepare failed": lambda: store.prepare_failed(claim, delay=0),
        }

    @staticmethod
    def _possible(held: Held) -> set[str]:
        """What the publisher can have to say about such a claim."""
        if held.is_preparation:
            return {"prepared", "prepare failed", "failed"}
        if held.claim.platform_state == "PROCESSING":
            return {"published", "processing", "failed"}
        if held.claim.doubtful_since is not None:
            return {"published", "processing", "in doubt", "seen absent", "absent"}
        return {"published", "processing", "in doubt", "failed", "later"} if held.has_intent else {"failed", "later"}

    # time

    @rule(which=st.integers(0, 1))
    def a_lease_runs_out(self, which: int) -> None:
        self._db.execute(
            "UPDATE post_queue SET lease_expires_at = clock_timestamp() - interval '1 ms' "
            "WHERE id = %s AND lease_expires_at IS NOT NULL",
            (self._posts[which],),
        )

    # the owner

    def _owner_does(self, which: int, to: Status | None, act: Callable[[Any, UUID, str], object]) -> None:
        """`to` None = an edit. The owner may do what the state allows, while nobody is at it and nothing is open."""
        post = self._posts[which]
        row = self._row(post)
        before = self._everything(post)
        possible = (
            row["status"] in ("pending", "approved", "failed")
            if to is None
            else can_change(Status(row["status"]), to, requires_approval=row["requires_approval"])
        )
        busy = (
            row["leased"] or row["in_doubt_since"] or row["platform_state"] == "PROCESSING" or row["has_open_attempt"]
        )
        expected: type[PostError] | None = PostBusy if busy else None if possible else ImpossibleChange
        got: type[PostError] | None = None
        try:
            with session(Role.DASHBOARD, tenant=self._user) as db:
                act(db, post, row["content_hash"])
        except PostError as error:
            got = type(error)
        assert got is expected
        if got is not None:
            assert self._everything(post) == before

    @rule(which=st.integers(0, 1))
    def the_owner_approves(self, which: int) -> None:
        self._owner_does(
            which,
            Status.APPROVED,
            lambda db, post, seen: post_status.approve(db, post, seen_hash=seen, actor="owner", now=utc_now()),
        )

    @rule(which=st.integers(0, 1), content=st.sampled_from(("One.", "Two.")))
    def the_owner_edits(self, which: int, content: str) -> None:
        self._owner_does(
            which,
            None,
            lambda db, post, seen: post_status.edit(
                db, post, seen_hash=seen, actor="owner", now=utc_now(), content=content
            ),
        )

    @rule(which=st.integers(0, 1), seconds=st.sampled_from((-1, 300)))
    def the_owner_reschedules(self, which: int, seconds: int) -> None:
        when = utc_now() + timedelta(seconds=seconds)
        self._owner_does(
            which,
            None,
            lambda db, post, seen: post_status.edit(
                db, post, seen_hash=seen, actor="owner", now=utc_now(), scheduled_for=when
            ),
        )

    @rule(which=st.integers(0, 1))
    def the_owner_tries_again(self, which: int) -> None:
        if self._row(self._posts[which])["status"] in ("failed", "published", "rejected"):
            self._owner_does(
                which,
                Status.PENDING,
                lambda db, post, seen: post_status.retry(db, post, actor="owner", now=utc_now()),
            )

    @rule(which=st.just(1), sure=st.integers(0, 9))
    def the_owner_rejects(self, which: int, sure: int) -> None:
        if sure == 0 and self._row(self._posts[which])["status"] != "approved":  # seldom: it ends the life of a post
            self._owner_does(
                which,
                Status.REJECTED,
                lambda db, post, seen: post_status.reject(db, post, reason="no", actor="owner", now=utc_now()),
            )

    # what always holds

    @invariant()
    def every_promise_holds(self) -> None:
        for post in getattr(self, "_posts", ()):
            row = self._row(post)
            self._approval_is_for_exact_content(row)
            self._what_is_published_never_changes(row)
            self._every_change_is_in_the_story(row)
            self._open_attempts_are_in_somebodys_hands(row)

    def _approval_is_for_exact_content(self, row: dict[str, Any]) -> None:
        if row["status"] == "approved" or (row["status"] == "published" and row["requires_approval"]):
            assert row["approved_hash"] == row["content_hash"]

    def _what_is_published_never_changes(self, row: dict[str, Any]) -> None:
        known = self._settled.get(row["id"])
        if known is not None:
            assert {name: row[name] for name in NEVER_CHANGES} == known
        elif row["status"] == "published":
            self._settled[row["id"]] = {name: row[name] for name in NEVER_CHANGES}
        if row["status"] == "published":
            assert row["platform_post_id"]
            assert row["lease_owner"] is None
            assert row["in_doubt_since"] is None

    def _every_change_is_in_the_story(self, row: dict[str, Any]) -> None:
        story = self._db.execute(query("post_story").encode(), {"post_id": row["id"]}).fetchall()
        assert all(line["intact"] for line in story)
        assert story[-1]["to_status"] == row["status"]
        for earlier, later in pairwise(story):
            assert later["from_status"] == earlier["to_status"]
        for line in story[1:]:
            changes = Status(line["from_status"]), Status(line["to_status"])
            assert changes[0] is changes[1] or can_change(*changes, requires_approval=row["requires_approval"])

    def _open_attempts_are_in_somebodys_hands(self, row: dict[str, Any]) -> None:
        attempts = self._attempts(row["id"])
        assert [a["attempt_number"] for a in attempts] == list(range(1, len(attempts) + 1))
        for attempt in attempts:
            if attempt["finished_at"] is None:
                assert row["lease_owner"] is not None, "nobody will look for it"
            if attempt["finished_at"] is None or attempt["outcome"] == "in_doubt":
                assert row["status"] in ("pending", "approved")
                assert attempt["fingerprint"] == row["content_hash"], "changed while it may be live"
            if attempt["outcome"] == "in_doubt":
                assert row["in_doubt_since"] is not None


def test_no_order_of_events_breaks_the_life_of_a_post(database_url: str) -> None:
    class Here(PostMachine):
        def __init__(self) -> None:
            super().__init__(database_url)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=15,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.generate,),  # shrinking takes minutes: by hand, with Phase.shrink
            suppress_health_check=list(HealthCheck),
        ),
    )
