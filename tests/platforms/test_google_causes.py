"""What in a rejected post is told to its owner."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platforms.google_causes import USUAL, probable_causes, told

GOOD = [
    "Open on 2026-11-22 from 09:00 to 17:00.",
    "Only $1,299.00 until 11/30/2026.",
    "Order 20261122-001 is the 10,000th.",
    "Call us, we are open 24/7!",
    "We serve 78701, 78702 and 78703.",
    "HVAC and AC units, FREE quote.",
    "Great work!! Really?!",
    "Nail guns and caulking guns for every job.",
]


@pytest.mark.parametrize("text", GOOD)
def test_ordinary_words_are_no_cause(text: str) -> None:
    assert probable_causes({"summary": text}) == []
    assert told({"summary": text}) == f"No reason is given; the usual ones are {USUAL}."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Call 512-555-0143 today", "the text contains a phone number (512-555-0143)"),
        ("(512) 555 0143", "the text contains a phone number ((512) 555 0143)"),
        ("Ring +49 30 1234567", "the text contains a phone number (+49 30 1234567)"),
        ("512\u2011555\u20110143", "the text contains a phone number"),
        ("5125550143", "the text contains a phone number (5125550143)"),
        ("Write to bob@rossi.example", "the text contains an e-mail address (bob@rossi.example)"),
        ("A free beer with every repair", 'the text contains "beer"'),
        ("Now with CBD", 'the text contains "CBD"'),
        ("CALL NOW BEFORE WINTER COMES", "the text is written in capital letters"),
        ("Great offer!!!!", 'the text repeats a sign ("!!!!")'),
    ],
)
def test_what_google_is_known_to_refuse_is_named(text: str, found: str) -> None:
    (cause,) = probable_causes({"summary": text})
    assert cause.startswith(found)
    assert found in told({"summary": text})


def test_every_text_that_people_read_is_looked_at() -> None:
    post = {
        "summary": "Come by.",
        "event": {"title": "Ring 512-555-0143"},
        "offer": {"couponCode": "BEER", "termsConditions": "Ask bob@rossi.example"},
    }
    causes = probable_causes(post)
    assert [cause.split(" contains ")[0] for cause in causes] == ["the title", "the coupon code", "the terms"]


@pytest.mark.parametrize("key", ["sourceUrl", "googleUrl"])
def test_a_picture_is_named_after_what_the_words_say(key: str) -> None:
    post = {"summary": "Call 512-555-0143", "media": [{"mediaFormat": "PHOTO", key: "https://a.example/1.jpg"}]}
    words, picture = probable_causes(post)
    assert "phone number" in words
    assert picture.startswith("the picture (https://a.example/1.jpg) could not be loaded, or is smaller than 250 x 250")
    sentence = told(post)
    assert sentence.index("phone number") < sentence.index("picture") < sentence.index("suspended")


def test_the_same_words_twice_are_told_once() -> None:
    assert len(probable_causes({"summary": "beer beer beer"})) == 1


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda leaf: st.lists(leaf) | st.dictionaries(st.text(), leaf),
)


@given(summary=ODD, event=ODD, offer=ODD, media=ODD)
def test_whatever_google_answers_something_is_told(summary: Any, event: Any, offer: Any, media: Any) -> None:
    post = {"summary": summary, "event": event, "offer": offer, "media": media}
    assert told(post).startswith("No reason is given;")
    assert told(post).endswith(".")
