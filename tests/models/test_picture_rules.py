"""What platforms take, and how a picture is brought into shape; by the thousand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.picture_rules import (
    MAX_HEIGHT,
    MAX_WIDTH,
    NARROWEST,
    WIDEST,
    crop_for_instagram,
    differs_in,
    fitted,
    objection,
    too_small_or_long,
)

SIDES = st.integers(min_value=1, max_value=20_000)


@pytest.mark.parametrize(
    ("platform", "width", "height", "size", "words"),
    [
        ("instagram", 1080, 1080, 200_000, None),
        ("instagram", 1440, 1800, 200_000, None),
        ("instagram", 1440, 1801, 200_000, "a shape of 1440 x 1801 does not fit Instagram"),
        ("instagram", 1433, 750, 200_000, "a shape"),
        ("instagram", 1432, 750, 200_000, None),
        ("instagram", 319, 319, 200_000, "319 x 319 pixels are too few"),
        ("instagram", 1441, 1441, 200_000, "1441 pixels wide, Instagram takes 1440"),
        ("instagram", 1080, 1080, 8_000_001, "8,000,001 bytes, Instagram takes 8,000,000"),
        ("facebook", 4000, 400, 9_999_999, None),
        ("facebook", 4000, 400, 10_000_001, "10,000,001 bytes"),
        ("google", 400, 250, 20_000, None),
        ("google", 400, 249, 20_000, "400 x 249 pixels are too few"),
        ("google", 400, 300, 10_239, "10,239 bytes, Google wants at least 10,240"),
        ("google", 400, 300, 5_000_001, "5,000,001 bytes"),
    ],
)
def test_each_platform_has_its_limits(platform: str, width: int, height: int, size: int, words: str | None) -> None:
    said = objection(platform, width, height, size)
    assert said is None if words is None else said is not None and said.startswith(words)


@given(SIDES, SIDES)
def test_what_is_kept_is_never_larger_and_keeps_its_shape(width: int, height: int) -> None:
    wide, high = fitted(width, height)
    assert 1 <= wide <= min(width, MAX_WIDTH)
    assert 1 <= high <= min(height, MAX_HEIGHT)
    if min(wide, high) > 100:
        assert wide / high == pytest.approx(width / height, rel=0.01)


@given(st.integers(320, 1440), st.integers(320, 2560))
def test_a_cropped_picture_always_fits_instagram_and_loses_no_more_than_it_must(width: int, height: int) -> None:
    box = crop_for_instagram(width, height)
    left, top, right, bottom = box or (0, 0, width, height)
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    assert NARROWEST <= (right - left) / (bottom - top) <= WIDEST
    assert (box is None) == (NARROWEST <= width / height <= WIDEST)
    if box is not None:
        assert right - left == width or bottom - top == height  # cut on two sides only
        assert abs((width - right) - left) <= 1  # from the middle
        assert abs((height - bottom) - top) <= 1


@given(SIDES, SIDES)
def test_what_is_too_small_or_too_long_is_said(width: int, height: int) -> None:
    assert (too_small_or_long(width, height) is None) == (
        min(width, height) >= 320 and max(width, height) <= 3 * min(width, height)
    )


def test_fingerprints_are_compared_bit_by_bit() -> None:
    assert differs_in("0" * 64, "f" * 64) == 256
    assert differs_in("0" * 63 + "7", "0" * 64) == 3
