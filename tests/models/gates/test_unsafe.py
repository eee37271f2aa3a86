"""Unsafe: words in any disguise, dangerous acts unless warned of or done by who learnt it, impossible promises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.gates import Draft, GateContext
from models.gates.unsafe import unsafe
from models.gates.unsafe_rules import forms
from tests.models.gates.labelled import Labelled, labelled, passes_as_labelled, with_invisible


def _reason(text: str, *tags: str, name: str = "") -> str:
    return unsafe(Draft(platform="instagram", text=text, hashtags=tags), GateContext(business_name=name)).reason


@pytest.mark.parametrize("entry", labelled("unsafe"), ids=str)
def test_labelled(entry: Labelled) -> None:
    passes_as_labelled(unsafe, entry)


@given(entry=with_invisible("unsafe"))
def test_an_invisible_sign_lets_nothing_pass(entry: Labelled) -> None:
    assert not unsafe(entry.draft, entry.context).ok


LOOKS = {"a": "4@аɑ", "e": "3еε", "i": "1!іı", "o": "0оο", "s": "5$ѕ", "t": "7", "c": "с", "u": "υ", "h": "һ"}


@given(word=st.sampled_from(["shit", "bitch", "asshole", "bullshit", "fucking", "bastard", "idiots"]), data=st.data())
def test_no_disguise_helps(word: str, data: st.DataObject) -> None:
    """Letters changed, repeated or set apart, in any case; at least two letters stay what they are."""
    places = data.draw(st.lists(st.integers(0, len(word) - 1), max_size=len(word) - 3, unique=True))
    letters = [
        data.draw(st.sampled_from(LOOKS.get(letter, letter.upper()))) if at in places else letter
        for at, letter in enumerate(word)
    ]
    match data.draw(st.sampled_from(["as it is", "apart", "repeated", "upper"])):
        case "apart":
            written = data.draw(st.sampled_from(" .-_")).join(word)
        case "repeated":
            at = data.draw(st.integers(0, len(word) - 1))
            written = word[:at] + word[at] * data.draw(st.integers(3, 6)) + word[at + 1 :]
        case "upper":
            written = word.upper()
        case _:
            written = "".join(letters)
    assert _reason(f"What a {written} of a week, neighbors.") != "", written


@pytest.mark.parametrize("word", ["sh*t", "f**k", "f***ing"[:4], "b*tch", "$hit", "a$$", "@sshole", "s_h_i_t", "ѕһіт"])
def test_stars_and_signs_do_not_help(word: str) -> None:
    assert _reason(f"What a {word} week.") != "", word


@pytest.mark.parametrize(
    "text",
    [
        "A grass-fed assessment of class, by the shitake stand in Scunthorpe, Sussex.",
        "Size 55 nuts, B12 bolts, a 4x4 and an A/C unit: 5 of each.",
        "The analyst's cocktail, a Hancock cockpit and a peacock.",
        "W h a t a d a y. D I Y or not, A S A P is a long time.",
        "Save $$ and time with *fresh* filters!!! Really*",
    ],
)
def test_what_only_looks_like_a_coarse_word_passes(text: str) -> None:
    assert _reason(text) == ""


def test_hashtags_are_read_too() -> None:
    assert _reason("New week.", "ShitHappens")
    assert _reason("New week.", "soshithappens")
    assert _reason("New week #whatabitch")
    assert _reason("New week.", "shiitake", "ClassAct", "grass") == ""


def test_the_business_may_be_called_what_it_is_called() -> None:
    assert _reason("Badass Burgers has a new bun. Come to Badass Burgers!", name="Badass Burgers") == ""
    assert _reason("Badass Burgers has a new bun.", name="Corner Grill")
    assert _reason("Badass Burgers, the badass way.", name="Badass Burgers")


ACTS = [
    "open the breaker panel",
    "relight the gas line",
    "mix bleach and ammonia",
    "climb on the roof",
    "bypass the safety switch",
    "thaw the frozen pipe with a torch",
    "adjust the torsion spring",
    "run the generator in the garage",
    "stop taking your medication",
    "pour gasoline into the nest",
    "thaw the turkey on the counter",
    "take the battery out of the smoke detector",
]
TOLD = [
    "{Act}.",
    "You can {act} yourself.",
    "Just {act}, it is easy.",
    "This weekend, {act} and save a visit.",
    "Don't call anybody: {act}.",
    "Never mind what they say, {act}.",
    "Why not {act}?",
    "If you are handy, {act}.",
    "First, {act}. Then have a coffee.",
]
WARNED = [
    "Never {act}.",
    "Please do not {act}.",
    "Don't {act} yourself, call us.",
    "Never, ever {act}.",
    "Don't be a hero, and never {act} or lean out of a window.",
    "You should not {act}.",
    "Nobody should {act} alone.",
    "Resist the urge to {act}.",
    "Instead of trying to {act}, call us.",
]
DONE = ["Our crew will {act} for you.", "Let a licensed technician {act}.", "We {act} so that you do not have to."]
ONLY_WARNED = {"stop taking your medication", "thaw the turkey on the counter", "pour gasoline into the nest"}


@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_advice_when_it_is_told(act: str) -> None:
    assert [form for form in TOLD if not _reason(form.format(act=act, Act=act.capitalize()))] == []


@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_none_when_it_is_warned_of_or_done_by_a_professional(act: str) -> None:
    forms = WARNED if act in ONLY_WARNED else [*WARNED, *DONE]
    assert [form for form in forms if _reason(form.format(act=act))] == []


@pytest.mark.parametrize(
    ("verb", "told"),
    [
        ("open", ["open", "opening", "opened"]),
        ("remove", ["remove", "removing", "removed"]),
        ("cut", ["cut", "cutting", "cutted"]),
        ("take off", ["take off", "taking off", "taked off"]),
        ("throw in", ["throw in", "throwing in", "throwed in"]),
    ],
)
def test_forms_of_an_act(verb: str, told: list[str]) -> None:
    assert forms(verb) == told


def test_promises_denied_are_none() -> None:
    assert _reason("We will win your case.")
    assert _reason("Nobody can promise that you will win your case.") == ""
    assert _reason("Our massage cures migraines.")
    assert _reason("A massage does not cure migraines.") == ""


def test_the_reason_says_what_to_change() -> None:
    assert _reason("That is shit.") == "coarse language ('shit') has no place in a post"
    assert _reason("Climb on the roof.") == (
        "advice that can hurt somebody: a roof is for those who are secured; "
        "warn of it or say that a professional does it"
    )
    assert _reason("You will win your case.") == (
        "a legal promise ('you will win your case'): nobody can promise that; say what you do, not what will come of it"
    )
