"""Posts drawn the way each platform draws them. Pure: rows in, HTML out, every text of a tenant escaped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from html import escape
from typing import Any
from urllib.parse import urlsplit

from dashboards.parts.post_card import PostCard
from dashboards.parts.times import moment, span
from dashboards.parts.wording import CALLS_TO_ACTION, STOCK_SERVICES, State, count, platform_name, theme_name


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
    words = _event(post, zone) + words + _offer(post)
    pictures = _pictures(post)
    order = [head, pictures, words] if post.platform in ("instagram", "google") else [head, words, pictures]
    body = "".join([*order, _link_card(post), _numbers(post)])
    return f'<article class="pa-post pa-post-{escape(post.platform)}">{body}</article>'


def avatar(platform: str, name: str, *, small: bool = False) -> str:
    """A coloured initial, told apart by platform."""
    size = " pa-small" if small else ""
    return f'<span class="pa-avatar{size} pa-{escape(platform)}" aria-hidden="true">{escape(name[:1].upper())}</span>'


def _pictures(post: PostCard) -> str:
    """All pictures: the first one large, the others in a row below it."""
    urls = [post.media_url, *(post.more_media_urls or ())]
    shows = [post.alt_text, *(post.more_alt_texts or ())]
    shows += [None] * (len(urls) - len(shows))
    drawn: list[str] = []
    if post.photo_show_url is not None and urls[0] is not None:
        urls[0] = post.photo_show_url
    for number, (address, words) in enumerate(zip(urls, shows, strict=False), start=1):
        url = web_address(address)
        if url is None:
            continue
        name = "The picture of this post" if len(urls) == 1 else f"Picture {number} of {len(urls)}"
        place = "pa-post-thumb" if drawn else "pa-post-picture"
        drawn.append(
            f'<img class="{place}" src="{escape(url)}" alt="{escape(words or name)}" loading="lazy" '
            'referrerpolicy="no-referrer">'
        )
    row = f'<div class="pa-post-thumbs">{"".join(drawn[1:])}</div>' if drawn[1:] else ""
    return "".join(drawn[:1]) + row + (_credit(post) if drawn else "")


def _credit(post: PostCard) -> str:
    return thanks(post.photo_source, post.photo_author, post.photo_author_url, post.photo_page_url)


def thanks(source: str | None, author: str | None, author_url: str | None, page_url: str | None) -> str:
    """ "Photo by Ann Lee on Pexels", with the links that the stock services ask for; nothing for other pictures."""
    service = STOCK_SERVICES.get(source or "")
    if service is None:
        return ""
    named = _link(author, author_url)
    by = f" by {named}" if named else ""
    return f'<div class="pa-post-credit">Photo{by} on {_link(service, page_url)}</div>'


def _link(words: str | None, url: str | None) -> str:
    """Words, leading somewhere where there is an address for them."""
    if not words:
        return ""
    address = web_address(url)
    if address is None:
        return escape(words)
    return f'<a href="{escape(address)}" target="_blank" rel="noopener">{escape(words)}</a>'


def _event(post: PostCard, zone: tzinfo) -> str:
    """Google's event, or how long its offer holds."""
    if not post.event_title or post.event_starts_at is None or post.event_ends_at is None:
        return ""
    when = span(post.event_starts_at, post.event_ends_at, zone)
    return f'<div class="pa-post-event"><b>{escape(post.event_title)}</b><br><small>{escape(when)}</small></div>'


def _offer(post: PostCard) -> str:
    """What Google's offer gives."""
    url = web_address(post.offer_redeem_url)
    parts = [
        f"Code <b>{escape(post.offer_coupon_code)}</b>" if post.offer_coupon_code else "",
        f"Redeem at {escape(urlsplit(url).hostname or '')}" if url else "",
        f"<small>{escape(post.offer_terms)}</small>" if post.offer_terms else "",
    ]
    lines = "".join(f"<div>{part}</div>" for part in parts if part)
    return f'<div class="pa-post-offer">{lines}</div>' if lines else ""


def _link_card(post: PostCard) -> str:
    """What a platform makes of a link. Facebook shows it as a card where there is no picture; Google as a button, for
    which it needs the link unless it calls; Instagram, and Google's offers, show none."""
    url = web_address(post.link_url)
    host = _host(url)
    if post.platform == "facebook" and url is not None and web_address(post.media_url) is None:
        name = escape(post.account_name or "")
        return f'<div class="pa-post-card"><small>{escape(host.upper())}</small><b>{name}</b></div>'
    if post.platform != "google" or post.topic_type == "OFFER":
        return ""
    label = CALLS_TO_ACTION.get(post.call_to_action or ("LEARN_MORE" if url else ""))
    if label is None:
        return ""
    return f'<div class="pa-post-link"><b>{escape(label)}</b> <small>{escape(host)}</small></div>'


def _host(url: str | None) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.") if url else ""


def _numbers(post: PostCard) -> str:
    """What a published post has reached so far, where its platform tells."""
    if post.reach is None:
        return ""
    parts = [(post.likes, "like"), (post.comments, "comment"), (post.shares, "share")]
    words = [f"{post.reach:,} reached", *(count(number, name) for number, name in parts if number is not None)]
    return f'<div class="pa-post-numbers">{"".join(f"<span>{escape(word)}</span>" for word in words)}</div>'


def badge(state: State) -> str:
    """Where a post stands, as a coloured word, a sentence, and what to do."""
    advice = f" {state.advice}" if state.advice else ""
    return (
        f'<p class="pa-state"><span class="pa-badge pa-{state.tone}">{escape(state.label)}</span></p>'
        f'<p class="pa-sentence">{escape(state.sentence + advice)}</p>'
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
