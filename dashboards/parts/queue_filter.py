"""What of the queue is looked at, as it stands in the page's address: part, view, day and filters. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args
from urllib.parse import urlencode
from uuid import UUID

from dashboards.parts.wording import PLATFORMS, THEMES

View = Literal["list", "week", "month"]
VIEWS: tuple[View, ...] = get_args(View)
LONGEST_WORDS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFilter:
    """A look at the queue. `part` is None until one is chosen; `day` is what a calendar is opened at."""

    part: str | None = None
    view: View = "list"
    day: date | None = None
    platform: str | None = None
    account: UUID | None = None
    theme: str | None = None
    words: str = ""

    @classmethod
    def from_address(cls, query: Mapping[str, str], parts: Mapping[str, Any]) -> QueueFilter:
        """What an address asks for; whatever makes no sense in it is as if it were not there."""
        view = query.get("view", "")
        platform, theme, part = query.get("platform"), query.get("theme"), query.get("show")
        return cls(
            part=part if part in parts else None,
            view=next((known for known in VIEWS if known == view), "list"),
            day=_day(query.get("day", "")),
            platform=platform if platform in PLATFORMS else None,
            account=_uuid(query.get("account", "")),
            theme=theme if theme in THEMES else None,
            words=" ".join(query.get("q", "").replace("\x00", "").split())[:LONGEST_WORDS],
        )

    def address(self, **changes: str) -> str:
        """The address of the same look, or with other values, such as another day or an opened post."""
        return f"?{urlencode(self.query() | changes)}"

    def query(self) -> dict[str, str]:
        """What stands in the address."""
        values = {
            "show": self.part,
            "view": None if self.view == "list" else self.view,
            "day": None if self.day is None or self.view == "list" else self.day.isoformat(),
            "platform": self.platform,
            "account": None if self.account is None else str(self.account),
            "theme": self.theme,
            "q": self.words,
        }
        return {name: value for name, value in values.items() if value}

    @property
    def filtering(self) -> bool:
        """Whether anything is left out beside the other parts."""
        return bool(self.platform or self.account or self.theme or self.words)

    def values(self) -> dict[str, Any]:
        """What the queries of `sql/queries/queue.sql` filter by."""
        return {"platform": self.platform, "account": self.account, "theme": self.theme, "pattern": self._pattern()}

    def _pattern(self) -> str | None:
        """The words as a pattern for ILIKE: every sign of theirs is only a sign."""
        signs: dict[str, str | int | None] = {sign: f"\\{sign}" for sign in "\\%_"}
        return f"%{self.words.translate(str.maketrans(signs))}%" if self.words else None


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2100 else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
