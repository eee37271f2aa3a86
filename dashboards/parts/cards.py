"""Posts drawn the way each platform draws them. Pure: rows in, HTML out, every text of a tenant escaped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from html import escape
from typing import Any
from urllib.parse import urlsplit

from dashboards.parts.post_card import PostCard
from dashboards.parts.times import moment
from dashboards.parts.wording import CALLS_TO_ACTION, State, count, platform_name, theme_name


def web_address(url: str | None) -> str | None:
    """The address when it is a web address, None for everything a browser might run instead."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def hashtag_line(hashtags: Sequence[str] | None) -> str:
    """ "#one #two", whether or not the signs are kept with the words."""
    return " ".join(f"#{tag.lstrip('#')}" for tag in hashtags or ())


def preview(post: PostCard, *, zone: tzinfo, now: datetime) -> str:
    """The post as it will look, or looks, on its platform."""
    when = moment(post.published_at or post.scheduled_for, zone, now)
    name = escape(post.account_name or platform_name(post.platform))
    initial = (post.account_name or post.platform).lstrip("@")
    head = (
        f'<div class="pa-post-head">{avatar(post.platform, initial)}'
        f"<span><b>{name}</b><br><small>{escape(platform_name(post.platform))} · {escape(when)}</small></span></div>"
    )
    words = f'<div class="pa-post-text">{escape(post.content)}</div>'
    tags = hashtag_line(post.hashtags)
    words += f'<div class="pa-post-tags">{escape(tags)}</div>' if tags else ""
    picture = _picture(post)
    order = [head, picture, words] if post.platform in ("instagram", "google") else [head, words, picture]
    body = "".join([*order, _button(post), _numbers(post)])
    return f'<article class="pa-post pa-post-{escape(post.platform)}">{body}</article>'


def avatar(platform: str, name: str, *, small: bool = False) -> str:
    """A coloured initial, told apart by platform."""
    size = " pa-small" if small else ""
    return f'<span class="pa-avatar{size} pa-{escape(platform)}" aria-hidden="true">{escape(name[:1].upper())}</span>'


def _picture(post: PostCard) -> str:
    url = web_address(post.media_url)
    if url is None:
        return ""
    alt = escape(post.alt_text or "The picture of this post")
    return f'<img class="pa-post-picture" src="{escape(url)}" alt="{alt}" loading="lazy" referrerpolicy="no-referrer">'


def _button(post: PostCard) -> str:
    """Google's call to action, or the link that a post leads to."""
    url = web_address(post.link_url)
    label = CALLS_TO_ACTION.get(post.call_to_action or "")
    if label is None and url is None:
        return ""
    host = (urlsplit(url).hostname or "") if url else ""
    shown = f"<b>{escape(label)}</b>" if label else ""
    return f'<div class="pa-post-link">{shown} <small>{escape(host)}</small></div>'


def _numbers(post: PostCard) -> str:
    """What a published post has reached so far, where its platform tells."""
    if post.reach is None:
        return ""
    parts = [(post.likes, "like"), (post.comments, "comment"), (post.shares, "share")]
    words = [f"{post.reach:,} reached", *(count(number, name) for number, name in parts if number is not None)]
    return f'<div class="pa-post-numbers">{"".join(f"<span>{escape(word)}</span>" for word in words)}</div>'


def badge(state: State) -> str:
    """Where a post stands, as a coloured word and a sentence."""
    return (
        f'<p class="pa-state"><span class="pa-badge pa-{state.tone}">{escape(state.label)}</span></p>'
        f'<p class="pa-sentence">{escape(state.sentence)}</p>'
    )


def facts(post: PostCard, *, zone: tzinfo, now: datetime) -> str:
    """What the post is about, and when it was planned where its state does not tell."""
    lines = [("Theme", theme_name(post.theme))]
    if post.status in ("failed", "rejected"):
        lines.append(("Planned for", moment(post.scheduled_for, zone, now)))
    return definition_list(lines)


def definition_list(lines: Sequence[tuple[str, Any]]) -> str:
    """Names and values, one a line."""
    return (
        '<dl class="pa-facts">'
        + "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(str(value))}</dd></div>" for name, value in lines)
        + "</dl>"
    )
