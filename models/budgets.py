"""Pure arithmetic of shared quotas. Quotas are "so many in any window of so many seconds"."""

from __future__ import annotations

from dataclasses import dataclass

SLOW_AT_PERCENT = 80.0  # Meta: slow down at 75-80 %; calling while throttled extends the block
SLOW_SECONDS = 300.0
STOP_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket: at most `capacity` at once, refilled at `rate` a second."""

    capacity: float
    rate: float


def bucket_for(limit: int, window_seconds: float) -> Bucket:
    """A bucket that can never give more than `limit` tokens in any window of `window_seconds`.

    In one window a bucket gives its capacity and what is refilled meanwhile: a fifth is burst, the rest flows. Raises
    ValueError for a limit that is not positive.
    """
    if limit < 1:
        raise ValueError(f"a limit must be at least 1, not {limit}")
    burst = max(1.0, limit / 5)
    return Bucket(capacity=burst, rate=max(0.0, limit - burst) / window_seconds)


def pause_for_usage(percent: float, regain_seconds: float | None) -> float | None:
    """How long an account is left alone when its usage header says `percent`; None = carry on."""
    if percent < SLOW_AT_PERCENT:
        return None
    if regain_seconds:
        return regain_seconds
    return STOP_SECONDS if percent >= 100 else SLOW_SECONDS
