"""What the gates say to an owner who writes in their own name."""

from __future__ import annotations

import pytest

from dashboards.parts.owner_gates import hashtags_of, opinion
from models.gates import Draft, GateContext

CONTEXT = GateContext(
    business_name="Bob's Plumbing",
    business_type="plumber",
    city="Austin",
    state="TX",
    avoid_keywords=("cheap",),
    own_texts=("Find your valve this weekend, before you need it. It takes a minute and saves a floor.",),
)


def asked(text: str, platform: str = "facebook", hashtags: tuple[str, ...] = ()) -> tuple[str, str]:
    """What must change, and what is advised, each in one text."""
    found = opinion(Draft(platform=platform, text=text, hashtags=hashtags), CONTEXT)
    return " ".join(found.must), " ".join(found.advice)


@pytest.mark.parametrize(
    ("text", "platform", "hashtags", "told"),
    [
        (" ", "facebook", (), "The text is empty"),
        ("x" * 1501, "google", (), "1501 characters, Google takes 1500"),
        ("Call 512-555-0142 today.", "google", (), "A phone number in the text"),
        ("Good words.", "instagram", ("a1", "b", "c", "d", "e", "f"), "6 hashtags, Instagram takes 5"),
        ("Good words.", "instagram", ("we-ird",), "letters and digits only: we-ird"),
        ("We are cheap.", "facebook", (), "Your list of words to avoid holds 'cheap'"),
    ],
)
def test_what_the_platform_or_the_owner_themselves_ruled_out_must_change(
    text: str, platform: str, hashtags: tuple[str, ...], told: str
) -> None:
    assert told in asked(text, platform, hashtags)[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Water heaters flushed for $49 this week.", "only if it is true: price '$49'"),
        ('"Bob saved our house", says a customer.', "reads like a customer's words"),
        ("Find your valve this weekend, before you need it. It takes a minute and saves a floor.", "had this before"),
        ("Your Houston plumber knows old pipes.", "Is this about your business?"),
        ("Say hello to [insert name].", "looks unfinished"),
        ("Just pour gasoline down the drain and light it.", "think twice"),
    ],
)
def test_what_an_owner_may_state_in_their_own_name_is_only_asked_about(text: str, told: str) -> None:
    must, advice = asked(text)
    assert must == ""
    assert told in advice
    assert "the owner" not in advice


def test_a_good_text_hears_nothing() -> None:
    assert asked("A drain that gurgles wants to tell you something. Clean its strainer this week.") == ("", "")


def test_hashtags_are_read_from_a_line_however_they_are_typed() -> None:
    assert hashtags_of("#plumbing, austin  #plumbing") == ("plumbing", "austin")
    assert hashtags_of(" ") == ()
