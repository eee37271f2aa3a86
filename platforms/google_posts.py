"""The body of a Google local post: STANDARD, EVENT or OFFER. What Google cannot take is refused before any call.

Source: developers.google.com/my-business, LocalPost of v4.9 (reference of 2026-09-11). It says that an OFFER needs an
event, its sample leaves it out: ours always has one. A call to action is ignored for an OFFER, and `url` must be unset
for CALL.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from platforms.base import Content, Event, Offer
from platforms.errors import Refused

ACTIONS = ("BOOK", "ORDER", "SHOP", "LEARN_MORE", "SIGN_UP", "CALL")
MAX_PICTURES = 1  # third parties; the reference names no number
_NO_PICTURES = (".webp", ".gif", ".svg", ".pdf", ".mp4", ".mov")  # JPG and PNG only, no video


def local_post(content: Content, *, language: str) -> dict[str, Any]:
    """The JSON of a create call; `language` is a BCP-47 code. Raises Refused naming what Google would not take."""
    if not content.text.strip() and not content.media_urls:
        raise Refused("a Google post needs a text or a picture", code="empty")
    body: dict[str, Any] = {"languageCode": language, "topicType": "STANDARD", "summary": content.text}
    if content.event is not None:
        body |= {"topicType": "EVENT", "event": _event(content.event)}
    if content.offer is not None:
        if content.event is None:
            raise Refused("a Google offer needs a title, a start and an end", code="event")
        body |= {"topicType": "OFFER"} | _offer(content.offer)
    else:
        body |= _action(content)
    if content.media_urls:
        body["media"] = [{"mediaFormat": "PHOTO", "sourceUrl": _picture(content.media_urls)}]
    return body


def _event(event: Event) -> dict[str, Any]:
    title = event.title.strip()
    if not title:
        raise Refused("a Google event needs a title", code="event")
    # Google is told wall-clock times without a zone, so it is the wall clock that must go forward.
    starts, ends = event.starts_at.replace(tzinfo=None), event.ends_at.replace(tzinfo=None)
    if ends <= starts:
        raise Refused(f"the event {title!r} ends at {ends:%Y-%m-%d %H:%M}, not after its start", code="event")
    schedule = {"startDate": _date(starts), "startTime": _time(starts), "endDate": _date(ends), "endTime": _time(ends)}
    return {"title": title, "schedule": schedule}


def _date(at: datetime) -> dict[str, int]:
    return {"year": at.year, "month": at.month, "day": at.day}


def _time(at: datetime) -> dict[str, int]:
    return {"hours": at.hour, "minutes": at.minute} | ({"seconds": at.second} if at.second else {})


def _offer(offer: Offer) -> dict[str, Any]:
    if offer.redeem_url:
        _web_address(offer.redeem_url, "the offer's link", "offer")
    named = {
        "couponCode": offer.coupon_code,
        "redeemOnlineUrl": offer.redeem_url,
        "termsConditions": offer.terms,
    }
    given = {name: value for name, value in named.items() if value}
    return {"offer": given} if given else {}


def _action(content: Content) -> dict[str, Any]:
    action = content.call_to_action or ("LEARN_MORE" if content.link else None)
    if action is None:
        return {}
    if action not in ACTIONS:
        raise Refused(f"Google has no button {action}; it has {', '.join(ACTIONS)}", code="call_to_action")
    if action == "CALL":
        return {"callToAction": {"actionType": action}}
    if not content.link:
        raise Refused(f"the button {action} needs a link", code="call_to_action")
    _web_address(content.link, f"the link of the button {action}", "call_to_action")
    return {"callToAction": {"actionType": action, "url": content.link}}


def _picture(urls: tuple[str, ...]) -> str:
    if len(urls) > MAX_PICTURES:
        raise Refused(f"a Google post takes one picture, not {len(urls)}", code="too_many_pictures")
    _web_address(urls[0], "the picture's address", "picture")
    if urlsplit(urls[0]).path.lower().endswith(_NO_PICTURES):
        raise Refused(f"Google takes JPEG and PNG pictures, not {urls[0]}", code="picture")
    return urls[0]


def _web_address(value: str, what: str, code: str) -> None:
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not any(c.isspace() for c in value)
    except ValueError:
        good = False
    if not good:
        raise Refused(f"{what} is no web address: {value!r}", code=code)
