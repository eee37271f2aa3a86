"""Which theme each missing post gets, and the review that a testimonial quotes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from models.business_facts import Review, free_reviews
from models.gates import LIMITS
from models.themes import next_theme, usable, why
from tasks.content.knowledge import Knowledge


class ThemeTurns:
    """The themes of one owner, slot by slot: each account has its own turn, and a review is given to one post only."""

    def __init__(
        self,
        enabled: Iterable[str],
        taken: Mapping[UUID, Mapping[str, str | None]],
        knowledge: Knowledge,
        now: datetime,
    ) -> None:
        """`taken` are the slots that have a post, per account, with its theme."""
        self._enabled = tuple(enabled)
        self._taken = taken
        self._turns = {account: dict(slots) for account, slots in taken.items()}
        self._results = knowledge.results
        self._reviews = free_reviews(knowledge.reviews, now)
        self._themes = usable(self._enabled, reviews=bool(self._reviews))

    @property
    def notes(self) -> tuple[str, ...]:
        """Why any enabled theme is left out."""
        return self._themes.notes

    def give(self, account: UUID, platform: str, slots: Sequence[str]) -> list[tuple[str, Review | None]]:
        """For each of an account's missing slots, in order: its theme, and the review that it is written from."""
        turn = self._turns.setdefault(account, {})
        given: list[tuple[str, Review | None]] = []
        for slot, next_slot in zip(slots, [*slots, None][1:], strict=True):
            behind = min((key for key in self._taken.get(account, {}) if key > slot), default=None)
            is_neighbour = behind is not None and (next_slot is None or behind < next_slot)
            theme = next_theme(
                usable(self._enabled, reviews=bool(self._reviews)).themes,
                before=[turn[key] for key in sorted(turn) if key < slot],
                after=turn[behind] if behind is not None and is_neighbour else None,
                results=self._results.get(platform),
                seed=str(account),
                slot=slot,
            )
            turn[slot] = theme
            given.append((theme, self._reviews.pop(0) if theme == "testimonial" and self._reviews else None))
        return given

    def why(self, platforms: Iterable[str]) -> str:
        """What the choice on these platforms rests on, in words for the owner."""
        told: dict[str, list[str]] = {}
        for platform in sorted(set(platforms)):
            told.setdefault(why(self._results.get(platform, {}), self._themes.themes), []).append(
                LIMITS[platform].label
            )
        return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in told.items())
