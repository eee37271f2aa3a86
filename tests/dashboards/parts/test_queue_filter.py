"""What the queue's address says, and what becomes of nonsense in it."""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qs
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.parts.queue_filter import VIEWS, QueueFilter
from dashboards.parts.wording import PLATFORMS, THEMES

PARTS = {"waiting": 1, "all": 1}
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=60)
FILTERS = st.builds(
    QueueFilter,
    part=st.sampled_from([None, *PARTS]),
    view=st.sampled_from(VIEWS),
    day=st.none() | st.dates(date(2001, 1, 1), date(2099, 1, 1)),
    platform=st.sampled_from([None, *PLATFORMS]),
    account=st.none() | st.uuids(),
    theme=st.sampled_from([None, *THEMES]),
    words=st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=60).map(
        lambda t: " ".join(t.split())
    ),
)


@given(FILTERS)
def test_an_address_leads_back_to_the_same_look(looked_at: QueueFilter) -> None:
    query = {name: values[0] for name, values in parse_qs(looked_at.address()[1:]).items()}
    again = QueueFilter.from_address(query, PARTS)
    assert again.values() == looked_at.values()
    assert (again.part, again.view) == (looked_at.part, looked_at.view)
    assert again.day == (None if looked_at.view == "list" else looked_at.day)


@given(st.dictionaries(st.sampled_from(["show", "view", "day", "platform", "account", "theme", "q"]), st.text()))
def test_nonsense_in_an_address_is_as_if_it_were_not_there(query: dict[str, str]) -> None:
    found = QueueFilter.from_address(query, PARTS)
    assert found.part in (None, *PARTS)
    assert found.view in VIEWS
    assert found.platform in (None, *PLATFORMS)
    assert found.theme in (None, *THEMES)
    assert len(found.words) <= 100
    assert "\x00" not in found.words


def test_an_opened_post_keeps_the_look_that_it_was_opened_from() -> None:
    looked_at = QueueFilter(part="all", view="month", day=date(2026, 11, 1), platform="google")
    assert looked_at.address(post="x") == "?show=all&view=month&day=2026-11-01&platform=google&post=x"


@pytest.mark.parametrize(("words", "pattern"), [("50% off_ \\", r"%50\% off\_ \\%"), ("", None), ("valve", "%valve%")])
def test_words_are_looked_for_as_they_are(words: str, pattern: str | None) -> None:
    assert QueueFilter(words=words).values()["pattern"] == pattern


def test_whether_something_is_filtered() -> None:
    assert not QueueFilter(part="all", view="week", day=date(2026, 1, 1)).filtering
    assert QueueFilter(account=UUID(int=1)).filtering
