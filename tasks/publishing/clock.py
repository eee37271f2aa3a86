"""The database's clock, which is the only one that counts: every worker leaves at the same second, on every machine."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

KEPT = 20
GOOD_FOR = 300.0  # seconds; after that our clock and the database's may have drifted apart by a millisecond


class _Sample(NamedTuple):
    error: float  # the answer was made at most so many seconds before or after the middle
    offset: float  # the database's time minus ours
    at: float


class DatabaseClock:
    """Estimates the database's time from how long it takes to ask for it, as NTP does: the quickest answer is believed.

    Half of a round trip is the error; on one machine that is a tenth of a millisecond.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`monotonic` is our own clock, in seconds."""
        self._monotonic = monotonic
        self._samples: deque[_Sample] = deque(maxlen=KEPT)
        self._best: _Sample | None = None

    @property
    def is_set(self) -> bool:
        """Whether it was ever asked."""
        return self._best is not None

    def observe(self, began: float, epoch: float, ended: float) -> None:
        """The database said `epoch` (Unix time) to a question asked at `began` and answered at `ended` (our clock)."""
        self._samples.append(_Sample((ended - began) / 2, epoch - (began + ended) / 2, ended))
        recent = [sample for sample in self._samples if ended - sample.at <= GOOD_FOR]
        self._best = min(recent, key=lambda sample: sample.error)

    def now(self) -> float:
        """The database's time as Unix time. Raises LookupError when it was never asked."""
        if self._best is None:
            raise LookupError("the database was not asked for its time yet")
        return self._monotonic() + self._best.offset

    def seconds_until(self, moment: datetime) -> float:
        """Seconds until `moment` (aware); negative when it has passed."""
        return moment.timestamp() - self.now()
