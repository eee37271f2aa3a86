"""What is sent to Google for a post, and what is refused before any call."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platforms.base import Content, Event, Offer
from platforms.errors import Refused
from platforms.google_posts import local_post

SCHEMA = Path(__file__).parent / "sandbox" / "data" / "google_local_post.schema.json"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()), format_checker=jsonschema.FormatChecker())
CHICAGO = ZoneInfo("America/Chicago")
TEXT = Content(text="Come and see.")
EVENT = Event(
    title=" Open day ",
    starts_at=datetime(2026, 12, 5, 10, tzinfo=CHICAGO),
    ends_at=datetime(2026, 12, 5, 14, 30, tzinfo=CHICAGO),
)
LINK = "https://rossi.example/"


def sent(content: Content) -> dict[str, Any]:
    """The body, which fits the reference."""
    body = local_post(content, language="en")
    VALIDATOR.validate(body)
    return body


def test_an_event_has_its_title_and_all_four_parts_of_its_schedule() -> None:
    body = sent(replace(TEXT, event=EVENT))
    assert body["topicType"] == "EVENT"
    assert body["event"] == {
        "title": "Open day",
        "schedule": {
            "startDate": {"year": 2026, "month": 12, "day": 5},
            "startTime": {"hours": 10, "minutes": 0},
            "endDate": {"year": 2026, "month": 12, "day": 5},
            "endTime": {"hours": 14, "minutes": 30},
        },
    }


def test_an_offer_has_an_event_too_and_only_the_fields_that_are_given() -> None:
    body = sent(replace(TEXT, event=EVENT, offer=Offer(coupon_code="TAP10", terms="")))
    assert body["topicType"] == "OFFER"
    assert body["event"]["title"] == "Open day"
    assert body["offer"] == {"couponCode": "TAP10"}
    assert "offer" not in sent(replace(TEXT, event=EVENT, offer=Offer()))


@pytest.mark.parametrize("action", [None, "BOOK", "CALL"])
def test_an_offer_never_has_a_button(action: str | None) -> None:
    content = replace(TEXT, event=EVENT, offer=Offer(), link=LINK, call_to_action=action)
    assert "callToAction" not in sent(content)


def test_an_event_may_have_a_button() -> None:
    assert sent(replace(TEXT, event=EVENT, call_to_action="CALL", link=LINK))["callToAction"] == {"actionType": "CALL"}
    action = sent(replace(TEXT, event=EVENT, call_to_action="SIGN_UP", link=LINK))["callToAction"]
    assert action == {"actionType": "SIGN_UP", "url": LINK}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (replace(TEXT, event=replace(EVENT, title=" ")), "needs a title"),
        (
            replace(TEXT, event=replace(EVENT, ends_at=EVENT.starts_at)),
            "'Open day' ends at 2026-12-05 10:00, not after",
        ),
        (replace(TEXT, offer=Offer()), "a title, a start and an end"),
        (replace(TEXT, event=EVENT, offer=Offer(redeem_url="our shop")), "no web address: 'our shop'"),
        (replace(TEXT, event=EVENT, offer=Offer(redeem_url="ftp://a.example")), "no web address: 'ftp://a.example'"),
        (replace(TEXT, link="rossi.example"), "LEARN_MORE is no web address: 'rossi.example'"),
        (replace(TEXT, link="https://[::1"), "no web address"),
        (replace(TEXT, event=EVENT, call_to_action="CLAIM", link=LINK), "no button CLAIM"),
        (replace(TEXT, media_urls=("https://a.example/1.jpg",) * 3), "one picture, not 3"),
        (replace(TEXT, media_urls=("https://a.example/1.WEBP?v=2",)), r"not https://a\.example/1\.WEBP"),
        (replace(TEXT, media_urls=("/tmp/1.jpg",)), "picture's address is no web address: '/tmp/1.jpg'"),
    ],
)
def test_what_google_cannot_take_is_refused_and_named(content: Content, words: str) -> None:
    with pytest.raises(Refused, match=words):
        local_post(content, language="en")


def test_an_event_over_the_hour_that_comes_twice_must_go_forward_on_the_wall_clock() -> None:
    begins = datetime(2026, 11, 1, 6, 30, tzinfo=UTC).astimezone(CHICAGO)  # 1:30, daylight time
    short = Event(
        title="Late", starts_at=begins, ends_at=(begins.astimezone(UTC) + timedelta(minutes=45)).astimezone(CHICAGO)
    )
    with pytest.raises(Refused, match="ends at 2026-11-01 01:15"):
        local_post(replace(TEXT, event=short), language="en")


def test_an_event_needs_aware_times() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        Event(title="x", starts_at=datetime(2026, 12, 5), ends_at=EVENT.ends_at)  # noqa: DTZ001


@given(
    starts=st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(CHICAGO)),  # noqa: DTZ001
    minutes=st.integers(min_value=120, max_value=60 * 24 * 30),
    title=st.text(min_size=1).filter(lambda text: bool(text.strip())),
    offer=st.none() | st.builds(Offer, coupon_code=st.none() | st.text(), terms=st.none() | st.text()),
)
def test_every_event_that_is_sent_fits_the_reference(
    starts: datetime, minutes: int, title: str, offer: Offer | None
) -> None:
    ends = (starts.astimezone(UTC) + timedelta(minutes=minutes)).astimezone(CHICAGO)
    body = sent(replace(TEXT, event=Event(title=title, starts_at=starts, ends_at=ends), offer=offer))
    first, clock = body["event"]["schedule"]["startDate"], body["event"]["schedule"]["startTime"]
    assert (first["year"], first["month"], first["day"]) == (starts.year, starts.month, starts.day)
    assert (clock["hours"], clock["minutes"], clock.get("seconds", 0)) == (starts.hour, starts.minute, starts.second)
