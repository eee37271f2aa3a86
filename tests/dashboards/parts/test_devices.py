"""What a browser is called. Pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.parts.devices import device_name

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/142.0.0.0 Safari/537.36", "Chrome on Windows"),
        (f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {_WEBKIT} Chrome/142.0.0.0 Mobile Safari/537.36",
         "Chrome on Android"),
        (f"Mozilla/5.0 (Windows NT 10.0) {_WEBKIT} Chrome/142.0 Safari/537.36 Edg/142.0", "Edge on Windows"),
        (f"Mozilla/5.0 (Linux; Android 14) {_WEBKIT} SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36",
         "Samsung Internet on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "Version/18.1 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0 "
         "Mobile/15E148 Safari/604.1", "Chrome on iPad"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14.7; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Mac"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 16181.0.0) {_WEBKIT} Chrome/142.0 Safari/537.36", "Chrome on Chromebook"),
        ("curl/8.5.0", "Unknown device"),
        ("", "Unknown device"),
        (None, "Unknown device"),
    ],
)  # fmt: skip
def test_browsers_by_the_name_that_people_know(user_agent: str | None, name: str) -> None:
    assert device_name(user_agent) == name


@given(st.text(max_size=300))
def test_nothing_of_the_text_itself_is_ever_shown(user_agent: str) -> None:
    assert "<" not in device_name(f"<b>{user_agent}</b>")
