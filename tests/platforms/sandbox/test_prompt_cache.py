"""The imitation of the provider's prompt cache keeps to the documented rules."""

from __future__ import annotations

import pytest

from platforms.sandbox.prompt_cache import LIFE, PromptCache

LUNA = "gpt-6-luna"


def prompt(tokens: int, end: str = "") -> str:
    """So many tokens that are the same in every prompt, then an end of its own."""
    return "".join(f"{number:<4}" for number in range(tokens)) + end


def test_a_prefix_seen_before_is_read_in_whole_steps() -> None:
    cache = PromptCache()
    assert cache.look(LUNA, "", prompt(1500, "one"), 0) == (0, 1408)
    assert cache.look(LUNA, "", prompt(1500, "another"), 1) == (1408, 0)
    assert cache.look(LUNA, "", prompt(1300) + "x" * 4000, 2) == (1280, 896)


def test_below_1024_tokens_nothing_is_cached() -> None:
    cache = PromptCache()
    for _ in range(2):
        assert cache.look(LUNA, "", prompt(1023), 0) == (0, 0)
    for expected in ((0, 1024), (1024, 0)):
        assert cache.look(LUNA, "", prompt(1024), 0) == expected


@pytest.mark.parametrize(("model", "key"), [("gpt-6-sol", "a"), (LUNA, "b")])
def test_models_and_keys_do_not_share_it(model: str, key: str) -> None:
    cache = PromptCache()
    cache.look(LUNA, "a", prompt(2000), 0)
    assert cache.look(model, key, prompt(2000), 0)[0] == 0
    assert cache.look(LUNA, "a", prompt(2000), 0)[0] == 1920


def test_what_is_not_used_for_five_minutes_is_forgotten_and_use_keeps_it() -> None:
    cache = PromptCache()
    for number in range(4):
        read, _ = cache.look(LUNA, "", prompt(2000), number * (LIFE - 1))
        assert read == (1920 if number else 0)
    assert cache.look(LUNA, "", prompt(2000), 4 * LIFE) == (0, 1920)


@pytest.mark.parametrize(
    ("model", "written"), [("gpt-5.5", 0), ("gpt-5.6-luna", 1920), ("gpt-6-luna", 1920), ("o3", 0)]
)
def test_writing_costs_from_gpt_5_6_on(model: str, written: int) -> None:
    assert PromptCache().look(model, "", prompt(2000), 0) == (0, written)
