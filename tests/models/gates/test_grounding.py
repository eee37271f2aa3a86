"""Grounding: what the owner did not state is not said, and what they stated may be said in other words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.gates import Draft, GateContext
from models.gates.grounding import grounding
from tests.models.gates.labelled import Labelled, labelled, passes_as_labelled, with_invisible

BASE = "Check the hose before the first frost, and let the tap run for a minute."
WORDS = BASE.split()


def _reason(text: str, *stated: str, **context: str) -> str:
    return grounding(Draft(platform="facebook", text=text), GateContext(stated=stated, **context)).reason  # type: ignore[arg-type]


@pytest.mark.parametrize("entry", labelled("grounding"), ids=str)
def test_labelled(entry: Labelled) -> None:
    passes_as_labelled(grounding, entry)


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ("Drain cleaning for $89", "Eighty-nine dollars for a drain cleaning."),
        ("Drain cleaning for $89", "A drain cleaning is 89 bucks."),
        ("Tune-ups from $1,200.00", "It costs $1200."),
        ("10% off for seniors", "Seniors get ten percent off."),
        ("Since 1998", "We opened in nineteen ninety-eight."),
        ("Over 25 years of experience", "We have done this for 25 years."),
        ("Twenty years in business", "Two decades in business!"),
        ("Licensed and insured", "We are insured and licenced."),
        ("Family owned", "A family-run business."),
        ("24/7", "We come around the clock."),
        ("Free estimates", "We write you a free quote."),
        ("We offer complimentary inspections", "Free roof inspections."),
        ("Call 512-555-0134", "Call (512) 555 0134."),
        ("Call 512-555-0134", "Call 555-0134."),
        ("We are at 12 Oak Street", "Find us: 12 Oak St."),
        ("Mon-Fri 8am-5pm, open on Saturdays", "Open on Tuesday from 8 to 5."),
        ("5 year guarantee", "A five-year guarantee on our work."),
        ("5 year guarantee", "We guarantee it."),
        ("Lifetime warranty", "Our work has a warranty."),
        ("Marta runs the shop", "Ask for Marta."),
        ("Best of Austin 2024", "Our award: best of Austin 2024."),
        ("Mail: office@hill.com", "Write to office@hill.com."),
    ],
)
def test_what_the_owner_stated_may_be_said(stated: str, said: str) -> None:
    assert _reason(said, stated, city="Austin") == ""
    assert _reason(said, city="Austin") != ""


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ("Drain cleaning for $89", "Drain cleaning for $79."),
        ("Drain cleaning for $89", "Drain cleaning for $89 to $120."),
        ("10% off for seniors", "15% off for seniors."),
        ("Since 1998", "Since 1988."),
        ("12 years in business", "20 years in business."),
        ("Licensed", "Licensed and insured."),
        ("Free estimates", "Free delivery."),
        ("5 year guarantee", "A ten-year guarantee."),
        ("5 year guarantee", "A lifetime guarantee."),
        ("Call 512-555-0134", "Call 737-555-0134."),
        ("Mon-Fri 8am-5pm", "Open on Saturday from 8 to 5."),
        ("Open until 5pm", "We are open until 6pm."),
        ("Marta runs the shop", "Ask for Mike."),
        ("We are not licensed for gas", "We are licensed."),
        ("We do not offer free estimates", "Free estimates!"),
        ("hill.com", "Book at hill.com/book"),
    ],
)
def test_a_stated_fact_allows_no_other(stated: str, said: str) -> None:
    assert _reason(said, stated) != ""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("A+ Electric", "A+ Electric wishes you a calm week."),
        ("Five Star Painting", "Thank you for reading, Five Star Painting"),
        ("Mike's Plumbing", "Mike's Plumbing is on its way."),
        ("24/7 Locksmith", "24/7 Locksmith likes brass."),
    ],
)
def test_a_name_promises_nothing(name: str, said: str) -> None:
    assert _reason(said, business_name=name) == ""


def test_only_a_name_is_no_statement() -> None:
    assert _reason("Our five star service is here.", business_name="Hill & Sons") != ""


def test_a_real_reviews_words_pass_as_they_are() -> None:
    review = "Mike was here the same day. Best plumber in Austin! - Jo"
    said = "\u201cBest plumber in Austin!\u201d \u2013 Jo"
    draft = Draft(platform="facebook", text=said)
    assert grounding(draft, GateContext(reviews=(review,), city="Austin")).ok
    assert not grounding(draft, GateContext(city="Austin")).ok
    changed = Draft(platform="facebook", text="\u201cBest plumber in all of Austin!\u201d")
    assert not grounding(changed, GateContext(reviews=(review,), city="Austin")).ok


def test_the_reason_names_every_claim_at_once() -> None:
    reason = _reason("Only $49! Call 512-555-0134, we are licensed.")
    assert reason.startswith("leave out what the owner did not state: ")
    assert all(part in reason for part in ("price '$49'", "phone number '512-555-0134'", "licence 'licensed'"))


@pytest.mark.parametrize(
    "tag", ["FreeEstimates", "freeestimates", "LicensedAndInsured", "VotedBest", "24/7", "toprated"]
)
def test_hashtags_claim_too(tag: str) -> None:
    assert not grounding(Draft(platform="instagram", text=BASE, hashtags=(tag,)), GateContext()).ok


@pytest.mark.parametrize("tag", ["AustinPlumber", "freshbread", "GlutenFree", "BestFriends", "salesman", "votes"])
def test_ordinary_hashtags_pass(tag: str) -> None:
    assert grounding(Draft(platform="instagram", text=BASE, hashtags=(tag,)), GateContext()).ok


def test_a_stated_hashtag_passes() -> None:
    draft = Draft(platform="instagram", text=BASE, hashtags=("licensedandinsured", "FreeEstimates"))
    assert grounding(draft, GateContext(stated=("Licensed and insured. Free estimates.",))).ok


def _cased(dice: int, text: str) -> str:
    return "".join(c.upper() if dice >> at % 16 & 1 else c.lower() for at, c in enumerate(text))


def _inserted(what: str, at: int) -> str:
    return " ".join((*WORDS[:at], what, *WORDS[at:]))


anywhere = st.integers(0, len(WORDS))
any_case = st.integers(0, 2**16 - 1)
gap = st.sampled_from(["", " ", "  ", "\u00a0", "\u2009"])
prices = st.builds(
    lambda amount, cents, space, shape: shape.format(f"{amount:,}{cents}", space),
    st.integers(1, 9999),
    st.sampled_from(["", ".99", ".00"]),
    gap,
    st.sampled_from(["${1}{0}", "{0}{1}dollars", "{0}{1}bucks", "usd{1} {0}", "{0}{1}$", "\uff04{1}{0}", "\u20ac{0}"]),
)
phones = st.builds(
    lambda area, first, last, dash, shape: shape.format(area, first, f"{last:04}", dash),
    st.integers(201, 989),
    st.integers(200, 999),
    st.integers(0, 9999),
    st.sampled_from(["-", " ", ".", " - ", "\u2013", "\u00a0"]),
    st.sampled_from(["{0}{3}{1}{3}{2}", "({0}) {1}{3}{2}", "+1 {0}{3}{1}{3}{2}", "1{3}{0}{3}{1}{3}{2}"]),
)
links = st.builds(
    lambda label, ending, shape: shape.format(label, ending),
    st.from_regex(r"[a-z]{3,12}", fullmatch=True),
    st.sampled_from(["com", "net", "org", "info", "biz", "shop", "co"]),
    st.sampled_from(
        [
            "https://{0}.{1}",
            "http://www.{0}.{1}/x",
            "www.{0}.{1}",
            "{0}.{1}",
            "{0}.{1}/deals",
            "{0} dot {1}",
            "{0} (dot) {1}",
        ]
    ),
)


@given(claim=st.one_of(prices, phones, links), at=anywhere, dice=any_case)
def test_an_inserted_price_phone_or_link_is_always_refused(claim: str, at: int, dice: int) -> None:
    text = _inserted(_cased(dice, claim), at)
    assert _reason(text, "We know every hose by its first name") != "", text


@given(entry=with_invisible("grounding"))
def test_an_invisible_sign_lets_nothing_pass(entry: Labelled) -> None:
    assert not grounding(entry.draft, entry.context).ok
