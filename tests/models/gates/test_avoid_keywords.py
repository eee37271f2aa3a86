"""Words to avoid: whole words in any case and simple inflection, nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given

from models.gates import Draft, GateContext
from models.gates.avoid_keywords import avoid_keywords, contains_keyword
from tests.models.gates.labelled import Labelled, labelled, passes_as_labelled, with_invisible

STOPPED = [
    ("discount", "A discount for you"),
    ("discount", "DISCOUNTS all week"),
    ("discount", "discounted rates"),
    ("discount", "We are discounting"),
    ("Discounts", "one discount"),
    ("cheap", "Cheap!"),
    ("cheap", "cheaper than you think"),
    ("cheap", "the cheapest"),
    ("cheap price", "our cheap prices"),
    ("cheap price", "a cheap-price week"),
    ("price", "pricing explained"),
    ("pricing", "the price is right"),
    ("guarantee", "guaranteed"),
    ("guarantee", "we're guaranteeing it"),
    ("guarantees", "guaranteed"),
    ("emergency", "emergencies happen"),
    ("warranty", "warranties"),
    ("stop", "stopped, stopping"),
    ("plan", "we planned it"),
    ("carry", "carried"),
    ("best", "the best in town"),
    ("box", "boxes"),
    ("24/7", "open 24/7!"),
    ("#1", "the #1 choice"),
    ("100%", "100% sure"),
    ("%", "20 % off"),
    ("free estimate", "Free\n estimates today"),
    ("free estimate", "free, estimate"),
    ("plumber", "your plumber's van"),
    ("plumber", "your plumber’s van"),
    ("don't wait", "Don't wait"),
    ("café", "our CAFE"),
    ("cafe", "our café"),
    ("sale", "\uff33\uff21\uff2c\uff25"),
    ("sale", "sa\u200ble now"),
    ("sale", "sa\u00adle now"),
    ("  Sale ", "a sale"),
    ("mold", "#mold in the attic"),
    ("cheap", "save #CheapPlumbing"),
    ("rabatt", "Rabatt"),
    ("🔥", "hot 🔥 offer"),
]
PASSED = [
    ("discount", "We count on you"),
    ("off", "we offer help, officially"),
    ("off", "a good office"),
    ("art", "start of the party"),
    ("cheap price", "cheap talk about a price"),
    ("free estimate", "estimate, free of stress"),
    ("sale", "salesman"),
    ("ale", "on sale"),
    ("rain", "drain cleaning and training"),
    ("24/7", "1924/7 or 24/75"),
    ("#1", "#10 and #12"),
    ("1", "10 reasons, 21 days"),
    ("ring", "a string of springs"),
    ("be", "best beginnings"),
    ("spring", "sprinkler"),
    ("bus", "business as usual"),
    ("pass", "past the pasta"),
    ("hi", "this thing"),
    ("", "anything"),
    ("   ", "anything"),
    ("not here", "nothing"),
]


@pytest.mark.parametrize(("keyword", "text"), STOPPED)
def test_stops(keyword: str, text: str) -> None:
    assert contains_keyword(Draft(platform="facebook", text=text), keyword)


@pytest.mark.parametrize(("keyword", "text"), PASSED)
def test_lets_pass(keyword: str, text: str) -> None:
    assert not contains_keyword(Draft(platform="facebook", text=text), keyword)


@pytest.mark.parametrize(
    ("keyword", "tag", "stopped"),
    [
        ("cheap", "CheapPlumber", True),
        ("cheap", "cheapplumber", True),
        ("discount", "plumbingdiscounts", True),
        ("free estimate", "FreeEstimates", True),
        ("free estimate", "freeestimate", True),
        ("sale", "Sales", True),
        ("rain", "raining", True),
        ("art", "StartNow", False),
        ("ale", "wholesale", False),
        ("count", "AustinPlumber", False),
    ],
)
def test_reads_hashtags_in_their_parts(keyword: str, tag: str, stopped: bool) -> None:
    assert contains_keyword(Draft(platform="instagram", text="Hello", hashtags=(tag,)), keyword) is stopped


@pytest.mark.parametrize("entry", labelled("avoid_keywords"), ids=str)
def test_labelled(entry: Labelled) -> None:
    passes_as_labelled(avoid_keywords, entry)


@given(entry=with_invisible("avoid_keywords"))
def test_an_invisible_sign_lets_nothing_pass(entry: Labelled) -> None:
    assert not avoid_keywords(entry.draft, entry.context).ok


@pytest.mark.parametrize("keyword", ["corners", "showers", "Flowers", "numbers"])
def test_a_word_that_only_looks_like_a_form_has_forms_of_its_own(keyword: str) -> None:
    assert contains_keyword(Draft(platform="facebook", text=f"One {keyword[:-1]}, please"), keyword)


def test_the_reason_names_the_owners_word() -> None:
    draft = Draft(platform="facebook", text="Our best deals")
    verdict = avoid_keywords(draft, GateContext(avoid_keywords=("cheap", " Deal ")))
    assert (verdict.gate, verdict.ok, verdict.reason) == ("avoid_keywords", False, "the owner does not want 'Deal'")


def test_without_a_list_everything_passes() -> None:
    assert avoid_keywords(Draft(platform="facebook", text="Anything"), GateContext()).ok
