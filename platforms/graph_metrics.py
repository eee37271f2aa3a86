"""A post's numbers as Facebook and Instagram tell them. Pure; what is asked for stands beside how it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from platforms.answers import count, insight_values, part
from platforms.base import PostMetrics

FACEBOOK_ENGAGEMENT = (
    "likes.summary(true).limit(0),comments.summary(true).limit(0),reactions.summary(total_count).limit(0),shares"
)
_REACH, _VIEWS, _CLICKS = FACEBOOK_INSIGHTS = ("post_total_media_view_unique", "post_media_view", "post_clicks")
MEDIA_INSIGHTS = "reach,views,likes,comments,shares"


def facebook_metrics(post: Mapping[str, Any], insights: Mapping[str, int]) -> PostMetrics:
    """From a post's FACEBOOK_ENGAGEMENT and what it tells of FACEBOOK_INSIGHTS."""

    def total(edge: str) -> int | None:
        return count(part(part(post.get(edge)).get("summary")).get("total_count"))

    reactions, likes = total("reactions"), total("likes")
    return PostMetrics(
        reach=insights.get(_REACH),
        impressions=insights.get(_VIEWS),
        clicks=insights.get(_CLICKS),
        likes=likes if reactions is None else reactions,
        comments=total("comments"),
        shares=count(part(post.get("shares")).get("count")) or 0,  # absent when there are none
    )


def instagram_metrics(answer: Mapping[str, Any]) -> PostMetrics | None:
    """From an answer about MEDIA_INSIGHTS; None when it tells nothing."""
    numbers = insight_values(answer)
    if not numbers:
        return None
    return PostMetrics(
        reach=numbers.get("reach"),
        impressions=numbers.get("views"),
        likes=numbers.get("likes"),
        comments=numbers.get("comments"),
        shares=numbers.get("shares"),
    )
