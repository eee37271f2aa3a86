"""What a batch wrote for one owner's week."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from platforms.openai_forms import Draft, DraftPost, Usage


@dataclass(frozen=True, slots=True)
class ArrivedPost:
    """The theme and the customer's review that a post was asked for with, and the draft if one came."""

    theme: str
    review_id: UUID | None
    draft: DraftPost | None


@dataclass(slots=True)
class Arrived:
    """What a batch wrote for a week, per account and slot."""

    posts: dict[tuple[UUID, str], ArrivedPost] = field(default_factory=dict)
    model: str = ""
    usages: list[Usage] = field(default_factory=list)  # one a request
    cost_usd: Decimal = Decimal(0)
    request_ids: list[UUID] = field(default_factory=list)
    call_ids: list[UUID] = field(default_factory=list)

    def add(self, asked: Mapping[str, Any], answer: Draft, cost_usd: Decimal) -> None:
        """The answer to one request; `asked` is its row."""
        given = {draft.slot: draft for draft in reversed(answer.posts)}
        for slot in asked["slots"]:
            self.posts[UUID(slot["account_id"]), slot["slot"]] = ArrivedPost(
                theme=slot["theme"],
                review_id=UUID(slot["review"]) if "review" in slot else None,
                draft=given.get(slot["key"]),
            )
        self.model = answer.model
        self.usages.append(answer.usage)
        self.cost_usd += cost_usd
        self.request_ids.append(asked["id"])
        self.call_ids.append(asked["call_id"])

    def is_used(self) -> None:
        """It is queued and counted; what of it was refused may still be asked for again."""
        self.usages, self.request_ids, self.call_ids, self.cost_usd = [], [], [], Decimal(0)
