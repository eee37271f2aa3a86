"""What is known for an owner's week beside who they are: facts, reviews, what others posted nearby, what worked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.business_facts import MOST_FACTS, Review
from models.queries import query
from models.regions import state_words
from models.themes import ThemeResult
from models.trades import words_for

# Of others in the same trade and town: enough to find a copy, few enough for a gate to hold every draft against them.
MOST_NEIGHBOURS, MOST_TEXTS_EACH, MOST_NEIGHBOURS_TEXTS = 100, 40, 1000
_RESULTS_FOR = timedelta(days=180)  # older ones say little about today's readers
_RIPE_AFTER = timedelta(days=3)  # by then most of the people who will see a post have seen it
_LEAST_REACH = 20  # a like among three people is no rate

Results = Mapping[str, Mapping[str, ThemeResult]]  # platform -> theme -> how its posts did
Sql = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What a week is written from. `neighbours_texts` (newest first) are other tenants': for the gates only."""

    facts: tuple[str, ...] = ()
    reviews: tuple[Review, ...] = ()
    neighbours_texts: tuple[str, ...] = ()
    results: Results = field(default_factory=dict)


def read_knowledge(sql: Sql, business: Mapping[str, Any], now: datetime, *, texts_since: datetime) -> Knowledge:
    """Read it in the transaction of `sql` (a connection's `exec_driver_sql`); `business` is a row with its owner."""
    stated = sql(query("facts_to_write_from"), {"business_id": business["business_id"], "limit": MOST_FACTS}).all()
    return Knowledge(
        facts=tuple(row.text for row in stated if row.kind == "fact"),
        reviews=tuple(
            Review(id=row.id, text=row.text, author=row.author, used_at=row.used_at)
            for row in stated
            if row.kind == "review"
        ),
        neighbours_texts=_neighbours(sql, business, texts_since),
        results=_results(sql, business["user_id"], now),
    )


def _neighbours(sql: Sql, business: Mapping[str, Any], since: datetime) -> tuple[str, ...]:
    if not (business["location_city"] or "").strip():
        return ()
    found = sql(
        query("neighbours_texts"),
        {
            "user_id": business["user_id"],
            "city": business["location_city"],
            "states": state_words(business["location_state"]),
            "types": words_for(business["type"]),
            "since": since,
            "most_neighbours": MOST_NEIGHBOURS,
            "most_each": MOST_TEXTS_EACH,
            "limit": MOST_NEIGHBOURS_TEXTS,
        },
    )
    return tuple(found.scalars())


def _results(sql: Sql, user_id: UUID, now: datetime) -> Results:
    rows = sql(
        query("theme_results"),
        {"user_id": user_id, "since": now - _RESULTS_FOR, "ripe": now - _RIPE_AFTER, "least_reach": _LEAST_REACH},
    )
    found: dict[str, dict[str, ThemeResult]] = {}
    for platform, theme, posts, mean, variance in rows:
        found.setdefault(platform, {})[theme] = ThemeResult(posts=posts, mean=mean, variance=variance)
    return found
