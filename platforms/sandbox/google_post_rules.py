"""Which LocalPost bodies Google takes (v4 reference, and third parties where it is silent)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from platforms.sandbox.exchange import Refused
from platforms.sandbox.fetching import Seen, Sights
from platforms.sandbox.google_common import error, invalid

ACTION_TYPES = frozenset(("BOOK", "ORDER", "SHOP", "LEARN_MORE", "SIGN_UP", "CALL"))
TOPIC_TYPES = frozenset(("STANDARD", "EVENT", "OFFER", "ALERT"))
OFFER_FIELDS = frozenset(("couponCode", "redeemOnlineUrl", "termsConditions"))
PATCHABLE = frozenset(("summary", "callToAction", "media", "event", "offer", "languageCode", "topicType", "alertType"))
PHONE_NUMBER = re.compile(
    r"(?<!\d)(?:\+?1[\s.-]?)?(?:\(\d{3}\)\s?|\d{3}[\s.-])\d{3}[\s.-]?\d{4}(?!\d)|(?<!\d)\d{10}(?!\d)"
)
DIGIT = re.compile(r"\d")


def has_phone_number(text: str) -> bool:
    """Whether a North American phone number stands in the text; texts with few digits are not searched."""
    return len(DIGIT.findall(text)) >= 10 and PHONE_NUMBER.search(text) is not None


def check_local_post(body: dict[str, Any], max_summary: int, sights: Sights | None = None) -> None:
    """Raise Refused with 400 naming the first field of a LocalPost that breaks a rule. `sights`: pictures looked at."""
    known = PATCHABLE | {"scheduledTime", "name", "state"}
    if unknown := sorted(set(body) - known):
        told = f"Invalid JSON payload received. Unknown name \"{unknown[0]}\" at 'local_post': Cannot find field."
        raise Refused(error(400, told))
    topic = body.get("topicType")
    if topic not in TOPIC_TYPES:
        raise invalid("local_post.topic_type", "Topic type is required.")
    summary = body.get("summary", "")
    if not isinstance(summary, str) or len(summary) > max_summary:
        raise invalid("local_post.summary", f"Summary must be at most {max_summary} characters.")
    media = body.get("media", [])
    if not isinstance(media, list) or len(media) > 1:
        raise invalid("local_post.media", "At most one photo.")
    for item in media:
        if not isinstance(item, dict) or item.get("mediaFormat") != "PHOTO" or not _web_address(item.get("sourceUrl")):
            raise invalid("local_post.media", "Media needs mediaFormat PHOTO and a public sourceUrl.")
        if str(item["sourceUrl"]).split("?")[0].lower().endswith((".webp", ".mp4", ".mov", ".gif")):
            raise invalid("local_post.media", "Unsupported media format.")
        _check_seen((sights or {}).get(str(item["sourceUrl"])))
    if not summary.strip() and not media:
        raise invalid("local_post.summary", "A post needs a summary or a photo.")
    if topic == "ALERT" and body.get("alertType") != "COVID_19":
        raise invalid("local_post.alert_type", "Alert type is required.")
    if topic in ("EVENT", "OFFER") or "event" in body:
        _check_event(body.get("event"))
    if "offer" in body:
        if topic != "OFFER":
            raise invalid("local_post.offer", "Only for posts with topic type OFFER.")
        _check_offer(body["offer"])
    if topic == "OFFER":
        body.pop("callToAction", None)  # ignored for offers
    elif "callToAction" in body:
        _check_action(body["callToAction"])


def _check_seen(seen: Seen | None) -> None:
    """The limits of the media API; Google's own words for them are not documented."""
    if seen is None:
        return
    if seen.problem is not None:
        raise invalid("local_post.media", "The media could not be fetched from sourceUrl.")
    if seen.format not in ("JPEG", "PNG"):
        raise invalid("local_post.media", "Unsupported media format.")
    if min(seen.width, seen.height) < 250 or not 10_240 <= seen.size_bytes <= 5_000_000:
        raise invalid("local_post.media", "The photo must have 250 px on its short edge, and 10 KB to 5 MB.")


def _check_event(event: Any) -> None:
    title = event.get("title") if isinstance(event, dict) else None
    if not isinstance(title, str) or not title.strip():
        raise invalid("local_post.event.title", "An event needs a title.")
    schedule = event.get("schedule")
    if not isinstance(schedule, dict):
        raise invalid("local_post.event.schedule", "An event needs a schedule.")
    for field in ("startDate", "startTime", "endDate", "endTime"):
        if not isinstance(schedule.get(field), dict):
            raise invalid(f"local_post.event.schedule.{field}", "All four of start and end date and time are required.")
    if wall_clock(schedule, "end") <= wall_clock(schedule, "start"):
        raise invalid("local_post.event.schedule", "The end must be after the start.")


def wall_clock(schedule: dict[str, Any], end: str) -> datetime:
    """The "start" or "end" of a schedule, without a zone. Raises Refused with 400 for what is no date or time."""
    day, clock = schedule[f"{end}Date"], schedule[f"{end}Time"]
    if unknown := sorted(set(clock) - {"hours", "minutes", "seconds", "nanos"}):
        raise invalid(f"local_post.event.schedule.{end}Time.{unknown[0]}", "Cannot find field.")
    try:
        hour, minute, second = (clock.get(part, 0) for part in ("hours", "minutes", "seconds"))
        return datetime(day["year"], day["month"], day["day"], hour, minute, second)  # noqa: DTZ001 - it has no zone
    except (KeyError, TypeError, ValueError):
        raise invalid(f"local_post.event.schedule.{end}Date", "Not a date and time.") from None


def _check_offer(offer: Any) -> None:
    if not isinstance(offer, dict) or not set(offer) <= OFFER_FIELDS:
        raise invalid("local_post.offer", f"An offer has {', '.join(sorted(OFFER_FIELDS))}.")
    for field, value in offer.items():
        if not isinstance(value, str):
            raise invalid(f"local_post.offer.{field}", "Not a text.")
    if "redeemOnlineUrl" in offer and not _web_address(offer["redeemOnlineUrl"]):
        raise invalid("local_post.offer.redeem_online_url", "A valid url is required.")


def _check_action(action: Any) -> None:
    kind = action.get("actionType") if isinstance(action, dict) else None
    if kind not in ACTION_TYPES:
        raise invalid("local_post.call_to_action.action_type", "Unknown action type.")
    if kind == "CALL" and action.get("url"):
        raise invalid("local_post.call_to_action.url", "Url must be unset for CALL.")
    if kind != "CALL" and not _web_address(action.get("url")):
        raise invalid("local_post.call_to_action.url", "A valid url is required.")


def _web_address(value: Any) -> bool:
    return isinstance(value, str) and re.match(r"https?://[^\s/]+", value) is not None
