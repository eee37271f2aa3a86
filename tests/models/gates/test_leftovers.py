"""Leftovers: nothing but the post, whole and in English."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.gates import Draft, GateContext
from models.gates.leftovers import leftovers
from tests.models.gates.labelled import Labelled, labelled, passes_as_labelled, with_invisible


def _reason(text: str) -> str:
    return leftovers(Draft(platform="facebook", text=text), GateContext()).reason


@pytest.mark.parametrize("entry", labelled("leftovers"), ids=str)
def test_labelled(entry: Labelled) -> None:
    passes_as_labelled(leftovers, entry)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Good morning, {city}!", "leave out '{city}': a placeholder"),
        ("**Warm** bread.", "leave out '**': markup, write plain text"),
        ("Sure! Here is a post:\n\nWarm bread.", "leave out 'Sure! Here is': words to whoever asked for the post"),
        ("Donâ€™t wait.", "leave out 'â€': letters that came out broken"),
        ("Warm bread, cold butter and", "finish the last sentence: it ends with 'Warm bread, cold butter and'"),
        ("Warm b\u0435ans today.", "write 'b\u0435ans' in one alphabet"),
        ("We bake (and we like it.", "close the bracket or quotation that is left open"),
    ],
)
def test_the_reason_says_what_to_change(text: str, reason: str) -> None:
    assert _reason(text) == reason


GOOD = [entry.draft.text for entry in labelled("leftovers") if entry.is_good]


@given(text=st.sampled_from(GOOD), emoji=st.sampled_from("🔧🌷🥖💛🎃✂️👩‍🔧"), at=st.booleans())
def test_emoji_pass(text: str, emoji: str, at: bool) -> None:
    assert _reason(f"{emoji} {text}" if at else f"{text} {emoji}") == ""


@given(text=st.sampled_from(GOOD), name=st.from_regex(r"[a-z_]{1,12}", fullmatch=True), at=st.integers(0, 8))
def test_a_placeholder_is_always_refused(text: str, name: str, at: int) -> None:
    words = text.split(" ")
    assert _reason(" ".join((*words[:at], f"{{{name}}}", *words[at:]))) != ""


@given(entry=with_invisible("leftovers"))
def test_an_invisible_sign_lets_nothing_pass(entry: Labelled) -> None:
    assert not leftovers(entry.draft, entry.context).ok
