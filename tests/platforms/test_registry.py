"""The registry: every platform by name, and account ids in the platform's own form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from platforms.base import Platform
from platforms.registry import validate_account_id


@pytest.mark.parametrize("name", ["google", "facebook", "instagram"])
def test_every_platform_is_built_under_its_name(answering: Callable[..., Any], name: str) -> None:
    platform: Platform = answering(name, 200, {})
    assert platform.name == name
    assert platform.capabilities.prepares is (name != "google")
    assert platform.capabilities.location_metrics is (name == "google")
    assert platform.capabilities.per_post_metrics is (name != "google")


def test_limits_are_the_platforms(answering: Callable[..., Any]) -> None:
    google, facebook, instagram = (answering(name, 200, {}).limits for name in ("google", "facebook", "instagram"))
    assert (google.max_characters, google.phone_numbers_allowed, google.max_pictures) == (1500, False, 1)
    assert (instagram.max_characters, instagram.max_hashtags, instagram.needs_picture) == (2200, 5, True)
    assert (facebook.max_characters, facebook.max_hashtags, facebook.needs_picture) == (63_206, None, False)
    assert answering("instagram", 200, {}, instagram_max_hashtags=30).limits.max_hashtags == 30


@pytest.mark.parametrize(
    ("platform", "account_id"),
    [
        ("google", "accounts/112233445566778899001/locations/99887766554433221100"),
        ("facebook", "104958162837"),
        ("instagram", "17841400000000000"),
    ],
)
def test_right_account_ids_pass_unchanged(platform: str, account_id: str) -> None:
    assert validate_account_id(platform, account_id) == account_id


@pytest.mark.parametrize(
    ("platform", "account_id", "form"),
    [
        ("google", "locations/2", "accounts/<digits>/locations/<digits>"),
        ("google", "accounts/1/locations/2/", "accounts/<digits>/locations/<digits>"),
        ("google", "accounts/-/locations/2", "accounts/<digits>/locations/<digits>"),
        ("google", "accounts/1/locations/2\n", "accounts/<digits>/locations/<digits>"),
        ("google", "../accounts/1/locations/2", "accounts/<digits>/locations/<digits>"),
        ("facebook", "rossi-plumbing", "digits only"),
        ("facebook", "", "digits only"),
        ("facebook", "12 34", "digits only"),
        ("facebook", "١٢٣", "digits only"),
        ("instagram", "@rossi", "digits only"),
        ("instagram", "1" * 33, "digits only"),
    ],
)
def test_wrong_account_ids_are_named_with_the_right_form(platform: str, account_id: str, form: str) -> None:
    with pytest.raises(ValueError, match="account id") as raised:
        validate_account_id(platform, account_id)
    assert repr(account_id) in str(raised.value)
    assert form in str(raised.value)


def test_unknown_platform_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'tiktok'; the platforms are google, facebook, instagram"):
        validate_account_id("tiktok", "1")
