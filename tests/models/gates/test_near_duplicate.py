"""Near duplicates: what was said before is not said again, by us or by a neighbour; the same subject may be."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.gates import Draft, GateContext
from models.gates.near_duplicate import near_duplicate
from tests.models.gates.labelled import Labelled, labelled, passes_as_labelled, with_invisible

TEXTS = [text for text in labelled("near_duplicate")[0].context.own_texts if text.count(" ") > 6]


def _reason(text: str, own_texts: tuple[str, ...] = (), neighbours_texts: tuple[str, ...] = ()) -> str:
    context = GateContext(own_texts=own_texts, neighbours_texts=neighbours_texts)
    return near_duplicate(Draft(platform="facebook", text=text), context).reason


@pytest.mark.parametrize("entry", labelled("near_duplicate"), ids=str)
def test_labelled(entry: Labelled) -> None:
    passes_as_labelled(near_duplicate, entry)


@given(entry=with_invisible("near_duplicate"))
def test_an_invisible_sign_lets_nothing_pass(entry: Labelled) -> None:
    assert not near_duplicate(entry.draft, entry.context).ok


CHANGES: list[Callable[[str], str]] = [str.strip, str.upper, str.lower, str.title, str.swapcase]
word = st.text(
    st.characters(categories=["Ll", "Lu"], max_codepoint=0x24F, exclude_characters="\u00b5"), min_size=2, max_size=9
)
sentence = st.lists(word, min_size=1, max_size=12).map(" ".join)


@given(sentences=st.lists(sentence, min_size=1, max_size=6), data=st.data())
def test_case_signs_emoji_and_the_order_of_sentences_make_no_new_text(
    sentences: list[str], data: st.DataObject
) -> None:
    """Of any words, not only of real ones."""
    change = data.draw(st.sampled_from(CHANGES))
    end = data.draw(st.sampled_from([". ", "! ", " ... ", "\n\n", " 🔧 ", "?! ", " – ", " ✨\n", " ", ", "]))
    draft = end.join(change(part) for part in data.draw(st.permutations(sentences)))
    old = ". ".join(sentences)
    assert _reason(draft, own_texts=("Something else.", old)) != ""
    assert _reason(draft, neighbours_texts=(old,)) != ""


@given(text=st.sampled_from(TEXTS), data=st.data())
def test_another_number_name_and_greeting_make_no_new_text(text: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["Miller Plumbing", "Rosa's", "Petal & Stem of Kyle", "the team at Volt"]))
    greeting = data.draw(st.sampled_from(["Good morning, Waco!", "Hello neighbors!", "New week, new tip:", "🔧"]))
    number = data.draw(st.integers(0, 9999))
    assert _reason(f"{greeting} {text} {number} times. {name}", own_texts=(text,)) != ""


@given(mine=st.sampled_from(TEXTS), other=st.sampled_from(TEXTS))
def test_another_subject_with_the_same_sign_off_passes(mine: str, other: str) -> None:
    sign_off = " Questions? Hill Country Plumbing in Austin is glad to help."
    if mine != other:
        assert _reason(mine + sign_off, own_texts=(other + sign_off,)) == ""


def test_a_sign_off_of_many_posts_is_no_subject() -> None:
    """However long it is."""
    sign_off = (
        " Your neighbors for pipes, drains and everything that drips: write to us here, day by day, and ask for Ana."
    )
    used = tuple(text + sign_off for text in TEXTS[1:8])
    assert _reason(TEXTS[0] + sign_off, own_texts=used) == ""
    assert _reason(TEXTS[1] + sign_off, own_texts=used) != ""


def test_neighbours_may_not_be_met_even_where_own_texts_may() -> None:
    """The thresholds differ: a text half of which is new passes against our own, not against a neighbour's."""
    old = "Floss before you brush, not after. Then the toothpaste reaches the gaps as well. Dr. Lang in Kyle"
    new = "Floss before brushing, not after. Then toothpaste reaches the gaps as well. Bright Smiles in Austin"
    assert _reason(new, neighbours_texts=(old,)) != ""
    assert _reason(new, own_texts=(old,)) == ""


def test_the_reason_quotes_our_own_post_and_never_a_neighbours() -> None:
    old = "Tulips bend towards the window, because they keep growing in the vase. Turn them a little every day."
    assert "begins 'Tulips bend towards the window" in _reason(old, own_texts=("Other.", old))
    assert "window" not in _reason(old, neighbours_texts=(old,))


def test_a_text_without_words_is_another_gates_business() -> None:
    assert _reason("🔧🔧", own_texts=("🔧🔧", "")) == ""
    assert _reason("1 2 3", own_texts=("1 2 3",)) == ""


def test_among_thousands_the_one_is_found_and_no_other() -> None:
    dice = random.Random(7)
    words = [word for text in TEXTS for word in text.split()]
    others = tuple(" ".join(dice.sample(words, 30)) for _ in range(2500))
    context = GateContext(own_texts=others[:500], neighbours_texts=others[500:])
    for text in TEXTS:
        assert near_duplicate(Draft(platform="google", text=text), context).ok
    for old in dice.sample(others, 20):
        assert not near_duplicate(Draft(platform="google", text=old.upper()), context).ok
