"""Places, trades and national names: the owner's own, and what is only told about, pass."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given

from models.gates import Draft, GateContext
from models.gates.wrong_place_or_trade import wrong_place_or_trade
from models.trades import GENERIC, trades
from tests.models.gates.labelled import Labelled, labelled, passes_as_labelled, with_invisible


def _places() -> dict[str, Any]:
    return tomllib.loads(files("models.gates").joinpath("places.toml").read_text(encoding="utf-8"))


TOWNS = [(town, state) for state, towns in _places()["towns"].items() for town in towns]


def _reason(text: str, *tags: str, **context: Any) -> str:
    known = {"business_name": "Ana & Sons", "business_type": "plumber", "city": "Austin", "state": "TX", **context}
    return wrong_place_or_trade(Draft(platform="instagram", text=text, hashtags=tags), GateContext(**known)).reason


@pytest.mark.parametrize("entry", labelled("wrong_place_or_trade"), ids=str)
def test_labelled(entry: Labelled) -> None:
    passes_as_labelled(wrong_place_or_trade, entry)


@given(entry=with_invisible("wrong_place_or_trade"))
def test_an_invisible_sign_lets_nothing_pass(entry: Labelled) -> None:
    assert not wrong_place_or_trade(entry.draft, entry.context).ok


SENTENCES = [
    "Serving {town} and the towns around it.",
    "Your plumber in {town}, {state} is a message away.",
    "Mind your hoses tonight. Homeowners in {town} know why.",
]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_town_is_known_as_ours_or_not(sentence: str) -> None:
    """All of the list: refused for an owner elsewhere, allowed to its own and to who stated it."""
    for town, state in TOWNS:
        text = sentence.format(town=town, state=state)
        if town != "Austin":
            assert _reason(text), text
            stated = (f"We are happy to come to {town}, {state} as well.",)
            assert not _reason(text, stated=stated), text
        assert not _reason(text, city=town, state=state), text


@pytest.mark.parametrize("town", ["Dallas", "San Antonio", "Fort Worth", "Chicago", "Salt Lake City", "St. Louis"])
def test_hashtags_name_towns_too(town: str) -> None:
    joined = town.replace(" ", "").replace(".", "")
    for tag in (joined, joined.lower(), f"{joined}Plumber", f"{joined.lower()}homes", f"best{joined.lower()}"):
        assert _reason("Mind your hoses.", tag), tag
        assert _reason(f"Mind your hoses. #{tag}"), tag
        assert not _reason("Mind your hoses.", tag, city=town), tag


@pytest.mark.parametrize("tag", ["AustinTX", "texasplumber", "temperature", "mainevent", "plumbing", "drainedpool"])
def test_hashtags_that_name_no_other_town(tag: str) -> None:
    assert _reason("Mind your hoses.", tag) == ""


def test_an_owner_without_a_town_has_none_to_name() -> None:
    reason = _reason("Homeowners in Austin, mind your hoses.", city="", state="")
    assert reason == "speaks of 'Austin' as the business's own place; the owner stated none: name no place"
    assert _reason("Mind your hoses, neighbors.", city="", state="") == ""


def test_a_state_may_be_a_word_or_a_code() -> None:
    for state in ("TX", "tx", "Texas", "texas"):
        assert _reason("Austin, Texas, we are on our way. Texas winters are short.", state=state) == ""
        assert "Ohio" in _reason("Ohio winters are long.", state=state)


def test_the_reason_names_the_place_and_the_home() -> None:
    assert _reason("Hello, Dallas!") == (
        "speaks of 'Dallas' as the business's own place; it is in Austin, TX: name that, or no place"
    )


WORK = [
    ("plumber", "We unclog your drains."),
    ("electrician", "Book your panel upgrade with us."),
    ("roofer", "We replace shingles after the storm."),
    ("hvac", "Schedule a furnace tune-up."),
    ("landscaper", "We mow your lawn every week."),
    ("painter", "Our crew paints kitchen cabinets."),
    ("house cleaning", "We shampoo carpets on Fridays."),
    ("bakery", "Order your birthday cake from us."),
    ("dentist", "Call us for teeth whitening."),
    ("hair salon", "We do balayage on Tuesdays."),
    ("auto repair", "Book an oil change."),
    ("florist", "We tie bridal bouquets."),
    ("gym", "Join our gym today."),
    ("pest control", "We treat homes for termites."),
    ("locksmith", "We rekey your locks."),
    ("accountant", "Let us prepare your tax return."),
    ("veterinarian", "Book your dog vaccinations with us."),
    ("lawyer", "We handle custody cases."),
    ("realtor", "List your home with us. We sell your home."),
    ("moving company", "We pack your boxes and move your furniture."),
    ("chiropractor", "Book your spinal adjustment with us."),
    ("pool service", "We clean your pool."),
    ("garage door company", "We repair garage doors."),
    ("appliance repair", "We fix dishwashers."),
    ("window company", "We install replacement windows."),
    ("flooring", "We refinish hardwood floors."),
    ("insurance agency", "Call us for insurance quotes."),
    ("photographer", "Book your family portraits."),
]


@pytest.mark.parametrize(("kind", "work"), WORK)
def test_each_trade_may_offer_its_work_and_a_bookshop_may_not(kind: str, work: str) -> None:
    assert _reason(work, business_type=kind) == ""
    assert "not this business's trade (bookshop)" in _reason(work, business_type="bookshop")
    assert _reason(work, business_type="bookshop", stated=(f"We are also a {kind}.",)) == ""
    assert _reason(work, business_type="") == ""  # nothing is known of this owner


def test_a_handyman_does_much_but_not_everything() -> None:
    assert _reason("We clear drains and hang gutters.", business_type="handyman") == ""
    assert "root canal" in _reason("We do a root canal while you wait.", business_type="handyman")


@pytest.mark.parametrize("kind", [kind for kind in trades() if kind != GENERIC])
def test_every_trade_of_ours_is_known(kind: str) -> None:
    """Its own ready texts, offered as boldly as can be, are its own work."""
    for text in (*trades()[kind].posts["tip"], *trades()[kind].posts["promotion"]):
        ready = text.format(business_name="Ana & Sons", city="Austin", state="Texas", noun="", work="")
        assert _reason(f"We do that. Call us. {ready}", business_type=kind) == "", ready


def test_national_names_in_any_spelling() -> None:
    for name in (
        "Roto-Rooter",
        "RotoRooter",
        "ROTO ROOTER",
        "Roto Rooter's",
        "Home Depot",
        "#HomeDepot",
        "Lowe’s",
        "Lowes",
    ):
        assert _reason(f"Better than {name}, we think."), name
        assert _reason(f"Better than {name}, we think.", business_name=f"{name} of Austin") == "", name


def test_a_review_may_name_where_it_comes_from() -> None:
    review = "Quicker than the Home Depot people. - Robert, Round Rock"
    assert _reason(f"We liked to hear this: {review}")
    assert _reason(f"We liked to hear this: {review}", reviews=(review,)) == ""


def test_shops_whose_names_are_words() -> None:
    assert _reason("You can find that filter at Target.")
    assert _reason("Our target is a dry cellar. Target one thing at a time.") == ""
