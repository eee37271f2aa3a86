"""Single posts and their latest numbers: a list for the page, lines for a file. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo
from html import escape
from typing import Any

from dashboards.parts.cards import avatar, web_address
from dashboards.parts.numbers import engagement
from dashboards.parts.times import moment
from dashboards.parts.wording import count, platform_name, theme_name


def result_list(rows: Iterable[Any], *, zone: tzinfo, now: datetime) -> str:
    """Rows of `dashboard_results`, one below the other."""
    return f'<ol class="pa-list">{"".join(_item(row, zone, now) for row in rows)}</ol>'


def _item(row: Any, zone: tzinfo, now: datetime) -> str:
    beginning = row.beginning if len(row.beginning) < 140 else f"{row.beginning[:137].rstrip()}..."
    numbers = (
        f"{row.reach:,} reached · {count(row.likes, 'like')} · {count(row.comments, 'comment')} · "
        f"{count(row.shares, 'share')} · {count(row.clicks, 'click')}"
    )
    if row.engagement_rate is not None:
        numbers += f" · {row.engagement_rate:.1f}% reacted"
    about = f"{platform_name(row.platform)} · {theme_name(row.theme)} · {moment(row.published_at, zone, now)}"
    live = web_address(row.permalink)
    link = f' · <a href="{escape(live)}" target="_blank" rel="noopener noreferrer">See it</a>' if live else ""
    return (
        f'<li>{avatar(row.platform, row.platform, small=True)}<span class="pa-grow">{escape(beginning)}<br>'
        f"<b>{escape(numbers)}</b><br><small>{escape(about)}{link}</small></span></li>"
    )


def result_lines(rows: Iterable[Any], *, zone: tzinfo, zone_name: str) -> list[dict[str, Any]]:
    """The same for a file: one line a post, times on the wall clock of `zone`."""
    return [
        {
            "published": row.published_at.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
            "zone": zone_name,
            "platform": row.platform,
            "theme": row.theme or "",
            "text": row.beginning,
            "reach": row.reach,
            "impressions": row.impressions,
            "clicks": row.clicks,
            "likes": row.likes,
            "comments": row.comments,
            "shares": row.shares,
            "reactions": engagement(row),
            "rate_percent": row.engagement_rate,
            "link": row.permalink or "",
        }
        for row in rows
    ]
