"""Trades: every file is whole, and what it says claims nothing about a business."""

from __future__ import annotations

import re
from datetime import date
from uuid import uuid4

import pytest

from models.business import Business
from models.content_templates import facts, render
from models.evergreen import evergreen
from models.gates import LIMITS, Draft, GateContext, objection
from models.themes import THEMES
from models.trades import GENERIC, Trade, trade, trade_name, trades

DEMO_TRADES = [
    "plumber",
    "electrician",
    "roofer",
    "hvac",
    "landscaper",
    "painter",
    "cleaner",
    "bakery",
    "dentist",
    "hair_salon",
    "auto_repair",
    "florist",
    "gym",
    "restaurant",
]
# What no post may say unless the owner did: money, shares, years, contact details, boasts.
CLAIMS = re.compile(
    r"[$€%]|\b(?:19|20)\d\d\b|https?:|www\.|\.com\b|24/7|#1"
    r"|\b(?:guarantee\w*|licensed|insured|certified|award\w*|discount\w*|free|experts?|experienced|best in|since \d)\b",
    re.IGNORECASE,
)


def _business(type_: str, **facts: str | None) -> Business:
    return Business(user_id=uuid4(), name="Hill & Sons", type=type_, location_city=facts.get("city", "San Marcos"))


every_trade = pytest.mark.parametrize("kind", trades().values(), ids=lambda kind: kind.name)


def test_the_demo_trades_are_there() -> None:
    assert {*DEMO_TRADES, GENERIC} <= set(trades())


@every_trade
def test_every_theme_has_prompts_and_every_season_a_post(kind: Trade) -> None:
    assert set(kind.prompts) == set(THEMES)
    assert set(kind.seasonal_posts) == {"winter", "spring", "summer", "autumn"}
    assert {"tip", "promotion", "fun_fact"} <= set(kind.posts)
    assert all(len(texts) >= 3 for texts in kind.posts.values())
    assert len(kind.pictures) >= 3
    assert all(tag.isalnum() for tag in kind.tags)


@every_trade
def test_every_placeholder_exists(kind: Trade) -> None:
    values = facts(_business(kind.name), date(2026, 11, 24))
    texts = [text for entries in kind.seasonal_posts.values() for text in entries]
    texts += [text for entries in (*kind.prompts.values(), *kind.posts.values()) for text in entries]
    assert all(render(text, values) for text in texts)


def test_no_text_stands_in_two_places() -> None:
    texts = [
        text
        for kind in trades().values()
        for entries in (*kind.prompts.values(), *kind.posts.values(), *kind.seasonal_posts.values())
        for text in entries
    ]
    doubled = {text for text in texts if texts.count(text) > 1}
    assert not {text for text in doubled if "{" not in text}
    assert len(texts) > 350


@every_trade
def test_evergreen_posts_claim_nothing(kind: Trade) -> None:
    texts = [text for entries in (*kind.seasonal_posts.values(), *kind.posts.values()) for text in entries]
    assert [text for text in texts if CLAIMS.search(text)] == []


@every_trade
@pytest.mark.parametrize("platform", list(LIMITS))
def test_evergreen_posts_pass_every_gate(kind: Trade, platform: str) -> None:
    context = GateContext(business_name="Hill & Sons", business_type=kind.name, city="San Marcos", state="TX")
    for theme in THEMES:
        for post in evergreen(
            _business(kind.name), theme=theme, platform=platform, day=date(2026, 7, 7), used=[], seed=""
        ):
            draft = Draft(platform=platform, text=post.text, hashtags=post.hashtags)
            assert objection(draft, context) is None, post.text


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("plumber", "plumber"),
        ("Plumbing", "plumber"),
        ("HVAC", "hvac"),
        ("Heating & Cooling", "hvac"),
        ("hair salon", "hair_salon"),
        ("Hair-Salon", "hair_salon"),
        ("auto_repair", "auto_repair"),
        ("Café", GENERIC),
        ("cafe", "restaurant"),
        ("locksmith", GENERIC),
        ("", GENERIC),
    ],
)
def test_owners_own_words_find_their_trade(word: str, name: str) -> None:
    assert trade_name(word) == name
    assert trade(word).name == name


def test_no_word_means_two_trades() -> None:
    words = [word.casefold() for kind in trades().values() for word in (kind.name.replace("_", " "), *kind.aliases)]
    assert len(words) == len(set(words))
