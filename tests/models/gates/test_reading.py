"""How a text is read: past look-alikes, invisible signs and numbers in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.gates.reading import hashtag_words, legible, sentences, visible, with_digits, with_us
from tests.models.gates.labelled import INVISIBLE


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("eighty-nine dollars", "89 dollars"),
        ("a hundred and five", "a 105"),
        ("two thousand five hundred", "2500"),
        ("one hundred fifty thousand", "150000"),
        ("nineteen ninety-eight", "1998"),
        ("two thousand and five", "2005"),
        ("twenty twenty", "2020"),
        ("twenty four seven", "24 7"),
        ("five one two, five five five", "5 1 2, 5 5 5"),
        ("ninety-nine ninety-nine", "99 99"),
        ("zero", "0"),
        ("feel like a million bucks", "feel like a million bucks"),
        ("oh no", "oh no"),
        ("a tenth of someone", "a tenth of someone"),
        ("often and eventually", "often and eventually"),
    ],
)
def test_numbers_in_words(written: str, read: str) -> None:
    assert with_digits(written) == read


@given(number=st.integers(min_value=0, max_value=999_999))
def test_any_number_in_words_is_that_number(number: int) -> None:
    assert with_digits(_in_words(number)) == str(number)


SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"


def _in_words(number: int) -> str:
    small, tens = SMALL.split(), TENS.split()
    if number < 20:
        return small[number]
    if number < 100:
        ten, rest = divmod(number, 10)
        return tens[ten - 2] + (f"-{small[rest]}" if rest else "")
    power, name = (100, "hundred") if number < 1000 else (1000, "thousand")
    many, rest = divmod(number, power)
    return f"{_in_words(many)} {name}" + (f" and {_in_words(rest)}" if rest else "")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2️⃣0️⃣% off", "20% off"),
        ("b\u0435st t\u0430cos", "best tacos"),
        ("\uff26\uff32\uff25\uff25", "FREE"),
        ("𝐅𝐫𝐞𝐞 𝓯𝓻𝓮𝓮", "Free free"),
        ("🅵🆁🅴🅴 and 🅕🅡🅔🅔", "FREE and FREE"),
        ("F R E E estimate, f-r-e-e", "FREE estimate, free"),
        ("①②③ ➊ ٣", "123 1 3"),
        ("½ off", "1/2 off"),
        ("“Café” – it’s", '"Cafe" - it\'s'),
        ("⭐️⭐️", "★★"),
        ("🇺🇸", "🇺🇸"),
        ("one\n\n two", "one\n\ntwo"),
    ],
)
def test_signs_that_look_like_others(written: str, read: str) -> None:
    assert legible(written) == read


@given(text=st.text(max_size=60), at=st.integers(0, 60), sign=st.sampled_from(INVISIBLE))
def test_invisible_signs_are_not_read(text: str, at: int, sign: str) -> None:
    assert visible(text[:at] + sign + text[at:]) == visible(text)


def test_abbreviations_end_no_sentence() -> None:
    text = "Dr. Patel is in. St. Patrick's Day! Est. 1998. Ready?\nGo."
    assert sentences(text) == ["Dr. Patel is in.", "St. Patrick's Day!", "Est. 1998.", "Ready?", "Go."]


def test_a_hashtag_has_words() -> None:
    assert hashtag_words("FreeEstimates24") == ["Free", "Estimates", "24"]


def test_the_business_is_us() -> None:
    assert with_us("Ask hill &  sons's team", "Hill & Sons") == "Ask us team"
    assert with_us("In full bloom at Bloom", "Bloom") == "In full bloom at us"
    assert with_us("Best in town", "") == "Best in town"
