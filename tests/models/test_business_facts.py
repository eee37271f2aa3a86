"""Facts and reviews: which review is next, and what the gates may know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from models.business import Business
from models.business_facts import REVIEW_RESTS, Review, free_reviews, gate_context

NOW = datetime(2026, 11, 22, 22, tzinfo=UTC)


def _review(days_ago: float | None, number: int = 0) -> Review:
    used = None if days_ago is None else NOW - timedelta(days=days_ago)
    return Review(id=UUID(int=number), text=f"Kind words, number {number}.", used_at=used)


def test_the_review_that_rested_longest_is_next_and_unused_ones_come_first() -> None:
    given = [_review(100, 1), _review(None, 2), _review(200, 3), _review(None, 4), _review(90, 5)]
    assert [review.id.int for review in free_reviews(given, NOW)] == [2, 4, 3, 1, 5]


def test_a_review_rests_after_its_post_and_before_it() -> None:
    assert free_reviews([_review(89.9, 1), _review(0, 2), _review(-6, 3)], NOW) == []


@given(st.lists(st.one_of(st.none(), st.floats(-30, 400))))
def test_whatever_is_free_has_rested(days: list[float | None]) -> None:
    reviews = [_review(ago, number) for number, ago in enumerate(days)]
    free = free_reviews(reviews, NOW)
    assert all(review.used_at is None or review.used_at <= NOW - REVIEW_RESTS for review in free)
    assert len(free) + sum(ago is not None and ago < 90 for ago in days) == len(days)
    used = [review.used_at for review in free if review.used_at is not None]
    assert used == sorted(used)


def test_the_gates_know_what_the_owner_stated_and_nothing_else() -> None:
    business = Business(
        user_id=uuid4(),
        name="Hill Plumbing",
        type="plumber",
        location_city="Austin",
        location_state="Texas",
        description="Two brothers and a van.",
        website="https://hill.example",
        brand_voice="licensed and insured",  # a voice is not a statement
    )
    context = gate_context(
        business,
        facts=["Drain cleaning from $89.", "We answer until eight in the evening."],
        reviews=[
            Review(id=uuid4(), text="They came on a Sunday.", author="Maria G."),
            Review(id=uuid4(), text="Thanks!"),
        ],
        avoid_keywords=["cheap"],
        hashtag_cap=4,
        own_texts=["Ours."],
        neighbours_texts=["Theirs."],
    )
    assert context.stated == (
        "Two brothers and a van.",
        "Drain cleaning from $89.",
        "We answer until eight in the evening.",
        "Maria G.",
    )
    assert context.reviews == ("They came on a Sunday.", "Thanks!")
    assert (context.business_name, context.business_type, context.website) == (
        "Hill Plumbing",
        "plumber",
        "https://hill.example",
    )
    assert (context.city, context.state) == ("Austin", "TX")
    assert (context.avoid_keywords, context.hashtag_cap) == (("cheap",), 4)
    assert (context.own_texts, context.neighbours_texts) == (("Ours.",), ("Theirs.",))


def test_of_a_bare_business_the_gates_know_its_name_and_trade() -> None:
    bare = Business(user_id=uuid4(), name="Ann's", type="bakery")
    context = gate_context(bare, facts=[], reviews=[], avoid_keywords=[], hashtag_cap=5)
    assert (context.stated, context.city, context.state, context.website, context.reviews) == ((), "", "", "", ())
