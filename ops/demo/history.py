"""What the demo's owners posted in the last nine weeks, written by the same model that writes the coming one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from models.calendar_slots import slots, week_of, zone
from models.seasons import part_of_season
from models.themes import rotation
from ops.demo.businesses import DemoBusiness
from platforms.errors import TryLater
from platforms.openai_writer import DraftPost, Writer

WEEKS = 9  # so that "the last 30 days" have 30 days before them to be compared with
JUST_NOW = timedelta(minutes=30)  # what is younger belongs to the publisher
_WAITS = (0.1, 1.0)  # seconds
_LIMITS = {"google": 1500, "facebook": 2000, "instagram": 2200}
_INSTRUCTIONS = (
    "Write short social media posts for a local business, one for each slot. Claim nothing that is not given."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A post to be made, when (UTC), and its text. `slot` is its place in the week, if it has one."""

    platform: str
    at: datetime
    theme: str
    text: str
    hashtags: tuple[str, ...] = ()
    slot: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A place to be filled with a text."""

    platform: str
    at: datetime
    theme: str
    slot: str | None = None


def past_slots(business: DemoBusiness, now: datetime) -> list[Wanted]:
    """The slots of the last nine weeks and of this one so far, for all of its accounts."""
    tz = zone(business.zone)
    this_week = week_of(now, tz)
    wanted: list[Wanted] = []
    for platform in business.platforms:
        seed = f"{business.email} {platform}"
        planned = [
            slot
            for weeks_ago in range(WEEKS, -1, -1)
            for slot in slots(this_week - timedelta(weeks=weeks_ago), business.frequency, business.times, tz, seed=seed)
            if slot.at < now - JUST_NOW
        ]
        themes = rotation(business.themes, len(planned), previous=None, seed=seed)
        wanted += [
            Wanted(platform=platform, at=slot.at, theme=theme, slot=slot.local)
            for slot, theme in zip(planned, themes, strict=True)
        ]
    return wanted


async def write(
    writer: Writer, business: DemoBusiness, wanted: Sequence[Wanted], *, model: str, recent: Sequence[str]
) -> list[Draft]:
    """A text for each place, a week's worth a call, as the weekly flow asks for it. Raises PlatformError."""
    tz = zone(business.zone)
    weeks: dict[object, list[Wanted]] = {}
    for place in wanted:
        weeks.setdefault(week_of(place.at, tz), []).append(place)
    drafts: list[Draft] = []
    told = list(recent)
    for places in weeks.values():
        texts = await _ask(writer, _request(business, places, tz, told), model)
        for number, place in enumerate(places):
            post = texts[str(number)]
            told.append(post.text)
            drafts.append(
                Draft(
                    platform=place.platform,
                    at=place.at,
                    theme=place.theme,
                    slot=place.slot,
                    text=post.text,
                    hashtags=tuple(post.hashtags) if place.platform == "instagram" else (),
                )
            )
    return drafts


async def _ask(writer: Writer, request: Mapping[str, Any], model: str) -> dict[str, DraftPost]:
    for wait in (*_WAITS, None):
        try:
            answer = await writer.write_week(_INSTRUCTIONS, request, model=model, cache_key="postagent-demo")
            if answer.failure is not None:
                raise answer.failure
        except TryLater:  # such as a kept-alive connection that the server closed in the same moment
            if wait is None:
                raise
            await asyncio.sleep(wait)
        else:
            return {post.slot: post for post in answer.posts}
    raise AssertionError("the last try either answers or raises")


def _request(business: DemoBusiness, places: Sequence[Wanted], tz: ZoneInfo, told: Sequence[str]) -> dict[str, Any]:
    first = places[0].at.astimezone(tz).date()
    return {
        "business": {
            "name": business.name,
            "type": business.trade,
            "city": business.city,
            "state": business.state,
            "description": business.description,
            "website": business.website,
            "brand_voice": business.voice,
        },
        "avoid_keywords": list(business.avoid),
        "today": first.isoformat(),
        "season": part_of_season(first),
        "recent_posts": list(told),
        "slots": [
            {
                "slot": str(number),
                "platform": place.platform,
                "theme": place.theme,
                "weekday": f"{place.at.astimezone(tz):%A}",
                "date": place.at.astimezone(tz).date().isoformat(),
                "template": f"A {place.theme.replace('_', ' ')} post.",
                "max_characters": _LIMITS[place.platform],
            }
            for number, place in enumerate(places)
        ],
    }
