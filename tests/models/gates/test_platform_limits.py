"""Platform limits: what each platform takes, at the border and one beyond it."""

from __future__ import annotations

import pytest
from hypothesis import given

from models.gates import GATES, LIMITS, Draft, GateContext, needs_picture, objection, run_gates
from models.gates.platform_limits import count_hashtags, has_phone_number, platform_limits
from tests.models.gates.labelled import Labelled, labelled, passes_as_labelled, with_invisible

CONTEXT = GateContext(hashtag_cap=5)
LETTERS = "Ä"


def _reason(platform: str, text: str, *hashtags: str, cap: int = 5) -> str:
    return platform_limits(Draft(platform=platform, text=text, hashtags=hashtags), GateContext(hashtag_cap=cap)).reason


@pytest.mark.parametrize("entry", labelled("platform_limits"), ids=str)
def test_labelled(entry: Labelled) -> None:
    passes_as_labelled(platform_limits, entry)


@given(entry=with_invisible("platform_limits"))
def test_an_invisible_sign_lets_nothing_pass(entry: Labelled) -> None:
    assert not platform_limits(entry.draft, entry.context).ok


@pytest.mark.parametrize(("platform", "most"), [("google", 1500), ("facebook", 5000), ("instagram", 2200)])
def test_the_last_character_counts(platform: str, most: int) -> None:
    assert _reason(platform, LETTERS * most) == ""
    assert _reason(platform, LETTERS * (most + 1)).startswith(f"{most + 1} characters, ")


def test_an_emoji_is_one_character() -> None:
    assert _reason("google", "Hi" + "🔧" * 1498) == ""


def test_hashtags_are_part_of_instagrams_caption() -> None:
    room = 2200 - len("\n\n#plumber #austin")
    assert _reason("instagram", LETTERS * room, "plumber", "austin") == ""
    assert _reason("instagram", LETTERS * (room + 1), "plumber", "austin").startswith("2201 characters")


def test_hashtags_in_the_text_and_beside_it_count_together() -> None:
    assert _reason("instagram", "Warm inside #austin", "a", "b", "c", "d") == ""
    assert _reason("instagram", "Warm inside #austin", "a", "b", "c", "d", "e") == "6 hashtags, Instagram takes 5"


def test_the_cap_is_the_operators() -> None:
    assert _reason("instagram", "Hi", *"abcdefghij", cap=10) == ""
    assert _reason("instagram", "Hi", "a", cap=0) == "1 hashtags, Instagram takes 0"


@pytest.mark.parametrize("platform", ["google", "facebook"])
def test_hashtags_beside_the_text_are_only_instagrams(platform: str) -> None:
    assert _reason(platform, "Hi", "plumber").startswith("hashtags are for Instagram")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("#one #two", 2),
        ("#1 in nothing", 0),
        ("a#b", 0),
        ("(#one)", 1),
        ("&#39;", 0),
        ("#2nd", 1),
        ("#", 0),
        ("#äö", 1),
    ],
)
def test_what_a_hashtag_is(text: str, count: int) -> None:
    assert count_hashtags(text) == count


def test_twenty_mentions_are_the_most_on_instagram() -> None:
    friends = [f"@friend_{n}" for n in range(21)]
    assert _reason("instagram", " ".join(friends[:20])) == ""
    assert _reason("instagram", " ".join(friends)) == "21 mentions, Instagram takes 20"


def test_mail_addresses_are_no_mentions() -> None:
    assert _reason("instagram", " ".join(f"me{n}@example.com" for n in range(30))) == ""


@pytest.mark.parametrize("text", ["", "   \n", "🔧🔧", "..."])
@pytest.mark.parametrize("platform", list(LIMITS))
def test_a_text_without_a_word_is_empty(platform: str, text: str) -> None:
    assert _reason(platform, text) == "the text is empty"


PHONES = [
    "Call 512-555-0134 today",
    "Call (512) 555-0134",
    "Call (512)555-0134.",
    "512.555.0134",
    "5125550134",
    "512 555 0134",
    "+1 512 555 0134",
    "1-800-555-0134",
    "+44 20 7946 0958",
    "+4930123456789",
    "Text 555-0134",
    "512 – 555 – 0134",
    "\uff15\uff11\uff12-555-0134",
    "tel:5550134",
    "wa.me/15125550134",
    "Phone:512-555-0134",
]
NO_PHONES = [
    "From 9:00 to 17:00",
    "on 2026-11-24",
    "11/24/2026",
    "in 2026 and 2027",
    "Austin, TX 78701",
    "78701-1234 is a ZIP code",
    "a 1,500,000 gallon tank",
    "24/7",
    "120-240 volts",
    "3/4 inch, 1/2 inch",
    "model 3.1415926535",
    "an R-49 attic, 16 SEER2, 410A",
    "$1,200-1,500",
    "turn it 90 degrees for 10-15 minutes, 2 or 3 times",
]


@pytest.mark.parametrize("text", PHONES)
def test_google_takes_no_phone_number(text: str) -> None:
    assert has_phone_number(text)
    assert "phone number" in _reason("google", text)
    assert _reason("facebook", text) == ""


@pytest.mark.parametrize("text", NO_PHONES)
def test_other_numbers_are_no_phone_numbers(text: str) -> None:
    assert not has_phone_number(text)


def test_only_instagram_needs_a_picture() -> None:
    assert [platform for platform in LIMITS if needs_picture(platform)] == ["instagram"]


def test_an_unknown_platform_is_an_error() -> None:
    with pytest.raises(KeyError, match="myspace"):
        _reason("myspace", "Hi")


def test_every_gate_answers_and_the_first_objection_is_told() -> None:
    good = Draft(platform="google", text="Check the anode rod once a year.")
    assert [(verdict.gate, verdict.ok) for verdict in run_gates(good, CONTEXT)] == [
        (gate.__name__, True) for gate in GATES
    ]
    assert objection(good, CONTEXT) is None
    bad = Draft(platform="google", text="Cheap! Call 512-555-0134")
    first = objection(bad, GateContext(avoid_keywords=("cheap",)))
    assert first is not None
    assert first.gate == "platform_limits"
    refused = [verdict.gate for verdict in run_gates(bad, GateContext(avoid_keywords=("cheap",))) if not verdict.ok]
    assert {"platform_limits", "avoid_keywords"} <= set(refused)
