"""How themes did: their numbers, and how sure it is that one is better than another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.parts.wording import theme_name
from models.comparing import Sample, Standing, compare


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """A theme's posts; `standing` against the others, None while no post of it can be judged."""

    theme: str | None
    posts: int
    reach: int
    engagement: int
    standing: Standing[str | None] | None

    @property
    def rate(self) -> float | None:
        """Reactions for each 100 people reached."""
        return 100 * self.engagement / self.reach if self.reach else None


def themes_of(rows: Sequence[Any]) -> list[Theme]:
    """Themes from rows of `dashboard_themes` (a theme and platform each), the best rate first."""
    judged = compare(
        Sample(group=row.theme, platform=row.platform, posts=row.judged, mean=row.mean or 0.0, variance=row.variance)
        for row in rows
    )
    standings = {standing.group: standing for standing in judged}
    found = []
    for theme in dict.fromkeys(row.theme for row in rows):
        mine = [row for row in rows if row.theme == theme]
        found.append(
            Theme(
                theme=theme,
                posts=sum(row.posts for row in mine),
                reach=sum(row.reach for row in mine),
                engagement=sum(row.engagement for row in mine),
                standing=standings.get(theme),
            )
        )
    return sorted(found, key=lambda theme: theme.rate or 0, reverse=True)


def theme_lines(themes: Iterable[Theme]) -> list[dict[str, Any]]:
    """The lines of a table."""
    return [
        {
            "Theme": theme_name(theme.theme),
            "Posts": theme.posts,
            "Reached a post": round(theme.reach / theme.posts),
            "Reactions a post": round(theme.engagement / theme.posts, 1),
            "Rate": theme.rate,
        }
        for theme in themes
    ]
