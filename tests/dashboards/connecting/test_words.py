"""Every sentence that an owner can meet, in bulk: each is whole, leads on, and tells nothing of our inside."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.connecting.words import (
    NAMES,
    OBSTACLES,
    Told,
    Trouble,
    not_stored_told,
    other_account_told,
    problem_told,
    room_told,
    trouble_told,
)
from models.account_status import deleted, disconnected
from platforms.connecting.base import Obstacle, Problem, Service
from platforms.connecting.facebook import INSTAGRAM_SCOPES, PAGE_SCOPES
from platforms.connecting.google import SCOPE
from platforms.connecting.instagram import SCOPES

INSIDE = re.compile(r"POSTAGENT_|_id|_url|oauth|token|scope|null|exception|\{|\}|\b[45]\d\d\b", re.IGNORECASE)


def whole(told: Told) -> None:
    """A heading without a full stop, sentences with one."""
    assert told.title
    assert not told.title.endswith(".")
    for text in (told.text, told.next_step):
        assert text.endswith(".")
        assert text[0].isupper() or text.startswith("@")
        assert "  " not in text
        assert not INSIDE.search(text), text


@pytest.mark.parametrize(("problem", "service"), list(product(Problem, Service)))
def test_every_problem_at_every_service(problem: Problem, service: Service) -> None:
    told = problem_told(problem, service, [SCOPE] if service is Service.GOOGLE else [])
    whole(told)
    assert told.can_retry


@pytest.mark.parametrize(("trouble", "service"), list(product(Trouble, [*Service, None])))
def test_every_trouble_with_and_without_a_service(trouble: Trouble, service: Service | None) -> None:
    whole(trouble_told(trouble, service))


def test_no_two_problems_of_a_service_read_the_same() -> None:
    for service in Service:
        titles = [problem_told(problem, service).title for problem in Problem]
        titles += [trouble_told(trouble, service).title for trouble in Trouble]
        assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(
    ("service", "scopes"),
    [
        (Service.GOOGLE, [SCOPE]),
        (Service.FACEBOOK, PAGE_SCOPES),
        (Service.INSTAGRAM_FACEBOOK, INSTAGRAM_SCOPES),
        (Service.INSTAGRAM, SCOPES),
    ],
)
def test_every_permission_we_ask_for_has_words(service: Service, scopes: list[str]) -> None:
    for scope in scopes:
        assert "What is missing: to " in problem_told(Problem.MISSING_PERMISSION, service, [scope]).text
    whole(problem_told(Problem.MISSING_PERMISSION, service, ["something_new"]))


names = st.lists(st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1), min_size=1, max_size=9)


@given(found=names, service=st.sampled_from(Service))
def test_another_account(found: list[str], service: Service) -> None:
    told = other_account_told(service, "Bob's", found)
    assert told.text.endswith(".")
    assert NAMES[service] in told.text
    assert found[0] in told.text
    assert "Bob's" in told.next_step


@given(
    taken=names | st.just([]), no_room=names | st.just([]), stored=names | st.just([]), most=st.sampled_from([1, 3, 10])
)
def test_what_was_not_stored(taken: list[str], no_room: list[str], stored: list[str], most: int) -> None:
    if not (taken or no_room):
        return
    told = not_stored_told(taken, no_room, stored, "facebook", most)
    assert told.text.endswith(".")
    assert told.next_step.endswith(".")
    for some in (taken, no_room, stored):
        assert not some or some[0] in told.text
    assert (told.title == "Nothing was connected") is (not stored)
    assert not told.can_retry


@given(
    platform=st.sampled_from(["google", "facebook", "instagram"]), room=st.integers(-20, 10), most=st.integers(1, 10)
)
def test_room(platform: str, room: int, most: int) -> None:
    told = room_told(platform, min(room, most), most)
    assert told.endswith(".")
    assert ("all of it is used" in told) is (room <= 0)


def test_obstacles_and_reasons_are_sentences() -> None:
    assert set(OBSTACLES) == set(Obstacle)
    sentences = list(OBSTACLES.values())
    sentences += [make(platform) for make in (disconnected, deleted) for platform in ("google", "facebook", "tiktok")]
    for text in sentences:
        assert text.endswith(".")
        assert not INSIDE.search(text)
