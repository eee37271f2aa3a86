"""What owners type: what comes out clean, and what is refused in which words."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.profile_rules import (
    LONGEST_AVOIDED,
    MOST_AVOIDED,
    MOST_TIMES,
    BusinessDetails,
    Unfit,
    Wishes,
    avoided_words,
    business_details,
    time_of_day,
    time_words,
    wishes,
)
from models.regions import state_code, states
from models.texts import INVISIBLE, one_line, paragraphs


def details(**given: str) -> BusinessDetails:
    usual = {
        "name": "Bob's", "type": "plumber", "city": "Austin", "state": "TX", "website": "", "description": "",
        "voice": "friendly",
    }  # fmt: skip
    return business_details(**(usual | given))


def wished(**given: Any) -> Wishes:
    usual: dict[str, Any] = {
        "frequency": 3, "most_per_week": 7, "times": ["9:00 AM"], "timezone": "America/Chicago", "themes": ["tip"],
        "avoid": "", "weekly_summary": True, "monthly_report": True, "approval_needed": True,
    }  # fmt: skip
    return wishes(**(usual | given))


class TestTexts:
    @given(st.text())
    def test_whatever_is_kept_can_be_stored_and_read(self, text: str) -> None:
        for kept in (one_line(text), paragraphs(text)):
            assert not INVISIBLE.search(kept.replace("\n", ""))
            assert kept == kept.strip()
            assert "\n\n\n" not in kept
        assert "\n" not in one_line(text)
        assert paragraphs(paragraphs(text)) == paragraphs(text)

    def test_emojis_stay_whole_and_tricks_go(self) -> None:
        assert one_line("Us 👨‍👩‍👧\u202e!") == "Us 👨‍👩‍👧 !"
        assert paragraphs("One.\r\nTwo.\r\r\n\n\nThree.") == "One.\nTwo.\n\nThree."


class TestTimes:
    @given(st.times())
    def test_what_is_shown_is_read_back(self, at: time) -> None:
        assert time_of_day(time_words(at)) == at.replace(second=0, microsecond=0)

    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            ("9 AM", time(9)), ("9:30pm", time(21, 30)), ("14:30", time(14, 30)), ("1430", time(14, 30)),
            ("930", time(9, 30)), (" 12 a.m. ", time(0)), ("12:15 PM", time(12, 15)), ("7.45 p", time(19, 45)),
            ("0:05", time(0, 5)),
        ],
    )  # fmt: skip
    def test_people_write_times_in_many_ways(self, typed: str, meant: time) -> None:
        assert time_of_day(typed) == meant

    @pytest.mark.parametrize("typed", ["", "9", "25:00", "9:60", "13 PM", "0 AM", "noon", "-1:00", "9:00 AM or so"])
    def test_what_could_mean_anything_is_refused_by_its_name(self, typed: str) -> None:
        with pytest.raises(ValueError, match=f"“{typed}” is not a time of day: write it like 9:00 AM or 14:30."):
            time_of_day(typed)

    @given(st.text(max_size=12))
    def test_any_text_is_a_time_or_refused(self, text: str) -> None:
        try:
            assert isinstance(time_of_day(text), time)
        except ValueError as error:
            assert "is not a time of day" in str(error)  # noqa: PT017


class TestBusiness:
    @pytest.mark.parametrize(
        ("typed", "kept"),
        [
            ("", None),
            ("  ", None),
            ("example.com", "https://example.com"),
            ("www.bob-and-sons.co.uk/shop?a=1", "https://www.bob-and-sons.co.uk/shop?a=1"),
            ("HTTP://Example.com", "HTTP://Example.com"),
            ("https://müller.example:8443/", "https://müller.example:8443/"),
        ],
    )
    def test_a_website_is_an_address(self, typed: str, kept: str | None) -> None:
        assert details(website=typed).website == kept

    @pytest.mark.parametrize(
        "typed",
        [
            "nope", "bob@example.com", "javascript:alert(1)", "javascript://example.com/%0aalert(1)", "ftp://example.com",
            "https://user:secret@example.com", "https://localhost", "http://127.0.0.1/", "https://exa mple.com",
            "https://example..com", "https://[::1", "example.com:x", "https://-a.example", "data:text/html,x",
        ],
    )  # fmt: skip
    def test_what_is_no_website_is_refused_by_its_name(self, typed: str) -> None:
        with pytest.raises(Unfit) as refused:
            details(website=typed)
        assert refused.value.problems == (
            f"“{typed}” is not a web address: write it like yourname.com, or leave it empty.",
        )

    def test_a_state_is_kept_as_two_letters(self) -> None:
        assert {details(state=name).location_state for name in ("TX", "texas", "Texas ", "T.X.")} == {"TX"}
        for code, name in states().items():
            assert state_code(name) == code
        assert list(states().values()) == sorted(states().values())
        assert states()["DC"] == "District of Columbia"
        assert states()["VI"] == "US Virgin Islands"

    def test_everything_wrong_is_told_at_once(self) -> None:
        with pytest.raises(Unfit) as refused:
            business_details(
                name="x" * 81, type=" ", city="", state="Texass", website="nope", description="y" * 1501, voice=""
            )
        told = refused.value.problems
        assert len(told) == 7
        assert told[0] == f"The name “{'x' * 30}…” has 81 characters: shorten it to 80."
        assert told[3] == "“Texass” is not a state that we know: choose yours from the list."
        assert told[5].startswith("The description has 1,501 characters: shorten it to 1,500")

    @given(st.text(max_size=100), st.text(max_size=100), st.text(max_size=40))
    def test_whatever_is_typed_is_kept_within_bounds_or_refused(self, name: str, website: str, voice: str) -> None:
        try:
            kept = details(name=name, website=website, voice=voice)
        except Unfit as refused:
            assert refused.problems  # noqa: PT017
            return
        assert 1 <= len(kept.name) <= 80
        assert kept.website is None or kept.website.lower().startswith(("http://", "https://"))


class TestWishes:
    @pytest.mark.parametrize(("most", "bad"), [(3, 4), (7, 8), (21, 22), (99, 22), (7, -1)])
    def test_the_frequency_fits_the_plan(self, most: int, bad: int) -> None:
        assert wished(frequency=min(most, 21), most_per_week=most).posting_frequency == min(most, 21)
        assert wished(frequency=0).posting_frequency == 0
        with pytest.raises(
            Unfit, match=f"{bad} posts a week do not fit: your plan has room for {min(most, 21)}. Write 0"
        ):
            wished(frequency=bad, most_per_week=most)

    def test_what_is_not_there_is_asked_for(self) -> None:
        with pytest.raises(Unfit) as refused:
            wished(frequency=None, themes=["nonsense"], timezone="Mars/Base")
        assert refused.value.problems == (
            "How many posts a week is empty: write a number from 0 to 7.",
            "“Mars/Base” is not a time zone that we know: choose yours from the list.",
            "No theme is chosen: choose at least one, posts have to be about something.",
        )

    def test_times_are_kept_once_in_order_and_not_too_many(self) -> None:
        assert wished(times=["5:00 PM", "9:00 AM", "17:00"]).preferred_times == [time(9), time(17)]
        assert wished(times=[]).preferred_times == []
        with pytest.raises(Unfit, match=f"13 times of day are too many: choose at most {MOST_TIMES}"):
            wished(times=[f"{hour}:00" for hour in range(13)])

    def test_words_to_avoid_are_a_list_without_doubles(self) -> None:
        assert avoided_words("cheap, fast service;  24/7\n\n1,000\nCHEAP,\n") == [
            "CHEAP", "fast service", "24/7", "1,000",
        ]  # fmt: skip
        with pytest.raises(Unfit, match=f"at most {LONGEST_AVOIDED} characters, one a line"):
            wished(avoid="x" * 61)
        with pytest.raises(Unfit, match=f"101 words to avoid are too many: keep the {MOST_AVOIDED}"):
            wished(avoid="\n".join(f"word{number}" for number in range(101)))

    @given(st.text(max_size=200))
    def test_the_list_reads_itself_back(self, text: str) -> None:
        once = avoided_words(text)
        assert avoided_words("\n".join(once)) == once
