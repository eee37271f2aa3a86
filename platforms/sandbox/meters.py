"""Counting requests in windows of time, for quotas and usage headers."""

from __future__ import annotations

from collections import deque


class Meters:
    """Counts per key, in fixed windows that begin at multiples of their length or in one that moves."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[int, int]] = {}
        self._times: dict[str, deque[float]] = {}

    def admits(self, key: str, limit: int, window_seconds: float, now: float) -> bool:
        """Whether one more is within `limit` in the `window_seconds` that end at `now`; if so it is counted."""
        times = self._times.setdefault(key, deque())
        while times and now - times[0] >= window_seconds:
            times.popleft()
        if len(times) >= limit:
            return False
        times.append(now)
        return True

    def count(self, key: str, window_seconds: int, now: float) -> int:
        """Count one more for `key`; the number in the window that `now` (Unix seconds) lies in, this one included."""
        window = int(now // window_seconds)
        kept, number = self._counts.get(key, (window, 0))
        number = number + 1 if kept == window else 1
        self._counts[key] = (window, number)
        return number

    @staticmethod
    def seconds_left(window_seconds: int, now: float) -> float:
        """Seconds until the window that `now` lies in ends."""
        return window_seconds - now % window_seconds
