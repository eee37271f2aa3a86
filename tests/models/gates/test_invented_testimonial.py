"""No invented testimonial: real words word for word, or nobody's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.gates import Draft, GateContext
from models.gates.invented_testimonial import invented_testimonial
from tests.models.gates.labelled import Labelled, labelled, passes_as_labelled, with_invisible

REVIEW = "They came on Sunday, fixed the heater and left the kitchen clean. I would not want anybody else! - Anna P."
WORDS = REVIEW.partition(" - ")[0].split()


def _reason(text: str, *reviews: str, theme: str = "") -> str:
    draft = Draft(platform="facebook", text=text)
    return invented_testimonial(draft, GateContext(reviews=reviews, theme=theme, business_name="Hill & Sons")).reason


@pytest.mark.parametrize("entry", labelled("invented_testimonial"), ids=str)
def test_labelled(entry: Labelled) -> None:
    passes_as_labelled(invented_testimonial, entry)


@given(start=st.integers(0, 10), length=st.integers(3, 12))
def test_any_cut_of_a_real_review_passes(start: int, length: int) -> None:
    said = " ".join(WORDS[start : start + length])
    if not said.startswith(("want", "anybody", "else")):  # behind the "not"
        assert _reason(f"\u201c{said}\u201d", REVIEW, theme="testimonial") == ""


@given(at=st.integers(0, len(WORDS) - 1), word=st.sampled_from(["really", "always", "best", "quick", "my"]))
def test_a_changed_word_never_passes(at: int, word: str) -> None:
    said = " ".join((*WORDS[:at], word, *WORDS[at + 1 :]))
    assert _reason(f"\u201c{said}\u201d", REVIEW, theme="testimonial") != ""
    assert _reason(f"\u201c{said}\u201d \u2013 Anna P.", REVIEW) != ""


def test_a_review_that_names_the_business_passes() -> None:
    assert (
        _reason("\u201cHill & Sons saved our party.\u201d", "Hill & Sons saved our party. - Jo", theme="testimonial")
        == ""
    )


def test_a_cut_may_not_turn_the_meaning() -> None:
    assert "no review" in _reason("\u201cwant anybody else!\u201d says Anna P.", REVIEW)


@pytest.mark.parametrize(
    ("author", "passes"),
    [
        ("Anna P.", True),
        ("Anna", True),
        ("a customer", True),
        ("Google review", True),
        ("Anna Peters", False),
        ("Tom", False),
    ],
)
def test_an_author_is_named_as_given(author: str, passes: bool) -> None:
    said = f"\u201cThey came on Sunday, fixed the heater and left the kitchen clean.\u201d\n\u2013 {author}"
    assert (_reason(said, REVIEW, theme="testimonial") == "") is passes


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("\u201cThey saved our party!\u201d \u2013 Jo", "quote one word for word, or nobody"),
        ("Our customers love the new tiles.", "speaks for customers: leave it out"),
        ("Leave us a great review!", "ask for honest reviews"),
        ("A good week to all of you.", "kindly ask customers for an honest review"),
    ],
)
def test_the_reason_says_what_to_change(text: str, advice: str) -> None:
    assert advice in _reason(text, theme="testimonial")


@given(entry=with_invisible("invented_testimonial"))
def test_an_invisible_sign_lets_nothing_pass(entry: Labelled) -> None:
    assert not invented_testimonial(entry.draft, entry.context).ok
