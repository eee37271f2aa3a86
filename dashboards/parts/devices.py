"""A browser's own name for itself, as a person knows it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

# The first that is found counts: most browsers name others beside themselves.
_BROWSERS: Sequence[tuple[str, str]] = (
    (r"Edg(?:e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"SamsungBrowser/", "Samsung Internet"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"Chrome/|CriOS/|Chromium/", "Chrome"),
    (r"Version/[\d.]+ .*Safari/", "Safari"),
)
_SYSTEMS: Sequence[tuple[str, str]] = (
    (r"iPhone", "iPhone"),
    (r"iPad", "iPad"),
    (r"Android", "Android"),
    (r"Windows", "Windows"),
    (r"CrOS", "Chromebook"),
    (r"Macintosh|Mac OS X", "Mac"),
    (r"Linux|X11", "Linux"),
)


def device_name(user_agent: str | None) -> str:
    """ "Chrome on Android"; never a word of the text itself, which is anybody's to choose."""
    browser = _first(_BROWSERS, user_agent or "")
    system = _first(_SYSTEMS, user_agent or "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or "Unknown device"


def _first(names: Sequence[tuple[str, str]], text: str) -> str | None:
    return next((name for pattern, name in names if re.search(pattern, text)), None)
