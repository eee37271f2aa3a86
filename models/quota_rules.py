"""The arithmetic of limits that all workers share, by which they are never exceeded. Pure; `now` comes in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from models.account_status import PLATFORM_NAMES

MINUTE = 60.0  # seconds; Google counts calls a minute
# A call arrives some time after it was granted: the next ones only come when the last of them is surely a minute old.
LAG = 5.0
SLOTS = 60  # spans that a budget's window is divided into
ANALYTICS_SHARE = 0.8  # numbers can wait: a fifth of a budget is always left for publishing

SLOW_FROM_PERCENT = 75.0  # Meta: slow down at 75-80 %; calling while throttled makes the block longer
SHORTEST_SLOW = 10.0  # seconds
LONGEST_SLOW = 600.0
USED_UP = 3600.0  # seconds; the app's budget moves by the hour

DAY = 86_400.0
READ_AGAIN = 3600.0  # seconds after which an account's publishing limit is asked for again
READ_AGAIN_PREPARING = 1800.0  # sooner while preparing, so that nobody has to ask at the second itself
FEW_LEFT = 5
READ_AGAIN_FEW = 30.0  # seconds, when only a few places are left
SHORTEST_FULL = 300.0
LONGEST_FULL = 3600.0


class Purpose(StrEnum):
    """What a call is made for; publishing goes first."""

    PUBLISHING = "publishing"
    ANALYTICS = "analytics"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """At most `limit` calls in any interval of `window` seconds, for all workers together; kept in row `name`."""

    name: str
    limit: int
    window: float

    @property
    def slot_seconds(self) -> float:
        """The span within which grants are counted together."""
        return self.window / SLOTS

    def limit_for(self, purpose: Purpose) -> int:
        """How far calls for `purpose` may fill the budget."""
        return self.limit if purpose is Purpose.PUBLISHING else max(1, int(self.limit * ANALYTICS_SHARE))


def google_budget(requests_per_minute: int) -> Budget | None:
    """Google's calls a minute for the whole project; None = we keep no count (0)."""
    if requests_per_minute < 1:
        return None
    return Budget(name="google", limit=requests_per_minute, window=MINUTE + LAG)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Calls granted lately: slot `n` holds those granted before `n * slot_seconds` (Unix time), and after the slot
    before it. A slot counts until its end is a whole window old, so no call is ever forgotten too early.

    `take_quota` in sql/queries/quotas.sql does the same under a row lock; a test compares the two.
    """

    slots: Sequence[int] = ()
    counts: Sequence[int] = ()

    def kept(self, budget: Budget, now: float) -> Ledger:
        """Without what is a window old at `now` (Unix seconds)."""
        living = [
            (slot, count)
            for slot, count in zip(self.slots, self.counts, strict=True)
            if slot * budget.slot_seconds > now - budget.window
        ]
        return Ledger([slot for slot, _ in living], [count for _, count in living])

    def room(self, budget: Budget, now: float, purpose: Purpose) -> int:
        """How many calls may be made at `now`."""
        return max(0, budget.limit_for(purpose) - sum(self.kept(budget, now).counts))

    def take(self, budget: Budget, now: float, want: int, purpose: Purpose) -> tuple[int, Ledger]:
        """Up to `want` calls: how many are granted, and the ledger with them."""
        granted = min(want, self.room(budget, now, purpose))
        entries = dict(zip(*self._living(budget, now), strict=True))
        if granted:
            slot = int(now // budget.slot_seconds) + 1
            entries[slot] = entries.get(slot, 0) + granted
        ordered = sorted(entries.items())
        return granted, Ledger([slot for slot, _ in ordered], [count for _, count in ordered])

    def wait(self, budget: Budget, now: float, purpose: Purpose, calls: int = 1) -> float:
        """Seconds from `now` until `calls` more may be made, if nobody else takes them; at most one window."""
        missing = calls - self.room(budget, now, purpose)
        if missing <= 0:
            return 0.0
        for slot, count in sorted(zip(*self._living(budget, now), strict=True)):
            missing -= count
            if missing <= 0:
                return slot * budget.slot_seconds + budget.window - now
        return budget.window

    def _living(self, budget: Budget, now: float) -> tuple[Sequence[int], Sequence[int]]:
        kept = self.kept(budget, now)
        return kept.slots, kept.counts


def slow_down(percent: float, regain_seconds: float | None) -> float:
    """Seconds for which nothing more is asked, when a usage header says that `percent` of a budget is used.

    Nothing below 75 %, then longer and longer; a budget that is used up is left alone until the platform's own time
    (`regain_seconds`), else an hour.
    """
    if regain_seconds:
        return min(max(regain_seconds, SHORTEST_SLOW), DAY)
    if percent < SLOW_FROM_PERCENT:
        return 0.0
    if percent >= 100:
        return USED_UP
    way = (percent - SLOW_FROM_PERCENT) / (100 - SLOW_FROM_PERCENT)
    return float(SHORTEST_SLOW * (LONGEST_SLOW / SHORTEST_SLOW) ** way)


def slowed_words(platform: str) -> str:
    """Why an account is left alone for a while, for its owner."""
    name = PLATFORM_NAMES.get(platform, platform.capitalize())
    return f"{name} limits how much may be asked about this account in a while, and most of it is used."


def blocked_words(platform: str) -> str:
    """Why an account is left alone for hours, for its owner."""
    name = PLATFORM_NAMES.get(platform, platform.capitalize())
    return (
        f"{name} has blocked this account from posting for some hours. "
        f"Please look whether {name} has a message for you in its app."
    )


def must_read(left: int | None, age_seconds: float | None, *, preparing: bool) -> bool:
    """Whether an account's publishing limit is to be asked for before one more post.

    `left` None = the platform named no limit; `age_seconds` None = it was never asked.
    """
    if age_seconds is None or age_seconds >= (READ_AGAIN_PREPARING if preparing else READ_AGAIN):
        return True
    return left is not None and left < FEW_LEFT and age_seconds >= READ_AGAIN_FEW


def full_seconds(oldest_age_seconds: float | None, window_seconds: float = DAY) -> float:
    """How long an account whose posts are used up begins no new one: until the oldest of ours leaves the moving window,
    but looked at again within an hour, as other apps' posts leave it too."""
    until = LONGEST_FULL if oldest_age_seconds is None else window_seconds - oldest_age_seconds
    return min(max(until, SHORTEST_FULL), LONGEST_FULL)
